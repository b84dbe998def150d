use core::net::IpAddr;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

use crate::RedisStoreError;

type Result<T> = core::result::Result<T, RedisStoreError>;

/// Reads the address of a server, and checks what the client library takes without a word.
///
/// The reasons are fixed texts, since a part of an address may be a part of its password.
pub(crate) fn parse(url: &str) -> Result<ConnectionInfo> {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    match scheme {
        "redis" | "valkey" => check_host(rest)?,
        "rediss" | "valkeys" if cfg!(feature = "tls") => check_host(rest)?,
        "rediss" | "valkeys" => return refuse("the address asks for TLS, which needs the feature `tls`"),
        "unix" | "redis+unix" | "valkey+unix" => check_socket(rest)?,
        _ => return refuse("the address must begin with `redis://`, `rediss://` or `unix://`"),
    }
    #[cfg(feature = "tls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // This fails if another thread was faster, and then a provider is installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    url.into_connection_info().or_else(|_| refuse("the host or the port of the address cannot be read"))
}

/// Returns an error if the address leads to another machine without TLS.
pub(crate) fn must_be_private(address: &ConnectionInfo) -> Result<()> {
    match address.addr() {
        ConnectionAddr::Tcp(host, _) if !is_loopback(host) => refuse(PLAINTEXT),
        _ => Ok(()),
    }
}

pub(crate) const PLAINTEXT: &str =
    "the address leads to another host without TLS: write `rediss://`, or allow it with `with_plaintext`";

/// Returns `true` if this host is the machine itself.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|host: IpAddr| host.is_loopback())
}

/// Checks what follows `redis://`: `user:password@host:port/database`.
fn check_host(rest: &str) -> Result<()> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if path.contains('@') {
        return refuse(
            "the user or the password must be percent-encoded: `/` is `%2F`, `?` is `%3F`, `#` is `%23`, `@` is `%40`, \
             `%` is `%25`",
        );
    }
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.bytes().any(|byte| byte.is_ascii_control() || byte == b' ') {
        return refuse("the user and the password must have their white space percent-encoded: a space is `%20`");
    }
    // The client library would send neither, and the connection would be that of the default user.
    if !user.is_empty() && user.split_once(':').is_none_or(|(_, password)| password.is_empty()) {
        return refuse("the address has no password before the `@`: write `:password@host` or `user:password@host`");
    }
    if host.is_empty() || host.starts_with(':') {
        return refuse("the address has no host");
    }
    if path.contains('#') {
        return refuse("nothing may follow a `#` in the address");
    }
    if path.contains('?') {
        return refuse("the address takes no parameters after `?`: write the database as `redis://host/1`");
    }
    let database = path.trim_matches('/');
    if !database.is_empty() && database.parse::<u32>().is_err() {
        return refuse("the database after the host must be a number");
    }
    Ok(())
}

/// Checks what follows `unix://`: `/path?db=1&user=name&pass=password`.
fn check_socket(rest: &str) -> Result<()> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if !path.starts_with('/') || path.len() == 1 {
        return refuse("the address of a socket is `unix:///` and the rest of its path");
    }
    if rest.contains('#') {
        return refuse("a `#` in the address must be percent-encoded as `%23`");
    }
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("user" | "pass", _)) => {}
            Some(("db", number)) if number.parse::<u32>().is_ok() => {}
            Some(("db", _)) => return refuse("the database `db` of the address must be a number"),
            _ => {
                return refuse(
                    "the address of a socket takes `db`, `user` and `pass` after `?`; `&` in them is `%26`, `#` is \
                     `%23`, `+` is `%2B`, `%` is `%25`",
                );
            }
        }
    }
    let has = |name: &str| query.split('&').any(|parameter| parameter.split('=').next() == Some(name));
    if has("user") && !has("pass") {
        return refuse("the address has a `user` and no `pass`, without which the user would not be sent");
    }
    Ok(())
}

const fn refuse<T>(reason: &'static str) -> Result<T> {
    Err(RedisStoreError::Address(reason))
}
