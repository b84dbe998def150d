//! Comparison with `oathtool` and with a naive computation, on random secrets, parameters, times and windows.

use crate::support::cases::cases;
use crate::support::hex::hex;
use crate::support::naive;
use crate::support::oathtool;

use oathtool::oathtool;
use proptest::prelude::*;
use secondo::decision::{CommitError, Verified};
use secondo::policy::Window;
use secondo::types::{Counter, Period};
use secondo::{Algorithm, Digits, Hotp, Key, Method, Policy, Refusal, Secret, State, SubmittedCode, Totp, UnixTime};

/// The number of codes that `oathtool` prints in one run.
const BATCH: u64 = 25;

fn algorithms() -> impl Strategy<Value = Algorithm> {
    prop::sample::select(Algorithm::ALL)
}

fn secrets() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), Secret::MIN_LEN..=Secret::MAX_LEN)
}

/// Generates counters, more often near the ends of the range and at powers of two, where arithmetic may overflow.
fn counters() -> impl Strategy<Value = u64> {
    prop_oneof![0..50_u64, u64::MAX - 50..=u64::MAX, any::<u64>(), (0..64_u32).prop_map(|bit| 1 << bit)]
}

/// Generates times from the epoch to [`UnixTime::MAX`].
fn times() -> impl Strategy<Value = UnixTime> {
    counters().prop_map(|secs| UnixTime::from_secs(secs).unwrap_or(UnixTime::MAX))
}

fn key(algorithm: Algorithm, secret: &[u8]) -> Key {
    Key::new(algorithm, &Secret::from_bytes(secret).unwrap())
}

#[test]
fn hotp_codes_are_oathtools() {
    oathtool::must_be_there();
    proptest!(cases(30), |(secret in secrets(), digits in 6..=8_u8, first in 0..u64::MAX - BATCH)| {
        let hotp = Hotp::new(Digits::try_from(digits).unwrap());
        let key = key(Algorithm::Sha1, &secret);
        let arguments = ["--hotp", "--counter", &first.to_string(), "--digits", &digits.to_string(),
            "--window", &(BATCH - 1).to_string(), &hex(&secret)];
        let codes = oathtool(&arguments.map(str::to_owned));
        prop_assert_eq!(codes.len() as u64, BATCH);
        for (counter, code) in (first..).zip(codes) {
            let ours = hotp.generate(&key, Counter::new(counter));
            prop_assert_eq!(ours.as_str(), code);
        }
    });
}

#[test]
fn totp_codes_are_oathtools() {
    oathtool::must_be_there();
    proptest!(cases(50), |(
        algorithm in algorithms(), secret in secrets(), digits in 6..=8_u8, period in 1..=86_400_u64,
        t0 in 0..2_000_000_000_u64, elapsed in 0..20_000_000_000_u64,
    )| {
        let totp = Totp::new(Digits::try_from(digits).unwrap(), Period::from_secs(period).unwrap())
            .with_t0(UnixTime::from_secs(t0).unwrap());
        let key = key(algorithm, &secret);
        let arguments = [format!("--totp={algorithm}"), format!("--now=@{}", t0 + elapsed), format!("--start-time=@{t0}"),
            format!("--time-step-size={period}s"), format!("--digits={digits}"), format!("--window={}", BATCH - 1), hex(&secret)];
        let codes = oathtool(&arguments);
        prop_assert_eq!(codes.len() as u64, BATCH);
        for (n, code) in (0..).zip(codes) {
            let now = UnixTime::from_secs(t0 + elapsed + n * period).unwrap();
            let ours = totp.generate(&key, now).unwrap();
            prop_assert_eq!(ours.as_str(), code);
        }
    });
}

#[test]
fn codes_are_those_of_a_naive_hmac() {
    proptest!(cases(2_000), |(algorithm in algorithms(), secret in secrets(), digits in 6..=9_u8, counter in counters())| {
        let hotp = Hotp::new(Digits::try_from(digits).unwrap());
        let code = hotp.generate(&key(algorithm, &secret), Counter::new(counter));
        prop_assert_eq!(code.as_str(), naive::code(algorithm, &secret, counter, usize::from(digits)));
    });
}

#[test]
fn steps_and_remaining_seconds_divide_the_time() {
    proptest!(cases(2_000), |(t0 in times(), now in times(), period in 1..=86_400_u64)| {
        let totp = Totp::new(Digits::Six, Period::from_secs(period).unwrap()).with_t0(t0);
        match (totp.step(now), totp.seconds_remaining(now)) {
            (Ok(step), Ok(remaining)) => {
                prop_assert!((1..=period).contains(&u64::from(remaining)));
                let end = u128::from(now.as_secs()) + u128::from(remaining);
                prop_assert_eq!(u128::from(t0.as_secs()) + (u128::from(step.get()) + 1) * u128::from(period), end);
            }
            (step, remaining) => prop_assert!(step.is_err() && remaining.is_err() && now < t0),
        }
    });
}

/// A TOTP verification accepts the lowest unused step of the window with the submitted code, found by brute force.
#[test]
fn windows_accept_what_a_naive_search_finds() {
    proptest!(cases(2_000), |(
        algorithm in algorithms(), seed in any::<[u8; 20]>(), period in 1..=86_400_u64, past in 0..=10_u8, ahead in 0..=10_u8,
        step in counters(), offset in -13..=13_i128, used in prop::option::of(-13..=13_i128), drift in -15..=15_i16,
    )| {
        let future = ahead.min(10 - past);
        let policy = Policy::new().with_window(Window::new(past, future).unwrap());
        let period = Period::from_secs(period).unwrap();
        let totp = Totp::new(Digits::Six, period);
        let step = step.min(UnixTime::MAX.as_secs() / u64::from(period.as_secs()));
        let now = UnixTime::from_secs(step * u64::from(period.as_secs())).unwrap();
        let in_range = |at: i128| u64::try_from(at).ok();
        let used = used.and_then(|used| in_range(i128::from(step) + used));
        let state = State::new().confirmed().with_drift(drift);
        let state = used.map_or(state, |used| state.starting_at(Counter::new(used.saturating_add(1))));

        let code = |at: u64| naive::code(algorithm, &seed, at, 6);
        let submitted = code(in_range(i128::from(step) + offset).unwrap_or(step));
        let around = |drift: i16| {
            let centre = (i128::from(step) + i128::from(drift)).max(0);
            centre - i128::from(past)..=centre + i128::from(future)
        };
        // If drift has moved the window away from the current step, a second window remains there.
        let drift = drift.clamp(-10, 10);
        let mut steps: Vec<i128> = around(drift).collect();
        if !(-i16::from(future)..=i16::from(past)).contains(&drift) {
            steps.extend(around(0));
        }
        steps.sort_unstable();
        let window = steps.into_iter().filter_map(in_range);
        let matching: Vec<u64> = window.clone().filter(|at| code(*at) == submitted).collect();
        let fresh = matching.iter().find(|at| used.is_none_or(|used| **at > used)).copied();

        let code = SubmittedCode::new(&submitted);
        let mut stored = None;
        let verdict = Method::Totp(totp).verify(&key(algorithm, &seed), &policy, &state, &code, now).commit(|next| {
            stored = Some(*next);
            Ok::<_, ()>(())
        });
        match verdict {
            Ok(accepted) => {
                prop_assert_eq!(Some(accepted.counter().get()), fresh);
                prop_assert_eq!(i128::from(accepted.drift()), i128::from(accepted.counter().get()) - i128::from(step));
                prop_assert_eq!(stored.unwrap().watermark(), Some(accepted.counter()));
            }
            Err(CommitError::Refused(refusal)) => {
                prop_assert_eq!(fresh, None);
                match refusal {
                    Refusal::Replayed { .. } => prop_assert!(!matching.is_empty()),
                    Refusal::Wrong { .. } => prop_assert!(matching.is_empty()),
                    Refusal::ClockBehind => prop_assert!(window.max() < used),
                    other => prop_assert!(false, "{other:?}"),
                }
            }
            Err(CommitError::Store(())) => prop_assert!(false, "the store cannot fail"),
        }
    });
}

/// An HOTP verification accepts the codes that `oathtool` accepts with the same look-ahead, at the same counters.
#[test]
fn look_ahead_accepts_what_oathtool_accepts() {
    oathtool::must_be_there();
    let accepted = |verdict: Result<Verified, CommitError<()>>| verdict.ok().map(|accepted| accepted.counter().get());
    proptest!(cases(20), |(secret in secrets(), next in 0..u64::MAX / 2, offset in 0..14_u64, window in 0..=10_u8)| {
        let key = key(Algorithm::Sha1, &secret);
        let hotp = Hotp::default();
        let code = hotp.generate(&key, Counter::new(next + offset));
        let arguments = ["--counter", &next.to_string(), "--window", &window.to_string(), &hex(&secret), code.as_str()];
        let output = oathtool::run(&arguments.map(str::to_owned));
        // `oathtool` prints how far ahead the code was, or fails.
        let theirs = output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().parse::<u64>().unwrap());

        let policy = Policy::new().with_look_ahead(window).unwrap();
        let state = State::new().starting_at(Counter::new(next)).confirmed();
        let (method, code) = (Method::Hotp(hotp), SubmittedCode::from(&code));
        let decision = method.verify(&key, &policy, &state, &code, UnixTime::from_secs(0).unwrap());
        prop_assert_eq!(accepted(decision.commit(|_| Ok(()))), theirs.map(|ahead| next + ahead));
    });
}
