//! A reader of one `KeyPackage`: a device, and the key in it (RFC 6030 sections 4 and 5).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use std::io::BufRead;

use super::data::{Data, once};
use super::error::{Fault, PskcErrorKind};
use super::name::DocumentName;
use super::protection::Opener;
use super::xml::{Element, MAX_TEXT, Namespace, Xml, is_blank};
use super::{DeviceInfo, KeyPolicy, Token, draft};
use crate::decision::State;
use crate::factor::{Authenticator, Hotp, Method, Totp};
use crate::formats::algorithm::algorithm as algorithm_of;
use crate::formats::date;
use crate::formats::imported::Note;
use crate::formats::number::number;
use crate::types::{Algorithm, Counter, Digits, Secret, UnixTime};

/// The data about a token beside its key.
#[derive(Clone, Default)]
pub(super) struct Device {
    info: Option<DeviceInfo>,
    crypto_module: Option<CryptoModule>,
    /// The device has an end of its use that cannot be read.
    ends: bool,
    /// A key was read: what follows about the device would come too late.
    pub(super) has_key: bool,
}

/// The `Id` of a `CryptoModuleInfo`.
#[derive(Clone)]
struct CryptoModule(Option<String>);

/// Reads the content of the `KeyPackage` that was just opened.
pub(super) fn read<R: BufRead>(xml: &mut Xml<R>, opener: &Opener, now: UnixTime) -> Result<Token, Fault> {
    let (mut device, mut key) = (Device::default(), None);
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Pskc, "Key") => {
                let read = read_key(xml, opener, now)?;
                once(&mut key, read, "Key")?;
            }
            _ => device.read(xml, element)?,
        }
    }
    device.with_key(key.ok_or(Fault::Key(PskcErrorKind::Missing("Key")))?, now)
}

impl Device {
    /// Reads an element beside the key.
    pub(super) fn read<R: BufRead>(&mut self, xml: &mut Xml<R>, element: Element) -> Result<(), Fault> {
        match (element.namespace, element.name) {
            (Namespace::Pskc, "DeviceInfo" | "DeviceId") => {
                if self.has_key && self.info.is_none() {
                    return Err(Fault::Key(PskcErrorKind::Misplaced("DeviceInfo")));
                }
                let read = read_device(xml, &mut self.ends)?;
                once(&mut self.info, read, "DeviceInfo")
            }
            (Namespace::Pskc, "CryptoModuleInfo") => {
                let read = read_crypto_module(xml)?;
                once(&mut self.crypto_module, read, "CryptoModuleInfo")
            }
            _ => xml.ignore(element),
        }
    }

    /// Returns the token that this device and its key are, unless it has expired.
    pub(super) fn with_key(self, key: Token, now: UnixTime) -> Result<Token, Fault> {
        let (device, crypto_module) = (self.info.unwrap_or_default(), self.crypto_module.and_then(|module| module.0));
        let mut token = Token { device, crypto_module, ..key };
        let (KeyPolicy { start, expiry, transactions, .. }, device) = (token.policy, &token.device);
        if [expiry, device.expiry].into_iter().flatten().any(|expiry| expiry < now) {
            return Err(Fault::Key(PskcErrorKind::Expired));
        }
        let starts_later = [start, device.start].into_iter().flatten().any(|start| start > now);
        let ends = self.ends || expiry.is_some() || device.expiry.is_some();
        if starts_later || ends || transactions.is_some() {
            token.notes.push(Note::UseIsLimited);
        }
        Ok(token)
    }
}

/// Reads a device. `ends` becomes `true` if it has an end of its use that cannot be read.
fn read_device<R: BufRead>(xml: &mut Xml<R>, ends: &mut bool) -> Result<DeviceInfo, Fault> {
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
            // A date of the first drafts, which do not say whether the day or the month comes first.
            "Expiry" => {
                *ends = true;
                xml.skip()?;
            }
            _ => xml.ignore(element)?,
        }
    }
    Ok(device)
}

fn read_crypto_module<R: BufRead>(xml: &mut Xml<R>) -> Result<CryptoModule, Fault> {
    let mut id = None;
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Pskc, "Id") => read_text(xml, &mut id, "Id")?,
            _ => xml.ignore(element)?,
        }
    }
    Ok(CryptoModule(id))
}

/// Reads a `Key` into a token that has everything but its device.
pub(super) fn read_key<R: BufRead>(xml: &mut Xml<R>, opener: &Opener, now: UnixTime) -> Result<Token, Fault> {
    let key_id = ["Id", "KeyId", "SecretId"].into_iter().find_map(|name| xml.attribute(name));
    let key_id = key_id.map(|id| id.trim_matches(is_blank)).filter(|id| !id.is_empty());
    let key_id = key_id.ok_or(Fault::Key(PskcErrorKind::Missing("Id")))?.to_owned();
    if key_id.len() > MAX_TEXT {
        return Err(Fault::Key(PskcErrorKind::TooLarge));
    }
    let is_timed = read_algorithm(xml)?;
    let (mut issuer, mut friendly_name, mut user_id) = (None, None, None);
    let (mut parameters, mut data, mut policy) = (None, Data::default(), None);
    let (mut has_data, mut start, mut expiry) = (None, None, None);
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
            "AlgorithmParameters" | "Usage" => {
                if element.name == "Usage" {
                    draft::check_usage(xml)?;
                }
                let read = read_parameters(xml)?;
                once(&mut parameters, read, "AlgorithmParameters")?;
            }
            "Data" => {
                if xml.attribute("Name").is_some() {
                    draft::read_data(xml, opener, &mut data)?;
                } else {
                    once(&mut has_data, (), "Data")?;
                    data.read(xml, opener)?;
                }
            }
            "Policy" => {
                let read = read_policy(xml)?;
                once(&mut policy, read, "Policy")?;
            }
            // In the drafts, they are not in a policy.
            "StartDate" => read_date(xml, &mut start, "StartDate")?,
            "ExpiryDate" => read_date(xml, &mut expiry, "ExpiryDate")?,
            _ => xml.ignore(element)?,
        }
    }
    let missing = |name| Fault::Key(PskcErrorKind::Missing(name));
    let (algorithm, digits) = parameters.ok_or(missing("ResponseFormat"))?;
    let secret = Secret::import_short(&data.secret.take().ok_or(missing("Secret"))?)
        .map_err(|error| Fault::Key(PskcErrorKind::Secret(error)))?;
    let mut notes = Vec::new();
    let (method, state) = if is_timed {
        let totp = Totp::new(digits, data.period()?);
        (Method::from(totp), data.timed_state(totp, now, &mut notes)?)
    } else {
        let counter = data.counter()?;
        if counter.is_none() {
            notes.push(Note::CounterUnknown);
        }
        (Method::from(Hotp::new(digits)), State::new().starting_at(Counter::new(counter.unwrap_or(0))))
    };
    let authenticator = Authenticator::new(method, algorithm, secret);
    notes.extend(Note::of(&authenticator, &state));
    let mut token = Token::new(key_id, authenticator, state);
    token.notes = notes;
    token.issuer = issuer;
    token.friendly_name = friendly_name;
    token.user_id = user_id;
    let policy: KeyPolicy = policy.unwrap_or_default();
    let (start, expiry) = (policy.start.into_iter().chain(start).max(), policy.expiry.into_iter().chain(expiry).min());
    token.policy = KeyPolicy { start, expiry, ..policy };
    Ok(token)
}

/// Returns `true` if the algorithm of the key is TOTP, and `false` if it is HOTP.
fn read_algorithm<R: BufRead>(xml: &Xml<R>) -> Result<bool, Fault> {
    let attributes = ["Algorithm", "KeyAlgorithm", "SecretAlgorithm"];
    let uri = attributes.into_iter().find_map(|name| xml.attribute(name));
    let uri = uri.ok_or(Fault::Key(PskcErrorKind::Missing("Algorithm")))?;
    // Drafts and some writers put a `#` before the name, or have the name alone.
    let prefixes = ["urn:ietf:params:xml:ns:keyprov:pskc", "http://www.ietf.org/keyprov/pskc"];
    let name = prefixes.iter().find_map(|prefix| uri.strip_prefix(prefix)?.strip_prefix([':', '#'])).unwrap_or(uri);
    match name {
        _ if name.eq_ignore_ascii_case("hotp") => Ok(false),
        _ if name.eq_ignore_ascii_case("totp") => Ok(true),
        _ => Err(Fault::Key(PskcErrorKind::Algorithm(DocumentName::new(name)))),
    }
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
                let read = read.ok_or_else(|| Fault::Key(PskcErrorKind::Suite(DocumentName::new(name))))?;
                once(&mut algorithm, read, "Suite")?;
            }
            (Namespace::Pskc, "ResponseFormat") => {
                let read = read_response_format(xml)?;
                once(&mut digits, read, "ResponseFormat")?;
                xml.skip()?;
            }
            _ => return Err(Fault::Key(PskcErrorKind::Unknown(xml.name()))),
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
            ("Encoding" | "Format" | "format", "DECIMAL") => is_decimal = true,
            (name, "DECIMAL") if xml.is_name(name, "Encoding") => is_decimal = true,
            // The RFC's schema and its text use different names.
            ("CheckDigits" | "CheckDigit", "false" | "0") => {}
            ("Length" | "length", length) => {
                let read = number(length).and_then(|length| Digits::try_from(u8::try_from(length).ok()?).ok());
                digits = Some(read.ok_or(Fault::Key(PskcErrorKind::Value("Length")))?);
            }
            _ => return Err(Fault::Key(PskcErrorKind::Unsupported("ResponseFormat"))),
        }
    }
    if !is_decimal {
        return Err(Fault::Key(PskcErrorKind::Missing("Encoding")));
    }
    digits.ok_or(Fault::Key(PskcErrorKind::Missing("Length")))
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
