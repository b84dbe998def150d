use core::fmt;
use std::io;

use secondo::formats::otpauth::KeyUriError;
use secondo::formats::pskc::PskcErrorKind;
use secondo::formats::{self, otpauth};
use zeroize::Zeroizing;

use crate::Place;

/// An error from reading one record, or the file: its authenticator was not imported.
///
/// It has places, lengths and the names of fields, elements and algorithms, and no other content of the file. A name
/// that may be a secret is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// The place of the record in the file.
    pub place: Place,
    /// The reason why the record was not imported.
    pub problem: Problem,
    /// `true` if the rest of the file was not read.
    pub ends_file: bool,
}

impl ImportError {
    pub(crate) fn of_record(place: Place, problem: Problem) -> Self {
        Self { place, problem, ends_file: false }
    }

    pub(crate) fn of_file(problem: Problem) -> Self {
        Self { place: Place::File, problem, ends_file: true }
    }

    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.problem.label()
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl core::error::Error for ImportError {}

/// The reason why a record was not imported.
///
/// Fields have the names that they have in the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A field is missing, duplicate, unknown or invalid.
    Field(formats::Problem),
    /// The record has more bytes than this maximum.
    TooLong(usize),
    /// The file has more bytes than this maximum.
    TooLarge(usize),
    /// The document has more entries than this maximum.
    TooMany(usize),
    /// The row does not have as many fields as the header, or as the format defines.
    Columns {
        /// The number of fields of the row.
        found: usize,
        /// The number of fields that it should have.
        expected: usize,
    },
    /// A quotation mark in the row is not closed, or is not at the ends of a field.
    Quotes,
    /// The file, or an entry of it, is not JSON of the format.
    Json {
        /// The line of the error in the file or in the decrypted text, from 1. It is 0 for an entry.
        line: usize,
        /// The column of the error in the line or in the entry, from 1.
        column: usize,
    },
    /// The file is not well-formed XML, or has a document type declaration. Neither is read further.
    Xml {
        /// The number of the line in which reading stopped, from 1.
        line: u64,
    },
    /// The XML file ends too early, for example because only a part of it was copied: within a tag, a comment, a
    /// reference or the like, or before the end of its first element.
    CutOff {
        /// The number of the last line, from 1.
        line: u64,
    },
    /// The file does not have the structure of this format.
    NotThisFormat(&'static str),
    /// The record, or the whole file, uses this, which is not supported.
    Unsupported(&'static str),
    /// The file is encrypted, and no passphrase was given.
    PassphraseMissing,
    /// The passphrase is wrong, or the file was altered. The reader cannot tell which.
    Authentication,
    /// Decryption costs more than the limit that the caller has set.
    Cost {
        /// The cost that the file asks for: PBKDF2 iterations, or `N·r·p` of scrypt.
        found: u64,
        /// The limit.
        max: u64,
    },
    /// The key URI is not usable.
    KeyUri(KeyUriError),
    /// The batch of accounts of Google Authenticator is not usable.
    Migration(otpauth::MigrationError),
    /// A batch of an export of Google Authenticator is missing: its picture was not read.
    BatchMissing {
        /// The index of the batch, from 0.
        index: u16,
        /// The number of batches of the export.
        of: u16,
    },
    /// The account in a batch of Google Authenticator is not usable.
    MigrationAccount(otpauth::MigrationAccountError),
    /// The token of a PSKC file, or the file, is not usable.
    Pskc {
        /// The reason.
        kind: PskcErrorKind,
        /// The number of the line in which reading stopped, from 1.
        line: u64,
    },
    /// The file could not be read.
    Io(io::ErrorKind),
}

impl Problem {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Field(problem) => problem.label(),
            Self::TooLong(_) => "too_long",
            Self::TooLarge(_) => "too_large",
            Self::TooMany(_) => "too_many",
            Self::Columns { .. } => "columns",
            Self::Quotes => "quotes",
            Self::Json { .. } => "json",
            Self::Xml { .. } => "xml",
            Self::CutOff { .. } => "cut_off",
            Self::NotThisFormat(_) => "not_this_format",
            Self::Unsupported(_) => "unsupported",
            Self::PassphraseMissing => "passphrase_missing",
            Self::Authentication => "authentication",
            Self::Cost { .. } => "cost",
            Self::KeyUri(error) => error.label(),
            Self::Migration(_) => "migration",
            Self::BatchMissing { .. } => "batch_missing",
            Self::MigrationAccount(_) => "migration_account",
            Self::Pskc { kind, .. } => kind.label(),
            Self::Io(_) => "io",
        }
    }

    pub(crate) const fn missing(field: &'static str) -> Self {
        Self::Field(formats::Problem::Missing(field))
    }

    pub(crate) const fn invalid(field: &'static str) -> Self {
        Self::Field(formats::Problem::Invalid(field))
    }

    /// Returns the error of a whole JSON document.
    pub(crate) fn json(error: &serde_json::Error) -> Self {
        Self::Json { line: error.line(), column: error.column() }
    }

    /// Returns the error of an entry of a JSON document: that of the field, if it is known.
    pub(crate) fn json_entry(error: &serde_json::Error, entry: &str) -> Self {
        const FIELDS: [&str; 23] = [
            "account",
            "algo",
            "algorithm",
            "assignTo",
            "counter",
            "digits",
            "hashFunction",
            "id",
            "info",
            "issuer",
            "issuerExt",
            "issuerInt",
            "label",
            "login",
            "name",
            "otp",
            "period",
            "secret",
            "secretKey",
            "serialNumber",
            "timeIntervalInSeconds",
            "totp",
            "type",
        ];

        // The message may have a value of the entry.
        let message = Zeroizing::new(error.to_string());
        let named = |start: &str| {
            let name = message.strip_prefix(start)?.split('`').next()?;
            FIELDS.into_iter().find(|field| *field == name)
        };
        if let Some(field) = named("missing field `") {
            return Self::missing(field);
        }
        if let Some(field) = named("duplicate field `") {
            return Self::Field(formats::Problem::Duplicate(field));
        }
        let lines_before =
            entry.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let read = entry.get(..lines_before + error.column()).unwrap_or(entry);
        let last = |field: &'static str| {
            let key = format!("\"{field}\"");
            let is_key = |at: &usize| read.get(at + key.len()..).is_some_and(|rest| rest.trim_start().starts_with(':'));
            read.rmatch_indices(&key).map(|(at, _)| at).find(is_key).map(|at| (at, field))
        };
        match FIELDS.into_iter().filter_map(last).max() {
            Some((_, field)) if error.is_data() => Self::invalid(field),
            _ => Self::Json { line: 0, column: error.column() },
        }
    }

    pub(crate) fn io(error: &io::Error) -> Self {
        Self::Io(error.kind())
    }
}

impl From<secondo::types::SecretError> for Problem {
    fn from(error: secondo::types::SecretError) -> Self {
        Self::Field(formats::Problem::Secret(error))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(problem) => problem.fmt(f),
            Self::TooLong(max) => {
                write!(f, "the record has more than {max} bytes, or more fields than any of its format")
            }
            Self::TooLarge(max) => write!(f, "the file has more than {max} bytes"),
            Self::TooMany(max) => write!(f, "the file has more than {max} entries"),
            Self::Columns { found, expected } => write!(f, "the row has {found} fields instead of {expected}"),
            Self::Quotes => f.write_str(
                "a quotation mark in the row is not at the end of a field, or not closed: the rows after it are then not \
                 read",
            ),
            Self::Json { line: 0, column } => {
                write!(f, "the entry is not as the format defines: error at column {column}")
            }
            Self::Json { line, column } => {
                write!(f, "the file is not JSON of this format: line {line}, column {column}")
            }
            Self::Xml { line } => {
                write!(f, "the file is not well-formed XML without a document type: error in line {line}")
            }
            Self::CutOff { line } => write!(f, "the file is cut off in line {line}"),
            Self::NotThisFormat(name) => write!(f, "the file is not {name}"),
            Self::Unsupported(what) => write!(f, "{what}: not supported"),
            Self::PassphraseMissing => f.write_str("the file is encrypted: its passphrase is needed"),
            Self::Authentication => f.write_str("the passphrase is wrong, or the file was altered"),
            Self::Cost { found, max } => write!(f, "decryption costs {found}, and the limit is {max}"),
            Self::KeyUri(error) => error.fmt(f),
            Self::Migration(error) => error.fmt(f),
            Self::BatchMissing { index, of } => {
                write!(f, "batch {} of {of} is missing: read its picture too", u32::from(*index) + 1)
            }
            Self::MigrationAccount(error) => error.fmt(f),
            Self::Pskc { kind, line } => write!(f, "{kind} (line {line})"),
            Self::Io(kind) => write!(f, "the file cannot be read: {kind}"),
        }
    }
}
