//! Files whose checksums are right and whose rows are anything: the fuzz target `redb_rows`, on its committed seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use pollster::block_on;
use redb::{Database, TableDefinition};
use secondo::AccountId;
use secondo::store::{Enumerate, Exchange, Revision, Store, Value};
use secondo_redb::{RedbOptions, RedbStore, RedbStoreError};

const ENTRIES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("secondo-entries");
const JOURNAL: TableDefinition<u64, Vec<Change>> = TableDefinition::new("secondo-journal");
const MERGES: TableDefinition<(), Vec<Merge>> = TableDefinition::new("secondo-merges");
const META: TableDefinition<&str, u64> = TableDefinition::new("secondo-meta");

type Change<'a> = (&'a [u8], Option<&'a [u8]>);
type Merge<'a> = (Option<&'a [u8]>, u64);

/// The rows of a file, with the version of its format.
struct Rows<'a> {
    format: u64,
    entries: BTreeMap<&'a [u8], &'a [u8]>,
    journal: BTreeMap<u64, Vec<Change<'a>>>,
    merges: Vec<Merge<'a>>,
}

/// Checks that a file is opened if and only if its rows are as the documentation describes them, that a refused file is
/// unchanged, and that the entries of an accepted one are those that the documentation tells.
///
/// The bytes are lines of text. Each line describes a row. Spaces separate its fields, and `-` stands for a missing
/// one.
#[expect(clippy::missing_panics_doc, reason = "a failed check panics")]
pub fn rows(bytes: &[u8]) {
    let Some(rows) = Rows::parse(bytes) else { return };
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let path = folder.path().join("accounts.redb");
    drop(open(&path).unwrap());
    rows.write(&path);
    let before = fs::read(&path).unwrap();
    let mut store = match (open(&path), rows.format) {
        (Ok(store), 1 | 2) if rows.are_whole() => store,
        (Err(RedbStoreError::Corrupt), 1 | 2) if !rows.are_whole() => {
            return assert!(fs::read(&path).unwrap() == before);
        }
        (Err(RedbStoreError::Format { found }), format) if found == format && ![1, 2].contains(&format) => {
            return assert!(fs::read(&path).unwrap() == before);
        }
        (opened, _) => panic!("{opened:?}"),
    };
    rows.check(&store);
    let id = AccountId::new("another").unwrap();
    let current = rows.entry(b"another").map(parse);
    if current != Some(None) {
        // A further change is newer than all of the file.
        let revision = current.flatten().map(|(revision, _)| revision);
        let put = store.compare_exchange(&id, revision, Value::from(&b"new"[..]), None);
        assert_eq!(block_on(put).unwrap(), Exchange::Stored);
        drop(store);
        store = open(&path).unwrap();
        assert_eq!(block_on(store.load(&id)).unwrap().unwrap().value.as_ref(), b"new");
    }
    rows.check_corrupt(&store);
}

/// Returns the revision and the value of an entry, if it has both and an expiry.
fn parse(entry: &[u8]) -> Option<(Revision, &[u8])> {
    let (revision, rest) = entry.split_first_chunk()?;
    Some((Revision::new(u64::from_le_bytes(*revision)), rest.get(8..)?))
}

fn open(path: &Path) -> Result<RedbStore, RedbStoreError> {
    RedbOptions::new().with_cache(1 << 20).open(path)
}

fn id_of(id: &[u8]) -> Option<AccountId> {
    AccountId::new(std::str::from_utf8(id).ok()?).ok()
}

impl<'a> Rows<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut rows = Self { format: 2, entries: BTreeMap::new(), journal: BTreeMap::new(), merges: Vec::new() };
        let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u32>().ok().map(u64::from);
        let field = |text: &'a [u8]| (text != b"-").then_some(text);
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let fields: Vec<_> = line.split(|byte| *byte == b' ').collect();
            match fields[..] {
                [b"format", format] => rows.format = number(format)?,
                [b"entry", id, bytes] => _ = rows.entries.insert(id, bytes),
                [b"merge", last, at] => rows.merges.push((field(last), number(at)?)),
                [b"changes", before, ref changes @ ..] => {
                    let changes = changes.as_chunks::<2>().0.iter().map(|[id, bytes]| (*id, field(bytes))).collect();
                    rows.journal.insert(number(before)?, changes);
                }
                _ => return None,
            }
        }
        // The first format has no journal.
        if rows.format == 1 {
            (rows.journal, rows.merges) = Default::default();
        }
        Some(rows)
    }

    fn write(&self, path: &Path) {
        let database = Database::open(path).unwrap();
        let transaction = database.begin_write().unwrap();
        for (id, bytes) in &self.entries {
            transaction.open_table(ENTRIES).unwrap().insert(id, bytes).unwrap();
        }
        for (before, changes) in &self.journal {
            transaction.open_table(JOURNAL).unwrap().insert(before, changes).unwrap();
        }
        if !self.merges.is_empty() {
            transaction.open_table(MERGES).unwrap().insert((), &self.merges).unwrap();
        }
        transaction.open_table(META).unwrap().insert("format", self.format).unwrap();
        transaction.commit().unwrap();
    }

    /// Returns `true` if the ids of the journal are valid, no row of unmerged changes is missing, and all merged
    /// changes were made.
    fn are_whole(&self) -> bool {
        let mut next = self.journal.keys().next().copied().unwrap_or(0);
        let is_first = next <= self.merges.first().map_or(0, |(_, at)| *at);
        let are_rows = self.journal.iter().all(|(before, changes)| {
            let is_next = *before == next;
            next = before + changes.len() as u64;
            is_next && changes.iter().all(|(id, _)| id_of(id).is_some())
        });
        let is_merge = |(last, at): &Merge| *at <= next && last.is_none_or(|last| id_of(last).is_some());
        is_first && are_rows && self.merges.iter().all(is_merge)
    }

    /// Returns the number of changes when the range of this id was merged last. The ranges that were merged since the
    /// last range of all ids are newer.
    fn merged(&self, id: &[u8]) -> u64 {
        let newer = self.merges.iter().position(|(last, _)| last.is_none()).map_or(0, |last| last + 1);
        let (older, newer) = self.merges.split_at(newer);
        let is_in = |(last, _): &&Merge| last.is_none_or(|last| id <= last);
        newer.iter().find(is_in).or(older.iter().find(is_in)).map_or(0, |(_, at)| *at)
    }

    /// Returns the bytes of an entry.
    fn entry(&self, id: &[u8]) -> Option<&[u8]> {
        let (mut bytes, merged) = (self.entries.get(id).copied(), self.merged(id));
        for (before, changes) in &self.journal {
            for (change, (_, new)) in (*before..).zip(changes).filter(|(_, (of, _))| *of == id) {
                if change >= merged {
                    bytes = *new;
                }
            }
        }
        bytes
    }

    fn ids(&self) -> BTreeSet<AccountId> {
        let changed = self.journal.values().flatten().map(|(id, _)| *id);
        self.entries.keys().copied().chain(changed).filter_map(id_of).collect()
    }

    fn check(&self, store: &RedbStore) {
        let is_entry = |id: &AccountId| self.entry(id.as_str().as_bytes()).is_some();
        if self.are_listed() {
            let listed: Vec<_> = self.ids().into_iter().filter(is_entry).collect();
            assert_eq!(block_on(store.ids_after(None)).unwrap(), listed);
        }
        for id in self.ids() {
            let entry = self.entry(id.as_str().as_bytes()).map(parse);
            if entry != Some(None) {
                let loaded = block_on(store.load(&id)).unwrap();
                assert_eq!(loaded.as_ref().map(|loaded| (loaded.revision, loaded.value.as_ref())), entry.flatten());
            }
        }
    }

    /// Returns `true` if all ids of the table of entries are valid. An empty one is before the first that is listed.
    fn are_listed(&self) -> bool {
        self.entries.keys().all(|id| id.is_empty() || id_of(id).is_some())
    }

    /// Checks what must fail. After such an error, the store fails until it has opened the file again.
    fn check_corrupt(&self, store: &RedbStore) {
        if !self.are_listed() {
            assert!(matches!(block_on(store.ids_after(None)), Err(RedbStoreError::Corrupt)));
        }
        let is_corrupt = |id: &AccountId| self.entry(id.as_str().as_bytes()).map(parse) == Some(None);
        for id in self.ids().into_iter().filter(is_corrupt) {
            assert!(matches!(block_on(store.load(&id)), Err(RedbStoreError::Corrupt)));
        }
    }
}

#[test]
fn rows_are_read_as_documented_or_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/redb_rows");
    let seeds: Vec<_> = fs::read_dir(seeds).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty());
    for seed in seeds {
        rows(&seed);
    }
}
