use crate::codes::Key;
use crate::factor::Method;
#[cfg(feature = "verifier")]
use crate::hsm::HsmKey;
use crate::types::{Algorithm, Code, Counter, Secret, UnixTime};

/// The values that a subscriber's authenticator and the verifier share: the key, its algorithm, and the method.
///
/// The key is held in one of three forms. The secret itself can be shown again. A prepared [`Key`] cannot, and is
/// faster. With the feature `verifier`, the name of a key stands for one that never leaves a hardware security module.
///
/// ```
/// use secondo::{Algorithm, Authenticator, Key, Secret, Totp};
///
/// let secret = Secret::from_base32_grouped("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ")?;
/// let shown_again = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
///
/// let secret = Secret::from_base32_grouped("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ")?;
/// let only_verified = Authenticator::from_key(Totp::default(), Key::new(Algorithm::Sha1, &secret));
/// assert!(only_verified.secret().is_none());
/// # Ok::<(), secondo::types::SecretError>(())
/// ```
#[derive(Debug)]
pub struct Authenticator {
    method: Method,
    material: Material,
}

#[derive(Debug)]
pub(crate) enum Material {
    Secret(Algorithm, Secret),
    Key(Key),
    #[cfg(feature = "verifier")]
    Hsm(Algorithm, HsmKey),
}

impl Authenticator {
    /// Creates an authenticator with its secret.
    ///
    /// Some apps misread other parameters than the default and say nothing: see
    /// [`KeyUri::new`](crate::formats::otpauth::KeyUri::new).
    #[must_use]
    #[inline]
    pub fn new(method: impl Into<Method>, algorithm: Algorithm, secret: Secret) -> Self {
        Self { method: method.into(), material: Material::Secret(algorithm, secret) }
    }

    /// Creates an authenticator with a prepared key, from which the secret cannot be computed.
    ///
    /// The key is still sensitive: it computes codes.
    #[must_use]
    #[inline]
    pub fn from_key(method: impl Into<Method>, key: Key) -> Self {
        Self { method: method.into(), material: Material::Key(key) }
    }

    /// Creates an authenticator whose secret is in a hardware security module, under this name.
    #[cfg(feature = "verifier")]
    #[must_use]
    pub fn in_hsm(method: impl Into<Method>, algorithm: Algorithm, key: HsmKey) -> Self {
        Self { method: method.into(), material: Material::Hsm(algorithm, key) }
    }

    /// Returns the kind of its codes, with their parameters.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// Returns the hash function.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.material {
            Material::Secret(algorithm, _) => *algorithm,
            Material::Key(key) => key.algorithm(),
            #[cfg(feature = "verifier")]
            Material::Hsm(algorithm, _) => *algorithm,
        }
    }

    /// Returns the secret, if the authenticator holds it.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        match &self.material {
            Material::Secret(_, secret) => Some(secret),
            Material::Key(_) => None,
            #[cfg(feature = "verifier")]
            Material::Hsm(..) => None,
        }
    }

    /// Returns the key that computes codes, unless it is in a hardware security module.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        match &self.material {
            Material::Secret(algorithm, secret) => Some(Key::new(*algorithm, secret)),
            Material::Key(key) => Some(key.copied()),
            #[cfg(feature = "verifier")]
            Material::Hsm(..) => None,
        }
    }

    /// Computes the code that a TOTP authenticator shows at this time, for example in the tests of a provider.
    ///
    /// Returns `None` if the authenticator is HOTP, if the time is before its T0, or if its key is in a hardware
    /// security module.
    ///
    /// ```
    /// use secondo::{Algorithm, Authenticator, Secret, Totp, UnixTime};
    ///
    /// let secret = Secret::from_bytes(b"12345678901234567890")?;
    /// let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
    /// let code = phone.totp_code(UnixTime::from_secs(1_111_111_109)?).ok_or("TOTP")?;
    /// assert_eq!(code.as_str(), "081804");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn totp_code(&self, now: UnixTime) -> Option<Code> {
        match self.method {
            Method::Totp(totp) => totp.generate(&self.key()?, now).ok(),
            Method::Hotp(_) => None,
        }
    }

    /// Computes the code that an HOTP authenticator shows at this counter, for example in the tests of a provider.
    ///
    /// Returns `None` if the authenticator is TOTP, or if its key is in a hardware security module.
    #[must_use]
    pub fn hotp_code(&self, counter: Counter) -> Option<Code> {
        match self.method {
            Method::Hotp(hotp) => Some(hotp.generate(&self.key()?, counter)),
            Method::Totp(_) => None,
        }
    }

    #[cfg(feature = "verifier")]
    pub(crate) fn copied(&self) -> Self {
        let material = match &self.material {
            Material::Secret(algorithm, secret) => Material::Secret(*algorithm, secret.copied()),
            Material::Key(key) => Material::Key(key.copied()),
            Material::Hsm(algorithm, key) => Material::Hsm(*algorithm, *key),
        };
        Self { method: self.method, material }
    }

    #[cfg(feature = "verifier")]
    pub(crate) fn material(&self) -> &Material {
        &self.material
    }
}
