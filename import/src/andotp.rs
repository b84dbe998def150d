//! Backups of andOTP, plain or encrypted with a passphrase (PBKDF2 with HMAC-SHA-1 and AES-256-GCM).
//!
//! An encrypted backup has no structure: the number of iterations in four bytes, a salt of 12 bytes, a nonce of 12
//! bytes, and the encrypted text with its tag. Backups of versions before 0.6.3, which have no iterations, are not
//! supported.
//!
//! Entries of the types `TOTP` and `HOTP` are read. `label` becomes [`Record::name`] and `issuer` [`Record::issuer`]. A
//! counter that the app has stored counts as used, since its code may have been shown: the next counter is one more.
//! Entries of other types (`STEAM`, `MOTP`) are reported as not supported.

use std::io::BufRead;

use secondo::UnixTime;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::document::{self, Document, Text};
use crate::record::{Fields, Moving, algorithm, digits, period, secret_from_base32, shown};
use crate::unlock::{decrypt, detach};
use crate::{ImportError, Place, Problem, Record, Unlock};

/// Reads the entries of a backup. `now` is the time of the move.
///
/// ```
/// use secondo::UnixTime;
/// use secondo_import::{Unlock, andotp};
///
/// let file = br#"[{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","issuer":"Example","label":"rossi","digits":6,
///     "type":"TOTP","algorithm":"SHA1","period":30,"thumbnail":"Default","tags":[]}]"#;
/// let entry = andotp::read(&file[..], &Unlock::new(), UnixTime::from_secs(1_795_500_000)?).next().unwrap()?;
/// assert_eq!((entry.name.as_str(), entry.issuer.as_deref()), ("rossi", Some("Example")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read<R: BufRead>(
    read: R,
    unlock: &Unlock<'_>,
    now: UnixTime,
) -> impl Iterator<Item = Result<Record, ImportError>> + use<R> {
    let document = document::whole(read).and_then(|bytes| {
        let bytes = if is_encrypted(&bytes) { open(bytes, unlock)? } else { bytes };
        Document::new(bytes, |text| serde_json::from_str(text).map_err(|error| Problem::json(&error)))
    });
    document::records(document, move |text, place| entry(text, place, now).map(Some))
}

/// Returns whether a file begins with a number of iterations below 2<sup>24</sup>, as no text does but one in UTF-16,
/// which has a zero before each letter.
pub(crate) fn is_encrypted(start: &[u8]) -> bool {
    !matches!(start, [_, b' '..=b'~', 0, ..]) && start.len() > 4 && start.first() == Some(&0)
}

fn open(mut bytes: Zeroizing<Vec<u8>>, unlock: &Unlock<'_>) -> Result<Zeroizing<Vec<u8>>, Problem> {
    const HEAD: usize = 4 + 12 + 12;

    let (iterations, rest) = bytes.split_first_chunk().ok_or(Problem::Authentication)?;
    let (salt, rest) = rest.split_first_chunk::<12>().ok_or(Problem::Authentication)?;
    let nonce = *rest.first_chunk().ok_or(Problem::Authentication)?;
    let key = unlock.pbkdf2::<sha1::Sha1>(salt, u32::from_be_bytes(*iterations))?;
    let tag = detach(&mut bytes)?;
    let text = bytes.get_mut(HEAD..).ok_or(Problem::Authentication)?;
    decrypt(&key, &nonce, &tag, text)?;
    bytes.drain(..HEAD);
    Ok(bytes)
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    secret: Text<'a>,
    #[serde(borrow)]
    issuer: Option<Text<'a>>,
    #[serde(borrow)]
    label: Option<Text<'a>>,
    digits: u64,
    #[serde(borrow)]
    r#type: Text<'a>,
    #[serde(borrow)]
    algorithm: Text<'a>,
    period: Option<u64>,
    counter: Option<u64>,
}

fn entry(text: &str, place: Place, now: UnixTime) -> Result<Record, Problem> {
    let entry: Entry<'_> = serde_json::from_str(text).map_err(|error| Problem::json_entry(&error, text))?;
    let moving = match entry.r#type.as_str() {
        "TOTP" => Moving::Time(period(entry.period.ok_or(Problem::missing("period"))?, "period")?),
        "HOTP" => Moving::Counter(shown(entry.counter.ok_or(Problem::missing("counter"))?)?),
        _ => return Err(Problem::Unsupported("a type that is neither TOTP nor HOTP")),
    };
    let fields = Fields {
        name: entry.label.as_deref().unwrap_or_default(),
        issuer: entry.issuer.as_deref(),
        serial: None,
        secret: secret_from_base32(&entry.secret, "secret")?,
        algorithm: algorithm(&entry.algorithm, "algorithm")?,
        moving,
        digits: Some(digits(entry.digits, "digits")?),
        notes: Vec::new(),
    };
    fields.record(place, now)
}
