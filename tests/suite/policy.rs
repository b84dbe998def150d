//! Tests of locks, back-off, counted failures, and an attacker's chances under a policy.

use crate::support::commit;
use crate::support::time::at;

use std::convert::Infallible;
use std::time::Duration;

use commit::commit;
use secondo::decision::{CommitError, Hold};
use secondo::policy::{BackOff, Lock, ResyncCodes, Window};
use secondo::policy::{PolicyError, WaitError, WindowError};
use secondo::types::{Counter, Period};
use secondo::types::{DigitsError, PeriodError};
use secondo::{Algorithm, Digits, Hotp, Key, Method, Policy, Refusal, Secret, State, SubmittedCode, Totp, UnixTime};

const NOW: UnixTime = at(1_700_000_000);

fn after(secs: u64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs() + secs).unwrap()
}

fn key() -> Key {
    Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890").unwrap())
}

/// Submits the HOTP code of a counter, and stores the next state in `state`.
fn submit(policy: &Policy, state: &mut State, counter: u64, now: UnixTime) -> Result<(), Refusal> {
    let code = SubmittedCode::from(&Hotp::default().generate(&key(), Counter::new(counter)));
    let decision = Method::Hotp(Hotp::default()).verify(&key(), policy, state, &code, now);
    commit(decision, state).map(drop)
}

/// A counter beyond every look-ahead.
const WRONG: u64 = 1_000_000;

#[test]
fn a_lock_can_last_until_somebody_unlocks() {
    let policy = Policy::new().with_lock(Lock::UNTIL_UNLOCKED);
    let mut state = State::new().confirmed();
    for remaining in (0..5).rev() {
        assert_eq!(policy.remaining(&state, NOW), remaining + 1);
        let hold = if remaining == 0 { Hold::Locked } else { Hold::None };
        assert_eq!(submit(&policy, &mut state, WRONG, NOW), Err(Refusal::Wrong { remaining, hold }));
    }
    assert_eq!(policy.remaining(&state, UnixTime::MAX), 0);
    let locked = state;
    assert_eq!(submit(&policy, &mut state, 0, UnixTime::MAX), Err(Refusal::Locked { until: None }));
    assert_eq!(state, locked, "an attempt during a lock must not change the state");
    state = state.unlock();
    assert_eq!(submit(&policy, &mut state, 0, NOW), Ok(()));
}

/// Submits wrong codes until the next lock, and returns its duration in seconds.
fn lock(policy: &Policy, state: &mut State, now: UnixTime) -> u64 {
    loop {
        match submit(policy, state, WRONG, now) {
            Err(Refusal::Wrong { remaining: 0, hold: Hold::LockedUntil(until) }) => {
                return until.as_secs() - now.as_secs();
            }
            Err(Refusal::Wrong { remaining: 1.., hold: Hold::None }) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// A lock without an end after five failures would let anyone with the password shut the subscriber out.
#[test]
fn the_default_lock_doubles_up_to_a_day_and_ends_by_itself() {
    const MINUTE: u64 = 60;
    const DAY: u64 = 24 * 60 * MINUTE;
    let policy = Policy::new();
    let mut state = State::new().confirmed();
    let mut now = NOW.as_secs();
    let mut at = |wait: u64| {
        now += wait;
        UnixTime::from_secs(now).unwrap()
    };
    let mut counter = 0;
    let mut log_in = |state: &mut State, now| {
        assert_eq!(submit(&policy, state, counter, now), Ok(()));
        counter += 1;
    };
    // A success between the locks resets the failure count, but does not shorten the next lock.
    let mut last = 0;
    for minutes in [15, 30, 60, 120, 240, 480, 960, 1440, 1440] {
        let wait = lock(&policy, &mut state, at(last));
        assert_eq!(wait, minutes * MINUTE);
        log_in(&mut state, at(wait));
        assert_eq!((state.failures(), policy.remaining(&state, at(0))), (0, 5));
        last = 0;
    }
    // Each full day without a lock takes back one doubling. The third day is one second short.
    assert_eq!(lock(&policy, &mut state, at(3 * DAY - 1)), 480 * MINUTE);
    // Unlocking by an operator does not shorten the next lock either.
    state = state.unlock();
    assert_eq!(lock(&policy, &mut state, at(0)), 960 * MINUTE);
    assert_eq!(lock(&policy, &mut state, at(960 * MINUTE + 30 * DAY)), 15 * MINUTE);

    // After 100 consecutive failures, the limit of NIST SP 800-63B, only an operator can end the lock.
    let mut state = State::new().confirmed();
    for _ in 0..19 {
        let wait = lock(&policy, &mut state, at(0));
        at(wait);
    }
    for remaining in (1..5).rev() {
        let wrong = Refusal::Wrong { remaining, hold: Hold::None };
        assert_eq!(submit(&policy, &mut state, WRONG, at(0)), Err(wrong));
    }
    let last = Refusal::Wrong { remaining: 0, hold: Hold::Locked };
    assert_eq!(submit(&policy, &mut state, WRONG, at(0)), Err(last));
    assert_eq!(submit(&policy, &mut state, 0, UnixTime::MAX), Err(Refusal::Locked { until: None }));
}

/// A cap lowered from 10 to 7 after nine failures must not allow further guesses before the next lock.
#[test]
fn a_lower_cap_holds_for_failures_that_are_counted_already() {
    let before = Policy::new().with_failure_cap(10).unwrap();
    let policy = Policy::new().with_failure_cap(7).unwrap();
    let mut state = State::new().confirmed();
    for _ in 0..9 {
        assert!(submit(&before, &mut state, WRONG, NOW).is_err());
    }
    assert_eq!(policy.remaining(&state, NOW), 0);
    // Not even a correct code is evaluated: the lock that the policy requires begins.
    let until = after(15 * 60);
    assert_eq!(submit(&policy, &mut state, 0, NOW), Err(Refusal::Locked { until: Some(until) }));
    assert_eq!((state.failures(), state.hold()), (9, Hold::LockedUntil(until)));
    // After the lock, the new cap applies as usual.
    assert_eq!(policy.remaining(&state, until), 7);
    assert_eq!(lock(&policy, &mut state, until), 30 * 60);
    assert_eq!(state.failures(), 16);
    // A higher cap allows more attempts.
    let mut state = State::new().confirmed();
    assert!(submit(&policy, &mut state, WRONG, NOW).is_err());
    assert_eq!(before.remaining(&state, NOW), 9);
}

/// An attacker who knows the password never gets more guesses than the computed probability assumes.
///
/// The subscriber logs in every day, every two days, or every seven days.
#[test]
fn no_attacker_has_more_guesses_than_the_figure() {
    const DAY: u64 = 86_400;
    let totp = Totp::default();
    let guess = Policy::new().guess_probability([totp], 0).per_lock / 5.0;
    let lasting = |secs| Policy::new().with_lock(Lock::lasting(Duration::from_secs(secs)).unwrap());
    for policy in [Policy::new(), Policy::new().with_failure_cap(2).unwrap(), lasting(900), lasting(3 * DAY)] {
        for (left_over, every) in [(0, 1), (1, 1), (0, 2), (1, 2), (0, 7), (1, 7)] {
            let mut state = State::new().confirmed();
            let (mut guesses, mut logins) = (0_u32, 0_u32);
            for now in (0..365 * DAY).step_by(300) {
                let at = after(now);
                // The attacker guesses greedily, but leaves `left_over` attempts so that the subscriber can log in.
                while policy.remaining(&state, at) > left_over && submit(&policy, &mut state, WRONG, at).is_err() {
                    guesses += 1;
                }
                if now % (every * DAY) == 0 && submit(&policy, &mut state, u64::from(logins), at).is_ok() {
                    logins += 1;
                }
            }
            let bound = policy.guess_probability([totp], logins).per_year;
            assert!(f64::from(guesses) * guess <= bound * 1.01, "{guesses} guesses, {logins} logins, {bound}");
        }
    }
}

#[test]
fn a_lock_can_end_by_itself() {
    let policy =
        Policy::new().with_failure_cap(2).unwrap().with_lock(Lock::lasting(Duration::from_millis(59_001)).unwrap());
    let mut state = State::new().confirmed();
    assert_eq!(submit(&policy, &mut state, WRONG, NOW), Err(Refusal::Wrong { remaining: 1, hold: Hold::None }));
    let until = Some(after(60));
    let locks = Refusal::Wrong { remaining: 0, hold: Hold::LockedUntil(after(60)) };
    assert_eq!(submit(&policy, &mut state, WRONG, NOW), Err(locks));
    assert_eq!(submit(&policy, &mut state, 0, after(59)), Err(Refusal::Locked { until }));
    assert_eq!((policy.remaining(&state, after(59)), policy.remaining(&state, after(60))), (0, 2));
    assert_eq!(submit(&policy, &mut state, 0, after(60)), Ok(()));
    assert_eq!((state.failures(), state.hold()), (0, Hold::None));
}

#[test]
fn the_wait_doubles_with_each_failure_up_to_the_longest() {
    let policy = Policy::new()
        .with_failure_cap(50)
        .unwrap()
        .with_back_off(BackOff::new(Duration::from_secs(3), Duration::from_secs(100)).unwrap());
    let mut state = State::new().confirmed();
    let mut now = NOW;
    for wait in [3, 6, 12, 24, 48, 96, 100, 100, 100].into_iter().chain([100; 40]) {
        assert!(matches!(submit(&policy, &mut state, WRONG, now), Err(Refusal::Wrong { .. })));
        let retry_at = UnixTime::from_secs(now.as_secs() + wait).unwrap();
        let early = UnixTime::from_secs(now.as_secs() + wait - 1).unwrap();
        // An attempt that is too early is not evaluated or counted, and does not move the wait.
        assert_eq!(submit(&policy, &mut state, 0, early), Err(Refusal::Throttled { retry_at }));
        assert_eq!(state.hold(), Hold::Throttled(retry_at));
        now = retry_at;
    }
    assert_eq!(submit(&policy, &mut state, 0, now), Ok(()));
    assert_eq!(state.hold(), Hold::None);
}

#[test]
fn a_lock_is_never_shorter_than_the_back_off_it_replaces() {
    let secs = Duration::from_secs;
    let policy = Policy::new()
        .with_failure_cap(4)
        .unwrap()
        .with_lock(Lock::lasting(secs(100)).unwrap())
        .with_back_off(BackOff::new(secs(10), secs(1000)).unwrap());
    let mut state = State::new().confirmed();
    let mut now = NOW;
    for wait in [10, 20, 40, 100, 160, 320, 640, 1000, 1000] {
        assert!(matches!(submit(&policy, &mut state, WRONG, now), Err(Refusal::Wrong { .. })));
        let until = UnixTime::from_secs(now.as_secs() + wait).unwrap();
        let locked = state.failures().is_multiple_of(4);
        assert_eq!(state.hold(), if locked { Hold::LockedUntil(until) } else { Hold::Throttled(until) });
        now = until;
    }
}

#[test]
fn replays_and_malformed_entries_count_as_the_policy_says() {
    let malformed = SubmittedCode::new("12 456");
    for (replays, counted_malformed) in [(false, false), (false, true), (true, false), (true, true)] {
        let policy = Policy::new().with_counted_replays(replays).with_counted_malformed(counted_malformed);
        let mut state = State::new().confirmed();
        assert_eq!(submit(&policy, &mut state, 0, NOW), Ok(()));
        let replayed = submit(&policy, &mut state, 0, NOW);
        assert_eq!(replayed, Err(Refusal::Replayed { remaining: if replays { 4 } else { 5 }, hold: Hold::None }));
        let before = state.failures();
        let decision = Method::Hotp(Hotp::default()).verify(&key(), &policy, &state, &malformed, NOW);
        assert!(matches!(commit(decision, &mut state), Err(Refusal::Malformed(_))));
        assert_eq!(state.failures() - before, u8::from(counted_malformed));
    }
}

#[test]
fn every_change_counts_a_revision_and_a_refusal_without_a_change_none() {
    let policy = Policy::new().with_failure_cap(1).unwrap();
    let mut state = State::new().confirmed();
    let mut revisions = vec![state.revision()];
    let _accepted = submit(&policy, &mut state, 0, NOW);
    revisions.push(state.revision());
    let _wrong = submit(&policy, &mut state, WRONG, NOW);
    revisions.push(state.revision());
    let _locked = submit(&policy, &mut state, WRONG, NOW);
    revisions.push(state.revision());
    state = state.unlock();
    revisions.push(state.revision());
    state = state.suspend();
    revisions.push(state.revision());
    state = state.resume();
    revisions.push(state.revision());
    assert_eq!(revisions, [0, 1, 2, 2, 3, 4, 5]);
}

#[test]
fn resynchronization_wants_as_many_codes_as_the_policy_says() {
    let hotp = Hotp::default();
    let code = |counter: &u64| SubmittedCode::from(&hotp.generate(&key(), Counter::new(*counter)));
    let codes = |counters: &[u64]| counters.iter().map(code).collect::<Vec<_>>();
    for (wanted, counters) in [(ResyncCodes::Two, &[40, 41][..]), (ResyncCodes::Three, &[40, 41, 42])] {
        let policy = Policy::new().with_resync_codes(wanted).with_resync_span(100).unwrap();
        let state = State::new();
        let resync = |counters: &[u64]| {
            Method::Hotp(hotp)
                .resync(&key(), &policy, &state, &codes(counters), NOW)
                .commit(|_| Ok::<_, Infallible>(()))
        };
        assert_eq!(resync(counters).unwrap().counter.get(), counters[counters.len() - 1]);
        for other in [&[40][..], &counters[..counters.len() - 1], &[40, 41, 42, 43]] {
            assert!(matches!(resync(other), Err(CommitError::Refused(Refusal::Malformed(_)))));
        }
        // The last code may be at most the span ahead.
        let furthest: Vec<_> = (0..counters.len() as u64).rev().map(|back| 100 - back).collect();
        assert!(resync(&furthest).is_ok());
        let beyond: Vec<_> = furthest.iter().map(|counter| counter + 1).collect();
        assert!(matches!(resync(&beyond), Err(CommitError::Refused(Refusal::Wrong { .. }))));
    }
}

/// A login under a clock that was ahead left a watermark in the future.
#[test]
fn a_watermark_is_lowered_to_the_window_if_it_is_beyond_the_margin() {
    let (totp, policy) = (Totp::default(), Policy::new().with_watermark_margin(Duration::from_secs(90)).unwrap());
    let step = |secs| totp.step(after(secs)).unwrap();
    let used_at = |secs| State::new().confirmed().starting_at(Counter::new(step(secs).get() + 1));
    let lowered = totp.lower_watermark(&policy, &used_at(300), NOW).unwrap();
    assert_eq!(lowered.watermark(), Some(step(0)));
    assert_ne!(lowered.revision(), used_at(300).revision());
    for state in [used_at(90), State::new().confirmed()] {
        assert_eq!(totp.lower_watermark(&policy, &state, NOW), None);
    }
}

/// A wrong clock may have set the watermark far away.
#[test]
fn no_step_up_to_the_watermark_is_accepted_however_far_it_is() {
    let (totp, policy) = (Totp::default(), Policy::new().with_window(Window::new(1, 1).unwrap()));
    let now = totp.step(NOW).unwrap().get();
    for ahead in [0, 1, 30, 31, 32, 33, 1 << 31, 1 << 32, (1 << 32) + 1, 1 << 62] {
        let state = State::new().confirmed().starting_at(Counter::new(now + ahead));
        for step in now - 1..=now + 1 {
            let code = SubmittedCode::from(&Hotp::default().generate(&key(), Counter::new(step)));
            let verdict = commit(Method::Totp(totp).verify(&key(), &policy, &state, &code, NOW), &mut state.clone());
            assert_eq!(verdict.is_ok(), step >= now + ahead, "{ahead}, {step}: {verdict:?}");
        }
    }
}

#[test]
fn a_confirmation_is_a_login_if_the_policy_says_so() {
    for is_login in [false, true] {
        let policy = Policy::new().with_confirmation_login(is_login);
        let code = SubmittedCode::from(&Hotp::default().generate(&key(), Counter::new(0)));
        let mut state = State::new();
        let decision = Method::Hotp(Hotp::default()).confirm(&key(), &policy, &state, &code, NOW);
        let confirmed = commit(decision, &mut state).unwrap();
        assert_eq!(confirmed.into_login().is_some(), is_login);
    }
}

/// The expected probabilities were computed with exact fractions.
#[test]
fn guess_probabilities() {
    fn near(actual: f64, expected: f64) {
        assert!((actual - expected).abs() <= expected * 1e-9, "{actual} is not {expected}");
    }

    let totp = Totp::default();
    let until_unlocked = Policy::new().with_lock(Lock::UNTIL_UNLOCKED);
    let once = until_unlocked.guess_probability([totp], 0);
    near(once.per_lock, 1.000_236_443_22e-5);
    near(once.per_year, 1.000_236_443_22e-5);
    // 250 logins of the subscriber in a year reset the failure count.
    near(until_unlocked.guess_probability([totp], 250).per_year, 2.507_457_092_99e-3);
    // The default allows 100 consecutive guesses, or the guesses of 373 locks in a year and those between them.
    near(Policy::new().guess_probability([totp], 0).per_year, 2.000_282_807_99e-4);
    near(Policy::new().guess_probability([totp], 250).per_year, 5.722_946_607_08e-3);
    near(Policy::new().guess_probability([Hotp::default()], 0).per_lock, 3.000_685_318_31e-5);
    // A guess is compared with all authenticators of its length. The eight digits of another add nothing to it.
    let phone_and_token: [Method; 2] = [totp.into(), Hotp::default().into()];
    near(Policy::new().guess_probability(phone_and_token, 0).per_lock, 4.000_897_750_28e-5);
    let eight: [Method; 2] = [totp.into(), Totp::new(Digits::Eight, Period::default()).into()];
    near(Policy::new().guess_probability(eight, 250).per_year, 5.722_946_607_08e-3);
    near(Policy::new().guess_probability([totp; 0], 250).per_year, 0.0);
    // The most likely code of nine digits comes from 3 of 2^31 values.
    let nine = Totp::new(Digits::Nine, Period::default());
    let wide = Policy::new().with_window(Window::new(0, 0).unwrap());
    near(wide.guess_probability([nine], 0).per_lock, 6.984_919_290_10e-9);

    // Locks of 15 minutes end often enough to reach the limit of 100 failures. Locks of 30 days allow 13 in a year.
    let lasting = |secs| Policy::new().with_lock(Lock::lasting(Duration::from_secs(secs)).unwrap());
    near(lasting(900).guess_probability([totp], 0).per_year, 2.000_282_807_99e-4);
    near(lasting(30 * 86_400).guess_probability([totp], 0).per_year, 1.300_229_342_16e-4);
    near(lasting(30 * 86_400).guess_probability([totp], 11).per_year, 2.400_291_353_45e-4);
    near(lasting(30 * 86_400).guess_probability([totp], 12).per_year, 2.500_290_989_19e-4);
    // More resets never lower the probability, which stays at most 1.
    for policy in [lasting(30 * 86_400), lasting(900).with_failure_cap(3).unwrap(), Policy::new(), until_unlocked] {
        let mut before = 0.0;
        for resets in (0..400).chain([u32::MAX - 1, u32::MAX]) {
            let chance = policy.guess_probability([totp], resets);
            assert!(chance.per_year >= before && chance.per_year <= 1.0, "{resets} resets");
            before = chance.per_year;
        }
    }
    // Back-off with waits of up to 100 days reduces the number of guesses.
    let days = |n: u64| Duration::from_secs(n * 86_400);
    let slow = Policy::new().with_failure_cap(50).unwrap().with_back_off(BackOff::new(days(100), days(100)).unwrap());
    let growing = slow.with_back_off(BackOff::new(days(1), days(100)).unwrap());
    near(growing.guess_probability([totp], 9).per_year, 1.220_220_110_74e-4);
    // Each additional step of the window adds a correct code.
    let wide = Policy::new().with_window(Window::new(2, 3).unwrap());
    near(wide.guess_probability([totp], 0).per_lock, 3.000_685_318_31e-5);
    near(slow.guess_probability([totp], 0).per_year, 8.001_899_549_59e-6);
}

#[test]
fn parameters_out_of_range_are_refused() {
    assert_eq!(Digits::try_from(5), Err(DigitsError(5)));
    assert_eq!(Digits::try_from(10), Err(DigitsError(10)));
    assert_eq!(Period::from_secs(0), Err(PeriodError(0)));
    assert_eq!(Period::from_secs(86_401), Err(PeriodError(86_401)));
    assert_eq!(Period::from_secs((1 << 32) + 30), Err(PeriodError((1 << 32) + 30)));
    assert_eq!(Window::new(10, 1), Err(WindowError { past: 10, future: 1 }));
    assert_eq!(Window::new(255, 255), Err(WindowError { past: 255, future: 255 }));
    assert!(Window::new(10, 0).is_ok() && Window::new(0, 10).is_ok());
    let policy = Policy::new();
    assert_eq!(policy.with_look_ahead(11), Err(PolicyError::LookAhead(11)));
    assert_eq!(policy.with_failure_cap(0), Err(PolicyError::FailureCap(0)));
    assert_eq!(policy.with_failure_cap(101), Err(PolicyError::FailureCap(101)));
    assert!(policy.with_max_drift(5_000).is_ok() && policy.with_resync_span(10_000).is_ok());
    assert!(policy.with_look_ahead(10).is_ok() && policy.with_failure_cap(100).is_ok());
    assert_eq!(policy.with_max_drift(5_001), Err(PolicyError::Drift(5_001)));
    assert_eq!(policy.with_resync_span(0), Err(PolicyError::ResyncSpan(0)));
    assert_eq!(policy.with_resync_span(10_001), Err(PolicyError::ResyncSpan(10_001)));
    assert_eq!(Lock::lasting(Duration::ZERO), Err(WaitError::Length));
    assert_eq!(Lock::lasting(Duration::MAX), Err(WaitError::Length));
    let secs = Duration::from_secs;
    assert_eq!(Lock::doubling(secs(2), secs(1)), Err(WaitError::Doubling));
    assert_eq!(BackOff::new(secs(0), secs(1)), Err(WaitError::Length));
    assert_eq!(BackOff::new(secs(2), secs(1)), Err(WaitError::Doubling));
    assert!(BackOff::new(secs(1), secs(u64::from(u32::MAX))).is_ok());
}
