//! The service's own PINs of older days. No new ones are given.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::levels::PinTerms;
use crate::app::App;
use crate::outage::Outage;
use crate::person::{kept_until, lock};
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
    /// The hash of the last PIN, which a second click sends again.
    #[serde(default)]
    last: Option<String>,
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

/// Compares a PIN. Unknown fiscal codes take the same time, and are counted in the same way.
///
/// The attempt is counted before the comparison, so that attempts at once are counted as well.
pub(super) async fn compare(app: &App, holder: &str, pin: String, now: UnixTime) -> Result<Compared, Outage> {
    let guess = Sha256::new().chain_update(holder).chain_update([0]).chain_update(&pin).finalize();
    let guess = base16ct::lower::encode_string(&guess);
    let counted = app.records.change(holder, now, |guesses: Option<Guesses>| {
        let Guesses { failures, mut locked_until, mut locks, last } = guesses.unwrap_or_default();
        if last.as_ref() == Some(&guess) {
            return (None, Ok(TRIES.saturating_sub(failures)));
        }
        if now.as_secs() < locked_until {
            return (None, Err(locked_until));
        }
        let failures = if failures >= TRIES { 1 } else { failures + 1 };
        if failures >= TRIES {
            (locked_until, locks) = lock(locks, locked_until, now);
        }
        let last = Some(guess.clone());
        let kept = Kept::until(kept_until(locks, locked_until, now), Guesses { failures, locked_until, locks, last });
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
    async fn second_lock_of_a_fiscal_code_is_twice_as_long() {
        let folder = tempfile::tempdir().unwrap();
        let app = crate::test_browser::open(folder.path()).await;
        let start = UnixTime::now().unwrap();
        let give =
            async |pin: &str, secs| compare(&app, "nobody", pin.into(), start.saturating_add(secs)).await.unwrap();
        for (from, secs) in [(0, LOCK_SECS), (LOCK_SECS, 2 * LOCK_SECS)] {
            for (pin, left) in [("1", 4), ("2", 3), ("3", 2), ("4", 1), ("5", 0)] {
                assert!(matches!(give(pin, from).await, Compared::Wrong(given) if given == left));
            }
            let end = start.as_secs() + from + secs;
            assert!(matches!(give("6", from + secs - 1).await, Compared::Locked(until) if until == end));
        }
    }
}
