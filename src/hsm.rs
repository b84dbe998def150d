//! HMACs from a hardware security module (HSM): the secret stays in the module, and only HMACs leave it.
//!
//! An [`Authenticator`](crate::Authenticator) created with [`in_hsm`](crate::Authenticator::in_hsm) holds the name of a
//! key instead of a secret. A [`Verifier`](crate::Verifier) created with [`with_hsm`](crate::Verifier::with_hsm)
//! requests the HMAC of every counter that a decision compares. The package `secondo-pkcs11` implements [`Hsm`] for
//! PKCS #11.

use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::ct::truncate::truncate;
use crate::types::{Algorithm, Counter};

/// A hardware security module that computes HMACs with keys that it never reveals.
///
/// A verification waits for the module. If the module fails, no decision is made: no code is accepted, and no failure
/// is counted.
pub trait Hsm: Send + Sync {
    /// The error of a failed request. It must contain neither keys nor HMACs.
    type Error: core::error::Error + Send + Sync + 'static;

    /// Computes the HMACs of 1 to 32 counters under one key.
    ///
    /// The message of each HMAC is the counter as 8 bytes in big-endian order (RFC 4226 section 5.2). The result has
    /// one HMAC for each counter, in the order of the counters.
    ///
    /// # Errors
    ///
    /// Returns the module's own error if it cannot compute every HMAC. The verification then ends with
    /// [`VerifierError::Hsm`](crate::VerifierError::Hsm).
    fn hmacs(
        &self,
        key: &HsmKey,
        algorithm: Algorithm,
        counters: &[Counter],
    ) -> impl Future<Output = Result<Vec<Hmac>, Self::Error>> + Send;
}

/// A placeholder for a missing HSM, the default of a [`Verifier`](crate::Verifier).
///
/// Every request fails with this value as the error.
#[derive(Clone, Copy, Debug)]
pub struct NoHsm;

impl Hsm for NoHsm {
    type Error = Self;

    async fn hmacs(&self, _: &HsmKey, _: Algorithm, _: &[Counter]) -> Result<Vec<Hmac>, Self> {
        Err(Self)
    }
}

impl NoHsm {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "no_hsm"
    }
}

impl fmt::Display for NoHsm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the authenticator's key is in an HSM, but the verifier has no HSM")
    }
}

impl core::error::Error for NoHsm {}

/// The name of a key in an HSM: 1 to 64 bytes that the module interprets (`CKA_ID` in PKCS #11). It is not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HsmKey {
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

impl HsmKey {
    /// The maximum length of a name in bytes.
    pub const MAX_LEN: usize = 64;

    /// Creates a name from its bytes.
    ///
    /// # Errors
    ///
    /// Returns [`HsmKeyError`] if the name is empty or longer than [`Self::MAX_LEN`] bytes.
    pub fn new(name: &[u8]) -> Result<Self, HsmKeyError> {
        let mut key = Self { bytes: [0; Self::MAX_LEN], len: 0 };
        match (key.bytes.get_mut(..name.len()), u8::try_from(name.len())) {
            (Some(slot), Ok(len @ 1..)) => {
                slot.copy_from_slice(name);
                key.len = len;
                Ok(key)
            }
            _ => Err(HsmKeyError(name.len())),
        }
    }

    /// Returns the bytes of the name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// A key name that is not 1 to 64 bytes long. It holds the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HsmKeyError(pub usize);

impl HsmKeyError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "hsm_key"
    }
}

impl fmt::Display for HsmKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name of an HSM key must have 1 to {} bytes, not {}", HsmKey::MAX_LEN, self.0)
    }
}

impl core::error::Error for HsmKeyError {}

/// The complete HMAC of one counter, before truncation to a code. It is secret, and wiped on drop.
pub struct Hmac {
    bytes: [u8; 64],
    len: usize,
}

impl Hmac {
    /// Creates an HMAC from its bytes: 20 for SHA-1, 32 for SHA-256 or 64 for SHA-512.
    ///
    /// # Errors
    ///
    /// Returns [`HmacError`] if the number of bytes is not 20, 32 or 64.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HmacError> {
        let len = bytes.len();
        let mut hmac = Self { bytes: [0; 64], len };
        match hmac.bytes.get_mut(..len) {
            Some(slot) if Algorithm::ALL.iter().any(|algorithm| algorithm.output_len() == len) => {
                slot.copy_from_slice(bytes);
                Ok(hmac)
            }
            _ => Err(HmacError(len)),
        }
    }

    pub(crate) fn is_of(&self, algorithm: Algorithm) -> bool {
        self.len == algorithm.output_len()
    }

    /// Returns the dynamic truncation of the HMAC: `DT` in RFC 4226 section 5.3.
    pub(crate) fn truncated(&self) -> u32 {
        let mut words = [0; 5];
        for (word, bytes) in words.iter_mut().zip(self.bytes.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        let last = self.bytes.get(self.len - 1).copied().unwrap_or_default();
        let truncated = truncate(words, u32::from(last));
        words.as_mut_slice().zeroize();
        truncated
    }
}

/// An HMAC that is not 20, 32 or 64 bytes long. It holds the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HmacError(pub usize);

impl HmacError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "hmac"
    }
}

impl fmt::Display for HmacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an HMAC must have 20, 32 or 64 bytes, not {}", self.0)
    }
}

impl core::error::Error for HmacError {}

impl Drop for Hmac {
    fn drop(&mut self) {
        self.bytes.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for Hmac {}

impl fmt::Debug for Hmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hmac(..)")
    }
}

/// A response of an HSM with a wrong number of HMACs, or with an HMAC of another hash function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrongAnswer;

impl fmt::Display for WrongAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the HSM returned a wrong number of HMACs, or an HMAC of another hash function")
    }
}

impl core::error::Error for WrongAnswer {}
