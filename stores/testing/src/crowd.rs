//! Processes that do all kinds of things to one account at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use secondo::audit::{Event, Sink};
use secondo::types::{AuthenticatorNumber, DisplayName};
use secondo::{AccountId, Policy};

use crate::engine::{DEVICES, Engine, Provider, policy};
use crate::rounds;
use crate::worker::{Process, answer};

const PROCESSES: u32 = 8;
/// The number of acts of each process. Six of eleven are guesses at codes and numbers: twice the failure cap together.
const ACTS: u32 = 4 * KINDS;
/// The number of kinds of acts.
const KINDS: u32 = 11;
/// The number of wrong recovery codes after which a set is locked, whatever the policy is.
const RECOVERY_CAP: usize = 5;
/// The number of codes that the policy lets be sent at once.
const SENDS: usize = 5;
/// The number of enrollments that the policy lets begin at once.
const ENROLLMENTS: usize = 8;
/// The app, after the telephone number and the recovery codes.
const APP: AuthenticatorNumber = AuthenticatorNumber::new(DEVICES + 3);

/// Lets eight processes guess in every way, at codes of devices, at codes that were sent, at the numbers of an app and
/// at recovery codes, and begin enrollments, repeat answers, rename, suspend, resume, import and revoke at once.
///
/// Each change must have a revision of its own and an event, without a gap: nothing is lost and nothing is done twice.
/// The number of codes and numbers that are evaluated must be exactly the cap, that of recovery codes exactly the cap
/// of their set, and that of enrollments exactly their limit. All that was imported must be revoked.
pub fn every_kind_at_once<E: Engine>(address: &str) {
    let rounds = rounds(2);
    let provider = |_| Provider::<E>::open(address, policy());
    // Each account has a number of its own, whose limit it need not share.
    let enroll =
        |round| provider(round).enroll_every_kind(&format!("race/kinds/{round}"), &format!("+39335{round:07}"));
    let ids: Vec<_> = (0..rounds).map(enroll).collect();
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| Process::start(address)).collect();
    let mut numbers = 0;
    for (round, id) in (0..).zip(ids) {
        let created = provider(round).revision(&id);
        for (number, worker) in (0..).zip(&mut workers) {
            worker.tell(&format!("crowd {id} {number} {ACTS}"));
        }
        let (mut revisions, mut seen) = ((1..=created).collect::<BTreeSet<_>>(), Vec::new());
        for worker in &mut workers {
            loop {
                let told = worker.answer().expect("the worker ended");
                let [revision, event] = told.trim_matches('"').splitn(2, ' ').collect::<Vec<_>>()[..] else { break };
                assert!(revisions.insert(revision.parse().unwrap()), "revision {revision} is there twice: {event}");
                seen.push(event.to_owned());
            }
        }
        let count = |event: &str| seen.iter().filter(|seen| *seen == event).count();
        assert_eq!(revisions.len() as u64, provider(round).revision(&id), "a change has no event: {revisions:?}");
        assert!(revisions.into_iter().eq(1..=created + seen.len() as u64), "{seen:?}");
        let guesses = ["verify wrong", "resync wrong", "accept_push wrong"].map(count);
        assert_eq!(guesses.iter().sum::<usize>(), usize::from(Policy::CONSECUTIVE_LIMIT), "{seen:?}");
        numbers += count("accept_push wrong");
        let recoveries = ["recover wrong", "recover_and_revoke wrong"].map(count);
        assert_eq!(recoveries.iter().sum::<usize>(), RECOVERY_CAP, "{seen:?}");
        assert!((1..=SENDS).contains(&count("send_code done")), "{seen:?}");
        assert_eq!(count("enroll done"), ENROLLMENTS, "{seen:?}");
        assert!((1..=2 * ENROLLMENTS).contains(&count("confirm wrong")), "{seen:?}");
        let operated = (PROCESSES * ACTS / KINDS) as usize;
        assert_eq!(count("rename done"), operated, "{seen:?}");
        assert_eq!(count("suspend done") + count("resume done"), operated, "{seen:?}");
        assert_eq!((count("import done"), count("revoke done")), (operated / 2, operated / 2), "{seen:?}");
        assert!(provider(round).devices(&id).starts_with(&[1, 2, 3, 4, 5, 6, 7]), "{seen:?}");
    }
    assert!(numbers > 0, "no number was guessed");
    crate::report!("{}: {rounds} accounts, {PROCESSES} processes with every kind of call: nothing lost", E::NAME);
}

/// Does the acts of one process, and reports the events of its changes.
pub(crate) fn act<E: Engine>(with: impl Fn(&dyn Fn(&Provider<E>)), id: &AccountId, process: u32, acts: u32) {
    IS_REPORTING.store(true, Ordering::Relaxed);
    for act in 0..acts {
        with(&|provider| {
            let device = AuthenticatorNumber::new(1 + act / KINDS % DEVICES);
            match (act + process) % KINDS {
                0 => provider.guess(id, None, 1),
                1 => provider.guess_number(id, APP),
                2 => provider.guess(id, Some(device), 1),
                3 => provider.guess_twice(id, device),
                4 => provider.guess(id, None, 3),
                5 => provider.guess_sent(id),
                6 => provider.guess_recovery(id, process * acts + act, device),
                7 => provider.begin(id, 1_000 + process * acts + act),
                8 => provider.rename(id, device, DisplayName::new("chiavetta").unwrap()),
                // With seven devices and four enrollments, an account has room for those of half of the processes.
                9 if process.is_multiple_of(2) => provider.import_and_revoke(id, process * acts + act),
                9 => {}
                _ => provider.suspend_or_resume(id, AuthenticatorNumber::new(DEVICES), act.is_multiple_of(2)),
            }
        });
    }
    IS_REPORTING.store(false, Ordering::Relaxed);
    answer("end");
}

static IS_REPORTING: AtomicBool = AtomicBool::new(false);

/// A sink that reports changes while a process is one of the crowd.
pub(crate) struct Report;

impl Sink for Report {
    fn record(&self, event: &Event<'_>) {
        if let Some(revision) = event.revision
            && IS_REPORTING.load(Ordering::Relaxed)
        {
            answer(format!("{revision} {} {}", event.action.label(), event.problem.unwrap_or("done")));
        }
    }
}
