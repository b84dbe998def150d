use alloc::boxed::Box;
use core::fmt;

use redis::{ErrorKind, RedisError};

/// Why the store did not do what it was asked.
///
/// After an error of [`compare_exchange`](secondo::store::Store::compare_exchange) the value may be stored or not, or
/// be stored a moment later. No error holds a value, an id or a password.
#[derive(Debug)]
#[non_exhaustive]
pub enum RedisStoreError {
    /// This is not an address of Redis, or it wants TLS and the feature `tls` is off.
    Address,
    /// The prefix is empty, longer than 64 characters, or has others than visible ASCII characters, or has braces.
    Prefix,
    /// More calls are under way than [there may be](crate::RedisOptions::with_calls). Nothing was sent.
    Busy,
    /// There was no answer [in time](crate::RedisOptions::with_timeout).
    Timeout,
    /// A connection could not be made, or broke.
    Connection(RedisError),
    /// The server answered with an error: this is its first word, such as `OOM`, `READONLY`, `WRONGPASS` or
    /// `CLUSTERDOWN`.
    Server(Box<str>),
    /// The value is stored, but only so many replicas had it in time, which is less than
    /// [were asked for](crate::RedisOptions::with_replicas).
    Replication(u32),
    /// Under the key of this id is something that this store did not write.
    Corrupt,
    /// The server gave an answer of another kind than Redis does.
    Answer,
    /// The operating system gave no random number.
    Random,
}

impl RedisStoreError {
    /// A short name for a metric's label, the same for every error of the kind.
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
            Self::Answer => "answer",
            Self::Random => "random",
        }
    }
}

impl From<RedisError> for RedisStoreError {
    fn from(error: RedisError) -> Self {
        // Texts of the server's and of conversions can repeat what they are about, and are left out.
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
            Self::Address => f.write_str("this is no address of Redis, or it needs the feature `tls`"),
            Self::Prefix => f.write_str("a prefix has 1 to 64 visible ASCII characters and no braces"),
            Self::Busy => f.write_str("too many calls are under way"),
            Self::Timeout => f.write_str("Redis gave no answer in time"),
            Self::Connection(_) => f.write_str("there is no connection to Redis"),
            Self::Server(code) => write!(f, "Redis answered with the error {code}"),
            Self::Replication(replicas) => write!(f, "only {replicas} replicas had the write in time"),
            Self::Corrupt => f.write_str("the key holds something else than an entry of this store"),
            Self::Answer => f.write_str("this was no answer of Redis"),
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
