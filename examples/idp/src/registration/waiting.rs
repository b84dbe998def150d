//! The list of the applications that wait for an operator.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::application::{Application, Stage, WAITING_SECS};
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

/// The records of the list, and the applications in each.
const PAGES: usize = 16;
const ON_PAGE: usize = 64;

/// A part of the list.
#[derive(Default, Serialize, Deserialize)]
struct Waiting {
    /// The ids of applications, and the times in seconds at which they were sent.
    entries: Vec<(String, u64)>,
}

impl Record for Waiting {
    const KIND: &'static str = "waiting";
}

/// Adds an application. Returns `false` if the list is full.
pub(super) async fn add(records: &Records, id: &str, now: UnixTime) -> Result<bool, Outage> {
    for page in 0..PAGES {
        let add = |waiting: Option<Waiting>| {
            let mut waiting = waiting.unwrap_or_default();
            waiting.entries.retain(|(other, sent)| other != id && now.as_secs() < sent + WAITING_SECS);
            if waiting.entries.len() >= ON_PAGE {
                return (None, false);
            }
            waiting.entries.push((id.to_owned(), now.as_secs()));
            (Some(Kept::forever(waiting)), true)
        };
        if records.change(&page.to_string(), now, add).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) async fn remove(records: &Records, id: &str, now: UnixTime) -> Result<(), Outage> {
    for page in 0..PAGES {
        let remove = |waiting: Option<Waiting>| {
            let mut waiting = waiting.unwrap_or_default();
            let before = waiting.entries.len();
            waiting.entries.retain(|(other, _)| other != id);
            ((waiting.entries.len() < before).then(|| Kept::forever(waiting)), ())
        };
        records.change(&page.to_string(), now, remove).await?;
    }
    Ok(())
}

/// Returns the applications with their ids, the oldest first, up to a number, and the number of all.
pub(super) async fn oldest(
    records: &Records,
    count: usize,
    now: UnixTime,
) -> Result<(Vec<(String, Application)>, usize), Outage> {
    let mut entries = Vec::new();
    for page in 0..PAGES {
        let waiting: Waiting = records.load(&page.to_string(), now).await?.unwrap_or_default();
        entries.extend(waiting.entries.into_iter().filter(|(_, sent)| now.as_secs() < sent + WAITING_SECS));
    }
    entries.sort_by_key(|(_, sent)| *sent);
    let all = entries.len();
    let mut oldest = Vec::new();
    for (id, _) in entries {
        let application = records.load::<Application>(&id, now).await?;
        oldest.extend(application.filter(is_open).map(|found| (id, found)));
        if oldest.len() == count {
            break;
        }
    }
    Ok((oldest, all))
}

/// Returns `true` if an operator can decide about the application.
pub(super) fn is_open(application: &Application) -> bool {
    matches!(application.stage, Stage::Waiting | Stage::Accepted)
}
