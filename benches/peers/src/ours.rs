//! secondo itself. A verification includes parsing the typed code and handing over the next state to be stored.

use std::convert::Infallible;
use std::hint::black_box;
use std::iter;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use secondo::audit::Operator;
use secondo::decision::Decision;
use secondo::factor::Attempt;
use secondo::policy::Window;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::{
    AccountId, Algorithm, Authenticator, Code, Hotp, Key, Method, Policy, Secret, State, SubmittedCode, Totp,
    Transaction, UnixTime, Verifier,
};

use crate::work::{Library, Login, NOW, PERIOD, People, Run, Search, WRONG};

pub(crate) struct Secondo;

impl Library for Secondo {
    fn name(&self) -> &'static str {
        "secondo"
    }

    fn code<'a>(&self, login: &'a Login) -> Run<'a> {
        let key = key(login);
        Run::new(move || generate(&key, login), |code| code.as_str().to_owned())
    }

    fn code_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        Run::new(|| generate(&key(login), login), |code| code.as_str().to_owned())
    }

    fn verify<'a>(&self, login: &'a Login) -> Run<'a> {
        let key = key(login);
        let policy = policy(login.past, login.future);
        Run::of(move || verify(&key, &policy, login))
    }

    fn verify_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        let policy = policy(login.past, login.future);
        Run::of(move || verify(&key(login), &policy, login))
    }

    /// Resynchronizes with two consecutive codes, because a login looks ahead at most ten counters.
    fn search<'a>(&self, search: &'a Search) -> Run<'a> {
        let key = Key::new(search.algorithm, &Secret::from_bytes(&search.secret).expect("long enough"));
        let policy = Policy::new().with_resync_span(search.ahead).expect("in range");
        let last = u64::from(search.ahead);
        let typed = [search.code_at(last - 1), search.code_at(last)];
        let now = UnixTime::from_secs(NOW).unwrap();
        Run::of(move || {
            let [first, second] = black_box(&typed);
            let codes = [first, second].map(|text| SubmittedCode::new(text));
            accepted(Method::Hotp(Hotp::default()).resync(black_box(&key), &policy, &State::new(), &codes, now))
        })
    }

    fn codes<'a>(&self, people: &'a People) -> Run<'a> {
        let keys = keys(people);
        let shown = |codes: Vec<Code>| codes.iter().map(Code::as_str).collect::<Vec<_>>().join(" ");
        Run::new(move || generate_batch(black_box(&keys)), shown)
    }

    fn verify_all<'a>(&self, people: &'a People) -> Run<'a> {
        let keys = keys(people);
        let states = vec![State::new().confirmed(); keys.len()];
        let policy = policy(1, 1);
        Run::of(move || verify_batch(&policy, black_box(&keys), &states, &people.typed))
    }
}

/// Returns a run for each kind of code that a login can get. The times must not differ between them.
pub(crate) fn kinds(login: &Login) -> Vec<(&'static str, Run<'_>)> {
    let (fresh, step) = (State::new().confirmed(), login.step());
    let used = fresh.starting_at(Counter::new(step + 2));
    let kinds = [
        ("wrong code", WRONG.to_owned(), fresh),
        ("right, past step", login.code_at(step - 1), fresh),
        ("right, current step", login.code_at(step), fresh),
        ("right, future step", login.code_at(step + 1), fresh),
        ("replayed", login.code_at(step), used),
    ];
    let run = |(kind, typed, state): (_, String, State)| {
        let (key, policy) = (key(login), policy(login.past, login.future));
        (kind, Run::of(move || decide(&key, &policy, &state, &typed, login.now)))
    };
    kinds.into_iter().map(run).collect()
}

/// Returns a run for each form of a record. It is a whole login by a [`Verifier`] with a new code and transaction.
pub(crate) fn logins(login: &Login) -> Vec<(&'static str, Run<'_>)> {
    let run = |(form, name)| (name, logins_on(form, login, &[phone(login)]));
    Form::NAMED.into_iter().map(run).collect()
}

/// Returns a run for one device with a prepared key, and for each form of a record with four devices. The code is that
/// of the last one, and is compared with all.
pub(crate) fn logins_of_four(login: &Login) -> Vec<(&'static str, Run<'_>)> {
    let one = ("one: plain record with the key", logins_on(Form::PLAIN_KEY, login, &[phone(login)]));
    let four = Form::NAMED.into_iter().map(|(form, name)| (name, logins_on(form, login, &[phone(login); 4])));
    iter::once(one).chain(four).collect()
}

/// Returns a run for each mix of devices, in a plain record with the keys. The code is that of the last one, a phone,
/// and is compared with all.
pub(crate) fn logins_of_mixes(login: &Login) -> Vec<(&'static str, Run<'_>)> {
    let phone = phone(login);
    let token = (Hotp::default().into(), login.algorithm);
    let others = Algorithm::ALL.iter().copied().filter(|other| *other != login.algorithm);
    let all: Vec<_> = others.map(|other| (phone.0, other)).chain([phone]).collect();
    let mixes: [(_, &[_]); 5] = [
        ("one phone", &[phone]),
        ("two phones", &[phone; 2]),
        ("a token with a counter and a phone", &[token, phone]),
        ("two tokens with counters and two phones", &[token, token, phone, phone]),
        ("phones of all three algorithms", &all),
    ];
    mixes.into_iter().map(|(name, devices)| (name, logins_on(Form::PLAIN_KEY, login, devices))).collect()
}

fn phone(login: &Login) -> (Method, Algorithm) {
    (Totp::default().into(), login.algorithm)
}

/// The form in which an authenticator is stored.
#[derive(Clone, Copy)]
struct Form {
    is_sealed: bool,
    is_prepared: bool,
}

impl Form {
    const PLAIN_KEY: Self = Self { is_sealed: false, is_prepared: true };
    const NAMED: [(Self, &str); 4] = [
        (Self::PLAIN_KEY, "plain record with the key"),
        (Self { is_sealed: false, is_prepared: false }, "plain record"),
        (Self { is_sealed: true, is_prepared: true }, "sealed record with the key"),
        (Self { is_sealed: true, is_prepared: false }, "sealed record"),
    ];
}

/// Logs one person with these devices in again and again, each time at the next step. The last one is a phone.
fn logins_on(form: Form, login: &Login, devices: &[(Method, Algorithm)]) -> Run<'static> {
    /// More than the rounds of a measurement take.
    const CODES: u64 = 1 << 17;

    let authenticator = |(number, (method, algorithm)): (u32, (Method, Algorithm))| {
        let secrets = People::devices(algorithm, number).secrets;
        let secret = Secret::from_bytes(secrets.last().expect("one device at least")).expect("long enough");
        if form.is_prepared {
            Authenticator::from_key(method, Key::new(algorithm, &secret))
        } else {
            Authenticator::new(method, algorithm, secret)
        }
    };
    let devices: Vec<_> = (1..).zip(devices.iter().copied()).map(authenticator).collect();
    let policy = policy(login.past, login.future);
    let store = Memory::new();
    let verifier =
        if form.is_sealed { Verifier::new(store, ring(), policy) } else { Verifier::unsealed(store, policy) };
    let (id, desk) = (AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6").unwrap(), Operator::new("desk", "peers"));
    let time = |step: u64| UnixTime::from_secs(NOW + step * PERIOD).unwrap();
    let last = devices.last().expect("one device at least");
    let codes: Vec<_> = (0..CODES).map(|step| last.totp_code(time(step)).expect("after T0")).collect();
    let added: Vec<_> = devices.iter().map(|device| (device.into(), State::new().confirmed())).collect();
    ready(verifier.import(&id, &added, desk, time(0))).expect("in memory");
    let mut logins = codes.into_iter().zip(0..);
    Run::of(move || {
        let (code, step) = logins.next().expect("enough codes");
        let login = Transaction::new(&u128::from(step).to_be_bytes()).expect("16 bytes");
        ready(verifier.verify(&id, &login, code.as_str(), time(step))).is_ok()
    })
}

/// Returns what a future of the in-memory store returns at its first poll.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the store is in memory"),
    }
}

/// Returns the sealing keys of a provider.
pub(crate) fn ring() -> KeyRing {
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).expect("64 digits");
    let deployment = Deployment::new("peers").expect("a name");
    KeyRing::new(SealingKey::derive(&deployment, KeyId::new(1), &master).expect("never fails"), []).expect("one key")
}

fn key(login: &Login) -> Key {
    let secret = Secret::from_bytes(black_box(&login.secret)).expect("long enough");
    Key::new(login.algorithm, &secret)
}

fn keys(people: &People) -> Vec<Key> {
    let key = |secret| Key::new(people.algorithm, &Secret::from_bytes(secret).expect("long enough"));
    people.secrets.iter().map(|secret| key(secret)).collect()
}

fn policy(past: u8, future: u8) -> Policy {
    Policy::new().with_window(Window::new(past, future).expect("in range"))
}

fn generate(key: &Key, login: &Login) -> Code {
    Totp::default().generate(black_box(key), UnixTime::from_secs(black_box(login.now)).unwrap()).expect("after T0")
}

fn verify(key: &Key, policy: &Policy, login: &Login) -> bool {
    decide(key, policy, &State::new().confirmed(), &login.typed, login.now)
}

fn decide(key: &Key, policy: &Policy, state: &State, typed: &str, now: u64) -> bool {
    let code = SubmittedCode::new(black_box(typed));
    let now = UnixTime::from_secs(black_box(now)).unwrap();
    accepted(Method::Totp(Totp::default()).verify(black_box(key), policy, black_box(state), &code, now))
}

fn accepted<T>(decision: Decision<T>) -> bool {
    let stored = decision.commit(|next| {
        black_box(next);
        Ok::<_, Infallible>(())
    });
    stored.is_ok()
}

/// Generates a code for each key.
fn generate_batch(keys: &[Key]) -> Vec<Code> {
    Totp::default().generate_batch(keys, UnixTime::from_secs(NOW).unwrap()).expect("after T0").collect()
}

/// Verifies all codes, and returns the number of accepted ones.
fn verify_batch(policy: &Policy, keys: &[Key], states: &[State], typed: &[String]) -> usize {
    let codes: Vec<_> = typed.iter().map(|text| SubmittedCode::new(text)).collect();
    let method = Method::Totp(Totp::default());
    let people = keys.iter().zip(states).zip(&codes);
    let attempts = people.map(|((key, state), code)| Attempt { method, key, state, code });
    secondo::factor::verify_batch(policy, attempts, UnixTime::from_secs(NOW).unwrap())
        .filter_map(|decision| accepted(decision).then_some(()))
        .count()
}
