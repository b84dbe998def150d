//! A naive model of accounts, and sequences of operations on which the verifier and the model must agree.

#[cfg(feature = "push")]
mod app;
mod asked;
mod browser;
mod challenge;
mod codes;
mod count;
mod device;
mod external;
mod imported;
mod input;
mod issued;
mod operator;
mod otp;
mod outcome;
mod page;
mod person;
mod reseal;
mod room;
mod sent;
mod setup;
mod token;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use challenge::Challenge;
use device::{Device, Factor, Purpose};
use input::Input;
use otp::Otp;
use outcome::{Outcome, outcome, refused, same};
use person::{Attempt, Person};
use pollster::block_on;
use reseal::Seals;
use secondo::audit::Operator;
use secondo::factor::NewAuthenticator;
use secondo::store::Memory;
use secondo::{Accepted, AccountId, AuthenticatorNumber, Transaction, UnixTime, Verifier};
use sent::{Destinations, Number};
use setup::Setup;

const DESK: Operator<'_> = Operator::new("model", "test");

/// Runs the operations that the bytes encode on the library and on the model, and panics if they differ.
///
/// Counts the outcomes of the operations in `seen`.
pub(crate) fn run(bytes: &[u8], seen: &mut Seen) {
    let mut input = Input(bytes.iter());
    let setup = Setup::new(&mut input);
    let (verifier, seals) = Seals::new(&setup);
    let id = AccountId::new("model").unwrap();
    let mut model = Model {
        setup,
        now: 1_700_000_000,
        entry: Entry::Absent,
        login: 0,
        last: None,
        accepted: None,
        tokens: Vec::new(),
        sent: Vec::new(),
        destinations: Destinations::new(),
        challenges: Vec::new(),
        codes: Vec::new(),
        #[cfg(feature = "push")]
        phones: app::Phones::default(),
        seals,
        calls: 0,
        call: Call::Other,
    };
    match input.below(8) {
        // A crowded account.
        0 => {
            for _ in 0..15 {
                model.import(&mut input, &verifier, &id);
            }
        }
        // One with little room.
        1 => {
            model.import_long(&mut input, &verifier, &id);
        }
        _ => {}
    }
    #[cfg(feature = "push")]
    if model.setup.has_apps && input.below(8) > 0 {
        model.bind_app(&mut input, &verifier, &id);
    }
    if model.setup.has_tokens && input.below(4) > 0 {
        model.import_token(&mut input, &verifier, &id);
    }
    while let Some(operation) = input.next() {
        let outcome = model.step(operation, &mut input, &verifier, &id);
        model.compare(&verifier, &id);
        let offered = model.compare_options(&verifier, &id);
        for seen_in in [(model.call, outcome.name()), (Call::Options, offered)] {
            *seen.entry(seen_in).or_default() += 1;
        }
    }
}

/// The number of times that each outcome of each call has occurred.
pub(crate) type Seen = BTreeMap<(Call, &'static str), usize>;

/// The calls whose outcomes are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    Send,
    SubmitSent,
    Recover,
    #[cfg(feature = "push")]
    Push,
    #[cfg(feature = "push")]
    AnswerPush,
    #[cfg(feature = "push")]
    Poll,
    EnrollExternal,
    EnrollToken,
    Import,
    ImportToken,
    Pending,
    Options,
    Reseal,
    Challenge,
    Respond,
    Sign,
    VerifySignature,
    Issue,
    EnrollWithCode,
    Withdraw,
    Other,
}

#[derive(Clone)]
enum Entry {
    Absent,
    Closed,
    Open(Person),
}

struct Model {
    setup: Setup,
    now: u64,
    entry: Entry,
    /// The last transaction.
    login: u8,
    /// The transaction, the named authenticator and the text of the last login.
    last: Option<(u8, Option<u32>, String)>,
    /// The last login that was accepted.
    accepted: Option<Accepted>,
    /// All tokens of browsers.
    tokens: Vec<String>,
    /// The transaction, the authenticator and the text of all codes that were sent.
    sent: Vec<(u8, u32, String)>,
    destinations: Destinations,
    /// All challenges of tokens.
    challenges: Vec<Challenge>,
    /// All enrollment codes.
    codes: Vec<String>,
    #[cfg(feature = "push")]
    phones: app::Phones,
    seals: Seals,
    /// The number of calls that needed random bytes.
    calls: u64,
    /// The last call.
    call: Call,
}

type Library = Verifier<Arc<Memory>>;

impl Model {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.now).unwrap()
    }

    fn step(&mut self, operation: u8, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Other;
        match operation % 52 {
            _ if self.setup.has_tokens && operation >= 128 => self.use_token(operation, input, verifier, id),
            _ if self.setup.has_issued && operation % 8 == 7 => self.use_enrollment_code(input, verifier, id),
            0..=3 => self.enroll(input, verifier, id),
            4 | 24 | 25 => self.import(input, verifier, id),
            5..=8 => {
                let (number, login) = (self.number(input), self.pending_login(input));
                let text = self.text(input, Some(number));
                self.confirm(login, number, &text, verifier, id)
            }
            9..=10 => {
                let (number, login) = (self.number(input), self.any_login(input));
                let texts = self.consecutive_texts(input, number);
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let attempt = self.attempt(login, Purpose::Resynchronization, Some(number), &texts);
                let found = block_on(verifier.resync(id, &transaction(login), as_number(number), &texts, self.now()));
                let found = outcome(found, |found| Outcome::Resynchronized(found.counter.get(), found.drift));
                same(attempt, found, "resync")
            }
            11..=13 => {
                let (number, login) = (self.number(input), self.any_login(input));
                let text = self.text(input, Some(number));
                self.log_in(login, Some(number), text, verifier, id)
            }
            14 | 15 => {
                self.now += u64::from(input.below(200)) * if input.flag() { 1 } else { self.setup.period };
                Outcome::Done
            }
            16 if input.below(4) == 0 => {
                self.now = self.now.saturating_sub(u64::from(input.below(255)) * 100);
                Outcome::Done
            }
            17 | 18 => self.operate(input, verifier, id),
            19 | 20 if self.last.is_some() => {
                let (login, named, text) = self.last.clone().unwrap();
                self.log_in(login, named, text, verifier, id)
            }
            21 => self.remember(input, verifier, id),
            22 | 23 => self.recall(input, verifier, id),
            32 => self.enroll_number(input, verifier, id),
            33 => self.import_number(input, verifier, id),
            34..=36 => self.send_code(input, verifier, id),
            37..=39 => self.submit_sent(input, verifier, id),
            40 => self.enroll_codes(input, verifier, id),
            41 | 42 => self.recover(false, input, verifier, id),
            43 => self.recover(true, input, verifier, id),
            #[cfg(feature = "push")]
            44 if self.setup.has_apps => self.bind_app(input, verifier, id),
            #[cfg(feature = "push")]
            26 | 27 | 45 if self.setup.has_apps => self.push(input, verifier, id),
            #[cfg(feature = "push")]
            28 | 29 | 46 if self.setup.has_apps => self.answer_push(input, verifier, id),
            #[cfg(feature = "push")]
            30 | 31 | 47 if self.setup.has_apps => self.poll(input, verifier, id),
            44 | 45 => self.remember(input, verifier, id),
            48 => self.enroll_external(input, verifier, id),
            49 => self.import_some(input, verifier, id),
            50 => self.pending(input, verifier, id),
            51 => self.reseal(input, verifier, id),
            _ => {
                let login = self.any_login(input);
                let text = self.text(input, None);
                self.log_in(login, None, text, verifier, id)
            }
        }
    }

    fn confirm(&mut self, login: u8, number: u32, text: &str, verifier: &Library, id: &AccountId) -> Outcome {
        let attempt = self.attempt(login, Purpose::Confirmation, Some(number), &[text]);
        let confirmed = block_on(verifier.confirm(id, &transaction(login), as_number(number), text, self.now()));
        let confirmed = outcome(confirmed, |confirmed| Outcome::Confirmed(confirmed.into_login().is_some()));
        same(attempt, confirmed, "confirm")
    }

    /// Keeps a login that was accepted, and returns its outcome.
    fn accepted(&mut self, accepted: Accepted) -> Outcome {
        let (number, counter) = (accepted.authenticator().get(), accepted.counter().get());
        let found = Outcome::Accepted(number, counter, accepted.drift(), accepted.failures_before());
        self.accepted = Some(accepted);
        found
    }

    fn log_in(&mut self, login: u8, named: Option<u32>, text: String, verifier: &Library, id: &AccountId) -> Outcome {
        let attempt = self.attempt(login, Purpose::Login, named, &[&text]);
        let (transaction, now) = (transaction(login), self.now());
        let result = match named {
            None => block_on(verifier.verify(id, &transaction, &text, now)),
            Some(number) => block_on(verifier.verify_with(id, &transaction, as_number(number), &text, now)),
        };
        self.last = Some((login, named, text));
        let found = outcome(result, |accepted| self.accepted(accepted));
        same(attempt, found, "verify")
    }

    fn enroll(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        let (seed, is_hotp, digits) = (input.below(24), input.flag(), 6 + 2 * input.below(2));
        let name = ["", "telefono", "chiave di casa"][usize::from(input.below(3))];
        let otp = Otp { seed, is_hotp, digits, next: 0, drift: 0 };
        let device = Device::new(Factor::Otp(otp), name, self.now);
        let new = NewAuthenticator::from(self.setup.authenticator(seed, is_hotp, digits)).named(name).unwrap();
        self.enroll_new(new, device, input, verifier, id)
    }

    fn enroll_number(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        let seed = input.below(6);
        let device = Device::new(Factor::Number(Number::new(seed)), "", self.now);
        self.enroll_new(Number::destination(seed).into(), device, input, verifier, id)
    }

    fn enroll_new(
        &mut self,
        new: NewAuthenticator,
        device: Device,
        input: &mut Input<'_>,
        verifier: &Library,
        id: &AccountId,
    ) -> Outcome {
        let (login, place) = (self.any_login(input), input.below(4));
        self.enroll_in(login, place, new, device, verifier, id)
    }

    fn enroll_in(
        &mut self,
        login: u8,
        place: u8,
        new: NewAuthenticator,
        device: Device,
        verifier: &Library,
        id: &AccountId,
    ) -> Outcome {
        let before = self.before_room([&device]);
        let (of, now) = (transaction(login), self.now());
        let enrolled = match place {
            0 => block_on(verifier.enroll_beside(id, &of, new, now)),
            1 => block_on(verifier.enroll_first(id, &of, new, now)),
            _ => block_on(verifier.enroll(id, &of, new, now)),
        };
        let enrolled = outcome(enrolled, |enrolled| {
            Outcome::Enrolled(enrolled.number.get(), enrolled.replaced.map(AuthenticatorNumber::get))
        });
        let (setup, secs) = (&self.setup, self.now);
        let expected = Self::create(&mut self.entry, |person| person.enroll(setup, login, device, place, secs));
        self.same_in_room(before, expected, enrolled, "enroll", (verifier, id))
    }

    /// Changes the account, which is created if that succeeds.
    fn create(entry: &mut Entry, change: impl FnOnce(&mut Person) -> Outcome) -> Outcome {
        match entry {
            Entry::Closed => refused("closed"),
            Entry::Open(person) => change(person),
            Entry::Absent => {
                let mut person = Person::default();
                let outcome = change(&mut person);
                if !matches!(outcome, Outcome::Refused(..)) {
                    *entry = Entry::Open(person);
                }
                outcome
            }
        }
    }

    /// Changes an account that exists.
    fn with_person(entry: &mut Entry, change: impl FnOnce(&mut Person) -> Outcome) -> Outcome {
        match entry {
            Entry::Absent => refused("unknown"),
            Entry::Closed => refused("closed"),
            Entry::Open(person) => change(person),
        }
    }

    fn attempt(&mut self, login: u8, purpose: Purpose, named: Option<u32>, texts: &[&str]) -> Outcome {
        let (setup, now) = (&self.setup, self.now);
        let attempt = Attempt { login, purpose, named, texts, now };
        Self::with_person(&mut self.entry, |person| person.attempt(setup, attempt))
    }

    /// Returns random bytes that no other call returned.
    fn random(&self) -> [u8; 32] {
        let mut random = [0; 32];
        for (place, bytes) in (0..).zip(random.chunks_mut(8)) {
            // The golden ratio spreads them.
            let number = (4 * self.calls + place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            bytes.copy_from_slice(&number.to_be_bytes());
        }
        random
    }

    fn person(&self) -> Option<&Person> {
        if let Entry::Open(person) = &self.entry { Some(person) } else { None }
    }
}

fn as_number(number: u32) -> AuthenticatorNumber {
    AuthenticatorNumber::new(number)
}

fn transaction(login: u8) -> Transaction {
    Transaction::new(&[login; 16]).unwrap()
}
