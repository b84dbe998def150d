//! Hardware tokens, as people carry them.

use secondo::factor::NewAuthenticator;
use secondo::{Algorithm, Authenticator, AuthenticatorNumber, Digits, Hotp, Secret};

use crate::naive;

/// A token that shows a code by counter (HOTP) when its button is pressed.
///
/// The codes have eight digits, so that no code of a phone is by chance one of the token.
pub(crate) struct Token {
    pub(crate) number: AuthenticatorNumber,
    secret: [u8; 32],
    /// The counter of the next code.
    next: u64,
}

impl Token {
    pub(crate) fn new(number: AuthenticatorNumber, secret: [u8; 32]) -> Self {
        Self { number, secret, next: 0 }
    }

    pub(crate) fn authenticator(&self) -> NewAuthenticator {
        let secret = Secret::from_bytes(&self.secret).unwrap();
        Authenticator::new(Hotp::new(Digits::Eight), Algorithm::Sha256, secret).into()
    }

    /// Shows the next code.
    pub(crate) fn press(&mut self) -> String {
        self.next += 1;
        self.code_of(self.next - 1)
    }

    /// Returns the code of a counter, which the library does not compute.
    pub(crate) fn code_of(&self, counter: u64) -> String {
        naive::code(Algorithm::Sha256, &self.secret, counter, 8)
    }
}
