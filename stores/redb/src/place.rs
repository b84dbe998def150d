use alloc::boxed::Box;
use core::fmt;
use core::ops::Bound;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use crate::RedbStoreError;
use crate::file::{check_mode, create, sync_folder};

/// The path of a store, and the file that was found there first. No other file is opened afterwards.
pub(crate) struct Place {
    path: PathBuf,
    /// The file, by a handle that keeps its number from being used for another file after a removal.
    first: OnceLock<(Identity, File)>,
}

impl Place {
    /// Returns the place of this path, which stays the same if the process changes its folder.
    pub(crate) fn new(path: &Path) -> Result<Self, RedbStoreError> {
        Ok(Self { path: std::path::absolute(path)?, first: OnceLock::new() })
    }

    /// Opens the file, and at first creates it if it does not exist.
    pub(crate) fn open(&self) -> Result<Box<dyn StorageBackend>, RedbStoreError> {
        let first = self.first.get().map(|(identity, _)| *identity);
        // After a removal, a new file would make everybody unknown.
        if first.is_none() && !self.path.try_exists()? {
            match create(&self.path, None) {
                // Another process created the file meanwhile.
                Err(RedbStoreError::Io(error)) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => created?,
            }
        }
        let file = match OpenOptions::new().read(true).write(true).open(&self.path) {
            Err(error) if first.is_some() && error.kind() == io::ErrorKind::NotFound => {
                return Err(RedbStoreError::Replaced);
            }
            opened => opened?,
        };
        #[cfg(unix)]
        check_mode(&file)?;
        sync_folder(&self.path)?;
        let identity = Identity::of(&file.metadata()?);
        if first.is_some_and(|first| first != identity) {
            return Err(RedbStoreError::Replaced);
        }
        let watched = Watched { file: FileBackend::new(file)?, identity, path: self.path.clone() };
        watched.must_be_at_its_path()?;
        if first.is_none() {
            let pinned = File::open(&self.path)?;
            watched.must_be_at_its_path()?;
            let _ = self.first.set((identity, pinned));
        }
        Ok(Box::new(watched))
    }
}

/// The number of a file in its file system, and the file system's.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity {
    #[cfg(unix)]
    numbers: (u64, u64),
}

impl Identity {
    #[cfg_attr(not(unix), expect(unused_variables, reason = "files have no numbers here"))]
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            #[cfg(unix)]
            numbers: {
                use std::os::unix::fs::MetadataExt;
                (metadata.dev(), metadata.ino())
            },
        }
    }
}

/// A file whose syncs fail if the path no longer leads to it.
///
/// A commit is answered after its last sync, so none is answered that a restart would not find.
struct Watched {
    file: FileBackend,
    identity: Identity,
    path: PathBuf,
}

impl Watched {
    fn must_be_at_its_path(&self) -> io::Result<()> {
        match fs::metadata(&self.path) {
            Ok(found) if Identity::of(&found) == self.identity => Ok(()),
            Ok(_) => Err(io::Error::other(RedbStoreError::Replaced)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(io::Error::other(RedbStoreError::Replaced)),
            Err(error) => Err(error),
        }
    }
}

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()?;
        self.must_be_at_its_path()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched(..)")
    }
}
