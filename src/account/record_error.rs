use core::fmt;

use super::seal::SealError;

/// The version of the records that this library writes.
pub(super) const VERSION: u8 = 1;

/// An error from reading a stored record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// The version byte is unknown: the record comes from another version of this library, or from other software.
    Version(u8),
    /// The length, in bytes, is impossible for a record of this version, or over
    /// [`Value::MAX_LEN`](crate::store::Value::MAX_LEN).
    Length(usize),
    /// The record is sealed and cannot be opened, or it is plain and the verifier accepts only sealed records.
    Seal(SealError),
    /// A field has a value that this library never writes.
    Field {
        /// The offset of the field's first byte in the record, from 0.
        offset: usize,
    },
}

impl RecordError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::Length(_) => "length",
            Self::Seal(_) => "seal",
            Self::Field { .. } => "field",
        }
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => {
                write!(f, "unknown record version {version}; this library reads version {VERSION}")
            }
            Self::Length(length) => write!(f, "the record has an impossible length in bytes: {length}"),
            Self::Seal(error) => write!(f, "{error}"),
            Self::Field { offset } => write!(f, "the record's field at byte {offset} has an invalid value"),
        }
    }
}

impl core::error::Error for RecordError {}
