//! More accounts than may have unmerged changes, so that some are merged and some are in the journal.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use pollster::block_on;
use redb::{Database, ReadableDatabase, ReadableTableMetadata, TableDefinition};
use secondo::store::{Enumerate, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};
use secondo_redb::{RedbOptions, RedbStore};

const ACCOUNTS: usize = 70_400;
const CALLERS: usize = 64;

/// Returns a temporary folder, in memory if possible, where many commits are fast.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

fn put(store: &RedbStore, n: usize, value: &str) {
    let id = AccountId::new(&n.to_string()).unwrap();
    let revision = block_on(store.load(&id)).unwrap().map(|entry| entry.revision);
    let expiry = n.is_multiple_of(10).then(|| UnixTime::from_secs(1).unwrap());
    let stored = block_on(store.compare_exchange(&id, revision, Value::from(value.as_bytes()), expiry));
    assert_eq!(stored.unwrap(), Exchange::Stored);
}

/// Returns the value and the revision of every id that is listed.
fn contents(store: &RedbStore) -> BTreeMap<AccountId, (String, Revision)> {
    let (mut contents, mut last) = (BTreeMap::new(), None);
    loop {
        let ids = block_on(store.ids_after(last.as_ref())).unwrap();
        let Some(end) = ids.last().copied() else { return contents };
        for id in ids {
            let entry = block_on(store.load(&id)).unwrap().unwrap();
            contents.insert(id, (String::from_utf8(entry.value.as_ref().to_vec()).unwrap(), entry.revision));
        }
        last = Some(end);
    }
}

fn merged(path: &Path) -> u64 {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_read().unwrap();
    transaction.open_table(TableDefinition::<&[u8], &[u8]>::new("secondo-entries")).unwrap().len().unwrap()
}

#[test]
fn nothing_is_lost_between_the_journal_and_the_table_of_entries() {
    let folder = folder();
    let [path, backup] = ["accounts.redb", "backup.redb"].map(|name| folder.path().join(name));
    let store = RedbStore::open(&path).unwrap();
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let store = &store;
            scope.spawn(move || (caller..ACCOUNTS).step_by(CALLERS).for_each(|n| put(store, n, "first")));
        }
    });
    put(&store, 7, "second");
    assert_eq!(block_on(store.purge(UnixTime::from_secs(1).unwrap())).unwrap(), (ACCOUNTS / 10) as u64);
    let all = contents(&store);
    assert_eq!(all.len(), ACCOUNTS - ACCOUNTS / 10);
    for (id, (value, _)) in &all {
        assert!(!id.as_str().ends_with('0') && value == if id.as_str() == "7" { "second" } else { "first" });
    }
    store.backup(&backup).unwrap();
    drop(store);
    assert!((1..ACCOUNTS as u64 / 2).contains(&merged(&path)), "{} are merged", merged(&path));
    assert!(contents(&RedbStore::open(&path).unwrap()) == all);
    RedbOptions::new().compact(&path).unwrap();
    for path in [&path, &backup] {
        assert_eq!(merged(path), all.len() as u64);
        assert!(contents(&RedbStore::open(path).unwrap()) == all);
    }
}
