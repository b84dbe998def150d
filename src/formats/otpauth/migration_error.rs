use core::fmt;

use super::Parameter;
use super::protobuf::Malformed;
use crate::types::SecretError;

/// The maximum length of an export's URI in bytes.
pub(super) const MAX_LEN: usize = 16_384;

/// An error in one account of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationAccountError {
    /// The encoding is broken, or a field occurs twice or has the wrong type.
    Malformed {
        /// The position of the field's first byte in the payload, from 0.
        offset: usize,
    },
    /// The secret is too short or too long.
    Secret(SecretError),
    /// The name or the issuer is not text, has control characters, or has more than 255 bytes.
    Label,
    /// The algorithm with this number is not supported; 4 is MD5.
    Algorithm(i64),
    /// The number of digits has this value in the format, which is not supported.
    Digits(i64),
    /// The type has this number, which is neither that of TOTP nor that of HOTP.
    Type(i64),
    /// The counter is this negative number.
    Counter(i64),
}

impl From<Malformed> for MigrationAccountError {
    fn from(Malformed(offset): Malformed) -> Self {
        Self::Malformed { offset }
    }
}

impl MigrationAccountError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::Secret(_) => "secret",
            Self::Label => "label",
            Self::Algorithm(_) => "algorithm",
            Self::Digits(_) => "digits",
            Self::Type(_) => "type",
            Self::Counter(_) => "counter",
        }
    }
}

impl fmt::Display for MigrationAccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { offset } => write!(f, "the account's encoding is broken at byte {offset} of the payload"),
            Self::Secret(error) => error.fmt(f),
            Self::Label => f.write_str("the account's name or issuer is too long, or not text"),
            Self::Algorithm(number) => write!(f, "the account's algorithm, number {number}, is not supported"),
            Self::Digits(number) => write!(f, "the account's number of digits, value {number}, is not supported"),
            Self::Type(number) => write!(f, "the account's type, number {number}, is not supported"),
            Self::Counter(counter) => write!(f, "the account's counter is negative: {counter}"),
        }
    }
}

impl core::error::Error for MigrationAccountError {}

/// An error for a text that is not a batch of an export, or for accounts that cannot be exported.
///
/// It holds lengths and positions, never a part of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationError {
    /// The text has more than [`Migration::MAX_LEN`](crate::formats::otpauth::Migration::MAX_LEN) bytes.
    TooLong {
        /// The number of bytes found.
        found: usize,
    },
    /// The text does not begin with `otpauth-migration://offline?`.
    Scheme,
    /// The parameter `data` is missing.
    Missing,
    /// The parameter `data` occurs twice.
    Duplicate {
        /// The byte position of the second occurrence in the text, from 0.
        position: usize,
    },
    /// A percent sign is not followed by two hexadecimal digits.
    Encoding {
        /// The byte position in the text, from 0.
        position: usize,
    },
    /// The data is not base64.
    Base64 {
        /// The byte position of the wrong character in the text, or of the end, from 0.
        position: usize,
    },
    /// The payload's encoding is broken, or a field of the batch occurs twice or has the wrong type.
    Protobuf {
        /// The position of the field's first byte in the payload, from 0.
        offset: usize,
    },
    /// An export of this size has no batch with this index.
    Batch {
        /// The number of batches in the export.
        size: i32,
        /// The index of the batch, from 0.
        index: i32,
    },
    /// A batch has more than [`Migration::MAX_ACCOUNTS`](crate::formats::otpauth::Migration::MAX_ACCOUNTS) accounts, or
    /// an export more than 65,535 batches.
    TooManyAccounts,
    /// The format cannot describe an account: it supports only a period of 30 s, 6 or 8 digits, and counters of 63
    /// bits.
    Inexpressible {
        /// The index of the account among those given, from 0.
        account: usize,
        /// The parameter that the format cannot express.
        parameter: Parameter,
    },
}

impl From<Malformed> for MigrationError {
    fn from(Malformed(offset): Malformed) -> Self {
        Self::Protobuf { offset }
    }
}

impl MigrationError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::Scheme => "scheme",
            Self::Missing => "missing",
            Self::Duplicate { .. } => "duplicate",
            Self::Encoding { .. } => "encoding",
            Self::Base64 { .. } => "base64",
            Self::Protobuf { .. } => "protobuf",
            Self::Batch { .. } => "batch",
            Self::TooManyAccounts => "too_many_accounts",
            Self::Inexpressible { .. } => "inexpressible",
        }
    }
}

impl fmt::Display for MigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found } => {
                write!(f, "an export must have at most {MAX_LEN} bytes, not {found}")
            }
            Self::Scheme => f.write_str("an export must begin with otpauth-migration://offline?"),
            Self::Missing => f.write_str("the parameter data is missing"),
            Self::Duplicate { position } => {
                write!(f, "the parameter data occurs again at position {position}")
            }
            Self::Encoding { position } => write!(f, "invalid percent-encoding at position {position}"),
            Self::Base64 { position } => write!(f, "invalid base64 at position {position}"),
            Self::Protobuf { offset } => write!(f, "the export's encoding is broken at byte {offset} of the payload"),
            Self::Batch { size, index } => write!(f, "an export of size {size} has no batch with index {index}"),
            Self::TooManyAccounts => f.write_str("too many accounts for one batch, or too many batches for one export"),
            Self::Inexpressible { account, parameter } => {
                write!(f, "an export cannot express the {parameter} of account {account}")
            }
        }
    }
}

impl core::error::Error for MigrationError {}
