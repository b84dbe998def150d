//! The cases in the records, their entries, and the lists by which they are found.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::rules::Case;
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};
use crate::session::AGAIN_SECS;

/// The cases that a list can have: they fit into a record.
const MOST: usize = 200;
/// The entries that a case can have.
const MOST_ENTRIES: u32 = 100;

impl Record for Case {
    const KIND: &'static str = "gepi-case";
}

/// An entry of a case: an application, a note or the result of a check.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The time in seconds.
    pub(super) at: u64,
    pub(super) by: String,
    pub(super) text: String,
}

impl Record for Entry {
    const KIND: &'static str = "gepi-entry";
}

/// The ids of the cases of an area, or of the files of a citizen.
#[derive(Default, Serialize, Deserialize)]
struct Ids {
    ids: Vec<String>,
}

impl Record for Ids {
    const KIND: &'static str = "gepi-cases";
}

/// Stores a new case, and lists it.
pub(super) async fn add(records: &Records, case: Case, now: UnixTime) -> Result<(), Outage> {
    for list in [Some(&case.area), case.citizen.as_ref()].into_iter().flatten() {
        let listed = records.change(list, now, |ids: Option<Ids>| {
            let mut ids = ids.unwrap_or_default().ids;
            if ids.len() >= MOST {
                return (None, Err(Outage("too_many_cases")));
            }
            ids.push(case.id.clone());
            (Some(Kept::forever(Ids { ids })), Ok(()))
        });
        listed.await??;
    }
    let id = case.id.clone();
    records.create(&id, Kept::forever(case), now).await?;
    Ok(())
}

pub(super) async fn load(records: &Records, id: &str, now: UnixTime) -> Result<Option<Case>, Outage> {
    records.load(id, now).await
}

/// Returns the cases of an area, or of a citizen.
pub(super) async fn of(records: &Records, list: &str, now: UnixTime) -> Result<Vec<Case>, Outage> {
    let Ids { ids } = records.load(list, now).await?.unwrap_or_default();
    let mut cases = Vec::new();
    for id in ids {
        cases.extend(load(records, &id, now).await?);
    }
    Ok(cases)
}

/// Assigns a case to an operator.
pub(super) async fn assign(records: &Records, id: &str, operator: &str, now: UnixTime) -> Result<(), Outage> {
    let assigned = records.change(id, now, |case: Option<Case>| {
        let assigned = case.map(|case| Kept::forever(Case { assigned: Some(operator.to_owned()), ..case }));
        (assigned, ())
    });
    assigned.await
}

/// Returns the entries of a case in order.
pub(super) async fn entries(records: &Records, id: &str, now: UnixTime) -> Result<Vec<Entry>, Outage> {
    let mut entries = Vec::new();
    for number in 0..MOST_ENTRIES {
        let Some(entry) = records.load(&name(id, number), now).await? else { break };
        entries.push(entry);
    }
    Ok(entries)
}

/// Adds an entry after the last one. Returns `false` if there is no room.
///
/// A double click sends the same text twice within seconds, and one entry is added. The same text is a new entry if it
/// is sent later.
pub(super) async fn submit(records: &Records, id: &str, entry: &Entry, now: UnixTime) -> Result<bool, Outage> {
    let mut last: Option<Entry> = None;
    for number in 0..MOST_ENTRIES {
        match records.load::<Entry>(&name(id, number), now).await? {
            Some(there) => last = Some(there),
            None if last.as_ref().is_some_and(|last| entry.is_again(last)) => return Ok(true),
            None if records.create(&name(id, number), Kept::forever(entry.clone()), now).await? => return Ok(true),
            // Another one was first, and may be the first of two clicks.
            None => last = records.load(&name(id, number), now).await?,
        }
    }
    Ok(false)
}

impl Entry {
    /// Returns `true` if this entry and the last one are of two clicks on the same form.
    fn is_again(&self, last: &Self) -> bool {
        (&self.by, &self.text) == (&last.by, &last.text) && self.at.abs_diff(last.at) <= AGAIN_SECS
    }
}

fn name(id: &str, number: u32) -> String {
    format!("{id} {number}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use secondo::store::{Boxed, Memory};

    use super::*;

    #[tokio::test]
    async fn same_text_is_another_entry_after_some_seconds() {
        let records = Records::new(Boxed::new(Memory::new()), &[(1, [7; 32])]);
        let start = UnixTime::from_secs(1_800_000_000).unwrap();
        // Two clicks, the same text once more, and by another person.
        for (secs, by, count) in [(0, "a", 1), (3, "a", 1), (4, "a", 2), (4, "b", 3), (5, "b", 3)] {
            let now = start.saturating_add(secs);
            let entry = Entry { at: now.as_secs(), by: by.to_owned(), text: "No answer.".to_owned() };
            assert!(submit(&records, "case", &entry, now).await.unwrap());
            assert_eq!(entries(&records, "case", now).await.unwrap().len(), count, "{by} after {secs} seconds");
        }
    }
}
