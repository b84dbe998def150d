use alloc::vec::Vec;
use core::fmt;

use super::kind::{Kept, Kind};
use crate::ct::declassify::declassify;
use crate::decision::Stage;
use crate::policy::Policy;
use crate::types::{Level, UnixTime};

/// An authenticator that other software judges, such as a passkey (`WebAuthn`).
///
/// The account lists, suspends and revokes it like the subscriber's other authenticators. While it is
/// active, the others may be revoked. No code is ever compared with it.
///
/// ```
/// use secondo::factor::{External, ExternalError};
/// use secondo::types::Level;
///
/// // The 64 bytes are for the provider, for example a reference to the credential in its own table.
/// let passkey = External::new(Level::Three, b"credential 4711")?;
/// assert_eq!(passkey.data(), b"credential 4711");
/// # Ok::<(), ExternalError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct External {
    level: Level,
    data: [u8; Self::MAX_LEN],
    len: u8,
}

impl External {
    /// The maximum number of bytes of data.
    pub const MAX_LEN: usize = 64;

    /// Creates an authenticator of this level, with data for the provider.
    ///
    /// # Errors
    ///
    /// Returns [`ExternalError`] if the data has more than [`Self::MAX_LEN`] bytes.
    pub fn new(level: Level, data: &[u8]) -> Result<Self, ExternalError> {
        let mut external = Self { level, data: [0; Self::MAX_LEN], len: 0 };
        match (external.data.get_mut(..data.len()), u8::try_from(data.len())) {
            (Some(slot), Ok(len)) => {
                slot.copy_from_slice(data);
                external.len = len;
                Ok(external)
            }
            _ => Err(ExternalError { found: data.len() }),
        }
    }

    /// Returns the level that a login with this authenticator reaches.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Returns the provider's data.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.data.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl External {
    pub(super) const fn copied(&self) -> Self {
        *self
    }
}

impl Kept for External {
    fn kind(&self) -> Kind {
        Kind::External
    }

    fn encoded_len(&self) -> usize {
        1 + self.data().len()
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.level as u8);
        bytes.extend(self.data());
    }

    fn decode(bytes: &mut [u8]) -> Result<Self, usize> {
        declassify(bytes);
        let (level, data) = bytes.split_first().ok_or(0_usize)?;
        let level = Level::try_from(*level).map_err(|_| 0_usize)?;
        Self::new(level, data).map_err(|_| 1)
    }

    fn takes(&self, _: Stage) -> bool {
        false
    }

    /// Does nothing: the other software knows what was used.
    fn after_restore(&mut self, _: &Policy, _: UnixTime) {}

    fn shares_secret(&self, other: &Self) -> bool {
        self.data() == other.data()
    }
}

impl fmt::Debug for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "External({:?}, {} bytes)", self.level, self.len)
    }
}

/// Data of more than [`External::MAX_LEN`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalError {
    /// The number of bytes.
    pub found: usize,
}

impl ExternalError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "external"
    }
}

impl fmt::Display for ExternalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let max = External::MAX_LEN;
        write!(f, "the data of an external authenticator must have at most {max} bytes, not {}", self.found)
    }
}

impl core::error::Error for ExternalError {}
