//! JSON of hardware OATH tokens for Microsoft Graph (`hardwareOathTokenAuthenticationMethodDevice`).
//!
//! A document is one device, an array of devices, or an object with the array in `value`, as requests and answers have
//! it.
//!
//! | property | content | use here |
//! |---|---|---|
//! | `serialNumber` | the number on the token | [`Record::serial`] |
//! | `secretKey` | base32 | the secret; an answer of Graph has `null`, which is an error |
//! | `timeIntervalInSeconds` | the period | the period, required |
//! | `hashFunction` | `hmacsha1` or `hmacsha256` | the algorithm; SHA-1 if it is absent or `null` |
//! | `assignTo` or `assignedTo` | the `id` of the person, and `displayName` | the `id` is [`Record::name`] |
//!
//! Other properties are ignored. Codes have six digits. The format has TOTP only, without the last used time step.

use std::io::BufRead;

use secondo::{Algorithm, Digits, UnixTime};
use serde::Deserialize;

use crate::document::{self, Document, Entries, Text};
use crate::record::{Fields, Moving, algorithm, period, secret_from_base32};
use crate::{ImportError, Place, Problem, Record};

/// Reads the devices of a document. `now` is the time of the move, after Entra ID stopped accepting codes.
///
/// ```
/// use secondo::{Algorithm, UnixTime};
/// use secondo_import::graph;
///
/// let file = br##"{"@context":"#$delta","value":[{"serialNumber":"2300000001","manufacturer":"Example",
///     "model":"T1","secretKey":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","timeIntervalInSeconds":30,
///     "hashFunction":"hmacsha256","assignTo":{"id":"00aa00aa-bb11-cc22-dd33-44ee44ee44ee"}}]}"##;
/// let token = graph::read(&file[..], UnixTime::from_secs(1_795_500_000)?).next().unwrap()?;
/// assert_eq!(token.name, "00aa00aa-bb11-cc22-dd33-44ee44ee44ee");
/// assert_eq!(token.authenticator.algorithm(), Algorithm::Sha256);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Result<Record, ImportError>> {
    let document = document::whole(read).and_then(|bytes| Document::new(bytes, devices));
    document::records(document, move |text, place| token(text, place, now).map(Some))
}

#[derive(Deserialize)]
struct Collection<'a> {
    #[serde(borrow)]
    value: Option<Entries<'a>>,
}

fn devices(text: &str) -> Result<Entries<'_>, Problem> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(|error| Problem::json(&error));
    }
    let collection: Collection<'_> = serde_json::from_str(text).map_err(|error| Problem::json(&error))?;
    if let Some(devices) = collection.value {
        return Ok(devices);
    }
    let device = serde_json::from_str(text).map_err(|error| Problem::json(&error))?;
    Ok(Entries { entries: vec![device], is_whole: true })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Device<'a> {
    #[serde(borrow)]
    serial_number: Option<Text<'a>>,
    #[serde(borrow)]
    secret_key: Option<Text<'a>>,
    time_interval_in_seconds: Option<u64>,
    // A name that scripts write in another case. The other properties are required.
    #[serde(borrow, alias = "hashfunction", alias = "HashFunction")]
    hash_function: Option<Text<'a>>,
    #[serde(borrow, alias = "assignedTo")]
    assign_to: Option<Owner<'a>>,
}

#[derive(Deserialize)]
struct Owner<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
}

fn token(text: &str, place: Place, now: UnixTime) -> Result<Record, Problem> {
    let device: Device<'_> = serde_json::from_str(text).map_err(|error| Problem::json_entry(&error, text))?;
    let secs = device.time_interval_in_seconds.ok_or(Problem::missing("timeIntervalInSeconds"))?;
    let owner = device.assign_to.and_then(|owner| owner.id);
    let serial = device.serial_number.ok_or(Problem::missing("serialNumber"))?;
    let fields = Fields {
        name: owner.as_deref().unwrap_or_default(),
        issuer: None,
        serial: Some(serial.as_str()),
        secret: secret_from_base32(device.secret_key.as_deref().unwrap_or_default(), "secretKey")?,
        algorithm: match device.hash_function.as_deref() {
            Some(name @ ("hmacsha1" | "hmacsha256")) => algorithm(name, "hashFunction")?,
            None => Algorithm::Sha1,
            Some(_) => return Err(Problem::invalid("hashFunction")),
        },
        moving: Moving::Time(period(secs, "timeIntervalInSeconds")?),
        digits: Some(Digits::Six),
        notes: Vec::new(),
    };
    fields.record(place, now)
}
