//! Connection strings of any parts: the half of the fuzz target `store_addresses` for PostgreSQL, on its committed
//! seeds. No connection is made: TLS is required in the string and not set, which is refused last.

use std::net::IpAddr;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use secondo_postgres::{PostgresOptions, PostgresStoreError};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Checks that an accepted connection string leads the client library to the server, the user, the password and the
/// database that it was made of, and that one whose user and password are encoded is accepted.
///
/// The lines are the user, the password, the host, the port and the database. The bytes are a connection string too.
#[expect(clippy::missing_panics_doc, reason = "a failed check panics")]
pub fn addresses(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    accept(text);
    let mut lines = text.splitn(5, '\n');
    let [user, password, host, port, database] = [(); 5].map(|()| lines.next().unwrap_or_default());
    if !["localhost", "127.0.0.1", "[::1]", "db.internal", "%2Frun%2Fpostgresql"].contains(&host) {
        return;
    }
    let (Ok(number), Ok(database)) = (port.parse::<u16>(), database.parse::<u32>()) else { return };
    let url = |user: &str, password: &str| format!("postgres://{user}:{password}@{host}:{number}/{database}");
    let encoded = accept(&url(&encode(user), &encode(password)));
    assert!(encoded.is_some());
    for (read, is_encoded) in [(encoded, true), (accept(&url(user, password)), false)] {
        let Some(read) = read else { continue };
        let [read_host] = read.get_hosts() else { panic!("{read:?}") };
        match read_host {
            Host::Tcp(name) => assert_eq!(name, host.trim_matches(['[', ']'])),
            Host::Unix(path) => {
                assert_eq!((path.as_path(), host), (Path::new("/run/postgresql"), "%2Frun%2Fpostgresql"));
            }
        }
        assert_eq!((read.get_ports(), read.get_dbname()), (&[number][..], Some(database.to_string().as_str())));
        // The client library decodes a `%`, and ends the user at a `:`.
        if is_encoded || !text.contains('%') && !user.contains(':') {
            assert_eq!((read.get_user(), read.get_password()), (Some(user), Some(password.as_bytes())));
        }
    }
}

/// Returns what the client library reads in a connection string, if the store accepts it.
///
/// Checks that a string that leads to another machine is refused without TLS.
fn accept(url: &str) -> Option<Config> {
    let rest_of_url = url.strip_prefix("postgres://").or(url.strip_prefix("postgresql://"));
    let with_tls = match rest_of_url.map(|rest| rest.rsplit('@').next().unwrap_or_default()) {
        Some(server) => format!("{url}{}sslmode=require", if server.contains('?') { "&" } else { "?" }),
        // The last one counts.
        None if url.contains("sslmode") => return None,
        None => format!("sslmode=require {url}"),
    };
    if !refusal(&with_tls).contains("requires TLS") {
        return None;
    }
    let read: Config = url.parse().ok()?;
    let is_other = match read.get_hostaddrs() {
        [] => read.get_hosts().iter().any(|host| matches!(host, Host::Tcp(name) if !is_loopback(name))),
        addresses => addresses.iter().any(|address| !address.is_loopback()),
    };
    if is_other {
        refusal(url);
    }
    Some(read)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|host: IpAddr| host.is_loopback())
}

/// Returns the reason for which a connection string is refused.
fn refusal(url: &str) -> &'static str {
    let options = PostgresOptions::new();
    let outcome = pin!(options.connect(url)).poll(&mut Context::from_waker(Waker::noop()));
    match outcome {
        Poll::Ready(Err(PostgresStoreError::Options(reason))) => reason,
        outcome => panic!("{url:?}: {outcome:?}"),
    }
}

/// Encodes all but letters and digits.
fn encode(text: &str) -> String {
    let encode = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

#[test]
fn an_accepted_connection_string_leads_where_it_says() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/store_addresses");
    let seeds: Vec<_> =
        std::fs::read_dir(seeds).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty());
    for seed in seeds {
        addresses(&seed);
    }
}
