use alloc::string::ToString;
use core::error::Error;
use core::net::IpAddr;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::PostgresStoreError;

type Result<T> = core::result::Result<T, PostgresStoreError>;

/// Reads a connection string.
///
/// The reasons of errors are fixed texts, since any part of the string may be a part of its password.
pub(crate) fn parse(url: &str) -> Result<Config> {
    if let Some(("postgres" | "postgresql", rest)) = url.split_once("://")
        && rest.split('@').nth(2).is_some()
    {
        // The client library would take what follows the first `@` for the host.
        return refuse(ENCODED);
    }
    let config: Config = url.parse().map_err(|error| PostgresStoreError::Options(reason(&error)))?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return refuse("the connection string has no host");
    }
    Ok(config)
}

/// Returns an error if a host of the connection string is another machine.
pub(crate) fn must_be_private(config: &Config) -> Result<()> {
    // If the string has addresses, the client library connects to them, and only compares the names with certificates.
    let private = match config.get_hostaddrs() {
        [] => config.get_hosts().iter().all(is_private),
        addresses => addresses.iter().all(IpAddr::is_loopback),
    };
    if private { Ok(()) } else { refuse(PLAINTEXT) }
}

const PLAINTEXT: &str = "the connection string leads to another host without TLS: call `with_tls`, which `sslmode` does \
    not replace, or allow it with `with_plaintext`";

const ENCODED: &str = "the connection string must have all but the `@` before the host percent-encoded: in the user, the \
    password and all other parts, `@` is `%40`, `:` is `%3A`, `/` is `%2F`, `?` is `%3F`, `#` is `%23`, `&` is `%26`, `=` \
    is `%3D`, `%` is `%25`";

fn is_private(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|host: IpAddr| host.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// Returns the part of a connection string that the client library cannot read, and what to write instead.
fn reason(error: &tokio_postgres::Error) -> &'static str {
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    // The text names one part, and for a value that is not understood, only the part.
    match text.split('`').nth(1) {
        Some(part) if text.starts_with("invalid value for option `") => not_a_value(part),
        Some(part) if text.starts_with("unknown option `") => not_a_part(part),
        _ if text.starts_with("invalid utf-8") || text.starts_with("incomplete utf-8") => {
            "the connection string must be UTF-8 after its percent-encoding is undone"
        }
        _ => {
            "the connection string must begin with `postgres://` or `postgresql://`, or be pairs such as \
             `host=localhost user=idp dbname=idp`; each part after `?`, and each pair, has a name, `=` and a value"
        }
    }
}

/// The reason for a part whose value is not understood.
fn not_a_value(part: &str) -> &'static str {
    match part {
        "sslmode" => {
            "`sslmode` must be `disable`, `prefer` or `require`: leave out `allow`, `verify-ca` and `verify-full`, and \
             call `with_tls`, which always verifies the certificate and its name"
        }
        "sslnegotiation" => "`sslnegotiation` must be `postgres` or `direct`",
        "host" => "the host must be a name, an address, or an IPv6 address in brackets, followed by `:` and a port",
        "hostaddr" => "`hostaddr` must be an IPv4 or IPv6 address, or several with commas between them",
        "port" => {
            "the port must be a number from 0 to 65535, or several with commas between them; an IPv6 address before it \
             needs brackets, and a `:` or `@` in a user or password is `%3A` or `%40`"
        }
        "connect_timeout" => "`connect_timeout` must be a whole number of seconds",
        "tcp_user_timeout" => "`tcp_user_timeout` must be a whole number of seconds",
        "keepalives" => "`keepalives` must be 0 or 1",
        "keepalives_idle" => "`keepalives_idle` must be a whole number of seconds",
        "keepalives_interval" => "`keepalives_interval` must be a whole number of seconds",
        "keepalives_retries" => "`keepalives_retries` must be a whole number",
        "target_session_attrs" => {
            "`target_session_attrs` must be left out or `read-write`: the store always uses the server that takes writes"
        }
        "channel_binding" => "`channel_binding` must be `disable`, `prefer` or `require`",
        "load_balance_hosts" => "`load_balance_hosts` must be `disable` or `random`",
        _ => "a part of the connection string has a value that is not understood",
    }
}

/// The reason for a part that is not understood. Other programs write most of these.
fn not_a_part(part: &str) -> &'static str {
    match part {
        "sslrootcert"
        | "sslcert"
        | "sslkey"
        | "sslcrl"
        | "sslcrldir"
        | "sslpassword"
        | "sslcertmode"
        | "sslsni"
        | "ssl_min_protocol_version"
        | "ssl_max_protocol_version"
        | "sslcompression" => {
            "the certificates, keys and versions of TLS (`sslrootcert`, `sslcert`, `sslkey` and the like) are not part of \
             the connection string: call `with_tls` with a configuration that has them"
        }
        "ssl" | "requiressl" | "tls" => {
            "`ssl`, `tls` and `requiressl` are not understood: call `with_tls`, and write `sslmode=require` or nothing"
        }
        "pgbouncer"
        | "statement_cache_size"
        | "statement_cache_mode"
        | "prepareThreshold"
        | "default_query_exec_mode" => {
            "`pgbouncer=true` and settings of statement caches are not understood: leave them out; a pooler must keep \
             sessions, or prepared statements from pgbouncer 1.21 on"
        }
        "schema" | "currentSchema" | "search_path" => {
            "`schema`, `currentSchema` and `search_path` are not understood: write `options=-c%20search_path%3Dauth`, or \
             set it by `ALTER ROLE idp SET search_path = auth`"
        }
        "connection_limit" | "pool_size" | "max_connections" | "pool_max_conns" => {
            "the number of connections is not part of the connection string: call `with_connections`"
        }
        "pool_timeout" | "socket_timeout" | "socketTimeout" | "statement_timeout" | "lock_timeout" => {
            "timeouts of calls are not part of the connection string: call `with_timeout`"
        }
        "keepalives_count" => "`keepalives_count` is not understood: write `keepalives_retries`",
        "connectTimeout" | "loginTimeout" => "`connectTimeout` is not understood: write `connect_timeout`, in seconds",
        "database" | "db" => "`database` is not understood: write `dbname`",
        "username" => "`username` is not understood: write `user`",
        "pass" => "`pass` is not understood: write `password`",
        "service" | "servicefile" | "passfile" => {
            "`service` and `passfile` name files, which are not read: write the parts themselves, and the password"
        }
        "fallback_application_name" | "ApplicationName" => {
            "`ApplicationName` is not understood: write `application_name`"
        }
        "client_encoding" | "gssencmode" | "krbsrvname" | "gsslib" | "gssdelegation" | "require_auth"
        | "replication" | "requirepeer" => {
            "`client_encoding`, `gssencmode`, `krbsrvname`, `require_auth`, `replication` and `requirepeer` are not \
             understood: leave them out"
        }
        _ => {
            "the connection string has a part that is not understood. These are: `host`, `hostaddr`, `port`, `user`, \
             `password`, `dbname`, `options`, `application_name`, `sslmode`, `sslnegotiation`, `channel_binding`, \
             `connect_timeout`, `tcp_user_timeout`, `keepalives`, `keepalives_idle`, `keepalives_interval`, \
             `keepalives_retries`, `load_balance_hosts`, `target_session_attrs`"
        }
    }
}

const fn refuse<T>(reason: &'static str) -> Result<T> {
    Err(PostgresStoreError::Options(reason))
}
