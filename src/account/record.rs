//! The record that a verifier stores under the id of an account. All numbers are big-endian.
//!
//! | part   | fields, with their lengths in bytes                                              |
//! |--------|----------------------------------------------------------------------------------|
//! | plain  | version (1), kind (1), revision (8), body                                        |
//! | sealed | version (1), kind + 128 (1), revision (8), sealing key id (4), body, tag (16)    |
//!
//! The kind is 1 for an account, whose body is described in `bytes`, 2 for the tombstone of a closed account, and 3 for
//! the limit of a destination. The body of a tombstone is the time (5) until which it is kept, or five bytes 255 if it
//! is kept forever. The body of a limit is the time (5) from which all sends are available again.

use alloc::vec::Vec;

use super::record_error::{RecordError, VERSION};
use super::seal::{Head, KeyId, KeyRing, SealError, TAG_LEN};
use super::subscriber::Account;
use crate::store::Value;
use crate::types::{AccountId, UnixTime};

const ACCOUNT: u8 = 1;
const TOMBSTONE: u8 = 2;
const LIMIT: u8 = 3;
const SEALED: u8 = 128;

/// The end of a tombstone that is kept forever, in the place of a time.
const FOREVER: [u8; 5] = [0xff; 5];

/// The offsets of the body.
const PLAIN_BODY: usize = 10;
const SEALED_BODY: usize = 14;

/// A record in memory, decrypted if it is stored sealed.
#[derive(Debug)]
pub(crate) enum Record {
    Account(Account),
    /// The rest of a closed account.
    Tombstone {
        revision: u64,
        keep_until: Option<UnixTime>,
    },
    /// The limit of the codes that are sent to a destination.
    Limit {
        revision: u64,
        /// The time from which all sends are available again.
        full_again: UnixTime,
    },
}

impl Record {
    /// The number of bytes that a sealed record has besides the account.
    pub(crate) const MAX_OVERHEAD: usize = SEALED_BODY + TAG_LEN;

    /// Opens a stored value: checks its form, decrypts the body if it is sealed, and reads it.
    ///
    /// Returns the id of the key that had sealed it, if it was sealed.
    pub(crate) fn open(
        mut value: Value,
        id: &AccountId,
        keys: Option<&KeyRing>,
    ) -> Result<(Self, Option<KeyId>), RecordError> {
        let length = RecordError::Length(value.as_ref().len());
        let is_too_long = value.as_ref().len() > Value::MAX_LEN;
        let [version, form, rest @ ..] = value.as_mut() else { return Err(length) };
        if *version != VERSION {
            return Err(RecordError::Version(*version));
        }
        if is_too_long {
            return Err(length);
        }
        let (revision, rest) = rest.split_first_chunk_mut().ok_or(length)?;
        let revision = u64::from_be_bytes(*revision);
        match (*form & SEALED != 0, keys) {
            (false, None) => Ok((Self::decode(*form, rest, PLAIN_BODY, revision)?, None)),
            (false, Some(_)) => Err(RecordError::Seal(SealError::NotSealed)),
            (true, None) => Err(RecordError::Seal(SealError::NoKeys)),
            (true, Some(keys)) => {
                let (key, rest) = rest.split_first_chunk_mut().ok_or(length)?;
                let (body, tag) = rest.split_last_chunk_mut().ok_or(length)?;
                let key = KeyId::new(u32::from_be_bytes(*key));
                let head = Head { version: *version, kind: *form, key, revision };
                keys.open(&head, id, body, *tag).map_err(RecordError::Seal)?;
                Ok((Self::decode(*form & !SEALED, body, SEALED_BODY, revision)?, Some(key)))
            }
        }
    }

    fn decode(kind: u8, body: &mut [u8], offset: usize, revision: u64) -> Result<Self, RecordError> {
        match kind {
            ACCOUNT => Account::decode(body, offset, revision).map(Self::Account),
            TOMBSTONE => {
                let keep_until = match (&*body).try_into().map_err(|_| RecordError::Length(offset + body.len()))? {
                    FOREVER => None,
                    time => Some(UnixTime::from_be_bytes(time).ok_or(RecordError::Field { offset })?),
                };
                Ok(Self::Tombstone { revision, keep_until })
            }
            LIMIT => {
                let time = (&*body).try_into().map_err(|_| RecordError::Length(offset + body.len()))?;
                let full_again = UnixTime::from_be_bytes(time).ok_or(RecordError::Field { offset })?;
                Ok(Self::Limit { revision, full_again })
            }
            _ => Err(RecordError::Field { offset: 1 }),
        }
    }

    /// Returns the value to store. `keys`, the ring that the record was opened with, seals it with its active key.
    pub(crate) fn close(&self, id: &AccountId, keys: Option<&KeyRing>) -> Result<Value, RecordError> {
        let revision = self.revision();
        let (kind, body_len) = match self {
            Self::Account(account) => (ACCOUNT, account.encoded_len()),
            Self::Tombstone { .. } => (TOMBSTONE, 5),
            Self::Limit { .. } => (LIMIT, 5),
        };
        // Reallocation would leave a copy of the secrets behind.
        let mut bytes = Vec::with_capacity(Self::MAX_OVERHEAD + body_len);
        bytes.extend_from_slice(&[VERSION, if keys.is_some() { kind | SEALED } else { kind }]);
        bytes.extend_from_slice(&revision.to_be_bytes());
        if let Some(keys) = keys {
            bytes.extend_from_slice(&keys.active().get().to_be_bytes());
        }
        let start = bytes.len();
        match self {
            Self::Account(account) => account.encode(&mut bytes),
            Self::Limit { full_again, .. } => bytes.extend_from_slice(&full_again.to_be_bytes()),
            Self::Tombstone { keep_until, .. } => {
                bytes.extend_from_slice(&keep_until.map_or(FOREVER, UnixTime::to_be_bytes));
            }
        }
        debug_assert_eq!(bytes.len(), start + body_len, "the computed length is the written one");
        let mut value = Value::from(bytes);
        if let Some(keys) = keys {
            let head = Head { version: VERSION, kind: kind | SEALED, key: keys.active(), revision };
            let body = value.as_mut().get_mut(start..).unwrap_or_default();
            let tag = keys.seal(&head, id, body).map_err(RecordError::Seal)?;
            value.extend(&tag);
        }
        Ok(value)
    }

    pub(crate) const fn revision(&self) -> u64 {
        match self {
            Self::Account(account) => account.revision(),
            Self::Tombstone { revision, .. } | Self::Limit { revision, .. } => *revision,
        }
    }

    /// Returns the time from which a store may remove the record. An account with a confirmed authenticator never
    /// expires.
    pub(crate) fn expiry(&self) -> Option<UnixTime> {
        match self {
            Self::Account(account) => account.expiry(),
            Self::Tombstone { keep_until, .. } => *keep_until,
            Self::Limit { full_again, .. } => Some(*full_again),
        }
    }

    /// Returns the revision that a stored value claims, even if it cannot be opened.
    pub(crate) fn claimed_revision(value: &Value) -> u64 {
        let revision = value.as_ref().get(2..).and_then(<[u8]>::first_chunk);
        revision.map_or(0, |revision| u64::from_be_bytes(*revision))
    }
}
