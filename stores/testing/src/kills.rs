//! The scenario of a process that is killed while it verifies. Its reported results must hold.

use std::time::Duration;
use std::{iter, thread};

use rand::RngExt;
use secondo::AccountId;

use crate::engine::{Engine, Outcome, Provider, code, policy, step_of, time};
use crate::rounds;
use crate::worker::{Process, Told};

/// Kills a process at random moments while it verifies, 60 times.
///
/// After each kill, the data must open, each code that was reported as accepted must be used, and no reported failure
/// may be missing.
pub fn while_verifying<E: Engine>(address: &str) {
    let id = Provider::<E>::open(address, policy()).enroll("killed");
    let kills = rounds(60);
    let mut rng = rand::rng();
    let mut sum = Sum::default();
    // The last step that was reported as accepted, and the number of failures reported since then.
    let (mut step, mut failures) = (None, 0);
    for _ in 0..kills {
        let mut worker = Process::start(address);
        worker.tell(&format!("work {id}"));
        // On a slow machine, it has done nothing after some milliseconds.
        let first: Vec<_> = (0..rng.random_range(0..10)).map_while(|_| worker.answer()).collect();
        thread::sleep(Duration::from_micros(rng.random_range(0..5_000)));
        worker.kill();
        for answer in first.into_iter().chain(iter::from_fn(|| worker.answer())) {
            match told(&answer) {
                Told::Accepted(accepted) => {
                    (step, failures) = (Some(accepted), 0);
                    sum.accepted += 1;
                }
                Told::AcceptedBefore(accepted) => {
                    (step, failures) = (Some(accepted), 0);
                    sum.untold += 1;
                }
                Told::Wrong => {
                    failures += 1;
                    sum.failures += 1;
                }
            }
        }
        (step, failures) = check(&Provider::<E>::open(address, policy()), &id, step, failures);
    }
    assert!(sum.accepted > 0 && sum.failures > 0, "killed before it did anything: {sum:?}");
    crate::report!("{}: {kills} processes killed while verifying, nothing lost of {sum:?}", E::NAME);
}

#[derive(Debug, Default)]
struct Sum {
    accepted: u64,
    failures: u64,
    /// The number of codes that were accepted when the process was killed before it could report this.
    untold: u64,
}

fn told(answer: &str) -> Told {
    let number = |prefix| answer.strip_prefix(prefix)?.strip_suffix(")")?.parse().ok();
    match (number("Accepted("), number("AcceptedBefore(")) {
        (Some(step), _) => Told::Accepted(step),
        (_, Some(step)) => Told::AcceptedBefore(step),
        _ if answer == "Wrong" => Told::Wrong,
        _ => panic!("{answer}"),
    }
}

/// Compares the stored state with the reports, and returns the stored step and number of failures.
///
/// The stored state may be one write ahead, which the process could not report.
fn check<E: Engine>(provider: &Provider<E>, id: &AccountId, step: Option<u64>, failures: u8) -> (Option<u64>, u8) {
    let state = provider.state(id);
    let stored = step_of(&state);
    assert!(stored >= step, "step {step:?} was reported as accepted, but the stored one is {stored:?}");
    if stored == step {
        let counted = state.failures();
        assert!(counted >= failures, "{failures} failures were reported as counted, but {counted} are stored");
    }
    for used in (0..=step.unwrap_or(0)).rev().take(3).filter(|_| step.is_some()) {
        // Submitted at the code's own time, and at the time of the last accepted code.
        for now in [time(used), time(step.unwrap_or(used))] {
            let outcome = provider.verify(id, &code(time(used)), now);
            assert_ne!(outcome, Outcome::Accepted, "the code of step {used}, a second time");
        }
    }
    let state = provider.state(id);
    (step_of(&state), state.failures())
}
