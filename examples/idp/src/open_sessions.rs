//! The open sessions of each person.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use crate::outage::Outage;
use crate::person::Person;
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

/// Returns the open sessions of a person, the newest first.
pub(crate) async fn of(records: &Records, person: &Person, now: UnixTime) -> Result<Vec<Session>, Outage> {
    let mut sessions = named(records, &person.id, now).await?;
    sessions.retain(|(_, session)| session.is_own() && session.is_of(person, now));
    Ok(sessions.into_iter().rev().map(|(_, session)| session).collect())
}

/// Ends the person's session with this id. Returns `false` if the person has no such session.
pub(crate) async fn end(records: &Records, person: &str, id: &str, now: UnixTime) -> Result<bool, Outage> {
    let mut is_ended = false;
    // It may have moved to another name meanwhile.
    while remove(records, person, |session| session.id.as_deref() == Some(id), now).await? {
        is_ended = true;
    }
    Ok(is_ended)
}

/// Removes the sessions of a person that are over. Returns `false` if there were none.
pub(crate) async fn remove_ended(records: &Records, person: &str, now: UnixTime) -> Result<bool, Outage> {
    let person: Person = records.load(person, now).await?.ok_or(Outage("missing_person"))?;
    remove(records, &person.id, |session| !session.is_of(&person, now), now).await
}

async fn remove(
    records: &Records,
    person: &str,
    is_chosen: impl Fn(&Session) -> bool + Sync,
    now: UnixTime,
) -> Result<bool, Outage> {
    let mut sessions = named(records, person, now).await?;
    sessions.retain(|(_, session)| is_chosen(session));
    let forget = |open: Option<Open>| {
        let Open(mut names) = open.unwrap_or_default();
        names.retain(|name| sessions.iter().all(|(ended, _)| ended != name));
        (Some(Kept::until(now.saturating_add(LONGEST_SECS), Open(names))), ())
    };
    records.change(person, now, forget).await?;
    for (name, _) in &sessions {
        records.remove::<Session>(name, now).await?;
    }
    Ok(!sessions.is_empty())
}

/// Returns the stored sessions of a person with their names, the oldest first. One that moves to another name has no
/// person any more.
async fn named(records: &Records, person: &str, now: UnixTime) -> Result<Vec<(String, Session)>, Outage> {
    let Open(names) = records.load(person, now).await?.unwrap_or_default();
    let mut sessions = Vec::new();
    for name in names {
        let session: Option<Session> = records.load(&name, now).await?;
        let session = session.filter(|session| session.person.as_deref() == Some(person));
        sessions.extend(session.map(|session| (name, session)));
    }
    Ok(sessions)
}
