//! Tests of the verifier's operations, also when the store fails, is contended, or holds unreadable records.
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::failing;

use std::fmt;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use enrolled::{NOW, after, authenticator, code_at, enroll, keys, verifier, wrong_code};
use failing::{Fault, Outage, failing};
use pollster::block_on;
use secondo::account::RecordError;
use secondo::decision::{Hold, StateError};
use secondo::policy::Window;
use secondo::seal::{KeyId, SealError};
use secondo::store::{Exchange, Memory, Store};
use secondo::types::Counter;
use secondo::verifier::Enrolled;
use secondo::{
    AccountId, Authenticator, Digits, Hotp, Policy, PublicRefusal, Refusal, State, Totp, UnixTime, Verifier,
    VerifierError,
};

fn refusal<T: fmt::Debug, E: fmt::Debug>(result: Result<T, VerifierError<E>>) -> Refusal {
    match result {
        Err(VerifierError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, not {other:?}"),
    }
}

#[test]
fn an_authenticator_counts_only_after_its_first_right_code() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let id = AccountId::new("rossi").unwrap();
    block_on(verifier.enroll(&id, &authenticator(Totp::default()), State::new())).unwrap();

    assert_eq!(refusal(block_on(verifier.verify(&id, &code_at(0), NOW))), Refusal::Unconfirmed);
    assert_eq!(
        refusal(block_on(verifier.confirm(&id, &wrong_code(), NOW))),
        Refusal::Wrong { remaining: 4, hold: Hold::None }
    );
    assert!(!block_on(verifier.state(&id)).unwrap().is_confirmed());

    // A confirmation is not a login by default, and its code is used up.
    assert!(block_on(verifier.confirm(&id, &code_at(0), NOW)).unwrap().into_login().is_none());
    assert_eq!(
        refusal(block_on(verifier.verify(&id, &code_at(0), NOW))),
        Refusal::Replayed { remaining: 4, hold: Hold::None }
    );
    assert_eq!(refusal(block_on(verifier.confirm(&id, &code_at(1), after(30)))), Refusal::AlreadyConfirmed);
    assert_eq!(block_on(verifier.verify(&id, &code_at(1), after(30))).unwrap().drift(), 0);
}

#[test]
fn a_confirmation_is_a_login_where_the_policy_says_so() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new().with_confirmation_login(true));
    let id = AccountId::new("rossi").unwrap();
    block_on(verifier.enroll(&id, &authenticator(Totp::default()), State::new())).unwrap();
    let login = block_on(verifier.confirm(&id, &code_at(0), NOW)).unwrap().into_login().unwrap();
    assert_eq!(login.counter(), Totp::default().step(NOW).unwrap());
    assert_eq!(
        refusal(block_on(verifier.verify(&id, &code_at(0), NOW))),
        Refusal::Replayed { remaining: 4, hold: Hold::None }
    );
}

#[test]
fn an_enrollment_is_replaced_until_it_is_confirmed() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let id = AccountId::new("rossi").unwrap();
    let enroll = |method: Totp| block_on(verifier.enroll(&id, &authenticator(method), State::new()));
    let eight = Totp::new(Digits::Eight, secondo::types::Period::default());

    enroll(eight).unwrap();
    // A suspended enrollment is not replaced even if it is unconfirmed.
    block_on(verifier.suspend(&id)).unwrap();
    assert!(matches!(enroll(Totp::default()), Err(VerifierError::AlreadyEnrolled)));
    block_on(verifier.resume(&id)).unwrap();
    enroll(Totp::default()).unwrap();
    let _confirmed = block_on(verifier.confirm(&id, &code_at(0), NOW)).unwrap();
    assert!(matches!(enroll(eight), Err(VerifierError::AlreadyEnrolled)));
    block_on(verifier.suspend(&id)).unwrap();
    assert!(matches!(enroll(eight), Err(VerifierError::AlreadyEnrolled)));
    // A revoked id stays revoked. The same secret enrolled again would have lost its watermark.
    block_on(verifier.revoke(&id)).unwrap();
    assert_eq!(refusal(enroll(Totp::default())), Refusal::Revoked);
}

/// A last use in seconds, given as a time step, would refuse every code until the year 3586.
#[test]
fn a_state_in_another_unit_is_not_enrolled() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let id = AccountId::new("rossi").unwrap();
    let enroll = |authenticator: Authenticator, used| {
        block_on(verifier.enroll(&id, &authenticator, State::new().starting_at(Counter::new(used + 1))))
    };
    let in_seconds = NOW.as_secs();
    match enroll(authenticator(Totp::default()), in_seconds) {
        Err(VerifierError::ImplausibleStep(step)) => assert_eq!(step, Counter::new(in_seconds)),
        other => panic!("{other:?}"),
    }
    assert!(block_on(store.load(&id)).unwrap().is_none());
    // The same number is a valid HOTP counter.
    enroll(authenticator(Hotp::default()), in_seconds).unwrap();
    enroll(authenticator(Totp::default()), in_seconds / 30).unwrap();
}

/// Tokens of two vendors may have the same serial number: the second must not replace the first unnoticed.
#[test]
fn an_enrollment_reports_what_it_replaces_or_refuses_to() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let id = AccountId::new("1").unwrap();
    let bytes = || block_on(store.load(&id)).unwrap().unwrap().value.as_ref().to_vec();
    let (first, second) = (authenticator(Totp::default()), authenticator(Hotp::default()));
    block_on(verifier.enroll_new(&id, &first, State::new())).unwrap();
    let stored = bytes();
    let refused = block_on(verifier.enroll_new(&id, &second, State::new()));
    assert!(matches!(refused, Err(VerifierError::AlreadyEnrolled)), "{refused:?}");
    assert_eq!(bytes(), stored);
    assert_eq!(block_on(verifier.enroll(&id, &second, State::new())).unwrap(), Enrolled::Replaced);
    assert_ne!(bytes(), stored);
    let other = AccountId::new("2").unwrap();
    assert_eq!(block_on(verifier.enroll(&other, &first, State::new())).unwrap(), Enrolled::New);
}

#[test]
fn an_acceptance_says_whose_it_is() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new().with_confirmation_login(true));
    for name in ["rossi", "bianchi"] {
        let id = AccountId::new(name).unwrap();
        block_on(verifier.enroll(&id, &authenticator(Totp::default()), State::new())).unwrap();
        let confirmed = block_on(verifier.confirm(&id, &code_at(0), NOW)).unwrap();
        assert_eq!(confirmed.into_login().unwrap().id(), &id);
        assert_eq!(block_on(verifier.verify(&id, &code_at(1), after(30))).unwrap().id(), &id);
    }
}

/// After a login while the verifier's clock was ten years ahead, all codes would be refused for ten years.
#[test]
fn a_watermark_in_the_future_can_be_lowered_to_the_window() {
    const DAY: i64 = 86_400;
    let policy = Policy::new().with_window(Window::new(1, 1).unwrap());
    let (verifier, id) = verifier(Memory::new(), policy);
    let far = 10 * 365 * DAY;
    let lower = |now| block_on(verifier.lower_watermark(&id, now));
    let step_at =
        |steps: i64| Counter::new(Totp::default().step(NOW).unwrap().get().checked_add_signed(steps).unwrap());
    let in_reach = |result| matches!(result, Err(VerifierError::WatermarkInReach));
    assert!(in_reach(lower(NOW)), "there is no watermark");
    assert!(block_on(verifier.verify(&id, &code_at(far / 30), after(far))).is_ok());
    assert_eq!(refusal(block_on(verifier.verify(&id, &code_at(0), NOW))), Refusal::ClockBehind);

    // A watermark at most a day beyond the last step of the window is not lowered.
    assert!(in_reach(lower(after(far - DAY - 30))));
    assert_eq!(block_on(verifier.state(&id)).unwrap().watermark(), Some(step_at(far / 30)));
    lower(NOW).unwrap();
    assert_eq!(block_on(verifier.state(&id)).unwrap().watermark(), Some(step_at(1)));
    assert!(in_reach(lower(NOW)), "the watermark is lowered already");
    // No code of the current window is accepted. Later codes are accepted once.
    for at in [-1, 0, 1] {
        assert!(matches!(refusal(block_on(verifier.verify(&id, &code_at(at), NOW))), Refusal::Replayed { .. }));
    }
    assert!(block_on(verifier.verify(&id, &code_at(2), after(60))).is_ok());

    // The policy sets the margin, here 90 s. A watermark one second beyond it is lowered.
    let (short, _) = enrolled::verifier(Memory::new(), policy.with_watermark_margin(Duration::from_secs(90)).unwrap());
    assert!(block_on(short.verify(&id, &code_at(10), after(300))).is_ok());
    assert!(matches!(block_on(short.lower_watermark(&id, after(180))), Err(VerifierError::WatermarkInReach)));
    block_on(short.lower_watermark(&id, after(179))).unwrap();
    // An HOTP counter does not depend on a clock, so its watermark is never lowered.
    let token = enroll(&short, "token", Hotp::default());
    assert!(in_reach(block_on(short.lower_watermark(&token, NOW))));
}

#[test]
fn a_suspended_authenticator_accepts_nothing_until_resumed() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    block_on(verifier.suspend(&id)).unwrap();
    let suspended = block_on(verifier.state(&id)).unwrap();
    assert_eq!(refusal(block_on(verifier.verify(&id, &code_at(0), NOW))), Refusal::Suspended);
    assert_eq!(refusal(block_on(verifier.resync(&id, &[&code_at(0), &code_at(1)], after(30)))), Refusal::Suspended);
    assert_eq!(block_on(verifier.state(&id)).unwrap(), suspended);
    block_on(verifier.resume(&id)).unwrap();
    assert!(block_on(verifier.verify(&id, &code_at(0), NOW)).is_ok());
}

#[test]
fn a_lock_and_a_suspension_end_each_by_its_own_verb() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    for _ in 0..5 {
        refusal(block_on(verifier.verify(&id, &wrong_code(), NOW)));
    }
    block_on(verifier.suspend(&id)).unwrap();
    // The help desk ends the lock. The phone is still reported stolen.
    block_on(verifier.unlock(&id)).unwrap();
    assert_eq!(refusal(block_on(verifier.verify(&id, &code_at(0), NOW))), Refusal::Suspended);
    for _ in 0..5 {
        block_on(verifier.resume(&id)).unwrap();
        refusal(block_on(verifier.verify(&id, &wrong_code(), NOW)));
        block_on(verifier.suspend(&id)).unwrap();
    }
    // The phone is found again, but the lock after the guesses remains.
    block_on(verifier.resume(&id)).unwrap();
    let locked = refusal(block_on(verifier.verify(&id, &code_at(0), NOW)));
    assert!(matches!(locked, Refusal::Locked { until: Some(_) }), "{locked:?}");
    block_on(verifier.unlock(&id)).unwrap();
    assert!(block_on(verifier.verify(&id, &code_at(0), NOW)).is_ok());
}

#[test]
fn unlocking_opens_a_lock_and_keeps_used_codes_used() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    assert!(block_on(verifier.verify(&id, &code_at(0), NOW)).is_ok());
    for _ in 0..5 {
        refusal(block_on(verifier.verify(&id, &wrong_code(), NOW)));
    }
    let until = Some(after(15 * 60));
    assert_eq!(refusal(block_on(verifier.verify(&id, &code_at(1), after(30)))), Refusal::Locked { until });
    block_on(verifier.unlock(&id)).unwrap();
    let state = block_on(verifier.state(&id)).unwrap();
    assert_eq!((state.failures(), verifier.policy().remaining(&state, NOW)), (0, 5));
    assert_eq!(
        refusal(block_on(verifier.verify(&id, &code_at(0), NOW))),
        Refusal::Replayed { remaining: 4, hold: Hold::None }
    );
    assert!(block_on(verifier.verify(&id, &code_at(1), after(30))).is_ok());
}

#[test]
fn a_revoked_authenticator_is_erased_for_ever() {
    let store = Memory::new();
    let (verifier, id) = verifier(&store, Policy::new());
    block_on(verifier.revoke(&id)).unwrap();
    assert_eq!(refusal(block_on(verifier.verify(&id, &code_at(0), NOW))), Refusal::Revoked);
    assert_eq!(refusal(block_on(verifier.suspend(&id))), Refusal::Revoked);
    assert_eq!(refusal(block_on(verifier.resume(&id))), Refusal::Revoked);
    assert_eq!(refusal(block_on(verifier.unlock(&id))), Refusal::Revoked);
    assert_eq!(refusal(block_on(verifier.state(&id))), Refusal::Revoked);
    assert!(block_on(verifier.revoke(&id)).is_ok());
    let value = block_on(store.load(&id)).unwrap().unwrap().value;
    assert!(!value.as_ref().windows(4).any(|part| enrolled::SECRET.windows(4).any(|of| of == part)));
}

#[test]
fn resynchronization_finds_a_token_and_is_no_login() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let hotp = Hotp::default();
    let id = enroll(&verifier, "token", hotp);
    let code = |counter| hotp.generate(&enrolled::key(), Counter::new(counter)).as_str().to_owned();

    assert_eq!(
        refusal(block_on(verifier.verify(&id, &code(700), NOW))),
        Refusal::Wrong { remaining: 4, hold: Hold::None }
    );
    assert_eq!(
        refusal(block_on(verifier.resync(&id, &[&code(700), &code(702)], NOW))),
        Refusal::Wrong { remaining: 3, hold: Hold::None }
    );
    let resynchronized = block_on(verifier.resync(&id, &[&code(700), &code(701)], NOW)).unwrap();
    assert_eq!(resynchronized.counter, Counter::new(701));
    assert_eq!(
        refusal(block_on(verifier.verify(&id, &code(701), NOW))),
        Refusal::Replayed { remaining: 4, hold: Hold::None }
    );
    assert_eq!(block_on(verifier.verify(&id, &code(702), NOW)).unwrap().counter(), Counter::new(702));
}

#[test]
fn the_in_memory_store_needs_no_executor() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    let code = code_at(0);
    let login = pin!(verifier.verify(&id, &code, NOW));
    match login.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(accepted)) => assert_eq!(accepted.counter(), Totp::default().step(NOW).unwrap()),
        other => panic!("not accepted at the first poll: {other:?}"),
    }
}

#[test]
fn an_unknown_id_is_its_own_error() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let id = AccountId::new("nobody").unwrap();
    for result in [
        block_on(verifier.verify(&id, "123456", NOW)).map(drop),
        block_on(verifier.confirm(&id, "123456", NOW)).map(drop),
        block_on(verifier.resync(&id, &["123456", "123456"], NOW)).map(drop),
        block_on(verifier.suspend(&id)),
        block_on(verifier.resume(&id)),
        block_on(verifier.unlock(&id)),
        block_on(verifier.revoke(&id)),
        block_on(verifier.state(&id)).map(drop),
    ] {
        match result {
            Err(error @ VerifierError::Unknown) => assert_eq!(error.public(), PublicRefusal::Unavailable),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_outage_is_neither_a_wrong_code_nor_a_right_one() {
    let store = Memory::new();
    let (working, id) = verifier(&store, Policy::new());
    for fault in [Fault::Load, Fault::Exchange] {
        for entry in [code_at(0), wrong_code()] {
            let result =
                block_on(Verifier::new(failing(&store, fault), keys(), Policy::new()).verify(&id, &entry, NOW));
            match result {
                Err(error @ VerifierError::Store(Outage)) => {
                    assert_eq!(error.public(), PublicRefusal::Unavailable);
                    assert!(!error.to_string().contains(&entry));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(block_on(working.state(&id)).unwrap(), State::new().confirmed());
}

/// Checks the messages with their causes, for logs, and the public refusals, for pages.
#[test]
fn errors_say_what_is_wrong_and_why() {
    use std::error::Error;

    let causes = |error: &VerifierError<Outage>| {
        let mut messages = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            messages.push(error.to_string());
            cause = error.source();
        }
        messages.join(": ")
    };
    let wrong = |remaining, hold| Refusal::Wrong { remaining, hold };
    let until = UnixTime::from_secs(9).unwrap();
    for (hold, text) in [
        (Hold::Throttled(until), "the code is wrong; 1 attempt remains; the next is possible at 1970-01-01T00:00:09Z"),
        (Hold::LockedUntil(until), "the code is wrong; 1 attempt remains; locked until 1970-01-01T00:00:09Z"),
        (Hold::Locked, "the code is wrong; 1 attempt remains; locked until an operator unlocks"),
    ] {
        assert_eq!(wrong(1, hold).to_string(), text);
    }
    let wrong = wrong(3, Hold::None);
    for (error, text, public) in [
        (VerifierError::Refused(wrong), "the code is wrong; 3 attempts remain", wrong.public()),
        (VerifierError::Store(Outage), "the store failed: the database is down", PublicRefusal::Unavailable),
        (
            VerifierError::Record(RecordError::Version(9)),
            "the stored record cannot be read: unknown record version 9; this library reads version 1",
            PublicRefusal::Unavailable,
        ),
        (
            VerifierError::Record(RecordError::Seal(SealError::UnknownKey(KeyId::new(7)))),
            "the stored record cannot be read: the record is sealed with key 7, which is not in the key ring",
            PublicRefusal::Unavailable,
        ),
        (
            VerifierError::Hsm(Box::new(Outage)),
            "the hardware security module failed: the database is down",
            PublicRefusal::Unavailable,
        ),
        (VerifierError::Unknown, "there is no authenticator under this id", PublicRefusal::Unavailable),
        (
            VerifierError::Contended,
            "other writers kept changing this authenticator's record",
            PublicRefusal::Unavailable,
        ),
        (VerifierError::AlreadyEnrolled, "there is already an authenticator under this id", PublicRefusal::Unavailable),
    ] {
        assert_eq!(causes(&error), text);
        assert_eq!(error.public(), public);
    }
}

#[test]
fn a_code_of_unknown_outcome_is_not_accepted_twice() {
    let store = Memory::new();
    let (working, id) = verifier(&store, Policy::new());
    let interrupted = Verifier::new(failing(&store, Fault::AfterExchange), keys(), Policy::new());
    let result = block_on(interrupted.verify(&id, &code_at(0), NOW));
    assert!(matches!(result, Err(VerifierError::Store(Outage))));
    assert_eq!(
        refusal(block_on(working.verify(&id, &code_at(0), NOW))),
        Refusal::Replayed { remaining: 4, hold: Hold::None }
    );
}

#[test]
fn contention_ends_after_a_bounded_number_of_tries() {
    let store = Memory::new();
    let (working, id) = verifier(&store, Policy::new());
    let contending = failing(&store, Fault::AlwaysConflict);
    let contended = Verifier::new(&contending, keys(), Policy::new());
    for entry in [code_at(0), wrong_code()] {
        match block_on(contended.verify(&id, &entry, NOW)) {
            Err(error @ VerifierError::Contended) => assert_eq!(error.public(), PublicRefusal::Unavailable),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(contending.exchanges.into_inner(), 2 * 16);
    assert_eq!(block_on(working.state(&id)).unwrap(), State::new().confirmed());
    assert!(block_on(working.verify(&id, &code_at(0), NOW)).is_ok());
}

#[test]
fn a_record_that_cannot_be_read_is_refused_and_left_alone() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    let id = enroll(&verifier, "rossi", Totp::default());
    let good = block_on(store.load(&id)).unwrap().unwrap().value.as_ref().to_vec();
    let replace = |bytes: &[u8]| {
        let revision = block_on(store.load(&id)).unwrap().unwrap().revision;
        assert_eq!(
            block_on(store.compare_exchange(&id, Some(revision), bytes.into(), None)).unwrap(),
            Exchange::Stored
        );
    };
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let mut hotp_with_t0 = good.clone();
    hotp_with_t0[1] = 1;
    hotp_with_t0[45..55].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    for (bytes, expected) in [
        (vec![], RecordError::Length(0)),
        (with(0, 2), RecordError::Version(2)),
        (with(1, 3), RecordError::Field { offset: 1 }),
        (vec![1, 0], RecordError::Length(2)),
        (vec![1, 0, 0, 0], RecordError::Length(4)),
        (with(2, 2), RecordError::Field { offset: 2 }),
        (with(2, 1), RecordError::Seal(SealError::NoKeys)),
        (with(3, 9), RecordError::State(StateError::Version(9))),
        (with(5, 4), RecordError::State(StateError::Field { offset: 2 })),
        (with(43, 0), RecordError::Field { offset: 43 }),
        (with(44, 10), RecordError::Field { offset: 44 }),
        (with(45, 0xff), RecordError::Field { offset: 45 }),
        (with(1, 1), RecordError::Field { offset: 45 }),
        (hotp_with_t0, RecordError::Field { offset: 47 }),
        (with(55, 4), RecordError::Field { offset: 55 }),
        (good[..good.len() - 11].to_vec(), RecordError::Length(good.len() - 11)),
        ([&good[..], &[0; 200]].concat(), RecordError::Length(good.len() + 200)),
    ] {
        replace(&bytes);
        for result in [
            block_on(verifier.verify(&id, &code_at(0), NOW)).map(drop),
            block_on(verifier.enroll(&id, &authenticator(Totp::default()), State::new())).map(drop),
            block_on(verifier.state(&id)).map(drop),
        ] {
            match result {
                Err(VerifierError::Record(error)) => assert_eq!(error, expected),
                other => panic!("{expected:?}: {other:?}"),
            }
        }
        assert_eq!(block_on(store.load(&id)).unwrap().unwrap().value.as_ref(), bytes);
    }
    replace(&good);
    assert!(block_on(verifier.verify(&id, &code_at(0), NOW)).is_ok());
    // An unreadable record can still be revoked.
    replace(b"nonsense");
    block_on(verifier.revoke(&id)).unwrap();
    assert_eq!(refusal(block_on(verifier.verify(&id, &code_at(0), NOW))), Refusal::Revoked);
}

/// Storing keeps every parameter: the verifier accepts the codes of the authenticator that was enrolled.
#[test]
fn what_is_enrolled_is_what_is_verified() {
    use secondo::types::Period;
    use secondo::{Algorithm, Key, Secret};

    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let mut n = 0;
    for algorithm in Algorithm::ALL.iter().copied() {
        for len in [Secret::SHORT_LEN, 16, 64, 65, Secret::MAX_LEN] {
            for digits in [Digits::Six, Digits::Seven, Digits::Eight, Digits::Nine] {
                let secret = || Secret::import_short(&(0..u8::try_from(len).unwrap()).collect::<Vec<_>>()).unwrap();
                let key = Key::new(algorithm, &secret());
                let id = AccountId::new(&format!("{n}")).unwrap();
                n += 1;
                let totp = Totp::new(digits, Period::from_secs(45).unwrap()).with_t0(UnixTime::from_secs(77).unwrap());
                let new = Authenticator::new(totp, algorithm, secret());
                block_on(verifier.enroll(&id, &new, State::new().confirmed())).unwrap();
                let code = totp.generate(&key, NOW).unwrap();
                let accepted = block_on(verifier.verify(&id, code.as_str(), NOW)).unwrap();
                assert_eq!(accepted.counter(), totp.step(NOW).unwrap());
            }
        }
    }
}

#[test]
fn futures_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}

    let (verifier, id) = verifier(Memory::new(), Policy::new());
    let authenticator = authenticator(Totp::default());
    is_send(&verifier.verify(&id, "123456", NOW));
    is_send(&verifier.confirm(&id, "123456", NOW));
    is_send(&verifier.resync(&id, &["123456"], NOW));
    is_send(&verifier.enroll(&id, &authenticator, State::new()));
    is_send(&verifier.suspend(&id));
    is_send(&verifier.revoke(&id));
    is_send(&verifier.state(&id));
}
