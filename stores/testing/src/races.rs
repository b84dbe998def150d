//! Races of many processes, in which a code must be accepted once and every guess must be counted.

use secondo::decision::Hold;
use secondo::{Policy, Refusal};

use crate::engine::{Engine, Outcome, Provider, code, policy, time, wrong_code};
use crate::rounds;
use crate::worker::Process;

const PROCESSES: usize = 8;

/// Submits the same correct code from eight processes at once, in 1,000 rounds.
///
/// Each round must accept it from one process, and refuse it as used from the others.
///
/// If processes can share the engine, the race is repeated with a store that does not compare revisions. It must accept
/// some codes twice. Otherwise the processes do not overlap enough for the rounds to prove anything.
pub fn one_right_code<E: Engine>(address: &str) {
    let id = Provider::<E>::open(address, policy()).enroll("race/right");
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| Process::start(address)).collect();
    let mut race = |line: &dyn Fn(u64) -> String, steps: std::ops::Range<u64>| -> Vec<usize> {
        let round = |step| {
            let line = line(step);
            tell_all(&mut workers, &line);
            let answers: Vec<_> = workers.iter_mut().map(|worker| worker.answer().unwrap()).collect();
            let told = |outcome: Outcome| answers.iter().filter(|answer| **answer == format!("{outcome:?}")).count();
            let accepted = told(Outcome::Accepted);
            let replayed =
                told(Outcome::Refused(Refusal::Replayed { remaining: Policy::CONSECUTIVE_LIMIT, hold: Hold::None }));
            assert_eq!(accepted + replayed, PROCESSES, "{answers:?}");
            accepted
        };
        steps.map(round).collect()
    };

    let rounds = rounds(1_000);
    let in_time = |step| time(step).as_secs();
    let accepted = race(&|step| format!("verify {id} {} {} 1", in_time(step), code(time(step))), 0..rounds);
    assert!(accepted.iter().all(|accepted| *accepted == 1), "accepted in each round: {accepted:?}");
    crate::report!("{}: {rounds} rounds of {PROCESSES} processes with one right code: accepted once in each", E::NAME);

    if E::SHARED {
        let accepted =
            race(&|step| format!("blindly {id} {} {}", in_time(step), code(time(step))), rounds..rounds + 100);
        let twice = accepted.iter().filter(|accepted| **accepted > 1).count();
        crate::report!("{}: without the comparison, more than once in {twice} rounds of 100", E::NAME);
        assert!(twice > 0, "the processes do not race");
    }
}

/// Submits wrong codes for one authenticator from eight processes at once, twice as many as the failure cap.
///
/// The number of codes that are evaluated must be exactly the cap, and the rest must find the authenticator locked.
pub fn wrong_codes<E: Engine>(address: &str) {
    const CAP: usize = Policy::CONSECUTIVE_LIMIT as usize;
    const GUESSES: usize = 2 * CAP / PROCESSES;

    let rounds = rounds(10);
    let ids: Vec<_> = {
        let provider = Provider::<E>::open(address, policy());
        (0..rounds).map(|round| provider.enroll(&format!("race/wrong/{round}"))).collect()
    };
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| Process::start(address)).collect();
    for id in ids {
        let line = format!("verify {id} {} {} {GUESSES}", time(0).as_secs(), wrong_code(time(0)));
        tell_all(&mut workers, &line);
        let answers = workers.iter_mut().flat_map(|worker| (0..GUESSES).map(|_| worker.answer().unwrap()));
        let answers: Vec<_> = answers.collect();
        let told = |refusal| {
            let outcome = format!("{:?}", Outcome::Refused(refusal));
            answers.iter().filter(|answer| **answer == outcome).count()
        };
        for remaining in 0..Policy::CONSECUTIVE_LIMIT {
            let hold = if remaining == 0 { Hold::Locked } else { Hold::None };
            assert_eq!(told(Refusal::Wrong { remaining, hold }), 1, "with {remaining} remaining: {answers:?}");
        }
        assert_eq!(told(Refusal::Locked { until: None }), PROCESSES * GUESSES - CAP, "{answers:?}");
    }
    crate::report!(
        "{}: {rounds} authenticators, {PROCESSES} processes guessing: {CAP} evaluated of each, all others locked",
        E::NAME
    );
}

fn tell_all(workers: &mut [Process], line: &str) {
    for worker in workers {
        worker.tell(line);
    }
}
