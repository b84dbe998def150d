use core::fmt;

use p256::ecdsa::signature::Signer;
#[cfg(feature = "verifier")]
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::signed::Signed;
use crate::types::{Code, Digits};

/// The key of a device: P-256, in the phone's secure hardware.
///
/// Secure Enclave and Android Keystore make such keys and never give them out. Both sign in DER, which
/// [`raw_signature`] converts.
pub trait DeviceKey {
    /// The error of the key's hardware.
    type Error;

    /// Returns the public key as an uncompressed point (SEC 1): 4, then `x` and `y`.
    ///
    /// These are the last 65 bytes of Android's encoded key, and the "raw" format of `WebCrypto`.
    ///
    /// # Errors
    ///
    /// Returns the error of the hardware.
    fn public_key(&self) -> Result<[u8; 65], Self::Error>;

    /// Signs a message by ECDSA with SHA-256. Returns `r` and `s`, each of 32 bytes.
    ///
    /// # Errors
    ///
    /// Returns the error of the hardware.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], Self::Error>;
}

/// Converts a signature from DER, or returns `None` if it is not one on P-256.
#[must_use]
pub fn raw_signature(der: &[u8]) -> Option<[u8; 64]> {
    Signature::from_der(der).ok().map(|signature| signature.to_bytes().into())
}

/// A device's key in memory, for tests and for devices without secure hardware. It is wiped on drop.
pub struct SoftwareKey(SigningKey);

impl SoftwareKey {
    /// Creates a key from 32 random bytes.
    ///
    /// Returns `None` for bytes that are no key, which has a chance of 2^-32: draw others then.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        SigningKey::from_slice(bytes).ok().map(Self)
    }

    /// Returns the bytes of [`Self::from_bytes`], to be kept. They are secret.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }
}

impl DeviceKey for SoftwareKey {
    type Error = core::convert::Infallible;

    fn public_key(&self) -> Result<[u8; 65], Self::Error> {
        Ok(uncompressed(self.0.verifying_key()))
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], Self::Error> {
        let signature: Signature = self.0.sign(message);
        Ok(signature.to_bytes().into())
    }
}

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareKey(..)")
    }
}

/// The public key of a device, compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey([u8; Self::LEN]);

impl PublicKey {
    pub(crate) const LEN: usize = 33;

    /// Reads an uncompressed point, or returns `None` if it is not on the curve.
    pub(super) fn from_uncompressed(bytes: &[u8; 65]) -> Option<Self> {
        let key = VerifyingKey::from_sec1_bytes(bytes).ok()?;
        key.to_sec1_point(true).as_bytes().try_into().ok().map(Self)
    }

    /// Takes the stored form, which was checked when it was written: a check here would slow every login down.
    #[cfg(feature = "verifier")]
    pub(super) const fn from_stored(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    #[cfg(feature = "verifier")]
    pub(super) const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Returns `true` if the signature of this message is valid.
    #[cfg(feature = "verifier")]
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        match (VerifyingKey::from_sec1_bytes(&self.0), Signature::from_slice(signature)) {
            (Ok(key), Ok(signature)) => key.verify(message, &signature).is_ok(),
            _ => false,
        }
    }

    /// Returns the name of the device in messages.
    pub(super) fn device(&self) -> [u8; 16] {
        Sha256::digest(self.0).first_chunk().copied().unwrap_or_default()
    }
}

/// Returns the code that confirms a device: the app shows it, and the person types it into the page.
pub(super) fn confirmation_code(device: &[u8; 16]) -> Code {
    let hash = Sha256::digest(Signed::new("secondo push confirmation").bytes(device).finish());
    let value = hash.first_chunk().copied().map_or(0, u32::from_be_bytes);
    Code::from_truncated(value & 0x7fff_ffff, Digits::Six)
}

fn uncompressed(key: &VerifyingKey) -> [u8; 65] {
    key.to_sec1_point(false).as_bytes().try_into().unwrap_or([0; 65])
}
