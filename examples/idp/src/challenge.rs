//! Codes that are sent to an address or a number, to confirm that the person reads it: in a registration, in the
//! recovery of a password, and before the activation of a first app. This module also counts actions that are limited,
//! such as messages in an hour.
//!
//! These codes are not the second factor of a login. That one comes from the `secondo` library, which keeps its codes
//! and counts its failures in the person's account. Here, a person may have no account yet, so that the codes are
//! records of their own.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use rand::TryRng;
use rand::rngs::SysRng;
use secondo::UnixTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::app::random_hex;
use crate::outage::Outage;
use crate::pages::Text;
use crate::records::{Kept, Record, Records};
use crate::session::{AGAIN_SECS, MOVING_SECS};

/// The wrong codes that end a challenge.
pub(crate) const TRIES: u8 = 5;
/// The seconds for which a code is valid, and those until another one can be sent.
const VALID_SECS: u64 = 10 * 60;
const RESEND_SECS: u64 = 60;
pub(crate) const HOUR: u64 = 60 * 60;
pub(crate) const DAY: u64 = 24 * HOUR;

/// A code that is expected.
#[derive(Serialize, Deserialize)]
struct Challenge {
    hash: String,
    failures: u8,
    /// The hash of the last wrong code, which a second click sends again.
    last: Option<String>,
    /// The time in seconds at which the challenge began.
    at: u64,
    /// The right code was given. It is known for some seconds more, for the second of two clicks.
    #[serde(default)]
    is_used: bool,
}

impl Record for Challenge {
    const KIND: &'static str = "challenge";
}

/// The result of a code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    Right,
    /// The code is the right one, which was given a moment ago: a second click, which does nothing by itself.
    Repeated,
    /// The number of attempts left.
    Wrong(u8),
    /// The code has expired, or there were too many wrong ones.
    Over,
}

/// The answer to a person who asks for another code in the first minute.
pub(crate) const JUST_SENT: Text = Text(
    "Un codice è stato inviato meno di un minuto fa. Aspetta un minuto prima di chiederne un altro.",
    "A code was sent less than a minute ago. Wait for a minute before you ask for another one.",
);

/// The result of asking for a challenge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// A code is to be sent.
    New,
    /// The first of two clicks began one.
    Already,
    /// One began less than a minute ago.
    Early,
    /// There were too many. A code that was sent stays valid, if one is pending.
    TooMany { is_pending: bool },
}

/// Begins a challenge that no code answers yet, unless there are as many as these limits permit.
///
/// A person who is not there gets such a challenge as well, so that the answers to wrong codes are the same.
pub(crate) async fn begin(
    records: &Records,
    name: &str,
    limits: &[(String, (u32, u64))],
    now: UnixTime,
) -> Result<Begun, Outage> {
    let held = records.load::<Challenge>(name, now).await?.filter(|held| !held.is_used);
    match held.as_ref().map(|held| now.as_secs().saturating_sub(held.at)) {
        Some(age) if age <= AGAIN_SECS => return Ok(Begun::Already),
        Some(age) if age < RESEND_SECS => return Ok(Begun::Early),
        _ => {}
    }
    for (name, limit) in limits {
        if !permits(records, name, *limit, None, now).await? {
            return Ok(Begun::TooMany { is_pending: held.is_some_and(|held| held.failures < TRIES) });
        }
    }
    let hash = random_hex()?;
    let begin = |held: Option<Challenge>| {
        if held.is_some_and(|held| !held.is_used && now.as_secs() < held.at + RESEND_SECS) {
            return (None, Begun::Already);
        }
        let challenge = Challenge { hash: hash.clone(), failures: 0, last: None, at: now.as_secs(), is_used: false };
        (Some(Kept::until(now.saturating_add(VALID_SECS), challenge)), Begun::New)
    };
    records.change(name, now, begin).await
}

/// Returns the code that answers a challenge from now on.
pub(crate) async fn code(records: &Records, name: &str, now: UnixTime) -> Result<String, Outage> {
    let code = format!("{:06}", SysRng.try_next_u64()? % 1_000_000);
    let hash = hash(name, &code);
    let set = |held: Option<Challenge>| {
        let keep = held.map(|held| {
            let expires = until(held.at + VALID_SECS, now);
            Kept::until(expires, Challenge { hash: hash.clone(), ..held })
        });
        (keep, ())
    };
    records.change(name, now, set).await?;
    Ok(code)
}

/// Compares a code. A right one ends the challenge, and five wrong ones do.
pub(crate) async fn check(records: &Records, name: &str, code: &str, now: UnixTime) -> Result<Checked, Outage> {
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let given = hash(name, &code);
    let compare = |held: Option<Challenge>| {
        let Some(mut held) = held.filter(|held| held.failures < TRIES) else { return (None, Checked::Over) };
        let is_right = verify_slices_are_equal(held.hash.as_bytes(), given.as_bytes()).is_ok();
        if held.is_used {
            return (None, if is_right { Checked::Repeated } else { Checked::Over });
        }
        if is_right {
            let used = Challenge { is_used: true, ..held };
            return (Some(Kept::until(now.saturating_add(MOVING_SECS), used)), Checked::Right);
        }
        // A second click and a slip of the finger burn no attempt.
        let is_code = code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit());
        if !is_code || held.last.as_ref() == Some(&given) {
            return (None, Checked::Wrong(TRIES - held.failures));
        }
        held.failures += 1;
        held.last = Some(given.clone());
        let left = TRIES - held.failures;
        let checked = if left == 0 { Checked::Over } else { Checked::Wrong(left) };
        (Some(Kept::until(until(held.at + VALID_SECS, now), held)), checked)
    };
    records.change(name, now, compare).await
}

/// The number of times that something was done.
#[derive(Serialize, Deserialize)]
struct Count {
    times: u32,
    /// The time in seconds at which the count ends.
    until: u64,
    /// The hash of the last guess that was counted.
    last: Option<String>,
}

impl Record for Count {
    const KIND: &'static str = "count";
}

/// Counts something that may be done a number of times in some seconds. Returns `false` if it was done too often.
///
/// The same guess twice in a row counts once.
pub(crate) async fn permits(
    records: &Records,
    name: &str,
    (times, secs): (u32, u64),
    guess: Option<&str>,
    now: UnixTime,
) -> Result<bool, Outage> {
    let guess = guess.map(|guess| hash(name, guess));
    let count = |held: Option<Count>| {
        let mut held = held.unwrap_or(Count { times: 0, until: now.as_secs() + secs, last: None });
        if guess.is_some() && held.last == guess {
            return (None, true);
        }
        if held.times >= times {
            return (None, false);
        }
        held.times += 1;
        held.last.clone_from(&guess);
        (Some(Kept::until(until(held.until, now), held)), true)
    };
    records.change(name, now, count).await
}

/// Returns a time that is not before now.
fn until(secs: u64, now: UnixTime) -> UnixTime {
    now.saturating_add(secs.saturating_sub(now.as_secs()))
}

fn hash(name: &str, code: &str) -> String {
    let hash = Sha256::new().chain_update(name).chain_update([0]).chain_update(code).finalize();
    base16ct::lower::encode_string(&hash)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use secondo::store::{Boxed, Memory};

    use super::*;

    #[tokio::test]
    async fn right_code_is_taken_once() {
        let records = Records::new(Boxed::new(Memory::new()), &[(1, [7; 32])]);
        let now = UnixTime::from_secs(1_800_000_000).unwrap();
        let ask = async || begin(&records, "name", &[], now).await.unwrap();
        let give = async |code: &str, secs| check(&records, "name", code, now.saturating_add(secs)).await.unwrap();
        assert!(ask().await == Begun::New);
        let right = code(&records, "name", now).await.unwrap();
        let other = format!("{:06}", (right.parse::<u32>().unwrap() + 1) % 1_000_000);
        assert!(give(&other, 0).await == Checked::Wrong(TRIES - 1));
        assert!(give(&right, 0).await == Checked::Right);
        // The second of two clicks, and another code.
        assert!(give(&right, 1).await == Checked::Repeated && give(&other, 1).await == Checked::Over);
        assert!(give(&right, MOVING_SECS).await == Checked::Over);
        // Another one can be asked for at once.
        assert!(ask().await == Begun::New && give(&right, 0).await != Checked::Right);
    }
}
