//! redb as `secondo-redb` uses it: one table, and one commit of two phases for each batch.

use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, RwLock};

use redb::{Builder, Database, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition};

use crate::engine::{Engine, Entry, Error, Opened, Read, Request, Revisions, Table, perform, revision_of};

pub(crate) type Definition = TableDefinition<'static, &'static str, &'static [u8]>;
pub(crate) type Snapshot = ReadOnlyTable<&'static str, &'static [u8]>;

pub(crate) const ENTRIES: Definition = TableDefinition::new("entries");
pub(crate) const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

struct Redb {
    database: Database,
    revisions: Revisions,
    committed: Arc<Committed>,
}

/// The entries as of the last commit.
struct Committed(RwLock<Arc<Snapshot>>);

/// Opens the file, repairs it after a crash, and verifies every checksum.
pub(crate) fn database(folder: &Path) -> Result<(Database, Revisions), Error> {
    let mut builder = Builder::new();
    builder.set_cache_size(1 << 30).set_check_integrity_on_open(true);
    let database = builder.create(folder.join("entries.redb"))?;
    let transaction = database.begin_write()?;
    transaction.open_table(ENTRIES)?;
    let reserved = transaction.open_table(META)?.get("revisions")?.map_or(0, |bound| bound.value());
    transaction.commit()?;
    Ok((database, Revisions::new(reserved)))
}

pub(crate) fn snapshot(database: &Database) -> Result<Arc<Snapshot>, Error> {
    Ok(Arc::new(database.begin_read()?.open_table(ENTRIES)?))
}

pub(crate) fn open(folder: &Path) -> Result<Opened, Error> {
    let (database, revisions) = database(folder)?;
    let committed = Arc::new(Committed(RwLock::new(snapshot(&database)?)));
    Ok((Box::new(Redb { database, revisions, committed: committed.clone() }), committed))
}

impl Engine for Redb {
    fn apply(&mut self, requests: &[Request]) -> Result<Vec<bool>, Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_two_phase_commit(true);
        let mut table = transaction.open_table(ENTRIES)?;
        let stored = perform(requests, &mut self.revisions, &mut table)?;
        drop(table);
        if let Some(bound) = self.revisions.reserve() {
            transaction.open_table(META)?.insert("revisions", bound)?;
        }
        transaction.commit()?;
        let new = snapshot(&self.database)?;
        *self.committed.0.write().unwrap() = new;
        Ok(stored)
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        self.database.close()?;
        Ok(())
    }
}

impl Table for redb::Table<'_, &'static str, &'static [u8]> {
    fn revision(&self, id: &str) -> Result<Option<u64>, Error> {
        self.get(id)?.map_or(Ok(None), |bytes| revision_of(bytes.value()))
    }

    fn put(&mut self, id: &str, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            self.remove(id)?
        } else {
            self.insert(id, bytes)?
        };
        Ok(())
    }
}

pub(crate) fn load(entries: &Snapshot, id: &str) -> Result<Option<Entry>, Error> {
    entries.get(id)?.map(|bytes| Entry::decode(bytes.value())).transpose()
}

pub(crate) fn after(entries: &Snapshot, id: &str, limit: usize) -> Result<Vec<(String, Entry)>, Error> {
    let range = entries.range::<&str>((Bound::Excluded(id), Bound::Unbounded))?;
    let decode = |entry: Result<(redb::AccessGuard<&str>, redb::AccessGuard<&[u8]>), redb::StorageError>| {
        let (id, bytes) = entry?;
        Ok((id.value().to_owned(), Entry::decode(bytes.value())?))
    };
    range.take(limit).map(decode).collect()
}

impl Committed {
    fn now(&self) -> Arc<Snapshot> {
        self.0.read().unwrap().clone()
    }
}

impl Read for Committed {
    fn load(&self, id: &str) -> Result<Option<Entry>, Error> {
        load(&self.now(), id)
    }

    fn after(&self, id: &str, limit: usize) -> Result<Vec<(String, Entry)>, Error> {
        after(&self.now(), id, limit)
    }
}
