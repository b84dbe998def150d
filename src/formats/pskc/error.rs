use core::fmt;
use std::io;

use super::name::DocumentName;
use crate::formats::number::range_of;
use crate::types::SecretError;

/// An error in a PSKC document or in one of its keys. It holds a position and names, but no value from the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskcError {
    pub(super) kind: PskcErrorKind,
    pub(super) position: u64,
    pub(super) line: u64,
    pub(super) key: Option<u64>,
    pub(super) ends_document: bool,
}

impl PskcError {
    /// Returns the kind of error.
    #[must_use]
    pub fn kind(&self) -> PskcErrorKind {
        self.kind
    }

    /// Returns the number of bytes of the document that had been read when the error was found.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns the number of the line in which reading stopped, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns the index of the `KeyPackage` that has the error, from 0, or `None` outside of packages.
    #[must_use]
    pub fn key(&self) -> Option<u64> {
        self.key
    }

    /// Returns `true` if the rest of the document is not read. Otherwise, reading continues with the next key.
    #[must_use]
    pub fn ends_document(&self) -> bool {
        self.ends_document
    }

    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.kind.label()
    }
}

impl fmt::Display for PskcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = self.key {
            write!(f, "key {key}, ")?;
        }
        write!(f, "line {}, byte {}: {}", self.line, self.position, self.kind)
    }
}

impl core::error::Error for PskcError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.kind {
            PskcErrorKind::Secret(error) => Some(error),
            _ => None,
        }
    }
}

/// The kind of an error in a PSKC document or in one of its keys.
///
/// Names are those of elements in RFC 6030, or names of elements and algorithms in the document; no value of an element
/// is in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PskcErrorKind {
    /// The document could not be read.
    Io(io::ErrorKind),
    /// The document is not well-formed XML 1.0 with namespaces, or has text between elements.
    Syntax,
    /// The document ends too early, for example because only a part of the file was copied: within a tag, a comment, a
    /// reference or the like, or before the end of its first element.
    CutOff,
    /// The document is not in UTF-8.
    Encoding,
    /// The document has a document type declaration, or an entity that only such a declaration could define. Neither is
    /// ever read.
    Doctype,
    /// A tag, a text, the number of attributes or the depth of elements is larger than any PSKC document needs.
    TooLarge,
    /// The document is not a `KeyContainer` of version 1.0.
    NotPskc,
    /// This element or attribute is missing.
    Missing(&'static str),
    /// This element occurs more than once.
    Duplicate(&'static str),
    /// This element is in a place in which it has no meaning.
    Misplaced(&'static str),
    /// This element or attribute has a value that is out of range or not of its type.
    Value(&'static str),
    /// This element or named value is not known, and could have a meaning for the keys.
    Unknown(DocumentName),
    /// This algorithm of a key is neither HOTP nor TOTP.
    Algorithm(DocumentName),
    /// This hash function of a key's codes, the `Suite`, is not SHA-1, SHA-256 or SHA-512.
    Suite(DocumentName),
    /// This element asks for an algorithm or a format that is not supported.
    Unsupported(&'static str),
    /// The key's policy does not permit one-time passwords, or is not understood. RFC 6030 section 5 forbids the use of
    /// such a key.
    Policy,
    /// A value is encrypted with a key that both sides share, and the reader has no
    /// [`Credential`](super::Credential).
    KeyMissing,
    /// A value is encrypted with a passphrase, and the reader has no [`Credential`](super::Credential).
    PassphraseMissing,
    /// The [`Credential`](super::Credential) does not fit the encryption of the document.
    Credential,
    /// The key or passphrase is wrong, or the value was altered. The reader cannot tell which.
    Authentication,
    /// The secret is not encrypted, although the reader has a credential. An attacker who can change the document could
    /// have put a known secret in it.
    PlainSecret,
    /// The passphrase needs this number of PBKDF2 iterations, more than the reader's
    /// [limit](super::Reader::with_max_iterations).
    Iterations(u32),
    /// The key or its device has expired.
    Expired,
    /// The secret is too short or too long.
    Secret(SecretError),
}

impl PskcErrorKind {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Io(_) => "io",
            Self::Syntax => "syntax",
            Self::CutOff => "cut_off",
            Self::Encoding => "encoding",
            Self::Doctype => "doctype",
            Self::TooLarge => "too_large",
            Self::NotPskc => "not_pskc",
            Self::Missing(_) => "missing",
            Self::Duplicate(_) => "duplicate",
            Self::Misplaced(_) => "misplaced",
            Self::Value(_) => "value",
            Self::Unknown(_) => "unknown",
            Self::Algorithm(_) => "algorithm",
            Self::Suite(_) => "suite",
            Self::Unsupported(_) => "unsupported",
            Self::Policy => "policy",
            Self::KeyMissing => "key_missing",
            Self::PassphraseMissing => "passphrase_missing",
            Self::Credential => "credential",
            Self::Authentication => "authentication",
            Self::PlainSecret => "plain_secret",
            Self::Iterations(_) => "iterations",
            Self::Expired => "expired",
            Self::Secret(_) => "secret",
        }
    }
}

impl fmt::Display for PskcErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(kind) => write!(f, "the document cannot be read: {kind}"),
            Self::Syntax => f.write_str("the document is not well-formed XML"),
            Self::CutOff => f.write_str("the document is cut off here"),
            Self::Encoding => f.write_str("the document is not UTF-8"),
            Self::Doctype => f.write_str("document type declarations and their entities are not supported"),
            Self::TooLarge => f.write_str("an element is too long or too deep for a PSKC document"),
            Self::NotPskc => f.write_str("the document is not a KeyContainer of version 1.0"),
            Self::Missing(name) => write!(f, "{name} is missing"),
            Self::Duplicate(name) => write!(f, "{name} occurs more than once"),
            Self::Misplaced(name) => write!(f, "{name} is out of place"),
            Self::Value(name) => write!(f, "the value of {name} is invalid{}", range_of(name)),
            Self::Unknown(name) => write!(f, "{name} is not known in this place"),
            Self::Algorithm(name) => write!(f, "the algorithm {name} is neither HOTP nor TOTP"),
            Self::Suite(name) => write!(f, "the hash function {name} is not SHA-1, SHA-256 or SHA-512"),
            Self::Unsupported(name) => write!(f, "{name} asks for an algorithm or a format that is not supported"),
            Self::Policy => f.write_str("the key's policy is not understood or does not permit one-time passwords"),
            Self::KeyMissing => f.write_str("the document is encrypted: the key that both sides share is needed"),
            Self::PassphraseMissing => f.write_str("the document is encrypted: its passphrase is needed"),
            Self::Credential => f.write_str("the given key or passphrase does not fit the encryption"),
            Self::Authentication => f.write_str("the key or passphrase is wrong, or the value was altered"),
            Self::PlainSecret => f.write_str("the secret is not encrypted, but a key or passphrase was given"),
            Self::Iterations(found) => write!(f, "{found} iterations of PBKDF2 are more than the reader's limit"),
            Self::Expired => f.write_str("the key or its device has expired"),
            Self::Secret(error) => error.fmt(f),
        }
    }
}

/// An error that ends the document, or one that affects only the key in which it is found.
#[derive(Debug)]
pub(super) enum Fault {
    Document(PskcErrorKind),
    Key(PskcErrorKind),
}

impl Fault {
    pub(super) fn from_xml(error: quick_xml::Error) -> Self {
        Self::Document(match error {
            quick_xml::Error::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => PskcErrorKind::TooLarge,
            quick_xml::Error::Io(error) => PskcErrorKind::Io(error.kind()),
            quick_xml::Error::Encoding(_) => PskcErrorKind::Encoding,
            quick_xml::Error::Escape(quick_xml::escape::EscapeError::UnrecognizedEntity(..)) => PskcErrorKind::Doctype,
            quick_xml::Error::Namespace(quick_xml::name::NamespaceError::TooManyBindings(_)) => PskcErrorKind::TooLarge,
            _ => PskcErrorKind::Syntax,
        })
    }

    pub(super) fn kind(&self) -> PskcErrorKind {
        match self {
            Self::Document(kind) | Self::Key(kind) => *kind,
        }
    }
}

/// An error from [`Writer`](super::Writer). Everything written before the error stays written.
#[derive(Debug)]
#[non_exhaustive]
pub enum PskcWriteError<E> {
    /// The output failed.
    Io(io::Error),
    /// The random number generator failed.
    Random(E),
    /// PSKC cannot express the value of this element, or [`Reader`](super::Reader) would reject it.
    ///
    /// Examples are a text that is empty, too long, has white space around it, or has a character that XML does not
    /// have; a counter above 2<sup>63</sup> - 1; a drift beyond [`Policy::MAX_DRIFT`](crate::Policy::MAX_DRIFT); time
    /// steps that are not counted from 1970; and a number of PBKDF2 iterations that is not 1 to
    /// [`MAX_ITERATIONS`](super::MAX_ITERATIONS).
    Value(&'static str),
    /// The encryption key has this number of bytes, not 16, 24 or 32.
    KeyLength(usize),
    /// The authenticator does not hold its secret.
    NoSecret,
}

impl<E> From<io::Error> for PskcWriteError<E> {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<E> PskcWriteError<E> {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Io(_) => "io",
            Self::Random(_) => "random",
            Self::Value(_) => "value",
            Self::KeyLength(_) => "key_length",
            Self::NoSecret => "no_secret",
        }
    }
}

impl<E> fmt::Display for PskcWriteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("the document cannot be written"),
            Self::Random(_) => f.write_str("the random number generator failed"),
            Self::Value(name) => write!(f, "{name} cannot hold this value"),
            Self::KeyLength(found) => write!(f, "an AES key must have 16, 24 or 32 bytes, not {found}"),
            Self::NoSecret => f.write_str("the authenticator does not hold its secret"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for PskcWriteError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Random(error) => Some(error),
            _ => None,
        }
    }
}
