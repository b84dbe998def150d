//! The record that a verifier stores under an authenticator's id. All numbers are big-endian.
//!
//! | part   | fields, with their lengths in bytes                                                         |
//! |--------|---------------------------------------------------------------------------------------------|
//! | plain  | version (1), kind (1), form 0 (1), body                                                     |
//! | sealed | version (1), kind (1), form 1 (1), sealing key id (4), state revision (8), body, tag (16)   |
//! | body   | state (40), algorithm (1), digits (1), period (2), T0 (8), kind of key (1), key (the rest)  |
//!
//! The period and T0 are 0 for HOTP. The record of a revoked authenticator is a tombstone: its body is empty, and its
//! revision is 0.

use alloc::vec::Vec;
use core::fmt;

use crate::account::seal::{Head, KeyId, KeyRing, SealError, TAG_LEN};
use crate::codes::Key;
use crate::ct::declassify::declassify;
use crate::decision::{State, StateError};
use crate::factor::{Authenticator, Hotp, Material, Method, Totp};
use crate::hsm::HsmKey;
use crate::store::Value;
use crate::types::{AccountId, Algorithm, Digits, Period, Secret, UnixTime};

const VERSION: u8 = 1;

const REVOKED: u8 = 0;
const HOTP: u8 = 1;
const TOTP: u8 = 2;

const PLAIN: u8 = 0;
const SEALED: u8 = 1;

const SECRET: u8 = 1;
const KEY: u8 = 2;
const HSM: u8 = 3;

/// The offsets of the body, from the start of a plain or a sealed record.
const PLAIN_BODY: usize = 3;
const SEALED_BODY: usize = 15;

/// The offsets of the parameters and the key, from the start of the body.
const PARAMETERS: usize = State::LEN;
const KEY_AT: usize = PARAMETERS + 13;

/// An authenticator's record in memory, decrypted if it is stored sealed.
pub(crate) struct Record(Value);

impl Record {
    /// Creates the record of an authenticator, to be [closed](Self::close) with the same keys.
    pub(crate) fn new(authenticator: &Authenticator, state: &State, keys: Option<&KeyRing>) -> Self {
        let (kind, period, t0) = match authenticator.method() {
            Method::Hotp(_) => (HOTP, 0, 0),
            Method::Totp(totp) => (TOTP, totp.period().as_secs(), totp.t0().as_secs()),
        };
        let algorithm: u8 = match authenticator.algorithm() {
            Algorithm::Sha1 => 1,
            Algorithm::Sha256 => 2,
            Algorithm::Sha512 => 3,
        };
        // Reallocation would leave a copy of the secret behind. This capacity suffices, as no key is longer than the
        // longest secret.
        let mut bytes = Vec::with_capacity(SEALED_BODY + KEY_AT + Secret::MAX_LEN + TAG_LEN);
        bytes.extend([VERSION, kind]);
        let (form, start) = if keys.is_some() { (SEALED, SEALED_BODY) } else { (PLAIN, PLAIN_BODY) };
        bytes.push(form);
        bytes.resize(start, 0);
        bytes.extend(state.to_bytes());
        bytes.extend([algorithm, authenticator.method().digits() as u8]);
        bytes.extend(period.to_be_bytes());
        bytes.extend(t0.to_be_bytes());
        match authenticator.material() {
            Material::Secret(_, secret) => {
                bytes.push(SECRET);
                bytes.extend(secret.expose());
            }
            Material::Key(key) => {
                bytes.push(KEY);
                key.words().for_each(|word| bytes.extend(word.to_be_bytes()));
            }
            Material::Hsm(_, key) => {
                bytes.push(HSM);
                bytes.extend(key.as_bytes());
            }
        }
        if keys.is_some() {
            bytes.resize(bytes.len() + TAG_LEN, 0);
        }
        Self(Value::from(bytes))
    }

    /// Creates the tombstone that replaces the record of a revoked authenticator.
    pub(crate) fn revoked(keys: Option<&KeyRing>) -> Self {
        let (form, len) = if keys.is_some() { (SEALED, SEALED_BODY + TAG_LEN) } else { (PLAIN, PLAIN_BODY) };
        let mut bytes = Vec::from([VERSION, REVOKED, form]);
        bytes.resize(len, 0);
        Self(Value::from(bytes))
    }

    /// Opens a stored value: checks its form, and decrypts the body of a sealed record.
    pub(crate) fn open(mut value: Value, id: &AccountId, keys: Option<&KeyRing>) -> Result<Self, RecordError> {
        let length = RecordError::Length(value.as_ref().len());
        match (value.as_ref(), keys) {
            ([VERSION] | [VERSION, _] | [], _) => return Err(length),
            ([VERSION, _, PLAIN, ..], None) => {}
            ([VERSION, _, PLAIN, ..], Some(_)) => return Err(RecordError::Seal(SealError::NotSealed)),
            ([VERSION, _, SEALED, ..], Some(keys)) => {
                let Sealed { head, body, tag, .. } = Sealed::of(value.as_mut()).ok_or(length)?;
                keys.open(&head, id, body, *tag).map_err(RecordError::Seal)?;
                // Only the key, at the end of the body, is secret.
                declassify(body.split_at_mut_checked(KEY_AT).map_or(&mut [], |(public, _)| public));
            }
            ([VERSION, _, SEALED, ..], None) => return Err(RecordError::Seal(SealError::NoKeys)),
            ([VERSION, ..], _) => return Err(RecordError::Field { offset: 2 }),
            ([version, ..], _) => return Err(RecordError::Version(*version)),
        }
        let mut record = Self(value);
        match record.parts() {
            Some((REVOKED, _, [_, ..])) => Err(length),
            _ => Ok(record),
        }
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.0.as_ref().get(1) == Some(&REVOKED)
    }

    /// Returns the value to store. `keys`, the ring that the record was opened or created with, seals it with its
    /// active key.
    pub(crate) fn close(mut self, id: &AccountId, keys: Option<&KeyRing>) -> Result<Value, RecordError> {
        if let Some(keys) = keys {
            let length = RecordError::Length(self.0.as_ref().len());
            let Sealed { mut head, key, revision, body, tag } = Sealed::of(self.0.as_mut()).ok_or(length)?;
            head.key = keys.active();
            head.revision = body.first_chunk().map_or(0, State::revision_in);
            *key = head.key.get().to_be_bytes();
            *revision = head.revision.to_be_bytes();
            *tag = keys.seal(&head, id, body).map_err(RecordError::Seal)?;
        }
        Ok(self.0)
    }

    /// Returns the id of the sealing key, or `None` if the record is plain.
    pub(crate) fn sealed_with(&mut self) -> Option<KeyId> {
        Sealed::of(self.0.as_mut()).map(|sealed| sealed.head.key)
    }

    /// Reads the authenticator and its state.
    pub(crate) fn decode(&mut self) -> Result<(Authenticator, State), RecordError> {
        let length = RecordError::Length(self.0.as_ref().len());
        let (kind, start, body) = self.parts().ok_or(length)?;
        let (state, rest) = body.split_first_chunk::<{ State::LEN }>().ok_or(length)?;
        let (parameters, key) = rest.split_first_chunk::<13>().ok_or(length)?;

        let state = State::from_bytes(state).map_err(RecordError::State)?;
        let field = |offset| RecordError::Field { offset: start + offset };
        let [algorithm, digits, p0, p1, t0 @ .., material] = *parameters;
        let algorithm = match algorithm {
            1 => Algorithm::Sha1,
            2 => Algorithm::Sha256,
            3 => Algorithm::Sha512,
            _ => return Err(field(PARAMETERS)),
        };
        let digits = Digits::try_from(digits).map_err(|_| field(PARAMETERS + 1))?;
        let period = u16::from_be_bytes([p0, p1]);
        let t0 = u64::from_be_bytes(t0);
        let method = match kind {
            HOTP if period != 0 => return Err(field(PARAMETERS + 2)),
            HOTP if t0 != 0 => return Err(field(PARAMETERS + 4)),
            HOTP => Method::Hotp(Hotp::new(digits)),
            TOTP => {
                let period = Period::from_secs(u64::from(period)).map_err(|_| field(PARAMETERS + 2))?;
                let t0 = UnixTime::from_secs(t0).map_err(|_| field(PARAMETERS + 4))?;
                Method::Totp(Totp::new(digits, period).with_t0(t0))
            }
            _ => return Err(RecordError::Field { offset: 1 }),
        };
        let authenticator = match material {
            SECRET => Authenticator::new(method, algorithm, Secret::import_short(key).map_err(|_| length)?),
            KEY => Authenticator::from_key(method, Key::from_words(algorithm, key).ok_or(length)?),
            HSM => Authenticator::in_hsm(method, algorithm, HsmKey::new(key).map_err(|_| length)?),
            _ => return Err(field(PARAMETERS + 12)),
        };
        Ok((authenticator, state))
    }

    /// Replaces the state in the record.
    pub(crate) fn replace_state(&mut self, state: &State) {
        if let Some((_, _, body)) = self.parts()
            && let Some(slot) = body.first_chunk_mut()
        {
            *slot = state.to_bytes();
        }
    }

    /// Returns the kind, the offset of the body, and the body.
    fn parts(&mut self) -> Option<(u8, usize, &mut [u8])> {
        match self.0.as_mut() {
            [_, kind, PLAIN, body @ ..] => Some((*kind, PLAIN_BODY, body)),
            bytes => Sealed::of(bytes).map(|sealed| (sealed.head.kind, SEALED_BODY, sealed.body)),
        }
    }
}

/// The parts of a sealed record.
struct Sealed<'a> {
    head: Head,
    key: &'a mut [u8; 4],
    revision: &'a mut [u8; 8],
    body: &'a mut [u8],
    tag: &'a mut [u8; TAG_LEN],
}

impl<'a> Sealed<'a> {
    fn of(bytes: &'a mut [u8]) -> Option<Self> {
        let [version, kind, SEALED, rest @ ..] = bytes else { return None };
        let (key, rest) = rest.split_first_chunk_mut()?;
        let (revision, rest) = rest.split_first_chunk_mut()?;
        let (body, tag) = rest.split_last_chunk_mut()?;
        let (id, number) = (KeyId::new(u32::from_be_bytes(*key)), u64::from_be_bytes(*revision));
        let head = Head { version: *version, kind: *kind, key: id, revision: number };
        Some(Self { head, key, revision, body, tag })
    }
}

/// An error from reading a stored record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// The version byte is unknown: the record comes from another version of this library, or from other software.
    Version(u8),
    /// The length, in bytes, is impossible for a record of this version.
    Length(usize),
    /// The record is sealed and cannot be opened, or it is plain and the verifier accepts only sealed records.
    Seal(SealError),
    /// The state in the record is invalid.
    State(StateError),
    /// A field has a value that this library never writes.
    Field {
        /// The offset of the field's first byte in the record, from 0.
        offset: usize,
    },
}

impl RecordError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::Length(_) => "length",
            Self::Seal(_) => "seal",
            Self::State(_) => "state",
            Self::Field { .. } => "field",
        }
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => {
                write!(f, "unknown record version {version}; this library reads version {VERSION}")
            }
            Self::Length(length) => write!(f, "the record has an impossible length in bytes: {length}"),
            Self::Seal(error) => write!(f, "{error}"),
            Self::State(error) => error.fmt(f),
            Self::Field { offset } => write!(f, "the record's field at byte {offset} has an invalid value"),
        }
    }
}

impl core::error::Error for RecordError {}
