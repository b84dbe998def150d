//! The parts of documents that follow a draft before RFC 6030: draft-hoyer-keyprov-portable-symmetric-key-container,
//! and draft-ietf-keyprov-pskc until -02.
//!
//! A `Device` with a `DeviceId` or `DeviceInfo` has one key or more. The first drafts have an `EncryptionMethod` for
//! the whole document, and values in `Data` with a name: base64 of bytes, or of big-endian numbers.

use alloc::vec::Vec;
use std::io::BufRead;

use zeroize::Zeroizing;

use super::data::{Data, base64, decode_base64, integer, once};
use super::error::{Fault, PskcErrorKind};
use super::name::DocumentName;
use super::protection::{BLOCK, Cipher, DraftCipher, Hash, MacMethod, Opener};
use super::xml::{Namespace, Xml};

/// Reads the `EncryptionMethod` of a document. Returns `None` if nothing is encrypted.
pub(super) fn read_encryption_method<R: BufRead>(xml: &mut Xml<R>) -> Result<Option<DraftCipher>, Fault> {
    let unsupported = Fault::Document(PskcErrorKind::Unsupported("EncryptionMethod"));
    let name = algorithm(xml).unwrap_or_default();
    if name == "NONE" {
        return xml.skip().map(|()| None);
    }
    let cipher = Cipher::from_uri(name).filter(|cipher| matches!(cipher, Cipher::Cbc(_))).ok_or(unsupported)?;
    let mut iv = None;
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Pskc, "IV") => {
                let read = base64(xml, "IV")?.to_vec();
                once(&mut iv, read, "IV")?;
            }
            _ => return Err(Fault::Document(PskcErrorKind::Unknown(xml.name()))),
        }
    }
    match iv {
        Some(iv) if iv.len() != BLOCK => Err(Fault::Document(PskcErrorKind::Value("IV"))),
        iv => Ok(Some(DraftCipher { cipher, iv })),
    }
}

/// Reads the `DigestMethod` of a document: the MAC of decrypted values, with the encryption key.
pub(super) fn read_digest_method<R: BufRead>(xml: &mut Xml<R>) -> Result<MacMethod, Fault> {
    let hash = match algorithm(xml) {
        Some("HMAC-SHA1") => Some(Hash::Sha1),
        name => name.and_then(Hash::from_uri),
    };
    let hash = hash.ok_or(Fault::Document(PskcErrorKind::Unsupported("DigestMethod")))?;
    xml.skip()?;
    Ok(MacMethod { hash, key: None, may_cover_plain: false })
}

/// Reads a `MACAlgorithm`: the MAC of encrypted or of decrypted values, with the encryption key.
pub(super) fn read_mac_algorithm<R: BufRead>(xml: &mut Xml<R>) -> Result<MacMethod, Fault> {
    let hash = Hash::from_uri(xml.text("MACAlgorithm")?);
    let hash = hash.ok_or(Fault::Document(PskcErrorKind::Unsupported("MACAlgorithm")))?;
    Ok(MacMethod { hash, key: None, may_cover_plain: true })
}

fn algorithm<R: BufRead>(xml: &Xml<R>) -> Option<&str> {
    xml.attribute("Algorithm").or_else(|| xml.attribute("algorithm"))
}

/// Checks the attributes of `Usage`: if there are any, the key must be for one-time passwords.
pub(super) fn check_usage<R: BufRead>(xml: &Xml<R>) -> Result<(), Fault> {
    let mut for_otp = None;
    for (name, value) in xml.attributes() {
        let is_set = matches!(value, "true" | "1");
        match name {
            "OTP" => for_otp = Some(is_set),
            "CR" | "Integrity" | "Encrypt" | "Unlock" => for_otp = for_otp.or(Some(false)),
            _ => return Err(Fault::Key(PskcErrorKind::Policy)),
        }
    }
    if for_otp == Some(false) { Err(Fault::Key(PskcErrorKind::Policy)) } else { Ok(()) }
}

/// Reads a `Data` with a name.
pub(super) fn read_data<R: BufRead>(xml: &mut Xml<R>, opener: &Opener, data: &mut Data) -> Result<(), Fault> {
    // Other values could be needed to find the codes, and are not skipped.
    match xml.attribute("Name").unwrap_or_default() {
        "SECRET" => {
            let read = read_secret(xml, opener)?;
            once(&mut data.secret, read, "Secret")
        }
        "COUNTER" => read_integer(xml, opener, &mut data.counter, "Counter"),
        "TIME" => read_integer(xml, opener, &mut data.time, "Time"),
        "TIME_INTERVAL" => read_integer(xml, opener, &mut data.interval, "TimeInterval"),
        name => Err(Fault::Key(PskcErrorKind::Unknown(DocumentName::new(name)))),
    }
}

fn read_secret<R: BufRead>(xml: &mut Xml<R>, opener: &Opener) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let Value { bytes, digest } = read_value(xml, "Secret", |text| decode_base64(text, "Secret"))?;
    match opener.is_draft_encrypted() {
        true => opener.open_draft(&bytes, &digest.ok_or(Fault::Key(PskcErrorKind::Missing("ValueDigest")))?),
        false if opener.takes_plain_secrets() => Ok(bytes),
        false => Err(Fault::Key(PskcErrorKind::PlainSecret)),
    }
}

/// Reads a number. It is encrypted if the document is and it has a digest: writers leave the counter in plain text.
fn read_integer<R: BufRead>(
    xml: &mut Xml<R>,
    opener: &Opener,
    slot: &mut Option<i64>,
    name: &'static str,
) -> Result<(), Fault> {
    let mut decimal = None;
    let value = read_value(xml, name, |text| {
        // Eight bytes never are digits only in base64.
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            decimal = text.parse().ok();
        }
        if decimal.is_some() { Ok(Zeroizing::new(Vec::new())) } else { decode_base64(text, name) }
    })?;
    let number = match value.digest {
        Some(digest) if opener.is_draft_encrypted() => integer(&opener.open_draft(&value.bytes, &digest)?),
        _ => decimal.or_else(|| integer(&value.bytes)),
    };
    once(slot, number.ok_or(Fault::Key(PskcErrorKind::Value(name)))?, name)
}

/// The value of a `Data` with a name. A digest of a value that is not encrypted has no key, and tells nothing.
struct Value {
    bytes: Zeroizing<Vec<u8>>,
    digest: Option<Zeroizing<Vec<u8>>>,
}

fn read_value<R: BufRead>(
    xml: &mut Xml<R>,
    name: &'static str,
    mut decode: impl FnMut(&str) -> Result<Zeroizing<Vec<u8>>, Fault>,
) -> Result<Value, Fault> {
    let (mut bytes, mut digest) = (None, None);
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Pskc, "Value") => {
                let read = decode(xml.text(name)?)?;
                once(&mut bytes, read, "Value")?;
            }
            (Namespace::Pskc, "ValueDigest") => {
                let read = base64(xml, "ValueDigest")?;
                once(&mut digest, read, "ValueDigest")?;
            }
            _ => return Err(Fault::Key(PskcErrorKind::Unknown(xml.name()))),
        }
    }
    Ok(Value { bytes: bytes.ok_or(Fault::Key(PskcErrorKind::Missing("Value")))?, digest })
}
