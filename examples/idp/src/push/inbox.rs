//! The challenges that wait for an app. An app that is open fetches them.
//!
//! It stands for the phone's notification service, by which a message may be lost, read or repeated as well. The inbox
//! has the name of the device, which is the hash of a key that nobody else is told.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

/// The most challenges that are pending in an account.
const MOST: usize = 3;

#[derive(Default, Serialize, Deserialize)]
struct Inbox(Vec<Waiting>);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    /// The id of the challenge.
    id: String,
    message: String,
    /// The time in seconds at which it ends.
    expires: u64,
}

impl Record for Inbox {
    const KIND: &'static str = "inbox";
}

/// The fields of a challenge, or of its answer, by which it is found.
#[derive(Deserialize)]
struct Place {
    device: String,
    id: String,
}

/// Puts a challenge into the inbox of its device.
pub(super) async fn deliver(records: &Records, message: &str, expires: UnixTime, now: UnixTime) -> Result<(), Outage> {
    let Place { device, id } = serde_json::from_str(message)?;
    let waiting = Waiting { id, message: message.to_owned(), expires: expires.as_secs() };
    let put = |inbox: Option<Inbox>| {
        let Inbox(mut all) = inbox.unwrap_or_default();
        all.retain(|other| now.as_secs() < other.expires && other.id != waiting.id);
        all.drain(..all.len().saturating_sub(MOST - 1));
        all.push(waiting.clone());
        (Some(Kept::until(expires, Inbox(all))), ())
    };
    records.change(&device, now, put).await
}

/// Returns the challenges that wait for a device.
pub(super) async fn waiting(records: &Records, device: &str, now: UnixTime) -> Result<Vec<String>, Outage> {
    let Inbox(all) = records.load(device, now).await?.unwrap_or_default();
    Ok(all.into_iter().filter(|waiting| now.as_secs() < waiting.expires).map(|waiting| waiting.message).collect())
}

/// Removes a challenge that was answered.
pub(super) async fn remove(records: &Records, answer: &str, now: UnixTime) -> Result<(), Outage> {
    let Place { device, id } = serde_json::from_str(answer)?;
    let remove = |inbox: Option<Inbox>| {
        let Some(Inbox(mut all)) = inbox else { return (None, ()) };
        all.retain(|waiting| waiting.id != id);
        let last = all.iter().map(|waiting| waiting.expires).max().unwrap_or_default();
        (Some(Kept::until(now.saturating_add(last.saturating_sub(now.as_secs())), Inbox(all))), ())
    };
    records.change(&device, now, remove).await
}
