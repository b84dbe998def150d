//! A table of changes. A commit writes few pages there, and later many changes are merged into the table of entries at
//! once.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter;
use core::ops::Bound;

use redb::{ReadOnlyTable, ReadableTable, TableDefinition, WriteTransaction};
use secondo::AccountId;

use crate::RedbStoreError;
use crate::file::{ENTRIES, id_of};

/// The table of changes, up to [`IN_ROW`] in a row. The key is the number of changes in all rows before it.
pub(crate) const JOURNAL: TableDefinition<u64, Row> = TableDefinition::new("secondo-journal");

/// Ids and the new bytes of their entries, or `None` for an entry that was removed.
type Row = Vec<(&'static [u8], Option<&'static [u8]>)>;

/// redb writes a row that is larger than a page once more when its neighbour changes.
const IN_ROW: usize = 16;

/// The number of unmerged changes from which on each commit merges some.
pub(crate) const UNMERGED: usize = if cfg!(test) { 40 } else { 65_536 };
/// The number of changes that such a commit merges at least.
pub(crate) const MERGED: usize = if cfg!(test) { 10 } else { 4_096 };

/// The last change of each entry, for entries that differ from the table of entries.
pub(crate) type Changes = BTreeMap<AccountId, Option<Arc<[u8]>>>;

/// The state of the journal as of one commit.
#[derive(Clone, Copy, Default)]
pub(crate) struct Journal {
    /// The number of the next change.
    next: u64,
    /// All changes before this number are merged, and their rows are removed one after the other.
    done: u64,
    /// The last id that was merged in this round of merges, or `None` if a round begins with the next merge.
    merged: Option<AccountId>,
    /// The number of the next change when the round began. All changes before it are merged when it ends.
    begun: u64,
}

impl Journal {
    /// Reads all rows, and returns the changes in them.
    pub(crate) fn replay(rows: &ReadOnlyTable<u64, Row>) -> Result<(Self, Changes), RedbStoreError> {
        let mut changes = Changes::new();
        let done = rows.first()?.map_or(0, |(number, _)| number.value());
        let mut next = done;
        for row in rows.iter()? {
            let (number, row) = row?;
            if number.value() != next {
                return Err(RedbStoreError::Corrupt);
            }
            for (id, bytes) in row.value() {
                changes.insert(id_of(id)?, bytes.map(Arc::from));
                next += 1;
            }
        }
        Ok((Self { next, done, ..Self::default() }, changes))
    }

    /// Appends a commit's changes, and merges some of the unmerged ones if they are many. Returns the ids of those.
    pub(crate) fn write(
        &mut self,
        transaction: &WriteTransaction,
        unmerged: &Changes,
        new: &Changes,
    ) -> Result<Vec<AccountId>, RedbStoreError> {
        // At least twice as many as are added, so that memory and the journal stay bounded.
        let merged = self.merge(transaction, unmerged, MERGED.max(2 * new.len()))?;
        let mut rows = transaction.open_table(JOURNAL)?;
        let new: Vec<_> = new.iter().map(|(id, bytes)| (id.as_bytes(), bytes.as_deref())).collect();
        for row in new.chunks(IN_ROW) {
            // Twice as many rows go as come, as long as some are done.
            for _ in 0..2 {
                if rows.first()?.is_some_and(|(number, _)| number.value() < self.done) {
                    rows.pop_first()?;
                }
            }
            rows.insert(self.next, row.to_vec())?;
            self.next += row.len() as u64;
        }
        Ok(merged)
    }

    /// Merges up to `count` changes in the order of their ids, since neighbours share pages. A round goes through all ids.
    fn merge(
        &mut self,
        transaction: &WriteTransaction,
        unmerged: &Changes,
        count: usize,
    ) -> Result<Vec<AccountId>, RedbStoreError> {
        // A few entries that change often are few changes in memory, and many in the journal.
        let many_rows = self.next - self.done >= (4 * unmerged.len() + MERGED) as u64;
        if unmerged.len() < UNMERGED && !many_rows {
            return Ok(Vec::new());
        }
        let after = match self.merged {
            None => {
                self.begun = self.next;
                Bound::Unbounded
            }
            Some(last) => Bound::Excluded(last),
        };
        let mut entries = transaction.open_table(ENTRIES)?;
        let mut rest = unmerged.range((after, Bound::Unbounded));
        let mut merged = Vec::new();
        for (id, bytes) in rest.by_ref().take(count) {
            match bytes {
                Some(bytes) => _ = entries.insert(id.as_bytes(), &**bytes)?,
                None => _ = entries.remove(id.as_bytes())?,
            }
            merged.push(*id);
        }
        self.merged = merged.last().copied();
        if rest.next().is_none() {
            (self.merged, self.done) = (None, self.begun);
        }
        Ok(merged)
    }
}

/// The id and the bytes of an entry that was read.
pub(crate) type Listed = Result<(AccountId, Arc<[u8]>), RedbStoreError>;

/// Returns the entries of a table as they are after changes. Both are in the order of ids.
pub(crate) fn changed(
    entries: impl Iterator<Item = Listed>,
    changes: impl IntoIterator<Item = (AccountId, Option<Arc<[u8]>>)>,
) -> impl Iterator<Item = Listed> {
    let (mut entries, mut changes) = (entries.peekable(), changes.into_iter().peekable());
    iter::from_fn(move || {
        loop {
            let Some((id, _)) = changes.peek() else { return entries.next() };
            match entries.next_if(|entry| entry.as_ref().map_or(true, |(old, _)| old <= id)) {
                Some(Ok((old, _))) if old == *id => {}
                Some(entry) => return Some(entry),
                None => {
                    if let Some((id, Some(bytes))) = changes.next() {
                        return Some(Ok((id, bytes)));
                    }
                }
            }
        }
    })
}
