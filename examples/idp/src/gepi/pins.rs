//! The service's own PINs of older days. No new ones are given.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::levels::PinTerms;
use crate::app::App;
use crate::outage::Outage;
use crate::person::{REPEATED_SECS, attempt, kept_until, lock};
use crate::records::{Kept, Record};

/// The wrong PINs in a row that lock a fiscal code, as long as wrong passwords lock a user name.
pub(super) const TRIES: u8 = 5;

/// A PIN, by the fiscal code of its holder.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Pin {
    /// The name of the holder.
    pub(super) name: String,
    /// The hash of the PIN (argon2id).
    pub(super) hash: String,
    pub(super) terms: PinTerms,
}

impl Record for Pin {
    const KIND: &'static str = "gepi-pin";
}

/// The wrong PINs in a row for a fiscal code, whether it has a PIN or not.
#[derive(Default, Serialize, Deserialize)]
struct Guesses {
    failures: u8,
    /// The time in seconds until which no PIN is compared, or the end of the last lock.
    locked_until: u64,
    /// The locks that make the next one longer.
    #[serde(default)]
    locks: u32,
    /// The hash of the last attempt, and its time in seconds.
    #[serde(default)]
    attempt: Option<(String, u64)>,
}

impl Record for Guesses {
    const KIND: &'static str = "gepi-guesses";
}

/// The result of a fiscal code and a PIN.
pub(super) enum Compared {
    Right(Pin),
    /// The number of attempts left before the lock.
    Wrong(u8),
    /// The time in seconds until which no PIN is compared.
    Locked(u64),
}

/// Compares a PIN with that of the holder, who is named by a fiscal code.
///
/// Every attempt is counted as a failure before the comparison, and a right PIN ends the count. Attempts at once can
/// therefore not exceed the limit. A double click is one attempt: the same PIN from the same form within two minutes is
/// compared again, but not counted again.
///
/// A fiscal code without a PIN has a count and a comparison as well, so that neither the answer nor its time tells who has
/// a PIN.
pub(super) async fn compare(
    app: &App,
    holder: &str,
    pin: String,
    form: &str,
    now: UnixTime,
) -> Result<Compared, Outage> {
    let attempt = attempt(form, &pin);
    let counted = app.records.change(holder, now, |guesses: Option<Guesses>| {
        let Guesses { failures, mut locked_until, mut locks, attempt: last } = guesses.unwrap_or_default();
        if last.is_some_and(|(of, at)| of == attempt && now.as_secs() <= at + REPEATED_SECS) {
            return (None, Ok(TRIES.saturating_sub(failures)));
        }
        if now.as_secs() < locked_until {
            return (None, Err(locked_until));
        }
        let failures = if failures >= TRIES { 1 } else { failures + 1 };
        if failures >= TRIES {
            (locked_until, locks) = lock(locks, locked_until, now);
        }
        let attempt = Some((attempt.clone(), now.as_secs()));
        let kept =
            Kept::until(kept_until(locks, locked_until, now), Guesses { failures, locked_until, locks, attempt });
        (Some(kept), Ok(TRIES - failures))
    });
    let left = match counted.await? {
        Ok(left) => left,
        Err(until) => return Ok(Compared::Locked(until)),
    };
    let known: Option<Pin> = app.records.load(holder, now).await?;
    let is_right = app.persons.compare(pin, known.as_ref().map(|known| known.hash.clone())).await?;
    let Some(known) = known.filter(|_| is_right) else { return Ok(Compared::Wrong(left)) };
    app.records.remove::<Guesses>(holder, now).await?;
    Ok(Compared::Right(known))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use super::*;
    use crate::person::LOCK_SECS;

    #[tokio::test]
    async fn same_pin_is_one_attempt_in_two_minutes_from_one_form() {
        let folder = tempfile::tempdir().unwrap();
        let app = crate::test_browser::open(folder.path()).await;
        let start = UnixTime::now().unwrap();
        for (form, secs, left) in [("a", 0, 4), ("a", 120, 4), ("a", 121, 3), ("b", 121, 2)] {
            let compared = compare(&app, "nobody", "1".into(), form, start.saturating_add(secs)).await.unwrap();
            assert!(matches!(compared, Compared::Wrong(given) if given == left), "{form} after {secs} seconds");
        }
    }

    #[tokio::test]
    async fn second_lock_of_a_fiscal_code_is_twice_as_long() {
        let folder = tempfile::tempdir().unwrap();
        let app = crate::test_browser::open(folder.path()).await;
        let start = UnixTime::now().unwrap();
        let give = async |pin: &str, secs| {
            compare(&app, "nobody", pin.into(), "form", start.saturating_add(secs)).await.unwrap()
        };
        for (from, secs) in [(0, LOCK_SECS), (LOCK_SECS, 2 * LOCK_SECS)] {
            for (pin, left) in [("1", 4), ("2", 3), ("3", 2), ("4", 1), ("5", 0)] {
                assert!(matches!(give(pin, from).await, Compared::Wrong(given) if given == left));
            }
            let end = start.as_secs() + from + secs;
            assert!(matches!(give("6", from + secs - 1).await, Compared::Locked(until) if until == end));
        }
    }
}
