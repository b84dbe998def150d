//! The CSV that Yubico's Personalization Tool and `ykpersonalize` write. Its rows with OATH-HOTP are read.
//!
//! The traditional format has rows of 18 fields, without a header:
//!
//! | field | content | use here |
//! |---|---|---|
//! | 1 | `OATH-HOTP`, `Yubico OTP`, `Static Password`, … | method; only OATH-HOTP is imported |
//! | 2, 3 | time, slot | ignored |
//! | 4 | the public id that stands before each code, or nothing | [`Record::serial`] |
//! | 6 | the secret in hexadecimal | the secret |
//! | 12 | 6 to 9 | digits |
//! | 13 | the first counter | next counter |
//!
//! Yubico's own format has rows of 6 to 8 fields: the serial number of the key, the public id, the first counter of
//! OATH-HOTP (in its place Yubico OTP has a private id of 12 digits), the secret, an access code and a time. It does
//! not record the number of digits.
//!
//! All use SHA-1. A row of another kind is reported as not supported. Lines that begin with `#` or `LOGGING START` are
//! skipped. The page that takes the code must remove a public id before it.

use std::io::BufRead;

use secondo::{Algorithm, UnixTime};

use crate::record::{Fields, Moving, digits, number, secret_from_hex};
use crate::table::{Records, Row};
use crate::{ImportError, Problem, Record};

/// Reads the OATH-HOTP configurations of a file.
///
/// ```
/// use secondo::UnixTime;
/// use secondo_import::yubico;
///
/// let file = b"LOGGING START,11/27/26 10:30\n\
///              OATH-HOTP,11/27/26 10:31,1,cccccccccccc,,3132333435363738393031323334353637383930,,,0,0,0,6,0,0,0,0,0,0\n";
/// let key = yubico::read(&file[..], UnixTime::from_secs(1_795_500_000)?).next().unwrap()?;
/// assert_eq!(key.serial.as_deref(), Some("cccccccccccc"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Result<Record, ImportError>> {
    Records::new(read, None, move |row| {
        let first = row.text(0, "type")?;
        if first.starts_with('#') || first.eq_ignore_ascii_case("LOGGING START") {
            return Ok(None);
        }
        let is_serial = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
        if is_serial { own(row, now) } else { traditional(row, first, now) }.map(Some)
    })
}

fn traditional(row: &Row<'_>, kind: &str, now: UnixTime) -> Result<Record, Problem> {
    const FIELDS: usize = 18;

    if !kind.eq_ignore_ascii_case("OATH-HOTP") {
        return Err(Problem::Unsupported("a configuration other than OATH-HOTP"));
    }
    if row.len() != FIELDS {
        return Err(Problem::Columns { found: row.len(), expected: FIELDS });
    }
    let count = digits(number(row.required(11, "digits")?, "digits")?, "digits")?;
    let next = number(row.required(12, "counter")?, "counter")?;
    configuration(row, Some(row.text(3, "public id")?), row.required(5, "secret")?, next, Some(count), now)
}

fn own(row: &Row<'_>, now: UnixTime) -> Result<Record, Problem> {
    /// The length of the private id of Yubico OTP.
    const PRIVATE_ID: usize = 12;

    if !(6..=8).contains(&row.len()) {
        return Err(Problem::Columns { found: row.len(), expected: 6 });
    }
    let third = row.text(2, "counter")?;
    if third.is_empty() || third.len() == PRIVATE_ID {
        return Err(Problem::Unsupported("a configuration other than OATH-HOTP"));
    }
    let next = number(third, "counter")?;
    configuration(row, Some(row.text(0, "serial number")?), row.required(3, "secret")?, next, None, now)
}

fn configuration(
    row: &Row<'_>,
    serial: Option<&str>,
    secret: &str,
    next: u64,
    digits: Option<secondo::Digits>,
    now: UnixTime,
) -> Result<Record, Problem> {
    let fields = Fields {
        name: "",
        issuer: None,
        serial,
        secret: secret_from_hex(secret, "secret")?,
        algorithm: Algorithm::Sha1,
        moving: Moving::Counter(next),
        digits,
        notes: Vec::new(),
    };
    fields.record(row.place(), now)
}
