use core::fmt;

use secondo::formats::{self, Note};
use secondo::policy::Window;
use secondo::types::{Counter, Period};
use secondo::{Algorithm, Authenticator, Digits, Hotp, Method, Secret, State, Totp, UnixTime};
use zeroize::Zeroizing;

use crate::Problem;

/// The number of time steps that a source is assumed to look ahead, which no format records: as many as the widest
/// [`Window`].
const UNTOLD_WINDOW: u64 = Window::MAX as u64;

/// An authenticator of a file, ready for [`Verifier::import`](secondo::Verifier::import).
#[derive(Debug)]
#[non_exhaustive]
pub struct Record {
    /// The place in the file.
    pub place: Place,
    /// The name of the account or of its owner in the file. A record without a name may have its serial number or its
    /// issuer here. Otherwise, it is empty.
    ///
    /// It may occur twice, and it may be personal data: choose the [`AccountId`](secondo::AccountId) yourself.
    pub name: String,
    /// The provider that issued the secret to an app.
    pub issuer: Option<String>,
    /// The serial number of a token.
    pub serial: Option<String>,
    /// The secret and the parameters of the codes.
    pub authenticator: Authenticator,
    /// The state to import with. It is confirmed only if the file says so, and in the formats of systems in use:
    /// usersfile and google-authenticator-libpam.
    ///
    /// Confirm it ([`State::confirmed`]) only for a person who has the token, since a verifier accepts its codes at
    /// once.
    pub state: State,
    /// Warnings, and the things that were not imported.
    pub notes: Vec<Note>,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The line in which the record begins, from 1.
    Line(u64),
    /// The entry or token of a document, from 1.
    Entry(u64),
    /// The file as a whole.
    File,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Entry(entry) => write!(f, "entry {entry}"),
            Self::File => f.write_str("the file"),
        }
    }
}

/// The fields of a record that all formats share, before they are checked together.
pub(crate) struct Fields<'a> {
    pub(crate) name: &'a str,
    pub(crate) issuer: Option<&'a str>,
    pub(crate) serial: Option<&'a str>,
    pub(crate) secret: Secret,
    pub(crate) algorithm: Algorithm,
    pub(crate) moving: Moving,
    /// `None` if the source does not record the number of digits.
    pub(crate) digits: Option<Digits>,
    pub(crate) notes: Vec<Note>,
}

/// The moving factor of an authenticator.
#[derive(Clone, Copy)]
pub(crate) enum Moving {
    /// TOTP, whose last used time step no format records.
    Time(Period),
    /// HOTP, with the next counter.
    Counter(u64),
}

impl Fields<'_> {
    /// Returns the record. Every time step until `now` counts as used.
    pub(crate) fn record(self, place: Place, now: UnixTime) -> Result<Record, Problem> {
        let Self { name, issuer, serial, secret, algorithm, moving, digits, mut notes } = self;
        let issuer = text(issuer, "issuer")?;
        let serial = text(serial, "serial number")?;
        let name = text(Some(name), "name")?.or_else(|| serial.or(issuer)).unwrap_or_default();
        if digits.is_none() {
            notes.push(Note::DigitsUnknown);
        }
        let digits = digits.unwrap_or_default();
        let method = match moving {
            Moving::Time(period) => Method::from(Totp::new(digits, period)),
            Moving::Counter(_) => Hotp::new(digits).into(),
        };
        let next = match moving {
            Moving::Counter(next) => next,
            Moving::Time(_) => 0,
        };
        let state = state(method, State::new().starting_at(Counter::new(next)), now, &mut notes);
        let [issuer, serial] = [issuer, serial].map(|text| text.map(str::to_owned));
        let authenticator = Authenticator::new(method, algorithm, secret);
        notes.extend(Note::of(&authenticator, &state));
        Ok(Record { place, name: name.to_owned(), issuer, serial, authenticator, state, notes })
    }
}

/// Returns the state of an authenticator whose source does not record the last used time step.
pub(crate) fn state(method: Method, state: State, now: UnixTime, notes: &mut Vec<Note>) -> State {
    let Method::Totp(totp) = method else { return state };
    notes.push(Note::LastUseUnknown);
    let next = |current: Counter| Counter::new(current.get().saturating_add(UNTOLD_WINDOW + 1));
    totp.step(now).map_or(state, |current| state.starting_at(next(current)))
}

/// Checks a text that people may see. Returns `None` if it is empty.
pub(crate) fn text<'a>(text: Option<&'a str>, field: &'static str) -> Result<Option<&'a str>, Problem> {
    const MAX_LEN: usize = 255;

    let text = text.unwrap_or_default().trim();
    if text.len() > MAX_LEN || text.contains(char::is_control) {
        return Err(Problem::invalid(field));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Parses the name of an algorithm in any usual form: `SHA1`, `sha-256`, `HmacSHA512`.
pub(crate) fn algorithm(text: &str, field: &'static str) -> Result<Algorithm, Problem> {
    let name = text.trim().replace('-', "").to_ascii_uppercase();
    match name.strip_prefix("HMAC").unwrap_or(&name) {
        "SHA1" => Ok(Algorithm::Sha1),
        "SHA256" => Ok(Algorithm::Sha256),
        "SHA512" => Ok(Algorithm::Sha512),
        "SHA224" => Err(Problem::Unsupported("SHA-224")),
        "SHA384" => Err(Problem::Unsupported("SHA-384")),
        _ => Err(Problem::invalid(field)),
    }
}

/// Returns the algorithm whose output is as long as the secret, which is SHA-1 for all other lengths.
///
/// Secrets as long as the output of SHA-224 or SHA-384 are rejected: taken for SHA-1, all codes could be wrong.
pub(crate) fn algorithm_of_length(secret: &Secret, notes: &mut Vec<Note>) -> Result<Algorithm, Problem> {
    let algorithm = match secret.expose().len() {
        28 => {
            return Err(Problem::Unsupported("a secret of 28 bytes without an algorithm, which may mean SHA-224"));
        }
        48 => {
            return Err(Problem::Unsupported("a secret of 48 bytes without an algorithm, which may mean SHA-384"));
        }
        len => Algorithm::ALL.iter().copied().find(|algorithm| algorithm.output_len() == len).unwrap_or_default(),
    };
    if algorithm != Algorithm::Sha1 {
        notes.push(Note::AlgorithmOfLength);
    }
    Ok(algorithm)
}

pub(crate) fn digits(count: u64, field: &'static str) -> Result<Digits, Problem> {
    u8::try_from(count).ok().and_then(|count| Digits::try_from(count).ok()).ok_or(Problem::invalid(field))
}

pub(crate) fn period(secs: u64, field: &'static str) -> Result<Period, Problem> {
    Period::from_secs(secs).map_err(|_| Problem::invalid(field))
}

/// Parses a decimal number that consists of digits only. `str::parse` would also accept a plus sign.
pub(crate) fn number(text: &str, field: &'static str) -> Result<u64, Problem> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten().ok_or(Problem::invalid(field))
}

pub(crate) fn secret_from_hex(text: &str, field: &'static str) -> Result<Secret, Problem> {
    let mut bytes = Zeroizing::new([0; Secret::MAX_LEN]);
    if text.len() / 2 > bytes.len() {
        let min = Secret::SHORT_LEN;
        return Err(secondo::types::SecretError::Length { min, found: text.len() / 2 }.into());
    }
    let bytes = base16ct::mixed::decode(text, bytes.as_mut_slice()).map_err(|_| Problem::invalid(field))?;
    Ok(Secret::import_short(bytes)?)
}

pub(crate) fn secret_from_base32(text: &str, field: &'static str) -> Result<Secret, Problem> {
    if text.is_empty() {
        return Err(Problem::Field(formats::Problem::Missing(field)));
    }
    Ok(Secret::import_short_base32(text)?)
}

/// Returns the next counter of an app that shows the code of the counter that it has stored, which may be used.
pub(crate) fn shown(counter: u64) -> Result<u64, Problem> {
    counter.checked_add(1).ok_or(Problem::invalid("counter"))
}
