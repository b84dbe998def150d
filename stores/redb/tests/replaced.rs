//! Files that are removed or replaced while a store has them open.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use pollster::block_on;
use secondo::AccountId;
use secondo::store::{Exchange, Store, Value};
use secondo_redb::{RedbStore, RedbStoreError};

fn put(store: &RedbStore, id: &str, value: &str) -> Result<Exchange, RedbStoreError> {
    let id = AccountId::new(id).unwrap();
    let revision = block_on(store.load(&id))?.map(|entry| entry.revision);
    block_on(store.compare_exchange(&id, revision, Value::from(value.as_bytes()), None))
}

fn stored(store: &RedbStore, id: &str, value: &str) {
    assert_eq!(put(store, id, value).unwrap(), Exchange::Stored);
}

fn get(store: &RedbStore, id: &str) -> Result<Option<String>, RedbStoreError> {
    let entry = block_on(store.load(&AccountId::new(id).unwrap()))?;
    Ok(entry.map(|entry| String::from_utf8(entry.value.as_ref().to_vec()).unwrap()))
}

/// Asserts that all calls fail for longer than the store waits before it opens the file again.
fn stays_replaced(store: &RedbStore) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1_500) {
        for error in [put(store, "rossi", "later").unwrap_err(), get(store, "rossi").unwrap_err()] {
            assert!(matches!(error, RedbStoreError::Replaced), "{error:?}");
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn eventually<T>(mut what: impl FnMut() -> Result<T, RedbStoreError>) -> T {
    let given_up = Instant::now() + Duration::from_secs(60);
    loop {
        match what() {
            Ok(value) => return value,
            Err(error) => assert!(Instant::now() < given_up, "{error:?}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_file_that_was_removed_under_a_running_service_is_noticed_at_the_next_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.redb");
    let store = RedbStore::open(&path).unwrap();
    stored(&store, "rossi", "acknowledged");
    fs::remove_file(&path).unwrap();
    assert!(matches!(put(&store, "rossi", "lost"), Err(RedbStoreError::Replaced)));
    stays_replaced(&store);
    assert!(!path.exists(), "a new file would make everybody unknown");
    #[cfg(target_os = "linux")]
    {
        // The way to save the file that the docs describe.
        let ours = |entry: &fs::DirEntry| fs::read_link(entry.path()).is_ok_and(|to| deleted(&to, &path));
        let open = fs::read_dir("/proc/self/fd").unwrap().map(Result::unwrap).find(ours).unwrap();
        let saved = folder.path().join("saved.redb");
        fs::copy(open.path(), &saved).unwrap();
        let saved = RedbStore::open(&saved).unwrap();
        let found = get(&saved, "rossi").unwrap();
        assert!(matches!(found.as_deref(), Some("acknowledged" | "lost")), "{found:?}");
    }
}

#[cfg(target_os = "linux")]
fn deleted(link: &Path, path: &Path) -> bool {
    link.to_str() == Some(&format!("{} (deleted)", path.to_str().unwrap()))
}

#[test]
fn a_file_that_is_put_back_is_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.redb");
    let store = RedbStore::open(&path).unwrap();
    stored(&store, "rossi", "acknowledged");
    let away = folder.path().join("away.redb");
    fs::rename(&path, &away).unwrap();
    assert!(matches!(put(&store, "bianchi", "unknown"), Err(RedbStoreError::Replaced)));
    fs::rename(&away, &path).unwrap();
    assert_eq!(eventually(|| get(&store, "rossi")).as_deref(), Some("acknowledged"));
    assert_eq!(eventually(|| put(&store, "rossi", "after")), Exchange::Stored);
    drop(store);
    assert_eq!(get(&RedbStore::open(&path).unwrap(), "rossi").unwrap().as_deref(), Some("after"));
}

/// A backup has lost writes, so used codes would be accepted again. The operator restarts the service with it.
#[test]
fn a_backup_in_the_place_of_the_file_is_not_opened_before_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.redb");
    let backup = folder.path().join("backup.redb");
    let store = RedbStore::open(&path).unwrap();
    stored(&store, "rossi", "in the backup");
    store.backup(&backup).unwrap();
    stored(&store, "rossi", "acknowledged");
    // Removed first, so that the new file could have the number of the old one if it were free.
    fs::remove_file(&path).unwrap();
    assert!(matches!(put(&store, "rossi", "lost"), Err(RedbStoreError::Replaced)));
    fs::copy(&backup, &path).unwrap();
    stays_replaced(&store);
    let before = fs::read(&backup).unwrap();
    assert!(fs::read(&path).unwrap() == before, "the backup was changed");
    drop(store);
    assert_eq!(get(&RedbStore::open(&path).unwrap(), "rossi").unwrap().as_deref(), Some("in the backup"));
}

#[test]
fn a_folder_that_is_a_link_to_another_one_now_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second, link) = (folder.path().join("1"), folder.path().join("2"), folder.path().join("current"));
    for folder in [&first, &second] {
        fs::create_dir(folder).unwrap();
    }
    std::os::unix::fs::symlink(&first, &link).unwrap();
    let store = RedbStore::open(link.join("accounts.redb")).unwrap();
    stored(&store, "rossi", "acknowledged");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&second, &link).unwrap();
    assert!(matches!(put(&store, "rossi", "lost"), Err(RedbStoreError::Replaced)));
    assert_eq!(fs::read_dir(&second).unwrap().count(), 0, "a new file was created");
}

/// With a rename, the path leads to a file at each moment.
#[test]
fn a_backup_that_is_renamed_over_the_file_is_noticed_at_the_next_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("accounts.redb"), folder.path().join("backup.redb"));
    let store = RedbStore::open(&path).unwrap();
    stored(&store, "rossi", "in the backup");
    store.backup(&backup).unwrap();
    stored(&store, "rossi", "acknowledged");
    fs::rename(&backup, &path).unwrap();
    assert!(matches!(put(&store, "rossi", "lost"), Err(RedbStoreError::Replaced)));
    stays_replaced(&store);
}

/// The file may be at its place, so the operator must not be told to put it back.
#[test]
fn a_path_that_cannot_be_followed_is_an_error_of_the_system() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("1"), folder.path().join("current"));
    fs::create_dir(&real).unwrap();
    let lead_to = |target: &Path| {
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(target, &link).unwrap();
    };
    lead_to(&real);
    let store = RedbStore::open(link.join("accounts.redb")).unwrap();
    stored(&store, "rossi", "acknowledged");
    lead_to(&link);
    let error = put(&store, "bianchi", "unknown").unwrap_err();
    assert!(matches!(error, RedbStoreError::Io(_)), "{error:?}");
    lead_to(&real);
    assert_eq!(eventually(|| get(&store, "rossi")).as_deref(), Some("acknowledged"));
    assert_eq!(eventually(|| put(&store, "rossi", "after")), Exchange::Stored);
}
