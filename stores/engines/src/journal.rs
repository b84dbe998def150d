//! redb with a second table as a journal.
//!
//! A commit appends the batch to the journal, so it writes few pages whatever the number of accounts. What
//! the journal has is in memory too. When that is enough, a commit also merges entries into the first table, in the
//! order of their keys, so that neighbours share pages. Each merge goes on where the one before it ended.

use std::mem;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, RwLock};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::engine::{
    Changes, Engine, Entries, Entry, Error, Opened, Read, Request, Revisions, Table, perform, revision_of,
};
use crate::redb::{ENTRIES, META, Snapshot, after, database, load, snapshot};

type Row<'r> = Vec<(&'r str, &'r [u8])>;

/// The changes that are not all merged, some in each row, under the number of changes before it.
const JOURNAL: TableDefinition<u64, Row<'static>> = TableDefinition::new("journal");

/// The number of changes in a row, so that a row fits a page. redb rewrites a larger one when its neighbour changes.
const IN_ROW: usize = 16;

struct Journal {
    database: Database,
    revisions: Revisions,
    state: Arc<State>,
    low: usize,
    high: usize,
    cursor: Cursor,
}

/// The place where the next merge begins.
#[derive(Clone)]
struct Cursor {
    /// The number of changes before the next batch.
    next: u64,
    /// The last id that was merged, or nothing if all ids were.
    merged: Box<str>,
    /// The number of changes that were in the journal when the ids were begun from the first.
    begun: u64,
    /// The number of changes that are merged.
    done: u64,
}

/// The entries as of the last commit: those in memory, and those in the table that are not in memory.
struct State(RwLock<(Entries, Arc<Snapshot>)>);

pub(crate) fn open(folder: &Path, low: usize, high: usize) -> Result<Opened, Error> {
    let (database, revisions) = database(folder)?;
    let transaction = database.begin_write()?;
    transaction.open_table(JOURNAL)?;
    transaction.commit()?;
    let mut pending = Entries::new();
    let mut next = 0;
    let mut done = None;
    for row in database.begin_read()?.open_table(JOURNAL)?.iter()? {
        let (number, row) = row?;
        let row = row.value();
        done.get_or_insert(number.value());
        next = number.value() + row.len() as u64;
        pending.extend(row.into_iter().map(|(id, bytes)| (id.into(), bytes.into())));
    }
    let state = Arc::new(State(RwLock::new((pending, snapshot(&database)?))));
    let cursor = Cursor { next, merged: "".into(), begun: next, done: done.unwrap_or(next) };
    Ok((Box::new(Journal { database, revisions, state: state.clone(), low, high, cursor }), state))
}

impl Engine for Journal {
    fn apply(&mut self, requests: &[Request]) -> Result<Vec<bool>, Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_two_phase_commit(true);
        let mut entries = transaction.open_table(ENTRIES)?;
        let mut journal = transaction.open_table(JOURNAL)?;
        let state = self.state.0.read().unwrap();
        let pending = &state.0;
        let before = |id: &str| pending.get(id).map_or_else(|| entries.revision(id), |bytes| revision_of(bytes));
        let mut changes = Changes { changed: Entries::new(), before };
        let stored = perform(requests, &mut self.revisions, &mut changes)?;
        let batch = changes.changed;

        let mut cursor = self.cursor.clone();
        let rows: Vec<_> = batch.iter().map(|(id, bytes)| (&**id, &**bytes)).collect();
        for (number, row) in (cursor.next..).step_by(IN_ROW).zip(rows.chunks(IN_ROW)) {
            journal.insert(number, row.to_vec())?;
        }
        let mut merged = Vec::new();
        // Few accounts that change often are few in memory and many in the journal.
        if pending.len() >= self.high || cursor.next - cursor.done >= (4 * pending.len() + self.high - self.low) as u64
        {
            if cursor.merged.is_empty() {
                cursor.begun = cursor.next;
            }
            let range = (Bound::Excluded(&*cursor.merged), Bound::Unbounded);
            for (id, bytes) in pending.range::<str, _>(range).take(self.high - self.low) {
                entries.put(id, bytes)?;
                merged.push(id.clone());
            }
            cursor.merged = merged.last().cloned().unwrap_or_default();
            if pending.last_key_value().is_none_or(|(last, _)| *last <= cursor.merged) {
                (cursor.merged, cursor.done) = (Box::default(), cursor.begun);
            }
        }
        for _ in 0..2 * merged.len() + 2 {
            if journal.first()?.is_none_or(|(number, _)| number.value() >= cursor.done) {
                break;
            }
            journal.pop_first()?;
        }
        drop(state);
        drop((entries, journal));
        if let Some(bound) = self.revisions.reserve() {
            transaction.open_table(META)?.insert("revisions", bound)?;
        }
        transaction.commit()?;

        cursor.next += batch.len() as u64;
        self.cursor = cursor;
        let snapshot = snapshot(&self.database)?;
        let mut state = self.state.0.write().unwrap();
        let (pending, committed) = &mut *state;
        for id in &merged {
            pending.remove(id);
        }
        pending.extend(batch);
        let old = mem::replace(committed, snapshot);
        drop(state);
        drop(old);
        Ok(stored)
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        self.database.close()?;
        Ok(())
    }
}

impl Read for State {
    fn load(&self, id: &str) -> Result<Option<Entry>, Error> {
        let state = self.0.read().unwrap();
        if let Some(bytes) = state.0.get(id) {
            return (!bytes.is_empty()).then(|| Entry::decode(bytes)).transpose();
        }
        let entries = state.1.clone();
        drop(state);
        load(&entries, id)
    }

    fn after(&self, id: &str, limit: usize) -> Result<Vec<(String, Entry)>, Error> {
        let state = self.0.read().unwrap();
        let mut found = std::collections::BTreeMap::new();
        let in_table = after(&state.1, id, limit)?;
        // Ids in memory count up to the last one of the table, unless the table has no more.
        let last = if in_table.len() == limit { in_table.last().map(|(id, _)| id.clone()) } else { None };
        found.extend(in_table);
        for (id, bytes) in state.0.range::<str, _>((Bound::Excluded(id), Bound::Unbounded)) {
            if last.as_ref().is_some_and(|last| **id > **last) {
                break;
            }
            if bytes.is_empty() {
                found.remove(&**id)
            } else {
                found.insert((**id).into(), Entry::decode(bytes)?)
            };
        }
        Ok(found.into_iter().collect())
    }
}
