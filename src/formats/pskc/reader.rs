use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;
use std::io::BufRead;

use zeroize::Zeroizing;

use super::data::{self, once};
use super::error::{Fault, PskcError, PskcErrorKind};
use super::package::{self, Device};
use super::protection::{DraftCipher, Encrypted, Hash, MacMethod, Opener};
use super::xml::{Namespace, Xml};
use super::{Credential, MAX_ITERATIONS, Token, draft};
use crate::types::UnixTime;

/// A reader of the tokens in a PSKC document, one by one: see [the module](super).
///
/// A token that is rejected is an `Err`, and the next token follows. An error in the document itself is the last item
/// ([`PskcError::ends_document`]).
pub struct Reader<'a, R> {
    xml: Xml<R>,
    credential: Credential<'a>,
    now: UnixTime,
    takes_plain_secrets: bool,
    max_iterations: u32,
    progress: Option<Box<dyn FnMut(Progress) + Send + 'a>>,
    stage: Stage,
    in_package: bool,
    /// The device of a draft whose keys are being read.
    device: Option<Device>,
    keys: u64,
}

enum Stage {
    Start,
    Header(Header),
    Keys(Opener),
    /// The whole document was read.
    Finished,
    /// The document was rejected.
    Failed,
}

/// The elements before the keys.
#[derive(Default)]
struct Header {
    key: Option<EncryptionKey>,
    mac: Option<MacMethod>,
    draft: Option<DraftEncryption>,
}

/// An encryption key that is derived from a passphrase, or `None` for one that both sides share.
struct EncryptionKey(Option<Derivation>);

/// The encryption of all values in a document of the first drafts, or `None` if nothing is encrypted.
struct DraftEncryption(Option<DraftCipher>);

struct Derivation {
    salt: Vec<u8>,
    iterations: u32,
    key_len: usize,
    hash: Hash,
}

impl<'a, R: BufRead> Reader<'a, R> {
    /// Creates a reader of the document in `read`, which decrypts with `credential`. `now` is the time of the import.
    ///
    /// With a credential, a secret that is not encrypted is rejected: see [`Self::with_plain_secrets`].
    ///
    /// Nothing is read until the first token is requested. The source should be buffered. Its buffer is as secret as
    /// the document.
    pub fn new(read: R, credential: Credential<'a>, now: UnixTime) -> Self {
        Self {
            xml: Xml::new(read),
            credential,
            now,
            takes_plain_secrets: matches!(credential, Credential::None),
            max_iterations: MAX_ITERATIONS,
            progress: None,
            stage: Stage::Start,
            in_package: false,
            device: None,
            keys: 0,
        }
    }

    /// Accepts secrets that are not encrypted beside encrypted ones.
    ///
    /// An attacker who can change the document can then replace an encrypted secret with a known one.
    #[must_use]
    pub fn with_plain_secrets(mut self) -> Self {
        self.takes_plain_secrets = true;
        self
    }

    /// Sets the number of PBKDF2 iterations that the document can ask for, instead of [`MAX_ITERATIONS`].
    ///
    /// A document that asks for more is rejected with [`PskcErrorKind::Iterations`].
    #[must_use]
    pub fn with_max_iterations(mut self, iterations: u32) -> Self {
        self.max_iterations = iterations;
        self
    }

    /// Sets a function to be called after each key, accepted or rejected.
    #[must_use]
    pub fn with_progress(mut self, progress: impl FnMut(Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Returns whether the document is signed. The answer is final once the whole document has been read.
    #[must_use]
    pub fn signature(&self) -> Signature {
        match self.stage {
            _ if self.xml.has_signature() => Signature::NotVerified,
            Stage::Finished => Signature::Absent,
            _ => Signature::NotYetKnown,
        }
    }

    fn read(&mut self) -> Result<Option<Token>, Fault> {
        loop {
            if let Stage::Start = self.stage {
                self.read_root()?;
                self.stage = Stage::Header(Header::default());
            }
            if let Some(device) = self.device.take() {
                match self.read_device(device)? {
                    Some(token) => return Ok(Some(token)),
                    None => continue,
                }
            }
            let Some(element) = self.xml.child()? else {
                self.xml.finish()?;
                self.stage = Stage::Finished;
                return Ok(None);
            };
            match (element.namespace, element.name, &mut self.stage) {
                (Namespace::Pskc, "EncryptionKey", Stage::Header(header)) => {
                    let key = read_encryption_key(&mut self.xml)?;
                    once(&mut header.key, key, "EncryptionKey")?;
                }
                (Namespace::Pskc, "MACMethod", Stage::Header(header)) => {
                    let method = read_mac_method(&mut self.xml)?;
                    once(&mut header.mac, method, "MACMethod")?;
                }
                (Namespace::Pskc, "MACAlgorithm", Stage::Header(header)) => {
                    let method = draft::read_mac_algorithm(&mut self.xml)?;
                    once(&mut header.mac, method, "MACAlgorithm")?;
                }
                (Namespace::Pskc, "DigestMethod", Stage::Header(header)) => {
                    let method = draft::read_digest_method(&mut self.xml)?;
                    once(&mut header.mac, method, "DigestMethod")?;
                }
                (Namespace::Pskc, "EncryptionMethod", Stage::Header(header)) => {
                    let method = draft::read_encryption_method(&mut self.xml)?;
                    once(&mut header.draft, DraftEncryption(method), "EncryptionMethod")?;
                }
                (
                    Namespace::Pskc,
                    "EncryptionKey" | "MACMethod" | "MACAlgorithm" | "DigestMethod" | "EncryptionMethod",
                    _,
                ) => {
                    return Err(Fault::Document(PskcErrorKind::Misplaced(element.name)));
                }
                (Namespace::Pskc, "KeyPackage", _) => return self.read_package().map(Some),
                (Namespace::Pskc, "Device", _) => {
                    self.end_header()?;
                    self.device = Some(Device::default());
                }
                (Namespace::Pskc, "Extensions", _) | (Namespace::Pskc | Namespace::Signature, "Signature", _) => {
                    self.xml.skip()?;
                }
                // Not skipped: it could be keys.
                _ => return Err(Fault::Document(PskcErrorKind::Unknown(self.xml.name()))),
            }
        }
    }

    fn read_root(&mut self) -> Result<(), Fault> {
        let root = self.xml.root()?;
        let version = self.xml.attribute("Version").or_else(|| self.xml.attribute("version"));
        let is_known = match (root.namespace, root.name) {
            // Drafts count their versions on their own, or have none.
            (Namespace::Pskc, "KeyContainer" | "SecretContainer") if self.xml.is_draft() => {
                version.is_none_or(|version| version.split('.').next() == Some("1"))
            }
            (Namespace::Pskc, "KeyContainer") => matches!(version, Some("1.0" | "1")),
            _ => false,
        };
        if is_known { Ok(()) } else { Err(Fault::Document(PskcErrorKind::NotPskc)) }
    }

    /// Derives the keys that the elements before the first package ask for.
    fn end_header(&mut self) -> Result<(), Fault> {
        if let Stage::Header(header) = &mut self.stage {
            let Header { key, mac, draft } = core::mem::take(header);
            let derivation = key.and_then(|key| key.0);
            if let Some(found) = derivation.as_ref().map(|derivation| derivation.iterations)
                && found > self.max_iterations
            {
                return Err(Fault::Document(PskcErrorKind::Iterations(found)));
            }
            let opener = Opener::new(self.credential.key_for(derivation), mac, self.takes_plain_secrets);
            self.stage = Stage::Keys(opener.with_draft_cipher(draft.and_then(|draft| draft.0)));
        }
        Ok(())
    }

    fn read_package(&mut self) -> Result<Token, Fault> {
        self.end_header()?;
        let Stage::Keys(opener) = &self.stage else { return Err(Fault::Document(PskcErrorKind::Syntax)) };
        self.in_package = true;
        let token = package::read(&mut self.xml, opener, self.now)?;
        self.in_package = false;
        Ok(token)
    }

    /// Reads the next key of a device, or `None` at the device's end.
    fn read_device(&mut self, mut device: Device) -> Result<Option<Token>, Fault> {
        let Stage::Keys(opener) = &self.stage else { return Err(Fault::Document(PskcErrorKind::Syntax)) };
        self.in_package = true;
        while let Some(element) = self.xml.child()? {
            if !matches!((element.namespace, element.name), (Namespace::Pskc, "Key" | "Secret")) {
                device.read(&mut self.xml, element)?;
                continue;
            }
            // If the key is rejected, the next one of this device follows.
            device.has_key = true;
            self.device = Some(device.clone());
            let key = package::read_key(&mut self.xml, opener, self.now)?;
            return device.with_key(key, self.now).map(Some);
        }
        self.in_package = false;
        Ok(None)
    }

    /// Creates the error for a fault. Outside of the packages, every fault ends the document.
    fn error(&self, fault: &Fault) -> PskcError {
        PskcError {
            kind: fault.kind(),
            position: self.xml.position(),
            line: self.xml.line(),
            key: self.in_package.then_some(self.keys),
            ends_document: !self.in_package || matches!(fault, Fault::Document(_)),
        }
    }
}

impl<R: BufRead> Iterator for Reader<'_, R> {
    type Item = Result<Token, PskcError>;

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.stage, Stage::Finished | Stage::Failed) {
            return None;
        }
        let item = self.read().transpose()?.map_err(|fault| {
            let error = self.error(&fault);
            if error.ends_document {
                return error;
            }
            // Skip the rest of this key, so that the next one can be read.
            self.xml
                .skip_to(if self.device.is_some() { 2 } else { 1 })
                .map_or_else(|fault| self.error(&fault), |()| error)
        });
        self.in_package = false;
        if matches!(&item, Err(error) if error.ends_document) {
            self.stage = Stage::Failed;
        } else {
            self.keys += 1;
            if let Some(progress) = &mut self.progress {
                progress(Progress { keys: self.keys, bytes: self.xml.position() });
            }
        }
        Some(item)
    }
}

impl<R: BufRead> FusedIterator for Reader<'_, R> {}

impl<R> fmt::Debug for Reader<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Credential<'_> {
    /// Returns the encryption key. `derivation` is the document's, if its key is derived from a passphrase.
    fn key_for(&self, derivation: Option<Derivation>) -> Result<Zeroizing<Vec<u8>>, PskcErrorKind> {
        match (self, derivation) {
            (Self::Key(bytes), None) => Ok(Zeroizing::new(bytes.to_vec())),
            (Self::Passphrase(passphrase), Some(derivation)) => {
                let mut key = Zeroizing::new(vec![0; derivation.key_len]);
                derivation.hash.pbkdf2(passphrase, &derivation.salt, derivation.iterations, &mut key);
                Ok(key)
            }
            (Self::None, None) => Err(PskcErrorKind::KeyMissing),
            (Self::None, Some(_)) => Err(PskcErrorKind::PassphraseMissing),
            (Self::Key(_), Some(_)) | (Self::Passphrase(_), None) => Err(PskcErrorKind::Credential),
        }
    }
}

/// Reads the `EncryptionKey` (RFC 6030 section 6). Names and certificates in it are skipped: they only help a recipient
/// with several keys to find the right one.
fn read_encryption_key<R: BufRead>(xml: &mut Xml<R>) -> Result<EncryptionKey, Fault> {
    let mut derivation = None;
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Encryption11, "DerivedKey") => {
                let read = read_derived_key(xml)?;
                once(&mut derivation, read, "DerivedKey")?;
            }
            _ => xml.skip()?,
        }
    }
    Ok(EncryptionKey(derivation))
}

fn read_derived_key<R: BufRead>(xml: &mut Xml<R>) -> Result<Derivation, Fault> {
    let mut derivation = None;
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Encryption11, "KeyDerivationMethod") => {
                let read = read_derivation_method(xml)?;
                once(&mut derivation, read, "KeyDerivationMethod")?;
            }
            _ => xml.skip()?,
        }
    }
    derivation.ok_or(Fault::Document(PskcErrorKind::Missing("KeyDerivationMethod")))
}

fn read_derivation_method<R: BufRead>(xml: &mut Xml<R>) -> Result<Derivation, Fault> {
    match xml.attribute("Algorithm") {
        Some(
            "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2"
            | "http://www.w3.org/2009/xmlenc11#pbkdf2",
        ) => {}
        _ => return Err(Fault::Document(PskcErrorKind::Unsupported("KeyDerivationMethod"))),
    }
    let mut derivation = None;
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Pkcs5 | Namespace::Encryption11, "PBKDF2-params") => {
                let read = read_pbkdf2(xml)?;
                once(&mut derivation, read, "PBKDF2-params")?;
            }
            _ => xml.skip()?,
        }
    }
    derivation.ok_or(Fault::Document(PskcErrorKind::Missing("PBKDF2-params")))
}

/// Reads the parameters of PBKDF2. In the RFC's figure, they have no namespace; elsewhere they have that of their
/// parent or of PSKC.
fn read_pbkdf2<R: BufRead>(xml: &mut Xml<R>) -> Result<Derivation, Fault> {
    let (mut salt, mut iterations, mut key_len, mut hash) = (None, None, None, None);
    while let Some(element) = xml.child()? {
        match element.name {
            _ if element.namespace == Namespace::Other => xml.skip()?,
            "Salt" => {
                let read = read_salt(xml)?;
                once(&mut salt, read, "Salt")?;
            }
            "IterationCount" => {
                let read = xml.text("IterationCount")?.parse().ok().filter(|count| *count > 0);
                let read = read.ok_or(Fault::Document(PskcErrorKind::Value("IterationCount")))?;
                once(&mut iterations, read, "IterationCount")?;
            }
            "KeyLength" => {
                let read = xml.text("KeyLength")?.parse().ok().filter(|len| [16, 24, 32].contains(len));
                once(&mut key_len, read.ok_or(Fault::Document(PskcErrorKind::Value("KeyLength")))?, "KeyLength")?;
            }
            "PRF" => {
                let read = xml.attribute("Algorithm").map_or(Some(Hash::Sha1), Hash::from_uri);
                once(&mut hash, read.ok_or(Fault::Document(PskcErrorKind::Unsupported("PRF")))?, "PRF")?;
                xml.skip()?;
            }
            _ => xml.skip()?,
        }
    }
    let missing = |name| Fault::Document(PskcErrorKind::Missing(name));
    Ok(Derivation {
        salt: salt.ok_or(missing("Salt"))?,
        iterations: iterations.ok_or(missing("IterationCount"))?,
        key_len: key_len.ok_or(missing("KeyLength"))?,
        hash: hash.unwrap_or(Hash::Sha1),
    })
}

fn read_salt<R: BufRead>(xml: &mut Xml<R>) -> Result<Vec<u8>, Fault> {
    let mut salt = None;
    while let Some(element) = xml.child()? {
        match element.name {
            "Specified" => {
                let read = data::base64(xml, "Salt")?.to_vec();
                once(&mut salt, read, "Salt")?;
            }
            _ => xml.skip()?,
        }
    }
    salt.filter(|salt| !salt.is_empty()).ok_or(Fault::Document(PskcErrorKind::Missing("Salt")))
}

fn read_mac_method<R: BufRead>(xml: &mut Xml<R>) -> Result<MacMethod, Fault> {
    let unsupported = Fault::Document(PskcErrorKind::Unsupported("MACMethod"));
    let hash = xml.attribute("Algorithm").and_then(Hash::from_uri).ok_or(unsupported)?;
    let mut key: Option<Encrypted> = None;
    while let Some(element) = xml.child()? {
        match (element.namespace, element.name) {
            (Namespace::Pskc, "MACKey") => {
                let read = data::read_encrypted(xml)?;
                once(&mut key, read, "MACKey")?;
            }
            (Namespace::Pskc, "MACKeyReference") => {
                return Err(Fault::Document(PskcErrorKind::Unsupported("MACKeyReference")));
            }
            _ => xml.skip()?,
        }
    }
    Ok(MacMethod { hash, key, may_cover_plain: false })
}

/// The presence of an XML signature in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signature {
    /// No signature was seen, but the document has not been read to its end.
    NotYetKnown,
    /// The document has no signature.
    Absent,
    /// The document has a signature, which was not verified: this library does not verify XML signatures.
    NotVerified,
}

/// The progress of reading a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of keys read so far, accepted or rejected.
    pub keys: u64,
    /// The number of bytes read so far.
    pub bytes: u64,
}
