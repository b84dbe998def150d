//! The CSV of hardware OATH tokens for Entra ID, as vendors deliver it.
//!
//! | column | content | use here |
//! |---|---|---|
//! | `upn` | the user principal name of the person, or nothing | [`Record::name`] |
//! | `serial number` | the number on the token | [`Record::serial`], and the name if there is no `upn` |
//! | `secret key` | base32 | the secret |
//! | `time interval` | 30 or 60, or another period in seconds | the period |
//! | `manufacturer`, `model` | text | ignored |
//!
//! The header gives the order of the columns, and may lack `upn`, `manufacturer` and `model`. Another column is an
//! error. The format has neither an algorithm nor a number of digits: Entra ID takes SHA-1 and six. It has TOTP only,
//! without the last used time step.
//!
//! The caller maps a `upn` to an account.

use std::io::BufRead;

use secondo::{Algorithm, Digits, UnixTime};

use crate::record::{Fields, Moving, number, period, secret_from_base32};
use crate::table::{Column, Header, Records, Row};
use crate::{ImportError, Problem, Record};

pub(crate) const COLUMNS: &[Column] = &[
    Column { name: "upn", required: false },
    Column { name: "serial number", required: true },
    Column { name: "secret key", required: true },
    Column { name: "time interval", required: true },
    Column { name: "manufacturer", required: false },
    Column { name: "model", required: false },
];

/// Reads the tokens of a file. `now` is the time of the move, after Entra ID stopped accepting codes.
///
/// ```
/// use secondo::UnixTime;
/// use secondo_import::{Place, entra};
///
/// let file = "upn,serial number,secret key,time interval,manufacturer,model\n\
///             rossi@example.com,2300000001,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,30,Example,T1\n\
///             ,2300000002,GEZDGNBVGY3TQOJQ,0,Example,T1\n";
/// let mut tokens = entra::read(file.as_bytes(), UnixTime::from_secs(1_795_500_000)?);
/// let token = tokens.next().unwrap()?;
/// assert_eq!((token.name.as_str(), token.serial.as_deref()), ("rossi@example.com", Some("2300000001")));
/// let error = tokens.next().unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "line 3: time interval has an invalid value: it must be 1 to 86400");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Result<Record, ImportError>> {
    let header = Header { columns: COLUMNS, others: false, format: "a CSV of Entra ID" };
    Records::new(read, Some(header), move |row| token(row, now).map(Some))
}

fn token(row: &Row<'_>, now: UnixTime) -> Result<Record, Problem> {
    let fields = Fields {
        name: row.text(0, "upn")?,
        issuer: None,
        serial: Some(row.required(1, "serial number")?),
        secret: secret_from_base32(row.text(2, "secret key")?, "secret key")?,
        algorithm: Algorithm::Sha1,
        moving: Moving::Time(period(number(row.required(3, "time interval")?, "time interval")?, "time interval")?),
        digits: Some(Digits::Six),
        notes: Vec::new(),
    };
    fields.record(row.place(), now)
}
