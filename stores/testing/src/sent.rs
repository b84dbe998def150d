//! Races about codes that are sent.

use std::convert::Infallible;

use secondo::factor::{CodeMessage, Transport};

use crate::engine::{Engine, Outcome, Provider, policy};
use crate::rounds;
use crate::worker::{Process, answer};

const PROCESSES: usize = 8;
/// The number of codes that the policy lets be sent to a destination at once.
const SENDS: usize = 10;

/// Submits one sent code from eight processes at once in its transaction, in 40 rounds.
///
/// Each round must accept it from one process, and tell the others that they repeat it.
pub fn one_sent_code<E: Engine>(address: &str) {
    let rounds = rounds(40);
    let codes: Vec<_> = {
        let provider = Provider::<E>::open(address, policy());
        let send = |round| {
            provider.send_code(&format!("race/sent/{round}"), &format!("+39334{round:07}"), &session(round)).unwrap()
        };
        (0..rounds).map(send).collect()
    };
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| Process::start(address)).collect();
    for (round, code) in (0..).zip(codes) {
        for worker in &mut workers {
            worker.tell(&format!("verify-in {} race/sent/{round} any now {code}", session(round)));
        }
        let answers: Vec<_> = workers.iter_mut().map(|worker| worker.answer().unwrap()).collect();
        let told = |outcome: Outcome| answers.iter().filter(|answer| **answer == format!("{outcome:?}")).count();
        assert_eq!((told(Outcome::Accepted), told(Outcome::Repeated)), (1, PROCESSES - 1), "{answers:?}");
    }
    crate::report!("{}: {rounds} sent codes, {PROCESSES} processes with each: accepted once", E::NAME);
}

/// Asks from eight processes at once for codes to one number, each for an account of its own.
///
/// The number of codes that are made must be exactly the limit of a destination.
pub fn codes_to_one_number<E: Engine>(address: &str) {
    let rounds = rounds(3);
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| Process::start(address)).collect();
    for round in 0..rounds {
        for (process, worker) in workers.iter_mut().enumerate() {
            worker.tell(&format!("send race/fraud/{round}/{process} +39333{round:07} {SENDS}"));
        }
        let answers = workers.iter_mut().flat_map(|worker| (0..SENDS).map(|_| worker.answer().unwrap()));
        let answers: Vec<_> = answers.collect();
        let told = |told: &str| answers.iter().filter(|answer| **answer == format!("{told:?}")).count();
        let refused = told("too_many_sends_to_destination");
        assert_eq!((told("sent"), refused), (SENDS, (PROCESSES - 1) * SENDS), "{answers:?}");
    }
    crate::report!("{}: {rounds} numbers, {PROCESSES} processes asking for codes: {SENDS} sent to each", E::NAME);
}

/// Asks for codes to a number, and reports each outcome.
pub(crate) fn act<E: Engine>(with: impl Fn(&dyn Fn(&Provider<E>)), prefix: &str, number: &str, times: u32) {
    for time in 0..times {
        with(&|provider| match provider.send_code(&format!("{prefix}/{time}"), number, &session(time.into())) {
            Ok(_) => answer("sent"),
            Err(label) => answer(label),
        });
    }
}

fn session(round: u64) -> String {
    format!("session-{round:08}")
}

/// A gateway that sends nothing. The scenarios take the codes from the messages.
pub(crate) struct NoGateway;

impl Transport for NoGateway {
    type Error = Infallible;

    async fn send(&self, _: &CodeMessage) -> Result<(), Infallible> {
        Ok(())
    }
}
