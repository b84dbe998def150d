//! The JSON that FreeOTP+ exports.
//!
//! The secret of a token is an array of signed bytes. `label` becomes [`Record::name`], and `issuerExt`, or else
//! `issuerInt`, [`Record::issuer`]. The app increments its counter when it shows a code, so that the stored one is the
//! next. Tokens of another `type` than `TOTP` and `HOTP` are reported as not supported.

use core::fmt;
use std::io::BufRead;

use secondo::{Secret, UnixTime};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::document::{self, Document, Entries, Text};
use crate::record::{Fields, Moving, algorithm, digits, period};
use crate::{ImportError, Place, Problem, Record};

/// Reads the tokens of an export. `now` is the time of the move.
///
/// ```
/// use secondo::UnixTime;
/// use secondo_import::freeotp;
///
/// let file = br#"{"tokenOrder":["Example:rossi"],"tokens":[{"algo":"SHA1","counter":0,"digits":6,
///     "issuerExt":"Example","label":"rossi","period":30,"secret":[-1,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14],
///     "type":"TOTP"}]}"#;
/// let token = freeotp::read(&file[..], UnixTime::from_secs(1_795_500_000)?).next().unwrap()?;
/// assert_eq!((token.name.as_str(), token.issuer.as_deref()), ("rossi", Some("Example")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Result<Record, ImportError>> {
    let document = document::whole(read).and_then(|bytes| {
        Document::new(bytes, |text| {
            let export: Export<'_> = serde_json::from_str(text).map_err(|error| Problem::json(&error))?;
            Ok(export.tokens)
        })
    });
    document::records(document, move |text, place| token(text, place, now).map(Some))
}

#[derive(Deserialize)]
struct Export<'a> {
    #[serde(borrow)]
    tokens: Entries<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token<'a> {
    #[serde(borrow)]
    algo: Option<Text<'a>>,
    counter: Option<u64>,
    digits: Option<u64>,
    #[serde(borrow)]
    issuer_ext: Option<Text<'a>>,
    #[serde(borrow)]
    issuer_int: Option<Text<'a>>,
    #[serde(borrow)]
    label: Option<Text<'a>>,
    period: Option<u64>,
    secret: SignedBytes,
    #[serde(borrow)]
    r#type: Text<'a>,
}

fn token(text: &str, place: Place, now: UnixTime) -> Result<Record, Problem> {
    let token: Token<'_> = serde_json::from_str(text).map_err(|error| Problem::json_entry(&error, text))?;
    let moving = match token.r#type.as_str() {
        "TOTP" => Moving::Time(period(token.period.ok_or(Problem::missing("period"))?, "period")?),
        "HOTP" => Moving::Counter(token.counter.ok_or(Problem::missing("counter"))?),
        _ => return Err(Problem::Unsupported("a type that is neither TOTP nor HOTP")),
    };
    let fields = Fields {
        name: token.label.as_deref().unwrap_or_default(),
        issuer: token.issuer_ext.as_deref().filter(|issuer| !issuer.is_empty()).or(token.issuer_int.as_deref()),
        serial: None,
        secret: Secret::import_short(&token.secret.0)?,
        algorithm: algorithm(token.algo.as_deref().ok_or(Problem::missing("algo"))?, "algo")?,
        moving,
        digits: Some(digits(token.digits.ok_or(Problem::missing("digits"))?, "digits")?),
        notes: Vec::new(),
    };
    fields.record(place, now)
}

/// Bytes as Java has them, -128 to 127: at most as many as a secret has. They are wiped.
struct SignedBytes(Zeroizing<Vec<u8>>);

impl<'de> Deserialize<'de> for SignedBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl<'de> Visitor<'de> for Bytes {
            type Value = SignedBytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of signed bytes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<SignedBytes, A::Error> {
                let mut bytes = Zeroizing::new(Vec::with_capacity(Secret::MAX_LEN));
                while let Some(byte) = array.next_element::<i8>()? {
                    if bytes.len() == Secret::MAX_LEN {
                        return Err(A::Error::custom("too many bytes"));
                    }
                    bytes.push(byte.cast_unsigned());
                }
                Ok(SignedBytes(bytes))
            }
        }

        deserializer.deserialize_seq(Bytes)
    }
}
