//! The state file of google-authenticator-libpam, `~/.google_authenticator`, which holds one authenticator.
//!
//! The first line is the secret in base32, in which 0, 1 and 8 stand for O, L and B. Options follow, each on a line
//! that starts with `"` and a space, and scratch codes, one per line. Codes have 6 digits and use SHA-1.
//!
//! | option | use here |
//! |---|---|
//! | `TOTP_AUTH` | the method is TOTP, unless there is a counter |
//! | `HOTP_COUNTER n` | the method is HOTP, and `n` is the next counter |
//! | `STEP_SIZE n` | the period, 1 to 60 s; 30 s if absent |
//! | `DISALLOW_REUSE s…` | used time steps; the highest becomes the watermark, the last used step |
//! | `TIME_SKEW n` | the drift, in time steps, at most [`Policy::MAX_DRIFT`](crate::Policy::MAX_DRIFT) either way |
//! | `WINDOW_SIZE n` | [`StateFile::window_size`], 1 to 100; 3 if absent |
//! | `RATE_LIMIT n secs t…` | [`StateFile::rate_limit`]; the times of attempts are not imported |
//! | `RESETTING_TIME_SKEW …` | [`Note::ResynchronizationNotImported`], unless it is empty |
//! | `LAST0 …` to `LAST9 …` | [`Note::LoginHistoryNotImported`] |
//!
//! Any other line is an error, unless it is blank. So is an option that occurs twice, except for `LAST0` to `LAST9`.
//!
//! If `DISALLOW_REUSE` is absent or empty, the file does not record the used time steps. Every step until `now` then
//! counts as used, with [`Note::LastUseUnknown`]. The same holds if there is a `TIME_SKEW`: the code that made the
//! module set it was a login, but its step is not listed.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::imported::{
    ImportError, Imported, Lines, Note, Problem, imported_drift, next_is, used_until, used_until_now,
};
use super::number::number;
use crate::decision::State;
#[cfg(feature = "verifier")]
use crate::factor::ImportedRecoveryCodes;
use crate::factor::{Authenticator, Hotp, Method, Totp};
use crate::policy::Window;
use crate::types::{Algorithm, Code, Digits, Period, Secret, UnixTime};

const OPTIONS: [&str; 8] = [
    "TOTP_AUTH",
    "HOTP_COUNTER",
    "STEP_SIZE",
    "DISALLOW_REUSE",
    "TIME_SKEW",
    "WINDOW_SIZE",
    "RATE_LIMIT",
    "RESETTING_TIME_SKEW",
];

/// The content of a state file.
#[derive(Debug)]
#[non_exhaustive]
pub struct StateFile {
    /// The authenticator with its state.
    pub imported: Imported,
    /// The unused scratch codes, of eight digits each. The module accepts each one for one login. With the feature
    /// `verifier`, `recovery_codes` returns them as recovery codes.
    pub scratch_codes: Vec<Code>,
    /// The number of time steps or counters that the module checked, 1 to 100. For HOTP, the look-ahead is one less.
    pub window_size: u8,
    /// The limit on login attempts, if there was one.
    pub rate_limit: Option<RateLimit>,
}

impl StateFile {
    /// Returns the window of a TOTP authenticator.
    ///
    /// Returns `None` for HOTP, and if the window is wider than a [`Policy`](crate::Policy) allows.
    #[must_use]
    pub fn window(&self) -> Option<Window> {
        match self.imported.authenticator.method() {
            Method::Totp(_) => Window::new((self.window_size - 1) / 2, self.window_size / 2).ok(),
            Method::Hotp(_) => None,
        }
    }

    /// Returns the scratch codes as a set of recovery codes, to be [imported](crate::Verifier::import) beside the
    /// authenticator. Returns `None` if there are none, or more than a set can have.
    ///
    /// They have 26 bits of entropy, so that they count on the account and stop with it. `salt` is 16 random bytes.
    #[cfg(feature = "verifier")]
    #[must_use]
    pub fn recovery_codes(&self, salt: &[u8; 16]) -> Option<ImportedRecoveryCodes> {
        // Eight digits, of which the first is not 0.
        const BITS: u8 = 26;

        ImportedRecoveryCodes::from_texts(self.scratch_codes.iter().map(Code::as_str), BITS, salt).ok()
    }
}

/// A limit of `attempts` login attempts within `secs` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// The number of login attempts allowed within the interval, 1 to 100.
    pub attempts: u8,
    /// The length of the interval in seconds, 1 to 3600.
    pub secs: u16,
}

/// Reads a state file. `name` becomes [`Imported::name`]; `now` is the time of the move, after the old system stopped.
///
/// # Errors
///
/// Returns an [`ImportError`] with the first line that is not valid. A missing field is reported for line 1.
///
/// ```
/// use secondo::formats::google_authenticator;
/// use secondo::types::Counter;
/// use secondo::UnixTime;
///
/// let file = b"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n\" DISALLOW_REUSE 59848212 59848213\n\" TOTP_AUTH\n75032147\n";
/// let moved_at = UnixTime::from_secs(1_795_446_400)?;
/// let read = google_authenticator::read("alice", file, moved_at)?;
/// assert_eq!(read.imported.state.watermark(), Some(Counter::new(59_848_213)));
/// assert_eq!(read.scratch_codes[0].as_str(), "75032147");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(name: &str, file: &[u8], now: UnixTime) -> Result<StateFile, ImportError> {
    let starts_with_digit = |line: &&[u8]| line.first().is_some_and(u8::is_ascii_digit);
    let mut parts = Parts {
        secret: None,
        options: [None; OPTIONS.len()],
        // Large enough from the start: reallocation would leave copies of the codes behind.
        scratch_codes: Vec::with_capacity(file.split(|byte| *byte == b'\n').filter(starts_with_digit).count()),
        notes: Vec::new(),
    };
    for (line, text) in Lines::of(file) {
        text.and_then(|text| parts.take(line, text)).map_err(|problem| ImportError { line, problem })?;
    }
    parts.into_state_file(name, now)
}

struct Parts<'a> {
    secret: Option<Secret>,
    options: [Option<Setting<'a>>; OPTIONS.len()],
    scratch_codes: Vec<Code>,
    notes: Vec<Note>,
}

impl<'a> Parts<'a> {
    fn take(&mut self, line: usize, text: &'a str) -> Result<(), Problem> {
        if line == 1 {
            self.secret = Some(Secret::import_mistyped_base32(text.trim_ascii()).map_err(Problem::Secret)?);
        } else if let Some(option) = text.strip_prefix("\" ") {
            let (name, value) = option.split_once([' ', '\t']).unwrap_or((option, ""));
            self.set(line, name, value.trim_ascii())?;
        } else {
            let code = Code::parse(text, Digits::Eight).filter(|code| !code.as_str().starts_with('0'));
            self.scratch_codes.push(code.ok_or(Problem::Unknown)?);
        }
        Ok(())
    }

    fn set(&mut self, line: usize, name: &str, value: &'a str) -> Result<(), Problem> {
        if let Some([b'0'..=b'9']) = name.strip_prefix("LAST").map(str::as_bytes) {
            if !self.notes.contains(&Note::LoginHistoryNotImported) {
                self.notes.push(Note::LoginHistoryNotImported);
            }
            return Ok(());
        }
        let mut options = OPTIONS.iter().zip(&mut self.options);
        let (name, slot) = options.find(|(known, _)| **known == name).ok_or(Problem::Unknown)?;
        match slot.replace(Setting { line, name, value }) {
            None => Ok(()),
            Some(_) => Err(Problem::Duplicate(name)),
        }
    }

    fn into_state_file(self, name: &str, now: UnixTime) -> Result<StateFile, ImportError> {
        let [totp, counter, step_size, disallow_reuse, time_skew, window_size, rate_limit, resetting] = self.options;
        let missing = |field| ImportError { line: 1, problem: Problem::Missing(field) };
        let mut notes = self.notes;

        let secret = self.secret.ok_or(missing("secret"))?;
        let window_size = read_or(window_size, 3, |value| within(value, 1..=100))?;
        let rate_limit = rate_limit.map(|setting| setting.read(read_rate_limit)).transpose()?;
        let (method, state) = if let Some(counter) = counter {
            let next = counter.read(|value| number(value).filter(|counter| *counter > 0))?;
            (Method::from(Hotp::default()), next_is(next))
        } else {
            totp.ok_or(missing("TOTP_AUTH"))?.read(|value| value.is_empty().then_some(()))?;
            let period = read_or(step_size, Period::default(), |value| Period::from_secs(within(value, 1..=60)?).ok())?;
            let totp = Totp::new(Digits::Six, period);

            let drift =
                time_skew.map(|setting| setting.read(|value| imported_drift(value.parse().ok()?))).transpose()?;
            let state = State::new().confirmed().with_drift(drift.unwrap_or(0));
            let used = disallow_reuse.map(|setting| {
                setting.read(|value| {
                    let last = numbers(value)?.into_iter().max();
                    last.map_or(Some(None), |last| used_until(totp, state, last, now).map(Some))
                })
            });
            let state = match (used.transpose()?.flatten(), drift) {
                (Some(state), None) => state,
                (listed, _) => {
                    notes.push(Note::LastUseUnknown);
                    // The module sets the skew to within one step of the step of the accepted code.
                    let ahead = (window_size / 2).max(1);
                    let until_now = used_until_now(totp, state, now, u64::from(ahead));
                    listed.filter(|state| state.watermark() > until_now.watermark()).unwrap_or(until_now)
                }
            };
            if resetting.is_some_and(|setting| !setting.value.is_empty()) {
                notes.push(Note::ResynchronizationNotImported);
            }
            (Method::from(totp), state)
        };
        let authenticator = Authenticator::new(method, Algorithm::Sha1, secret);
        let imported = Imported::new(1, name, authenticator, state, notes);
        Ok(StateFile { imported, scratch_codes: self.scratch_codes, window_size, rate_limit })
    }
}

/// An option of the file: its line number, its name and its value.
#[derive(Clone, Copy)]
struct Setting<'a> {
    line: usize,
    name: &'static str,
    value: &'a str,
}

impl<'a> Setting<'a> {
    fn read<T>(self, read: impl FnOnce(&'a str) -> Option<T>) -> Result<T, ImportError> {
        read(self.value).ok_or(ImportError { line: self.line, problem: Problem::Invalid(self.name) })
    }
}

fn read_or<T>(
    setting: Option<Setting<'_>>,
    default: T,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, ImportError> {
    setting.map_or(Ok(default), |setting| setting.read(read))
}

fn within<T: TryFrom<u64> + PartialOrd>(value: &str, range: RangeInclusive<T>) -> Option<T> {
    number(value).and_then(|number| T::try_from(number).ok()).filter(|number| range.contains(number))
}

fn numbers(list: &str) -> Option<Vec<u64>> {
    list.split_ascii_whitespace().map(number).collect()
}

fn read_rate_limit(value: &str) -> Option<RateLimit> {
    let mut fields = value.split_ascii_whitespace();
    let attempts = within(fields.next()?, 1..=100)?;
    let secs = within(fields.next()?, 1..=3600)?;
    fields.all(|attempt| number(attempt).is_some()).then_some(RateLimit { attempts, secs })
}
