use alloc::boxed::Box;
use core::fmt;
use std::io;

use secondo::VerifierError;
use tokio_postgres::error::SqlState;

/// Why the store did not do what it was asked. A write may have happened all the same, unless the variant says that it
/// did not.
///
/// Of what the server says, it keeps the code alone: messages and details of PostgreSQL hold rows.
#[derive(Debug)]
#[non_exhaustive]
pub enum PostgresStoreError {
    /// The connection string or an option cannot be used, for this reason.
    Options(&'static str),
    /// No connection came free [in time](crate::PostgresOptions::with_timeout), or more calls wait than the
    /// [queue](crate::PostgresOptions::with_queue) has room for. Nothing was sent.
    Busy,
    /// There was no answer [in time](crate::PostgresOptions::with_timeout).
    Timeout,
    /// There is no connection, or it broke: what the client library says.
    Connection(Option<Box<dyn core::error::Error + Send + Sync>>),
    /// The server takes no writes: it is a standby, or set to read only. Nothing was written.
    ReadOnly,
    /// The tables are not there, or are older than this library: [migrate](crate::PostgresOptions::migrate). Nothing
    /// was written.
    Schema,
    /// The tables are of this version, which a newer library made. Nothing was written.
    NewerSchema(i32),
    /// A row cannot be read as an entry.
    Corrupt,
    /// Another transaction was in the way, and this one is rolled back: a deadlock or a serialization failure.
    Serialization,
    /// The server's disk is full. Nothing was written.
    DiskFull,
    /// The server refused, or failed, with this code.
    Server(SqlState),
    /// The operating system gave no random number. Nothing was sent.
    Random,
}

impl PostgresStoreError {
    /// A short name for a metric's label, the same for every error of the kind.
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
            // What the library makes of a server that is not `read-write`; one of the system's own has a number.
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
            Self::Timeout => f.write_str("PostgreSQL gave no answer in time"),
            Self::Connection(_) => f.write_str("there is no connection to PostgreSQL, or it broke"),
            Self::ReadOnly => f.write_str("PostgreSQL takes no writes: a standby, or read only"),
            Self::Schema => f.write_str("the tables are missing or too old: migrate"),
            Self::NewerSchema(version) => write!(f, "the tables are of version {version}, made by a newer library"),
            Self::Corrupt => f.write_str("a row cannot be read as an entry"),
            Self::Serialization => f.write_str("another transaction was in the way"),
            Self::DiskFull => f.write_str("PostgreSQL's disk is full"),
            Self::Server(code) => write!(f, "PostgreSQL refused or failed with SQLSTATE {}", code.code()),
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

/// Why a [transaction](crate::PostgresStore::transaction) is no login.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransactionError<E> {
    /// The verifier did not accept, or its verdict could not be committed.
    Verifier(VerifierError<PostgresStoreError>),
    /// The code was right and is used up; what the caller did with it failed, and is undone.
    Work(E),
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
            Self::Work(_) => f.write_str("what was to be done with the accepted code failed"),
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
