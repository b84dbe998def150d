use alloc::boxed::Box;
use core::fmt;
use std::io;

use secondo::VerifierError;
use tokio_postgres::error::SqlState;

/// An error from the store. The write may have happened all the same, unless the variant says that it did not.
///
/// The error keeps only the SQLSTATE code of the server's answer, since PostgreSQL's messages and details can hold
/// rows.
#[derive(Debug)]
#[non_exhaustive]
pub enum PostgresStoreError {
    /// The connection string or an option cannot be used, for this reason.
    Options(&'static str),
    /// No connection came free within [the timeout](crate::PostgresOptions::with_timeout), or the
    /// [queue](crate::PostgresOptions::with_queue) of waiting calls is full. Nothing was sent.
    Busy,
    /// The server did not answer within [the timeout](crate::PostgresOptions::with_timeout).
    Timeout,
    /// The connection could not be made, or broke. The client library's error is given if it has one.
    Connection(Option<Box<dyn core::error::Error + Send + Sync>>),
    /// The server takes no writes: it is a standby, or set to read-only. Nothing was written.
    ReadOnly,
    /// The tables are missing, or older than this library: call [`migrate`](crate::PostgresOptions::migrate). Nothing
    /// was written.
    Schema,
    /// The tables have this version, from a newer version of this library. Nothing was written.
    NewerSchema(i32),
    /// A row cannot be read as an entry.
    Corrupt,
    /// The transaction was rolled back after a deadlock or a serialization failure with another transaction.
    Serialization,
    /// The server's disk is full. Nothing was written.
    DiskFull,
    /// The server answered with an error of this SQLSTATE code.
    Server(SqlState),
    /// The operating system gave no random number. Nothing was sent.
    Random,
}

impl PostgresStoreError {
    /// Returns a short name of the variant, for use as a metric label.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Options(_) => "options",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
            Self::Connection(_) => "connection",
            Self::ReadOnly => "read_only",
            Self::Schema => "schema",
            Self::NewerSchema(_) => "newer_schema",
            Self::Corrupt => "corrupt",
            Self::Serialization => "serialization",
            Self::DiskFull => "disk_full",
            Self::Server(_) => "server",
            Self::Random => "random",
        }
    }
}

impl From<tokio_postgres::Error> for PostgresStoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(code) = error.code() {
            return match *code {
                SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly,
                SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_COLUMN | SqlState::INVALID_SCHEMA_NAME => Self::Schema,
                SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => Self::Serialization,
                SqlState::DISK_FULL => Self::DiskFull,
                ref code => Self::Server(code.clone()),
            };
        }
        let source = error.into_source();
        match source.as_ref().and_then(|source| source.downcast_ref::<io::Error>()) {
            // The client library's error for a server that is not `read-write`. An error of the operating system would
            // have a number.
            Some(error) if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none() => {
                Self::ReadOnly
            }
            _ => Self::Connection(source),
        }
    }
}

impl fmt::Display for PostgresStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options(reason) => f.write_str(reason),
            Self::Busy => f.write_str("all connections to PostgreSQL are in use"),
            Self::Timeout => f.write_str("PostgreSQL did not answer in time"),
            Self::Connection(_) => f.write_str("the connection to PostgreSQL could not be made or broke"),
            Self::ReadOnly => f.write_str("PostgreSQL takes no writes: it is a standby or read-only"),
            Self::Schema => f.write_str("the tables are missing or too old: run the migrations"),
            Self::NewerSchema(version) => write!(f, "the tables have version {version}, from a newer library"),
            Self::Corrupt => f.write_str("a row cannot be read as an entry"),
            Self::Serialization => f.write_str("a deadlock or a serialization failure with another transaction"),
            Self::DiskFull => f.write_str("PostgreSQL's disk is full"),
            Self::Server(code) => write!(f, "PostgreSQL answered with SQLSTATE {}", code.code()),
            Self::Random => f.write_str("the operating system gave no random number"),
        }
    }
}

impl core::error::Error for PostgresStoreError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Connection(Some(error)) => Some(&**error),
            _ => None,
        }
    }
}

/// An error from [`PostgresStore::transaction`](crate::PostgresStore::transaction), which then is no login.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransactionError<E> {
    /// The verifier did not accept, or its verdict could not be committed.
    Verifier(VerifierError<PostgresStoreError>),
    /// The code was correct and is now used. The caller's work with it failed, and is undone.
    Work(E),
}

impl<E> TransactionError<E> {
    /// Returns `true` if the provider must act: see [`VerifierError::is_outage`]. Failed work counts as an outage.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        match self {
            Self::Verifier(error) => error.is_outage(),
            Self::Work(_) => true,
        }
    }

    /// Returns a short name of the refusal or the failure, for use as a metric label. It does not change between
    /// versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Verifier(error) => error.label(),
            Self::Work(_) => "work",
        }
    }
}

impl<E> From<PostgresStoreError> for TransactionError<E> {
    fn from(error: PostgresStoreError) -> Self {
        Self::Verifier(VerifierError::Store(error))
    }
}

impl<E> From<tokio_postgres::Error> for TransactionError<E> {
    fn from(error: tokio_postgres::Error) -> Self {
        PostgresStoreError::from(error).into()
    }
}

impl<E> fmt::Display for TransactionError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verifier(error) => error.fmt(f),
            Self::Work(_) => f.write_str("the code was accepted, but the work in its transaction failed"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for TransactionError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Verifier(error) => error.source(),
            Self::Work(error) => Some(error),
        }
    }
}
