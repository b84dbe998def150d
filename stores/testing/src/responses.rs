//! Races about the responses of a token.

use secondo::factor::ocra::{Inputs, Suite, Token};
use secondo::types::Counter;
use secondo::{AccountId, AuthenticatorNumber, Key, Secret, State, Transaction};

use crate::engine::{Engine, Outcome, Provider, TESTS, policy, time};
use crate::rounds;
use crate::worker::Process;

const PROCESSES: usize = 8;
/// The number of wrong responses that each process submits.
const GUESSES: u64 = 20;
const TOKEN: AuthenticatorNumber = AuthenticatorNumber::new(1);

/// Submits one response of a token from eight processes at once in its transaction, in 40 rounds, and then 160 wrong
/// responses to one question.
///
/// Each round must accept the response from one process, and tell the others that they repeat it. Of the wrong ones,
/// exactly as many as the policy permits must count.
pub fn one_response<E: Engine>(address: &str) {
    let rounds = rounds(40);
    let suite = Suite::parse("OCRA-1:HOTP-SHA256-8:C-QN08").unwrap();
    let (id, key) = (AccountId::new("race/token").unwrap(), Key::new(suite.algorithm(), &secret()));
    let ask = |round: u64| {
        let (provider, login) = (Provider::<E>::open(address, policy()), login(round));
        let mut random = [0; 32];
        random[..16].copy_from_slice(login.hash());
        *E::block_on(provider.verifier.challenge(&id, &login, TOKEN, None, time(round), &random)).unwrap().question()
    };
    {
        let token = Token::new(suite, secret(), None).unwrap();
        let provider = Provider::<E>::open(address, policy());
        let token = [(token.into(), State::new().confirmed())];
        E::block_on(provider.verifier.import(&id, &token, TESTS, time(0))).unwrap();
    }
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| Process::start(address)).collect();
    for round in 0..rounds {
        let question = ask(round);
        let inputs = Inputs::one_way(&question).with_counter(Counter::new(round));
        let response = suite.response(&key, &inputs).unwrap();
        let at = time(round).as_secs();
        for worker in &mut workers {
            worker.tell(&format!("verify-in {} {id} any {at} {}", session(round), response.as_str()));
        }
        let answers: Vec<_> = workers.iter_mut().map(|worker| worker.answer().unwrap()).collect();
        let told = |outcome: Outcome| answers.iter().filter(|answer| **answer == format!("{outcome:?}")).count();
        assert_eq!((told(Outcome::Accepted), told(Outcome::Repeated)), (1, PROCESSES - 1), "{answers:?}");
    }
    crate::report!("{}: {rounds} responses, {PROCESSES} processes with each: accepted once", E::NAME);

    let question = ask(rounds);
    let right: Vec<_> = (rounds..rounds + 20)
        .map(|counter| suite.response(&key, &Inputs::one_way(&question).with_counter(Counter::new(counter))).unwrap())
        .collect();
    let mut wrong = (0..).map(|n| format!("{n:08}")).filter(|n| right.iter().all(|right| right.as_str() != n));
    for _ in 0..GUESSES {
        for worker in &mut workers {
            let at = time(rounds).as_secs();
            worker.tell(&format!("verify-in {} {id} any {at} {}", session(rounds), wrong.next().unwrap()));
        }
    }
    let answers = workers.iter_mut().flat_map(|worker| (0..GUESSES).map(|_| worker.answer().unwrap()));
    let answers: Vec<_> = answers.collect();
    let told = |start: &str| answers.iter().filter(|answer| answer.starts_with(start)).count();
    let cap = usize::from(secondo::Policy::CONSECUTIVE_LIMIT);
    let counted = (told("Refused(Wrong"), told("Refused(Locked"));
    assert_eq!(counted, (cap, answers.len() - cap), "{answers:?}");
    crate::report!("{}: {} wrong responses from {PROCESSES} processes: {cap} counted", E::NAME, answers.len());
}

fn secret() -> Secret {
    Secret::from_bytes(&[9; 32]).unwrap()
}

fn session(round: u64) -> String {
    format!("token-session-{round:08}")
}

fn login(round: u64) -> Transaction {
    Transaction::new(session(round).as_bytes()).unwrap()
}
