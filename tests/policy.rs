//! Locks, back-off, what counts, and what a configuration gives to an attacker.

#[path = "support/commit.rs"]
mod commit;

use std::convert::Infallible;
use std::time::Duration;

use commit::commit;
use secondo::{
    Algorithm, BackOff, Code, CommitError, Counter, Digits, Hold, Hotp, Key, Lock, ParameterError, Period, Policy,
    Refusal, ResyncCodes, Secret, State, Totp, UnixTime, Window,
};

const NOW: UnixTime = match UnixTime::from_secs(1_700_000_000) {
    Ok(time) => time,
    Err(_) => panic!(),
};

fn after(secs: u64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs() + secs).unwrap()
}

fn key() -> Key {
    Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890").unwrap())
}

/// Submits the HOTP code of a counter, and replaces the state.
fn submit(policy: &Policy, state: &mut State, counter: u64, now: UnixTime) -> Result<(), Refusal> {
    let entry = Ok(Hotp::default().generate(&key(), Counter::new(counter)));
    let decision = Hotp::default().verify(&key(), policy, state, &entry, now);
    commit(decision, state).map(drop)
}

/// A counter beyond every look-ahead.
const WRONG: u64 = 1_000_000;

#[test]
fn the_default_lock_opens_only_by_reinstatement() {
    let policy = Policy::new();
    let mut state = State::new().confirmed();
    for remaining in (0..5).rev() {
        assert_eq!(policy.remaining(&state, NOW), remaining + 1);
        assert_eq!(submit(&policy, &mut state, WRONG, NOW), Err(Refusal::Wrong { remaining }));
    }
    assert_eq!(policy.remaining(&state, UnixTime::MAX), 0);
    let locked = state;
    assert_eq!(submit(&policy, &mut state, 0, UnixTime::MAX), Err(Refusal::Locked { until: None }));
    assert_eq!(state, locked, "an attempt on a lock changes nothing");
    state = state.reinstate();
    assert_eq!(submit(&policy, &mut state, 0, NOW), Ok(()));
}

#[test]
fn a_lock_can_end_by_itself() {
    let policy =
        Policy::new().with_failure_cap(2).unwrap().with_lock(Lock::lasting(Duration::from_millis(59_001)).unwrap());
    let mut state = State::new().confirmed();
    assert_eq!(submit(&policy, &mut state, WRONG, NOW), Err(Refusal::Wrong { remaining: 1 }));
    assert_eq!(submit(&policy, &mut state, WRONG, NOW), Err(Refusal::Wrong { remaining: 0 }));
    let until = Some(after(60));
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
        // Too early is not evaluated, not counted, and moves nothing.
        assert_eq!(submit(&policy, &mut state, 0, early), Err(Refusal::Throttled { retry_at }));
        assert_eq!(state.hold(), Hold::Throttled(retry_at));
        now = retry_at;
    }
    assert_eq!(submit(&policy, &mut state, 0, now), Ok(()));
    assert_eq!(state.hold(), Hold::None);
}

#[test]
fn a_lock_is_never_shorter_than_the_back_off_in_its_place() {
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
    let malformed = Code::parse("12 456", Digits::Six);
    for (replays, counted_malformed) in [(false, false), (false, true), (true, false), (true, true)] {
        let policy = Policy::new().with_counted_replays(replays).with_counted_malformed(counted_malformed);
        let mut state = State::new().confirmed();
        assert_eq!(submit(&policy, &mut state, 0, NOW), Ok(()));
        let replayed = submit(&policy, &mut state, 0, NOW);
        assert_eq!(replayed, Err(Refusal::Replayed { remaining: if replays { 4 } else { 5 } }));
        let before = state.failures();
        let decision = Hotp::default().verify(&key(), &policy, &state, &malformed, NOW);
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
    state = state.reinstate();
    revisions.push(state.revision());
    state = state.suspend();
    revisions.push(state.revision());
    assert_eq!(revisions, [0, 1, 2, 2, 3, 4]);
}

#[test]
fn resynchronization_wants_as_many_codes_as_the_policy_says() {
    let hotp = Hotp::default();
    let codes =
        |counters: &[u64]| counters.iter().map(|c| Ok(hotp.generate(&key(), Counter::new(*c)))).collect::<Vec<_>>();
    for (wanted, counters) in [(ResyncCodes::Two, &[40, 41][..]), (ResyncCodes::Three, &[40, 41, 42])] {
        let policy = Policy::new().with_resync_codes(wanted).with_resync_span(100).unwrap();
        let state = State::new();
        let resync = |counters: &[u64]| {
            hotp.resync(&key(), &policy, &state, &codes(counters), NOW).commit(|_| Ok::<_, Infallible>(()))
        };
        assert_eq!(resync(counters).unwrap().counter().get(), counters[counters.len() - 1]);
        for other in [&[40][..], &counters[..counters.len() - 1], &[40, 41, 42, 43]] {
            assert!(matches!(resync(other), Err(CommitError::Refused(Refusal::Malformed(_)))));
        }
        // The last code may be as far ahead as the span says.
        let furthest: Vec<_> = (0..counters.len() as u64).rev().map(|back| 100 - back).collect();
        assert!(resync(&furthest).is_ok());
        let beyond: Vec<_> = furthest.iter().map(|counter| counter + 1).collect();
        assert!(matches!(resync(&beyond), Err(CommitError::Refused(Refusal::Wrong { .. }))));
    }
}

/// The expected figures were computed with exact fractions.
#[test]
fn guess_probabilities() {
    fn near(actual: f64, expected: f64) {
        assert!((actual - expected).abs() <= expected * 1e-9, "{actual} is not {expected}");
    }

    let totp = Totp::default();
    let default = Policy::new().guess_probability(totp, 0);
    near(default.per_lock, 1.000_236_443_22e-5);
    near(default.per_year, 1.000_236_443_22e-5);
    // 250 logins of the subscriber's a year start the count again.
    near(Policy::new().guess_probability(totp, 250).per_year, 2.507_457_092_99e-3);
    near(Policy::new().guess_probability(Hotp::default(), 0).per_lock, 3.000_685_318_31e-5);
    // Nine digits: 3 of 2^31 values give the most likely code.
    let nine = Totp::new(Digits::Nine, Period::default());
    let wide = Policy::new().with_window(Window::new(0, 0).unwrap());
    near(wide.guess_probability(nine, 0).per_lock, 6.984_919_290_10e-9);

    // A lock of a quarter of an hour ends often enough to reach the limit of 100; one of 30 days thirteen times a year.
    let lasting = |secs| Policy::new().with_lock(Lock::lasting(Duration::from_secs(secs)).unwrap());
    near(lasting(900).guess_probability(totp, 0).per_year, 2.000_282_807_99e-4);
    near(lasting(30 * 86_400).guess_probability(totp, 0).per_year, 1.300_229_342_16e-4);
    near(lasting(30 * 86_400).guess_probability(totp, 11).per_year, 2.400_291_353_45e-4);
    near(lasting(30 * 86_400).guess_probability(totp, 12).per_year, 2.500_290_989_19e-4);
    // Resets never make it less likely, and no more so than a run for each.
    for policy in [lasting(30 * 86_400), lasting(900).with_failure_cap(3).unwrap(), Policy::new()] {
        let mut before = 0.0;
        for resets in (0..400).chain([u32::MAX - 1, u32::MAX]) {
            let chance = policy.guess_probability(totp, resets);
            assert!(chance.per_year >= before && chance.per_year <= 1.0, "{resets} resets");
            before = chance.per_year;
        }
    }
    // Back-off makes them fewer: waits of 1 to 8 s each time do not, waits of 100 days do.
    let days = |n: u64| Duration::from_secs(n * 86_400);
    let slow = Policy::new().with_failure_cap(50).unwrap().with_back_off(BackOff::new(days(100), days(100)).unwrap());
    let growing = slow.with_back_off(BackOff::new(days(1), days(100)).unwrap());
    near(growing.guess_probability(totp, 9).per_year, 1.220_220_110_74e-4);
    // Each step of the window is one more code that is right.
    let wide = Policy::new().with_window(Window::new(2, 3).unwrap());
    near(wide.guess_probability(totp, 0).per_lock, 3.000_685_318_31e-5);
    near(slow.guess_probability(totp, 0).per_year, 8.001_899_549_59e-6);
}

#[test]
fn parameters_out_of_range_are_refused() {
    assert_eq!(Digits::try_from(5), Err(ParameterError::Digits(5)));
    assert_eq!(Digits::try_from(10), Err(ParameterError::Digits(10)));
    assert_eq!(Period::from_secs(0), Err(ParameterError::Period(0)));
    assert_eq!(Period::from_secs(3601), Err(ParameterError::Period(3601)));
    assert_eq!(Period::from_secs((1 << 32) + 30), Err(ParameterError::Period((1 << 32) + 30)));
    assert_eq!(Window::new(10, 1), Err(ParameterError::Window { past: 10, future: 1 }));
    assert_eq!(Window::new(255, 255), Err(ParameterError::Window { past: 255, future: 255 }));
    assert!(Window::new(10, 0).is_ok() && Window::new(0, 10).is_ok());
    let policy = Policy::new();
    assert_eq!(policy.with_look_ahead(11), Err(ParameterError::LookAhead(11)));
    assert_eq!(policy.with_failure_cap(0), Err(ParameterError::FailureCap(0)));
    assert_eq!(policy.with_failure_cap(101), Err(ParameterError::FailureCap(101)));
    assert!(policy.with_max_drift(5_000).is_ok() && policy.with_resync_span(10_000).is_ok());
    assert!(policy.with_look_ahead(10).is_ok() && policy.with_failure_cap(100).is_ok());
    assert_eq!(policy.with_max_drift(5_001), Err(ParameterError::Drift(5_001)));
    assert_eq!(policy.with_resync_span(0), Err(ParameterError::ResyncSpan(0)));
    assert_eq!(policy.with_resync_span(10_001), Err(ParameterError::ResyncSpan(10_001)));
    assert_eq!(Lock::lasting(Duration::ZERO), Err(ParameterError::Wait));
    assert_eq!(Lock::lasting(Duration::MAX), Err(ParameterError::Wait));
    let secs = Duration::from_secs;
    assert_eq!(BackOff::new(secs(0), secs(1)), Err(ParameterError::Wait));
    assert_eq!(BackOff::new(secs(2), secs(1)), Err(ParameterError::BackOff));
    assert!(BackOff::new(secs(1), secs(u64::from(u32::MAX))).is_ok());
}
