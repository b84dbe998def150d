//! Exports of KeePassXC, as CSV or XML, and of KeePass 2, as XML, which are not encrypted.
//!
//! Only entries with an authenticator key are records. The user name of an entry becomes [`Record::name`], and its
//! title [`Record::issuer`], unless a key URI has them. Keys are in these fields:
//!
//! | field | content |
//! |---|---|
//! | column `TOTP` of the CSV, or `otp` | a key URI |
//! | `TOTP Seed`, `TOTP Settings` | base32; the period and the number of digits, such as `30;6` |
//! | `TimeOtp-Secret-Base32`, `-Hex`, `-Base64`, `TimeOtp-Secret` | the secret; the last one is its text itself |
//! | `TimeOtp-Algorithm`, `TimeOtp-Length`, `TimeOtp-Period` | `HMAC-SHA-1` (also 256, 512), digits, period |
//!
//! Without the fields for them, codes have SHA-1, six digits and 30 s. Entries with `HmacOtp-…` fields, with another
//! `TimeOtp-…` field, or with settings of another form, such as `30;S` for Steam, are reported as not supported. An
//! entry with keys of two kinds is rejected, and so is a key of more than 4 KiB or one that is still encrypted
//! (`Protected="True"`). Entries of the history are skipped, and so are attachments.

use std::io::BufRead;

use base64ct::{Base64, Encoding};
use secondo::types::Period;
use secondo::{Algorithm, Digits, Secret, UnixTime, formats};
use zeroize::Zeroizing;

use crate::others::{Item, of_key};
use crate::record::{Fields, Moving, algorithm, digits, number, period, secret_from_base32, secret_from_hex};
use crate::table::{Column, Header, Records};
use crate::xml::{Step, Xml};
use crate::{ImportError, Place, Problem, Record};

const COLUMNS: &[Column] = &[
    Column { name: "Title", required: true },
    Column { name: "Username", required: true },
    Column { name: "TOTP", required: true },
];

/// Reads the authenticator keys of a CSV export. `now` is the time of the move.
///
/// ```
/// use secondo::UnixTime;
/// use secondo_import::keepassxc;
///
/// let file = b"\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"TOTP\"\n\
///              \"Root\",\"Example\",\"rossi\",\"x\",\"\",\"\",\"otpauth://totp/?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\"\n";
/// let entry = keepassxc::read_csv(&file[..], UnixTime::from_secs(1_795_500_000)?).next().unwrap()?;
/// assert_eq!((entry.name.as_str(), entry.issuer.as_deref()), ("rossi", Some("Example")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_csv<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Result<Record, ImportError>> {
    let header = Header { columns: COLUMNS, others: true, format: "a CSV of KeePassXC" };
    Records::new(read, Some(header), move |row| {
        let key = row.text(2, "TOTP")?;
        if key.is_empty() {
            return Ok(None);
        }
        let item = Item { name: row.text(1, "Username")?, issuer: row.text(0, "Title")?, field: "TOTP" };
        of_key(key, &item, row.place(), now).map(Some)
    })
}

/// Reads the authenticator keys of an XML export. `now` is the time of the move.
///
/// Places count the entries of the document, without those of the history.
///
/// ```
/// use secondo::UnixTime;
/// use secondo_import::keepassxc;
///
/// let file = br#"<KeePassFile><Root><Group><Entry>
///     <String><Key>Title</Key><Value>Example</Value></String>
///     <String><Key>UserName</Key><Value>rossi</Value></String>
///     <String><Key>otp</Key><Value>otpauth://totp/?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&amp;digits=8</Value></String>
///     </Entry></Group></Root></KeePassFile>"#;
/// let entry = keepassxc::read_xml(&file[..], UnixTime::from_secs(1_795_500_000)?).next().unwrap()?;
/// assert_eq!((entry.name.as_str(), entry.issuer.as_deref()), ("rossi", Some("Example")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_xml<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Result<Record, ImportError>> {
    let mut xml = Xml::new(read);
    let (mut count, mut has_ended) = (0, false);
    let mut open = Vec::new();
    core::iter::from_fn(move || {
        while !has_ended {
            match next(&mut xml, &mut open) {
                Ok(Some(entry)) => {
                    count += 1;
                    let place = Place::Entry(count);
                    let record = entry.record(place, now).map_err(|problem| ImportError::of_record(place, problem));
                    if let Some(record) = record.transpose() {
                        return Some(record);
                    }
                }
                Ok(None) => has_ended = true,
                Err(problem) => {
                    has_ended = true;
                    return Some(Err(ImportError::of_file(problem)));
                }
            }
        }
        None
    })
}

/// The fields of an entry that matter here, in the order of [`FIELDS`].
#[derive(Default)]
struct Entry {
    fields: [Option<Zeroizing<String>>; FIELDS.len()],
    problem: Option<Problem>,
}

const FIELDS: [&str; 13] = [
    "Title",
    "UserName",
    "otp",
    "TOTP Seed",
    "TOTP Settings",
    "TimeOtp-Secret-Base32",
    "TimeOtp-Secret-Hex",
    "TimeOtp-Secret-Base64",
    "TimeOtp-Secret",
    "TimeOtp-Algorithm",
    "TimeOtp-Length",
    "TimeOtp-Period",
    "HmacOtp-Counter",
];

impl Entry {
    fn set(&mut self, key: &str, value: Option<&str>) {
        let known = FIELDS.iter().zip(&mut self.fields).find(|(name, _)| **name == key);
        match (known, value) {
            (Some((name, slot)), Some(value)) => {
                let value = Some(value).filter(|value| !value.is_empty()).map(|value| Zeroizing::new(value.to_owned()));
                if slot.is_some() {
                    self.problem = Some(Problem::Field(formats::Problem::Duplicate(name)));
                }
                *slot = value;
            }
            (Some((name, _)), None) => self.problem = Some(Problem::invalid(name)),
            (None, _) if key.starts_with("HmacOtp-") => {
                self.problem = Some(Problem::Unsupported("HOTP of KeePass"));
            }
            (None, _) if key.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("TimeOtp-")) => {
                self.problem = Some(Problem::Unsupported("an unknown field TimeOtp-…"));
            }
            (None, _) => {}
        }
    }

    fn record(self, place: Place, now: UnixTime) -> Result<Option<Record>, Problem> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let [title, user, otp, seed, settings, base32, hex, base64, text, hash, length, secs, counter] =
            self.fields.each_ref().map(|field| field.as_ref().map(|field| field.as_str()));
        let (name, issuer) = (user.unwrap_or_default(), title.unwrap_or_default());
        if counter.is_some() {
            return Err(Problem::Unsupported("HOTP of KeePass"));
        }
        let is_timed = [base32, hex, base64, text, hash, length, secs].iter().any(Option::is_some);
        if [otp.is_some(), seed.is_some() || settings.is_some(), is_timed].into_iter().filter(|is| *is).count() > 1 {
            return Err(Problem::Unsupported("an entry with keys of two kinds"));
        }
        if let Some(key) = otp {
            return of_key(key, &Item { name, issuer, field: "otp" }, place, now).map(Some);
        }
        let (mut steps, mut count, mut hash_function) = (Period::default(), Digits::Six, Algorithm::Sha1);
        let secret = if let Some(seed) = seed {
            if let Some(settings) = settings {
                let (secs, length) = settings.split_once(';').ok_or(Problem::invalid("TOTP Settings"))?;
                if !length.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(Problem::Unsupported("TOTP Settings for other codes"));
                }
                steps = period(number(secs, "TOTP Settings")?, "TOTP Settings")?;
                count = digits(number(length, "TOTP Settings")?, "TOTP Settings")?;
            }
            secret_from_base32(seed, "TOTP Seed")?
        } else {
            if let Some(secs) = secs {
                steps = period(number(secs, "TimeOtp-Period")?, "TimeOtp-Period")?;
            }
            if let Some(length) = length {
                count = digits(number(length, "TimeOtp-Length")?, "TimeOtp-Length")?;
            }
            if let Some(name) = hash {
                hash_function = algorithm(name, "TimeOtp-Algorithm")?;
            }
            match (base32, hex, base64, text) {
                (None, None, None, None) => return Ok(None),
                (Some(base32), None, None, None) => secret_from_base32(base32, "TimeOtp-Secret-Base32")?,
                (None, Some(hex), None, None) => secret_from_hex(hex, "TimeOtp-Secret-Hex")?,
                (None, None, Some(base64), None) => secret_from_base64(base64, "TimeOtp-Secret-Base64")?,
                (None, None, None, Some(text)) => Secret::import_short(text.as_bytes())?,
                _ => return Err(Problem::Field(formats::Problem::Duplicate("TimeOtp-Secret"))),
            }
        };
        let fields = Fields {
            name,
            issuer: Some(issuer),
            serial: None,
            secret,
            algorithm: hash_function,
            moving: Moving::Time(steps),
            digits: Some(count),
            notes: Vec::new(),
        };
        fields.record(place, now).map(Some)
    }
}

fn secret_from_base64(text: &str, field: &'static str) -> Result<Secret, Problem> {
    let mut bytes = Zeroizing::new(vec![0; text.len()]);
    Ok(Secret::import_short(Base64::decode(text, &mut bytes).map_err(|_| Problem::invalid(field))?)?)
}

/// Reads the next entry that is not of a history. `open` are the names of the open elements.
fn next<R: BufRead>(xml: &mut Xml<R>, open: &mut Vec<String>) -> Result<Option<Entry>, Problem> {
    let mut entry = None;
    // The key of the field that is read, and the value, which may come first.
    let (mut key, mut value, mut is_protected) = (String::new(), None, false);
    loop {
        match xml.step("Protected")? {
            Step::Start(name, protected) => {
                is_protected = protected.is_some_and(|is| is.eq_ignore_ascii_case("true"));
                if open.is_empty() && name != "KeePassFile" {
                    return Err(Problem::NotThisFormat("XML of KeePass"));
                }
                if name == "Entry" && !open.iter().any(|name| name == "History" || name == "Entry") {
                    entry = Some(Entry::default());
                }
                open.push(name);
            }
            Step::End => {
                let name = open.pop().unwrap_or_default();
                let in_entry = |parents: &[&str]| {
                    let names = open.iter().rev().map(String::as_str);
                    names.take(parents.len()).eq(parents.iter().copied()) && !open.iter().any(|name| name == "History")
                };
                match (name.as_str(), &mut entry) {
                    ("Entry", _) if !open.iter().any(|name| name == "History" || name == "Entry") => {
                        return Ok(entry);
                    }
                    ("Key", Some(_)) if in_entry(&["String", "Entry"]) => {
                        xml.text().unwrap_or_default().clone_into(&mut key);
                    }
                    ("Value", Some(_)) if in_entry(&["String", "Entry"]) => {
                        value = Some(xml.text().filter(|_| !is_protected).map(|text| Zeroizing::new(text.to_owned())));
                    }
                    ("String", Some(entry)) if in_entry(&["Entry"]) => {
                        let value = value.take().unwrap_or_else(|| Some(Zeroizing::default()));
                        entry.set(&key, value.as_ref().map(|value| value.as_str()));
                        key.clear();
                    }
                    _ => {}
                }
            }
            Step::Eof => return Ok(None),
        }
    }
}
