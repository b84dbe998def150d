use core::fmt;

use crate::ParameterError;

/// The name under which one authenticator is stored: 1 to 64 visible ASCII characters.
///
/// It is the provider's own, for example a UUID. It appears in logs and in a store's keys, so it must be neither secret
/// nor personal data.
///
/// ```
/// use secondo::{AuthenticatorId, ParameterError};
///
/// let id = AuthenticatorId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
/// assert_eq!(AuthenticatorId::new("a b").unwrap_err(), ParameterError::IdCharacter { position: 1 });
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthenticatorId {
    ascii: [u8; Self::MAX_LEN],
    len: u8,
}

impl AuthenticatorId {
    /// The most characters.
    pub const MAX_LEN: usize = 64;

    /// An identifier of this text.
    ///
    /// # Errors
    ///
    /// [`ParameterError::IdLength`] or [`ParameterError::IdCharacter`].
    pub fn new(text: &str) -> Result<Self, ParameterError> {
        let len = text.len();
        let mut id = Self { ascii: [0; Self::MAX_LEN], len: 0 };
        match (id.ascii.get_mut(..len), u8::try_from(len)) {
            (Some(slot), Ok(len)) if len > 0 => {
                slot.copy_from_slice(text.as_bytes());
                id.len = len;
            }
            _ => return Err(ParameterError::IdLength(len)),
        }
        match text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            Some(position) => Err(ParameterError::IdCharacter { position }),
            None => Ok(id),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let ascii = self.ascii.get(..usize::from(self.len)).unwrap_or_default();
        core::str::from_utf8(ascii).unwrap_or_default()
    }

    /// The text with zeros after it.
    pub(crate) fn padded(&self) -> &[u8; Self::MAX_LEN] {
        &self.ascii
    }
}

impl fmt::Display for AuthenticatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AuthenticatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthenticatorId({self})")
    }
}
