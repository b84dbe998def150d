use alloc::sync::Arc;
use core::fmt;
use std::io;

use redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};

/// An error from the store.
///
/// After an error of an exchange, its value may or may not be stored: see [Faults](crate#faults). The error holds no id
/// and no value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RedbStoreError {
    /// The disk is full. Service resumes by itself when there is room.
    DiskFull,
    /// The operating system failed to read, write or sync the file. The store opens the file again until that succeeds.
    Io(Arc<io::Error>),
    /// The file is already open, in this process or another.
    InUse,
    /// The file's mode gives access to users other than its owner and its group. A user who can write to the file can
    /// put old records back, so that used codes are accepted again.
    Exposed {
        /// The permission bits of the file's mode.
        mode: u32,
    },
    /// The path no longer leads to the file that the store opened: the file was removed, or another one is in its
    /// place. After a restart, the writes to the first one would be lost. What was answered before is in the first
    /// file.
    Replaced,
    /// The file is not a redb file, or it has format 1 or 2, which redb wrote before version 3.
    NotRedb,
    /// The file is a redb file, but not one of this store.
    Foreign,
    /// The file is one of this store, in the format of another version of this library.
    Format {
        /// The format's number in the file.
        found: u64,
    },
    /// The file is not as it was written: its checksums do not match, or the data under them makes no sense. A file of
    /// a later redb, in a format after 3, also gives this error.
    Corrupt,
    /// The [queue](crate::RedbOptions::with_queue) of waiting exchanges is full. Nothing was stored.
    Busy,
    /// The disk did not answer within [the timeout](crate::RedbOptions::with_timeout).
    Timeout,
    /// A thread of the store could not be started, or has ended.
    Stopped,
}

impl RedbStoreError {
    /// Returns a short name of the variant, for use as a metric label.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::DiskFull => "disk_full",
            Self::Io(_) => "io",
            Self::InUse => "in_use",
            Self::Exposed { .. } => "exposed",
            Self::Replaced => "replaced",
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
        let error = match error.downcast::<Self>() {
            Ok(ours) => return ours,
            Err(error) => error,
        };
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::DiskFull,
            // redb's error for a file that does not begin as its files do.
            io::ErrorKind::InvalidData => Self::NotRedb,
            // The file is shorter than it says.
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
                Self::Io(Arc::new(io::Error::other("the file was closed after an error")))
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
            Self::DiskFull => f.write_str("the disk is full"),
            Self::Io(_) => f.write_str("the file could not be read, written or synced"),
            Self::InUse => f.write_str("the file is already open, in this process or another"),
            Self::Exposed { mode } => {
                write!(f, "the file has mode {mode:04o}, which gives other users access: run `chmod o=` on it")
            }
            Self::Replaced => f.write_str(
                "the file was removed or replaced while it was open: put the file back at its path, or stop the service \
                 before a backup is restored",
            ),
            Self::NotRedb => f.write_str("the file is not a redb file, or has a format from before redb 3"),
            Self::Foreign => f.write_str("the file is a redb file, but not one of this store"),
            Self::Format { found } => write!(f, "the file has format {found}; this version reads formats 1 and 2"),
            Self::Corrupt => f.write_str("the file is corrupt"),
            Self::Busy => f.write_str("too many exchanges are waiting for the disk"),
            Self::Timeout => f.write_str("the disk did not answer in time"),
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
