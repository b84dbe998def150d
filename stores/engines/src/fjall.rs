//! fjall, with a batch that is synced at each commit.

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::engine::{Changes, Engine, Entries, Entry, Error, Opened, Read, Request, Revisions, perform, revision_of};

struct Fjall {
    database: Database,
    entries: Keyspace,
    meta: Keyspace,
    revisions: Revisions,
}

struct Reader(Keyspace);

pub(crate) fn open(folder: &Path, bytes: u64) -> Result<Opened, Error> {
    let database = Database::builder(folder.join("entries")).cache_size(1 << 30).open()?;
    let options = || KeyspaceCreateOptions::default().max_memtable_size(bytes);
    let (entries, meta) = (database.keyspace("entries", options)?, database.keyspace("meta", options)?);
    let reserved = match meta.get("revisions")? {
        Some(bound) => u64::from_le_bytes(*bound.first_chunk().ok_or("a short bound")?),
        None => 0,
    };
    let reader = Arc::new(Reader(entries.clone()));
    Ok((Box::new(Fjall { database, entries, meta, revisions: Revisions::new(reserved) }), reader))
}

impl Engine for Fjall {
    fn apply(&mut self, requests: &[Request]) -> Result<Vec<bool>, Error> {
        let before = |id: &str| self.entries.get(id)?.map_or(Ok(None), |bytes| revision_of(&bytes));
        let mut changes = Changes { changed: Entries::new(), before };
        let stored = perform(requests, &mut self.revisions, &mut changes)?;
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for (id, bytes) in changes.changed {
            if bytes.is_empty() {
                batch.remove(&self.entries, &*id);
            } else {
                batch.insert(&self.entries, &*id, &*bytes);
            }
        }
        if let Some(bound) = self.revisions.reserve() {
            batch.insert(&self.meta, "revisions", bound.to_le_bytes());
        }
        batch.commit()?;
        Ok(stored)
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }
}

impl Read for Reader {
    fn load(&self, id: &str) -> Result<Option<Entry>, Error> {
        self.0.get(id)?.map(|bytes| Entry::decode(&bytes)).transpose()
    }

    fn after(&self, id: &str, limit: usize) -> Result<Vec<(String, Entry)>, Error> {
        let range = self.0.range::<&str, _>((Bound::Excluded(id), Bound::Unbounded));
        let decode = |guard: fjall::Guard| {
            let (id, bytes) = guard.into_inner()?;
            Ok((String::from_utf8(id.to_vec())?, Entry::decode(&bytes)?))
        };
        range.take(limit).map(decode).collect()
    }
}
