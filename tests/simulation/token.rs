//! Phones and hardware tokens, as people carry them.

use rand::RngExt;
use rand::rngs::SmallRng;
use secondo::factor::NewAuthenticator;
use secondo::factor::ocra::{self, Inputs, Question, Suite};
use secondo::types::Period;
use secondo::{Algorithm, Authenticator, AuthenticatorNumber, Digits, Hotp, Key, Secret, Totp};

use crate::call::{Payee, transaction};
use crate::naive;

/// An authenticator that shows codes by its own clock (TOTP): a phone, or a token whose codes have eight digits.
pub(crate) struct Clock {
    pub(crate) number: AuthenticatorNumber,
    pub(crate) digits: usize,
    secret: [u8; 32],
    /// The seconds by which it is ahead.
    pub(crate) ahead: i64,
    /// The time at which the clock of a token was set right, and the seconds by which it drifts in a million.
    set: (u64, i64),
}

impl Clock {
    pub(crate) fn new(number: AuthenticatorNumber, digits: usize, secret: [u8; 32]) -> Self {
        Self { number, digits, secret, ahead: 0, set: (0, 0) }
    }

    pub(crate) fn authenticator(&self) -> NewAuthenticator {
        let digits = if self.digits == 6 { Digits::Six } else { Digits::Eight };
        let secret = Secret::from_bytes(&self.secret).unwrap();
        Authenticator::new(Totp::new(digits, Period::default()), Algorithm::Sha256, secret).into()
    }

    pub(crate) fn code(&self, time: u64) -> String {
        self.code_of(self.step(time))
    }

    /// Returns the time step that it shows at this time.
    pub(crate) fn step(&self, time: u64) -> u64 {
        time.saturating_add_signed(self.ahead) / 30
    }

    /// Returns the code of a time step, which the library does not compute.
    pub(crate) fn code_of(&self, step: u64) -> String {
        naive::code(Algorithm::Sha256, &self.secret, step, self.digits)
    }

    /// Sets the clock right. From then on it drifts by one to three seconds a day.
    pub(crate) fn set_right(&mut self, time: u64, rng: &mut SmallRng) {
        let drift = rng.random_range(10..=30);
        (self.ahead, self.set) = (0, (time, if rng.random() { drift } else { -drift }));
    }

    /// Lets the clock drift until this time.
    pub(crate) fn drift(&mut self, time: u64) {
        let (set, drift) = self.set;
        self.ahead = (time - set).cast_signed() * drift / 1_000_000;
    }
}

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
