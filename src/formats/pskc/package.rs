//! A reader of one `KeyPackage`: a device, and the key in it (RFC 6030 sections 4 and 5).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use std::io::BufRead;

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::error::{Fault, PskcErrorKind};
use super::protection::{Cipher, Encrypted, Opener};
use super::xml::{MAX_TEXT, Namespace, Xml, is_blank};
use super::{DeviceInfo, KeyPolicy, Token};
use crate::decision::State;
use crate::factor::{Authenticator, Hotp, Method, Totp};
use crate::formats::algorithm::algorithm as algorithm_of;
use crate::formats::date;
use crate::formats::imported::{Note, UNTOLD_WINDOW, used_until, used_until_now};
use crate::types::{Algorithm, Counter, Digits, Period, Secret, UnixTime};

/// Reads the content of the `KeyPackage` that was just opened.
pub(super) fn read<R: BufRead>(xml: &mut Xml<R>, opener: &Opener, now: UnixTime) -> Result<Token, Fault> {
    let (mut device, mut crypto_module, mut key) = (None, None, None);
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Pskc, "DeviceInfo") => {
                let read = read_device(xml)?;
                once(&mut device, read, "DeviceInfo")?;
            }
            (Namespace::Pskc, "CryptoModuleInfo") => {
                let read = read_crypto_module(xml)?;
                once(&mut crypto_module, read, "CryptoModuleInfo")?;
            }
            (Namespace::Pskc, "Key") => {
                let read = read_key(xml, opener, now)?;
                once(&mut key, read, "Key")?;
            }
            _ => xml.skip()?,
        }
    }
    let key = key.ok_or(Fault::Key(PskcErrorKind::Missing("Key")))?;
    let mut token = Token { device: device.unwrap_or_default(), crypto_module: crypto_module.flatten(), ..key };
    let (KeyPolicy { start, expiry, transactions, .. }, device) = (token.policy, &token.device);
    if [expiry, device.expiry].into_iter().flatten().any(|expiry| expiry < now) {
        return Err(Fault::Key(PskcErrorKind::Expired));
    }
    let starts_later = [start, device.start].into_iter().flatten().any(|start| start > now);
    if starts_later || expiry.is_some() || device.expiry.is_some() || transactions.is_some() {
        token.notes.push(Note::UseIsLimited);
    }
    Ok(token)
}

/// Stores the value of an element that may occur only once.
pub(super) fn once<T>(slot: &mut Option<T>, value: T, name: &'static str) -> Result<(), Fault> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Fault::Key(PskcErrorKind::Duplicate(name))),
    }
}

fn read_device<R: BufRead>(xml: &mut Xml<R>) -> Result<DeviceInfo, Fault> {
    let mut device = DeviceInfo::default();
    while let Some(element) = xml.child()? {
        if element.namespace != Namespace::Pskc {
            xml.skip()?;
            continue;
        }
        match element.name {
            "Manufacturer" => read_text(xml, &mut device.manufacturer, "Manufacturer")?,
            "SerialNo" => read_text(xml, &mut device.serial, "SerialNo")?,
            "Model" => read_text(xml, &mut device.model, "Model")?,
            "IssueNo" => read_text(xml, &mut device.issue_no, "IssueNo")?,
            "DeviceBinding" => read_text(xml, &mut device.binding, "DeviceBinding")?,
            "UserId" => read_text(xml, &mut device.user_id, "UserId")?,
            "StartDate" => read_date(xml, &mut device.start, "StartDate")?,
            "ExpiryDate" => read_date(xml, &mut device.expiry, "ExpiryDate")?,
            _ => xml.skip()?,
        }
    }
    Ok(device)
}

fn read_crypto_module<R: BufRead>(xml: &mut Xml<R>) -> Result<Option<String>, Fault> {
    let mut id = None;
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Pskc, "Id") => read_text(xml, &mut id, "Id")?,
            _ => xml.skip()?,
        }
    }
    Ok(id)
}

/// Reads a `Key` into a token that has everything but its device.
fn read_key<R: BufRead>(xml: &mut Xml<R>, opener: &Opener, now: UnixTime) -> Result<Token, Fault> {
    let key_id = xml.attribute("Id").map(|id| id.trim_matches(is_blank)).filter(|id| !id.is_empty());
    let key_id = key_id.ok_or(Fault::Key(PskcErrorKind::Missing("Id")))?.to_owned();
    if key_id.len() > MAX_TEXT {
        return Err(Fault::Key(PskcErrorKind::TooLarge));
    }
    let is_timed = match xml.attribute("Algorithm") {
        // Some writers put a `#` before the name.
        Some("urn:ietf:params:xml:ns:keyprov:pskc:hotp" | "urn:ietf:params:xml:ns:keyprov:pskc#hotp") => false,
        Some("urn:ietf:params:xml:ns:keyprov:pskc:totp" | "urn:ietf:params:xml:ns:keyprov:pskc#totp") => true,
        _ => return Err(Fault::Key(PskcErrorKind::Unsupported("Key"))),
    };
    let (mut issuer, mut friendly_name, mut user_id) = (None, None, None);
    let (mut parameters, mut data, mut policy) = (None, None, None);
    while let Some(element) = xml.child()? {
        if element.namespace != Namespace::Pskc {
            xml.skip()?;
            continue;
        }
        match element.name {
            "Issuer" => read_text(xml, &mut issuer, "Issuer")?,
            // Later ones are the same name in other languages.
            "FriendlyName" if friendly_name.is_some() => xml.skip()?,
            "FriendlyName" => read_text(xml, &mut friendly_name, "FriendlyName")?,
            "UserId" => read_text(xml, &mut user_id, "UserId")?,
            "AlgorithmParameters" => {
                let read = read_parameters(xml)?;
                once(&mut parameters, read, "AlgorithmParameters")?;
            }
            "Data" => {
                let read = read_data(xml, opener)?;
                once(&mut data, read, "Data")?;
            }
            "Policy" => {
                let read = read_policy(xml)?;
                once(&mut policy, read, "Policy")?;
            }
            _ => xml.skip()?,
        }
    }
    let missing = |name| Fault::Key(PskcErrorKind::Missing(name));
    let (algorithm, digits) = parameters.ok_or(missing("ResponseFormat"))?;
    let mut data = data.ok_or(missing("Secret"))?;
    let secret = Secret::import_short(&data.secret.take().ok_or(missing("Secret"))?)
        .map_err(|error| Fault::Key(PskcErrorKind::Secret(error)))?;
    let mut notes = Vec::new();
    let (method, state) = if is_timed {
        let totp = Totp::new(digits, data.period()?);
        (Method::from(totp), data.timed_state(totp, now, &mut notes)?)
    } else {
        let next = Counter::new(data.counter.unwrap_or(0));
        (Method::from(Hotp::new(digits)), State::new().starting_at(next))
    };
    let authenticator = Authenticator::new(method, algorithm, secret);
    notes.extend(Note::of_secret(&authenticator));
    let mut token = Token::new(key_id, authenticator, state);
    token.notes = notes;
    token.issuer = issuer;
    token.friendly_name = friendly_name;
    token.user_id = user_id;
    token.policy = policy.unwrap_or_default();
    Ok(token)
}

/// Reads the parameters of the codes. An unknown parameter is an error, since it could change the codes.
fn read_parameters<R: BufRead>(xml: &mut Xml<R>) -> Result<(Algorithm, Digits), Fault> {
    let (mut algorithm, mut digits) = (None, None);
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Pskc, "Suite") => {
                // Some writers put the name in an attribute.
                let attribute = xml.attribute("hashalgo").map(ToOwned::to_owned);
                let name = xml.text("Suite")?;
                let name = if name.is_empty() { attribute.as_deref().unwrap_or_default() } else { name };
                let read = if name.is_empty() { Some(Algorithm::default()) } else { algorithm_of(name) };
                once(&mut algorithm, read.ok_or(Fault::Key(PskcErrorKind::Unsupported("Suite")))?, "Suite")?;
            }
            (Namespace::Pskc, "ResponseFormat") => {
                let read = read_response_format(xml)?;
                once(&mut digits, read, "ResponseFormat")?;
                xml.skip()?;
            }
            _ => return Err(Fault::Key(PskcErrorKind::Unsupported("AlgorithmParameters"))),
        }
    }
    let digits = digits.ok_or(Fault::Key(PskcErrorKind::Missing("ResponseFormat")))?;
    Ok((algorithm.unwrap_or_default(), digits))
}

/// Reads the number of decimal digits. A check digit after them is not supported.
fn read_response_format<R: BufRead>(xml: &Xml<R>) -> Result<Digits, Fault> {
    let (mut is_decimal, mut digits) = (false, None);
    for (name, value) in xml.attributes() {
        match (name, value) {
            ("Encoding", "DECIMAL") => is_decimal = true,
            // The RFC's schema and its text use different names.
            ("CheckDigits" | "CheckDigit", "false" | "0") => {}
            ("Length", length) => digits = length.parse::<u8>().ok().and_then(|length| Digits::try_from(length).ok()),
            _ => return Err(Fault::Key(PskcErrorKind::Unsupported("ResponseFormat"))),
        }
    }
    match digits {
        Some(digits) if is_decimal => Ok(digits),
        _ => Err(Fault::Key(PskcErrorKind::Value("ResponseFormat"))),
    }
}

/// The values in `Data`.
struct Data {
    secret: Option<Zeroizing<Vec<u8>>>,
    counter: Option<u64>,
    time: Option<u64>,
    interval: Option<i64>,
    drift: i16,
}

impl Data {
    fn period(&self) -> Result<Period, Fault> {
        let Some(secs) = self.interval else { return Ok(Period::default()) };
        let period = u64::try_from(secs).ok().and_then(|secs| Period::from_secs(secs).ok());
        period.ok_or(Fault::Key(PskcErrorKind::Value("TimeInterval")))
    }

    /// Returns the state of a TOTP key: `Time` is its next time step, and `Counter` the last one that was used.
    fn timed_state(&self, totp: Totp, now: UnixTime, notes: &mut Vec<Note>) -> Result<State, Fault> {
        let state = State::new().with_drift(self.drift);
        let used = |last, name| used_until(totp, state, last, now).ok_or(Fault::Key(PskcErrorKind::Value(name)));
        let counted = self.counter.filter(|counter| *counter > 0);
        let timed = match self.time.map(|next| next.checked_sub(1)) {
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

fn read_data<R: BufRead>(xml: &mut Xml<R>, opener: &Opener) -> Result<Data, Fault> {
    let (mut secret, mut counter, mut time, mut interval, mut drift) = (None, None, None, None, None);
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
                once(&mut secret, read, "Secret")?;
            }
            "Counter" => read_integer(xml, opener, &mut counter, "Counter")?,
            "Time" => read_integer(xml, opener, &mut time, "Time")?,
            "TimeInterval" => read_integer(xml, opener, &mut interval, "TimeInterval")?,
            "TimeDrift" => read_integer(xml, opener, &mut drift, "TimeDrift")?,
            _ => xml.skip()?,
        }
    }
    let invalid = |name| Fault::Key(PskcErrorKind::Value(name));
    let unsigned =
        |value: Option<i64>, name| value.map(|value| u64::try_from(value).map_err(|_| invalid(name))).transpose();
    Ok(Data {
        secret,
        counter: unsigned(counter, "Counter")?,
        time: unsigned(time, "Time")?,
        interval,
        drift: i16::try_from(drift.unwrap_or(0)).map_err(|_| invalid("TimeDrift"))?,
    })
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
            _ => xml.skip()?,
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

/// Reads a decimal number or, if the value is encrypted, the big-endian bytes of an `xs:int` or an `xs:long`.
///
/// Some writers leave out the leading zeros of these bytes.
fn read_integer<R: BufRead>(
    xml: &mut Xml<R>,
    opener: &Opener,
    slot: &mut Option<i64>,
    name: &'static str,
) -> Result<(), Fault> {
    let value = match read_value(xml, opener, name)? {
        Value::Plain(text) => text.parse().ok(),
        Value::Decrypted(bytes) => match bytes.as_slice() {
            &[a, b, c, d] => Some(i32::from_be_bytes([a, b, c, d]).into()),
            bytes @ [_, ..] if bytes.len() < 8 => {
                Some(bytes.iter().fold(0, |value: i64, byte| value << 8 | i64::from(*byte)))
            }
            bytes => bytes.try_into().ok().map(i64::from_be_bytes),
        },
    };
    once(slot, value.ok_or(Fault::Key(PskcErrorKind::Value(name)))?, name)
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

fn read_policy<R: BufRead>(xml: &mut Xml<R>) -> Result<KeyPolicy, Fault> {
    let mut policy = KeyPolicy::default();
    let (mut pin, mut for_otp) = (None, None);
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Pskc, "StartDate") => read_date(xml, &mut policy.start, "StartDate")?,
            (Namespace::Pskc, "ExpiryDate") => read_date(xml, &mut policy.expiry, "ExpiryDate")?,
            (Namespace::Pskc, "PINPolicy") => {
                once(&mut pin, read_pin_policy(xml)?, "PINPolicy")?;
                if xml.child()?.is_some() {
                    return Err(Fault::Key(PskcErrorKind::Policy));
                }
            }
            (Namespace::Pskc, "KeyUsage") => {
                let is_otp = xml.text("KeyUsage")? == "OTP";
                for_otp = Some(for_otp.unwrap_or(false) || is_otp);
            }
            (Namespace::Pskc, "NumberOfTransactions") => {
                let read = xml.text("NumberOfTransactions")?.parse().ok();
                let read = read.ok_or(Fault::Key(PskcErrorKind::Value("NumberOfTransactions")))?;
                once(&mut policy.transactions, read, "NumberOfTransactions")?;
            }
            _ => return Err(Fault::Key(PskcErrorKind::Policy)),
        }
    }
    if for_otp == Some(false) {
        return Err(Fault::Key(PskcErrorKind::Policy));
    }
    policy.device_pin = pin.is_some();
    Ok(policy)
}

/// Reads a `PINPolicy`. A PIN that the device itself asks for does not concern the verifier. All others are rejected,
/// since they are a part of the codes or of the secret.
fn read_pin_policy<R: BufRead>(xml: &Xml<R>) -> Result<(), Fault> {
    let mut is_local = false;
    for (name, value) in xml.attributes() {
        match (name, value) {
            ("PINUsageMode", "Local") => is_local = true,
            ("PINKeyId" | "MaxFailedAttempts" | "MinLength" | "MaxLength" | "PINEncoding", _) => {}
            _ => return Err(Fault::Key(PskcErrorKind::Policy)),
        }
    }
    if is_local { Ok(()) } else { Err(Fault::Key(PskcErrorKind::Policy)) }
}

/// Reads a text. An empty text counts as absent.
fn read_text<R: BufRead>(xml: &mut Xml<R>, slot: &mut Option<String>, name: &'static str) -> Result<(), Fault> {
    let text = xml.text(name)?.to_owned();
    if text.is_empty() { Ok(()) } else { once(slot, text, name) }
}

fn read_date<R: BufRead>(xml: &mut Xml<R>, slot: &mut Option<UnixTime>, name: &'static str) -> Result<(), Fault> {
    let date = date::utc(xml.text(name)?).ok_or(Fault::Key(PskcErrorKind::Value(name)))?;
    once(slot, date, name)
}

/// Reads the text of the element and decodes it from base64.
pub(super) fn base64<R: BufRead>(xml: &mut Xml<R>, name: &'static str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    decode_base64(xml.text(name)?, name)
}

/// Decodes base64 in constant time. `xs:base64Binary` may have white space anywhere, which is removed first.
fn decode_base64(text: &str, name: &'static str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut dense = Zeroizing::new(Vec::with_capacity(text.len()));
    dense.extend(text.bytes().filter(|byte| !is_blank(char::from(*byte))));
    let mut bytes = Zeroizing::new(vec![0; dense.len() / 4 * 3]);
    let len = Base64::decode(dense.as_slice(), &mut bytes).map_err(|_| Fault::Key(PskcErrorKind::Value(name)))?.len();
    bytes.truncate(len);
    Ok(bytes)
}
