//! OATH CSV, as privacyIDEA and LinOTP read it. It has no header.
//!
//! | field | content | use here |
//! |---|---|---|
//! | 1 | serial number | [`Record::serial`] |
//! | 2 | the secret in hexadecimal | the secret |
//! | 3 | `hotp` or `totp`; `hotp` if absent | method |
//! | 4 | the number of digits | digits; six with [`Note::DigitsUnknown`] if absent |
//! | 5 | HOTP: the next counter; TOTP: the period in seconds | next counter, 0 if absent; period, 30 s if absent |
//! | 6 | `sha1`, `sha256` or `sha512` | algorithm |
//!
//! The programs differ. Versions of privacyIDEA that know the line `# version: 2` read field 5 of an HOTP row as the
//! counter. Older ones and LinOTP 3 read field 5 of TOTP rows only, so that their files may have a period in an HOTP
//! row. A counter of 30 or 60 therefore has [`Note::CounterMayBePeriod`]: ask the writer of the file, and write 0 or
//! nothing if it is a period. Field 6 is LinOTP's.
//!
//! Without field 6, the algorithm is the one whose output is as long as the secret, as LinOTP 3 decides: SHA-256 for 32
//! bytes and SHA-512 for 64 bytes, with [`Note::AlgorithmOfLength`], and otherwise SHA-1. Secrets of 28 and 48 bytes
//! are rejected, and so are the names SHA-224 and SHA-384: codes of these algorithms are not supported.
//!
//! A first line `# version: 2` says that three fields stand before these: user name, resolver and realm. The user name
//! is then [`Record::name`]. Other lines with `#` are comments. Rows of other types, such as `ocra`, are rejected.
//!
//! [`Note::AlgorithmOfLength`]: secondo::formats::Note::AlgorithmOfLength
//! [`Note::CounterMayBePeriod`]: secondo::formats::Note::CounterMayBePeriod
//! [`Note::DigitsUnknown`]: secondo::formats::Note::DigitsUnknown

use std::io::BufRead;
use std::mem;

use secondo::UnixTime;
use secondo::formats::Note;
use secondo::types::Period;

use crate::record::{Fields, Moving, algorithm, algorithm_of_length, digits, number, period, secret_from_hex};
use crate::table::{Records, Row};
use crate::{ImportError, Problem, Record};

/// Reads the tokens of a file. `now` is the time of the move, after the old system stopped.
///
/// ```
/// use secondo::UnixTime;
/// use secondo::types::Counter;
/// use secondo_import::oath_csv;
///
/// let file = b"OATH0001, 3132333435363738393031323334353637383930, hotp, 8, 7\n";
/// let token = oath_csv::read(&file[..], UnixTime::from_secs(1_795_500_000)?).next().unwrap()?;
/// assert_eq!((token.serial.as_deref(), token.state.watermark()), (Some("OATH0001"), Some(Counter::new(6))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Result<Record, ImportError>> {
    // The number of fields for the user.
    let mut before = 0;
    let mut is_first = true;
    Records::new(read, None, move |row| {
        let is_first = mem::replace(&mut is_first, false);
        let first = row.text(0, "serial number")?;
        if let Some(comment) = first.strip_prefix('#') {
            let version = comment.trim().strip_prefix("version:").filter(|_| is_first).map(str::trim);
            match version {
                Some("2") => before = 3,
                None | Some("0" | "1") => {}
                Some(_) => return Err(Problem::Unsupported("this version of the format")),
            }
            return Ok(None);
        }
        token(row, before, now).map(Some)
    })
}

fn token(row: &Row<'_>, before: usize, now: UnixTime) -> Result<Record, Problem> {
    const FIELDS: usize = 6;

    if row.len() > before + FIELDS {
        return Err(Problem::Columns { found: row.len(), expected: before + FIELDS });
    }
    let field = |at, name| row.text(before + at, name).map(|text| Some(text).filter(|text| !text.is_empty()));
    let serial = row.required(before, "serial number")?;
    let secret = secret_from_hex(row.required(before + 1, "key")?, "key")?;
    let last = field(4, "counter or period")?;
    let last = last.map(|text| number(text, "counter or period")).transpose()?;
    let moving = match field(2, "type")? {
        None => Moving::Counter(last.unwrap_or(0)),
        Some(kind) if kind.eq_ignore_ascii_case("hotp") => Moving::Counter(last.unwrap_or(0)),
        Some(kind) if kind.eq_ignore_ascii_case("totp") => {
            Moving::Time(last.map_or(Ok(Period::default()), |secs| period(secs, "period"))?)
        }
        Some(_) => return Err(Problem::Unsupported("a type that is neither hotp nor totp")),
    };
    let mut notes = Vec::new();
    if let Moving::Counter(30 | 60) = moving {
        notes.push(Note::CounterMayBePeriod);
    }
    let fields = Fields {
        name: if before > 0 { row.text(0, "user name")? } else { "" },
        issuer: None,
        serial: Some(serial),
        algorithm: match field(5, "algorithm")? {
            Some(name) => algorithm(name, "algorithm")?,
            None => algorithm_of_length(&secret, &mut notes)?,
        },
        secret,
        moving,
        digits: field(3, "digits")?.map(|text| digits(number(text, "digits")?, "digits")).transpose()?,
        notes,
    };
    fields.record(row.place(), now)
}
