use crate::{Algorithm, Key, Method, Secret};

/// What a subscriber's authenticator and the verifier share: the secret, its algorithm, and the parameters of the codes.
///
/// ```
/// use secondo::{Algorithm, Authenticator, Secret, Totp};
///
/// let secret = Secret::from_base32_grouped("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ")?;
/// let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
/// # Ok::<(), secondo::SecretError>(())
/// ```
#[derive(Debug)]
pub struct Authenticator {
    method: Method,
    algorithm: Algorithm,
    secret: Secret,
}

impl Authenticator {
    /// An authenticator of these parts.
    #[must_use]
    #[inline]
    pub fn new(method: impl Into<Method>, algorithm: Algorithm, secret: Secret) -> Self {
        Self { method: method.into(), algorithm, secret }
    }

    /// How its codes move on.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// The hash function.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The secret, if the authenticator holds it.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        Some(&self.secret)
    }

    /// The secret, prepared for computing codes.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::new(self.algorithm, &self.secret)
    }
}
