use core::fmt;

use sha1::Digest;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::types::Algorithm;

/// The hash of a subscriber's PIN or password, which a suite with `PSHA1`, `PSHA256` or `PSHA512` includes.
///
/// It has no salt, so that a PIN of a few digits is found from it at once: protect it like a secret. It is wiped on
/// drop.
pub struct PinHash {
    bytes: [u8; 64],
    algorithm: Algorithm,
}

impl PinHash {
    /// The place of a hash in a token without a PIN.
    #[cfg(feature = "verifier")]
    pub(super) const NONE: Self = Self { bytes: [0; 64], algorithm: Algorithm::Sha1 };

    /// Hashes a PIN.
    #[must_use]
    pub fn new(algorithm: Algorithm, pin: &str) -> Self {
        let mut hash = Self { bytes: [0; 64], algorithm };
        match algorithm {
            Algorithm::Sha1 => hash.fill(sha1::Sha1::digest(pin).as_mut_slice()),
            #[cfg(feature = "sha2")]
            Algorithm::Sha256 => hash.fill(sha2::Sha256::digest(pin).as_mut_slice()),
            #[cfg(feature = "sha2")]
            Algorithm::Sha512 => hash.fill(sha2::Sha512::digest(pin).as_mut_slice()),
        }
        hash
    }

    /// Creates the hash from its bytes, as they were stored.
    ///
    /// # Errors
    ///
    /// Returns [`PinHashError`] if the number of bytes is not the length of the algorithm's output.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, PinHashError> {
        let (expected, found) = (algorithm.output_len(), bytes.len());
        if found != expected {
            return Err(PinHashError { expected, found });
        }
        let mut hash = Self { bytes: [0; 64], algorithm };
        hash.bytes.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
        Ok(hash)
    }

    /// Returns the hash function.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the bytes of the hash, to store them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.bytes.get(..self.algorithm.output_len()).unwrap_or_default()
    }

    #[cfg(feature = "verifier")]
    pub(super) const fn copied(&self) -> Self {
        Self { bytes: self.bytes, algorithm: self.algorithm }
    }

    /// Moves these bytes into the hash.
    fn fill(&mut self, bytes: &mut [u8]) {
        self.bytes.iter_mut().zip(&*bytes).for_each(|(slot, byte)| *slot = *byte);
        bytes.zeroize();
    }
}

impl Drop for PinHash {
    fn drop(&mut self) {
        self.bytes.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for PinHash {}

impl fmt::Debug for PinHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinHash(..)")
    }
}

/// The hash of a PIN that does not have the length of its hash function's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinHashError {
    /// The number of bytes that the hash function puts out.
    pub expected: usize,
    /// The number of bytes found.
    pub found: usize,
}

impl PinHashError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "pin_hash"
    }
}

impl fmt::Display for PinHashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the hash of a PIN must have {} bytes, not {}", self.expected, self.found)
    }
}

impl core::error::Error for PinHashError {}
