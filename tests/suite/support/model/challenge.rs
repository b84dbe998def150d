//! Calls for challenges to tokens, for the responses to them, and for signatures of transactions.

use pollster::block_on;
use secondo::factor::ocra::{Question, TransactionDetails};
use secondo::types::Counter;
use secondo::{AccountId, State};

use super::asked::{About, Inquiry};
use super::device::{Device, Factor, Standing};
use super::imported::Moved;
use super::input::Input;
use super::outcome::{Outcome, outcome, same};
use super::token::{Card, Moment, PIN, Token};
use super::{Call, Library, Model, as_number, transaction};

/// A challenge as the owner of a token sees it.
#[derive(Clone)]
pub(super) struct Challenge {
    login: u8,
    number: u32,
    card: Card,
    about: About,
    question: Question,
}

/// Two transfers to the owner's landlord, and one to somebody else.
const DETAILS: [[&str; 3]; 3] = [
    ["1250.00 EUR", "IT60X0542811101000000123456", "rent"],
    ["1250.01 EUR", "IT60X0542811101000000123456", "rent"],
    ["1250.00 EUR", "IT60X0542811101000000654321", "rent"],
];
const SESSIONS: [Option<&[u8]>; 4] = [None, Some(b"session1"), Some(b"session2"), Some(b"short")];

fn details(place: usize) -> TransactionDetails<'static> {
    let [amount, payee, text] = DETAILS[place];
    TransactionDetails::new(amount, payee, text).unwrap()
}

fn is_token(device: &Device) -> bool {
    matches!(device.factor, Factor::Token(_))
}

impl Model {
    pub(super) fn use_token(
        &mut self,
        operation: u8,
        input: &mut Input<'_>,
        verifier: &Library,
        id: &AccountId,
    ) -> Outcome {
        match operation % 16 {
            0 => self.enroll_token(input, verifier, id),
            1 => self.import_token(input, verifier, id),
            // Wrong responses lock the account often.
            2 => self.operate_on_account(9, verifier, id),
            3..=5 => self.challenge(input, verifier, id),
            6..=9 => self.respond(input, verifier, id),
            10 | 11 => self.sign(input, verifier, id),
            _ => self.verify_signature(input, verifier, id),
        }
    }

    pub(super) fn new_card(input: &mut Input<'_>) -> Card {
        Card::new(input.below(6), input.below(5))
    }

    fn enroll_token(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::EnrollToken;
        let card = Self::new_card(input);
        let device = Device::new(Factor::Token(Token::new(card, 0)), "", self.now);
        self.enroll_new(card.authenticator(), device, input, verifier, id)
    }

    pub(super) fn import_token(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::ImportToken;
        let token = Self::token_to_import(input);
        self.import_all([token], input, verifier, id)
    }

    /// Returns a token that has counted on in another system.
    pub(super) fn token_to_import(input: &mut Input<'_>) -> Moved {
        let (card, next) = (Self::new_card(input), input.below(50));
        let state = State::new().starting_at(Counter::new(next.into()));
        Moved::new(card.authenticator(), Factor::Token(Token::new(card, next.into())), state)
    }

    /// Returns a transaction for a challenge: that of the token's enrollment, mostly, or that of the last challenge.
    fn login_of(&mut self, number: u32, input: &mut Input<'_>) -> u8 {
        let device = self.person().and_then(|person| person.devices.iter().find(|device| device.number == number));
        let last = self.challenges.last().map(|challenge| challenge.login);
        match (device.map(|device| device.standing), input.below(8)) {
            (Some(Standing::Unconfirmed { login, .. }), 1..) => login,
            (_, 0) => last.unwrap_or(self.login),
            _ => self.any_login(input),
        }
    }

    /// Asks a token, mostly.
    fn challenge(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Challenge;
        let number = self.number_of(input, is_token);
        let login = self.login_of(number, input);
        let has_session = self.card(number).is_some_and(Card::has_session);
        let session = match input.below(12) {
            rare @ 0..4 => SESSIONS[usize::from(rare)],
            _ => SESSIONS[usize::from(has_session)],
        };
        let (random, now) = (self.random(), self.now());
        let asked = block_on(verifier.challenge(id, &transaction(login), as_number(number), session, now, &random));
        let asked = asked.map(|challenge| (*challenge.question(), challenge.expires().as_secs()));
        self.compare_asked(login, number, About::Login(session), asked)
    }

    /// Asks a token to sign a transaction.
    fn sign(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Sign;
        let number = self.number_of(input, is_token);
        let (login, place) = (self.login_of(number, input), [0, 0, 0, 1, 2][usize::from(input.below(5))]);
        let (random, now, of) = (self.random(), self.now(), transaction(login));
        let asked = block_on(verifier.sign_transaction(id, &of, as_number(number), &details(place), now, &random));
        let asked = asked.map(|challenge| {
            // The token computes the question itself.
            let question = details(place).question(challenge.question().format(), challenge.nonce());
            assert_eq!(*challenge.question(), question);
            (question, challenge.expires().as_secs())
        });
        self.compare_asked(login, number, About::Signature(place), asked)
    }

    fn compare_asked(
        &mut self,
        login: u8,
        number: u32,
        about: About,
        asked: Result<(Question, u64), secondo::VerifierError<std::convert::Infallible>>,
    ) -> Outcome {
        self.calls += 1;
        let (setup, next) = (&self.setup, self.challenges.len());
        let inquiry = Inquiry { login, number, about, now: self.now };
        let new = asked.as_ref().ok().map(|(question, _)| (next, *question));
        let expected = Self::with_person(&mut self.entry, |person| person.challenge(setup, &inquiry, new));
        let card = self.card(number);
        let challenges = &mut self.challenges;
        let place = if let Outcome::Challenged(place, _) = expected { place } else { next };
        let found = outcome(asked, |(question, expires)| {
            let is_known = challenges.get(place).is_some_and(|challenge| challenge.question == question);
            if let (false, Some(card)) = (is_known, card) {
                challenges.push(Challenge { login, number, card, about, question });
            }
            Outcome::Challenged(if is_known { place } else { next }, expires)
        });
        same(expected, found, "challenge")
    }

    fn token(&self, number: u32) -> Option<&Token> {
        let device = self.person()?.devices.iter().find(|device| device.number == number)?;
        if let Factor::Token(token) = &device.factor { Some(token) } else { None }
    }

    fn card(&self, number: u32) -> Option<Card> {
        self.token(number).map(|token| token.card)
    }

    /// Returns one of the last challenges, mostly one of the wanted kind.
    fn last_challenge(&self, is_signature: bool, input: &mut Input<'_>) -> Option<Challenge> {
        let back = [0, 0, 0, 0, 0, 1, 1, 2][usize::from(input.below(8))];
        let is_any = input.below(8) == 0;
        let is_wanted =
            |challenge: &&Challenge| is_any || matches!(challenge.about, About::Signature(_)) == is_signature;
        self.challenges.iter().rev().filter(is_wanted).nth(back).cloned()
    }

    /// Returns the response to a challenge, or in its place a wrong or malformed one.
    fn response(&self, challenge: &Challenge, input: &mut Input<'_>) -> String {
        let next = self.token(challenge.number).map_or(0, |token| token.next);
        let (counter, late, pin) = match input.below(16) {
            0 => (next.saturating_sub(1), 0, PIN),
            1 => (next + u64::from(self.setup.look_ahead), 60 * u64::from(self.setup.past), PIN),
            2 => (next + u64::from(self.setup.look_ahead) + 1, 60 * (u64::from(self.setup.past) + 1), PIN),
            3 => (next, 0, "1147"),
            4 => return "12345".into(),
            _ => (next, 0, PIN),
        };
        let moment = Moment { counter, now: self.now.saturating_sub(late), pin };
        let mut text = challenge.card.response(&challenge.question, challenge.about, &moment);
        match input.below(10) {
            0 | 1 => text = text.chars().rev().collect(),
            2 => text.insert(3, ' '),
            _ => {}
        }
        text
    }

    /// Submits a response to one of the last challenges, in its transaction or in another.
    fn respond(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Respond;
        let Some(challenge) = self.last_challenge(false, input) else { return Outcome::Done };
        let text = self.response(&challenge, input);
        let login = match input.below(12) {
            0 => self.any_login(input),
            1 => self.challenges.last().map_or(0, |last| last.login),
            _ => challenge.login,
        };
        let number = challenge.number;
        let device = self.person().and_then(|person| person.devices.iter().find(|device| device.number == number));
        if device.is_some_and(|device| !device.is_confirmed()) {
            return self.confirm(login, number, &text, verifier, id);
        }
        let named = input.flag().then_some(number);
        let outcome = self.log_in(login, named, text.clone(), verifier, id);
        // Sometimes it is a double click.
        if matches!(outcome, Outcome::Accepted(..)) && input.below(4) == 0 {
            return self.log_in(login, named, text, verifier, id);
        }
        outcome
    }

    fn verify_signature(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::VerifySignature;
        let Some(challenge) = self.last_challenge(true, input) else { return Outcome::Done };
        let text = self.response(&challenge, input);
        let place = match (challenge.about, input.below(8)) {
            (About::Signature(place), 1..) => place,
            (_, other) => usize::from(other) % DETAILS.len(),
        };
        let login = if input.below(12) == 0 { self.any_login(input) } else { challenge.login };
        let mut verify = || {
            let (of, now) = (transaction(login), self.now());
            let found = block_on(verifier.verify_signature(id, &of, &details(place), &text, now));
            let (setup, secs) = (&self.setup, self.now);
            let expected =
                Self::with_person(&mut self.entry, |person| person.verify_signature(setup, login, place, &text, secs));
            let found = outcome(found, |signed| {
                assert_eq!(signed.account(), id);
                Outcome::Signed(signed.authenticator().get(), signed.counter().get(), signed.failures_before())
            });
            same(expected, found, "verify_signature")
        };
        let verified = verify();
        if matches!(verified, Outcome::Signed(..)) && input.below(4) == 0 { verify() } else { verified }
    }
}
