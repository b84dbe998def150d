//! Connection strings that are refused, without a server.

use secondo_postgres::PostgresStoreError;

use crate::{block_on, impatient};

/// Returns the reason for which a connection string is refused, wherever its host is.
fn refusal(url: &str) -> &'static str {
    let options = impatient().with_plaintext(true);
    let outcome = block_on(options.connect(url)).map(drop);
    let Err(PostgresStoreError::Options(reason)) = outcome else { panic!("{url}: {outcome:?}") };
    let outcome = block_on(options.migrate(url));
    assert!(matches!(outcome, Err(PostgresStoreError::Options(seen)) if seen == reason), "{url}: {outcome:?}");
    reason
}

#[test]
fn each_part_that_is_not_understood_is_named_with_what_to_write_instead() {
    for (url, part, instead) in [
        ("postgres://idp@localhost/idp?sslmode=verify-full", "`sslmode`", "call `with_tls`"),
        ("host=localhost sslmode=verify-ca", "`sslmode`", "call `with_tls`"),
        ("postgres://idp@localhost/idp?sslmode=allow", "`sslmode`", "`disable`, `prefer` or `require`"),
        ("postgres://idp@localhost/idp?pgbouncer=true", "`pgbouncer=true`", "leave them out"),
        ("postgres://idp@localhost/idp?sslrootcert=/etc/ca.pem", "`sslrootcert`", "call `with_tls`"),
        ("postgres://idp@localhost/idp?schema=auth", "`schema`", "`options=-c%20search_path%3Dauth`"),
        ("postgres://idp@localhost/idp?connection_limit=5", "number of connections", "`with_connections`"),
        ("host=localhost keepalives_count=3", "`keepalives_count`", "`keepalives_retries`"),
        ("host=localhost database=idp", "`database`", "`dbname`"),
        ("host=localhost username=idp", "`username`", "`user`"),
        ("host=localhost pass=secret", "`pass`", "`password`"),
        ("postgres://idp@localhost/idp?ssl=true", "`ssl`", "call `with_tls`"),
        ("postgres://idp@localhost/idp?socketTimeout=5", "timeouts of calls", "`with_timeout`"),
        ("postgres://idp@localhost/idp?loginTimeout=5", "`connectTimeout`", "`connect_timeout`"),
        ("postgres://idp@localhost/idp?ApplicationName=idp", "`ApplicationName`", "`application_name`"),
        ("service=idp", "`service`", "the parts themselves"),
        ("postgres://idp@localhost/idp?gssencmode=disable", "`gssencmode`", "leave them out"),
        ("host=localhost keepalives_idle=soon", "`keepalives_idle`", "seconds"),
        ("host=localhost keepalives_interval=soon", "`keepalives_interval`", "seconds"),
        ("host=localhost keepalives_retries=few", "`keepalives_retries`", "whole number"),
        ("host=localhost keepalives=yes", "`keepalives`", "0 or 1"),
        ("host=localhost connect_timeout=2s", "`connect_timeout`", "seconds"),
        ("host=localhost tcp_user_timeout=2s", "`tcp_user_timeout`", "seconds"),
        ("host=localhost sslnegotiation=none", "`sslnegotiation`", "`direct`"),
        ("host=localhost channel_binding=yes", "`channel_binding`", "`require`"),
        ("host=localhost load_balance_hosts=yes", "`load_balance_hosts`", "`random`"),
        ("host=localhost hostaddr=db.internal", "`hostaddr`", "IPv4"),
        ("host=localhost target_session_attrs=primary", "`target_session_attrs`", "`read-write`"),
        ("postgres://localhost:99999/idp", "the port", "0 to 65535"),
        ("postgres://2001:db8::1/idp", "the port", "brackets"),
        ("postgres://[::1/idp", "the host", "brackets"),
        ("postgres://idp@localhost/idp?autosave=never", "not understood", "`application_name`"),
        ("postgres://idp@localhost/idp?sslmode", "each part after `?`", "`=` and a value"),
        ("mysql://localhost/idp", "begin with `postgres://`", "`host=localhost"),
        ("host localhost", "begin with `postgres://`", "`host=localhost"),
        ("db.internal", "begin with `postgres://`", "`host=localhost"),
        ("host=localhost password='open", "begin with `postgres://`", "`host=localhost"),
        ("postgres://localhost/%ff", "UTF-8", "percent-encoding"),
        ("", "no host", ""),
        ("postgres:///idp", "no host", ""),
    ] {
        let reason = refusal(url);
        assert!(reason.contains(part) && reason.contains(instead), "{url}: {reason}");
    }
}

/// A password that is not percent-encoded would be taken for a host and other parts.
#[test]
fn no_part_of_a_password_is_in_an_error() {
    for password in ["hun@ter", "hun@ter/", "hun@ter?hun=hun", "hun@:hun", "@hun", "hun@[hun"] {
        for url in [format!("postgres://idp:{password}@localhost/idp"), format!("postgresql://:{password}@localhost")] {
            let reason = refusal(&url);
            assert!(reason.contains("`@` is `%40`") && !reason.contains("hun"), "{url}: {reason}");
        }
    }
    for url in
        ["host=localhost password=hun ter", "host=localhost password=a hun=ter", "password='hun'ter host=localhost"]
    {
        assert!(!refusal(url).contains("hun"), "{url}");
    }
}

#[test]
fn another_host_without_tls_is_refused_unless_it_is_allowed() {
    for url in [
        "postgres://idp:secret@db.internal/idp",
        "postgres://idp@db.internal/idp?sslmode=disable",
        "host=10.1.2.3 user=idp",
        "postgres://[2001:db8::1]/idp",
        "postgres://localhost,db.internal/idp",
        "postgres://localhost.example/idp",
        "host=localhost hostaddr=10.1.2.3",
        "hostaddr=10.1.2.3",
    ] {
        for outcome in [block_on(impatient().connect(url)).map(drop), block_on(impatient().migrate(url))] {
            assert!(
                matches!(outcome, Err(PostgresStoreError::Options(reason)) if reason.contains("with_plaintext")),
                "{url}: {outcome:?}"
            );
        }
    }
    // Nothing listens there, so each is an error of the connection and not of the string.
    for url in [
        "postgres://localhost:1/idp",
        "postgres://LOCALHOST:1/idp",
        "postgres://127.1.2.3:1/idp",
        "postgres://[::1]:1/idp",
        "postgres://%2Fnowhere/idp",
        "host=db.internal hostaddr=127.0.0.1 port=1",
        "host=127.0.0.1 port=1 password=a://b@c@d",
    ] {
        let outcome = block_on(impatient().connect(url));
        assert!(matches!(outcome, Err(PostgresStoreError::Connection(_))), "{url}: {outcome:?}");
    }
    // An address for documentation, which is no host anywhere.
    let outcome = block_on(impatient().with_plaintext(true).connect("postgres://192.0.2.1:1/idp"));
    assert!(!matches!(outcome, Err(PostgresStoreError::Options(_))), "{outcome:?}");
}
