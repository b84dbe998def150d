//! Tokens that answer challenges, in the account and in the hand of their owner.

use secondo::factor::NewAuthenticator;
use secondo::factor::ocra::{Inputs, PinHash, Question, Suite, Token as NewToken};
use secondo::types::Counter;
use secondo::{Key, Secret, UnixTime};

use super::asked::{About, Asked};
use super::device::Found;
use super::otp::typed;
use super::person::Attempt;
use super::setup::Setup;

/// A counter, a time step, neither of them, a session, and a PIN.
const SUITES: [&str; 5] = [
    "OCRA-1:HOTP-SHA256-6:C-QA08",
    "OCRA-1:HOTP-SHA1-8:QN08-T1M",
    "OCRA-1:HOTP-SHA256-8:QN08",
    "OCRA-1:HOTP-SHA1-6:QN08-S008",
    "OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1",
];
const STEP_SECS: u64 = 60;
pub(super) const PIN: &str = "4711";

/// The parameters of a token: its secret, and its suite's place in the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Card {
    pub(super) seed: u8,
    pub(super) suite: u8,
}

/// A token in the account.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) card: Card,
    /// The counter of the next response, or 0 if the suite has none.
    pub(super) next: u64,
    pub(super) asked: Vec<Asked>,
}

/// The moving parts of a response.
pub(super) struct Moment<'a> {
    pub(super) counter: u64,
    pub(super) now: u64,
    pub(super) pin: &'a str,
}

impl Card {
    pub(super) fn new(seed: u8, suite: u8) -> Self {
        Self { seed, suite: suite % 5 }
    }

    pub(super) fn suite(self) -> Suite {
        Suite::parse(SUITES[usize::from(self.suite)]).unwrap()
    }

    fn secret(self) -> Secret {
        Secret::from_bytes(&[self.seed; 20]).unwrap()
    }

    pub(super) fn authenticator(self) -> NewAuthenticator {
        let suite = self.suite();
        let pin_hash = suite.pin_hash().map(|algorithm| PinHash::new(algorithm, PIN));
        NewToken::new(suite, self.secret(), pin_hash).unwrap().into()
    }

    pub(super) fn has_counter(self) -> bool {
        matches!(self.suite, 0 | 4)
    }

    pub(super) fn has_session(self) -> bool {
        self.suite == 3
    }

    fn has_time(self) -> bool {
        self.suite == 1
    }

    /// Returns the response of the token in its owner's hand.
    pub(super) fn response(self, question: &Question, about: About, moment: &Moment<'_>) -> String {
        let suite = self.suite();
        let pin_hash = suite.pin_hash().map(|algorithm| PinHash::new(algorithm, moment.pin));
        let mut inputs = Inputs::one_way(question);
        if self.has_counter() {
            inputs = inputs.with_counter(Counter::new(moment.counter));
        }
        if let Some(pin_hash) = &pin_hash {
            inputs = inputs.with_pin_hash(pin_hash);
        }
        if let About::Login(Some(session)) = about {
            inputs = inputs.with_session(session);
        }
        if self.has_time() {
            inputs = inputs.with_time(UnixTime::from_secs(moment.now).unwrap());
        }
        let key = Key::new(suite.algorithm(), &self.secret());
        suite.response(&key, &inputs).unwrap().as_str().to_owned()
    }
}

impl Token {
    pub(super) fn new(card: Card, next: u64) -> Self {
        Self { card, next: if card.has_counter() { next } else { 0 }, asked: Vec::new() }
    }

    pub(super) fn right_codes(&self, setup: &Setup) -> u32 {
        let counters = if self.card.has_counter() { u32::from(setup.look_ahead) } else { 0 };
        let steps = if self.card.has_time() { u32::from(setup.past + setup.future) } else { 0 };
        (counters + 1) * (steps + 1)
    }

    /// Compares a response with those to the challenge of a login or a confirmation.
    pub(super) fn compare(&self, setup: &Setup, attempt: &Attempt<'_>) -> Found {
        let is_asked = |asked: &&Asked| asked.login == attempt.login && matches!(asked.about, About::Login(_));
        match self.asked.iter().find(is_asked) {
            None => Found::NotSent,
            Some(asked) if !asked.is_live(attempt.now) => Found::Expired,
            Some(asked) => self.search(setup, asked, attempt.texts[0], attempt.now),
        }
    }

    /// Compares a response with all that are right for a challenge: those of some counters or of some time steps.
    pub(super) fn search(&self, setup: &Setup, asked: &Asked, text: &str, now: u64) -> Found {
        let digits = if matches!(self.card.suite, 1 | 2) { 8 } else { 6 };
        let Some(text) = typed(text, digits) else { return Found::Malformed };
        let (step, past, future) = (now / STEP_SECS, u64::from(setup.past), u64::from(setup.future));
        let moving = match () {
            () if self.card.has_counter() => self.next..=self.next + u64::from(setup.look_ahead),
            () if self.card.has_time() => step.saturating_sub(past)..=step + future,
            () => 0..=0,
        };
        for at in moving {
            let moment = Moment { counter: at, now: at * STEP_SECS, pin: PIN };
            if self.card.response(&asked.question, asked.about, &moment) == text {
                return Found::Fresh(at.into(), 0);
            }
        }
        Found::Nowhere
    }

    pub(super) fn accept(&mut self, last: i128) {
        if self.card.has_counter() {
            self.next = u64::try_from(last).unwrap() + 1;
        }
    }
}
