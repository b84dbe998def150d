//! What the verifier stores under an id.
//!
//! A version byte, a kind byte, and unless revoked: the state, the algorithm, the digits, the period (2 bytes), T0 (8),
//! all at fixed places, and the secret as the rest. Numbers are big-endian; period and T0 are 0 for HOTP.

use alloc::vec::Vec;
use core::fmt;

use crate::store::Value;
use crate::{Algorithm, Authenticator, Digits, Hotp, Method, Period, Secret, State, StateError, Totp, UnixTime};

const VERSION: u8 = 1;
const REVOKED: u8 = 0;
const HOTP: u8 = 1;
const TOTP: u8 = 2;
const STATE: usize = 2;
const PARAMETERS: usize = STATE + State::LEN;
const SECRET: usize = PARAMETERS + 12;

pub(crate) fn encode(authenticator: &Authenticator, state: &State) -> Value {
    let (kind, period, t0) = match authenticator.method() {
        Method::Hotp(_) => (HOTP, 0, 0),
        Method::Totp(totp) => (TOTP, totp.period().as_secs(), totp.t0().as_secs()),
    };
    let algorithm: u8 = match authenticator.algorithm() {
        Algorithm::Sha1 => 1,
        Algorithm::Sha256 => 2,
        Algorithm::Sha512 => 3,
    };
    let secret = authenticator.secret().map(Secret::expose).unwrap_or_default();
    // Never reallocated: that would leave a copy of the secret behind.
    let mut bytes = Vec::with_capacity(SECRET + secret.len());
    bytes.extend([VERSION, kind]);
    bytes.extend(state.to_bytes());
    bytes.extend([algorithm, authenticator.method().digits() as u8]);
    bytes.extend(period.to_be_bytes());
    bytes.extend(t0.to_be_bytes());
    bytes.extend(secret);
    Value::from(bytes)
}

pub(crate) fn revoked() -> Value {
    Value::from([VERSION, REVOKED].as_slice())
}

/// The authenticator and its state, or `None` if it was revoked and erased.
pub(crate) fn decode(value: &Value) -> Result<Option<(Authenticator, State)>, RecordError> {
    let bytes = value.as_ref();
    let length = || RecordError::Length(bytes.len());
    let (version, kind, rest) = match bytes {
        [version, kind, rest @ ..] => (*version, *kind, rest),
        _ => return Err(length()),
    };
    if version != VERSION {
        return Err(RecordError::Version(version));
    }
    if kind == REVOKED {
        return if rest.is_empty() { Ok(None) } else { Err(length()) };
    }
    let (state, rest) = rest.split_first_chunk::<{ State::LEN }>().ok_or_else(length)?;
    let (parameters, secret) = rest.split_first_chunk::<12>().ok_or_else(length)?;

    let state = State::from_bytes(state).map_err(RecordError::State)?;
    let field = |offset| RecordError::Field { offset };
    let [algorithm, digits, p0, p1, t0 @ ..] = *parameters;
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
            Method::Totp(Totp::new(digits, period).with_t0(UnixTime::from_secs(t0)))
        }
        _ => return Err(field(1)),
    };
    let secret = Secret::import_short(secret).map_err(|_| length())?;
    Ok(Some((Authenticator::new(method, algorithm, secret), state)))
}

/// Writes another state into an encoded, enrolled record.
pub(crate) fn replace_state(value: &mut Value, state: &State) {
    if let Some(slot) = value.as_mut().get_mut(STATE..PARAMETERS) {
        slot.copy_from_slice(&state.to_bytes());
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
            Self::State(error) => error.fmt(f),
            Self::Field { offset } => write!(f, "the record's field at byte {offset} has an impossible value"),
        }
    }
}

impl core::error::Error for RecordError {}
