use core::fmt;

/// The maximum length of a message in bytes.
pub(super) const MAX_LEN: usize = 2048;

/// The reason that a text is not a message of this version. Nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// The text has this number of bytes, more than 2048.
    TooLong(usize),
    /// The text is not one JSON object of texts and numbers.
    NotJson {
        /// The column of the first invalid character, from 1.
        column: usize,
    },
    /// The first field is not `v`, or its value is not 1: another version wrote the message.
    Version,
    /// A field is not one of the message.
    UnknownField {
        /// The column after the name of the field.
        column: usize,
    },
    /// The message has this field twice.
    Duplicate(&'static str),
    /// The message does not have this field.
    Missing(&'static str),
    /// The value of this field is not valid, or has the wrong length.
    Invalid(&'static str),
    /// The text of an activation does not begin with `secondo-push:`, or is not base64url after it.
    NotActivation,
}

impl MessageError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "too_long",
            Self::NotJson { .. } => "not_json",
            Self::Version => "version",
            Self::UnknownField { .. } => "unknown_field",
            Self::Duplicate(_) => "duplicate",
            Self::Missing(_) => "missing",
            Self::Invalid(_) => "invalid",
            Self::NotActivation => "not_activation",
        }
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(found) => write!(f, "the message must have at most {MAX_LEN} bytes, not {found}"),
            Self::NotJson { column } => {
                write!(f, "the message is not a JSON object of texts and numbers, at column {column}")
            }
            Self::Version => f.write_str("the message is not of version 1"),
            Self::UnknownField { column } => write!(f, "the message has an unknown field before column {column}"),
            Self::Duplicate(field) => write!(f, "the message has the field {field} twice"),
            Self::Missing(field) => write!(f, "the message has no field {field}"),
            Self::Invalid(field) => write!(f, "the field {field} of the message is not valid"),
            Self::NotActivation => f.write_str("the text is not an activation"),
        }
    }
}

impl core::error::Error for MessageError {}
