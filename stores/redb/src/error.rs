use alloc::sync::Arc;
use core::fmt;
use std::io;

use redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};

/// Why the store did not do what it was asked.
///
/// After an error of an exchange, what it should have stored may be stored or not; see [the crate](crate). It holds no
/// id and no value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RedbStoreError {
    /// There is no room on the disk. Service resumes by itself when there is.
    DiskFull,
    /// The operating system failed to read, write or sync the file. The store opens the file anew until that succeeds.
    Io(Arc<io::Error>),
    /// Somebody else, in this process or another, has the file open.
    InUse,
    /// The file's mode gives access to others than its owner and its group. Whoever can write to it can put old records
    /// back, so that used codes are accepted again.
    Exposed {
        /// The file's mode.
        mode: u32,
    },
    /// It is not a redb file, or one in format 1 or 2, as redb wrote before version 3.
    NotRedb,
    /// It is a redb file of something else than this store.
    Foreign,
    /// It is a file of this store, in a format of another version of it.
    Format {
        /// The version that was found.
        found: u64,
    },
    /// The file is not as it was written: its checksums do not hold, or what they cover makes no sense. A file of a later
    /// redb, in a format after 3, is this as well.
    Corrupt,
    /// More exchanges are waiting than [the queue](crate::RedbOptions::with_queue) has room for. Nothing was stored.
    Busy,
    /// There was no answer [in time](crate::RedbOptions::with_timeout).
    Timeout,
    /// A thread could not be started, or has ended.
    Stopped,
}

impl RedbStoreError {
    /// A short name for a metric's label, the same for every error of the kind.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::DiskFull => "disk_full",
            Self::Io(_) => "io",
            Self::InUse => "in_use",
            Self::Exposed { .. } => "exposed",
            Self::NotRedb => "not_redb",
            Self::Foreign => "foreign",
            Self::Format { .. } => "format",
            Self::Corrupt => "corrupt",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
            Self::Stopped => "stopped",
        }
    }
}

impl From<io::Error> for RedbStoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::DiskFull,
            // As redb says that the file does not begin as its files do.
            io::ErrorKind::InvalidData => Self::NotRedb,
            // A file that is shorter than it says.
            io::ErrorKind::UnexpectedEof => Self::Corrupt,
            _ => Self::Io(Arc::new(error)),
        }
    }
}

impl From<StorageError> for RedbStoreError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Io(error) => error.into(),
            // The file was closed after an error that was reported before.
            StorageError::PreviousIo | StorageError::DatabaseClosed => {
                Self::Io(Arc::new(io::Error::other("the file is closed after an error")))
            }
            _ => Self::Corrupt,
        }
    }
}

impl From<DatabaseError> for RedbStoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Self::InUse,
            DatabaseError::UpgradeRequired(_) => Self::NotRedb,
            DatabaseError::Storage(error) => error.into(),
            _ => Self::Corrupt,
        }
    }
}

impl From<TableError> for RedbStoreError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => error.into(),
            _ => Self::Foreign,
        }
    }
}

impl From<TransactionError> for RedbStoreError {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Storage(error) => error.into(),
            _ => Self::Corrupt,
        }
    }
}

impl From<CommitError> for RedbStoreError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Storage(error) => error.into(),
            _ => Self::Corrupt,
        }
    }
}

impl fmt::Display for RedbStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DiskFull => f.write_str("there is no room on the disk"),
            Self::Io(_) => f.write_str("the file could not be read, written or synced"),
            Self::InUse => f.write_str("somebody else has the file open"),
            Self::Exposed { mode } => {
                write!(f, "the file has mode {mode:04o}, which gives others access: run `chmod o=` on it")
            }
            Self::NotRedb => f.write_str("it is not a redb file, or an old one"),
            Self::Foreign => f.write_str("it is a redb file of something else"),
            Self::Format { found } => write!(f, "the file has format {found}, which this version does not know"),
            Self::Corrupt => f.write_str("the file is corrupt"),
            Self::Busy => f.write_str("too many exchanges wait for the disk"),
            Self::Timeout => f.write_str("the disk gave no answer in time"),
            Self::Stopped => f.write_str("a thread of the store could not be started or has ended"),
        }
    }
}

impl core::error::Error for RedbStoreError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(&**error),
            _ => None,
        }
    }
}
