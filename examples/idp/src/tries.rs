//! Wrong passwords and PINs in a row, for a name that somebody has or not, and the locks that follow.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::challenge::DAY;
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

/// The wrong ones in a row that lock a name, and the seconds of the first lock.
pub(crate) const TRIES: u8 = 5;
pub(crate) const LOCK_SECS: u64 = 15 * 60;
/// The locks after which the next one lasts a day, and no longer.
const MOST_LOCKS: u32 = 7;
/// The seconds for which an attempt is recognized that a browser sends twice.
const REPEATED_SECS: u64 = 2 * 60;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Tries {
    failures: u8,
    /// The time in seconds until which nothing is compared, or the end of the last lock.
    locked_until: u64,
    /// The locks that make the next one longer.
    locks: u32,
    /// The hash of the last attempt, and its time in seconds.
    attempt: Option<(String, u64)>,
}

impl Record for Tries {
    const KIND: &'static str = "tries";
}

/// A PIN that a person has, besides the password.
#[derive(Clone, Copy)]
pub(crate) enum Pin {
    /// The PIN of the sample service.
    Service,
    /// The PIN of a credential that is handed over.
    Handover,
}

impl Pin {
    pub(crate) const ALL: [Self; 2] = [Self::Service, Self::Handover];

    /// Returns the name under which the wrong PINs for a fiscal code are counted.
    pub(crate) fn name(self, fiscal_code: &str) -> String {
        match self {
            Self::Service => format!("service {fiscal_code}"),
            Self::Handover => format!("handover {fiscal_code}"),
        }
    }
}

/// An attempt that may be compared, and is counted as a failure until [`forget`] is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// The attempts left before the lock.
    pub(crate) left: u8,
    /// The lock begins with this attempt.
    pub(crate) locks: bool,
}

/// Counts an attempt before its comparison, so that attempts at once are counted as well. Returns the time in seconds
/// until which nothing is compared, if the name is locked.
///
/// The same secret from the same form within two minutes, as a double click sends it, is compared again, but not
/// counted again.
pub(crate) async fn count(
    records: &Records,
    name: &str,
    secret: &str,
    form: &str,
    now: UnixTime,
) -> Result<Result<Counted, u64>, Outage> {
    let attempt = attempt(form, secret);
    let count = |tries: Option<Tries>| {
        let Tries { failures, mut locked_until, mut locks, attempt: last } = tries.unwrap_or_default();
        if last.is_some_and(|(of, at)| of == attempt && now.as_secs() <= at + REPEATED_SECS) {
            return (None, Ok(Counted { left: TRIES.saturating_sub(failures), locks: false }));
        }
        if now.as_secs() < locked_until {
            return (None, Err(locked_until));
        }
        let failures = if failures >= TRIES { 1 } else { failures + 1 };
        if failures >= TRIES {
            (locked_until, locks) = lock(locks, locked_until, now);
        }
        let attempt = Some((attempt.clone(), now.as_secs()));
        let kept = Kept::until(kept_until(locks, locked_until, now), Tries { failures, locked_until, locks, attempt });
        (Some(kept), Ok(Counted { left: TRIES - failures, locks: failures >= TRIES }))
    };
    records.change(name, now, count).await
}

/// Ends the count and the lock of a name.
pub(crate) async fn forget(records: &Records, name: &str, now: UnixTime) -> Result<(), Outage> {
    records.remove::<Tries>(name, now).await
}

/// Returns the time in seconds until which a name is locked.
pub(crate) async fn locked_until(records: &Records, name: &str, now: UnixTime) -> Result<Option<u64>, Outage> {
    let tries: Option<Tries> = records.load(name, now).await?;
    Ok(tries.map(|tries| tries.locked_until).filter(|until| now.as_secs() < *until))
}

/// Returns a hash by which an attempt is recognized. Its key is the token of the form, which only the browser has.
pub(crate) fn attempt(form: &str, secret: &str) -> String {
    let hash = Sha256::new().chain_update(form).chain_update([0]).chain_update(secret).finalize();
    base16ct::lower::encode_string(&hash)
}

/// Returns the end in seconds of a lock that begins now, and the number of locks that make the next one longer.
///
/// Each lock is twice as long as the one before, up to a day. Each day since the end of the last one halves the next,
/// as it does with codes: patient guessing stays slow, and somebody who mistypes now and then is not locked out for a
/// day.
fn lock(locks: u32, last_end: u64, now: UnixTime) -> (u64, u32) {
    let days = u32::try_from(now.as_secs().saturating_sub(last_end) / DAY).unwrap_or(u32::MAX);
    let before = locks.saturating_sub(days).min(MOST_LOCKS);
    (now.as_secs() + (LOCK_SECS << before).min(DAY), (before + 1).min(MOST_LOCKS))
}

/// Returns the time until which a count of failures is kept: a day, and as long as its locks make another one longer.
fn kept_until(locks: u32, locked_until: u64, now: UnixTime) -> UnixTime {
    now.saturating_add(locked_until.saturating_sub(now.as_secs()) + DAY * (1 + u64::from(locks)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use super::*;
    use crate::test_browser;

    #[test]
    fn lock_doubles_up_to_a_day_and_halves_by_each_day_without_one() {
        let (mut locks, mut end, mut minutes) = (0, 0, Vec::new());
        let mut again = |days: u64| {
            let now = UnixTime::from_secs(1_800_000_000.max(end) + days * DAY).unwrap();
            (end, locks) = lock(locks, end, now);
            minutes.push((end - now.as_secs()) / 60);
        };
        for days in [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 100, 0] {
            again(days);
        }
        assert_eq!(minutes, [15, 30, 60, 120, 240, 480, 960, 1440, 1440, 960, 240, 15, 30]);
    }

    #[tokio::test]
    async fn same_secret_is_one_attempt_in_two_minutes_from_one_form() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let start = UnixTime::now().unwrap();
        for (form, secs, left) in [("a", 0, 4), ("a", 120, 4), ("a", 121, 3), ("b", 121, 2)] {
            let counted = count(&app.records, "nobody", "1", form, start.saturating_add(secs)).await.unwrap();
            assert_eq!(counted, Ok(Counted { left, locks: false }), "{form} after {secs} seconds");
        }
    }

    #[tokio::test]
    async fn second_lock_is_twice_as_long() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let start = UnixTime::now().unwrap();
        let give =
            async |secret: &str, secs| count(&app.records, "nobody", secret, "form", start.saturating_add(secs)).await;
        for (from, secs) in [(0, LOCK_SECS), (LOCK_SECS, 2 * LOCK_SECS)] {
            for (secret, left) in [("1", 4), ("2", 3), ("3", 2), ("4", 1), ("5", 0)] {
                assert_eq!(give(secret, from).await.unwrap(), Ok(Counted { left, locks: left == 0 }));
            }
            assert_eq!(give("6", from + secs - 1).await.unwrap(), Err(start.as_secs() + from + secs));
        }
    }
}
