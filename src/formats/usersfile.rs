//! The usersfile of liboath, which `pam_oath` keeps as `/etc/users.oath`.
//!
//! Fields stand between spaces or tabs:
//!
//! ```text
//! TYPE  USER  PIN  SECRET  [MOVING_FACTOR  [LAST_OTP  LAST_TIMESTAMP]]
//! ```
//!
//! | field | what it is | what is done with it |
//! |---|---|---|
//! | `TYPE` | `HOTP`, `HOTP/E`, `HOTP/T30` or `HOTP/T60`, each but the first with `/6`, `/7` or `/8` after it or not | method, digits (6), period; liboath itself does not look at the digits |
//! | `USER` | the login name, up to 255 bytes | [`Imported::name`] |
//! | `PIN` | `-` for none, `+` for one that others check, else the PIN | [`Note::PinNotImported`], where there is one |
//! | `SECRET` | hexadecimal | the secret; SHA-1 |
//! | `MOVING_FACTOR` | HOTP: the first counter, or with `LAST_OTP` the last one used; TOTP: without meaning | the next counter |
//! | `LAST_OTP` | the code accepted last | finds the last counter or step |
//! | `LAST_TIMESTAMP` | when that was, `YYYY-MM-DDTHH:MM:SSL`, in the local time of a zone that is not told | as `LAST_OTP` |
//!
//! For TOTP the watermark is the latest step that has the code `LAST_OTP`, from the time stamp in the easternmost time zone
//! to the one in the westernmost or `now`, and up to 100 steps to either side, more than any sensible `window`. Another
//! step among these 3,000 may have the same 6 digits by chance: of 1,000 people three may then have to wait for a step that
//! has not come, but nothing used is ever accepted. A TOTP line without `LAST_OTP` is one that nobody has logged in with;
//! it counts as used until `now`, with [`Note::LastUseUnknown`].
//!
//! A line is refused if its last code is none of its secret there. Comments (`#`) and blank lines are skipped.

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

/// Reads a usersfile line by line. `now` is a time when the old system had stopped.
///
/// See [the example](super) of a report.
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
    /// As if the local time were UTC.
    local_time: u64,
}

impl LastLogin {
    fn new(code: &str, time: &str, digits: Digits) -> Result<Self, Problem> {
        let code = Code::parse(code, digits).ok_or(Problem::Invalid("LAST_OTP"))?;
        let local_time = date::local(time).ok_or(Problem::Invalid("LAST_TIMESTAMP"))?;
        Ok(Self { code, local_time })
    }

    /// The steps whose code it may be.
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
