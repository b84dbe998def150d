use core::convert::Infallible;
use core::fmt;
#[cfg(feature = "std")]
use std::io::{self, Read};
#[cfg(feature = "std")]
use std::{env, fs, path::Path};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A key from which [sealing keys](super::SealingKey) are derived, needed only when a program starts.
///
/// Anyone who has the master key, or may use it, can open every record.
pub trait MasterKey {
    /// The error of a key that could not be used. It must contain neither the key nor the HMAC.
    type Error: core::error::Error + Send + Sync + 'static;

    /// Writes the HMAC-SHA-256 (RFC 2104) of the message under this key to `mac`.
    ///
    /// # Errors
    ///
    /// Returns the key's own error if the HMAC cannot be computed. The content of `mac` is not used then.
    fn hmac_sha256(&self, message: &[u8], mac: &mut [u8; 32]) -> Result<(), Self::Error>;
}

/// The maximum length in bytes of a master key file: 64 digits, and some white space.
#[cfg(feature = "std")]
const MAX_TEXT_LEN: usize = 128;

/// A master key in this process's memory: 32 random bytes, wiped on drop.
///
/// Its text is 64 hexadecimal digits, as `openssl rand -hex 32` prints them. White space around them is ignored.
pub struct LocalMasterKey([u8; 32]);

impl LocalMasterKey {
    /// Parses a key from 64 hexadecimal digits, in upper or lower case.
    ///
    /// # Errors
    ///
    /// Returns [`MasterKeyError::Text`] if the text is anything else, or [`MasterKeyError::Zero`] if all digits are 0.
    pub fn from_hex(text: &str) -> Result<Self, MasterKeyError> {
        let mut key = Self([0; 32]);
        let text = text.trim_ascii();
        match base16ct::mixed::decode(text, &mut key.0) {
            Ok(decoded) if decoded.len() == 32 => match decoded.iter().fold(0, |all, byte| all | byte) {
                0 => Err(MasterKeyError::Zero),
                _ => Ok(key),
            },
            _ => Err(MasterKeyError::Text { len: text.len() }),
        }
    }

    /// Reads a key from a file of at most 128 bytes that is accessible only to its owner and its group.
    ///
    /// The permissions are checked on Unix only.
    ///
    /// In a container, a key is often a mount with the mode `0444`, which is [exposed](MasterKeyError::Exposed) and
    /// which `chmod` cannot change. Set the mode where the mount is described:
    ///
    /// - Kubernetes: `defaultMode: 0440` of the volume of the `secret`, and `fsGroup` of the pod's `securityContext`:
    ///   the number of a group that no other program on the node has. The process is then in that group.
    /// - Docker Compose and Swarm: `mode: 0440` of the service's secret, and `gid` with the group of the process.
    ///   Compose without Swarm mounts the file with the mode that it has on the host: run `chmod 440` on it there.
    ///
    /// # Errors
    ///
    /// Returns [`MasterKeyError::File`] if the file cannot be read, [`MasterKeyError::Exposed`] if users outside its
    /// group have access to it, or the errors of [`Self::from_hex`] if its text is not a key.
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
        // The capacity exceeds what is read, because a reallocation would leave a copy of the text behind.
        let mut text = Zeroizing::new(String::with_capacity(2 * MAX_TEXT_LEN));
        let read = file.take(MAX_TEXT_LEN as u64 + 1).read_to_string(&mut text);
        let len = read.map_err(|error| MasterKeyError::File(error.kind()))?;
        if len > MAX_TEXT_LEN {
            return Err(MasterKeyError::Text { len });
        }
        Self::from_hex(&text)
    }

    /// Reads a key from an environment variable.
    ///
    /// The variable is not removed: anything that can read the environment of the process has the key.
    ///
    /// # Errors
    ///
    /// Returns [`MasterKeyError::Variable`] if the variable is not set or is not Unicode, or the errors of
    /// [`Self::from_hex`] if its value is not a key.
    #[cfg(feature = "std")]
    pub fn from_env(name: &str) -> Result<Self, MasterKeyError> {
        let text = Zeroizing::new(env::var(name).map_err(|_| MasterKeyError::Variable)?);
        Self::from_hex(&text)
    }
}

impl MasterKey for LocalMasterKey {
    type Error = Infallible;

    fn hmac_sha256(&self, message: &[u8], mac: &mut [u8; 32]) -> Result<(), Infallible> {
        // Zeros pad the key to one block, as in HMAC itself (RFC 2104 section 2).
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

/// An error from reading a [`LocalMasterKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// The text is not 64 hexadecimal digits.
    Text {
        /// The length of the text in bytes, without white space around it; 129 for a file that is longer than 128
        /// bytes.
        len: usize,
    },
    /// All digits are 0: a placeholder, or a file that was never written. Everybody can guess that key.
    Zero,
    /// The environment variable is not set, or its value is not Unicode.
    #[cfg(feature = "std")]
    Variable,
    /// The file could not be read, or is not UTF-8.
    #[cfg(feature = "std")]
    File(io::ErrorKind),
    /// The file is accessible to users other than its owner and its group. In a container, this is a matter of the
    /// [mount](LocalMasterKey::from_file).
    #[cfg(feature = "std")]
    Exposed,
}

impl MasterKeyError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Zero => "zero",
            #[cfg(feature = "std")]
            Self::Variable => "variable",
            #[cfg(feature = "std")]
            Self::File(_) => "file",
            #[cfg(feature = "std")]
            Self::Exposed => "exposed",
        }
    }
}

impl fmt::Display for MasterKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { len } => {
                write!(f, "a master key must be 64 hexadecimal digits, but the text of length {len} is not")
            }
            Self::Zero => f.write_str(
                "a master key must be random, but all digits of this one are 0: make one with `openssl rand -hex 32`",
            ),
            #[cfg(feature = "std")]
            Self::Variable => f.write_str("the environment variable of the master key is not set, or is not Unicode"),
            #[cfg(feature = "std")]
            Self::File(kind) => write!(f, "the master key file cannot be read: {kind}"),
            #[cfg(feature = "std")]
            Self::Exposed => f.write_str(
                "the master key file is accessible to other users: run `chmod o=` on it, or for a mount in a container, set \
                 its mode to 0440 and the group of the process (in Kubernetes, `defaultMode: 0440` and `fsGroup`)",
            ),
        }
    }
}

impl core::error::Error for MasterKeyError {}
