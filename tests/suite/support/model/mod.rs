//! A naive model of accounts, and sequences of operations on which the verifier and the model must agree.

mod browser;
mod device;
mod operator;
mod person;
mod setup;

use std::collections::BTreeMap;

use device::{Device, Purpose, Standing};
use person::{Attempt, Person};
use pollster::block_on;
use secondo::account::Status;
use secondo::audit::Operator;
use secondo::decision::Hold;
use secondo::factor::NewAuthenticator;
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::{
    Accepted, AccountId, AuthenticatorNumber, Refusal, State, Transaction, UnixTime, Verifier, VerifierError,
};
use setup::Setup;

const DESK: Operator<'_> = Operator::new("model", "test");

/// Runs the operations that the bytes encode on the library and on the model, and panics if they differ.
///
/// Counts the outcomes of the operations in `seen`.
pub(crate) fn run(bytes: &[u8], seen: &mut BTreeMap<&'static str, usize>) {
    let mut input = Input(bytes.iter());
    let setup = Setup::new(&mut input);
    let verifier = Verifier::unsealed(Memory::new(), setup.policy());
    let id = AccountId::new("model").unwrap();
    let mut model = Model {
        setup,
        now: 1_700_000_000,
        entry: Entry::Absent,
        login: 0,
        last: None,
        accepted: None,
        tokens: Vec::new(),
    };
    if input.below(8) == 0 {
        // A crowded account.
        for _ in 0..15 {
            model.import(&mut input, &verifier, &id);
        }
    }
    while let Some(operation) = input.next() {
        let outcome = model.step(operation, &mut input, &verifier, &id);
        model.compare(&verifier, &id);
        *seen.entry(outcome.name()).or_default() += 1;
    }
}

pub(super) struct Input<'a>(std::slice::Iter<'a, u8>);

impl Input<'_> {
    fn next(&mut self) -> Option<u8> {
        self.0.next().copied()
    }

    /// Returns a number below `n`, or 0 at the end of the input.
    fn below(&mut self, n: u8) -> u8 {
        self.next().unwrap_or(0) % n
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Held {
    #[default]
    No,
    ThrottledUntil(u64),
    LockedUntil(u64),
    Locked,
}

impl Held {
    fn until(self) -> Option<u64> {
        match self {
            Self::ThrottledUntil(until) | Self::LockedUntil(until) => Some(until),
            Self::No | Self::Locked => None,
        }
    }

    fn is_in_force(self, now: u64) -> bool {
        self == Self::Locked || self.until().is_some_and(|until| now < until)
    }

    fn strength(self) -> (u8, u64) {
        match self {
            Self::No => (0, 0),
            Self::ThrottledUntil(until) | Self::LockedUntil(until) => (1, until),
            Self::Locked => (2, 0),
        }
    }
}

impl From<Hold> for Held {
    fn from(hold: Hold) -> Self {
        match hold {
            Hold::None => Self::No,
            Hold::Throttled(until) => Self::ThrottledUntil(until.as_secs()),
            Hold::LockedUntil(until) => Self::LockedUntil(until.as_secs()),
            Hold::Locked => Self::Locked,
            other => panic!("the model does not know this hold: {other:?}"),
        }
    }
}

/// The outcome of an operation. Refusals and errors have the library's labels.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The authenticator's number, the step or counter, the drift, and the failures before.
    Accepted(u32, u64, i64, u8),
    Confirmed(bool),
    Resynchronized(u64, i64),
    /// The authenticator's number, the time, and if it was a login.
    Repeated(u32, u64, bool),
    /// The number of the new authenticator and of the replaced one.
    Enrolled(u32, Option<u32>),
    /// The number of the new browser and of the replaced one.
    Remembered(u32, Option<u32>),
    /// The number of the browser, and if it has a new token.
    Recalled(u32, bool),
    Done,
    Refused(&'static str, Option<u8>, Option<u64>),
}

impl Outcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Accepted(..) => "accepted",
            Self::Confirmed(true) => "confirmed with login",
            Self::Confirmed(false) => "confirmed",
            Self::Resynchronized(..) => "resynchronized",
            Self::Repeated(..) => "repeated",
            Self::Enrolled(_, None) => "enrolled",
            Self::Enrolled(_, Some(_)) => "replaced",
            Self::Remembered(_, None) => "remembered",
            Self::Remembered(_, Some(_)) => "browser replaced",
            Self::Recalled(_, true) => "recalled with a new token",
            Self::Recalled(_, false) => "recalled",
            Self::Done => "done",
            Self::Refused(label, ..) => label,
        }
    }
}

pub(super) fn refused(label: &'static str) -> Outcome {
    Outcome::Refused(label, None, None)
}

fn outcome<T, E>(result: Result<T, VerifierError<E>>, ok: impl FnOnce(T) -> Outcome) -> Outcome {
    let error = match result {
        Ok(value) => return ok(value),
        Err(error) => error,
    };
    let (remaining, until) = match &error {
        VerifierError::Repeated(repeated) => {
            return Outcome::Repeated(repeated.authenticator.get(), repeated.at.as_secs(), repeated.is_login);
        }
        VerifierError::Refused(Refusal::Wrong { remaining, hold } | Refusal::Replayed { remaining, hold }) => {
            (Some(*remaining), Held::from(*hold).until())
        }
        VerifierError::Refused(Refusal::Locked { until }) => (None, until.map(UnixTime::as_secs)),
        VerifierError::Refused(Refusal::Throttled { retry_at }) => (None, Some(retry_at.as_secs())),
        _ => (None, None),
    };
    Outcome::Refused(error.label(), remaining, until)
}

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
}

type Library = Verifier<Memory>;

impl Model {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.now).unwrap()
    }

    fn step(&mut self, operation: u8, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        let now = self.now();
        match operation % 32 {
            0..=3 => self.enroll(input, verifier, id),
            4 | 24 | 25 => self.import(input, verifier, id),
            5..=8 => {
                let (number, login) = (self.number(input), self.pending_login(input));
                let text = self.text(input, Some(number));
                let attempt = self.attempt(login, Purpose::Confirmation, Some(number), &[&text]);
                let confirmed = block_on(verifier.confirm(id, &transaction(login), as_number(number), &text, now));
                let confirmed = outcome(confirmed, |confirmed| Outcome::Confirmed(confirmed.into_login().is_some()));
                same(attempt, confirmed, "confirm")
            }
            9..=10 => {
                let (number, login) = (self.number(input), self.any_login(input));
                let texts = self.consecutive_texts(input, number);
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let attempt = self.attempt(login, Purpose::Resynchronization, Some(number), &texts);
                let found = block_on(verifier.resync(id, &transaction(login), as_number(number), &texts, now));
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
            21 => self.remember(input, verifier),
            22 | 23 => self.recall(input, verifier, id),
            _ => {
                let login = self.any_login(input);
                let text = self.text(input, None);
                self.log_in(login, None, text, verifier, id)
            }
        }
    }

    fn log_in(&mut self, login: u8, named: Option<u32>, text: String, verifier: &Library, id: &AccountId) -> Outcome {
        let attempt = self.attempt(login, Purpose::Login, named, &[&text]);
        let (transaction, now) = (transaction(login), self.now());
        let result = match named {
            None => block_on(verifier.verify(id, &transaction, &text, now)),
            Some(number) => block_on(verifier.verify_with(id, &transaction, as_number(number), &text, now)),
        };
        self.last = Some((login, named, text));
        let last = &mut self.accepted;
        let found = outcome(result, |accepted| {
            let (number, counter) = (accepted.authenticator().get(), accepted.counter().get());
            let found = Outcome::Accepted(number, counter, accepted.drift(), accepted.failures_before());
            *last = Some(accepted);
            found
        });
        same(attempt, found, "verify")
    }

    fn enroll(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        let (seed, is_hotp, digits) = (input.below(24), input.flag(), 6 + 2 * input.below(2));
        let (login, place, now) = (self.any_login(input), input.below(4), self.now());
        let name = ["", "telefono", "chiave di casa"][usize::from(input.below(3))];
        let device = Device {
            number: 0,
            seed,
            is_hotp,
            digits,
            standing: Standing::Active,
            name: name.into(),
            added: self.now,
            last_used: None,
            next: 0,
            drift: 0,
        };
        let new = NewAuthenticator::from(self.setup.authenticator(seed, is_hotp, digits)).named(name).unwrap();
        let enrolled = match place {
            0 => block_on(verifier.enroll_beside(id, &transaction(login), new, now)),
            1 => block_on(verifier.enroll_first(id, &transaction(login), new, now)),
            _ => block_on(verifier.enroll(id, &transaction(login), new, now)),
        };
        let enrolled = outcome(enrolled, |enrolled| {
            Outcome::Enrolled(enrolled.number.get(), enrolled.replaced.map(AuthenticatorNumber::get))
        });
        let (setup, secs) = (&self.setup, self.now);
        let expected = Self::create(&mut self.entry, |person| person.enroll(setup, login, device, place, secs));
        same(expected, enrolled, "enroll")
    }

    fn import(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        let (seed, is_hotp) = (input.below(24), input.flag());
        let next = if is_hotp { u64::from(input.below(50)) } else { 0 };
        let (drift, failures) = (i16::from(input.below(9)) - 4, input.below(9));
        let (is_confirmed, is_suspended) = (input.below(4) > 0, input.below(4) == 0);
        let mut state = State::new().starting_at(Counter::new(next)).with_drift(drift);
        if is_confirmed {
            state = state.confirmed();
        }
        if is_suspended {
            state = state.suspend();
        }
        let mut bytes = state.to_bytes();
        [bytes[3], bytes[4]] = [failures; 2];
        let state = State::from_bytes(&bytes).unwrap();
        let device = Device {
            number: 0,
            seed,
            is_hotp,
            digits: 6,
            standing: if is_suspended { Standing::Suspended } else { Standing::Active },
            name: String::new(),
            added: self.now,
            last_used: None,
            next: next.into(),
            drift: drift.into(),
        };
        let new = self.setup.authenticator(seed, is_hotp, 6).into();
        let imported = block_on(verifier.import(id, &[(new, state)], DESK, self.now()));
        let setup = &self.setup;
        let expected = Self::create(&mut self.entry, |person| {
            if person.is_suspended {
                refused("suspended")
            } else if is_confirmed {
                person.import(setup, device, failures.into(), Held::No)
            } else {
                refused("not_confirmed")
            }
        });
        same(expected, outcome(imported, |()| Outcome::Done), "import")
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

    fn attempt(&mut self, login: u8, purpose: Purpose, named: Option<u32>, texts: &[&str]) -> Outcome {
        match &mut self.entry {
            Entry::Absent => refused("unknown"),
            Entry::Closed => refused("closed"),
            Entry::Open(person) => person.attempt(&self.setup, Attempt { login, purpose, named, texts, now: self.now }),
        }
    }

    fn person(&self) -> Option<&Person> {
        if let Entry::Open(person) = &self.entry { Some(person) } else { None }
    }

    /// Returns the number of one of the devices or browsers, or rarely one that does not exist.
    fn number(&self, input: &mut Input<'_>) -> u32 {
        let at = usize::from(input.below(25));
        let numbers = self.person().map_or_else(Vec::new, Person::numbers);
        match numbers.len() {
            0 => 1,
            _ if at == 24 => 999,
            len => numbers[at % len],
        }
    }

    /// Returns a new transaction, or one of the last three.
    fn any_login(&mut self, input: &mut Input<'_>) -> u8 {
        let back = input.below(8);
        if back < 3 {
            return self.login.saturating_sub(back);
        }
        self.login = self.login.wrapping_add(1);
        self.login
    }

    /// Returns the transaction of an enrollment, mostly.
    fn pending_login(&mut self, input: &mut Input<'_>) -> u8 {
        let standings = self.person().into_iter().flat_map(|person| &person.devices).map(|device| device.standing);
        let logins: Vec<_> = standings
            .filter_map(|standing| match standing {
                Standing::Unconfirmed { login, .. } => Some(login),
                _ => None,
            })
            .collect();
        let at = usize::from(input.below(16));
        if logins.is_empty() || at == 15 { self.any_login(input) } else { logins[at % logins.len()] }
    }

    /// Returns a text to submit: mostly a code of a device near the expected counter or step.
    fn text(&self, input: &mut Input<'_>, named: Option<u32>) -> String {
        let number = named.unwrap_or_else(|| self.number(input));
        let devices = self.person().map_or(&[][..], |person| &person.devices);
        let Some(device) = devices.iter().find(|device| device.number == number) else { return "123456".into() };
        let offset = match input.below(10) {
            0 => {
                let malformed = ["", "12345", "1234567890", "12a456", "１２３４５６", "+12345", "12.456", "123456\n"];
                return malformed[usize::from(input.below(8))].into();
            }
            1 => 100_000,
            n => i128::from(n) - 4,
        };
        let code = device.code(&self.setup, (device.centre(&self.setup, self.now) + offset).max(0));
        if input.flag() { format!(" {}-{} ", &code[..3], &code[3..]) } else { code }
    }

    fn consecutive_texts(&self, input: &mut Input<'_>, number: u32) -> Vec<String> {
        let devices = self.person().map_or(&[][..], |person| &person.devices);
        let Some(device) = devices.iter().find(|device| device.number == number) else {
            return vec!["123456".into(), "123456".into()];
        };
        let start = device.centre(&self.setup, self.now) + i128::from(input.below(48)) - 16;
        let mut texts: Vec<_> =
            (start..).take(self.setup.resync_codes).map(|at| device.code(&self.setup, at.max(0))).collect();
        match input.below(8) {
            0 => drop(texts.pop()),
            1 => texts.reverse(),
            2 => texts[0] = "nothing".into(),
            _ => {}
        }
        texts
    }

    fn compare(&self, verifier: &Library, id: &AccountId) {
        let view = block_on(verifier.view(id, self.now()));
        let person = match &self.entry {
            Entry::Absent => return assert!(matches!(view, Err(VerifierError::Unknown))),
            Entry::Closed => return assert!(matches!(view, Err(VerifierError::Refused(Refusal::Closed)))),
            Entry::Open(person) => person,
        };
        let view = view.unwrap();
        assert_eq!(view.revision, person.changes);
        assert_eq!(view.is_suspended, person.is_suspended);
        assert_eq!(u64::from(view.failures), person.failures);
        assert_eq!(Held::from(view.hold), if person.held.is_in_force(self.now) { person.held } else { Held::No });
        let is_locked = matches!(person.held, Held::Locked | Held::LockedUntil(_)) && person.held.is_in_force(self.now);
        assert_eq!(view.remaining, if is_locked { 0 } else { person.left(&self.setup) });

        let expires = |device: &Device| match device.standing {
            Standing::Unconfirmed { expires, .. } => Some(expires),
            Standing::Active | Standing::Suspended => None,
        };
        let shown: Vec<_> =
            person.devices.iter().filter(|device| expires(device).is_none_or(|expires| self.now < expires)).collect();
        assert_eq!(view.authenticators.len(), shown.len());
        for (device, view) in shown.iter().zip(&view.authenticators) {
            assert_eq!(view.number, device.number());
            assert_eq!(view.name.as_str(), device.name);
            assert_eq!(view.added.as_secs(), device.added);
            assert_eq!(view.last_used.map(UnixTime::as_secs), device.last_used);
            let status = match device.standing {
                Standing::Unconfirmed { expires, .. } => {
                    Status::Unconfirmed { expires: UnixTime::from_secs(expires).unwrap() }
                }
                Standing::Active => Status::Active,
                Standing::Suspended => Status::Suspended,
            };
            assert_eq!(view.status, status);
        }
        let browsers: Vec<_> = person.browsers.iter().filter(|browser| browser.lives(self.now)).collect();
        assert_eq!(view.browsers.len(), browsers.len());
        browsers.iter().zip(&view.browsers).for_each(|(browser, view)| browser.compare(view));
        let exported = block_on(verifier.export(id, DESK, self.now())).unwrap();
        for (device, exported) in person.devices.iter().zip(&exported) {
            assert_eq!(exported.state.watermark().map_or(-1, |used| i128::from(used.get())), device.next - 1);
            assert_eq!(i64::from(exported.state.drift()), device.drift);
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "both are results")]
fn same(expected: Outcome, found: Outcome, operation: &str) -> Outcome {
    assert_eq!(found, expected, "{operation}");
    found
}

fn as_number(number: u32) -> AuthenticatorNumber {
    AuthenticatorNumber::new(number)
}

fn transaction(login: u8) -> Transaction {
    Transaction::new(&[login; 16]).unwrap()
}
