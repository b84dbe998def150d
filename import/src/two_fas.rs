//! Backups of 2FAS, plain or encrypted with a passphrase (PBKDF2 with HMAC-SHA-256 and AES-256-GCM).
//!
//! Services whose `tokenType` is `TOTP` or `HOTP` are read; an absent one is `TOTP`. `otp.account`, or else `name`,
//! becomes [`Record::name`], and `otp.issuer` or `name` [`Record::issuer`]. An absent algorithm, number of digits or
//! period is SHA-1, six or 30 s, as in the app. A counter that the app has stored counts as used, since it may have
//! been shown: the next counter is one more. Services of another type (`STEAM`) are reported as not supported.

use std::io::BufRead;

use base64ct::{Base64, Encoding};
use secondo::types::Period;
use secondo::{Algorithm, Digits, UnixTime};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::document::{self, Document, Entries, Text};
use crate::record::{Fields, Moving, algorithm, digits, period, secret_from_base32, shown};
use crate::unlock::{decrypt, detach};
use crate::{ImportError, Place, Problem, Record, Unlock};

/// The PBKDF2 iterations of the app, which a backup does not record.
const ITERATIONS: u32 = 10_000;

/// Reads the services of a backup. `now` is the time of the move.
///
/// ```
/// use secondo::UnixTime;
/// use secondo_import::{Unlock, two_fas};
///
/// let file = br#"{"services":[{"name":"Example","secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","otp":{"account":"rossi",
///     "issuer":"Example","digits":6,"period":30,"algorithm":"SHA1","tokenType":"TOTP"}}],"schemaVersion":4}"#;
/// let service = two_fas::read(&file[..], &Unlock::new(), UnixTime::from_secs(1_795_500_000)?).next().unwrap()?;
/// assert_eq!((service.name.as_str(), service.issuer.as_deref()), ("rossi", Some("Example")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read<R: BufRead>(
    read: R,
    unlock: &Unlock<'_>,
    now: UnixTime,
) -> impl Iterator<Item = Result<Record, ImportError>> + use<R> {
    let document = document::whole(read).and_then(|bytes| open(bytes, unlock));
    document::records(document, move |text, place| service(text, place, now).map(Some))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Backup<'a> {
    #[serde(borrow)]
    services: Option<Entries<'a>>,
    #[serde(borrow)]
    services_encrypted: Option<Text<'a>>,
}

fn open(bytes: Zeroizing<Vec<u8>>, unlock: &Unlock<'_>) -> Result<Document, Problem> {
    match decrypted(document::text(&bytes)?, unlock)? {
        Some(text) => Document::new(text, |text| serde_json::from_str(text).map_err(|error| Problem::json(&error))),
        None => Document::new(bytes, |text| {
            let backup: Backup<'_> = serde_json::from_str(text).map_err(|error| Problem::json(&error))?;
            backup.services.ok_or(Problem::missing("services"))
        }),
    }
}

/// Returns the services of an encrypted backup, or `None` if the backup is plain.
fn decrypted(text: &str, unlock: &Unlock<'_>) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
    let backup: Backup<'_> = serde_json::from_str(text).map_err(|error| Problem::json(&error))?;
    let sealed = backup.services_encrypted.as_deref().filter(|sealed| !sealed.is_empty());
    let Some(sealed) = sealed else { return Ok(None) };
    let mut parts = sealed.split(':');
    let (Some(sealed), Some(salt), Some(nonce), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(Problem::invalid("servicesEncrypted"));
    };
    let [mut text, salt, nonce] = [decode(sealed)?, decode(salt)?, decode(nonce)?];
    let nonce = nonce.as_slice().try_into().map_err(|_| Problem::invalid("servicesEncrypted"))?;
    let key = unlock.pbkdf2::<sha2::Sha256>(&salt, ITERATIONS)?;
    let tag = detach(&mut text)?;
    decrypt(&key, nonce, &tag, &mut text)?;
    Ok(Some(text))
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let mut bytes = Zeroizing::new(vec![0; text.len()]);
    let len = Base64::decode(text, &mut bytes).map_err(|_| Problem::invalid("servicesEncrypted"))?.len();
    bytes.truncate(len);
    Ok(bytes)
}

#[derive(Deserialize)]
struct Service<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    secret: Text<'a>,
    #[serde(borrow)]
    otp: Otp<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Otp<'a> {
    #[serde(borrow)]
    account: Option<Text<'a>>,
    #[serde(borrow)]
    issuer: Option<Text<'a>>,
    digits: Option<u64>,
    period: Option<u64>,
    #[serde(borrow)]
    algorithm: Option<Text<'a>>,
    #[serde(borrow)]
    token_type: Option<Text<'a>>,
    counter: Option<u64>,
}

fn service(text: &str, place: Place, now: UnixTime) -> Result<Record, Problem> {
    let service: Service<'_> = serde_json::from_str(text).map_err(|error| Problem::json_entry(&error, text))?;
    let otp = &service.otp;
    let moving = match otp.token_type.as_deref() {
        None | Some("TOTP") => Moving::Time(otp.period.map_or(Ok(Period::default()), |secs| period(secs, "period"))?),
        Some("HOTP") => Moving::Counter(shown(otp.counter.ok_or(Problem::missing("counter"))?)?),
        Some(_) => return Err(Problem::Unsupported("a type that is neither TOTP nor HOTP")),
    };
    let is_there = |text: &&str| !text.is_empty();
    let fields = Fields {
        name: otp.account.as_deref().filter(is_there).or(service.name.as_deref()).unwrap_or_default(),
        issuer: otp.issuer.as_deref().filter(is_there).or(service.name.as_deref()),
        serial: None,
        secret: secret_from_base32(&service.secret, "secret")?,
        algorithm: otp.algorithm.as_deref().map_or(Ok(Algorithm::Sha1), |name| algorithm(name, "algorithm"))?,
        moving,
        digits: Some(otp.digits.map_or(Ok(Digits::Six), |count| digits(count, "digits"))?),
        notes: Vec::new(),
    };
    fields.record(place, now)
}
