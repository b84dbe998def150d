//! A writer of the XML of a PSKC document.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::error::PskcWriteError;
use super::xml::{MAX_TEXT, is_blank, is_xml_char};
use super::{DeviceInfo, KeyPolicy, Token};
use crate::decision::State;
use crate::factor::{Method, Totp};
use crate::formats::imported::imported_drift;
use crate::types::{Algorithm, Counter, UnixTime};

/// A part of a document. It is wiped on drop, because it may hold a secret.
pub(super) struct Markup(Zeroizing<String>);

/// A secret in the form in which it is written.
pub(super) enum SecretValue<'a> {
    Plain(&'a [u8]),
    Encrypted { key_len: usize, bytes: Vec<u8>, mac: [u8; 20] },
}

/// The name of an element whose value cannot be written.
pub(super) struct Unwritable(&'static str);

impl<E> From<Unwritable> for PskcWriteError<E> {
    fn from(Unwritable(name): Unwritable) -> Self {
        Self::Value(name)
    }
}

impl Markup {
    pub(super) const CONTAINER_END: &'static [u8] = b"</KeyContainer>\n";

    /// Creates the start of a document.
    pub(super) fn container() -> Self {
        let mut markup = Self(Zeroizing::new(String::with_capacity(4 * MAX_TEXT)));
        markup.put("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        markup.put("<KeyContainer Version=\"1.0\" xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\"");
        markup.put(" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"");
        markup.put(" xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"");
        markup.put(" xmlns:xenc11=\"http://www.w3.org/2009/xmlenc11#\"");
        markup.put(" xmlns:pkcs5=\"http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#\">\n");
        markup
    }

    /// Appends the `EncryptionKey` of a pre-shared key.
    pub(super) fn key_name(&mut self, name: &str) -> Result<(), Unwritable> {
        self.put("<EncryptionKey><ds:KeyName>");
        self.escaped(name, "KeyName")?;
        self.put("</ds:KeyName></EncryptionKey>\n");
        Ok(())
    }

    /// Appends the `EncryptionKey` of a key that is derived from a passphrase.
    pub(super) fn derived_key(&mut self, salt: &[u8], iterations: &str, key_len: &str) {
        self.put("<EncryptionKey><xenc11:DerivedKey><xenc11:KeyDerivationMethod");
        self.put(" Algorithm=\"http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2\">");
        // The parameters have no namespace, as in RFC 6030.
        self.put("<pkcs5:PBKDF2-params xmlns=\"\"><Salt><Specified>");
        self.base64(salt);
        self.put("</Specified></Salt>");
        self.element("IterationCount", iterations);
        self.element("KeyLength", key_len);
        self.put("<PRF/></pkcs5:PBKDF2-params></xenc11:KeyDerivationMethod></xenc11:DerivedKey></EncryptionKey>\n");
    }

    pub(super) fn mac_method(&mut self, key_len: usize, key: &[u8]) {
        self.put("<MACMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#hmac-sha1\"><MACKey>");
        self.encrypted(key_len, key);
        self.put("</MACKey></MACMethod>\n");
    }

    /// Creates the `KeyPackage` of a token.
    pub(super) fn package(token: &Token, secret: &SecretValue<'_>) -> Result<Self, Unwritable> {
        let mut markup = Self(Zeroizing::new(String::with_capacity(longest(token))));
        markup.put("<KeyPackage>");
        if token.device != DeviceInfo::default() {
            markup.device(&token.device)?;
        }
        if token.crypto_module.is_some() {
            markup.put("<CryptoModuleInfo>");
            markup.text("Id", token.crypto_module.as_deref())?;
            markup.put("</CryptoModuleInfo>");
        }
        markup.key(token, secret)?;
        markup.put("</KeyPackage>\n");
        Ok(markup)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn device(&mut self, device: &DeviceInfo) -> Result<(), Unwritable> {
        self.put("<DeviceInfo>");
        self.text("Manufacturer", device.manufacturer.as_deref())?;
        self.text("SerialNo", device.serial.as_deref())?;
        self.text("Model", device.model.as_deref())?;
        self.text("IssueNo", device.issue_no.as_deref())?;
        self.text("DeviceBinding", device.binding.as_deref())?;
        self.date("StartDate", device.start);
        self.date("ExpiryDate", device.expiry);
        self.text("UserId", device.user_id.as_deref())?;
        self.put("</DeviceInfo>");
        Ok(())
    }

    fn key(&mut self, token: &Token, secret: &SecretValue<'_>) -> Result<(), Unwritable> {
        let method = token.authenticator.method();
        self.put("<Key Id=\"");
        self.escaped(&token.key_id, "Id")?;
        self.put(match method {
            Method::Hotp(_) => "\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:hotp\">",
            Method::Totp(_) => "\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:totp\">",
        });
        self.text("Issuer", token.issuer.as_deref())?;
        self.put("<AlgorithmParameters>");
        match token.authenticator.algorithm() {
            Algorithm::Sha1 => {}
            Algorithm::Sha256 => self.element("Suite", "HMAC-SHA256"),
            Algorithm::Sha512 => self.element("Suite", "HMAC-SHA512"),
        }
        self.put("<ResponseFormat Encoding=\"DECIMAL\" Length=\"");
        self.put(&method.digits().count().to_string());
        self.put("\"/></AlgorithmParameters>");
        self.text("FriendlyName", token.friendly_name.as_deref())?;
        self.put("<Data>");
        self.secret(secret);
        match method {
            Method::Hotp(_) => self.counter(&token.state)?,
            Method::Totp(totp) => self.time(&totp, &token.state)?,
        }
        self.put("</Data>");
        self.text("UserId", token.user_id.as_deref())?;
        if token.policy != KeyPolicy::default() {
            self.policy(&token.policy);
        }
        self.put("</Key>");
        Ok(())
    }

    fn secret(&mut self, secret: &SecretValue<'_>) {
        self.put("<Secret>");
        match secret {
            SecretValue::Plain(bytes) => {
                self.put("<PlainValue>");
                self.base64(bytes);
                self.put("</PlainValue>");
            }
            SecretValue::Encrypted { key_len, bytes, mac } => {
                self.put("<EncryptedValue>");
                self.encrypted(*key_len, bytes);
                self.put("</EncryptedValue><ValueMAC>");
                self.base64(mac);
                self.put("</ValueMAC>");
            }
        }
        self.put("</Secret>");
    }

    /// Appends the next counter, an `xs:long`.
    fn counter(&mut self, state: &State) -> Result<(), Unwritable> {
        let next = next(state).and_then(|next| i64::try_from(next).ok()).ok_or(Unwritable("Counter"))?;
        self.plain("Counter", &next.to_string());
        Ok(())
    }

    /// Appends the next time step, an `xs:int`, and its parameters. Steps are counted from 1970, since PSKC has no
    /// element for another T0.
    fn time(&mut self, totp: &Totp, state: &State) -> Result<(), Unwritable> {
        let next = next(state).and_then(|next| i32::try_from(next).ok()).ok_or(Unwritable("Time"))?;
        if totp.t0() != UnixTime::EPOCH || !totp.is_plausible(Counter::new(next.unsigned_abs().into())) {
            return Err(Unwritable("Time"));
        }
        self.plain("Time", &next.to_string());
        self.plain("TimeInterval", &totp.period().as_secs().to_string());
        if state.drift() != 0 {
            let drift = imported_drift(state.drift().into()).ok_or(Unwritable("TimeDrift"))?;
            self.plain("TimeDrift", &drift.to_string());
        }
        Ok(())
    }

    fn policy(&mut self, policy: &KeyPolicy) {
        self.put("<Policy>");
        self.date("StartDate", policy.start);
        self.date("ExpiryDate", policy.expiry);
        if policy.device_pin {
            self.put("<PINPolicy PINUsageMode=\"Local\"/>");
        }
        if let Some(count) = policy.transactions {
            self.element("NumberOfTransactions", &count.to_string());
        }
        self.put("</Policy>");
    }

    /// Appends the content of an `EncryptedDataType`.
    fn encrypted(&mut self, key_len: usize, bytes: &[u8]) {
        self.put("<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes");
        self.put(&(key_len * 8).to_string());
        self.put("-cbc\"/><xenc:CipherData><xenc:CipherValue>");
        self.base64(bytes);
        self.put("</xenc:CipherValue></xenc:CipherData>");
    }

    fn plain(&mut self, name: &str, value: &str) {
        self.put("<");
        self.put(name);
        self.put(">");
        self.element("PlainValue", value);
        self.put("</");
        self.put(name);
        self.put(">");
    }

    fn date(&mut self, name: &str, time: Option<UnixTime>) {
        if let Some(time) = time {
            self.element(name, &time.to_string());
        }
    }

    fn text(&mut self, name: &'static str, text: Option<&str>) -> Result<(), Unwritable> {
        if let Some(text) = text {
            self.put("<");
            self.put(name);
            self.put(">");
            self.escaped(text, name)?;
            self.put("</");
            self.put(name);
            self.put(">");
        }
        Ok(())
    }

    /// Appends a text with escapes. Returns an error for a text that would not be read back unchanged, such as an empty
    /// one or one with white space around it.
    fn escaped(&mut self, text: &str, name: &'static str) -> Result<(), Unwritable> {
        let is_trimmed = !text.is_empty() && text.len() == text.trim_matches(is_blank).len();
        if !is_trimmed || text.len() > MAX_TEXT || !text.chars().all(is_xml_char) {
            return Err(Unwritable(name));
        }
        for c in text.chars() {
            match c {
                '<' => self.put("&lt;"),
                '>' => self.put("&gt;"),
                '&' => self.put("&amp;"),
                '"' => self.put("&quot;"),
                '\t' => self.put("&#9;"),
                '\n' => self.put("&#10;"),
                '\r' => self.put("&#13;"),
                c => self.0.push(c),
            }
        }
        Ok(())
    }

    fn element(&mut self, name: &str, value: &str) {
        self.put("<");
        self.put(name);
        self.put(">");
        self.put(value);
        self.put("</");
        self.put(name);
        self.put(">");
    }

    fn base64(&mut self, bytes: &[u8]) {
        let mut text = Zeroizing::new(vec![0; 2 * bytes.len() + 4]);
        // The text is a third longer than the bytes and fits into the buffer, so this cannot fail.
        self.put(Base64::encode(bytes, &mut text).unwrap_or_default());
    }

    fn put(&mut self, text: &str) {
        self.0.push_str(text);
    }
}

/// Returns the first counter or time step that is not used.
fn next(state: &State) -> Option<u64> {
    state.watermark().map_or(Some(0), |used| used.get().checked_add(1))
}

/// Returns an upper bound on the length of a package, so that its buffer does not grow and leave a copy of the secret.
fn longest(token: &Token) -> usize {
    let device = &token.device;
    let texts = [
        &device.manufacturer,
        &device.serial,
        &device.model,
        &device.issue_no,
        &device.binding,
        &device.user_id,
        &token.crypto_module,
        &token.issuer,
        &token.friendly_name,
        &token.user_id,
    ];
    let texts = texts.into_iter().flatten().map(|text| text.len().min(MAX_TEXT)).sum::<usize>();
    const { 6 * MAX_TEXT }.min(6 * token.key_id.len()) + 6 * texts + 3072
}
