//! Tests of threads that submit codes for the same account at once.
#![cfg(feature = "std")]

use crate::support::{enrolled, logins, subscriber};

use std::convert::Infallible;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use enrolled::{NOW, code_at, enroll, keys, wrong_code};
use logins::{DESK, Logins, fresh};
use pollster::block_on;
use secondo::account::AccountError;
use secondo::decision::Hold;
use secondo::store::{Entry, Exchange, Memory, Revision, Store, Value};
use secondo::{AccountId, AuthenticatorNumber, Policy, Refusal, State, Totp, UnixTime, Verifier, VerifierError};
use subscriber::{phone, roomy};

const THREADS: usize = 8;
const ROUNDS: usize = 300;

/// An in-memory store with a pause after each load, in which other threads can write.
struct Slow {
    store: Memory,
    /// `true` for a defect that the races must reveal: a write replaces the entry without comparing its revision.
    unchecked: bool,
}

impl Store for Slow {
    type Error = Infallible;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, Infallible> {
        let entry = self.store.load(id).await;
        thread::sleep(Duration::from_micros(20));
        entry
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        mut expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, Infallible> {
        if self.unchecked {
            expected = self.store.load(id).await?.map(|entry| entry.revision);
        }
        self.store.compare_exchange(id, expected, value, expiry).await
    }
}

/// The result of an attempt. `Err(None)` is an error other than a refusal.
///
/// A thread must not panic on such an error while other threads wait at the barrier.
type Attempt = Result<(), Option<Refusal>>;

/// Makes every thread submit the same code `times` times for a new account in each round, each time in a login of
/// its own.
///
/// Returns the results of each round.
fn race_on(store: Slow, policy: Policy, entry: &str, times: usize) -> Vec<Vec<Attempt>> {
    let verifier = Verifier::new(store, keys(), policy);
    let ids: Vec<_> = (0..ROUNDS).map(|round| enroll(&verifier, &format!("round/{round}"), Totp::default())).collect();
    let start = Barrier::new(THREADS);
    let submit = || {
        let submit_to = |id| {
            start.wait();
            let attempt = |_| match verifier.log_in(id, entry, NOW) {
                Ok(_accepted) => Ok(()),
                Err(VerifierError::Refused(refusal)) => Err(Some(refusal)),
                Err(_) => Err(None),
            };
            (0..times).map(attempt).collect::<Vec<_>>()
        };
        ids.iter().map(submit_to).collect::<Vec<_>>()
    };
    let results: Vec<Vec<Vec<Attempt>>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(submit)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    (0..ROUNDS).map(|round| results.iter().flat_map(|thread| &thread[round]).copied().collect()).collect()
}

fn race(policy: Policy, entry: &str, times: usize, judge: impl Fn(&[Attempt])) {
    let store = Slow { store: Memory::new(), unchecked: false };
    for round in race_on(store, policy, entry, times) {
        judge(&round);
    }
}

/// The races are close enough to reveal a store that does not compare revisions.
#[test]
fn without_the_comparison_a_code_is_accepted_twice() {
    let store = Slow { store: Memory::new(), unchecked: true };
    let rounds = race_on(store, Policy::new().with_counted_replays(false), &code_at(0), 2);
    let broken = rounds.iter().filter(|round| round.iter().filter(|attempt| attempt.is_ok()).count() > 1).count();
    assert!(broken > ROUNDS / 10, "the defect appeared in only {broken} of {ROUNDS} rounds");
}

#[test]
fn one_right_code_is_accepted_once() {
    race(Policy::new().with_counted_replays(false), &code_at(0), 2, |results| {
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let replayed = |result: &&Attempt| **result == Err(Some(Refusal::Replayed { remaining: 5, hold: Hold::None }));
        assert_eq!(results.iter().filter(replayed).count(), 2 * THREADS - 1, "{results:?}");
    });
}

#[test]
fn replays_that_count_lock_after_the_cap() {
    race(Policy::new(), &code_at(0), 2, |results| {
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        for remaining in 0..5 {
            let this = |result: &&Attempt| matches!(result, Err(Some(Refusal::Replayed { remaining: left, .. })) if *left == remaining);
            assert_eq!(results.iter().filter(this).count(), 1, "{results:?}");
        }
        let locked = |result: &&Attempt| matches!(result, Err(Some(Refusal::Locked { .. })));
        assert_eq!(results.iter().filter(locked).count(), 2 * THREADS - 6, "{results:?}");
    });
}

#[test]
fn as_many_wrong_codes_are_evaluated_as_the_cap_says() {
    race(Policy::new().with_failure_cap(7).unwrap(), &wrong_code(), 3, |results| {
        for remaining in 0..7 {
            let this = |result: &&Attempt| matches!(result, Err(Some(Refusal::Wrong { remaining: left, .. })) if *left == remaining);
            assert_eq!(results.iter().filter(this).count(), 1, "{results:?}");
        }
        let locked = |result: &&Attempt| matches!(result, Err(Some(Refusal::Locked { .. })));
        assert_eq!(results.iter().filter(locked).count(), 3 * THREADS - 7, "{results:?}");
    });
}

/// A double click, with as many clicks as threads.
#[test]
fn one_code_that_is_submitted_often_in_one_login_is_one_login_without_a_failure() {
    let store = Slow { store: Memory::new(), unchecked: false };
    let verifier = Verifier::new(store, keys(), Policy::new());
    for round in 0..ROUNDS / 10 {
        let id = enroll(&verifier, &format!("round/{round}"), Totp::default());
        let (login, code, start) = (fresh(), code_at(0), Barrier::new(THREADS));
        let submit = || {
            start.wait();
            block_on(verifier.verify(&id, &login, &code, NOW))
        };
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(submit)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let repeated = |result: &&Result<_, _>| matches!(result, Err(VerifierError::Repeated(_)));
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        assert_eq!(results.iter().filter(repeated).count(), THREADS - 1, "{results:?}");
        assert_eq!(verifier.state(&id).unwrap().failures(), 0);
    }
}

/// The results of threads that each revoked a device of their own, and the account after them.
struct Revoked {
    results: Vec<Result<(), AccountError>>,
    /// The numbers of the devices that are left.
    left: Vec<usize>,
    revision: u64,
}

/// Revokes each of an account's devices from a thread of its own at once, for a new account in each round.
fn revoke_all_on(store: Slow) -> Vec<Revoked> {
    let verifier = Verifier::new(store, keys(), roomy());
    let devices: Vec<_> = (1..).map(|byte| (phone(byte).into(), State::new().confirmed())).take(THREADS).collect();
    let round = |round| {
        let id = AccountId::new(&format!("round/{round}")).unwrap();
        block_on(verifier.import(&id, &devices, DESK, NOW)).unwrap();
        let start = Barrier::new(THREADS);
        let revoke = |number| {
            start.wait();
            match block_on(verifier.revoke(&id, AuthenticatorNumber::new(number), DESK, NOW)) {
                Ok(()) => Ok(()),
                Err(VerifierError::Account(error)) => Err(error),
                Err(error) => panic!("{error}"),
            }
        };
        let results = thread::scope(|scope| {
            let threads: Vec<_> = (1..).map(|number| scope.spawn(move || revoke(number))).take(THREADS).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let view = block_on(verifier.view(&id, NOW)).unwrap();
        let left = view.authenticators.iter().map(|left| left.number.get() as usize).collect();
        Revoked { results, left, revision: view.revision }
    };
    (0..ROUNDS / 10).map(round).collect()
}

#[test]
fn the_last_device_is_left_when_all_are_revoked_at_once() {
    for Revoked { results, left, revision } in revoke_all_on(Slow { store: Memory::new(), unchecked: false }) {
        let refused = results.iter().position(|result| *result == Err(AccountError::Last));
        let [left] = left[..] else { panic!("{left:?} are left: {results:?}") };
        assert_eq!(Some(left - 1), refused, "{results:?}");
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), THREADS - 1, "{results:?}");
        assert_eq!(revision, THREADS as u64);
    }
    let rounds = revoke_all_on(Slow { store: Memory::new(), unchecked: true });
    let broken = rounds.iter().filter(|round| round.results.iter().all(Result::is_ok)).count();
    assert!(broken > 0, "without the comparison, no round told all threads that they revoked their device");
}
