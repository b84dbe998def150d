use core::num::NonZeroU16;
use core::time::Duration;
use std::path::Path;

use crate::{RedbStore, RedbStoreError, file};

/// How a file is opened: how long an exchange may take, how many may wait, and how much of the file is kept in memory.
///
/// The default: 5 seconds, 1,024 exchanges, 1 GiB.
///
/// ```no_run
/// use core::time::Duration;
/// use secondo_redb::RedbOptions;
///
/// let options = RedbOptions::new().with_timeout(Duration::from_secs(2)).with_cache(64 << 20);
/// let store = options.open("/var/lib/idp/authenticators.redb")?;
/// # Ok::<(), secondo_redb::RedbStoreError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedbOptions {
    pub(crate) timeout: Duration,
    pub(crate) queue: NonZeroU16,
    pub(crate) cache: usize,
}

impl RedbOptions {
    /// The default.
    #[must_use]
    pub const fn new() -> Self {
        let queue = const { NonZeroU16::new(1024).unwrap() };
        Self { timeout: Duration::from_secs(5), queue, cache: 1 << 30 }
    }

    /// How long an exchange may take, with its wait, before it fails with [`RedbStoreError::Timeout`].
    ///
    /// What the disk has begun cannot be interrupted: the store is busy until the disk answers, and opening is not
    /// timed.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many exchanges wait while others are being committed. One more fails at once with [`RedbStoreError::Busy`].
    #[must_use]
    pub const fn with_queue(mut self, exchanges: NonZeroU16) -> Self {
        self.queue = exchanges;
        self
    }

    /// How many bytes of the file redb may keep in memory. Where all of it has room, about 300 bytes for each authenticator,
    /// no login waits for the disk to read.
    #[must_use]
    pub const fn with_cache(mut self, bytes: usize) -> Self {
        self.cache = bytes;
        self
    }

    /// Opens the file at this path; makes it if there is none.
    ///
    /// It blocks while the whole file is read and its checksums are verified, which takes about 0.2 seconds for a
    /// million authenticators that the operating system has in memory. After a crash it repairs what was cut off.
    ///
    /// # Errors
    ///
    /// [`RedbStoreError::InUse`]; [`RedbStoreError::Exposed`], [`RedbStoreError::NotRedb`], [`RedbStoreError::Foreign`],
    /// [`RedbStoreError::Format`] or [`RedbStoreError::Corrupt`], and then the file is as it was;
    /// [`RedbStoreError::DiskFull`], [`RedbStoreError::Io`] or [`RedbStoreError::Stopped`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<RedbStore, RedbStoreError> {
        let path = path.as_ref().to_path_buf();
        RedbStore::start(self, move || file::open_or_create(&path))
    }
}

impl Default for RedbOptions {
    fn default() -> Self {
        Self::new()
    }
}
