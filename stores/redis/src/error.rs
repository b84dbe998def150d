use alloc::boxed::Box;
use core::fmt;

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// An error from the store.
///
/// After an error of [`compare_exchange`](secondo::store::Store::compare_exchange), the value may or may not be stored,
/// or may be stored a moment later. No error holds a value, an id or a password.
#[derive(Debug)]
#[non_exhaustive]
pub enum RedisStoreError {
    /// The address cannot be used, for this reason.
    Address(&'static str),
    /// The [prefix](crate::RedisOptions::with_prefix) is not 2 to 64 visible ASCII characters without braces, of which
    /// the last one, and no other, is a colon.
    Prefix,
    /// The server refused the number of the database in the address. It has fewer databases (16 by default, numbered
    /// from 0), or its user may not `SELECT`.
    Database,
    /// The Sentinels that answered know no primary of this name, or none that is up.
    Primary,
    /// The [largest number](crate::RedisOptions::with_calls) of calls is already under way. Nothing was sent.
    Busy,
    /// Redis did not answer within [the timeout](crate::RedisOptions::with_timeout).
    Timeout,
    /// The connection could not be made, or broke.
    Connection(RedisError),
    /// The server answered with an error, whose first word this is, such as `OOM`, `READONLY`, `WRONGPASS` or
    /// `CLUSTERDOWN`.
    Server(Box<str>),
    /// The value is stored, but only this number of replicas had it in time. The store waits for
    /// [more](crate::RedisOptions::with_replicas).
    Replication(u32),
    /// The key of this id holds data that this store did not write.
    Corrupt,
    /// A cluster cannot list its ids.
    Cluster,
    /// The server's answer is not of the kind that Redis gives.
    Answer,
    /// The operating system gave no random number. Nothing was sent.
    Random,
}

impl RedisStoreError {
    /// Returns a short name of the variant, for use as a metric label.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Prefix => "prefix",
            Self::Database => "database",
            Self::Primary => "primary",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
            Self::Connection(_) => "connection",
            Self::Server(_) => "server",
            Self::Replication(_) => "replication",
            Self::Corrupt => "corrupt",
            Self::Cluster => "cluster",
            Self::Answer => "answer",
            Self::Random => "random",
        }
    }
}

impl From<RedisError> for RedisStoreError {
    fn from(error: RedisError) -> Self {
        // The texts of the server and of conversions can repeat the data, so they are left out.
        if let Some((_, refusal)) = error.clone().into_server_errors().as_deref().and_then(<[_]>::first) {
            return match refusal.code() {
                "WRONGTYPE" => Self::Corrupt,
                code => Self::Server(code.into()),
            };
        }
        match error.kind() {
            ErrorKind::Io if error.is_timeout() => Self::Timeout,
            ErrorKind::Io | ErrorKind::AuthenticationFailed | ErrorKind::ClusterConnectionNotFound => {
                Self::Connection(error)
            }
            ErrorKind::MasterNameNotFoundBySentinel => Self::Primary,
            // The client library makes this kind of its own from the answer to `SELECT` alone.
            ErrorKind::Server(ServerErrorKind::ResponseError) => Self::Database,
            ErrorKind::InvalidClientConfig => Self::Address("the client library cannot use the address"),
            _ => Self::Answer,
        }
    }
}

impl fmt::Display for RedisStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(reason) => f.write_str(reason),
            Self::Prefix => f.write_str(
                "the prefix must be 2 to 64 visible ASCII characters without braces, with a colon at its end and no \
                 other",
            ),
            Self::Database => f.write_str(
                "Redis refused the number of the database in the address: it has fewer databases, or the user may not \
                 `SELECT`",
            ),
            Self::Primary => f.write_str("the Sentinels know no primary of this name that is up"),
            Self::Busy => f.write_str("too many calls are under way"),
            Self::Timeout => f.write_str("Redis did not answer in time"),
            Self::Connection(_) => f.write_str("the connection to Redis could not be made or broke"),
            Self::Server(code) => write!(f, "Redis answered with the error {code}"),
            Self::Replication(replicas) => write!(f, "too few replicas had the write in time: {replicas}"),
            Self::Corrupt => f.write_str("the key holds data that this store did not write"),
            Self::Cluster => f.write_str("a cluster cannot list its ids"),
            Self::Answer => f.write_str("the server's answer is not one of Redis"),
            Self::Random => f.write_str("the operating system gave no random number"),
        }
    }
}

impl core::error::Error for RedisStoreError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Connection(error) => Some(error),
            _ => None,
        }
    }
}
