//! Tests of wrong recovery codes, and of locks.

use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use pollster::block_on;
use secondo::account::AccountError;
use secondo::audit::{Event, Sink};
use secondo::decision::Hold;
use secondo::factor::{ImportedRecoveryCodes, RecoveryCodes};
use secondo::policy::Lock;
use secondo::store::Memory;
use secondo::types::MalformedCode;
use secondo::{Policy, PublicRefusal, Refusal, VerifierError};

use super::{CAP, CODES, LIMIT, PHONE, codes, guess, recover, text, view, with_codes, with_imported};
use crate::support::enrolled::{NOW, after};
use crate::support::logins::{DESK, Logins, fresh};
use crate::support::refusals::{account_error, refusal, replayed, wrong};
use crate::support::subscriber::{code_of, id, phone};

#[test]
fn a_locked_account_takes_recovery_codes_and_stays_locked() {
    for lock in [None, Some(Lock::UNTIL_UNLOCKED)] {
        let codes = codes(9);
        let policy = lock.map_or(Policy::new(), |lock| Policy::new().with_lock(lock));
        let verifier = with_codes(Memory::new(), policy, &codes);
        for _ in 0..CAP {
            let _ = refusal(verifier.log_in(&id(), "000000", NOW));
        }
        let locked = refusal(verifier.log_in(&id(), &code_of(1, after(60)), after(60)));
        assert!(matches!(locked, Refusal::Locked { .. }), "{locked:?}");
        let offered = block_on(verifier.options(&id(), &fresh(), after(60))).unwrap();
        assert!(offered.refusal.is_some() && offered.recovery_codes.unwrap().refusal.is_none());

        assert_eq!(refusal(recover(&verifier, &guess(0), after(60))), wrong(4));
        assert_eq!(recover(&verifier, &text(&codes, 0), after(60)).unwrap().failures_before(), CAP + 1);
        assert_eq!(view(&verifier, after(60)).failures, CAP);
        assert_eq!(refusal(verifier.log_in(&id(), &code_of(1, after(60)), after(60))), locked);
        // The success has started the set's own count again.
        assert_eq!(refusal(recover(&verifier, &guess(0), after(60))), wrong(4));
    }
}

#[test]
fn nothing_suspended_is_recovered() {
    let codes = codes(10);
    let verifier = with_codes(Memory::new(), Policy::new(), &codes);
    block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    assert_eq!(refusal(recover(&verifier, &text(&codes, 0), NOW)), Refusal::Suspended);
    assert_eq!(block_on(verifier.options(&id(), &fresh(), NOW)).unwrap().recovery_codes, None);
    block_on(verifier.resume(&id(), DESK, NOW)).unwrap();
    block_on(verifier.suspend_authenticator(&id(), CODES, DESK, NOW)).unwrap();
    assert_eq!(refusal(recover(&verifier, &text(&codes, 0), NOW)), Refusal::Suspended);
    assert_eq!(block_on(verifier.options(&id(), &fresh(), NOW)).unwrap().recovery_codes, None);
    block_on(verifier.resume_authenticator(&id(), CODES, DESK, NOW)).unwrap();
    assert!(recover(&verifier, &text(&codes, 0), NOW).is_ok());
    block_on(verifier.close(&id(), None, DESK, NOW)).unwrap();
    assert_eq!(refusal(recover(&verifier, &text(&codes, 1), NOW)), Refusal::Closed);
}

/// Guesses end the set at 100 in a row, and never lock the phone.
#[test]
fn wrong_codes_lock_the_set_and_end_it_at_a_hundred_in_a_row() {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<(String, bool)>>>);

    impl Sink for Lines {
        fn record(&self, event: &Event<'_>) {
            self.0.lock().unwrap().push((event.to_string(), event.must_notify()));
        }
    }

    let (codes, lines) = (codes(11), Lines::default());
    let verifier = with_codes(Memory::new(), Policy::new(), &codes).with_sink(lines.clone());
    let mut now = NOW;
    for failures in 1..=LIMIT {
        let refused = refusal(recover(&verifier, &guess(failures), now));
        let Refusal::Wrong { remaining, hold } = refused else { panic!("{refused:?}") };
        let Hold::LockedUntil(until) = hold else {
            assert!(failures % u64::from(CAP) > 0 || failures == LIMIT, "{failures}");
            continue;
        };
        assert_eq!((remaining, failures % u64::from(CAP)), (0, 0));
        let offered = block_on(verifier.options(&id(), &fresh(), now)).unwrap().recovery_codes.unwrap();
        assert_eq!(offered.refusal, Some(PublicRefusal::Locked { until: Some(until) }));
        for text in [guess(0), text(&codes, 0)] {
            assert_eq!(refusal(recover(&verifier, &text, now)), Refusal::Locked { until: Some(until) });
        }
        now = until;
        // The phone knows nothing of it, and starts no count of the set again.
        assert!(verifier.log_in(&id(), &code_of(1, now), now).is_ok());
    }
    let seen = std::mem::take(&mut *lines.0.lock().unwrap());
    let [.., (last, _), (end, must_notify)] = &seen[..] else { panic!("{seen:?}") };
    assert!(last.contains(" action=recover outcome=wrong remaining=0 revision="), "{last}");
    assert!(end.ends_with(" action=end_recovery_codes authenticator=2 outcome=done") && *must_notify, "{end}");

    for _ in 0..2 {
        assert_eq!(refusal(recover(&verifier, &text(&codes, 0), now)), Refusal::Locked { until: None });
        assert_eq!(view(&verifier, now).authenticators[1].codes_left.unwrap().get(), 0);
        assert_eq!(block_on(verifier.options(&id(), &fresh(), now)).unwrap().recovery_codes, None);
        // An operator ends a lock of the account, and brings no codes back.
        block_on(verifier.unlock(&id(), DESK, now)).unwrap();
    }
    block_on(verifier.enroll(&id(), &fresh(), &codes, now)).unwrap();
    assert!(recover(&verifier, &text(&codes, 0), now).is_ok());
}

#[test]
fn an_operator_ends_the_lock_of_a_set() {
    let codes = codes(12);
    let verifier = with_codes(Memory::new(), Policy::new(), &codes);
    assert!((0..u64::from(CAP)).all(|at| recover(&verifier, &guess(at), NOW).is_err()));
    assert!(matches!(refusal(recover(&verifier, &text(&codes, 0), NOW)), Refusal::Locked { .. }));
    block_on(verifier.unlock(&id(), DESK, NOW)).unwrap();
    assert!(recover(&verifier, &text(&codes, 0), NOW).is_ok());
}

/// Somebody who has the password guesses until the set of a person who has nothing else has ended.
#[test]
fn an_ended_set_does_not_make_the_password_enough() {
    let codes = codes(13);
    let verifier = with_codes(Memory::new(), Policy::new(), &codes);
    assert!(block_on(verifier.recover_and_revoke(&id(), &fresh(), &text(&codes, 0), PHONE, NOW)).is_ok());
    let mut now = NOW;
    for at in 0..LIMIT {
        if let Refusal::Wrong { hold: Hold::LockedUntil(until), .. } = refusal(recover(&verifier, &guess(at), now)) {
            now = until;
        }
    }
    assert_eq!(refusal(recover(&verifier, &text(&codes, 1), now)), Refusal::Locked { until: None });
    let first = block_on(verifier.enroll_first(&id(), &fresh(), phone(66), now));
    assert_eq!(account_error(first), AccountError::NotFirst);
    assert_eq!(account_error(block_on(verifier.revoke(&id(), CODES, DESK, now))), AccountError::Last);
}

#[test]
fn short_codes_count_on_the_account_and_stop_with_it() {
    let scratch = || ImportedRecoveryCodes::from_texts(["75032147", "11111111"], 26, &[7; 16]).unwrap();
    let verifier = with_imported(Policy::new(), scratch());
    for (typed, remaining) in [("000000", 4), ("12345678", 3), ("000001", 2), ("12345679", 1)] {
        let refused = match typed.len() {
            6 => refusal(verifier.log_in(&id(), typed, after(60))),
            _ => refusal(recover(&verifier, typed, after(60))),
        };
        assert_eq!(refused, wrong(remaining));
    }
    assert_eq!(view(&verifier, NOW).failures, 4);
    assert!(matches!(refusal(recover(&verifier, "00000000", after(60))), Refusal::Wrong { remaining: 0, .. }));
    let offered = block_on(verifier.options(&id(), &fresh(), after(60))).unwrap();
    assert_eq!(offered.recovery_codes.unwrap().refusal, offered.refusal);
    for refused in [
        refusal(recover(&verifier, "75032147", after(60))),
        refusal(verifier.log_in(&id(), &code_of(1, after(60)), after(60))),
    ] {
        assert!(matches!(refused, Refusal::Locked { .. }), "{refused:?}");
    }
    let accepted = recover(&verifier, "7503 2147", after(3_600)).unwrap();
    assert_eq!((accepted.failures_before(), accepted.recovery_codes_left().unwrap().get()), (5, 1));
    assert_eq!(view(&verifier, after(3_600)).failures, 0);
    // Another length than that of all codes of the set can be no code.
    let malformed = Refusal::Malformed(MalformedCode::RecoveryLength { expected: 8, found: 6 });
    assert_eq!(refusal(recover(&verifier, "123456", after(3_600))), malformed);
    assert_eq!(refusal(recover(&verifier, "75032147", after(3_600))), replayed(4));

    // If malformed entries count, each one does, also in one transaction.
    let verifier = with_imported(Policy::new().with_counted_malformed(true), scratch());
    let login = fresh();
    for failures in 1..=2 {
        assert_eq!(refusal(block_on(verifier.recover(&id(), &login, "123456", NOW))), malformed);
        assert_eq!(view(&verifier, NOW).failures, failures);
    }

    // A lock of 26-bit codes that only an operator ends is the account's.
    let verifier = with_imported(Policy::new().with_lock(Lock::UNTIL_UNLOCKED), scratch());
    assert!((0..CAP).all(|_| recover(&verifier, "00000000", NOW).is_err()));
    assert_eq!(refusal(recover(&verifier, "75032147", after(1_000_000))), Refusal::Locked { until: None });
    block_on(verifier.unlock(&id(), DESK, NOW)).unwrap();
    assert!(recover(&verifier, "75032147", NOW).is_ok());
}

#[test]
fn one_code_of_eight_threads_is_accepted_once() {
    const THREADS: usize = 8;

    let codes = RecoveryCodes::long(&[17; 32]);
    let verifier = with_codes(Memory::new(), Policy::new(), &codes);
    for (at, code) in codes.texts().enumerate() {
        let barrier = Barrier::new(THREADS);
        let results: Vec<_> = thread::scope(|scope| {
            let recover = || {
                barrier.wait();
                recover(&verifier, code.as_str(), NOW).map(drop)
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(recover)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        let replayed = |result: &&Result<(), _>| {
            matches!(result, Err(VerifierError::Refused(Refusal::Replayed { .. } | Refusal::Locked { .. })))
        };
        assert_eq!(results.iter().filter(replayed).count(), THREADS - 1, "{results:?}");
        assert_eq!(usize::from(view(&verifier, NOW).authenticators[1].codes_left.unwrap().get()), 9 - at);
        block_on(verifier.unlock(&id(), DESK, NOW)).unwrap();
    }
}
