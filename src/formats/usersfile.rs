//! The usersfile of liboath, which `pam_oath` keeps at `/etc/users.oath`.
//!
//! Fields are separated by spaces or tabs:
//!
//! ```text
//! TYPE  USER  PIN  SECRET  [MOVING_FACTOR  [LAST_OTP  LAST_TIMESTAMP]]
//! ```
//!
//! | field | content | use here |
//! |---|---|---|
//! | `TYPE` | `HOTP`, `HOTP/E`, `HOTP/T30` or `HOTP/T60`; all but the first may have `/6`, `/7` or `/8` after them | method; liboath ignores the digits |
//! | `USER` | the login name, up to 255 bytes | [`Imported::name`] |
//! | `PIN` | `-` for no PIN, `+` for a PIN that another system checks, otherwise the PIN | [`Note::PinNotImported`] if there is a PIN here |
//! | `SECRET` | hexadecimal | the secret, for SHA-1 |
//! | `MOVING_FACTOR` | HOTP: the first counter, or the last used one if there is a `LAST_OTP`; TOTP: without meaning | the next counter |
//! | `LAST_OTP` | the last accepted code | digits; finds the last used counter or time step |
//! | `LAST_TIMESTAMP` | the time of that login, `YYYY-MM-DDTHH:MM:SSL`, in the local time of an unknown time zone | like `LAST_OTP` |
//!
//! The number of digits is that of `LAST_OTP`, since liboath takes it from the typed code. A line without `LAST_OTP`
//! has the digits that [`Reader::with_digits`] sets, otherwise those of `TYPE` with [`Note::DigitsOfType`], otherwise
//! six with [`Note::DigitsUnknown`].
//!
//! For TOTP, the watermark (the last used time step) is the latest step whose code is `LAST_OTP`. The search begins at
//! `LAST_TIMESTAMP` in the easternmost time zone (UTC+14). It ends at `LAST_TIMESTAMP` in the westernmost one (UTC-12),
//! or at `now` if that is earlier. It covers 100 more steps on either side, more than any sensible `window`.
//!
//! Another of these 3,000 steps may have the same 6 digits by chance. About three of 1,000 subscribers may then have to
//! wait until a later step has passed, but a used code is never accepted again.
//!
//! A TOTP line without `LAST_OTP` belongs to an authenticator that has never logged in. Every step until `now` counts
//! as used, with [`Note::LastUseUnknown`].
//!
//! A line is rejected if `LAST_OTP` is not a code of its secret in the searched range, or if the search would exceed
//! the [budget](Reader::with_budget) of the file. So is one with a field that is not as in the table, or with a
//! `LAST_OTP` without its time. Comments (`#`) and blank lines are skipped.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::date;
use super::imported::{
    ImportError, Imported, Lines, Note, Problem, UNTOLD_WINDOW, is_name, next_is, secret_from_hex, used_until_now,
};
use super::number::number;
use crate::codes::Key;
use crate::decision::State;
use crate::factor::{Authenticator, Hotp, Method, Totp};
use crate::types::{Algorithm, Code, Counter, Digits, Period, Secret, UnixTime};

/// Reads a usersfile line by line. `now` is the time of the move, after the old system stopped.
///
/// The [module `formats`](super) has an example.
#[must_use]
pub fn read(file: &[u8], now: UnixTime) -> Reader<'_> {
    Reader { lines: Lines::of(file), now, digits: None, budget: Reader::BUDGET }
}

/// An iterator over the authenticators of a usersfile. It continues after a bad line.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    lines: Lines<'a>,
    now: UnixTime,
    digits: Option<Digits>,
    budget: u64,
}

impl Reader<'_> {
    /// The number of codes that reading a file computes at most by default: enough for 10,000 TOTP lines. It takes
    /// seconds.
    pub const BUDGET: u64 = 40_000_000;

    /// Sets the number of digits of codes, as the option `digits` of `pam_oath`, for the lines without `LAST_OTP`.
    #[must_use]
    pub const fn with_digits(mut self, digits: Digits) -> Self {
        self.digits = Some(digits);
        self
    }

    /// Sets the number of codes that reading the file computes at most. A TOTP line with `LAST_OTP` takes up to 3,400.
    ///
    /// A line beyond it is rejected with [`Problem::Budget`].
    #[must_use]
    pub const fn with_budget(mut self, codes: u64) -> Self {
        self.budget = codes;
        self
    }

    /// Returns the number of codes that are left of the budget: that of the next part of a file that is read in parts.
    #[must_use]
    pub const fn remaining_budget(&self) -> u64 {
        self.budget
    }

    fn entry(&mut self, line: usize, text: &str) -> Result<Imported, Problem> {
        let mut fields = text.split([' ', '\t']).filter(|field| !field.is_empty());
        let kind = Kind::of(fields.next().unwrap_or_default()).ok_or(Problem::Invalid("TYPE"))?;
        let name = fields.next().ok_or(Problem::Missing("USER"))?;
        if !is_name(name) {
            return Err(Problem::Invalid("USER"));
        }
        let pin = fields.next().ok_or(Problem::Missing("PIN"))?;
        let secret = secret_from_hex(fields.next().ok_or(Problem::Missing("SECRET"))?, "SECRET")?;
        let factor = fields.next().map(|factor| number(factor).ok_or(Problem::Invalid("MOVING_FACTOR"))).transpose()?;
        let last = match (fields.next(), fields.next()) {
            (None, _) => None,
            (Some(_), None) => return Err(Problem::Missing("LAST_TIMESTAMP")),
            (Some(code), Some(time)) => Some(LastLogin::new(code, time)?),
        };
        if fields.next().is_some() {
            return Err(Problem::Unknown);
        }

        let mut notes = Vec::new();
        if !matches!(pin, "-" | "+") {
            notes.push(Note::PinNotImported);
        }
        let digits = last.as_ref().map(|last| last.digits).or(self.digits).unwrap_or_else(|| {
            notes.push(if kind.digits.is_some() { Note::DigitsOfType } else { Note::DigitsUnknown });
            kind.digits.unwrap_or_default()
        });
        let method = kind.period.map_or_else(|| Hotp::new(digits).into(), |period| Totp::new(digits, period).into());
        let state = match (method, last) {
            (Method::Hotp(_), None) => next_is(factor.unwrap_or(0)),
            (Method::Hotp(_), Some(last)) => {
                let used = factor.unwrap_or(0);
                self.latest(&last, used..=used, &secret)?;
                next_is(used.checked_add(1).ok_or(Problem::Invalid("MOVING_FACTOR"))?)
            }
            (Method::Totp(totp), None) => {
                notes.push(Note::LastUseUnknown);
                used_until_now(totp, State::new().confirmed(), self.now, UNTOLD_WINDOW)
            }
            (Method::Totp(totp), Some(last)) => {
                next_is(self.latest(&last, last.steps(totp, self.now), &secret)?.saturating_add(1))
            }
        };
        let authenticator = Authenticator::new(method, Algorithm::Sha1, secret);
        Ok(Imported::new(line, name, authenticator, state, notes))
    }

    /// Returns the latest of these counters that has the code of the last login.
    fn latest(&mut self, last: &LastLogin, counters: RangeInclusive<u64>, secret: &Secret) -> Result<u64, Problem> {
        let most = counters.end().saturating_sub(*counters.start()).saturating_add(1);
        if most > self.budget {
            return Err(Problem::Budget);
        }
        let (key, hotp) = (Key::new(Algorithm::Sha1, secret), Hotp::new(last.digits));
        let found = counters
            .clone()
            .rev()
            .find(|counter| hotp.generate(&key, Counter::new(*counter)).as_str() == last.code.as_str());
        self.budget -= found.map_or(most, |found| counters.end() - found + 1);
        found.ok_or(Problem::LastCode)
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Imported, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_entry = |text: &Result<&str, Problem>| !text.is_ok_and(|text| text.trim_ascii_start().starts_with('#'));
        let (line, text) = self.lines.find(|(_, text)| is_entry(text))?;
        Some(text.and_then(|text| self.entry(line, text)).map_err(|problem| ImportError { line, problem }))
    }
}

/// The content of `TYPE`.
struct Kind {
    /// `None` for HOTP.
    period: Option<Period>,
    digits: Option<Digits>,
}

impl Kind {
    fn of(kind: &str) -> Option<Self> {
        let (moving, digits) = match *kind.split('/').collect::<Vec<_>>() {
            ["HOTP"] => ("E", None),
            ["HOTP", moving] => (moving, None),
            ["HOTP", moving, "6"] => (moving, Some(Digits::Six)),
            ["HOTP", moving, "7"] => (moving, Some(Digits::Seven)),
            ["HOTP", moving, "8"] => (moving, Some(Digits::Eight)),
            _ => return None,
        };
        let period = match moving {
            "E" => None,
            "T30" => Some(Period::from_secs(30).ok()?),
            "T60" => Some(Period::from_secs(60).ok()?),
            _ => return None,
        };
        Some(Self { period, digits })
    }
}

struct LastLogin {
    code: Code,
    digits: Digits,
    /// The time of the last login: its local time in seconds since 1970, as if the time zone were UTC.
    local_time: u64,
}

impl LastLogin {
    fn new(code: &str, time: &str) -> Result<Self, Problem> {
        let digits = match code.len() {
            6 => Digits::Six,
            7 => Digits::Seven,
            8 => Digits::Eight,
            _ => return Err(Problem::Invalid("LAST_OTP")),
        };
        let code = Code::parse(code, digits).ok_or(Problem::Invalid("LAST_OTP"))?;
        let local_time = date::local(time).ok_or(Problem::Invalid("LAST_TIMESTAMP"))?;
        Ok(Self { code, digits, local_time })
    }

    /// Returns the time steps in which the last login may have taken place.
    fn steps(&self, totp: Totp, now: UnixTime) -> RangeInclusive<u64> {
        const EAST: u64 = 14 * 60 * 60;
        const WEST: u64 = 12 * 60 * 60;
        const WINDOW: u64 = 100;

        let step = |secs| totp.step(UnixTime::EPOCH.saturating_add(secs)).map_or(0, Counter::get);
        let first = step(self.local_time.saturating_sub(EAST));
        let last = step(self.local_time.saturating_add(WEST).min(now.as_secs()));
        first.saturating_sub(WINDOW)..=last.saturating_add(WINDOW)
    }
}
