use core::fmt;
use core::str::FromStr;

use super::text::Text64;

/// The name under which a subscriber account is stored: 1 to 64 visible ASCII characters.
///
/// The identity provider chooses it, for example a UUID. It appears in logs and in the keys of a store, so it must be
/// neither secret nor personal data. Upper and lower case are different: a provider whose names are not case-sensitive
/// must convert them to one case before it creates an id.
///
/// In a database of the provider, the id is a text column that compares bytes (`COLLATE "C"` in PostgreSQL). Pass
/// [`Self::as_str`] to statements, and read ids with [`Self::new`].
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

    /// Returns the bytes of the text, as stores that order by bytes want them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.0.as_bytes()
    }

    /// Returns the id of the canary of a sealing key with this number.
    #[cfg(feature = "verifier")]
    pub(crate) fn canary(key: u32) -> Self {
        Self::reserved(Self::CANARY, &key.to_be_bytes())
    }

    /// Returns the id of the limit of a destination with this hash.
    #[cfg(feature = "verifier")]
    pub(crate) fn destination(hash: &[u8; 16]) -> Self {
        Self::reserved("secondo-destination-", hash)
    }

    /// Returns an id with this prefix and the bytes as hexadecimal digits. No account can be created under it.
    #[cfg(feature = "verifier")]
    fn reserved(prefix: &str, bytes: &[u8]) -> Self {
        let mut text = [0; Self::MAX_LEN];
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let digits = digits.map(|digit| if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        let mut len = 0;
        for (slot, character) in text.iter_mut().zip(prefix.bytes().chain(digits)) {
            *slot = character;
            len += 1;
        }
        Self(Name(Text64::of_ascii(text, len)))
    }

    #[cfg(feature = "verifier")]
    pub(crate) fn is_canary(&self) -> bool {
        self.as_str().starts_with(Self::CANARY)
    }

    /// Returns `true` if the id is for a record of the library itself, and not for an account.
    #[cfg(feature = "verifier")]
    pub(crate) fn is_reserved(&self) -> bool {
        self.as_str().starts_with("secondo-")
    }

    #[cfg(feature = "verifier")]
    const CANARY: &str = "secondo-canary-";

    /// Returns the text with zeros after it.
    pub(crate) fn padded(&self) -> &[u8; Self::MAX_LEN] {
        self.0.0.padded()
    }
}

impl FromStr for AccountId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl TryFrom<&str> for AccountId {
    type Error = IdError;

    fn try_from(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl AsRef<str> for AccountId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// A text of 1 to 64 visible ASCII characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(Text64);

impl Name {
    pub(crate) const MAX_LEN: usize = Text64::MAX_LEN;

    pub(crate) fn new(text: &str) -> Result<Self, IdError> {
        let name = Text64::new(text).ok_or(IdError::Length(text.len()))?;
        match text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            _ if text.is_empty() => Err(IdError::Length(0)),
            Some(position) => Err(IdError::Character { position }),
            None => Ok(Self(name)),
        }
    }

    pub(crate) const fn len(&self) -> u8 {
        self.0.len()
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
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

/// The number of an authenticator in its account.
///
/// The account assigns numbers from 1 on, and never assigns one again, not even after the authenticator is revoked. For
/// databases, which have no unsigned integers, it converts from and to `i64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthenticatorNumber(u32);

impl AuthenticatorNumber {
    /// Creates a number, for example from the field of a form.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl FromStr for AuthenticatorNumber {
    type Err = core::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl From<AuthenticatorNumber> for i64 {
    fn from(number: AuthenticatorNumber) -> Self {
        number.0.into()
    }
}

impl TryFrom<i64> for AuthenticatorNumber {
    type Error = core::num::TryFromIntError;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        number.try_into().map(Self)
    }
}

impl From<AuthenticatorNumber> for u32 {
    fn from(number: AuthenticatorNumber) -> Self {
        number.0
    }
}

impl fmt::Display for AuthenticatorNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "serde")]
mod serde {
    use core::fmt;

    use serde_core::de::{Deserialize, Deserializer, Error, Visitor};
    use serde_core::ser::{Serialize, Serializer};

    use super::{AccountId, AuthenticatorNumber};

    /// Serializes the text.
    impl Serialize for AccountId {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(self.as_str())
        }
    }

    impl<'de> Deserialize<'de> for AccountId {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_str(IdVisitor)
        }
    }

    struct IdVisitor;

    impl Visitor<'_> for IdVisitor {
        type Value = AccountId;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the id of an account")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<AccountId, E> {
            AccountId::new(text).map_err(E::custom)
        }
    }

    /// Serializes the number.
    impl Serialize for AuthenticatorNumber {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_u32(self.0)
        }
    }

    impl<'de> Deserialize<'de> for AuthenticatorNumber {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            u32::deserialize(deserializer).map(Self)
        }
    }
}
