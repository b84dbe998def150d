//! The service's own PINs of older days. No new ones are given.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::levels::PinTerms;
use crate::app::App;
use crate::outage::Outage;
use crate::records::{Kept, Record};

/// The wrong PINs in a row that lock a fiscal code, and the seconds of the lock.
pub(super) const TRIES: u8 = 5;
const LOCK_SECS: u64 = 15 * 60;
const DAY: u64 = 24 * 60 * 60;

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
    /// The time in seconds until which no PIN is compared.
    locked_until: u64,
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
    Locked,
}

/// Compares a PIN. Unknown fiscal codes take the same time, and are counted in the same way.
///
/// The attempt is counted before the comparison, so that attempts at once are counted as well.
pub(super) async fn compare(app: &App, holder: &str, pin: String, now: UnixTime) -> Result<Compared, Outage> {
    let guess = Sha256::new().chain_update(holder).chain_update([0]).chain_update(&pin).finalize();
    let guess = base16ct::lower::encode_string(&guess);
    let counted = app.records.change(holder, now, |guesses: Option<Guesses>| {
        let Guesses { failures, locked_until, last } = guesses.unwrap_or_default();
        if last.as_ref() == Some(&guess) {
            return (None, Some(TRIES.saturating_sub(failures)));
        }
        if now.as_secs() < locked_until {
            return (None, None);
        }
        let failures = if failures >= TRIES { 1 } else { failures + 1 };
        let locked_until = if failures >= TRIES { now.as_secs() + LOCK_SECS } else { 0 };
        let kept = Kept::until(now.saturating_add(DAY), Guesses { failures, locked_until, last: Some(guess.clone()) });
        (Some(kept), Some(TRIES - failures))
    });
    let Some(left) = counted.await? else { return Ok(Compared::Locked) };
    let known: Option<Pin> = app.records.load(holder, now).await?;
    let is_right = app.persons.compare(pin, known.as_ref().map(|known| known.hash.clone())).await?;
    let Some(known) = known.filter(|_| is_right) else { return Ok(Compared::Wrong(left)) };
    app.records.remove::<Guesses>(holder, now).await?;
    Ok(Compared::Right(known))
}
