//! Tokens that answer challenges, as a subscriber holds them.

use pollster::block_on;
use secondo::factor::ocra::{Challenge, ChallengeRefusal, Inputs, PinHash, Question, Suite, Token};
use secondo::store::Store;
use secondo::types::Counter;
use secondo::{AuthenticatorNumber, Key, Policy, Secret, State, Transaction, UnixTime, Verifier, VerifierError};

use super::enrolled::keys;
use super::logins::Logins;
use super::random::random;
use super::subscriber::id;

pub(crate) const PIN: &str = "4711";

/// A token in the hand of its owner.
pub(crate) struct Device {
    suite: Suite,
    secret: Vec<u8>,
    pub(crate) counter: u64,
}

impl Device {
    /// Creates a token whose secret is this byte, 32 times.
    pub(crate) fn new(suite: &str, byte: u8) -> Self {
        Self::with_secret(suite, vec![byte; 32])
    }

    /// Creates a token with a secret of any length that is imported.
    pub(crate) fn with_secret(suite: &str, secret: Vec<u8>) -> Self {
        Self { suite: Suite::parse(suite).unwrap(), secret, counter: 0 }
    }

    /// Returns the token as it is enrolled.
    pub(crate) fn token(&self) -> Token {
        let pin_hash = self.suite.pin_hash().map(|algorithm| PinHash::new(algorithm, PIN));
        Token::new(self.suite, Secret::import_short(&self.secret).unwrap(), pin_hash).unwrap()
    }

    /// Returns the response to a question, and counts on.
    pub(crate) fn respond(&mut self, question: &Question, now: UnixTime) -> String {
        self.respond_with(question, PIN, None, now)
    }

    pub(crate) fn respond_with(
        &mut self,
        question: &Question,
        pin: &str,
        session: Option<&[u8]>,
        now: UnixTime,
    ) -> String {
        let pin_hash = self.suite.pin_hash().map(|algorithm| PinHash::new(algorithm, pin));
        let mut inputs = Inputs::one_way(question);
        if self.suite.has_counter() {
            inputs = inputs.with_counter(Counter::new(self.counter));
        }
        if let Some(pin_hash) = &pin_hash {
            inputs = inputs.with_pin_hash(pin_hash);
        }
        if let Some(session) = session {
            inputs = inputs.with_session(session);
        }
        if self.suite.time_step_secs().is_some() {
            inputs = inputs.with_time(now);
        }
        let key = Key::new(self.suite.algorithm(), &Secret::import_short(&self.secret).unwrap());
        self.counter = self.counter.wrapping_add(1);
        self.suite.response(&key, &inputs).unwrap().as_str().to_owned()
    }
}

/// Creates a verifier, and an account with this token, confirmed.
pub(crate) fn confirmed<S: Store>(store: S, policy: Policy, device: &Device) -> Verifier<S> {
    let verifier = Verifier::new(store, keys(), policy);
    verifier.add(&id(), device.token(), State::new().confirmed()).unwrap();
    verifier
}

pub(crate) fn challenge<S: Store>(
    verifier: &Verifier<S>,
    login: &Transaction,
    number: AuthenticatorNumber,
    now: UnixTime,
) -> Result<Challenge, VerifierError<S::Error>> {
    block_on(verifier.challenge(&id(), login, number, None, now, &random()))
}

pub(crate) fn challenge_refusal<T: std::fmt::Debug, E: std::fmt::Debug>(
    result: Result<T, VerifierError<E>>,
) -> ChallengeRefusal {
    match result {
        Err(VerifierError::Challenge(refusal)) => refusal,
        other => panic!("expected a refusal of a challenge, not {other:?}"),
    }
}

/// Returns a response of the same length that is not this one.
pub(crate) fn other_than(response: &str) -> String {
    let (start, last) = response.split_at(response.len() - 1);
    format!("{start}{}", if last == "0" { '1' } else { '0' })
}
