//! Compaction: a file that holds only its current entries.

use std::fs;
use std::path::Path;

use pollster::block_on;
use secondo::store::{Exchange, Store, Value};
use secondo::{AccountId, UnixTime};
use secondo_redb::{RedbOptions, RedbStore, RedbStoreError};

/// Returns a temporary folder, in memory if possible, where many commits are fast.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

fn put(store: &RedbStore, id: &str, value: &[u8], expiry: Option<UnixTime>) {
    let id = AccountId::new(id).unwrap();
    let revision = block_on(store.load(&id)).unwrap().map(|entry| entry.revision);
    assert_eq!(block_on(store.compare_exchange(&id, revision, Value::from(value), expiry)).unwrap(), Exchange::Stored);
}

fn holds(file: &[u8], text: &[u8]) -> bool {
    file.windows(text.len()).any(|bytes| bytes == text)
}

#[test]
fn what_was_revoked_is_not_in_the_file_any_more() {
    let folder = folder();
    let path = folder.path().join("accounts.redb");
    let time = UnixTime::from_secs(1).unwrap();
    let store = RedbStore::open(&path).unwrap();
    put(&store, "rossi", b"before", None);
    for n in 0..1_000 {
        put(&store, &format!("closed/{n}"), &[b'x'; 300], Some(time));
    }
    assert_eq!(block_on(store.purge(time)).unwrap(), 1_000);
    put(&store, "rossi", b"with a phone that was lost", None);
    put(&store, "rossi", b"without it", None);
    let revision = block_on(store.load(&AccountId::new("rossi").unwrap())).unwrap().unwrap().revision;

    assert!(matches!(RedbOptions::new().compact(&path), Err(RedbStoreError::InUse)));
    // Closing may cut free pages off.
    let before = fs::read(&path).unwrap();
    drop(store);
    assert!(holds(&before, b"with a phone") && holds(&before, b"closed/1"), "the test shows nothing");
    RedbOptions::new().compact(&path).unwrap();
    let after = fs::read(&path).unwrap();
    assert!(!holds(&after, b"with a phone") && !holds(&after, b"closed/") && holds(&after, b"without it"));
    // The size before differs from run to run, since redb may shorten a file at a commit. The revoked values are 300
    // kB.
    assert!(after.len() < 1_000 * 300 / 3, "{} bytes", after.len());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");

    let store = RedbStore::open(&path).unwrap();
    let entry = block_on(store.load(&AccountId::new("rossi").unwrap())).unwrap().unwrap();
    assert_eq!((entry.revision, entry.value.as_ref()), (revision, &b"without it"[..]));
    // A revision is never used again.
    put(&store, "rossi", b"next", None);
    let next = block_on(store.load(&AccountId::new("rossi").unwrap())).unwrap().unwrap().revision;
    assert!(next.get() > revision.get(), "{next:?} {revision:?}");
}

#[test]
fn a_file_that_is_not_accepted_is_not_compacted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.redb");
    assert!(matches!(RedbOptions::new().compact(&path), Err(RedbStoreError::Io(_))));
    fs::write(&path, "other").unwrap();
    #[cfg(unix)]
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert!(matches!(RedbOptions::new().compact(&path), Err(RedbStoreError::NotRedb)));
    assert_eq!(fs::read(&path).unwrap(), b"other");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
}

#[cfg(unix)]
#[test]
fn the_mode_of_the_file_and_a_link_to_it_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("accounts.redb"), folder.path().join("link"));
    put(&RedbStore::open(&path).unwrap(), "rossi", b"value", None);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
    symlink(&path, &link).unwrap();
    RedbOptions::new().compact(&link).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o660);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(RedbOptions::new().compact(&path), Err(RedbStoreError::Exposed { mode: 0o644 })));
}

/// An administrator may compact the file of a service that runs as another user.
#[cfg(unix)]
#[test]
fn the_owner_and_the_group_of_the_file_stay() {
    use std::os::unix::fs::{MetadataExt, chown};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.redb");
    put(&RedbStore::open(&path).unwrap(), "rossi", b"value", None);
    let (owner, group) = (4_321, 5_432);
    if chown(&path, Some(owner), Some(group)).is_err() {
        return store_testing::report!("redb: not tested, since only root can give a file to others");
    }
    RedbOptions::new().compact(&path).unwrap();
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (owner, group));
}
