use core::convert::Infallible;
use core::fmt;
#[cfg(feature = "std")]
use std::io::{self, Read};
#[cfg(feature = "std")]
use std::{env, fs, path::Path};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// What sealing keys are derived from; used when a program starts, and not again.
///
/// Whoever has it, or may use it, can open every record.
pub trait MasterKey {
    /// Why the key could not be used. It must not contain the key or the result.
    type Error: core::error::Error + Send + Sync + 'static;

    /// Writes HMAC-SHA-256 of the message under this key (RFC 2104).
    ///
    /// # Errors
    ///
    /// The key's own; nothing of what was written is used then.
    fn hmac_sha256(&self, message: &[u8], mac: &mut [u8; 32]) -> Result<(), Self::Error>;
}

/// How much of a file is read: the digits, and some white space.
#[cfg(feature = "std")]
const MAX_TEXT_LEN: usize = 128;

/// A master key in this process's memory: 32 random bytes, wiped on drop.
///
/// Its text is 64 hexadecimal digits, as `openssl rand -hex 32` prints them; white space around it is left out.
pub struct LocalMasterKey([u8; 32]);

impl LocalMasterKey {
    /// The key of this text.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError::Text`].
    pub fn from_hex(text: &str) -> Result<Self, MasterKeyError> {
        let mut key = Self([0; 32]);
        let text = text.trim_ascii();
        match base16ct::mixed::decode(text, &mut key.0) {
            Ok(decoded) if decoded.len() == 32 => Ok(key),
            _ => Err(MasterKeyError::Text { len: text.len() }),
        }
    }

    /// The key in this file, which only its owner and perhaps its group may read.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError::File`], [`MasterKeyError::Exposed`] or [`MasterKeyError::Text`].
    #[cfg(feature = "std")]
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, MasterKeyError> {
        let file = fs::File::open(path).map_err(|error| MasterKeyError::File(error.kind()))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;

            let metadata = file.metadata().map_err(|error| MasterKeyError::File(error.kind()))?;
            if metadata.permissions().mode() & 0o007 != 0 {
                return Err(MasterKeyError::Exposed);
            }
        }
        // With room to spare: a text that is moved leaves a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(2 * MAX_TEXT_LEN));
        let read = file.take(MAX_TEXT_LEN as u64 + 1).read_to_string(&mut text);
        let len = read.map_err(|error| MasterKeyError::File(error.kind()))?;
        if len > MAX_TEXT_LEN {
            return Err(MasterKeyError::Text { len });
        }
        Self::from_hex(&text)
    }

    /// The key in this variable of the environment. It stays there too: what can read the process's environment has it.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError::Variable`] or [`MasterKeyError::Text`].
    #[cfg(feature = "std")]
    pub fn from_env(name: &str) -> Result<Self, MasterKeyError> {
        let text = Zeroizing::new(env::var(name).map_err(|_| MasterKeyError::Variable)?);
        Self::from_hex(&text)
    }
}

impl MasterKey for LocalMasterKey {
    type Error = Infallible;

    fn hmac_sha256(&self, message: &[u8], mac: &mut [u8; 32]) -> Result<(), Infallible> {
        // To the length of a block, as HMAC itself would.
        let mut padded = Zeroizing::new([0; 64]);
        if let Some(start) = padded.first_chunk_mut() {
            *start = self.0;
        }
        let mut hmac = Hmac::<Sha256>::new((&*padded).into());
        hmac.update(message);
        mac.copy_from_slice(&hmac.finalize().into_bytes());
        Ok(())
    }
}

impl Drop for LocalMasterKey {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for LocalMasterKey {}

impl fmt::Debug for LocalMasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalMasterKey(..)")
    }
}

/// There is no master key in what was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// The text is not 64 hexadecimal digits.
    Text {
        /// Its length in bytes; of a file, no more than 129 are read.
        len: usize,
    },
    /// The environment has no such variable, or not as text.
    #[cfg(feature = "std")]
    Variable,
    /// The file could not be read.
    #[cfg(feature = "std")]
    File(io::ErrorKind),
    /// The file can be used by others than its owner and its group.
    #[cfg(feature = "std")]
    Exposed,
}

impl fmt::Display for MasterKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { len } => write!(f, "a master key is 64 hexadecimal digits, and not these {len} bytes"),
            #[cfg(feature = "std")]
            Self::Variable => f.write_str("the variable of the master key is not set"),
            #[cfg(feature = "std")]
            Self::File(kind) => write!(f, "the master key's file: {kind}"),
            #[cfg(feature = "std")]
            Self::Exposed => f.write_str("the master key's file is open to others: chmod o= it"),
        }
    }
}

impl core::error::Error for MasterKeyError {}
