//! Races of many processes, in which a code must be accepted once and every guess must be counted.

use secondo::decision::Hold;
use secondo::factor::RecoveryCodes;
use secondo::{AccountId, Policy, Refusal};

use crate::engine::{DEVICES, Engine, Outcome, Provider, code, code_of, policy, time, wrong_code};
use crate::rounds;
use crate::worker::Process;

const PROCESSES: usize = 8;

const CAP: usize = Policy::CONSECUTIVE_LIMIT as usize;

/// The number of wrong codes that each process submits for one account: together twice the failure cap.
const GUESSES: usize = 2 * CAP / PROCESSES;

/// Submits the same correct code from eight processes at once, in 200 rounds.
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

    let rounds = rounds(200);
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

/// Submits wrong codes for one account from eight processes at once, twice as many as the failure cap.
///
/// The number of codes that are evaluated must be exactly the cap, and the rest must find the account locked.
pub fn wrong_codes<E: Engine>(address: &str) {
    let rounds = rounds(3);
    let ids: Vec<_> = {
        let provider = Provider::<E>::open(address, policy());
        (0..rounds).map(|round| provider.enroll(&format!("race/wrong/{round}"))).collect()
    };
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| Process::start(address)).collect();
    for id in ids {
        let line = format!("verify {id} {} {} {GUESSES}", time(0).as_secs(), wrong_code(time(0)));
        tell_all(&mut workers, &line);
        exactly_the_cap_is_evaluated(&mut workers);
    }
    crate::report!(
        "{}: {rounds} accounts, {PROCESSES} processes guessing: {CAP} evaluated of each, all others locked",
        E::NAME
    );
}

/// Submits wrong codes for one account with four devices from eight processes at once. Four of them name one device
/// each, and the others name none.
///
/// The devices must share the failures: the number of codes that are evaluated must be exactly the cap. The rest, and
/// then the right code of each device, must find the account locked.
pub fn wrong_codes_for_four_devices<E: Engine>(address: &str) {
    let rounds = rounds(3);
    let ids: Vec<_> = {
        let provider = Provider::<E>::open(address, policy());
        (0..rounds).map(|round| provider.enroll_devices(&format!("race/devices/{round}"), DEVICES)).collect()
    };
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| Process::start(address)).collect();
    let (now, wrong) = (time(0), wrong_code(time(0)));
    for id in ids {
        for (worker, device) in workers.iter_mut().zip(named_or_not()) {
            worker.tell(&format!("guess {id} {device} {} {wrong} {GUESSES}", now.as_secs()));
        }
        exactly_the_cap_is_evaluated(&mut workers);
        let locked = format!("{:?}", Outcome::Refused(Refusal::Locked { until: None }));
        for (worker, device) in workers.iter_mut().zip(1..=DEVICES) {
            let right = code_of(device, now);
            for named in ["any", &device.to_string()] {
                assert_eq!(worker.ask(&format!("guess {id} {named} {} {right} 1", now.as_secs())), locked);
            }
        }
    }
    crate::report!(
        "{}: {rounds} accounts with {DEVICES} devices, {PROCESSES} processes guessing: {CAP} evaluated of each, all \
         others locked",
        E::NAME
    );
}

/// Submits the same correct code from eight processes at once in one transaction, in 60 rounds. The devices of the
/// account take turns.
///
/// Each round must accept it from one process, and tell the others that they repeat it. In every second turn of the
/// devices, four of the processes name the device. A code with the device's name and the same code without it are two
/// answers: if one of them is accepted, the processes that submitted the other one must be refused, since the
/// transaction has ended with a login.
pub fn one_right_code_in_one_transaction<E: Engine>(address: &str) {
    let id = Provider::<E>::open(address, policy()).enroll_devices("race/transaction", DEVICES);
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| Process::start(address)).collect();
    let rounds = rounds(60);
    let (mut accepted_named, mut accepted_unnamed) = (0, 0);
    for (step, device) in (0..rounds).zip((1..=DEVICES).cycle()) {
        let (at, code) = (time(step), code_of(device, time(step)));
        let is_named = |process: usize| step / u64::from(DEVICES) % 2 == 1 && process % 2 == 1;
        for (process, worker) in workers.iter_mut().enumerate() {
            let named = if is_named(process) { device.to_string() } else { "any".into() };
            worker.tell(&format!("verify-in {} {id} {named} {} {code}", session(step), at.as_secs()));
        }
        let answers: Vec<_> = workers.iter_mut().map(|worker| worker.answer().unwrap()).collect();
        let accepted: Vec<_> = (0..PROCESSES).filter(|process| answers[*process] == "Accepted").collect();
        let [accepted] = accepted[..] else { panic!("accepted {} times: {answers:?}", accepted.len()) };
        *if is_named(accepted) { &mut accepted_named } else { &mut accepted_unnamed } += 1;
        for process in (0..PROCESSES).filter(|process| *process != accepted) {
            let is_same = is_named(process) == is_named(accepted);
            let expected = if is_same { Outcome::Repeated } else { Outcome::Refused(Refusal::LoggedIn) };
            assert_eq!(answers[process], format!("{expected:?}"), "{answers:?}");
        }
    }
    crate::report!(
        "{}: {rounds} rounds of {PROCESSES} processes in one transaction with one right code: accepted once in each \
         ({accepted_unnamed} without and {accepted_named} with the device's name)",
        E::NAME
    );
}

/// Submits the same recovery code from eight processes at once, for a new account in each of 10 rounds.
///
/// Each round must accept it from one process, and refuse it as used from five more, which lock the set. The rest must
/// find the set locked.
pub fn one_recovery_code<E: Engine>(address: &str) {
    let rounds = rounds(10);
    let codes = RecoveryCodes::long(&[7; 32]);
    let code = codes.texts().next().unwrap();
    let ids: Vec<_> = {
        let provider = Provider::<E>::open(address, policy());
        (0..rounds).map(|round| provider.enroll_codes(&format!("race/recovery/{round}"), &codes)).collect()
    };
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| Process::start(address)).collect();
    for id in ids {
        tell_all(&mut workers, &format!("recover {id} {} {}", time(0).as_secs(), code.as_str()));
        let answers: Vec<_> = workers.iter_mut().map(|worker| worker.answer().unwrap()).collect();
        let told = |outcome: &str| answers.iter().filter(|answer| answer.starts_with(outcome)).count();
        assert_eq!(
            [told("Accepted"), told("Refused(Replayed"), told("Refused(Locked")],
            [1, 5, PROCESSES - 6],
            "{answers:?}"
        );
    }
    crate::report!(
        "{}: {rounds} rounds of {PROCESSES} processes with one recovery code: accepted once in each",
        E::NAME
    );
}

/// Returns the device that each process names. One half of the processes names one each, and the other half names none.
fn named_or_not() -> impl Iterator<Item = String> {
    (1..=DEVICES).flat_map(|device| ["any".into(), device.to_string()])
}

/// Returns the text of a session, which is a transaction's secret bytes.
fn session(step: u64) -> String {
    format!("session-{step:08}")
}

/// Checks the answers to [`GUESSES`] wrong codes from each process for one account.
fn exactly_the_cap_is_evaluated(workers: &mut [Process]) {
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

/// Revokes each of an account's two devices from a process of its own at once, for a new account in each of 100 rounds.
///
/// In each round, one of the processes must be refused, since no device would be left. The device that it named must be
/// left, after one change of the account.
///
/// If processes can share the engine, the race is repeated with a store that does not compare revisions. Both must then
/// be told in some rounds that they revoked a device.
pub fn last_two_revoked<E: Engine>(address: &str) {
    let mut workers: Vec<_> = (0..2).map(|_| Process::start(address)).collect();
    // Returns the devices that the processes were told to have revoked, of each account.
    let mut race = |call: &str, ids: &[AccountId]| -> Vec<Vec<u32>> {
        let round = |id| {
            for (worker, device) in workers.iter_mut().zip(1_u32..) {
                worker.tell(&format!("{call} {id} {device}"));
            }
            let answers: Vec<_> = workers.iter_mut().map(|worker| worker.answer().unwrap()).collect();
            assert!(answers.iter().all(|answer| ["Ok(())", "Err(Last)"].contains(&&**answer)), "{answers:?}");
            (1..).zip(answers).filter(|(_, answer)| answer == "Ok(())").map(|(device, _)| device).collect()
        };
        ids.iter().map(round).collect()
    };

    let enroll = |name: &str, rounds: u64| -> Vec<_> {
        let provider = Provider::<E>::open(address, policy());
        (0..rounds).map(|round| provider.enroll_devices(&format!("race/{name}/{round}"), 2)).collect()
    };
    let rounds = rounds(100);
    let ids = enroll("last", rounds);
    let revoked = race("revoke", &ids);
    let provider = Provider::<E>::open(address, policy());
    for (id, revoked) in ids.iter().zip(revoked) {
        let [revoked] = revoked[..] else { panic!("of {id} were revoked: {revoked:?}") };
        assert_eq!((provider.devices(id), provider.revision(id)), (vec![3 - revoked], 2));
    }
    drop(provider);
    crate::report!("{}: {rounds} rounds of two processes that revoke the last two devices: one is left", E::NAME);

    if E::SHARED {
        // On a busy machine, the processes may be at it at once in few rounds.
        let blindly = |name| {
            let revoked = race("revoke-blindly", &enroll(&format!("last/blindly/{name}"), 100));
            revoked.iter().filter(|revoked| revoked.len() == 2).count()
        };
        let both = (0..50).map(blindly).find(|both| *both > 0).expect("the processes race");
        crate::report!("{}: without the comparison, both in {both} rounds of 100", E::NAME);
    }
}

fn tell_all(workers: &mut [Process], line: &str) {
    for worker in workers {
        worker.tell(line);
    }
}
