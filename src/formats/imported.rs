use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::number::range_of;
use crate::decision::State;
use crate::factor::{Authenticator, Method, Totp};
use crate::policy::{Policy, Window};
use crate::types::{Counter, Secret, SecretError, UnixTime};

/// The maximum length of a line in bytes, without its line end. A longer line is rejected unread.
pub const MAX_LINE: usize = 4096;

/// The number of time steps that a source is assumed to look ahead if it does not say: 10, as the widest [`Window`].
pub(super) const UNTOLD_WINDOW: u64 = Window::MAX as u64;

/// An authenticator from another system, ready for [`Verifier::import`](crate::Verifier::import).
#[derive(Debug)]
#[non_exhaustive]
pub struct Imported {
    /// The number of its line in the file, from 1.
    pub line: usize,
    /// The source's name for the authenticator or its owner.
    pub name: String,
    /// The secret and the parameters of the codes.
    pub authenticator: Authenticator,
    /// The state to import with: watermark, confirmation, suspension, failures and locks, and drift.
    ///
    /// A policy uses the drift only up to its [limit](crate::Policy::with_max_drift).
    pub state: State,
    /// Warnings, and the things that were not imported.
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
        notes.extend(Note::of(&authenticator, &state));
        Self { line, name: name.into(), authenticator, state, notes }
    }
}

/// A warning about an imported authenticator, or a thing that was not imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The source does not record the last used time step. Every step that it may have accepted counts as used.
    LastUseUnknown,
    /// The source does not record the number of digits. Six are assumed, and all codes are wrong if there are more.
    DigitsUnknown,
    /// The number of digits is the one that a usersfile has in `TYPE`, which liboath does not use. All codes are wrong
    /// if the source asked for another one.
    DigitsOfType,
    /// The secret is shorter than the 128 bits that RFC 4226 section 4 (R6) requires. Enroll the subscriber again with
    /// a longer one.
    ShortSecret,
    /// The source asked for a PIN before the code. This library has no PINs: the first factor is the job of the
    /// identity provider.
    PinNotImported,
    /// The source was in the middle of a resynchronization, to learn the drift of the clock. A resynchronization here
    /// starts from the beginning.
    ResynchronizationNotImported,
    /// The source kept the hosts of recent logins, from which it did not ask for a code again. They are not imported.
    LoginHistoryNotImported,
    /// The source has a counter of a TOTP authenticator, as privacyIDEA writes it. It counts as the last used time
    /// step.
    CounterIsLastStep,
    /// The source does not record the counter of an HOTP authenticator, as if it were new. Codes that were used there
    /// are accepted here.
    CounterUnknown,
    /// The counter of an HOTP authenticator is 30 or 60, which may be the period of a TOTP authenticator. If it is, no
    /// code of a new token is accepted until its counter has reached that number, or until a resynchronization.
    CounterMayBePeriod,
    /// The counter of an HOTP authenticator is more than ten million, which may be a time or a time step: the source
    /// may be of a TOTP authenticator. No code is accepted then.
    CounterMayBeTime,
    /// The period of a TOTP authenticator is less than 10 s or more than 300 s, which may be in another unit or of
    /// another field. All codes are wrong if it is.
    PeriodIsUnusual,
    /// The source does not record the algorithm. It is the one whose output is as long as the secret. All codes are
    /// wrong if it is another.
    AlgorithmOfLength,
    /// The source has a parameter that is not known. All codes are wrong if it changes them.
    ParameterUnknown,
    /// The recovery codes of the source are not imported.
    RecoveryCodesNotImported,
    /// The source limits the use of the authenticator by a date or a number of logins. The provider must enforce it.
    UseIsLimited,
}

impl Note {
    /// Returns the warnings about any authenticator and its state, from whatever source: [`Self::ShortSecret`],
    /// [`Self::CounterMayBeTime`] and [`Self::PeriodIsUnusual`]. The readers have added them to their notes.
    #[must_use]
    pub fn of(authenticator: &Authenticator, state: &State) -> Vec<Self> {
        // A token that shows a code every hour takes a thousand years. The time steps since 1970 are more.
        const MANY: u64 = 10_000_000;

        let is_short = authenticator.secret().is_some_and(|secret| secret.expose().len() < Secret::MIN_LEN);
        let is_many = state.watermark().is_some_and(|used| used.get() >= MANY);
        let is_time = is_many && matches!(authenticator.method(), Method::Hotp(_));
        let is_unusual = match authenticator.method() {
            Method::Totp(totp) => !(10..=300).contains(&totp.period().as_secs()),
            Method::Hotp(_) => false,
        };
        let notes = [
            is_short.then_some(Self::ShortSecret),
            is_time.then_some(Self::CounterMayBeTime),
            is_unusual.then_some(Self::PeriodIsUnusual),
        ];
        notes.into_iter().flatten().collect()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LastUseUnknown => "the last use is unknown: all time steps until the move count as used",
            Self::DigitsUnknown => "the number of digits is unknown: six are assumed",
            Self::DigitsOfType => "the number of digits is that of TYPE, which liboath does not use",
            Self::ShortSecret => "the secret is shorter than 128 bits",
            Self::PinNotImported => "the PIN is not imported",
            Self::ResynchronizationNotImported => "the resynchronization in progress is not imported",
            Self::LoginHistoryNotImported => "the hosts of recent logins are not imported",
            Self::CounterIsLastStep => "the counter of this TOTP authenticator counts as its last used time step",
            Self::CounterUnknown => "the counter is unknown: it starts at 0",
            Self::CounterMayBePeriod => {
                "the counter may be a period in seconds instead, as some programs write it for HOTP too"
            }
            Self::CounterMayBeTime => "the counter is so large that it may be a time or a time step of TOTP instead",
            Self::PeriodIsUnusual => "the period is unusual: it may be in another unit, or another field",
            Self::AlgorithmOfLength => "the algorithm is unknown: that of the secret's length is assumed",
            Self::ParameterUnknown => "a parameter is unknown: test a code before you rely on it",
            Self::RecoveryCodesNotImported => "the recovery codes are not imported",
            Self::UseIsLimited => "its use is limited by a date or a number of logins, which is not enforced here",
        })
    }
}

/// An error from importing one line: its authenticator was not imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportError {
    /// The number of the line, from 1.
    pub line: usize,
    /// The reason why the line was not imported.
    pub problem: Problem,
}

impl ImportError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.problem.label()
    }
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

/// The reason why a line was not imported, or why an authenticator could not be written as a line.
///
/// Fields have the names of the format's documentation. Nothing of the line's content is in the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The line has this number of bytes, more than [`MAX_LINE`].
    TooLong(usize),
    /// The line is not text: it has bytes that are not UTF-8, or a control character other than a tab.
    NotText {
        /// The byte position in the line, from 0.
        position: usize,
    },
    /// The line is not JSON, or not exactly one object.
    NotJson {
        /// The column of the error, from 1.
        column: usize,
    },
    /// This field is missing.
    Missing(&'static str),
    /// This field occurs twice.
    Duplicate(&'static str),
    /// The line has a field that the format does not define.
    Unknown,
    /// This field does not fit the type of the authenticator, or another field.
    Misplaced(&'static str),
    /// This field has an invalid value.
    Invalid(&'static str),
    /// The secret is too short or too long, or is not base32.
    Secret(SecretError),
    /// The last accepted code is not the secret's code at its time or counter, so the line contradicts itself.
    LastCode,
    /// The reader has computed as many codes as its caller allows for one file.
    Budget,
}

impl Problem {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "too_long",
            Self::NotText { .. } => "not_text",
            Self::NotJson { .. } => "not_json",
            Self::Missing(_) => "missing",
            Self::Duplicate(_) => "duplicate",
            Self::Unknown => "unknown",
            Self::Misplaced(_) => "misplaced",
            Self::Invalid(_) => "invalid",
            Self::Secret(_) => "secret",
            Self::LastCode => "last_code",
            Self::Budget => "budget",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(length) => write!(f, "a line must have at most {MAX_LINE} bytes, not {length}"),
            Self::NotText { position } => {
                write!(f, "the line has invalid UTF-8 or a control character at byte {position}")
            }
            Self::NotJson { column } => write!(f, "the line is not one JSON object: error at column {column}"),
            Self::Missing(field) => write!(f, "{field} is missing"),
            Self::Duplicate(field) => write!(f, "{field} occurs twice"),
            Self::Unknown => f.write_str("the line has an unknown field"),
            Self::Misplaced(field) => write!(f, "{field} does not fit the other fields"),
            Self::Invalid(field) => write!(f, "{field} has an invalid value{}", range_of(field)),
            Self::Secret(error) => error.fmt(f),
            Self::LastCode => {
                f.write_str("the last accepted code is not a code of this secret at that time or counter")
            }
            Self::Budget => f.write_str("the search for the last accepted code would exceed the reader's budget"),
        }
    }
}

impl core::error::Error for Problem {}

/// The lines of a file with their numbers from 1, without line ends and without blank lines.
#[derive(Clone, Debug)]
pub(super) struct Lines<'a> {
    rest: Option<&'a [u8]>,
    number: usize,
}

impl<'a> Lines<'a> {
    /// A byte-order mark at the start is skipped.
    pub(super) fn of(file: &'a [u8]) -> Self {
        Self { rest: Some(file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file)), number: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, Result<&'a str, Problem>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut parts = self.rest?.splitn(2, |byte| *byte == b'\n');
            let line = parts.next()?;
            (self.rest, self.number) = (parts.next(), self.number.saturating_add(1));
            let text = text(line.strip_suffix(b"\r").unwrap_or(line));
            if text.is_err() || text.is_ok_and(|text| !text.trim_ascii().is_empty()) {
                return Some((self.number, text));
            }
        }
    }
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

/// Returns the state of an authenticator whose last accepted time step is known.
///
/// Returns `None` if that step lies too far in the future: a step counted in another unit would otherwise lock the
/// subscriber out for years.
pub(super) fn used_until(totp: Totp, state: State, last: u64, now: UnixTime) -> Option<State> {
    // A source may have tolerated a clock that is ahead by 1,500 steps of 60 s, or 25 hours. This is almost twice that.
    const AHEAD_SECS: u64 = 2 * 24 * 60 * 60;

    let latest = totp.step(now.saturating_add(AHEAD_SECS)).ok()?.get();
    let latest = latest.saturating_add_signed(i64::from(state.progress.drift.max(0)));
    (last <= latest).then_some(state.used_to(Counter::new(last)))
}

/// Returns the state of an authenticator whose last accepted time step is unknown.
///
/// Every step up to `ahead` steps after `now` counts as used; `ahead` is the number of steps that the source looks
/// ahead.
pub(super) fn used_until_now(totp: Totp, state: State, now: UnixTime, ahead: u64) -> State {
    let last =
        |current: Counter| current.get().saturating_add_signed(i64::from(state.progress.drift)).saturating_add(ahead);
    // No code can have been accepted before T0.
    totp.step(now).map_or(state, |current| state.used_to(Counter::new(last(current))))
}

/// Returns the drift in time steps, if a policy can allow it.
pub(super) fn imported_drift(steps: i64) -> Option<i16> {
    i16::try_from(steps).ok().filter(|steps| steps.unsigned_abs() <= Policy::MAX_DRIFT)
}

/// Returns the state of a confirmed token with this next counter.
pub(super) fn next_is(counter: u64) -> State {
    State::new().confirmed().starting_at(Counter::new(counter))
}
