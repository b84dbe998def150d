//! Comparison with pyotp and with otpauth of npm: codes, windows and key URIs, on random parameters of a wide range.
#![cfg(feature = "std")]

use crate::support::commit::commit;
use crate::support::hex::hex;
use crate::support::installed;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secondo::formats::otpauth::KeyUri;
use secondo::policy::Window;
use secondo::types::{Counter, Period};
use secondo::{
    Algorithm, Authenticator, Digits, Hotp, Key, Method, Policy, Secret, State, SubmittedCode, Totp, UnixTime,
};
use serde_json::{Value, json};

/// The largest time and counter of a program.
struct Range {
    period: u32,
    secs: u64,
    counter: u64,
    /// The number of digits that the program reads from a key URI.
    uri_digits: usize,
}

struct Case {
    digits: Digits,
    /// The period, or `None` for HOTP.
    period: Option<Period>,
    algorithm: Algorithm,
    secret: Vec<u8>,
    /// The start of the time steps, which no key URI can express.
    t0: u64,
    /// The seconds since the start of the time steps, or the counter.
    moment: u64,
    window: u8,
    typed: String,
}

fn folder(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/otp_peers").join(file)
}

/// Returns a number of up to 64 bits whose length is random as well, so that small ones are as frequent as large ones.
fn up_to(rng: &mut StdRng, most: u64) -> u64 {
    let bits = rng.random_range(0..=64_u32);
    let number = rng.random::<u64>().checked_shr(64 - bits).unwrap_or(0);
    match rng.random_range(0..20) {
        0 => most - number % 3,
        _ => number % most,
    }
}

impl Case {
    fn random(rng: &mut StdRng, range: &Range) -> Self {
        let mut secret = vec![0; rng.random_range(Secret::MIN_LEN..=Secret::MAX_LEN)];
        rng.fill(&mut secret[..]);
        let is_totp = rng.random_bool(0.7);
        // Short periods are as frequent as long ones.
        let secs = 1 + (rng.random_range(0..range.period) >> rng.random_range(0..16_u32));
        let period = is_totp.then(|| Period::from_secs(secs.into()).unwrap());
        let t0 = if is_totp && rng.random_bool(0.3) { up_to(rng, 1 << 31) } else { 0 };
        let mut case = Self {
            digits: Digits::try_from(rng.random_range(6..=9_u8)).unwrap(),
            period,
            algorithm: Algorithm::ALL[rng.random_range(0..Algorithm::ALL.len())],
            secret,
            t0,
            moment: up_to(rng, if is_totp { range.secs - t0 } else { range.counter }),
            window: if is_totp { rng.random_range(0..=5) } else { 0 },
            typed: String::new(),
        };
        // Neither program searches a window that begins before the first step.
        case.window = case.window.min(u8::try_from(case.counter()).unwrap_or(u8::MAX));
        // A code of the window or just outside of it.
        let beyond = i64::from(case.window) + 2;
        case.typed = case.code_at(case.counter().saturating_add_signed(rng.random_range(-beyond..=beyond)));
        case
    }

    /// Returns the counter, or the time step.
    fn counter(&self) -> u64 {
        self.period.map_or(self.moment, |period| self.moment / u64::from(period.as_secs()))
    }

    fn method(&self) -> Method {
        self.method_from(UnixTime::from_secs(self.t0).unwrap())
    }

    fn method_from(&self, t0: UnixTime) -> Method {
        let totp = |period| Totp::new(self.digits, period).with_t0(t0).into();
        self.period.map_or(Hotp::new(self.digits).into(), totp)
    }

    /// Returns the authenticator, whose time steps start in 1970.
    fn authenticator(&self) -> Authenticator {
        Authenticator::new(self.method_from(UnixTime::EPOCH), self.algorithm, Secret::from_bytes(&self.secret).unwrap())
    }

    fn key(&self) -> Key {
        self.authenticator().key().unwrap()
    }

    fn code_at(&self, counter: u64) -> String {
        Hotp::new(self.digits).generate(&self.key(), Counter::new(counter)).as_str().to_owned()
    }

    fn now(&self) -> UnixTime {
        if self.period.is_some() { UnixTime::from_secs(self.t0 + self.moment).unwrap() } else { UnixTime::EPOCH }
    }

    fn code(&self) -> String {
        match self.method() {
            Method::Totp(totp) => totp.generate(&self.key(), self.now()).unwrap().as_str().to_owned(),
            _ => self.code_at(self.moment),
        }
    }

    /// Returns `true` if the typed code is accepted here, by an authenticator that was not used.
    fn is_accepted(&self) -> bool {
        let window = Window::new(self.window, self.window).unwrap();
        let policy = Policy::new().with_window(window).with_look_ahead(0).unwrap();
        let next = if self.period.is_some() { 0 } else { self.moment };
        let mut state = State::new().starting_at(Counter::new(next)).confirmed();
        let typed = SubmittedCode::new(&self.typed);
        commit(self.method().verify(&self.key(), &policy, &state, &typed, self.now()), &mut state).is_ok()
    }

    fn uri(&self) -> String {
        let uri = KeyUri::new("rossi@example.com", self.authenticator()).unwrap().with_issuer("Secondo").unwrap();
        uri.to_uri().as_str().to_owned()
    }

    fn json(&self, uri_digits: usize) -> Value {
        let digits = self.digits.count();
        json!({
            "type": if self.period.is_some() { "totp" } else { "hotp" }, "algorithm": self.algorithm.to_string(),
            "digits": digits, "period": self.period.map(Period::as_secs), "moment": self.moment,
            "secret": hex(&self.secret),
            "uri": (digits <= uri_digits).then(|| self.uri()), "typed": self.typed, "window": self.window,
        })
    }
}

/// Compares every answer of the program, and returns the number of cases in which the typed code was accepted.
fn compare(mut program: Command, range: &Range) -> usize {
    let count = if std::env::var_os("TESTS_FULL").is_some() { 20_000 } else { 3_000 };
    let mut rng = StdRng::seed_from_u64(6238);
    let cases: Vec<_> = (0..count).map(|_| Case::random(&mut rng, range)).collect();
    let mut process = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = process.stdin.take().unwrap();
    let lines: Vec<_> = cases.iter().map(|case| case.json(range.uri_digits).to_string()).collect();
    let writer = thread::spawn(move || lines.iter().for_each(|line| writeln!(input, "{line}").unwrap()));
    let output = process.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let answers: Vec<Value> =
        std::str::from_utf8(&output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    let mut accepted = 0;
    for (case, answer) in cases.iter().zip(answers) {
        let shown = || format!("{} {answer}", case.json(range.uri_digits));
        let code = case.code();
        assert_eq!(answer["code"], code, "{}", shown());
        assert!(answer["by_uri"].is_null() || answer["by_uri"] == code, "{}", shown());
        assert_eq!(answer["is_accepted"], case.is_accepted(), "{}", shown());
        accepted += usize::from(case.is_accepted());

        let theirs =
            KeyUri::parse(answer["uri"].as_str().unwrap()).unwrap_or_else(|error| panic!("{error}: {}", shown()));
        let theirs = theirs.authenticator();
        assert_eq!(
            (theirs.method(), theirs.algorithm()),
            (case.authenticator().method(), case.algorithm),
            "{}",
            shown()
        );
        assert_eq!(theirs.secret().unwrap().expose(), case.secret, "{}", shown());
    }
    accepted
}

/// pyotp has periods of at most two minutes, and times before the year 10000.
#[test]
fn codes_windows_and_uris_are_those_of_pyotp() {
    let range = Range { period: 120, secs: UnixTime::MAX.as_secs(), counter: u64::MAX, uri_digits: 8 };
    let accepted = compare(installed::python("pyotp", &folder("pyotp_codes.py")), &range);
    assert!(accepted > 500, "{accepted}");
}

/// Numbers of JavaScript are exact up to 2^53. otpauth takes times in milliseconds.
#[test]
fn codes_windows_and_uris_are_those_of_otpauth() {
    const EXACT: u64 = (1 << 53) - 10;

    let range = Range { period: 86_400, secs: UnixTime::MAX.as_secs(), counter: EXACT, uri_digits: 9 };
    let accepted = compare(installed::node("otpauth", &folder("otpauth_codes.mjs")), &range);
    assert!(accepted > 500, "{accepted}");
}
