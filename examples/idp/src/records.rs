//! The provider's own records: persons, sessions, requests. They lie in the same store as the accounts.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use rand::TryRng;
use rand::rngs::SysRng;
use secondo::store::{Boxed, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::outage::Outage;

/// The start of the ids of records. No account has such an id.
pub(crate) const PREFIX: &str = "idp.";

/// A kind of record.
pub(crate) trait Record: Serialize + DeserializeOwned + Send + Sync {
    /// The name of the kind in ids.
    const KIND: &'static str;
}

/// Records in a store, as sealed JSON. A record that has expired is not there.
#[derive(Clone)]
pub(crate) struct Records {
    store: Boxed,
    cipher: Aes256GcmSiv,
}

/// The form of a record in the store.
#[derive(Serialize, Deserialize)]
struct Envelope<R> {
    /// The time in seconds from which the record is not there.
    expires: Option<u64>,
    /// The record, or nothing if it was removed.
    record: Option<R>,
}

/// A record that is to be stored.
pub(crate) struct Kept<R> {
    record: Option<R>,
    expires: Option<UnixTime>,
}

impl<R> Kept<R> {
    pub(crate) fn forever(record: R) -> Self {
        Self { record: Some(record), expires: None }
    }

    pub(crate) fn until(expires: UnixTime, record: R) -> Self {
        Self { record: Some(record), expires: Some(expires) }
    }

    pub(crate) fn removed(now: UnixTime) -> Self {
        Self { record: None, expires: Some(now) }
    }
}

/// A form that was used.
#[derive(Serialize, Deserialize)]
struct Used {}

impl Record for Used {
    const KIND: &'static str = "used";
}

/// The seconds for which a form is known to be used.
const USED_SECS: u64 = 60 * 60;

/// The number of times that a change is tried against other writers.
const TRIES: usize = 64;

impl Records {
    pub(crate) fn new(store: Boxed, key: &[u8; 32]) -> Self {
        Self { store, cipher: Aes256GcmSiv::new(key.into()) }
    }

    /// Returns the record with this name, or `None` if there is no such record.
    pub(crate) async fn load<R: Record>(&self, name: &str, now: UnixTime) -> Result<Option<R>, Outage> {
        Ok(self.read(&id::<R>(name)?, now).await?.1)
    }

    /// Stores a new record. Returns `false` and changes nothing if there is one of this name.
    pub(crate) async fn create<R: Record>(&self, name: &str, kept: Kept<R>, now: UnixTime) -> Result<bool, Outage> {
        let id = id::<R>(name)?;
        let (revision, None) = self.read::<R>(&id, now).await? else { return Ok(false) };
        self.write(&id, revision, &kept).await
    }

    /// Replaces a record with what `change` makes of it, and returns the result of `change`. Nothing is stored if that
    /// is an error, or if `change` returns no record to keep.
    pub(crate) async fn change<R: Record, T>(
        &self,
        name: &str,
        now: UnixTime,
        mut change: impl FnMut(Option<R>) -> (Option<Kept<R>>, T) + Send,
    ) -> Result<T, Outage> {
        let id = id::<R>(name)?;
        for _ in 0..TRIES {
            let (revision, record) = self.read(&id, now).await?;
            let (kept, outcome) = change(record);
            let Some(kept) = kept else { return Ok(outcome) };
            if self.write(&id, revision, &kept).await? {
                return Ok(outcome);
            }
        }
        Err(Outage("records_contended"))
    }

    /// Returns `true` the first time that this text is given, within an hour. The second of two clicks is not the first.
    pub(crate) async fn first_use(&self, text: &str, now: UnixTime) -> Result<bool, Outage> {
        self.create(text, Kept::until(now.saturating_add(USED_SECS), Used {}), now).await
    }

    pub(crate) async fn remove<R: Record>(&self, name: &str, now: UnixTime) -> Result<(), Outage> {
        self.change::<R, ()>(name, now, |record| (record.map(|_| Kept::removed(now)), ())).await
    }

    async fn read<R: Record>(&self, id: &AccountId, now: UnixTime) -> Result<(Option<Revision>, Option<R>), Outage> {
        let Some(entry) = self.store.load(id).await? else { return Ok((None, None)) };
        let (nonce, sealed) = entry.value.as_ref().split_at_checked(12).ok_or(Outage("record_length"))?;
        let nonce = Nonce::try_from(nonce).map_err(|_| Outage("record_length"))?;
        let payload = Payload { msg: sealed, aad: id.as_str().as_bytes() };
        let opened = self.cipher.decrypt(&nonce, payload).map_err(|_| Outage("record_seal"))?;
        let Envelope { expires, record } = serde_json::from_slice(&opened).map_err(|_| Outage("record_json"))?;
        let is_there = expires.is_none_or(|expires| now.as_secs() < expires);
        Ok((Some(entry.revision), record.filter(|_| is_there)))
    }

    async fn write<R: Record>(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        kept: &Kept<R>,
    ) -> Result<bool, Outage> {
        let Kept { record, expires } = kept;
        let opened =
            serde_json::to_vec(&Envelope { expires: expires.map(UnixTime::as_secs), record: record.as_ref() })?;
        let mut nonce = [0; 12];
        SysRng.try_fill_bytes(&mut nonce)?;
        let payload = Payload { msg: &opened, aad: id.as_str().as_bytes() };
        let sealed = self.cipher.encrypt(&nonce.into(), payload).map_err(|_| Outage("record_seal"))?;
        let value = [&nonce[..], &sealed].concat();
        if value.len() > Value::MAX_LEN {
            return Err(Outage("record_too_long"));
        }
        let stored = self.store.compare_exchange(id, expected, value.into(), *expires).await?;
        Ok(stored == Exchange::Stored)
    }
}

/// Returns the id of a record. Names of any length are hashed.
fn id<R: Record>(name: &str) -> Result<AccountId, Outage> {
    let hash = Sha256::digest(name);
    let (start, _) = hash.split_at(16);
    Ok(AccountId::new(&format!("{PREFIX}{}.{}", R::KIND, base16ct::lower::encode_string(start)))?)
}
