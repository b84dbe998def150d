use core::fmt;

use super::text::Entered;

/// Recovery codes of another system that cannot be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoveryCodesError {
    /// The number of codes is 0, or more than
    /// [`ImportedRecoveryCodes::MAX_CODES`](super::ImportedRecoveryCodes::MAX_CODES).
    Count(usize),
    /// A code has no characters, or too many.
    Length(usize),
}

impl RecoveryCodesError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Count(_) => "count",
            Self::Length(_) => "length",
        }
    }
}

impl fmt::Display for RecoveryCodesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(found) => write!(f, "a set must have 1 to 16 recovery codes, not {found}"),
            Self::Length(found) => {
                write!(f, "a recovery code must have 1 to {} characters, not {found}", Entered::MAX_LEN)
            }
        }
    }
}

impl core::error::Error for RecoveryCodesError {}
