//! HMACs computed elsewhere: the seed stays in a hardware security module, and only HMACs come out.
//!
//! An [`Authenticator`](crate::Authenticator) made with [`in_hsm`](crate::Authenticator::in_hsm) holds the name of a key
//! instead of a secret, and a [`Verifier`](crate::Verifier) that [has the module](crate::Verifier::with_hsm) asks it for
//! the HMAC of every counter that a decision looks at. The package `secondo-pkcs11` does this with PKCS #11.

use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::ct::truncate::truncate;
use crate::types::{Algorithm, Counter};

/// Computes HMACs with keys that it does not give away.
///
/// A decision waits for it, and is not made when it fails: nothing is accepted or counted then.
pub trait Hsm: Send + Sync {
    /// Why there are no HMACs. It must contain neither keys nor HMACs.
    type Error: core::error::Error + Send + Sync + 'static;

    /// The HMACs of these counters under one key, in their order: of each its 8 bytes in big-endian order (RFC 4226
    /// section 5.2). At most 32 counters are asked for at once.
    fn hmacs(
        &self,
        key: &HsmKey,
        algorithm: Algorithm,
        counters: &[Counter],
    ) -> impl Future<Output = Result<Vec<Hmac>, Self::Error>> + Send;
}

/// No module, which fails whatever it is asked: what a verifier has by default.
#[derive(Clone, Copy, Debug)]
pub struct NoHsm;

impl Hsm for NoHsm {
    type Error = Self;

    async fn hmacs(&self, _: &HsmKey, _: Algorithm, _: &[Counter]) -> Result<Vec<Hmac>, Self> {
        Err(Self)
    }
}

impl fmt::Display for NoHsm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key is in an HSM, and the verifier has none")
    }
}

impl core::error::Error for NoHsm {}

/// The name of a key in a module: 1 to 64 bytes that the module gives a meaning to (`CKA_ID` in PKCS #11). It is not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HsmKey {
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

impl HsmKey {
    /// The most bytes.
    pub const MAX_LEN: usize = 64;

    /// The name of these bytes.
    ///
    /// # Errors
    ///
    /// [`HsmKeyError`].
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

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// A length, in bytes, that the name of a key cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HsmKeyError(pub usize);

impl fmt::Display for HsmKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name of a key must have 1 to {} bytes, not {}", HsmKey::MAX_LEN, self.0)
    }
}

impl core::error::Error for HsmKeyError {}

/// The HMAC of one counter, whole. It gives the code, and is wiped on drop.
pub struct Hmac {
    bytes: [u8; 64],
    len: usize,
}

impl Hmac {
    /// The HMAC of these bytes, as many as its hash function has: 20, 32 or 64.
    ///
    /// # Errors
    ///
    /// [`HmacError`].
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

    /// `DT` of RFC 4226 section 5.3.
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

/// A length, in bytes, that no hash function's HMAC has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HmacError(pub usize);

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

/// A module did not answer what it was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrongAnswer;

impl fmt::Display for WrongAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the HSM gave other HMACs than it was asked for")
    }
}

impl core::error::Error for WrongAnswer {}
