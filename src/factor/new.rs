use crate::factor::ocra::{Ocra, Token};
#[cfg(feature = "push")]
use crate::factor::push::{Activation, Push};
use crate::factor::{
    Authenticator, Destination, External, Factor, ImportedRecoveryCodes, Otp, OutOfBand, RecoveryCodes,
};
use crate::types::{Counter, DisplayName, DisplayNameError};

/// An authenticator of any kind that is to be enrolled, with the name that the subscriber chose for it.
///
/// ```
/// use secondo::factor::NewAuthenticator;
/// use secondo::{Algorithm, Authenticator, Secret, Totp};
///
/// let secret = Secret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")?;
/// let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
/// let phone = NewAuthenticator::from(phone).named("telefono")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct NewAuthenticator {
    pub(crate) factor: Factor,
    pub(crate) name: DisplayName,
}

impl NewAuthenticator {
    /// Sets the counter of the next code, for a token that has already shown codes. It is 0 without this call.
    ///
    /// It has no effect on an authenticator without a counter.
    #[must_use]
    pub fn starting_at(mut self, next: Counter) -> Self {
        self.factor.kept_mut().start_at(next);
        self
    }

    /// Sets the name. Without it, the name is empty.
    ///
    /// # Errors
    ///
    /// Returns [`DisplayNameError`] if the text is not a [`DisplayName`].
    pub fn named(mut self, name: &str) -> Result<Self, DisplayNameError> {
        self.name = DisplayName::new(name)?;
        Ok(self)
    }
}

impl From<Authenticator> for NewAuthenticator {
    fn from(authenticator: Authenticator) -> Self {
        Self { factor: Factor::Otp(Otp::new(authenticator)), name: DisplayName::EMPTY }
    }
}

/// Copies the authenticator, for example one whose key URI is still to be shown.
impl From<&Authenticator> for NewAuthenticator {
    fn from(authenticator: &Authenticator) -> Self {
        Self::from(authenticator.copied())
    }
}

/// Takes the activation, whose [link](crate::push::Activation::link) is still to be shown.
#[cfg(feature = "push")]
impl From<&Activation> for NewAuthenticator {
    fn from(activation: &Activation) -> Self {
        Self { factor: Factor::Push(Push::new(activation)), name: DisplayName::EMPTY }
    }
}

impl From<External> for NewAuthenticator {
    fn from(external: External) -> Self {
        Self { factor: Factor::External(external), name: DisplayName::EMPTY }
    }
}

/// Enrolls a destination of codes. It is confirmed by the first code that is sent to it.
impl From<Destination> for NewAuthenticator {
    fn from(destination: Destination) -> Self {
        Self { factor: Factor::OutOfBand(OutOfBand::new(destination)), name: DisplayName::EMPTY }
    }
}

/// Enrolls a token that answers challenges. It is confirmed by its first response.
impl From<Token> for NewAuthenticator {
    fn from(token: Token) -> Self {
        Self { factor: Factor::Ocra(Ocra::new(token)), name: DisplayName::EMPTY }
    }
}

/// Hashes the codes, which takes some three milliseconds for each. The account keeps only the hashes.
impl From<&RecoveryCodes> for NewAuthenticator {
    fn from(codes: &RecoveryCodes) -> Self {
        Self { factor: Factor::LookUp(codes.to_set()), name: DisplayName::EMPTY }
    }
}

impl From<ImportedRecoveryCodes> for NewAuthenticator {
    fn from(codes: ImportedRecoveryCodes) -> Self {
        Self { factor: Factor::LookUp(codes.into_set()), name: DisplayName::EMPTY }
    }
}

impl Token {
    /// Gives it the name that the subscriber chose, to [enroll](crate::Verifier::enroll) it.
    ///
    /// # Errors
    ///
    /// Returns [`DisplayNameError`] if the text is not a [`DisplayName`](crate::types::DisplayName).
    pub fn named(self, name: &str) -> Result<NewAuthenticator, DisplayNameError> {
        NewAuthenticator::from(self).named(name)
    }
}

impl Authenticator {
    /// Gives it the name that the subscriber chose, to [enroll](crate::Verifier::enroll) it.
    ///
    /// [`NewAuthenticator::from`] takes a reference as well, if the authenticator is still needed, for example in a
    /// [key URI](crate::formats::otpauth::KeyUri).
    ///
    /// # Errors
    ///
    /// Returns [`DisplayNameError`] if the text is not a [`DisplayName`](crate::types::DisplayName).
    pub fn named(self, name: &str) -> Result<NewAuthenticator, DisplayNameError> {
        NewAuthenticator::from(self).named(name)
    }
}
