use core::num::NonZeroU16;
use core::time::Duration;

use system::path::Path;

use crate::disk::Disk;
use crate::{RedbStore, RedbStoreError};

/// The settings that the group commit uses.
#[derive(Clone, Copy)]
pub struct RedbOptions {
    pub timeout: Duration,
    pub queue: NonZeroU16,
    pub cache: usize,
}

impl RedbOptions {
    pub fn new() -> Self {
        Self { timeout: Duration::from_secs(5), queue: NonZeroU16::MAX, cache: 0 }
    }

    /// Starts the store on a simulated disk.
    ///
    /// # Panics
    ///
    /// Panics if the disk is broken.
    pub fn start(self, disk: &Disk) -> RedbStore {
        let disk = disk.clone();
        RedbStore::start(self, move || Ok(alloc::boxed::Box::new(disk.clone()))).unwrap()
    }

    /// Fails: there are no files here.
    pub fn open(self, _: impl AsRef<Path>) -> Result<RedbStore, RedbStoreError> {
        Err(RedbStoreError::NotRedb)
    }
}

impl Default for RedbOptions {
    fn default() -> Self {
        Self::new()
    }
}
