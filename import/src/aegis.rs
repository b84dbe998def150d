//! Vaults of Aegis, plain or encrypted with a passphrase.
//!
//! An encrypted vault has a random key for AES-256-GCM, which is itself encrypted in *slots*. A slot of a passphrase
//! has a key from scrypt; slots of other kinds, such as biometrics, cannot be opened outside of the phone. The costs of
//! all slots count together ([`Unlock::with_max_scrypt`]).
//!
//! Entries of the types `totp` and `hotp` are read. `name` becomes [`Record::name`] and `issuer` [`Record::issuer`].
//! The app shows the code of the counter that it has stored, so that this one counts as used: the next counter is one
//! more. Entries of other types (`steam`, `yandex`, `motp`) are reported as not supported.

use std::io::BufRead;

use base64ct::{Base64, Encoding};
use secondo::UnixTime;
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::document::{self, Document, Entries, Text};
use crate::record::{Fields, Moving, algorithm, digits, period, secret_from_base32, shown};
use crate::unlock::{Scrypt, decrypt};
use crate::{ImportError, Place, Problem, Record, Unlock};

/// Reads the entries of a vault. `now` is the time of the move.
///
/// ```
/// use secondo::UnixTime;
/// use secondo_import::{Unlock, aegis};
///
/// let file = br#"{"version":1,"header":{"slots":null,"params":null},"db":{"version":3,"entries":[
///     {"type":"totp","name":"rossi","issuer":"Example","info":{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
///     "algo":"SHA256","digits":8,"period":60}}]}}"#;
/// let entry = aegis::read(&file[..], &Unlock::new(), UnixTime::from_secs(1_795_500_000)?).next().unwrap()?;
/// assert_eq!((entry.name.as_str(), entry.issuer.as_deref()), ("rossi", Some("Example")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read<R: BufRead>(
    read: R,
    unlock: &Unlock<'_>,
    now: UnixTime,
) -> impl Iterator<Item = Result<Record, ImportError>> + use<R> {
    let document = document::whole(read).and_then(|bytes| open(bytes, unlock));
    document::records(document, move |text, place| entry(text, place, now).map(Some))
}

#[derive(Deserialize)]
struct Vault<'a> {
    version: u64,
    #[serde(borrow)]
    header: Header<'a>,
    #[serde(borrow)]
    db: &'a RawValue,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    slots: Option<Vec<Slot<'a>>>,
    #[serde(borrow)]
    params: Option<Params<'a>>,
}

#[derive(Deserialize)]
struct Slot<'a> {
    r#type: u8,
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    key_params: Params<'a>,
    n: Option<u32>,
    r: Option<u32>,
    p: Option<u32>,
    #[serde(borrow)]
    salt: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    nonce: Text<'a>,
    #[serde(borrow)]
    tag: Text<'a>,
}

impl Params<'_> {
    fn bytes(&self) -> Result<([u8; 12], [u8; 16]), Problem> {
        Ok((hex(&self.nonce, "nonce")?, hex(&self.tag, "tag")?))
    }
}

fn hex<const N: usize>(text: &str, field: &'static str) -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    let decoded = base16ct::mixed::decode(text, &mut bytes).map_err(|_| Problem::invalid(field))?;
    if decoded.len() == N { Ok(bytes) } else { Err(Problem::invalid(field)) }
}

fn open(bytes: Zeroizing<Vec<u8>>, unlock: &Unlock<'_>) -> Result<Document, Problem> {
    match decrypted(document::text(&bytes)?, unlock)? {
        Some(text) => Document::new(text, entries),
        None => Document::new(bytes, |text| {
            let vault: Vault<'_> = serde_json::from_str(text).map_err(|error| Problem::json(&error))?;
            entries(vault.db.get())
        }),
    }
}

/// Returns the text of an encrypted vault, or `None` if the vault is plain.
fn decrypted(text: &str, unlock: &Unlock<'_>) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
    let vault: Vault<'_> = serde_json::from_str(text).map_err(|error| Problem::json(&error))?;
    if vault.version != 1 {
        return Err(Problem::Unsupported("this version of a vault"));
    }
    let (Some(slots), Some(params)) = (&vault.header.slots, &vault.header.params) else { return Ok(None) };
    let sealed: Text<'_> = serde_json::from_str(vault.db.get()).map_err(|_| Problem::invalid("db"))?;
    let (nonce, tag) = params.bytes()?;
    let key = vault_key(slots, unlock)?;
    let mut text = Zeroizing::new(vec![0; sealed.len()]);
    let len = Base64::decode(sealed.as_str(), &mut text).map_err(|_| Problem::invalid("db"))?.len();
    text.truncate(len);
    decrypt(&key, &nonce, &tag, &mut text)?;
    Ok(Some(text))
}

/// Returns the key of the vault, from the first slot that the passphrase opens.
fn vault_key(slots: &[Slot<'_>], unlock: &Unlock<'_>) -> Result<Zeroizing<[u8; 32]>, Problem> {
    const PASSPHRASE: u8 = 1;

    let mut scrypt = Scrypt::new(unlock)?;
    let mut slots = slots.iter().filter(|slot| slot.r#type == PASSPHRASE).peekable();
    if slots.peek().is_none() {
        return Err(Problem::Unsupported("a vault without a passphrase slot"));
    }
    for slot in slots {
        let (Some(n), Some(r), Some(p)) = (slot.n, slot.r, slot.p) else { return Err(Problem::missing("n, r or p")) };
        let salt: [u8; 32] = hex(slot.salt.as_deref().unwrap_or_default(), "salt")?;
        let wrapping = scrypt.derive(&salt, [n, r, p])?;
        let mut key = Zeroizing::new(hex(&slot.key, "key")?);
        let (nonce, tag) = slot.key_params.bytes()?;
        if decrypt(&wrapping, &nonce, &tag, key.as_mut_slice()).is_ok() {
            return Ok(key);
        }
    }
    Err(Problem::Authentication)
}

#[derive(Deserialize)]
struct Database<'a> {
    #[serde(borrow)]
    entries: Entries<'a>,
}

fn entries(text: &str) -> Result<Entries<'_>, Problem> {
    let database: Database<'_> = serde_json::from_str(text).map_err(|error| Problem::json(&error))?;
    Ok(database.entries)
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    issuer: Option<Text<'a>>,
    #[serde(borrow)]
    info: Info<'a>,
}

#[derive(Deserialize)]
struct Info<'a> {
    #[serde(borrow)]
    secret: Text<'a>,
    #[serde(borrow)]
    algo: Text<'a>,
    digits: u64,
    period: Option<u64>,
    counter: Option<u64>,
}

fn entry(text: &str, place: Place, now: UnixTime) -> Result<Record, Problem> {
    let entry: Entry<'_> = serde_json::from_str(text).map_err(|error| Problem::json_entry(&error, text))?;
    let info = &entry.info;
    let moving = match entry.r#type.as_str() {
        "totp" => Moving::Time(period(info.period.ok_or(Problem::missing("period"))?, "period")?),
        "hotp" => Moving::Counter(shown(info.counter.ok_or(Problem::missing("counter"))?)?),
        _ => return Err(Problem::Unsupported("a type that is neither totp nor hotp")),
    };
    let fields = Fields {
        name: entry.name.as_deref().unwrap_or_default(),
        issuer: entry.issuer.as_deref(),
        serial: None,
        secret: secret_from_base32(&info.secret, "secret")?,
        algorithm: algorithm(&info.algo, "algo")?,
        moving,
        digits: Some(digits(info.digits, "digits")?),
        notes: Vec::new(),
    };
    fields.record(place, now)
}
