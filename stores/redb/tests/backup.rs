//! Copies of a store that is in use.

use std::env;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pollster::block_on;
use secondo::AccountId;
use secondo::store::{Entry, Enumerate, Exchange, Revision, Store, Value};
use secondo_redb::{RedbStore, RedbStoreError};

fn id(n: u32) -> AccountId {
    AccountId::new(&format!("account/{n}")).unwrap()
}

fn put(store: &RedbStore, n: u32, value: u32) {
    let revision = block_on(store.load(&id(n))).unwrap().map(|entry| entry.revision);
    let value = Value::from(&value.to_le_bytes()[..]);
    assert_eq!(block_on(store.compare_exchange(&id(n), revision, value, None)).unwrap(), Exchange::Stored);
}

fn get(store: &RedbStore, n: u32) -> Option<(Revision, u32)> {
    let Entry { revision, value } = block_on(store.load(&id(n))).unwrap()?;
    Some((revision, u32::from_le_bytes(value.as_ref().try_into().unwrap())))
}

#[test]
fn copy_is_of_one_moment_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = RedbStore::open(folder.path().join("accounts.redb")).unwrap();
    for n in 0..2_000 {
        put(&store, n, 0);
    }
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        // The first entry is always written before the second one.
        scope.spawn(|| {
            for value in (1..).take_while(|_| !stop.load(Ordering::Relaxed)) {
                put(&store, 0, value);
                put(&store, 1, value);
            }
        });
        for n in 0..5 {
            let path = folder.path().join(format!("backup-{n}.redb"));
            store.backup(&path).unwrap();
            let copy = RedbStore::open(&path).unwrap();
            let [(_, first), (_, second)] = [0, 1].map(|n| get(&copy, n).unwrap());
            assert!(first == second || first == second + 1, "{first} {second}");
            let ids = block_on(copy.ids_after(None)).unwrap();
            assert!(ids.len() == 1_000 && get(&copy, 1_999).is_some());
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn copy_never_uses_a_revision_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = RedbStore::open(folder.path().join("accounts.redb")).unwrap();
    for value in 0..50 {
        put(&store, 0, value);
    }
    store.backup(folder.path().join("backup.redb")).unwrap();
    let copy = RedbStore::open(folder.path().join("backup.redb")).unwrap();
    assert_eq!(get(&copy, 0), get(&store, 0));
    let (last, _) = get(&store, 0).unwrap();
    put(&copy, 0, 50);
    let (next, _) = get(&copy, 0).unwrap();
    assert!(next.get() > last.get());
}

#[test]
fn other_files_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.redb");
    let store = RedbStore::open(&path).unwrap();
    put(&store, 0, 1);
    let other = folder.path().join("other");
    fs::write(&other, "other").unwrap();
    // A file that is there, and the store's own file.
    for taken in [&other, &path] {
        assert!(matches!(store.backup(taken), Err(RedbStoreError::Io(_))));
    }
    assert!(matches!(store.backup(folder.path().join("missing/backup.redb")), Err(RedbStoreError::Io(_))));
    assert_eq!(fs::read(&other).unwrap(), b"other");
    put(&store, 0, 2);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "something was left behind");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let backup = folder.path().join("backup.redb");
        store.backup(&backup).unwrap();
        assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o7777, 0o600);
    }
}

/// All other paths here are absolute, so the tests can run at once.
#[test]
fn a_path_without_a_folder_is_in_the_current_one() {
    let folder = tempfile::tempdir().unwrap();
    let before = env::current_dir().unwrap();
    env::set_current_dir(folder.path()).unwrap();
    let store = RedbStore::open("accounts.redb").unwrap();
    put(&store, 0, 1);
    let backed_up = store.backup("backup.redb");
    env::set_current_dir(before).unwrap();
    backed_up.unwrap();
    // The store goes on with the file in the folder that was the current one.
    put(&store, 0, 2);
    let copy = RedbStore::open(folder.path().join("backup.redb")).unwrap();
    assert_eq!([&copy, &store].map(|store| get(store, 0).unwrap().1), [1, 2]);
}
