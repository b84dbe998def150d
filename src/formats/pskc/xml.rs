//! A reader of the XML of a PSKC document: one element at a time, in bounded memory, without a DTD.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::io::{self, BufRead, Read};

use quick_xml::XmlVersion;
use quick_xml::encoding::EncodingError;
use quick_xml::errors::IllFormedError;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;
use zeroize::Zeroize;

use super::error::{Fault, PskcErrorKind};
use super::name::DocumentName;

/// The maximum length in bytes of one tag, one comment, or one run of text.
pub(super) const MAX_EVENT: usize = 64 * 1024;
/// The maximum length in bytes of the text of an element that is not skipped.
pub(super) const MAX_TEXT: usize = 4096;
const MAX_DEPTH: usize = 32;
const MAX_ATTRIBUTES: usize = 32;
/// The error that the document ends too early.
const CUT_OFF: Fault = Fault::Document(PskcErrorKind::CutOff);

/// A reader of the elements of a document, one by one. Text and tags are wiped when the next is read.
pub(super) struct Xml<R> {
    reader: NsReader<Bounded<R>>,
    event: Wiped,
    text: Wiped,
    attributes: Vec<(String, String)>,
    depth: usize,
    has_signature: bool,
    is_draft: bool,
    is_lower_case: bool,
    name: DocumentName,
}

/// The name of an element. It is empty if PSKC does not define the element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) namespace: Namespace,
    pub(super) name: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    Pskc,
    Signature,
    Encryption,
    Encryption11,
    Pkcs5,
    None,
    Other,
}

/// The treatment of text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Kept,
    Skipped,
    /// Only white space is allowed, as between elements.
    Blank,
}

enum Step {
    Start(Element),
    End,
    Eof,
}

impl<R: BufRead> Xml<R> {
    pub(super) fn new(read: R) -> Self {
        let mut reader = NsReader::from_reader(Bounded { read, allowance: 0, line: 1, has_ended: false });
        reader.config_mut().expand_empty_elements = true;
        reader.config_mut().check_comments = true;
        Self {
            reader,
            // quick-xml stores a `<!` besides the bytes read.
            event: Wiped::with_capacity(MAX_EVENT + 8),
            text: Wiped::with_capacity(MAX_TEXT),
            attributes: Vec::new(),
            depth: 0,
            has_signature: false,
            is_draft: false,
            is_lower_case: false,
            name: DocumentName::new(""),
        }
    }

    /// Returns `true` if an XML signature has been read or skipped, anywhere in the document.
    pub(super) fn has_signature(&self) -> bool {
        self.has_signature
    }

    /// Returns `true` if an element was in a namespace of a draft before RFC 6030.
    pub(super) fn is_draft(&self) -> bool {
        self.is_draft
    }

    /// Returns `true` if the names of all elements and attributes are in lower case, as privacyIDEA writes them.
    pub(super) fn is_lower_case(&self) -> bool {
        self.is_lower_case
    }

    /// Returns the name of the element that was just opened.
    pub(super) fn name(&self) -> DocumentName {
        self.name
    }

    /// Returns the number of the line that is being read, from 1.
    pub(super) fn line(&self) -> u64 {
        self.reader.get_ref().line
    }

    /// Returns the number of bytes read.
    pub(super) fn position(&self) -> u64 {
        self.reader.buffer_position()
    }

    /// Reads the start of the open element's next child. Returns `None` at the end of the open element.
    pub(super) fn child(&mut self) -> Result<Option<Element>, Fault> {
        match self.step(Text::Blank)? {
            Step::Start(element) => Ok(Some(element)),
            Step::End => Ok(None),
            Step::Eof => Err(CUT_OFF),
        }
    }

    /// Reads the start of the root element.
    pub(super) fn root(&mut self) -> Result<Element, Fault> {
        match self.step(Text::Blank)? {
            Step::Start(element) => Ok(element),
            Step::Eof => Err(CUT_OFF),
            Step::End => Err(Fault::Document(PskcErrorKind::Syntax)),
        }
    }

    /// Checks that nothing follows the root element.
    pub(super) fn finish(&mut self) -> Result<(), Fault> {
        match self.step(Text::Blank)? {
            Step::Eof => Ok(()),
            Step::Start(_) | Step::End => Err(Fault::Document(PskcErrorKind::Syntax)),
        }
    }

    /// Reads to the end of the element that was just opened. Returns its text without white space around it.
    pub(super) fn text(&mut self, name: &'static str) -> Result<&str, Fault> {
        self.text.clear();
        match self.step(Text::Kept)? {
            Step::End => {}
            Step::Start(_) => return Err(Fault::Key(PskcErrorKind::Value(name))),
            Step::Eof => return Err(CUT_OFF),
        }
        let text = str::from_utf8(&self.text.0).map_err(|_| Fault::Document(PskcErrorKind::Encoding))?;
        if text.chars().all(is_xml_char) {
            Ok(text.trim_matches(is_blank))
        } else {
            Err(Fault::Document(PskcErrorKind::Syntax))
        }
    }

    /// Skips open elements until only `depth` of them are open.
    pub(super) fn skip_to(&mut self, depth: usize) -> Result<(), Fault> {
        while self.depth > depth {
            if let Step::Eof = self.step(Text::Skipped)? {
                return Err(CUT_OFF);
            }
        }
        Ok(())
    }

    /// Skips the element that was just opened, which has no meaning for the codes.
    ///
    /// One of RFC 6030's namespace that is unknown or elsewhere than in the RFC could be a misspelled `Counter` or
    /// `Policy`, and is an error. Others put theirs in a namespace of their own, or in `Extensions`. The drafts have
    /// elements of all kinds.
    pub(super) fn ignore(&mut self, element: Element) -> Result<(), Fault> {
        let is_harmless = matches!(element.name, "Extensions" | "KeyProfileId" | "KeyReference");
        if element.namespace == Namespace::Pskc && !is_harmless && !self.is_draft {
            return Err(Fault::Key(PskcErrorKind::Unknown(self.name)));
        }
        self.skip()
    }

    /// Skips the element that was just opened.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        self.skip_to(self.depth.saturating_sub(1))
    }

    /// Returns the value of an attribute of the element that was just opened. Attributes with a prefix do not match.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes().find(|(written, _)| self.is_name(written, name)).map(|(_, value)| value)
    }

    /// Returns the attributes of the element that was just opened, without namespace declarations.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns `true` if an attribute that is written like this has this name.
    pub(super) fn is_name(&self, written: &str, name: &str) -> bool {
        if self.is_lower_case { is_lower_case_of(written, name) } else { written == name }
    }

    fn step(&mut self, wanted: Text) -> Result<Step, Fault> {
        loop {
            self.event.clear();
            self.reader.get_mut().allowance = MAX_EVENT;
            let (namespace, event) = match self.reader.read_resolved_event_into(&mut self.event.0) {
                Ok(read) => read,
                Err(error) => {
                    let is_cut_off = self.reader.get_ref().has_ended && is_unfinished(&error);
                    return Err(if is_cut_off { CUT_OFF } else { Fault::from_xml(error) });
                }
            };
            let run = match &event {
                Event::Start(start) => {
                    let written = start.local_name().into_inner();
                    if self.depth == 0 {
                        self.is_lower_case = written == "keycontainer";
                    }
                    let element = Element {
                        namespace: namespace_of(&namespace, &mut self.is_draft)?,
                        name: known(written, self.is_lower_case),
                    };
                    self.name = DocumentName::new(written);
                    // RFC 6030's schema has `Signature` in its own namespace, and its erratum in that of XML Signature.
                    self.has_signature |= element.name == "Signature"
                        && matches!(element.namespace, Namespace::Pskc | Namespace::Signature);
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(Fault::Document(PskcErrorKind::TooLarge));
                    }
                    read_attributes(start, &mut self.attributes)?;
                    return Ok(Step::Start(element));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Step::End);
                }
                Event::Eof => return Ok(Step::Eof),
                Event::Text(text) => text.xml10_content(),
                Event::CData(text) if self.depth > 0 => text.xml10_content(),
                Event::GeneralRef(entity) if self.depth > 0 => resolve(entity)?.into(),
                Event::Decl(declaration) => {
                    check_declaration(declaration)?;
                    continue;
                }
                Event::Comment(_) | Event::PI(_) => continue,
                Event::DocType(_) => return Err(Fault::Document(PskcErrorKind::Doctype)),
                // A reference or CDATA outside of the root. Empty elements arrive as a start and an end.
                Event::CData(_) | Event::GeneralRef(_) | Event::Empty(_) => {
                    return Err(Fault::Document(PskcErrorKind::Syntax));
                }
            };
            match wanted {
                Text::Skipped => {}
                Text::Blank if run.chars().all(is_blank) => {}
                Text::Blank => return Err(Fault::Document(PskcErrorKind::Syntax)),
                Text::Kept if self.text.0.len() + run.len() > MAX_TEXT => {
                    return Err(Fault::Key(PskcErrorKind::TooLarge));
                }
                Text::Kept => self.text.0.extend_from_slice(run.as_bytes()),
            }
            // Text that was normalized is a copy.
            if let alloc::borrow::Cow::Owned(mut copy) = run {
                copy.zeroize();
            }
        }
    }
}

/// Returns `true` if the error can come from an end within a tag, a comment, a reference, a character or the like.
fn is_unfinished(error: &quick_xml::Error) -> bool {
    match error {
        quick_xml::Error::Syntax(_) | quick_xml::Error::IllFormed(IllFormedError::UnclosedReference) => true,
        quick_xml::Error::Encoding(EncodingError::Utf8(error)) => error.error_len().is_none(),
        _ => false,
    }
}

fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), Fault> {
    if !matches!(declaration.version().as_deref(), Ok("1.0")) {
        return Err(Fault::Document(PskcErrorKind::Syntax));
    }
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") => Ok(()),
        Some(_) => Err(Fault::Document(PskcErrorKind::Encoding)),
    }
}

fn read_attributes(start: &BytesStart<'_>, attributes: &mut Vec<(String, String)>) -> Result<(), Fault> {
    attributes.clear();
    for (count, attribute) in start.attributes().enumerate() {
        let attribute = attribute.map_err(|_| Fault::Document(PskcErrorKind::Syntax))?;
        if count == MAX_ATTRIBUTES {
            return Err(Fault::Document(PskcErrorKind::TooLarge));
        }
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(Fault::from_xml)?;
        if !value.chars().all(is_xml_char) {
            return Err(Fault::Document(PskcErrorKind::Syntax));
        }
        if attribute.key.as_namespace_binding().is_none() {
            attributes.push((attribute.key.into_inner().to_string(), value.into_owned()));
        }
    }
    Ok(())
}

/// Resolves one of the five entities that XML itself defines, or a character reference.
fn resolve(entity: &BytesRef<'_>) -> Result<String, Fault> {
    match entity.resolve_char_ref() {
        Ok(Some(character)) => Ok(character.to_string()),
        Ok(None) => match resolve_predefined_entity(entity) {
            Some(text) => Ok(text.to_string()),
            None => Err(Fault::Document(PskcErrorKind::Doctype)),
        },
        Err(_) => Err(Fault::Document(PskcErrorKind::Syntax)),
    }
}

/// Returns `true` if XML 1.0 section 2.2 allows the character.
pub(super) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Returns `true` for XML's white space, and for no other.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn namespace_of(resolved: &ResolveResult<'_>, is_draft: &mut bool) -> Result<Namespace, Fault> {
    Ok(match resolved {
        ResolveResult::Unbound => Namespace::None,
        ResolveResult::Unknown(_) => return Err(Fault::Document(PskcErrorKind::Syntax)),
        ResolveResult::Bound(bound) => match bound.into_inner() {
            "urn:ietf:params:xml:ns:keyprov:pskc" => Namespace::Pskc,
            "urn:ietf:params:xml:ns:keyprov:pskc:1.0"
            | "urn:ietf:params:xml:ns:keyprov:container"
            | "urn:ietf:params:xml:ns:keyprov:container:1.0"
            | "http://www.openauthentication.org/OATH/2006/08/PSKC" => {
                *is_draft = true;
                Namespace::Pskc
            }
            "http://www.w3.org/2000/09/xmldsig#" => Namespace::Signature,
            "http://www.w3.org/2001/04/xmlenc#" => Namespace::Encryption,
            "http://www.w3.org/2009/xmlenc11#" => Namespace::Encryption11,
            "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#" => Namespace::Pkcs5,
            _ => Namespace::Other,
        },
    })
}

fn is_lower_case_of(written: &str, name: &str) -> bool {
    written.bytes().eq(name.bytes().map(|byte| byte.to_ascii_lowercase()))
}

fn known(name: &str, is_lower_case: bool) -> &'static str {
    const NAMES: &[&str] = &[
        "AlgorithmParameters",
        "ChallengeFormat",
        "CipherData",
        "CipherValue",
        "Counter",
        "CryptoModuleInfo",
        "Data",
        "DerivedKey",
        "Device",
        "DeviceBinding",
        "DeviceId",
        "DeviceInfo",
        "DigestMethod",
        "EncryptedValue",
        "EncryptionKey",
        "EncryptionMethod",
        "Expiry",
        "ExpiryDate",
        "Extensions",
        "FriendlyName",
        "IV",
        "Id",
        "IssueNo",
        "Issuer",
        "IterationCount",
        "Key",
        "KeyContainer",
        "KeyDerivationMethod",
        "KeyLength",
        "KeyPackage",
        "KeyProfileId",
        "KeyReference",
        "KeyUsage",
        "MACAlgorithm",
        "MACKey",
        "MACKeyReference",
        "MACMethod",
        "Manufacturer",
        "Model",
        "NumberOfTransactions",
        "PBKDF2-params",
        "PINPolicy",
        "PRF",
        "PlainValue",
        "Policy",
        "ResponseFormat",
        "Salt",
        "Secret",
        "SecretContainer",
        "SerialNo",
        "Signature",
        "Specified",
        "StartDate",
        "Suite",
        "Time",
        "TimeDrift",
        "TimeInterval",
        "Usage",
        "UserId",
        "Value",
        "ValueDigest",
        "ValueMAC",
    ];
    let found = if is_lower_case {
        NAMES.iter().find(|known| is_lower_case_of(name, known))
    } else {
        NAMES.binary_search(&name).ok().and_then(|at| NAMES.get(at))
    };
    found.copied().unwrap_or_default()
}

/// A buffer that never grows. Its bytes are wiped when they are no longer needed.
struct Wiped(Vec<u8>);

impl Wiped {
    fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Wipes the used part of the buffer and empties it. Wiping all of it for each tag would take most of the time.
    fn clear(&mut self) {
        self.0.as_mut_slice().zeroize();
        self.0.clear();
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A reader that fails after `allowance` bytes, since quick-xml buffers a whole tag or text, however long it is.
struct Bounded<R> {
    read: R,
    allowance: usize,
    /// The number of the line, from 1.
    line: u64,
    /// `true` if the end of the source was reached.
    has_ended: bool,
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = self.read.fill_buf()?;
        self.has_ended = bytes.is_empty();
        if self.allowance == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.get(..self.allowance).unwrap_or(bytes))
    }

    fn consume(&mut self, amount: usize) {
        self.allowance = self.allowance.saturating_sub(amount);
        // The bytes are buffered, so that this reads nothing.
        let bytes = self.read.fill_buf().ok().and_then(|bytes| bytes.get(..amount)).unwrap_or_default();
        self.line += bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        self.read.consume(amount);
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.fill_buf()?;
        let count = bytes.read(buf)?;
        self.consume(count);
        Ok(count)
    }
}
