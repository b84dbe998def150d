//! The open sessions of each person.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use crate::outage::Outage;
use crate::records::{Kept, Record, Records};
use crate::session::{LONGEST_SECS, Session};

/// The sessions that a person can have at a time. The oldest ends when another one begins.
const MOST: usize = 10;

/// The names of a person's sessions, the oldest first.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Open(Vec<String>);

impl Record for Open {
    const KIND: &'static str = "sessions";
}

/// Adds a session of a person, which may have had another name before.
pub(crate) async fn add(
    records: &Records,
    person: &str,
    name: &str,
    before: &str,
    now: UnixTime,
) -> Result<(), Outage> {
    let ended = records.change(person, now, |open: Option<Open>| {
        let Open(mut names) = open.unwrap_or_default();
        names.retain(|held| held != before && held != name);
        names.push(name.to_owned());
        let ended: Vec<_> = names.drain(..names.len().saturating_sub(MOST)).collect();
        (Some(Kept::until(now.saturating_add(LONGEST_SECS), Open(names))), ended)
    });
    for name in ended.await? {
        records.remove::<Session>(&name, now).await?;
    }
    Ok(())
}

/// Returns the open sessions of a person with their names, the newest first.
pub(crate) async fn of(records: &Records, person: &str, now: UnixTime) -> Result<Vec<(String, Session)>, Outage> {
    let Open(names) = records.load(person, now).await?.unwrap_or_default();
    let mut sessions = Vec::new();
    for name in names.into_iter().rev() {
        let session: Option<Session> = records.load(&name, now).await?;
        let session = session.filter(|session| session.is_own() && session.person.as_deref() == Some(person));
        sessions.extend(session.map(|session| (name, session)));
    }
    Ok(sessions)
}

/// Ends the sessions of a person whose names are chosen. Returns `false` if there were none.
pub(crate) async fn end(
    records: &Records,
    person: &str,
    is_chosen: impl Fn(&str) -> bool + Sync,
    now: UnixTime,
) -> Result<bool, Outage> {
    let ended = records.change(person, now, |open: Option<Open>| {
        let Open(names) = open.unwrap_or_default();
        let (ended, left) = names.into_iter().partition::<Vec<_>, _>(|name| is_chosen(name));
        (Some(Kept::until(now.saturating_add(LONGEST_SECS), Open(left))), ended)
    });
    let ended = ended.await?;
    for name in &ended {
        records.remove::<Session>(name, now).await?;
    }
    Ok(!ended.is_empty())
}
