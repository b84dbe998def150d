//! Responses to challenges (OCRA), of which key, hash of the PIN and session are secret.

use std::hint::black_box;

use pollster::block_on;
use secondo::factor::ocra::{Inputs, PinHash, Question, Response, ResponseError, Suite, Token, TransactionDetails};
use secondo::policy::Window;
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::{
    Accepted, Algorithm, AuthenticatorNumber, Key, Policy, Refusal, State, UnixTime, Verifier, VerifierError,
};

use crate::login::{add, id, secret, transaction, unknown};
use crate::valgrind::make_secret;

/// The numbers of digits that take different paths: a whole HMAC, one digit of nine cut off, all nine, and one more.
pub(crate) const DIGITS: [u8; 4] = [0, 8, 9, 10];

const SESSION_LEN: usize = 64;
const NEXT: u64 = 1_000;

/// A question that a verifier asked, and all that its response is computed from.
pub(crate) struct Exchange {
    suite: Suite,
    key: Key,
    question: Question,
    pin_hash: PinHash,
    session: [u8; SESSION_LEN],
    policy: Policy,
}

impl Exchange {
    pub(crate) fn new(algorithm: Algorithm, digits: u8) -> Self {
        let text = format!("OCRA-1:HOTP-{algorithm}-{digits}:C-QN08-P{algorithm}-S{SESSION_LEN:03}-T1M");
        let suite = Suite::parse(&text).expect("a suite");
        Self {
            suite,
            key: Key::new(algorithm, &secret(5, 20)),
            question: Question::new(suite.question(), "12345678").expect("a question"),
            pin_hash: PinHash::new(algorithm, "1234"),
            session: [7; SESSION_LEN],
            policy: Policy::new()
                .with_window(Window::new(1, 1).expect("a window"))
                .with_look_ahead(2)
                .expect("a look-ahead"),
        }
    }

    /// Returns the same exchange with secrets that memcheck watches.
    fn watched(algorithm: Algorithm, digits: u8) -> Self {
        let mut watched = Self::new(algorithm, digits);
        watched.key = Key::new(algorithm, &unknown(secret(5, 20)));
        watched.pin_hash = unknown_pin_hash(algorithm);
        make_secret(&mut watched.session, |session| session);
        watched
    }

    fn inputs(&self, counter: u64, minute: u64) -> Inputs<'_> {
        let inputs =
            Inputs::one_way(&self.question).with_counter(Counter::new(counter)).with_time(self::minute(minute));
        inputs.with_pin_hash(&self.pin_hash).with_session(&self.session)
    }

    fn response(&self, counter: u64, minute: u64) -> Response {
        self.suite.response(&self.key, &self.inputs(counter, minute)).expect("inputs of the suite")
    }

    #[inline(never)]
    fn verdict(&self, response: &str) -> Result<Counter, ResponseError> {
        self.suite.verify(&self.key, &self.inputs(NEXT, NEXT), response, &self.policy)
    }

    /// Computes a response with another PIN.
    pub(crate) fn respond(&self, pin: u8) {
        let hash = PinHash::new(self.suite.algorithm(), &format!("{pin:04}"));
        let inputs = self.inputs(NEXT, NEXT).with_pin_hash(&hash);
        black_box(self.suite.response(&self.key, &inputs)).expect("inputs of the suite");
    }

    pub(crate) fn verify(&self, response: &str) -> bool {
        self.verdict(response).is_ok()
    }

    /// Returns the right responses: of each counter in the look-ahead, at each time step in the window.
    pub(crate) fn right(&self) -> impl Iterator<Item = String> + use<> {
        let right = (NEXT..=NEXT + 2).flat_map(|counter| {
            (NEXT - 1..=NEXT + 1).map(move |minute| self.response(counter, minute).as_str().to_owned())
        });
        right.collect::<Vec<_>>().into_iter()
    }

    /// Returns wrong responses, of which some differ from a right one in one character only.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = String> + use<> {
        let right: Vec<_> = self.right().collect();
        let changed = [0, right[0].len() - 1].map(|position| {
            let mut changed = right[0].clone().into_bytes();
            changed[position] = if changed[position] == b'1' { b'2' } else { b'1' };
            String::from_utf8(changed).expect("ASCII")
        });
        let far = self.response(NEXT + 50, NEXT).as_str().to_owned();
        changed.into_iter().chain([far]).filter(move |wrong| !right.contains(wrong))
    }
}

/// Computes and verifies responses with secrets that memcheck watches.
pub(crate) fn responses(algorithm: Algorithm, digits: u8) {
    let (known, watched) = (Exchange::new(algorithm, digits), Exchange::watched(algorithm, digits));
    black_box(watched.response(NEXT, NEXT));
    for (responses, is_right) in [(known.right().collect::<Vec<_>>(), true), (known.wrong().collect(), false)] {
        assert!(!responses.is_empty());
        for mut response in responses {
            make_secret(&mut response, |response| response.as_bytes());
            assert_eq!(watched.verify(&response), is_right);
        }
    }
}

/// Returns the hash of a PIN that memcheck watches.
pub(crate) fn unknown_pin_hash(algorithm: Algorithm) -> PinHash {
    let mut pin = "1234".to_owned();
    make_secret(&mut pin, |pin| pin.as_bytes());
    PinHash::new(algorithm, &pin)
}

/// Returns a response that memcheck watches.
pub(crate) fn unknown_response(algorithm: Algorithm) -> Response {
    Exchange::watched(algorithm, 8).response(NEXT, NEXT)
}

/// Submits right and wrong responses to an account with a token whose secret, PIN and session memcheck watches.
pub(crate) fn in_account(new: fn(Policy) -> Verifier<Memory>) {
    for algorithm in Algorithm::ALL.iter().copied() {
        for ahead in 0..=2 {
            let _accepted = log_in(new, algorithm, ahead);
        }
        sign(new, algorithm);
    }
}

/// Logs in with the response of a counter this far ahead, after a wrong one.
pub(crate) fn log_in(new: fn(Policy) -> Verifier<Memory>, algorithm: Algorithm, ahead: u64) -> Accepted {
    let (known, watched) = (Exchange::new(algorithm, 8), Exchange::watched(algorithm, 8));
    let verifier = new(known.policy);
    enroll(&verifier, &watched, algorithm);
    let (login, now) = (transaction(1), minute(NEXT));
    let session = Some(&watched.session[..]);
    let asked = block_on(verifier.challenge(&id(), &login, FIRST, session, now, &[3; 32])).expect("a token");
    let question = *asked.question();
    let verify = |response: &str| block_on(verifier.verify(&id(), &login, response, now));
    let right = Exchange { question, ..known }.response(NEXT + ahead, NEXT - 1 + ahead).as_str().to_owned();
    let wrong: String = right.chars().rev().collect();
    assert!(wrong == right || matches!(verify(&wrong), Err(VerifierError::Refused(Refusal::Wrong { .. }))));
    let accepted = verify(&right).expect("the response is right");
    assert!(matches!(verify(&right), Err(VerifierError::Repeated(_))));
    accepted
}

/// Signs a transaction, after a wrong response.
fn sign(new: fn(Policy) -> Verifier<Memory>, algorithm: Algorithm) {
    let suite = Suite::parse(&format!("OCRA-1:HOTP-{algorithm}-8:C-QH64-P{algorithm}")).expect("a suite");
    let (known, watched) =
        (Exchange { suite, ..Exchange::new(algorithm, 8) }, Exchange { suite, ..Exchange::watched(algorithm, 8) });
    let verifier = new(known.policy);
    enroll(&verifier, &watched, algorithm);
    let details = TransactionDetails::new("1250.00 EUR", "IT60X0542811101000000123456", "rent").expect("details");
    let (login, now) = (transaction(1), minute(NEXT));
    let asked = block_on(verifier.sign_transaction(&id(), &login, FIRST, &details, now, &[3; 32])).expect("a token");
    let inputs =
        Inputs::signature(asked.question()).with_counter(Counter::new(NEXT + 1)).with_pin_hash(&known.pin_hash);
    let right = suite.response(&known.key, &inputs).expect("inputs of the suite").as_str().to_owned();
    let wrong: String = right.chars().rev().collect();
    for (response, is_right) in [(wrong, false), (right, true)] {
        let verified = block_on(verifier.verify_signature(&id(), &login, &details, &response, now));
        assert_eq!(verified.is_ok(), is_right);
    }
}

/// The number of the only token.
const FIRST: AuthenticatorNumber = AuthenticatorNumber::new(1);

fn minute(minute: u64) -> UnixTime {
    UnixTime::from_secs(minute * 60).expect("a time")
}

/// Adds a token with the secrets of an exchange that memcheck watches.
fn enroll(verifier: &Verifier<Memory>, watched: &Exchange, algorithm: Algorithm) {
    let token = Token::new(watched.suite, unknown(secret(5, 20)), Some(unknown_pin_hash(algorithm))).expect("a token");
    let token = token.named("").expect("a name").starting_at(Counter::new(NEXT));
    add(verifier, &[(token, State::new().confirmed())]);
}
