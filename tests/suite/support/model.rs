//! A naive model of the verifier, and sequences of operations on which the verifier and the model must agree.

use std::collections::BTreeMap;
use std::time::Duration;

use pollster::block_on;
use secondo::decision::Hold;
use secondo::factor::Method;
use secondo::policy::{BackOff, Lock, ResyncCodes, Window};
use secondo::store::Memory;
use secondo::types::{Counter, Period};
use secondo::verifier::Enrolled;
use secondo::{
    AccountId, Algorithm, Authenticator, Digits, Hotp, Policy, Refusal, Secret, State, Totp, UnixTime, Verifier,
    VerifierError,
};

use super::naive;

/// Runs the operations that the bytes encode on the library and on the model, and panics if they differ.
///
/// Counts the outcomes of the operations in `seen`.
pub(crate) fn run(bytes: &[u8], seen: &mut BTreeMap<&'static str, usize>) {
    let mut input = Input(bytes.iter());
    let setup = Setup::new(&mut input);
    let verifier = Verifier::unsealed(Memory::new(), setup.policy());
    let id = AccountId::new("model").unwrap();
    let mut model = Model { setup, now: 1_700_000_000, entry: Entry::Absent };
    while let Some(operation) = input.next() {
        let name = model.step(operation, &mut input, &verifier, &id);
        model.compare(&verifier, &id);
        *seen.entry(name).or_default() += 1;
    }
}

struct Input<'a>(std::slice::Iter<'a, u8>);

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

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent options of a policy")]
struct Setup {
    hotp: bool,
    algorithm: Algorithm,
    digits: u8,
    period: u64,
    t0: u64,
    past: u8,
    future: u8,
    look_ahead: u8,
    cap: u8,
    /// The first and the longest duration in seconds, or `None` for locks until an operator unlocks.
    lock: Option<(u64, u64)>,
    /// The first and the longest wait in seconds.
    back_off: Option<(u64, u64)>,
    count_replays: bool,
    count_malformed: bool,
    learn_drift: bool,
    max_drift: u16,
    resync_span: u16,
    resync_codes: usize,
    confirmation_login: bool,
}

impl Setup {
    fn new(input: &mut Input<'_>) -> Self {
        let past = input.below(11);
        Self {
            hotp: input.flag(),
            algorithm: Algorithm::ALL[usize::from(input.below(3)) % Algorithm::ALL.len()],
            digits: 6 + input.below(4),
            period: [30, 1, 3600][usize::from(input.below(3))],
            t0: [0, 1_699_999_990, 1_700_000_050][usize::from(input.below(3))],
            past,
            future: input.below(11 - past),
            look_ahead: input.below(11),
            cap: 1 + input.below(7),
            lock: input.flag().then(|| {
                let first = u64::from(input.below(100)) + 1;
                (first, first + u64::from(input.below(200)))
            }),
            back_off: input.flag().then_some((u64::from(input.below(5)) + 1, 30)),
            count_replays: input.flag(),
            count_malformed: input.flag(),
            learn_drift: input.flag(),
            max_drift: u16::from(input.below(20)),
            resync_span: u16::from(input.below(40)) + 1,
            resync_codes: 2 + usize::from(input.below(2)),
            confirmation_login: input.flag(),
        }
    }

    fn policy(&self) -> Policy {
        let mut policy = Policy::new()
            .with_window(Window::new(self.past, self.future).unwrap())
            .with_look_ahead(self.look_ahead)
            .unwrap()
            .with_failure_cap(self.cap)
            .unwrap()
            .with_counted_replays(self.count_replays)
            .with_counted_malformed(self.count_malformed)
            .with_learned_drift(self.learn_drift)
            .with_max_drift(self.max_drift)
            .unwrap()
            .with_resync_span(self.resync_span)
            .unwrap()
            .with_resync_codes(if self.resync_codes == 2 { ResyncCodes::Two } else { ResyncCodes::Three })
            .with_confirmation_login(self.confirmation_login);
        policy = policy.with_lock(match self.lock {
            Some((first, longest)) => Lock::doubling(Duration::from_secs(first), Duration::from_secs(longest)).unwrap(),
            None => Lock::UNTIL_UNLOCKED,
        });
        if let Some((first, longest)) = self.back_off {
            let back_off = BackOff::new(Duration::from_secs(first), Duration::from_secs(longest)).unwrap();
            policy = policy.with_back_off(back_off);
        }
        policy
    }

    fn clamp(&self, drift: i64) -> i64 {
        drift.clamp(-i64::from(self.max_drift), i64::from(self.max_drift))
    }

    /// Returns `true` if the window moved by `drift` contains the current step.
    fn reaches(&self, drift: i64) -> bool {
        drift - i64::from(self.past) <= 0 && drift + i64::from(self.future) >= 0
    }

    /// Returns the drift nearest to the known one that explains a code `ahead` steps ahead.
    ///
    /// If the window has a past step, the code may also be one step late.
    fn fitting(&self, known: i64, ahead: i64) -> i64 {
        known.clamp(ahead, ahead + i64::from(self.past > 0))
    }

    fn authenticator(&self, seed: u8) -> Authenticator {
        let digits = Digits::try_from(self.digits).unwrap();
        let period = Period::from_secs(self.period).unwrap();
        let method: Method = if self.hotp {
            Hotp::new(digits).into()
        } else {
            Totp::new(digits, period).with_t0(UnixTime::from_secs(self.t0).unwrap()).into()
        };
        Authenticator::new(method, self.algorithm, Secret::from_bytes(&[seed; 20]).unwrap())
    }
}

enum Entry {
    Absent,
    Revoked,
    Enrolled(Known),
}

/// The model's state of an authenticator.
#[derive(Debug)]
struct Known {
    seed: u8,
    confirmed: bool,
    suspended: bool,
    /// The counter or time step after the watermark, or 0 without one.
    next: i128,
    drift: i64,
    failures: u64,
    since_lock: u64,
    /// The number of doublings of the next lock's duration, if it began when the last one ended.
    doublings: u64,
    lock_ended: u64,
    held: Held,
    changes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Held {
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

/// The outcome of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Accepted(u64, i64),
    Confirmed(Option<u64>),
    Resynchronized(u64, i64),
    Enrolled(Enrolled),
    Done,
    Unknown,
    AlreadyEnrolled,
    Refused(&'static str, Option<u8>, Option<u64>),
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Accepted(..) => "accepted",
            Self::Confirmed(..) => "confirmed",
            Self::Resynchronized(..) => "resynchronized",
            Self::Enrolled(Enrolled::New) => "enrolled",
            Self::Enrolled(Enrolled::Replaced) => "replaced",
            Self::Done => "done",
            Self::Unknown => "unknown",
            Self::AlreadyEnrolled => "already enrolled",
            Self::Refused(why, ..) => why,
        }
    }
}

fn outcome<T, E: std::fmt::Debug>(result: Result<T, VerifierError<E>>, ok: impl FnOnce(T) -> Outcome) -> Outcome {
    match result {
        Ok(value) => ok(value),
        Err(VerifierError::Unknown) => Outcome::Unknown,
        Err(VerifierError::AlreadyEnrolled) => Outcome::AlreadyEnrolled,
        Err(VerifierError::Refused(refusal)) => match refusal {
            Refusal::Malformed(_) => Outcome::Refused("malformed", None, None),
            Refusal::Wrong { remaining, hold } => Outcome::Refused("wrong", Some(remaining), Held::from(hold).until()),
            Refusal::Replayed { remaining, hold } => {
                Outcome::Refused("replayed", Some(remaining), Held::from(hold).until())
            }
            Refusal::Locked { until } => Outcome::Refused("locked", None, until.map(UnixTime::as_secs)),
            Refusal::Throttled { retry_at } => Outcome::Refused("throttled", None, Some(retry_at.as_secs())),
            Refusal::Suspended => Outcome::Refused("suspended", None, None),
            Refusal::ClockBehind => Outcome::Refused("clock behind", None, None),
            Refusal::Unconfirmed => Outcome::Refused("unconfirmed", None, None),
            Refusal::AlreadyConfirmed => Outcome::Refused("already confirmed", None, None),
            Refusal::Revoked => Outcome::Refused("revoked", None, None),
            other => panic!("the model does not know this refusal: {other:?}"),
        },
        Err(other) => panic!("unexpected error: {other:?}"),
    }
}

fn refused(why: &'static str) -> Outcome {
    Outcome::Refused(why, None, None)
}

#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    Login,
    Confirmation,
    Resynchronization,
}

struct Model {
    setup: Setup,
    now: u64,
    entry: Entry,
}

impl Model {
    fn step(
        &mut self,
        operation: u8,
        input: &mut Input<'_>,
        verifier: &Verifier<Memory>,
        id: &AccountId,
    ) -> &'static str {
        let now = UnixTime::from_secs(self.now).unwrap();
        match operation % 16 {
            0 => self.enroll(input, verifier, id).name(),
            1 => {
                let expected = self.operator(|known| known.suspended = true);
                assert_eq!(outcome(block_on(verifier.suspend(id)), |()| Outcome::Done), expected);
                expected.name()
            }
            2 => {
                let expected = self.operator(|known| known.suspended = false);
                assert_eq!(outcome(block_on(verifier.resume(id)), |()| Outcome::Done), expected);
                expected.name()
            }
            3 => {
                let expected = self.operator(|known| {
                    known.failures = 0;
                    known.since_lock = 0;
                    known.held = Held::No;
                });
                assert_eq!(outcome(block_on(verifier.unlock(id)), |()| Outcome::Done), expected);
                expected.name()
            }
            4 if input.below(32) == 0 => {
                let expected = if matches!(self.entry, Entry::Absent) { Outcome::Unknown } else { Outcome::Done };
                assert_eq!(outcome(block_on(verifier.revoke(id)), |()| Outcome::Done), expected);
                if expected == Outcome::Done {
                    self.entry = Entry::Revoked;
                }
                expected.name()
            }
            5 => {
                self.now += u64::from(input.below(200));
                "time"
            }
            6 => {
                self.now += u64::from(input.below(200)) * self.setup.period / 8;
                "time"
            }
            7 if input.below(4) == 0 => {
                self.now = self.now.saturating_sub(u64::from(input.below(255)) * 100);
                "time set back"
            }
            8 | 9 => {
                let text = self.text(input);
                let expected = self.attempt(Purpose::Confirmation, &[&text], |setup, known, at, drift| {
                    known.confirmed = true;
                    known.learn(setup, drift);
                    Outcome::Confirmed(setup.confirmation_login.then_some(at))
                });
                let confirmed = outcome(block_on(verifier.confirm(id, &text, now)), |confirmed| {
                    Outcome::Confirmed(confirmed.into_login().map(|accepted| accepted.counter().get()))
                });
                assert_eq!(confirmed, expected, "confirm {text:?} at {}", self.now);
                expected.name()
            }
            10 | 11 => {
                let texts = self.consecutive_texts(input);
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let expected = self.attempt(Purpose::Resynchronization, &texts, |setup, known, at, drift| {
                    known.resynchronize(setup, drift);
                    Outcome::Resynchronized(at, drift)
                });
                let resynchronized = outcome(block_on(verifier.resync(id, &texts, now)), |resynchronized| {
                    Outcome::Resynchronized(resynchronized.counter.get(), resynchronized.drift)
                });
                assert_eq!(resynchronized, expected, "resync {texts:?} at {}", self.now);
                expected.name()
            }
            _ => {
                let text = self.text(input);
                let expected = self.attempt(Purpose::Login, &[&text], |setup, known, at, drift| {
                    known.learn(setup, drift);
                    Outcome::Accepted(at, drift)
                });
                let accepted = outcome(block_on(verifier.verify(id, &text, now)), |accepted| {
                    Outcome::Accepted(accepted.counter().get(), accepted.drift())
                });
                assert_eq!(accepted, expected, "verify {text:?} at {}", self.now);
                expected.name()
            }
        }
    }

    fn enroll(&mut self, input: &mut Input<'_>, verifier: &Verifier<Memory>, id: &AccountId) -> Outcome {
        let seed = input.below(255);
        let next = if self.setup.hotp { u64::from(input.below(50)) } else { 0 };
        let drift = i16::from(input.below(9)) - 4;
        let state = State::new().starting_at(Counter::new(next)).with_drift(drift);
        let result = block_on(verifier.enroll(id, &self.setup.authenticator(seed), state));
        match &self.entry {
            Entry::Enrolled(known) if known.confirmed || known.suspended => {
                assert_eq!(outcome(result, Outcome::Enrolled), Outcome::AlreadyEnrolled);
                Outcome::AlreadyEnrolled
            }
            Entry::Revoked => {
                assert_eq!(outcome(result, Outcome::Enrolled), refused("revoked"));
                refused("revoked")
            }
            _ => {
                let replaced = matches!(self.entry, Entry::Enrolled(_));
                let enrolled = Outcome::Enrolled(if replaced { Enrolled::Replaced } else { Enrolled::New });
                assert_eq!(outcome(result, Outcome::Enrolled), enrolled);
                self.entry = Entry::Enrolled(Known {
                    seed,
                    confirmed: false,
                    suspended: false,
                    next: i128::from(next),
                    drift: i64::from(drift),
                    failures: 0,
                    since_lock: 0,
                    doublings: 0,
                    lock_ended: 0,
                    held: Held::No,
                    changes: 0,
                });
                enrolled
            }
        }
    }

    fn operator(&mut self, change: impl FnOnce(&mut Known)) -> Outcome {
        match &mut self.entry {
            Entry::Absent => Outcome::Unknown,
            Entry::Revoked => refused("revoked"),
            Entry::Enrolled(known) => {
                change(known);
                known.changes += 1;
                Outcome::Done
            }
        }
    }

    fn attempt(
        &mut self,
        purpose: Purpose,
        texts: &[&str],
        accept: impl FnOnce(&Setup, &mut Known, u64, i64) -> Outcome,
    ) -> Outcome {
        let (setup, now) = (&self.setup, self.now);
        let known = match &mut self.entry {
            Entry::Absent => return Outcome::Unknown,
            Entry::Revoked => return refused("revoked"),
            Entry::Enrolled(known) => known,
        };
        match (purpose, known.confirmed) {
            _ if known.suspended => return refused("suspended"),
            (Purpose::Login, false) => return refused("unconfirmed"),
            (Purpose::Confirmation, true) => return refused("already confirmed"),
            _ => {}
        }
        match known.held {
            Held::Locked => return refused("locked"),
            Held::LockedUntil(until) if now < until => return Outcome::Refused("locked", None, Some(until)),
            Held::ThrottledUntil(until) if now < until => return Outcome::Refused("throttled", None, Some(until)),
            _ => {}
        }

        let codes: Vec<String> = texts.iter().filter_map(|text| typed(text, usize::from(setup.digits))).collect();
        let wanted = if purpose == Purpose::Resynchronization { setup.resync_codes } else { 1 };
        if texts.len() != wanted || codes.len() != wanted {
            if setup.count_malformed {
                known.count(setup, now);
            }
            return refused("malformed");
        }

        let used = known.next - 1;
        let max_drift = i128::from(setup.max_drift);
        let current = if setup.hotp {
            0
        } else if now < setup.t0 {
            return refused("clock behind");
        } else {
            i128::from((now - setup.t0) / setup.period)
        };
        // The lowest counter or step of the first code, and the ranges of the last code.
        let (first, windows) = match (setup.hotp, purpose) {
            (true, Purpose::Resynchronization) => (used, vec![used..=known.next + i128::from(setup.resync_span)]),
            (true, _) => (used, vec![used..=known.next + i128::from(setup.look_ahead)]),
            (false, Purpose::Resynchronization) => (0, vec![current - max_drift..=current + max_drift]),
            (false, _) => {
                let window = |centre: i128| centre - i128::from(setup.past)..=centre + i128::from(setup.future);
                let drift = setup.clamp(known.drift);
                let mut windows = vec![window((current + i128::from(drift)).max(0))];
                if !setup.reaches(drift) {
                    windows.push(window(current));
                }
                (0, windows)
            }
        };
        if !setup.hotp && windows.iter().all(|window| used > *window.end()) {
            return refused("clock behind");
        }
        let count = codes.len() as i128;
        let mut places: Vec<i128> = windows
            .into_iter()
            .flatten()
            .filter(|last| *last >= first.max(0) + count - 1)
            .filter(|last| (last - count + 1..).zip(&codes).all(|(at, code)| known.code(setup, at) == *code))
            .collect();
        places.sort_unstable();

        match places.iter().find(|last| **last - count + 1 > used) {
            Some(&last) => {
                known.next = last + 1;
                known.failures = 0;
                known.since_lock = 0;
                known.held = Held::No;
                known.changes += 1;
                let drift = if setup.hotp { 0 } else { i64::try_from(last - current).unwrap() };
                accept(setup, known, u64::try_from(last).unwrap(), drift)
            }
            None if places.is_empty() => known.fail("wrong", setup, now),
            None if setup.count_replays => known.fail("replayed", setup, now),
            None => Outcome::Refused("replayed", Some(known.left(setup)), None),
        }
    }

    /// Returns the counter or time step of the code that is expected now.
    fn centre(&self, known: &Known) -> i128 {
        if self.setup.hotp {
            known.next
        } else {
            i128::from(self.now.saturating_sub(self.setup.t0) / self.setup.period) + i128::from(known.drift)
        }
    }

    /// Returns a text to submit: mostly a code of a counter or step near the expected one.
    fn text(&self, input: &mut Input<'_>) -> String {
        let Entry::Enrolled(known) = &self.entry else { return "123456".into() };
        let offset = match input.below(10) {
            0 => {
                let malformed = ["", "12345", "1234567890", "12a456", "１２３４５６", "+12345", "12.456", "123456\n"];
                return malformed[usize::from(input.below(8))].into();
            }
            1 => 100_000,
            n => i128::from(n) - 4,
        };
        let code = known.code(&self.setup, (self.centre(known) + offset).max(0));
        if input.flag() { format!(" {}-{} ", &code[..3], &code[3..]) } else { code }
    }

    fn consecutive_texts(&self, input: &mut Input<'_>) -> Vec<String> {
        let Entry::Enrolled(known) = &self.entry else { return vec!["123456".into(), "123456".into()] };
        let start = self.centre(known) + i128::from(input.below(48)) - 16;
        let mut texts: Vec<_> =
            (start..).take(self.setup.resync_codes).map(|at| known.code(&self.setup, at.max(0))).collect();
        match input.below(8) {
            0 => drop(texts.pop()),
            1 => texts.reverse(),
            2 => texts[0] = "nothing".into(),
            _ => {}
        }
        texts
    }

    fn compare(&self, verifier: &Verifier<Memory>, id: &AccountId) {
        let state = block_on(verifier.state(id));
        match &self.entry {
            Entry::Absent => assert!(matches!(state, Err(VerifierError::Unknown))),
            Entry::Revoked => assert!(matches!(state, Err(VerifierError::Refused(Refusal::Revoked)))),
            Entry::Enrolled(known) => {
                let state = state.unwrap();
                assert_eq!(state.watermark().map_or(-1, |used| i128::from(used.get())), known.next - 1);
                assert_eq!(i64::from(state.drift()), known.drift);
                assert_eq!(u64::from(state.failures()), known.failures);
                assert_eq!(state.is_confirmed(), known.confirmed);
                assert_eq!(state.is_suspended(), known.suspended);
                assert_eq!(state.revision(), known.changes);
                assert_eq!(Held::from(state.hold()), known.held);
            }
        }
    }
}

impl Known {
    fn code(&self, setup: &Setup, at: i128) -> String {
        naive::code(setup.algorithm, &[self.seed; 20], u64::try_from(at).unwrap(), usize::from(setup.digits))
    }

    fn learn(&mut self, setup: &Setup, drift: i64) {
        if setup.hotp || !setup.learn_drift {
            return;
        }
        let known = setup.clamp(self.drift);
        let near = |drift: i64| drift.clamp(-i64::from(setup.future), i64::from(setup.past));
        self.drift = setup.clamp(if setup.reaches(known) {
            near(setup.fitting(known, drift))
        } else if (-i64::from(setup.past)..=i64::from(setup.future)).contains(&drift) {
            near(setup.fitting(0, drift))
        } else {
            setup.fitting(known, drift)
        });
    }

    fn resynchronize(&mut self, setup: &Setup, drift: i64) {
        if !setup.hotp {
            self.drift = setup.clamp(setup.fitting(self.drift, drift));
        }
    }

    fn left(&self, setup: &Setup) -> u8 {
        u8::try_from((u64::from(setup.cap) - self.since_lock).min(100 - self.failures)).unwrap()
    }

    fn fail(&mut self, name: &'static str, setup: &Setup, now: u64) -> Outcome {
        let remaining = self.count(setup, now);
        Outcome::Refused(name, Some(remaining), self.held.until())
    }

    /// Takes back one doubling for each day since the last lock ended, and limits the doublings to `most`.
    fn ease(&mut self, most: u64, now: u64) {
        const DAY: u64 = 86_400;
        let doublings = match now.checked_sub(self.lock_ended) {
            Some(since) => self.doublings.saturating_sub(since / DAY),
            None => self.doublings,
        };
        self.doublings = doublings.min(most);
    }

    fn count(&mut self, setup: &Setup, now: u64) -> u8 {
        self.failures += 1;
        self.since_lock += 1;
        self.changes += 1;
        let waits = setup.back_off.map(|(first, longest)| {
            let doubled = u128::from(first) << (self.failures - 1);
            u64::try_from(doubled.min(u128::from(longest))).unwrap()
        });
        if self.failures == 100 {
            self.held = Held::Locked;
        } else if self.since_lock == u64::from(setup.cap) {
            self.since_lock = 0;
            self.held = setup.lock.map_or(Held::Locked, |(first, longest)| {
                let most = (0..32).find(|n| first << n >= longest).unwrap();
                self.ease(most, now);
                self.lock_ended = now + (first << self.doublings).min(longest).max(waits.unwrap_or(0));
                self.doublings = (self.doublings + 1).min(most);
                Held::LockedUntil(self.lock_ended)
            });
        } else {
            self.held = waits.map_or(Held::No, |secs| Held::ThrottledUntil(now + secs));
        }
        if matches!(self.held, Held::Locked | Held::LockedUntil(_)) { 0 } else { self.left(setup) }
    }
}

/// Returns the digits of a submitted text without separators, if it is a code of `digits` digits.
fn typed(text: &str, digits: usize) -> Option<String> {
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    (bare.len() == digits && bare.chars().all(|c| c.is_ascii_digit())).then_some(bare)
}
