//! What the verifier stores under an id.
//!
//! A version byte, a kind byte, and a form byte: 0 for plain, 1 for sealed. A plain record's body follows; a sealed one has
//! before it the sealing key's id (4 bytes) and the state's revision (8), and after it the tag (16). The body is the state,
//! the algorithm, the digits, the period (2 bytes), T0 (8), what kind of key it is, all at fixed places, and the key as the
//! rest. Numbers are big-endian; period and T0 are 0 for HOTP. Of a revoked authenticator the body is empty and the
//! revision 0.

use alloc::vec::Vec;
use core::fmt;

use crate::account::seal::{Head, KeyId, KeyRing, SealError, TAG_LEN};
use crate::codes::Key;
use crate::ct::declassify::declassify;
use crate::decision::{State, StateError};
use crate::factor::{Authenticator, Hotp, Material, Method, Totp};
use crate::hsm::HsmKey;
use crate::store::Value;
use crate::types::{Algorithm, AuthenticatorId, Digits, Period, Secret, UnixTime};

const VERSION: u8 = 1;

const REVOKED: u8 = 0;
const HOTP: u8 = 1;
const TOTP: u8 = 2;

const PLAIN: u8 = 0;
const SEALED: u8 = 1;

const SECRET: u8 = 1;
const KEY: u8 = 2;
const HSM: u8 = 3;

/// Where the body begins.
const PLAIN_BODY: usize = 3;
const SEALED_BODY: usize = 15;

/// Where the parameters and the key begin in the body.
const PARAMETERS: usize = State::LEN;
const KEY_AT: usize = PARAMETERS + 13;

/// An enrolled authenticator's record as it is in memory: opened, where it is stored sealed.
pub(crate) struct Record(Value);

impl Record {
    /// The record of this authenticator, to be [closed](Self::close) with the same keys.
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
        // Never reallocated: that would leave a copy of the secret behind. No key is longer than the longest secret.
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

    /// The record that remains of an authenticator that was revoked and erased.
    pub(crate) fn revoked(keys: Option<&KeyRing>) -> Self {
        let (form, len) = if keys.is_some() { (SEALED, SEALED_BODY + TAG_LEN) } else { (PLAIN, PLAIN_BODY) };
        let mut bytes = Vec::from([VERSION, REVOKED, form]);
        bytes.resize(len, 0);
        Self(Value::from(bytes))
    }

    /// Opens a stored value.
    pub(crate) fn open(mut value: Value, id: &AuthenticatorId, keys: Option<&KeyRing>) -> Result<Self, RecordError> {
        let length = RecordError::Length(value.as_ref().len());
        match (value.as_ref(), keys) {
            ([VERSION] | [VERSION, _] | [], _) => return Err(length),
            ([VERSION, _, PLAIN, ..], None) => {}
            ([VERSION, _, PLAIN, ..], Some(_)) => return Err(RecordError::Seal(SealError::NotSealed)),
            ([VERSION, _, SEALED, ..], Some(keys)) => {
                let Sealed { head, body, tag, .. } = Sealed::of(value.as_mut()).ok_or(length)?;
                keys.open(&head, id, body, *tag).map_err(RecordError::Seal)?;
                // What stands before the key is no secret.
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

    /// The value to store: sealed with the active key of the keys that it was opened or made with.
    pub(crate) fn close(mut self, id: &AuthenticatorId, keys: Option<&KeyRing>) -> Result<Value, RecordError> {
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

    /// The sealing key's id, if it is stored sealed.
    pub(crate) fn sealed_with(&mut self) -> Option<KeyId> {
        Sealed::of(self.0.as_mut()).map(|sealed| sealed.head.key)
    }

    /// The authenticator and its state.
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

    /// Writes another state into it.
    pub(crate) fn replace_state(&mut self, state: &State) {
        if let Some((_, _, body)) = self.parts()
            && let Some(slot) = body.first_chunk_mut()
        {
            *slot = state.to_bytes();
        }
    }

    /// The kind, and the body and where it begins.
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

/// A stored value is not a record of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// Written by another version of this library, or not by it.
    Version(u8),
    /// The right version with an impossible number of bytes.
    Length(usize),
    /// It is not sealed as the verifier wants it, or cannot be opened.
    Seal(SealError),
    /// The state in it.
    State(StateError),
    /// The field at this byte offset has a value that is never written.
    Field {
        /// The field's first byte, from 0.
        offset: usize,
    },
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "unknown record version {version}; this library writes {VERSION}"),
            Self::Length(length) => write!(f, "no record of this version has {length} bytes"),
            Self::Seal(error) => write!(f, "the record is {error}"),
            Self::State(error) => error.fmt(f),
            Self::Field { offset } => write!(f, "the record's field at byte {offset} has an impossible value"),
        }
    }
}

impl core::error::Error for RecordError {}
