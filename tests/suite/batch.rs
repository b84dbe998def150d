//! Comparison of batches with single calls, on random mixes of attempts.

use crate::support::commit;
use crate::support::time::at;

use commit::commit;
use proptest::prelude::*;
use secondo::decision::{CommitError, Decision};
use secondo::factor::{Attempt, verify_batch};
use secondo::policy::Window;
use secondo::types::{Counter, Period};
use secondo::{Algorithm, Digits, Hotp, Key, Method, Policy, Refusal, Secret, State, SubmittedCode, Totp, UnixTime};

const NOW: UnixTime = at(1_700_000_010);

/// A subscriber's authenticator, its state, and a submitted code.
#[derive(Debug)]
struct Person {
    method: Method,
    key: Key,
    state: State,
    code: SubmittedCode,
}

fn person() -> impl Strategy<Value = Person> {
    let key = (prop::sample::select(Algorithm::ALL), prop::collection::vec(any::<u8>(), 16..=128))
        .prop_map(|(algorithm, secret)| Key::new(algorithm, &Secret::from_bytes(&secret).unwrap()));
    let digits = prop::sample::select(vec![Digits::Six, Digits::Seven, Digits::Eight, Digits::Nine]);
    let method = (digits, any::<bool>(), 15..90_u64).prop_map(|(digits, by_time, period)| {
        if by_time {
            Method::Totp(Totp::new(digits, Period::from_secs(period).unwrap()))
        } else {
            Method::Hotp(Hotp::new(digits))
        }
    });
    // `used` moves the watermark and `ahead` the code's counter, both around the current counter or step.
    let state = (any::<bool>(), 0..8_u8, 0..12_u64, 0..20_u64);
    (key, method, state, 0..4_u8).prop_map(|(key, method, (confirmed, kind, used, ahead), form)| {
        let current = match method {
            Method::Totp(totp) => totp.step(NOW).unwrap().get(),
            _ => 1_000,
        };
        let next = Counter::new(current - 6 + used);
        let mut state = State::new();
        if confirmed || kind > 0 {
            state = state.confirmed();
        }
        if kind > 1 {
            state = state.starting_at(next);
        }
        let code = Hotp::new(method.digits()).generate(&key, Counter::new(current - 10 + ahead));
        let code = match form {
            0 => SubmittedCode::new("12345"),
            1 => SubmittedCode::new(&"0".repeat(method.digits().count())),
            _ => SubmittedCode::from(&code),
        };
        if kind == 7 {
            // A wrong code locks the authenticator.
            let wrong = SubmittedCode::new("x");
            let policy = Policy::new().with_failure_cap(1).unwrap().with_counted_malformed(true);
            let _ = commit(method.verify(&key, &policy, &state, &wrong, NOW), &mut state);
        }
        Person { method, key, state, code }
    })
}

/// Returns the verdict as text, and the state that the decision would store.
fn outcome<T: std::fmt::Debug>(decision: Decision<T>) -> (String, Option<[u8; State::LEN]>) {
    let mut stored = None;
    let verdict: Result<T, CommitError<()>> = decision.commit(|next| {
        stored = Some(next.to_bytes());
        Ok(())
    });
    (format!("{verdict:?}"), stored)
}

proptest! {
    #[test]
    fn verdicts_and_next_states_are_those_of_single_calls(
        people in prop::collection::vec(person(), 0..100),
        (past, future) in (0..=5_u8, 0..=5_u8),
        look_ahead in 0..=Policy::MAX_LOOK_AHEAD,
    ) {
        let policy = Policy::new().with_window(Window::new(past, future).unwrap()).with_look_ahead(look_ahead).unwrap();
        let attempts = people.iter().map(|Person { method, key, state, code }| Attempt { method: *method, key, state, code });
        let together: Vec<_> = verify_batch(&policy, attempts, NOW).map(outcome).collect();
        let singly = |Person { method, key, state, code }: &Person| outcome(method.verify(key, &policy, state, code, NOW));
        prop_assert_eq!(together, people.iter().map(singly).collect::<Vec<_>>());
    }

    #[test]
    fn codes_are_those_of_single_calls(people in prop::collection::vec(person(), 0..200)) {
        let totp = Totp::default();
        let keys = people.iter().map(|person| &person.key);
        let codes: Vec<_> = totp.generate_batch(keys.clone(), NOW).unwrap().map(|code| code.as_str().to_owned()).collect();
        let singly: Vec<_> = keys.map(|key| totp.generate(key, NOW).unwrap().as_str().to_owned()).collect();
        prop_assert_eq!(codes, singly);
    }
}

/// The random attempts above cover acceptance and every refusal.
#[test]
fn random_attempts_cover_every_verdict() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen = [0; 7];
    for _ in 0..5_000 {
        let Person { method, key, state, code } = person().new_tree(&mut runner).unwrap().current();
        let attempts = [Attempt { method, key: &key, state: &state, code: &code }];
        let decision = verify_batch(&Policy::new(), attempts, NOW).next().unwrap();
        seen[match decision.commit(|_| Ok::<_, ()>(())) {
            Ok(_) => 0,
            Err(CommitError::Refused(Refusal::Malformed(_))) => 1,
            Err(CommitError::Refused(Refusal::Wrong { .. })) => 2,
            Err(CommitError::Refused(Refusal::Replayed { .. })) => 3,
            Err(CommitError::Refused(Refusal::Locked { .. })) => 4,
            Err(CommitError::Refused(Refusal::Unconfirmed)) => 5,
            Err(CommitError::Refused(Refusal::ClockBehind)) => 6,
            Err(other) => panic!("{other:?}"),
        }] += 1;
    }
    assert!(seen.iter().all(|count| *count >= 20), "{seen:?}");
}

/// A time before T0 is an error of the whole batch, not of each code.
#[test]
fn no_codes_before_t0() {
    let totp = Totp::default().with_t0(UnixTime::from_secs(100).unwrap());
    assert!(totp.generate_batch([], UnixTime::from_secs(99).unwrap()).is_err());
}
