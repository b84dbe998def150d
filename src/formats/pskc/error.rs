use core::fmt;
use std::io;

use crate::types::SecretError;

/// Why a PSKC document, or one key in it, was refused. It says where, and holds no part of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskcError {
    pub(super) kind: PskcErrorKind,
    pub(super) position: u64,
    pub(super) key: Option<u64>,
    pub(super) ends_document: bool,
}

impl PskcError {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> PskcErrorKind {
        self.kind
    }

    /// How many bytes of the document had been read when this was found.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// In which `KeyPackage` of the document, from 0; `None` outside of them.
    #[must_use]
    pub fn key(&self) -> Option<u64> {
        self.key
    }

    /// Whether the rest of the document is not read. Otherwise one key is refused, and the next is read.
    #[must_use]
    pub fn ends_document(&self) -> bool {
        self.ends_document
    }
}

impl fmt::Display for PskcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key {
            Some(key) => write!(f, "key {key}, byte {}: {}", self.position, self.kind),
            None => write!(f, "byte {}: {}", self.position, self.kind),
        }
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

/// What is wrong with a PSKC document or a key in it. A name in it is that of an element of RFC 6030, not of the document's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PskcErrorKind {
    /// It could not be read.
    Io(io::ErrorKind),
    /// It is not well-formed XML 1.0 with namespaces, or ends too early, or has text between elements.
    Syntax,
    /// It is not in UTF-8.
    Encoding,
    /// It has a document type declaration, or an entity that only one could declare. Neither is ever read.
    Doctype,
    /// A tag, a text, the number of attributes or the depth of elements is more than any PSKC document needs.
    TooLarge,
    /// It is not a `KeyContainer` of version 1.0.
    NotPskc,
    /// The element is missing.
    Missing(&'static str),
    /// The element stands more than once.
    Duplicate(&'static str),
    /// The element stands where it has no meaning.
    Misplaced(&'static str),
    /// The element has a value that is not of its type, or out of range.
    Value(&'static str),
    /// The element asks for an algorithm or format that is unknown here.
    Unsupported(&'static str),
    /// The key's policy does not allow one-time passwords, or has something that is not understood: by RFC 6030 section 5
    /// such a key must not be used.
    Policy,
    /// The document is encrypted otherwise than the [`Credential`](super::Credential) opens.
    Credential,
    /// The wrong key or passphrase, or an altered value: which of them cannot be told.
    Authentication,
    /// The secret is too short or too long.
    Secret(SecretError),
}

impl fmt::Display for PskcErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(kind) => write!(f, "the document cannot be read: {kind}"),
            Self::Syntax => f.write_str("not well-formed XML"),
            Self::Encoding => f.write_str("not UTF-8"),
            Self::Doctype => f.write_str("a document type declaration or an entity of one"),
            Self::TooLarge => f.write_str("too long or too deep for a PSKC document"),
            Self::NotPskc => f.write_str("not a KeyContainer of version 1.0"),
            Self::Missing(name) => write!(f, "{name} is missing"),
            Self::Duplicate(name) => write!(f, "{name} stands more than once"),
            Self::Misplaced(name) => write!(f, "{name} is out of place"),
            Self::Value(name) => write!(f, "the value of {name} is invalid"),
            Self::Unsupported(name) => write!(f, "{name} asks for what is not supported"),
            Self::Policy => f.write_str("the key's policy is not understood or does not allow one-time passwords"),
            Self::Credential => f.write_str("encrypted otherwise than the key or passphrase given can open"),
            Self::Authentication => f.write_str("the key or passphrase is wrong, or the value was altered"),
            Self::Secret(error) => error.fmt(f),
        }
    }
}

/// What ends the document, and what only the key that it is found in.
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

/// Why a token was not written. What was written before it stands.
#[derive(Debug)]
#[non_exhaustive]
pub enum PskcWriteError<E> {
    /// The output failed.
    Io(io::Error),
    /// The random number generator failed.
    Random(E),
    /// PSKC has no form for the value of this element: a text that is too long or has a character that XML has not, a
    /// counter above 2<sup>63</sup> - 1, a number of iterations that a reader would not do.
    Value(&'static str),
    /// The encryption key is not of 16, 24 or 32 bytes.
    KeyLength(usize),
    /// The authenticator does not hold its secret.
    NoSecret,
}

impl<E> From<io::Error> for PskcWriteError<E> {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<E> fmt::Display for PskcWriteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("the document cannot be written"),
            Self::Random(_) => f.write_str("the random number generator failed"),
            Self::Value(name) => write!(f, "{name} cannot hold this value"),
            Self::KeyLength(found) => write!(f, "an AES key has 16, 24 or 32 bytes, not {found}"),
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
