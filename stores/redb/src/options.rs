use core::num::NonZeroU16;
use core::time::Duration;
use std::path::Path;

use crate::place::Place;
use crate::{RedbStore, RedbStoreError, file};

/// The settings of a store in a file.
///
/// By default an exchange takes at most 5 seconds, at most 1,024 exchanges wait, and at most 1 GiB of the file is kept
/// in memory.
///
/// ```no_run
/// use core::time::Duration;
/// use secondo_redb::RedbOptions;
///
/// let options = RedbOptions::new().with_timeout(Duration::from_secs(2)).with_cache(64 << 20);
/// let store = options.open("/var/lib/idp/accounts.redb")?;
/// # Ok::<(), secondo_redb::RedbStoreError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedbOptions {
    pub(crate) timeout: Duration,
    pub(crate) queue: NonZeroU16,
    pub(crate) cache: usize,
}

impl RedbOptions {
    /// Creates the default settings.
    #[must_use]
    pub const fn new() -> Self {
        let queue = const { NonZeroU16::new(1024).unwrap() };
        Self { timeout: Duration::from_secs(5), queue, cache: 1 << 30 }
    }

    /// Sets the time that an exchange may take, including its wait, before it fails with [`RedbStoreError::Timeout`].
    ///
    /// A write that the disk has begun cannot be interrupted: the store stays busy until the disk answers. Opening a
    /// file and loads have no timeout.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the number of exchanges that may wait while others are committed. A further one fails at once with
    /// [`RedbStoreError::Busy`].
    #[must_use]
    pub const fn with_queue(mut self, exchanges: NonZeroU16) -> Self {
        self.queue = exchanges;
        self
    }

    /// Sets the number of bytes of the file that redb may keep in memory. The [unmerged changes](crate#the-journal)
    /// come on top.
    ///
    /// The file has about 430 bytes for each account with one authenticator, and more for each further one. If all of
    /// it fits, no login waits for the disk to read.
    #[must_use]
    pub const fn with_cache(mut self, bytes: usize) -> Self {
        self.cache = bytes;
        self
    }

    /// Opens the file at this path, and creates the file if it does not exist.
    ///
    /// This blocks while the whole file is read and its checksums are verified. It takes 0.2 to 0.4 seconds for a
    /// million accounts if the operating system has the file in memory. After a crash, it repairs interrupted
    /// writes.
    ///
    /// # Errors
    ///
    /// Returns [`RedbStoreError::InUse`] if the file is already open. Returns [`RedbStoreError::Exposed`],
    /// [`RedbStoreError::NotRedb`], [`RedbStoreError::Foreign`], [`RedbStoreError::Format`] or
    /// [`RedbStoreError::Corrupt`] if the store does not accept the file, which is then unchanged. Returns
    /// [`RedbStoreError::DiskFull`], [`RedbStoreError::Io`] or [`RedbStoreError::Stopped`] if the disk is full, if the
    /// file cannot be read or written, or if a thread cannot be started.
    pub fn open(self, path: impl AsRef<Path>) -> Result<RedbStore, RedbStoreError> {
        let place = Place::new(path.as_ref())?;
        RedbStore::start(self, move || place.open())
    }

    /// Replaces the file at this path by a copy that holds only the current entries, while no process has it open.
    ///
    /// The file keeps revoked, closed, purged and replaced entries in [its journal](crate#the-journal) for a while, and
    /// in its free pages until it uses these again. The copy has an empty journal and no free pages, so it holds no old
    /// entries and is smaller. Run it before the service starts, or while it is stopped:
    ///
    /// ```no_run
    /// use secondo_redb::RedbOptions;
    ///
    /// RedbOptions::new().compact("/var/lib/idp/accounts.redb")?;
    /// let store = RedbOptions::new().open("/var/lib/idp/accounts.redb")?;
    /// # Ok::<(), secondo_redb::RedbStoreError>(())
    /// ```
    ///
    /// The copy is beside the file until it is complete and on disk, so the disk needs room for it. It keeps the file's
    /// mode, owner and group. A crash leaves the old file or the new one whole, and may leave a file whose name ends in
    /// `.new-` and a number, to be removed. Backups made before keep what they have, and the disk may keep the blocks
    /// of the old file for a while.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::open`], among them [`RedbStoreError::InUse`] if a store has the file open, and
    /// [`RedbStoreError::Io`] if there is no file. The old file is then unchanged.
    pub fn compact(self, path: impl AsRef<Path>) -> Result<(), RedbStoreError> {
        file::compact(path.as_ref(), self.cache)
    }
}

impl Default for RedbOptions {
    fn default() -> Self {
        Self::new()
    }
}
