use core::fmt;

use super::printable::is_disguise;

/// A text of at most 64 bytes, held without an allocation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Text64 {
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

impl Text64 {
    pub(super) const MAX_LEN: usize = 64;

    /// Returns `None` if the text is longer.
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; Self::MAX_LEN];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { bytes, len: u8::try_from(text.len()).ok()? })
    }

    /// Creates a text from ASCII characters.
    pub(super) const fn of_ascii(bytes: [u8; Self::MAX_LEN], len: u8) -> Self {
        Self { bytes, len }
    }

    pub(super) const fn len(&self) -> u8 {
        self.len
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    pub(super) fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// Returns the bytes of the text with zeros after them.
    pub(super) fn padded(&self) -> &[u8; Self::MAX_LEN] {
        &self.bytes
    }
}

/// The name that a subscriber chose for an authenticator, such as `telefono`: at most 64 bytes of printable text.
///
/// Control characters, line breaks and marks that change the direction of the text are not accepted, so that a name
/// cannot disguise what a page or a log shows around it. A page must still escape the name as it escapes any text of a
/// user. The default is the empty name.
///
/// ```
/// use secondo::types::{DisplayName, DisplayNameError};
///
/// assert_eq!(DisplayName::new("telefono")?.as_str(), "telefono");
/// assert_eq!(DisplayName::new("a\nb").unwrap_err(), DisplayNameError::Character { position: 1 });
/// # Ok::<(), DisplayNameError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DisplayName(Text64);

impl DisplayName {
    /// The maximum length in bytes.
    pub const MAX_LEN: usize = Text64::MAX_LEN;
    /// The empty name.
    pub const EMPTY: Self = Self(Text64 { bytes: [0; Self::MAX_LEN], len: 0 });

    /// Creates a name from its text.
    ///
    /// # Errors
    ///
    /// Returns [`DisplayNameError::Length`] if the text has more than [`Self::MAX_LEN`] bytes, and
    /// [`DisplayNameError::Character`] for a character that is not accepted.
    pub fn new(text: &str) -> Result<Self, DisplayNameError> {
        let name = Text64::new(text).ok_or(DisplayNameError::Length(text.len()))?;
        // Most names are of these characters alone, and each login reads the names of its account.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Ok(Self(name));
        }
        match text.char_indices().find(|(_, character)| is_disguise(*character)) {
            Some((position, _)) => Err(DisplayNameError::Character { position }),
            None => Ok(Self(name)),
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    #[cfg(feature = "verifier")]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Returns the length in bytes.
    #[cfg(feature = "verifier")]
    pub(crate) const fn len(&self) -> u8 {
        self.0.len()
    }
}

impl Default for DisplayName {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DisplayName({:?})", self.as_str())
    }
}

/// A text that is not a [`DisplayName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisplayNameError {
    /// The text has this number of bytes, more than 64.
    Length(usize),
    /// A character is a control character, a line separator, or a mark that changes the direction of the text.
    Character {
        /// The position of its first byte, from 0.
        position: usize,
    },
}

impl DisplayNameError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Length(_) => "length",
            Self::Character { .. } => "character",
        }
    }
}

impl fmt::Display for DisplayNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(found) => write!(f, "a name must have at most {} bytes, not {found}", DisplayName::MAX_LEN),
            Self::Character { position } => {
                write!(f, "a name must not have control characters or marks of direction, as at byte {position}")
            }
        }
    }
}

impl core::error::Error for DisplayNameError {}
