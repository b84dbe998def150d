//! The public suite, on a disk whose writes and syncs fail on request, and that loses power at each restart.

use std::cell::Cell;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use pollster::block_on;
use secondo::UnixTime;
use secondo::store::conformance::{Harness, NotApplicable, check, check_listing};

use super::disk::{Disk, Failing};
use crate::file::StoreFile;
use crate::{RedbOptions, RedbStore, RedbStoreError, lock};

struct OnDisk {
    disk: Disk,
    /// The open store. The file can be opened only once, so handles are clones of this store.
    store: Mutex<Option<RedbStore>>,
    broken: Mutex<Cell<usize>>,
}

impl OnDisk {
    fn start(&self) -> RedbStore {
        let disk = self.disk.clone();
        RedbStore::start(RedbOptions::new(), move || Ok(disk.open())).unwrap()
    }
}

impl Harness for OnDisk {
    type Store<'a> = RedbStore;

    fn connect(&self) -> RedbStore {
        let store = lock(&self.store).get_or_insert_with(|| self.start()).clone();
        // After a failure, the store needs a moment to open the file again.
        let given_up = Instant::now() + Duration::from_secs(60);
        while let Err(error) = block_on(store.purge(UnixTime::from_secs(0).unwrap())) {
            assert!(Instant::now() < given_up, "{error:?}");
            thread::sleep(Duration::from_millis(1));
        }
        store
    }
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        block_on(future)
    }
    fn forget_expired(&self, now: UnixTime) {
        block_on(self.connect().purge(now)).unwrap();
    }
    fn break_next_write(&self) -> Result<(), NotApplicable> {
        let broken = lock(&self.broken);
        broken.set(broken.get() + 1);
        self.disk.fail([Failing::Write, Failing::Sync, Failing::AfterSync][broken.get() % 3]);
        Ok(())
    }
    fn restart(&self) -> Result<(), NotApplicable> {
        self.disk.cut_after(0);
        lock(&self.store).take();
        self.disk.restart(|n| n % 2 == 0);
        Ok(())
    }
}

#[test]
fn it_keeps_the_contract() {
    let disk = Disk::default();
    StoreFile::create(disk.open(), None).unwrap();
    let harness = OnDisk { disk, store: Mutex::default(), broken: Mutex::default() };
    let report = check(&harness).unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!((report.passed().count(), report.not_applicable().count()), (10, 0), "{report}");
    assert_eq!(lock(&harness.broken).get(), 20);
}

#[test]
fn it_lists_every_id() {
    let disk = Disk::default();
    StoreFile::create(disk.open(), None).unwrap();
    check_listing(&OnDisk { disk, store: Mutex::default(), broken: Mutex::default() }).unwrap();
}

/// Dashboards and alerts depend on the labels.
#[test]
fn errors_have_labels() {
    let full = RedbStoreError::from(std::io::Error::from(std::io::ErrorKind::StorageFull));
    let failed = RedbStoreError::from(std::io::Error::other("failing"));
    let gone = RedbStoreError::from(std::io::Error::other(RedbStoreError::Replaced));
    assert_eq!((full.label(), failed.label(), gone.label()), ("disk_full", "io", "replaced"));
}
