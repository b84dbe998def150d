//! The service's own PINs of older days. No new ones are given.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::levels::PinTerms;
use crate::app::App;
use crate::outage::Outage;
use crate::records::Record;
use crate::tries::{self, Counted};

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
/// A fiscal code without a PIN has a count and a comparison as well, so that neither the answer nor its time tells who
/// has a PIN.
pub(super) async fn compare(
    app: &App,
    holder: &str,
    pin: String,
    form: &str,
    now: UnixTime,
) -> Result<Compared, Outage> {
    let name = tries::Pin::Service.name(holder);
    let left = match tries::count(&app.records, &name, &pin, form, now).await? {
        Ok(Counted { left, .. }) => left,
        Err(until) => return Ok(Compared::Locked(until)),
    };
    let known: Option<Pin> = app.records.load(holder, now).await?;
    let is_right = app.persons.compare(pin, known.as_ref().map(|known| known.hash.clone())).await?;
    let Some(known) = known.filter(|_| is_right) else { return Ok(Compared::Wrong(left)) };
    tries::forget(&app.records, &name, now).await?;
    Ok(Compared::Right(known))
}
