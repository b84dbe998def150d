use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::decision::State;
use crate::factor::{Authenticator, Totp};
use crate::policy::Window;
use crate::types::{Counter, Secret, SecretError, UnixTime};

/// The most bytes of a line; a longer one is refused unread.
pub const MAX_LINE: usize = 4096;

/// How many steps ahead a source may have accepted codes, if it does not tell: as many as the widest window here.
pub(super) const UNTOLD_WINDOW: u64 = Window::MAX as u64;

/// An authenticator as another system held it, ready for [`Verifier::enroll`](crate::Verifier::enroll).
#[derive(Debug)]
#[non_exhaustive]
pub struct Imported {
    /// The line that it stands in, from 1.
    pub line: usize,
    /// What the source calls it, or its owner.
    pub name: String,
    /// The secret and the parameters.
    pub authenticator: Authenticator,
    /// What was used, whether it is confirmed or held off, and the drift, of which a policy takes as much as its
    /// [limit](crate::Policy::with_max_drift).
    pub state: State,
    /// What did not come along, and what to know.
    pub notes: Vec<Note>,
}

impl Imported {
    pub(super) fn new(
        line: usize,
        name: &str,
        authenticator: Authenticator,
        state: State,
        mut notes: Vec<Note>,
    ) -> Self {
        if authenticator.secret().is_some_and(|secret| secret.expose().len() < Secret::MIN_LEN) {
            notes.push(Note::ShortSecret);
        }
        Self { line, name: name.into(), authenticator, state, notes }
    }
}

/// What to know about an imported authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The source does not say which time step was used last: all that it may have accepted count as used.
    LastUseUnknown,
    /// The secret has less than the 128 bits of RFC 4226 section 4 (R6): enroll again with a longer one.
    ShortSecret,
    /// The source asked for a PIN before the code. This library has no PINs: the first factor is the provider's.
    PinNotImported,
    /// The source was in the middle of finding out the drift of the clock. A resynchronization starts again.
    ResynchronizationNotImported,
    /// The source kept the hosts of the last logins, to ask for no code there. They are not taken over.
    LoginHistoryNotImported,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LastUseUnknown => "the last use is not known: all steps until the move count as used",
            Self::ShortSecret => "the secret is shorter than 128 bits",
            Self::PinNotImported => "the PIN is not imported",
            Self::ResynchronizationNotImported => "the resynchronization under way is not imported",
            Self::LoginHistoryNotImported => "the hosts of the last logins are not imported",
        })
    }
}

/// A line, and with it its authenticator, was not imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportError {
    /// The line, from 1.
    pub line: usize,
    /// Why.
    pub problem: Problem,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl core::error::Error for ImportError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.problem {
            Problem::Secret(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a line was not imported. Fields are named as in the format's documentation; nothing of the line is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The line has so many bytes, more than [`MAX_LINE`].
    TooLong(usize),
    /// The line is not text: not UTF-8, or a control character.
    NotText {
        /// The byte position in the line, from 0.
        position: usize,
    },
    /// The line is not JSON, or not one object.
    NotJson {
        /// The column, from 1.
        column: usize,
    },
    /// This field is missing.
    Missing(&'static str),
    /// This field is there twice.
    Duplicate(&'static str),
    /// There is a field that the format does not have.
    Unknown,
    /// This field does not go with the authenticator's type or with another field.
    Misplaced(&'static str),
    /// This field has a value that it cannot have.
    Invalid(&'static str),
    /// The secret's length or characters.
    Secret(SecretError),
    /// The code that was accepted last is none of this secret at its time or counter, so the line contradicts itself.
    LastCode,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(length) => write!(f, "a line has at most {MAX_LINE} bytes, not {length}"),
            Self::NotText { position } => write!(f, "byte {position} is not text"),
            Self::NotJson { column } => write!(f, "no JSON object, from column {column} on"),
            Self::Missing(field) => write!(f, "{field} is missing"),
            Self::Duplicate(field) => write!(f, "{field} is there twice"),
            Self::Unknown => f.write_str("a field that the format does not have"),
            Self::Misplaced(field) => write!(f, "{field} does not go with the other fields"),
            Self::Invalid(field) => write!(f, "{field} has an impossible value"),
            Self::Secret(error) => error.fmt(f),
            Self::LastCode => f.write_str("the last code is none of this secret at that time or counter"),
        }
    }
}

impl core::error::Error for Problem {}

/// The lines with their numbers, without line ends, blank lines left out.
pub(super) fn lines(file: &[u8]) -> impl Iterator<Item = (usize, Result<&str, Problem>)> {
    let lines = file.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let texts = lines.map(text).zip(1..).map(|(text, number)| (number, text));
    texts.filter(|(_, text)| text.is_err() || text.is_ok_and(|text| !text.trim_ascii().is_empty()))
}

fn text(line: &[u8]) -> Result<&str, Problem> {
    if line.len() > MAX_LINE {
        return Err(Problem::TooLong(line.len()));
    }
    let text = core::str::from_utf8(line).map_err(|error| Problem::NotText { position: error.valid_up_to() })?;
    match text.char_indices().find(|(_, c)| c.is_control() && *c != '\t') {
        Some((position, _)) => Err(Problem::NotText { position }),
        None => Ok(text),
    }
}

pub(super) fn is_name(name: &str) -> bool {
    (1..=255).contains(&name.len()) && !name.contains(char::is_control)
}

pub(super) fn secret_from_hex(digits: &str, field: &'static str) -> Result<Secret, Problem> {
    let mut bytes = Zeroizing::new([0; Secret::MAX_LEN]);
    let found = digits.len() / 2;
    if found > bytes.len() {
        return Err(Problem::Secret(SecretError::Length { min: Secret::SHORT_LEN, found }));
    }
    let bytes = base16ct::mixed::decode(digits, bytes.as_mut_slice()).map_err(|_| Problem::Invalid(field))?;
    Secret::import_short(bytes).map_err(Problem::Secret)
}

/// The state of an authenticator whose last accepted step is known.
///
/// `None` for a step that cannot have come yet: a mark in another unit would otherwise lock everybody out for years.
pub(super) fn used_until(totp: Totp, state: State, last: u64, now: UnixTime) -> Option<State> {
    // As far ahead as a clock that a source has put up with: 1,500 steps of 60 s.
    const AHEAD_SECS: u64 = 2 * 24 * 60 * 60;

    let latest = totp.step(now.saturating_add(AHEAD_SECS)).ok()?.get();
    let latest = latest.saturating_add_signed(i64::from(state.progress.drift.max(0)));
    (last <= latest).then_some(state.used_to(Counter::new(last)))
}

/// The state of an authenticator whose last accepted step is not known, of a source that looks so many steps ahead.
pub(super) fn used_until_now(totp: Totp, state: State, now: UnixTime, ahead: u64) -> State {
    let last =
        |current: Counter| current.get().saturating_add_signed(i64::from(state.progress.drift)).saturating_add(ahead);
    // Before T0 there is nothing to accept.
    totp.step(now).map_or(state, |current| state.used_to(Counter::new(last(current))))
}

/// The state of a token whose next counter is this one.
pub(super) fn next_is(counter: u64) -> State {
    State::new().confirmed().starting_at(Counter::new(counter))
}
