use alloc::boxed::Box;
use core::fmt;

use redis::{ErrorKind, RedisError};

/// An error from the store.
///
/// After an error of [`compare_exchange`](secondo::store::Store::compare_exchange), the value may or may not be stored,
/// or may be stored a moment later. No error holds a value, an id or a password.
#[derive(Debug)]
#[non_exhaustive]
pub enum RedisStoreError {
    /// The address is not one of Redis, or it needs TLS and the feature `tls` is off.
    Address,
    /// The prefix does not consist of 1 to 64 visible ASCII characters, or it has braces.
    Prefix,
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
            Self::Address => "address",
            Self::Prefix => "prefix",
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
            ErrorKind::InvalidClientConfig => Self::Address,
            _ => Self::Answer,
        }
    }
}

impl fmt::Display for RedisStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("the address is not one of Redis, or it needs the feature `tls`"),
            Self::Prefix => f.write_str("the prefix must have 1 to 64 visible ASCII characters and no braces"),
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
