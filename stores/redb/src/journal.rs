//! A table of changes. A commit writes few pages there, and later many changes are merged into the table of entries at
//! once.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter;
use core::mem;
use core::ops::Bound;

use redb::{ReadTransaction, ReadableTable, TableDefinition, TableError, WriteTransaction};
use secondo::AccountId;

use crate::RedbStoreError;
use crate::file::{ENTRIES, id_of, missing_is_foreign};

/// The table of changes, up to [`IN_ROW`] in a row. The key is the number of all changes before the row, also of those
/// whose rows were removed.
pub(crate) const JOURNAL: TableDefinition<u64, Row> = TableDefinition::new("secondo-journal");

/// Ids and the new bytes of their entries, or `None` for an entry that was removed.
type Row = Vec<(&'static [u8], Option<&'static [u8]>)>;

/// The table of one row with the [`Journal::merges`].
const MERGES: TableDefinition<(), Merges> = TableDefinition::new("secondo-merges");

type Merges = Vec<(Option<&'static [u8]>, u64)>;

/// redb writes a row that is larger than a page once more when its neighbour changes.
const IN_ROW: usize = 16;

/// The number of unmerged changes from which on each commit merges some.
pub(crate) const UNMERGED: usize = if cfg!(test) { 40 } else { 65_536 };
/// The number of changes that such a commit merges at least. More of them take no less time for each, and the callers
/// of one commit wait longer.
pub(crate) const MERGED: usize = if cfg!(test) { 10 } else { 1_024 };

/// The number of new rows after which rows are removed. Their pages are not those of new rows, so that a removal with
/// each commit would write more.
pub(crate) const REMOVED: usize = if cfg!(test) { 4 } else { 64 };

/// The last change of each entry, for entries that differ from the table of entries.
pub(crate) type Changes = BTreeMap<AccountId, Option<Arc<[u8]>>>;

/// The state of the journal as of one commit.
#[derive(Clone)]
pub(crate) struct Journal {
    /// The number of the next change.
    next: u64,
    /// The number of rows that were added since some were removed, or that an opening found.
    added: usize,
    /// The ranges of ids in the order in which they were merged last. Together they have all ids.
    merges: VecDeque<Merge>,
}

/// The last id of a range, or `None` if the range has all further ids, and the number of the next change when its
/// changes were merged. The range begins after that of the merge before.
type Merge = (Option<AccountId>, u64);

impl Default for Journal {
    fn default() -> Self {
        Self { next: 0, added: 0, merges: [(None, 0)].into() }
    }
}

impl Journal {
    /// Reads all rows, and returns the changes in them that are not merged.
    pub(crate) fn replay(transaction: &ReadTransaction) -> Result<(Self, Changes), RedbStoreError> {
        let (mut journal, mut changes) = (Self::default(), Changes::new());
        let merges = match transaction.open_table(MERGES) {
            Err(TableError::TableDoesNotExist(_)) => None,
            merges => merges?.get(())?,
        };
        if let Some(merges) = merges {
            let merge = |(last, number): (Option<&[u8]>, u64)| Ok((last.map(id_of).transpose()?, number));
            journal.merges = merges.value().into_iter().map(merge).collect::<Result<_, RedbStoreError>>()?;
        }
        let rows = transaction.open_table(JOURNAL).map_err(missing_is_foreign)?;
        journal.next = rows.first()?.map_or(0, |(number, _)| number.value());
        if journal.next > journal.done() {
            return Err(RedbStoreError::Corrupt);
        }
        for row in rows.iter()? {
            let (number, row) = row?;
            if number.value() != journal.next {
                return Err(RedbStoreError::Corrupt);
            }
            for (id, bytes) in row.value() {
                let id = id_of(id)?;
                if !journal.is_merged(&id, journal.next) {
                    changes.insert(id, bytes.map(Arc::from));
                }
                journal.next += 1;
            }
            journal.added += 1;
        }
        // Otherwise, further changes would have numbers of merged ones.
        if journal.merges.iter().any(|(_, number)| *number > journal.next) {
            return Err(RedbStoreError::Corrupt);
        }
        Ok((journal, changes))
    }

    fn is_merged(&self, id: &AccountId, number: u64) -> bool {
        // The ranges of this round of merges come after the last one of the round before.
        let of_round_before = self.merges.iter().take_while(|(last, _)| last.is_some()).count() + 1;
        let mut ranges = self.merges.iter().skip(of_round_before).chain(&self.merges);
        let range = ranges.find(|(last, _)| last.is_none_or(|last| *id <= last));
        range.is_some_and(|(_, merged)| number < *merged)
    }

    /// Returns the number before which all changes are merged.
    fn done(&self) -> u64 {
        self.merges.front().map_or(0, |(_, number)| *number)
    }

    /// Appends a commit's changes, and merges some of the unmerged ones if they are many. Returns the ids of those.
    pub(crate) fn write(
        &mut self,
        transaction: &WriteTransaction,
        unmerged: &Changes,
        new: &Changes,
    ) -> Result<Vec<AccountId>, RedbStoreError> {
        let merged = self.merge(transaction, unmerged, new.len())?;
        let mut rows = transaction.open_table(JOURNAL)?;
        let new: Vec<_> = new.iter().map(|(id, bytes)| (id.as_bytes(), bytes.as_deref())).collect();
        for row in new.chunks(IN_ROW) {
            rows.insert(self.next, row.to_vec())?;
            self.next += row.len() as u64;
            self.added += 1;
        }
        if self.added >= REMOVED {
            // Twice as many as were added, until no row is left whose changes are all merged.
            for _ in 0..2 * mem::take(&mut self.added) {
                if rows.first()?.is_none_or(|(number, _)| number.value() >= self.done()) {
                    break;
                }
                rows.pop_first()?;
            }
        }
        Ok(merged)
    }

    /// Merges changes in the order of their ids, since neighbours share pages. A round goes through all ids.
    fn merge(
        &mut self,
        transaction: &WriteTransaction,
        unmerged: &Changes,
        added: usize,
    ) -> Result<Vec<AccountId>, RedbStoreError> {
        let in_rows = usize::try_from(self.next - self.done()).unwrap_or(usize::MAX);
        // A few entries that change often are few changes in memory, and many in the journal.
        if unmerged.len() < UNMERGED && in_rows < 4 * unmerged.len() + MERGED {
            return Ok(Vec::new());
        }
        let after = match self.merges.back() {
            Some((Some(last), _)) => Bound::Excluded(*last),
            _ => Bound::Unbounded,
        };
        let mut entries = transaction.open_table(ENTRIES)?;
        let mut rest = unmerged.range((after, Bound::Unbounded));
        let mut merged = Vec::new();
        // More than are added, so that memory and the journal stay bounded.
        for (id, bytes) in rest.by_ref().take(MERGED.max(2 * added)) {
            match bytes {
                Some(bytes) => _ = entries.insert(id.as_bytes(), &**bytes)?,
                None => _ = entries.remove(id.as_bytes())?,
            }
            merged.push(*id);
        }
        let last = if rest.next().is_some() { merged.last().copied() } else { None };
        // Ranges of the round before go when they are merged once more as a whole.
        let is_again = |old: Option<AccountId>| last.is_none_or(|last| old.is_some_and(|old| old <= last));
        while let Some((old, _)) = self.merges.front().copied().filter(|(old, _)| is_again(*old)) {
            self.merges.pop_front();
            if old.is_none() {
                break;
            }
        }
        self.merges.push_back((last, self.next));
        let merges = self.merges.iter().map(|(last, number)| (last.as_ref().map(AccountId::as_bytes), *number));
        transaction.open_table(MERGES)?.insert((), merges.collect::<Vec<_>>())?;
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
