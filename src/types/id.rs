use core::fmt;

/// The name under which an authenticator is stored: 1 to 64 visible ASCII characters.
///
/// The identity provider chooses it, for example a UUID. It appears in logs and in the keys of a store, so it must be
/// neither secret nor personal data.
///
/// ```
/// use secondo::types::IdError;
/// use secondo::AccountId;
///
/// let id = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
/// assert_eq!(AccountId::new("a b").unwrap_err(), IdError::Character { position: 1 });
/// # Ok::<(), IdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(Name);

impl AccountId {
    /// The maximum number of characters.
    pub const MAX_LEN: usize = Name::MAX_LEN;

    /// Creates an identifier from its text.
    ///
    /// # Errors
    ///
    /// Returns [`IdError::Length`] if the text does not have 1 to [`Self::MAX_LEN`] bytes, and [`IdError::Character`]
    /// if a byte is not visible ASCII.
    pub fn new(text: &str) -> Result<Self, IdError> {
        Name::new(text).map(Self)
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the text with zeros after it.
    pub(crate) fn padded(&self) -> &[u8; Self::MAX_LEN] {
        &self.0.ascii
    }
}

/// A text of 1 to 64 visible ASCII characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    ascii: [u8; Self::MAX_LEN],
    len: u8,
}

impl Name {
    pub(crate) const MAX_LEN: usize = 64;

    pub(crate) fn new(text: &str) -> Result<Self, IdError> {
        let len = text.len();
        let mut name = Self { ascii: [0; Self::MAX_LEN], len: 0 };
        match (name.ascii.get_mut(..len), u8::try_from(len)) {
            (Some(slot), Ok(len)) if len > 0 => {
                slot.copy_from_slice(text.as_bytes());
                name.len = len;
            }
            _ => return Err(IdError::Length(len)),
        }
        match text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            Some(position) => Err(IdError::Character { position }),
            None => Ok(name),
        }
    }

    pub(crate) const fn len(&self) -> u8 {
        self.len
    }

    pub(crate) fn as_str(&self) -> &str {
        let ascii = self.ascii.get(..usize::from(self.len)).unwrap_or_default();
        core::str::from_utf8(ascii).unwrap_or_default()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({self})")
    }
}

/// An identifier that is not 1 to 64 visible ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdError {
    /// The length in bytes is not 1 to 64.
    Length(usize),
    /// A byte of the text is not visible ASCII.
    Character {
        /// The position of the byte, from 0.
        position: usize,
    },
}

impl IdError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Length(_) => "length",
            Self::Character { .. } => "character",
        }
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(found) => write!(f, "an identifier must have 1 to {} bytes, not {found}", Name::MAX_LEN),
            Self::Character { position } => {
                write!(f, "an identifier must be visible ASCII; the byte at position {position} is not")
            }
        }
    }
}

impl core::error::Error for IdError {}
