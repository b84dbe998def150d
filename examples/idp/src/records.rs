//! The provider's own records: persons, sessions, requests. They lie in the same store as the accounts.

use std::sync::{Arc, PoisonError, RwLock};

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use rand::TryRng;
use rand::rngs::SysRng;
use secondo::store::{Boxed, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};
use serde::de::{DeserializeOwned, IgnoredAny};
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
///
/// The sealed form begins with the number of the key. Clones share the keys, which change when they are rotated.
#[derive(Clone)]
pub(crate) struct Records {
    store: Boxed,
    ciphers: Arc<RwLock<Vec<(u32, Aes256GcmSiv)>>>,
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
    /// Creates the records with these numbered keys, of which the first one seals.
    pub(crate) fn new(store: Boxed, keys: &[(u32, [u8; 32])]) -> Self {
        let records = Self { store, ciphers: Arc::default() };
        records.set_keys(keys);
        records
    }

    pub(crate) fn set_keys(&self, keys: &[(u32, [u8; 32])]) {
        let ciphers = keys.iter().map(|(number, key)| (*number, Aes256GcmSiv::new(key.into()))).collect();
        *self.ciphers.write().unwrap_or_else(PoisonError::into_inner) = ciphers;
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

    /// Returns `true` the first time that this text is given, within an hour. The second of two clicks is not the
    /// first.
    pub(crate) async fn first_use(&self, text: &str, now: UnixTime) -> Result<bool, Outage> {
        self.create(text, Kept::until(now.saturating_add(USED_SECS), Used {}), now).await
    }

    pub(crate) async fn remove<R: Record>(&self, name: &str, now: UnixTime) -> Result<(), Outage> {
        self.change::<R, ()>(name, now, |record| (record.map(|_| Kept::removed(now)), ())).await
    }

    async fn read<R: DeserializeOwned>(
        &self,
        id: &AccountId,
        now: UnixTime,
    ) -> Result<(Option<Revision>, Option<R>), Outage> {
        let Some(entry) = self.store.load(id).await? else { return Ok((None, None)) };
        let (_, opened) = self.open(id, entry.value.as_ref())?;
        let Envelope { expires, record } = serde_json::from_slice(&opened).map_err(|_| Outage("record_json"))?;
        let is_there = expires.is_none_or(|expires| now.as_secs() < expires);
        Ok((Some(entry.revision), record.filter(|_| is_there)))
    }

    /// Opens a sealed record. Returns the number of its key as well.
    fn open(&self, id: &AccountId, value: &[u8]) -> Result<(u32, Vec<u8>), Outage> {
        let (number, value) = value.split_first_chunk().ok_or(Outage("record_length"))?;
        let (nonce, sealed) = value.split_first_chunk().ok_or(Outage("record_length"))?;
        let number = u32::from_le_bytes(*number);
        let ciphers = self.ciphers.read().unwrap_or_else(PoisonError::into_inner);
        let (_, cipher) = ciphers.iter().find(|(key, _)| *key == number).ok_or(Outage("record_key"))?;
        let payload = Payload { msg: sealed, aad: id.as_str().as_bytes() };
        let opened = cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| Outage("record_seal"))?;
        Ok((number, opened))
    }

    fn seal(&self, id: &AccountId, opened: &[u8]) -> Result<Value, Outage> {
        let mut nonce = [0; 12];
        SysRng.try_fill_bytes(&mut nonce)?;
        let ciphers = self.ciphers.read().unwrap_or_else(PoisonError::into_inner);
        let (number, cipher) = ciphers.first().ok_or(Outage("record_key"))?;
        let payload = Payload { msg: opened, aad: id.as_str().as_bytes() };
        let sealed = cipher.encrypt(&nonce.into(), payload).map_err(|_| Outage("record_seal"))?;
        let value = [&number.to_le_bytes(), &nonce[..], &sealed].concat();
        if value.len() > Value::MAX_LEN {
            return Err(Outage("record_too_long"));
        }
        Ok(value.into())
    }

    /// Seals a record with the first key. Returns `true` if another one had sealed it.
    pub(crate) async fn reseal(&self, id: &AccountId) -> Result<bool, Outage> {
        for _ in 0..TRIES {
            let Some(entry) = self.store.load(id).await? else { return Ok(false) };
            let (number, opened) = self.open(id, entry.value.as_ref())?;
            let first = self.ciphers.read().unwrap_or_else(PoisonError::into_inner).first().map(|(first, _)| *first);
            if first == Some(number) {
                return Ok(false);
            }
            let Envelope::<IgnoredAny> { expires, .. } = serde_json::from_slice(&opened)?;
            let expires = expires.map(UnixTime::from_secs).transpose()?;
            let value = self.seal(id, &opened)?;
            if self.store.compare_exchange(id, Some(entry.revision), value, expires).await? == Exchange::Stored {
                return Ok(true);
            }
        }
        Err(Outage("records_contended"))
    }

    /// Returns the content of a record of any kind, unless the record has expired.
    pub(crate) async fn unexpired(&self, id: &AccountId, now: UnixTime) -> Result<Option<serde_json::Value>, Outage> {
        Ok(self.read(id, now).await?.1)
    }

    /// Returns the content of a record of any kind, even of one that has expired and is not purged yet, for the
    /// commands that go through all records.
    pub(crate) async fn content(&self, id: &AccountId) -> Result<Option<serde_json::Value>, Outage> {
        let Some(entry) = self.store.load(id).await? else { return Ok(None) };
        let Envelope { record, .. } = serde_json::from_slice(&self.open(id, entry.value.as_ref())?.1)?;
        Ok(record)
    }

    /// Changes the content of a record of any kind. Its expiry stays.
    pub(crate) async fn rewrite(
        &self,
        id: &AccountId,
        rewrite: impl Fn(&mut serde_json::Value) + Send,
    ) -> Result<(), Outage> {
        for _ in 0..TRIES {
            let Some(entry) = self.store.load(id).await? else { return Ok(()) };
            let (_, opened) = self.open(id, entry.value.as_ref())?;
            let Envelope { expires, mut record } = serde_json::from_slice::<Envelope<serde_json::Value>>(&opened)?;
            let Some(content) = &mut record else { return Ok(()) };
            rewrite(content);
            let expires = expires.map(UnixTime::from_secs).transpose()?;
            if self.write(id, Some(entry.revision), &Kept { record, expires }).await? {
                return Ok(());
            }
        }
        Err(Outage("records_contended"))
    }

    /// Removes a record of any kind.
    pub(crate) async fn erase(&self, id: &AccountId, now: UnixTime) -> Result<(), Outage> {
        for _ in 0..TRIES {
            let Some(entry) = self.store.load(id).await? else { return Ok(()) };
            if self.write(id, Some(entry.revision), &Kept::<()>::removed(now)).await? {
                return Ok(());
            }
        }
        Err(Outage("records_contended"))
    }

    async fn write<R: Serialize + Sync>(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        kept: &Kept<R>,
    ) -> Result<bool, Outage> {
        let Kept { record, expires } = kept;
        let opened =
            serde_json::to_vec(&Envelope { expires: expires.map(UnixTime::as_secs), record: record.as_ref() })?;
        let value = self.seal(id, &opened)?;
        let stored = self.store.compare_exchange(id, expected, value, *expires).await?;
        Ok(stored == Exchange::Stored)
    }
}

/// Returns the kind of the record with this id, or `None` for an account.
pub(crate) fn kind_of(id: &AccountId) -> Option<&str> {
    Some(id.as_str().strip_prefix(PREFIX)?.rsplit_once('.')?.0)
}

/// Returns `true` for the id of an entry that the verifier keeps beside the accounts.
pub(crate) fn is_of_verifier(id: &AccountId) -> bool {
    id.as_str().starts_with("secondo-")
}

/// Returns `true` for the id of a record of any kind that has this name.
pub(crate) fn is_named(id: &AccountId, name: &str) -> bool {
    kind_of(id).is_some() && id.as_str().rsplit_once('.').is_some_and(|(_, hash)| hash == hash_of(name))
}

/// Returns the id of a record. Names of any length are hashed.
fn id<R: Record>(name: &str) -> Result<AccountId, Outage> {
    Ok(AccountId::new(&format!("{PREFIX}{}.{}", R::KIND, hash_of(name)))?)
}

fn hash_of(name: &str) -> String {
    let hash = Sha256::digest(name);
    let (start, _) = hash.split_at(16);
    base16ct::lower::encode_string(start)
}
