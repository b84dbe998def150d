//! A reader of the values of a key, which may be encrypted (RFC 6030 sections 4.2 and 6).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use std::io::BufRead;

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::error::{Fault, PskcErrorKind};
use super::protection::{Cipher, Encrypted, Opener};
use super::xml::{Namespace, Xml, is_blank};
use crate::decision::State;
use crate::factor::Totp;
use crate::formats::imported::{Note, UNTOLD_WINDOW, imported_drift, used_until, used_until_now};
use crate::policy::Policy;
use crate::types::{Period, UnixTime};

/// The values in `Data`.
#[derive(Default)]
pub(super) struct Data {
    pub(super) secret: Option<Zeroizing<Vec<u8>>>,
    pub(super) counter: Option<i64>,
    pub(super) time: Option<i64>,
    pub(super) interval: Option<i64>,
    drift: Option<Drift>,
}

/// The content of `TimeDrift`.
enum Drift {
    Steps(i64),
    /// The seconds that privacyIDEA writes.
    Secs(f64),
}

impl Data {
    /// Reads the content of the `Data` that was just opened.
    pub(super) fn read<R: BufRead>(&mut self, xml: &mut Xml<R>, opener: &Opener) -> Result<(), Fault> {
        while let Some(element) = xml.child()? {
            if element.namespace != Namespace::Pskc {
                xml.skip()?;
                continue;
            }
            match element.name {
                "Secret" => {
                    let read = match read_value(xml, opener, "Secret")? {
                        Value::Plain(text) if opener.takes_plain_secrets() => decode_base64(&text, "Secret")?,
                        Value::Plain(_) => return Err(Fault::Key(PskcErrorKind::PlainSecret)),
                        Value::Decrypted(bytes) => bytes,
                    };
                    once(&mut self.secret, read, "Secret")?;
                }
                "Counter" => read_integer(xml, opener, &mut self.counter, "Counter")?,
                "Time" => read_integer(xml, opener, &mut self.time, "Time")?,
                "TimeInterval" => read_integer(xml, opener, &mut self.interval, "TimeInterval")?,
                "TimeDrift" => self.read_drift(xml, opener)?,
                _ => xml.ignore(element)?,
            }
        }
        Ok(())
    }

    fn read_drift<R: BufRead>(&mut self, xml: &mut Xml<R>, opener: &Opener) -> Result<(), Fault> {
        let value = read_value(xml, opener, "TimeDrift")?;
        let drift = match value {
            Value::Plain(text) if xml.is_lower_case() => text.parse().ok().map(Drift::Secs),
            value => integer_of(value, "TimeDrift").map(Drift::Steps),
        };
        once(&mut self.drift, drift.ok_or(Fault::Key(PskcErrorKind::Value("TimeDrift")))?, "TimeDrift")
    }

    /// Returns the drift in time steps, if a policy can allow it.
    fn drift(&self, period: Period) -> Option<i16> {
        let steps = match self.drift {
            None => 0,
            Some(Drift::Steps(steps)) => steps,
            Some(Drift::Secs(secs)) => {
                // privacyIDEA counts from the start of the current step: a part of a step is the next whole one.
                let steps = (secs / f64::from(period.as_secs())).ceil();
                let max = f64::from(Policy::MAX_DRIFT);
                if !(-max..=max).contains(&steps) {
                    return None;
                }
                #[expect(clippy::cast_possible_truncation, reason = "a small whole number")]
                let steps = steps as i64;
                steps
            }
        };
        imported_drift(steps)
    }

    pub(super) fn counter(&self) -> Result<Option<u64>, Fault> {
        unsigned(self.counter, "Counter")
    }

    pub(super) fn period(&self) -> Result<Period, Fault> {
        let Some(secs) = self.interval else { return Ok(Period::default()) };
        let period = u64::try_from(secs).ok().and_then(|secs| Period::from_secs(secs).ok());
        period.ok_or(Fault::Key(PskcErrorKind::Value("TimeInterval")))
    }

    /// Returns the state of a TOTP key: `Time` is its next time step, and `Counter` the last one that was used.
    pub(super) fn timed_state(&self, totp: Totp, now: UnixTime, notes: &mut Vec<Note>) -> Result<State, Fault> {
        let invalid = |name| Fault::Key(PskcErrorKind::Value(name));
        let drift = self.drift(totp.period()).ok_or(invalid("TimeDrift"))?;
        let state = State::new().with_drift(drift);
        let used = |last, name| used_until(totp, state, last, now).ok_or(invalid(name));
        let counted = self.counter()?.filter(|counter| *counter > 0);
        let timed = match unsigned(self.time, "Time")?.map(|next| next.checked_sub(1)) {
            None if counted.is_none() => {
                notes.push(Note::LastUseUnknown);
                return Ok(used_until_now(totp, state, now, UNTOLD_WINDOW));
            }
            Some(Some(last)) => used(last, "Time")?,
            None | Some(None) => state,
        };
        let Some(last) = counted else { return Ok(timed) };
        notes.push(Note::CounterIsLastStep);
        let counted = used(last, "Counter")?;
        Ok(if counted.watermark() > timed.watermark() { counted } else { timed })
    }
}

fn unsigned(value: Option<i64>, name: &'static str) -> Result<Option<u64>, Fault> {
    value.map(|value| u64::try_from(value).map_err(|_| Fault::Key(PskcErrorKind::Value(name)))).transpose()
}

enum Value {
    Plain(Zeroizing<String>),
    Decrypted(Zeroizing<Vec<u8>>),
}

/// Reads a `PlainValue`, or an `EncryptedValue` with its MAC.
fn read_value<R: BufRead>(xml: &mut Xml<R>, opener: &Opener, name: &'static str) -> Result<Value, Fault> {
    let (mut plain, mut encrypted, mut mac) = (None, None, None);
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Pskc, "PlainValue") => {
                let read = Zeroizing::new(xml.text(name)?.to_owned());
                once(&mut plain, read, "PlainValue")?;
            }
            (Namespace::Pskc, "EncryptedValue") => {
                let read = read_encrypted(xml)?;
                once(&mut encrypted, read, "EncryptedValue")?;
            }
            (Namespace::Pskc, "ValueMAC") => {
                let read = base64(xml, "ValueMAC")?;
                once(&mut mac, read, "ValueMAC")?;
            }
            _ => xml.ignore(element)?,
        }
    }
    match (plain, encrypted, mac) {
        (Some(text), None, None) => Ok(Value::Plain(text)),
        (None, Some(encrypted), mac) => {
            opener.open(&encrypted, mac.as_ref().map(|mac| mac.as_slice())).map(Value::Decrypted)
        }
        (None, None, _) => Err(Fault::Key(PskcErrorKind::Missing(name))),
        // A MAC covers the encrypted value (RFC 6030 section 6.1.1). RFC 6030 does not define a MAC of a plain value.
        (Some(_), None, Some(_)) => Err(Fault::Key(PskcErrorKind::Misplaced("ValueMAC"))),
        (Some(_), Some(_), _) => Err(Fault::Key(PskcErrorKind::Duplicate(name))),
    }
}

/// Reads a number: decimal digits, or base64 of a number's bytes. An encrypted one has these bytes.
fn read_integer<R: BufRead>(
    xml: &mut Xml<R>,
    opener: &Opener,
    slot: &mut Option<i64>,
    name: &'static str,
) -> Result<(), Fault> {
    let value = integer_of(read_value(xml, opener, name)?, name);
    once(slot, value.ok_or(Fault::Key(PskcErrorKind::Value(name)))?, name)
}

fn integer_of(value: Value, name: &'static str) -> Option<i64> {
    match value {
        Value::Plain(text) => text.parse().ok().or_else(|| integer_from_base64(&text, name)),
        Value::Decrypted(bytes) => integer(&bytes),
    }
}

/// Returns the number in base64 that a plain text is.
///
/// Its bytes must be whole or digits, since a word such as `None` is base64 as well.
fn integer_from_base64(text: &str, name: &'static str) -> Option<i64> {
    let bytes = decode_base64(text, name).ok()?;
    if matches!(bytes.len(), 4 | 8) || bytes.iter().all(u8::is_ascii_digit) { integer(&bytes) } else { None }
}

/// Returns the number that these bytes are: decimal digits, or a big-endian number that is signed if it has four or
/// eight bytes. RFC 6030 has only the latter; other writers leave out leading zeros, or encode digits.
///
/// One or two digits could also be a big-endian number that a token may have, and are rejected.
pub(super) fn integer(bytes: &[u8]) -> Option<i64> {
    match bytes {
        bytes if bytes.iter().all(u8::is_ascii_digit) => {
            let digits = str::from_utf8(bytes).ok().filter(|digits| digits.len() > 2)?;
            digits.parse().ok()
        }
        &[a, b, c, d] => Some(i32::from_be_bytes([a, b, c, d]).into()),
        bytes if bytes.len() < 8 => Some(bytes.iter().fold(0, |value: i64, byte| value << 8 | i64::from(*byte))),
        bytes => bytes.try_into().ok().map(i64::from_be_bytes),
    }
}

/// Reads an `EncryptedDataType` of XML Encryption.
pub(super) fn read_encrypted<R: BufRead>(xml: &mut Xml<R>) -> Result<Encrypted, Fault> {
    let (mut cipher, mut bytes) = (None, None);
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Encryption, "EncryptionMethod") => {
                let read = xml.attribute("Algorithm").and_then(Cipher::from_uri);
                let read = read.ok_or(Fault::Key(PskcErrorKind::Unsupported("EncryptionMethod")))?;
                once(&mut cipher, read, "EncryptionMethod")?;
                xml.skip()?;
            }
            (Namespace::Encryption, "CipherData") => {
                let read = read_cipher_data(xml)?;
                once(&mut bytes, read, "CipherData")?;
            }
            _ => xml.skip()?,
        }
    }
    Ok(Encrypted {
        cipher: cipher.ok_or(Fault::Key(PskcErrorKind::Missing("EncryptionMethod")))?,
        bytes: bytes.ok_or(Fault::Key(PskcErrorKind::Missing("CipherData")))?,
    })
}

fn read_cipher_data<R: BufRead>(xml: &mut Xml<R>) -> Result<Vec<u8>, Fault> {
    let mut bytes = None;
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Encryption, "CipherValue") => {
                let read = base64(xml, "CipherValue")?.to_vec();
                once(&mut bytes, read, "CipherValue")?;
            }
            // A `CipherReference` would point outside of the document.
            _ => return Err(Fault::Key(PskcErrorKind::Unsupported("CipherData"))),
        }
    }
    bytes.ok_or(Fault::Key(PskcErrorKind::Missing("CipherValue")))
}

/// Reads the text of the element and decodes it from base64.
pub(super) fn base64<R: BufRead>(xml: &mut Xml<R>, name: &'static str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    decode_base64(xml.text(name)?, name)
}

/// Decodes base64 in constant time. `xs:base64Binary` may have white space anywhere, which is removed first.
pub(super) fn decode_base64(text: &str, name: &'static str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut dense = Zeroizing::new(Vec::with_capacity(text.len()));
    dense.extend(text.bytes().filter(|byte| !is_blank(char::from(*byte))));
    let mut bytes = Zeroizing::new(vec![0; dense.len() / 4 * 3]);
    let len = Base64::decode(dense.as_slice(), &mut bytes).map_err(|_| Fault::Key(PskcErrorKind::Value(name)))?.len();
    bytes.truncate(len);
    Ok(bytes)
}

/// Stores the value of an element that may occur only once.
pub(super) fn once<T>(slot: &mut Option<T>, value: T, name: &'static str) -> Result<(), Fault> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Fault::Key(PskcErrorKind::Duplicate(name))),
    }
}
