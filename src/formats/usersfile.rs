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
//! | `TYPE` | `HOTP`, `HOTP/E`, `HOTP/T30` or `HOTP/T60`; all but the first may have `/6`, `/7` or `/8` after them | method and digits (6 by default); liboath ignores the digits |
//! | `USER` | the login name, up to 255 bytes | [`Imported::name`] |
//! | `PIN` | `-` for no PIN, `+` for a PIN that another system checks, otherwise the PIN | [`Note::PinNotImported`] if there is a PIN here |
//! | `SECRET` | hexadecimal | the secret, for SHA-1 |
//! | `MOVING_FACTOR` | HOTP: the first counter, or the last used one if there is a `LAST_OTP`; TOTP: without meaning | the next counter |
//! | `LAST_OTP` | the last accepted code | finds the last used counter or time step |
//! | `LAST_TIMESTAMP` | the time of that login, `YYYY-MM-DDTHH:MM:SSL`, in the local time of an unknown time zone | like `LAST_OTP` |
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
//! A line is rejected if `LAST_OTP` is not a code of its secret in the searched range. Comments (`#`) and blank lines
//! are skipped.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::date;
use super::imported::{
    ImportError, Imported, Note, Problem, UNTOLD_WINDOW, is_name, lines, next_is, secret_from_hex, used_until_now,
};
use super::number::number;
use crate::codes::Key;
use crate::decision::State;
use crate::factor::{Authenticator, Hotp, Method, Totp};
use crate::types::{Algorithm, Code, Counter, Digits, Period, UnixTime};

/// Reads a usersfile line by line. `now` is the time of the move, after the old system stopped.
///
/// The [module `formats`](super) has an example.
pub fn read(file: &[u8], now: UnixTime) -> impl Iterator<Item = Result<Imported, ImportError>> {
    let entries = lines(file).filter(|(_, text)| !text.is_ok_and(|text| text.trim_ascii_start().starts_with('#')));
    entries.map(move |(line, text)| {
        text.and_then(|text| entry(line, text, now)).map_err(|problem| ImportError { line, problem })
    })
}

fn entry(line: usize, text: &str, now: UnixTime) -> Result<Imported, Problem> {
    let mut fields = text.split([' ', '\t']).filter(|field| !field.is_empty());
    let method = method(fields.next().unwrap_or_default()).ok_or(Problem::Invalid("TYPE"))?;
    let name = fields.next().ok_or(Problem::Missing("USER"))?;
    if !is_name(name) {
        return Err(Problem::Invalid("USER"));
    }
    let pin = fields.next().ok_or(Problem::Missing("PIN"))?;
    let secret = secret_from_hex(fields.next().ok_or(Problem::Missing("SECRET"))?, "SECRET")?;
    let key = Key::new(Algorithm::Sha1, &secret);
    let authenticator = Authenticator::new(method, Algorithm::Sha1, secret);

    let factor = fields.next().map(|factor| number(factor).ok_or(Problem::Invalid("MOVING_FACTOR"))).transpose()?;
    let last = match (fields.next(), fields.next()) {
        (None, _) => None,
        (Some(_), None) => return Err(Problem::Missing("LAST_TIMESTAMP")),
        (Some(code), Some(time)) => Some(LastLogin::new(code, time, method.digits())?),
    };
    if fields.next().is_some() {
        return Err(Problem::Unknown);
    }

    let mut notes = Vec::new();
    if !matches!(pin, "-" | "+") {
        notes.push(Note::PinNotImported);
    }
    let state = match (method, last) {
        (Method::Hotp(_), None) => next_is(factor.unwrap_or(0)),
        (Method::Hotp(hotp), Some(last)) => {
            let used = factor.unwrap_or(0);
            last.latest_in(used..=used, hotp, &key).ok_or(Problem::LastCode)?;
            next_is(used.checked_add(1).ok_or(Problem::Invalid("MOVING_FACTOR"))?)
        }
        (Method::Totp(totp), None) => {
            notes.push(Note::LastUseUnknown);
            used_until_now(totp, State::new().confirmed(), now, UNTOLD_WINDOW)
        }
        (Method::Totp(totp), Some(last)) => {
            let used = last.latest_in(last.steps(totp, now), Hotp::new(totp.digits()), &key);
            next_is(used.ok_or(Problem::LastCode)? + 1)
        }
    };
    Ok(Imported::new(line, name, authenticator, state, notes))
}

fn method(kind: &str) -> Option<Method> {
    let (moving, digits) = match *kind.split('/').collect::<Vec<_>>() {
        ["HOTP"] => ("E", Digits::Six),
        ["HOTP", moving] | ["HOTP", moving, "6"] => (moving, Digits::Six),
        ["HOTP", moving, "7"] => (moving, Digits::Seven),
        ["HOTP", moving, "8"] => (moving, Digits::Eight),
        _ => return None,
    };
    let secs = match moving {
        "E" => return Some(Hotp::new(digits).into()),
        "T30" => 30,
        "T60" => 60,
        _ => return None,
    };
    Some(Totp::new(digits, Period::from_secs(secs).ok()?).into())
}

struct LastLogin {
    code: Code,
    /// The time of the last login: its local time in seconds since 1970, as if the time zone were UTC.
    local_time: u64,
}

impl LastLogin {
    fn new(code: &str, time: &str, digits: Digits) -> Result<Self, Problem> {
        let code = Code::parse(code, digits).ok_or(Problem::Invalid("LAST_OTP"))?;
        let local_time = date::local(time).ok_or(Problem::Invalid("LAST_TIMESTAMP"))?;
        Ok(Self { code, local_time })
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

    fn latest_in(&self, counters: RangeInclusive<u64>, hotp: Hotp, key: &Key) -> Option<u64> {
        counters.rev().find(|counter| hotp.generate(key, Counter::new(*counter)).as_str() == self.code.as_str())
    }
}
