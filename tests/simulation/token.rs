//! Hardware tokens, as people carry them.

use secondo::factor::NewAuthenticator;
use secondo::factor::ocra::{self, Inputs, Question, Suite};
use secondo::{Algorithm, Authenticator, AuthenticatorNumber, Digits, Hotp, Key, Secret};

use crate::call::{Payee, transaction};
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

/// A token that answers challenges (OCRA), in seven digits.
///
/// The library computes its responses too: the vectors in `tests/suite/ocra.rs` check the computation.
pub(crate) struct ChallengeToken {
    pub(crate) number: AuthenticatorNumber,
    secret: [u8; 32],
    suite: Suite,
}

impl ChallengeToken {
    pub(crate) fn new(number: AuthenticatorNumber, secret: [u8; 32]) -> Self {
        Self { number, secret, suite: Suite::parse("OCRA-1:HOTP-SHA256-7:QN08").unwrap() }
    }

    pub(crate) fn authenticator(&self) -> NewAuthenticator {
        ocra::Token::new(self.suite, Secret::from_bytes(&self.secret).unwrap(), None).unwrap().into()
    }

    /// Returns the response to a question.
    pub(crate) fn respond(&self, question: &str) -> String {
        let key = Key::new(self.suite.algorithm(), &Secret::from_bytes(&self.secret).unwrap());
        let question = Question::new(self.suite.question(), question).unwrap();
        self.suite.response(&key, &Inputs::one_way(&question)).unwrap().as_str().to_owned()
    }

    /// Returns the response that signs a transaction, whose question the token computes.
    pub(crate) fn sign(&self, payee: Payee, nonce: &[u8; 16]) -> String {
        self.respond(transaction(payee).question(self.suite.question(), nonce).as_str())
    }
}
