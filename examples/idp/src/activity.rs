//! Small records that the audit log feeds: the last accesses of each person, and the persons who were locked out.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use crate::audit::Line;
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

/// The accesses of a person that are kept, and the greatest length of their service's ids together.
const ACCESSES: usize = 20;
const ACCESSES_BYTES: usize = 2000;
/// The locks that are kept.
const LOCKS: usize = 50;
/// 24 months, like the log.
const KEPT_SECS: u64 = 2 * 366 * 24 * 60 * 60;

/// A login of a person.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Access {
    /// The time in seconds.
    pub(crate) at: u64,
    /// The id of the service, or `None` for the person's own pages.
    pub(crate) service: Option<String>,
    /// Such as `level 2`.
    pub(crate) detail: String,
}

/// The last accesses of a person, the newest first.
#[derive(Default, Serialize, Deserialize)]
struct Accesses(Vec<Access>);

impl Record for Accesses {
    const KIND: &'static str = "accesses";
}

/// A person whose account or user name reached the limit of failures.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Lock {
    pub(crate) person: String,
    /// The time in seconds of the last attempt.
    pub(crate) at: u64,
}

/// The persons who were locked out, the newest first. Some locks have ended since.
#[derive(Default, Serialize, Deserialize)]
struct Locks(Vec<Lock>);

impl Record for Locks {
    const KIND: &'static str = "locks";
}

const LOCKS_NAME: &str = "all";

/// Takes the lines that were written to the log.
pub(crate) async fn take(records: &Records, lines: &[Line], now: UnixTime) -> Result<(), Outage> {
    for line in lines {
        let Some(person) = &line.person else { continue };
        if is_access(line) {
            let access = Access {
                at: line.time,
                service: line.subject.clone(),
                detail: line.detail.clone().unwrap_or_default(),
            };
            add_access(records, person, &access, now).await?;
        } else if is_lock(line) {
            add_lock(records, &Lock { person: person.clone(), at: line.time }, now).await?;
        }
    }
    Ok(())
}

/// Returns `true` for a line that [`take`] needs.
pub(crate) fn is_relevant(line: &Line) -> bool {
    is_access(line) || is_lock(line)
}

fn is_access(line: &Line) -> bool {
    matches!(line.action.as_str(), "login" | "service_login") && line.outcome == "done"
}

fn is_lock(line: &Line) -> bool {
    line.remaining == Some(0) || line.outcome == "locked"
}

async fn add_access(records: &Records, person: &str, access: &Access, now: UnixTime) -> Result<(), Outage> {
    let add = |accesses: Option<Accesses>| {
        let Accesses(mut accesses) = accesses.unwrap_or_default();
        accesses.insert(0, access.clone());
        let mut bytes = 0;
        let fitting = accesses.iter().take(ACCESSES).take_while(|access| {
            bytes += access.service.as_ref().map_or(0, String::len);
            bytes <= ACCESSES_BYTES
        });
        let count = fitting.count();
        accesses.truncate(count);
        (Some(Kept::until(now.saturating_add(KEPT_SECS), Accesses(accesses))), ())
    };
    records.change(person, now, add).await
}

async fn add_lock(records: &Records, lock: &Lock, now: UnixTime) -> Result<(), Outage> {
    let add = |locks: Option<Locks>| {
        let Locks(mut locks) = locks.unwrap_or_default();
        locks.retain(|held| held.person != lock.person);
        locks.insert(0, lock.clone());
        locks.truncate(LOCKS);
        (Some(Kept::until(now.saturating_add(KEPT_SECS), Locks(locks))), ())
    };
    records.change(LOCKS_NAME, now, add).await
}

/// Returns the last accesses of a person, the newest first.
pub(crate) async fn accesses(records: &Records, person: &str, now: UnixTime) -> Result<Vec<Access>, Outage> {
    let Accesses(accesses) = records.load(person, now).await?.unwrap_or_default();
    Ok(accesses)
}

/// Returns the persons who were locked out, the newest first, and `true` if the log may have more.
pub(crate) async fn locks(records: &Records, now: UnixTime) -> Result<(Vec<Lock>, bool), Outage> {
    let Locks(locks) = records.load(LOCKS_NAME, now).await?.unwrap_or_default();
    let may_have_more = locks.len() >= LOCKS;
    Ok((locks, may_have_more))
}
