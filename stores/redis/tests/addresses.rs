//! Addresses of any parts: the half of the fuzz target `store_addresses` for Redis, on its committed seeds.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};
use secondo_redis::{RedisOptions, RedisStoreError};

/// Checks that an accepted address leads the client library to the server, the user, the password and the database that
/// it was made of, and that an address whose user and password are encoded is accepted.
///
/// The lines are the user, the password, the host, the port and the database. The bytes are an address too.
#[expect(clippy::missing_panics_doc, reason = "a failed check panics")]
pub fn addresses(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    accept(text);
    let mut lines = text.splitn(5, '\n');
    let [user, password, host, port, database] = [(); 5].map(|()| lines.next().unwrap_or_default());
    if !["localhost", "127.0.0.1", "[::1]", "redis.internal"].contains(&host) {
        return;
    }
    let (Ok(number), Ok(database)) = (port.parse::<u16>(), database.parse::<u32>()) else { return };
    let url = |user: &str, password: &str| format!("redis://{user}:{password}@{host}:{number}/{database}");
    let encoded = accept(&url(&encode(user), &encode(password)));
    assert_eq!(encoded.is_some(), !password.is_empty());
    for (read, is_encoded) in [(encoded, true), (accept(&url(user, password)), false)] {
        let Some(read) = read else { continue };
        let ConnectionAddr::Tcp(read_host, read_port) = read.addr() else { panic!("{read:?}") };
        assert_eq!((read_host.as_str(), *read_port), (host.trim_matches(['[', ']']), number));
        let settings = read.redis_settings();
        assert_eq!(settings.db(), i64::from(database));
        // The client library decodes a `%`, and ends the user at a `:`.
        if is_encoded || !text.contains('%') && !user.contains(':') {
            assert_eq!(settings.username().unwrap_or_default(), user);
            assert_eq!(settings.password(), Some(password));
        }
    }
}

/// Returns what the client library reads in an address, if the store accepts it when plain text is allowed.
///
/// Checks that plain text leads to no other machine otherwise, and that a user has a password: the client library would
/// send neither.
fn accept(url: &str) -> Option<ConnectionInfo> {
    let read = match RedisOptions::new().with_plaintext(true).connect(url) {
        Ok(_) => url.into_connection_info().unwrap(),
        Err(RedisStoreError::Address(_)) => return None,
        Err(other) => panic!("{other:?}"),
    };
    let is_private = match read.addr() {
        ConnectionAddr::Tcp(host, _) => host == "localhost" || host == "::1" || host.starts_with("127."),
        _ => true,
    };
    assert_eq!(RedisOptions::new().connect(url).is_ok(), is_private, "{url:?}");
    let settings = read.redis_settings();
    assert!(settings.username().is_none() || settings.password().is_some(), "{url:?}");
    Some(read)
}

/// Encodes all but letters and digits.
fn encode(text: &str) -> String {
    let encode = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

#[test]
fn an_accepted_address_leads_where_it_says() {
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/store_addresses");
    let seeds: Vec<_> =
        std::fs::read_dir(seeds).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty());
    for seed in seeds {
        addresses(&seed);
    }
}
