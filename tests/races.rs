//! Threads that submit codes to one authenticator at once.
#![cfg(feature = "std")]

#[path = "support/enrolled.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod enrolled;

use std::sync::Barrier;
use std::thread;

use enrolled::{NOW, code_at, enroll, wrong_code};
use pollster::block_on;
use secondo::store::Memory;
use secondo::{Policy, Refusal, Totp, Verifier, VerifierError};

const THREADS: usize = 8;
const ROUNDS: usize = 500;

/// `Err(None)` is a failure that is no refusal: a thread must not panic while others wait for it.
type Attempt = Result<(), Option<Refusal>>;

/// Has every thread submit the same entry `times` times to a new authenticator, in many rounds, and gives each round's
/// results to `judge`.
fn race(policy: Policy, entry: &str, times: usize, judge: impl Fn(&[Attempt])) {
    let verifier = Verifier::new(Memory::new(), policy);
    let ids: Vec<_> = (0..ROUNDS).map(|round| enroll(&verifier, &format!("round/{round}"), Totp::default())).collect();
    let start = Barrier::new(THREADS);
    let submit = || {
        let submit_to = |id| {
            start.wait();
            let attempt = |_| match block_on(verifier.verify(id, entry, NOW)) {
                Ok(_accepted) => Ok(()),
                Err(VerifierError::Refused(refusal)) => Err(Some(refusal)),
                Err(_) => Err(None),
            };
            (0..times).map(attempt).collect::<Vec<_>>()
        };
        ids.iter().map(submit_to).collect::<Vec<_>>()
    };
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(submit)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for round in 0..ROUNDS {
        let of_round: Vec<_> = results.iter().flat_map(|thread: &Vec<Vec<_>>| &thread[round]).copied().collect();
        judge(&of_round);
    }
}

#[test]
fn one_right_code_is_accepted_once() {
    race(Policy::new().with_counted_replays(false), &code_at(0), 2, |results| {
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let replayed = |result: &&Attempt| **result == Err(Some(Refusal::Replayed { remaining: 5 }));
        assert_eq!(results.iter().filter(replayed).count(), 2 * THREADS - 1, "{results:?}");
    });
}

#[test]
fn replays_that_count_lock_after_the_cap() {
    race(Policy::new(), &code_at(0), 2, |results| {
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        for remaining in 0..5 {
            let this = |result: &&Attempt| **result == Err(Some(Refusal::Replayed { remaining }));
            assert_eq!(results.iter().filter(this).count(), 1, "{results:?}");
        }
        let locked = |result: &&Attempt| **result == Err(Some(Refusal::Locked { until: None }));
        assert_eq!(results.iter().filter(locked).count(), 2 * THREADS - 6, "{results:?}");
    });
}

#[test]
fn as_many_wrong_codes_are_evaluated_as_the_cap_says() {
    race(Policy::new().with_failure_cap(7).unwrap(), &wrong_code(), 3, |results| {
        for remaining in 0..7 {
            let this = |result: &&Attempt| **result == Err(Some(Refusal::Wrong { remaining }));
            assert_eq!(results.iter().filter(this).count(), 1, "{results:?}");
        }
        let locked = |result: &&Attempt| **result == Err(Some(Refusal::Locked { until: None }));
        assert_eq!(results.iter().filter(locked).count(), 3 * THREADS - 7, "{results:?}");
    });
}
