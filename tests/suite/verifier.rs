//! Tests of the verifier's operations, also when the store fails, is contended, or holds unreadable records.
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::failing;
use crate::support::logins;
use crate::support::refusals;

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use enrolled::{
    FIRST, NOW, SECOND, SECRET, after, another, authenticator, code_at, enroll, keys, verifier, wrong_code,
};
use failing::{Fault, Outage, failing};
use logins::{DESK, Logins, fresh};
use pollster::block_on;
use refusals::{account_error, refusal, replayed, wrong};
use secondo::account::{AccountError, Enrolled, RecordError};
use secondo::decision::Hold;
use secondo::policy::Window;
use secondo::seal::{KeyId, SealError};
use secondo::store::{Exchange, Memory, Store};
use secondo::types::{Counter, DisplayName, Period};
use secondo::verifier::Repeated;
use secondo::{
    AccountId, Algorithm, Authenticator, Digits, Hotp, Policy, PublicRefusal, Refusal, Secret, State, Totp, UnixTime,
    Verifier, VerifierError,
};

/// Returns a TOTP code of [`another`] authenticator, `steps` time steps after [`NOW`].
fn code_of(byte: u8, steps: i64) -> String {
    let key = another(byte, Totp::default()).key().unwrap();
    Totp::default().generate(&key, after(30 * steps)).unwrap().as_str().to_owned()
}

fn account(name: &str) -> AccountId {
    AccountId::new(name).unwrap()
}

#[test]
fn an_authenticator_counts_only_after_its_first_right_code() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (id, login) = (account("rossi"), fresh());
    let enrolled = block_on(verifier.enroll(&id, &login, authenticator(Totp::default()), NOW)).unwrap();
    assert_eq!((enrolled.number, enrolled.replaced), (FIRST, None));
    let confirm = |code: &str, now| block_on(verifier.confirm(&id, &login, FIRST, code, now));

    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), Refusal::Unconfirmed);
    assert_eq!(refusal(confirm(&wrong_code(), NOW)), wrong(4));
    assert!(!verifier.state(&id).unwrap().is_confirmed());

    // A confirmation is not a login by default, and its code is used up.
    assert!(confirm(&code_at(0), NOW).unwrap().into_login().is_none());
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), replayed(4));
    assert_eq!(refusal(confirm(&code_at(1), after(30))), Refusal::AlreadyConfirmed);
    assert_eq!(verifier.log_in(&id, &code_at(1), after(30)).unwrap().drift(), 0);
}

#[test]
fn a_confirmation_is_a_login_where_the_policy_says_so() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new().with_confirmation_login(true));
    let (id, login) = (account("rossi"), fresh());
    block_on(verifier.enroll(&id, &login, authenticator(Totp::default()), NOW)).unwrap();
    let confirmed = block_on(verifier.confirm(&id, &login, FIRST, &code_at(0), NOW)).unwrap();
    assert_eq!(confirmed.into_login().unwrap().counter(), Totp::default().step(NOW).unwrap());
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), replayed(4));
    assert_eq!(refusal(block_on(verifier.verify(&id, &login, &code_at(1), after(30)))), Refusal::LoggedIn);

    // The person has logged in with the first authenticator before adding a second one.
    let login = fresh();
    block_on(verifier.enroll(&id, &login, another(7, Totp::default()), NOW)).unwrap();
    let confirmed = block_on(verifier.confirm(&id, &login, SECOND, &code_of(7, 0), NOW)).unwrap();
    assert!(confirmed.into_login().is_none());
}

#[test]
fn wrong_codes_end_an_enrollment_and_lock_nobody_out() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    let login = fresh();
    block_on(verifier.enroll(&id, &login, another(7, Totp::default()), NOW)).unwrap();
    for remaining in (0..5).rev() {
        let guess = format!("{remaining:06}");
        assert_ne!(guess, code_of(7, 0));
        assert_eq!(refusal(block_on(verifier.confirm(&id, &login, SECOND, &guess, NOW))), wrong(remaining));
        assert_eq!(verifier.state(&id).unwrap().failures(), 0);
    }
    let ended = block_on(verifier.confirm(&id, &login, SECOND, &code_of(7, 0), NOW));
    assert_eq!(account_error(ended), AccountError::UnknownAuthenticator(SECOND));
    assert!(verifier.log_in(&id, &code_at(0), NOW).is_ok());
}

#[test]
fn an_enrollment_is_confirmed_in_its_transaction_and_in_time() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (id, login) = (account("rossi"), fresh());
    block_on(verifier.enroll(&id, &login, authenticator(Totp::default()), NOW)).unwrap();
    let elsewhere = block_on(verifier.confirm(&id, &fresh(), FIRST, &code_at(0), NOW));
    assert_eq!(account_error(elsewhere), AccountError::OtherTransaction);
    let late = block_on(verifier.confirm(&id, &login, FIRST, &code_at(120), after(3600)));
    assert_eq!(account_error(late), AccountError::Expired);
    assert!(block_on(verifier.confirm(&id, &login, FIRST, &code_at(119), after(3599))).is_ok());
}

#[test]
fn an_enrollment_is_replaced_until_it_is_confirmed() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (id, login) = (account("rossi"), fresh());
    let enroll = |method: Totp| block_on(verifier.enroll(&id, &login, authenticator(method), NOW));
    let eight = Totp::new(Digits::Eight, Period::default());

    enroll(eight).unwrap();
    // Nothing is enrolled in a suspended account, and its enrollment stays.
    block_on(verifier.suspend(&id, DESK, NOW)).unwrap();
    assert_eq!(refusal(enroll(Totp::default())), Refusal::Suspended);
    block_on(verifier.resume(&id, DESK, NOW)).unwrap();
    let Enrolled { number, replaced, .. } = enroll(Totp::default()).unwrap();
    assert_eq!((number, replaced), (SECOND, Some(FIRST)));
    assert!(block_on(verifier.confirm(&id, &login, FIRST, &code_at(0), NOW)).is_err());
    assert!(block_on(verifier.confirm(&id, &login, SECOND, &code_at(0), NOW)).is_ok());

    // A confirmed authenticator does not give way, and its secret is not enrolled a second time.
    assert_eq!(account_error(enroll(eight)), AccountError::SecretInUse(SECOND));
    let third = block_on(verifier.enroll(&id, &login, another(7, Totp::default()), NOW)).unwrap();
    assert_eq!((third.number.get(), third.replaced), (3, None));
    block_on(verifier.suspend(&id, DESK, NOW)).unwrap();
    assert_eq!(refusal(enroll(eight)), Refusal::Suspended);
    // A closed account stays closed. The same secret enrolled again would have lost its watermark.
    block_on(verifier.close(&id, None, DESK, NOW)).unwrap();
    assert_eq!(refusal(enroll(Totp::default())), Refusal::Closed);
    assert_eq!(refusal(verifier.add(&id, authenticator(eight), State::new().confirmed())), Refusal::Closed);
}

/// A last use in seconds, given as a time step, would refuse every code until the year 3586.
#[test]
fn a_state_in_another_unit_is_not_imported() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let import = |id: &AccountId, authenticator: Authenticator, used| {
        verifier.add(id, authenticator, State::new().starting_at(Counter::new(used + 1)).confirmed())
    };
    let (rossi, bianchi) = (account("rossi"), account("bianchi"));
    let in_seconds = NOW.as_secs();
    assert_eq!(
        account_error(import(&rossi, authenticator(Totp::default()), in_seconds)),
        AccountError::ImplausibleStep(Counter::new(in_seconds))
    );
    assert!(block_on(store.load(&rossi)).unwrap().is_none());
    // The same number is a valid HOTP counter.
    import(&rossi, authenticator(Hotp::default()), in_seconds).unwrap();
    import(&bianchi, authenticator(Totp::default()), in_seconds / 30).unwrap();
}

#[test]
fn an_import_brings_all_its_authenticators_or_none() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let id = account("rossi");
    let import = |states: [State; 2]| {
        let authenticators = [authenticator(Totp::default()), another(7, Hotp::default())];
        let imported: Vec<_> = authenticators.into_iter().map(Into::into).zip(states).collect();
        block_on(verifier.import(&id, &imported, DESK, NOW))
    };
    assert_eq!(account_error(import([State::new().confirmed(), State::new()])), AccountError::NotConfirmed);
    assert!(block_on(store.load(&id)).unwrap().is_none());
    import([State::new().confirmed(), State::new().confirmed().suspend()]).unwrap();
    assert_eq!(verifier.log_in(&id, &code_at(0), NOW).unwrap().authenticator(), FIRST);
    let again = import([State::new().confirmed(); 2]);
    assert_eq!(account_error(again), AccountError::SecretInUse(FIRST));
}

/// Two pages that enroll in one transaction must not replace each other's secret unnoticed.
#[test]
fn an_enrollment_reports_what_it_replaces_or_refuses_to() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let (id, login) = (account("1"), fresh());
    let bytes = || block_on(store.load(&id)).unwrap().unwrap().value.as_ref().to_vec();
    let second = || another(7, Hotp::default());
    let first = block_on(verifier.enroll_beside(&id, &login, authenticator(Totp::default()), NOW)).unwrap();
    assert_eq!((first.number, first.replaced), (FIRST, None));
    let stored = bytes();
    let refused = block_on(verifier.enroll_beside(&id, &login, second(), NOW));
    assert_eq!(account_error(refused), AccountError::Unconfirmed(FIRST));
    assert_eq!(bytes(), stored);
    let replacing = block_on(verifier.enroll(&id, &login, second(), NOW)).unwrap();
    assert_eq!((replacing.number, replacing.replaced), (SECOND, Some(FIRST)));
    assert_ne!(bytes(), stored);

    // Enrollments of other transactions stand beside it. A fifth one replaces the oldest.
    for byte in 3..=5_u8 {
        let beside = block_on(verifier.enroll_beside(&id, &fresh(), another(10 + byte, Totp::default()), NOW)).unwrap();
        assert_eq!((beside.number.get(), beside.replaced), (byte.into(), None));
    }
    let refused = block_on(verifier.enroll_beside(&id, &fresh(), another(1, Totp::default()), NOW));
    assert_eq!(account_error(refused), AccountError::Unconfirmed(SECOND));
    let fifth = block_on(verifier.enroll(&id, &fresh(), another(1, Totp::default()), NOW)).unwrap();
    assert_eq!((fifth.number.get(), fifth.replaced), (6, Some(SECOND)));
}

#[test]
fn an_acceptance_says_whose_it_is() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new().with_confirmation_login(true));
    for name in ["rossi", "bianchi"] {
        let (id, login) = (account(name), fresh());
        block_on(verifier.enroll(&id, &login, authenticator(Totp::default()), NOW)).unwrap();
        let confirmed = block_on(verifier.confirm(&id, &login, FIRST, &code_at(0), NOW)).unwrap();
        assert_eq!(confirmed.into_login().unwrap().account(), &id);
        assert_eq!(verifier.log_in(&id, &code_at(1), after(30)).unwrap().account(), &id);
        verifier.add(&id, another(7, Totp::default()), State::new().confirmed()).unwrap();
        for (code, number) in [(code_of(7, 2), SECOND), (code_at(2), FIRST)] {
            assert!(verifier.log_in(&id, &wrong_code(), after(60)).is_err());
            let accepted = verifier.log_in(&id, &code, after(60)).unwrap();
            assert_eq!((accepted.account(), accepted.authenticator(), accepted.failures_before()), (&id, number, 1));
        }
    }
}

/// A double click must neither log in twice nor show an error to a subscriber whose code was right.
#[test]
fn a_code_that_is_sent_twice_in_a_login_is_judged_once() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    let login = fresh();
    let send = |code: &str, now| block_on(verifier.verify(&id, &login, code, now));
    for _ in 0..3 {
        assert_eq!(refusal(send(&wrong_code(), NOW)), wrong(4));
    }
    assert_eq!(verifier.state(&id).unwrap().failures(), 1);

    assert!(send(&code_at(0), NOW).is_ok());
    let after_login = verifier.state(&id).unwrap();
    let spaced = format!("{} {}", &code_at(0)[..3], &code_at(0)[3..]);
    for code in [code_at(0), spaced] {
        match send(&code, after(120)) {
            Err(VerifierError::Repeated(Repeated { account, authenticator, at, is_login, .. })) => {
                assert_eq!((account, authenticator, at, is_login), (id, FIRST, NOW, true));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(refusal(send(&code_at(1), after(30))), Refusal::LoggedIn);
    assert_eq!(verifier.state(&id).unwrap(), after_login);
    // In another login, and after two minutes, the code is one like any other.
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), replayed(4));
    assert_eq!(refusal(send(&code_at(0), after(121))), wrong(3));
}

/// After a login while the verifier's clock was ten years ahead, all codes would be refused for ten years.
#[test]
fn a_watermark_in_the_future_can_be_lowered_to_the_window() {
    const DAY: i64 = 86_400;
    let policy = Policy::new().with_window(Window::new(1, 1).unwrap());
    let (verifier, id) = verifier(Memory::new(), policy);
    let far = 10 * 365 * DAY;
    let lower = |now| block_on(verifier.lower_watermark(&id, FIRST, DESK, now));
    let step_at =
        |steps: i64| Counter::new(Totp::default().step(NOW).unwrap().get().checked_add_signed(steps).unwrap());
    let in_reach = |result| account_error(result) == AccountError::WatermarkInReach;
    assert!(in_reach(lower(NOW)), "there is no watermark");
    assert!(verifier.log_in(&id, &code_at(far / 30), after(far)).is_ok());
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), Refusal::ClockBehind);

    // A watermark at most a day beyond the last step of the window is not lowered.
    assert!(in_reach(lower(after(far - DAY - 30))));
    assert_eq!(verifier.state(&id).unwrap().watermark(), Some(step_at(far / 30)));
    lower(NOW).unwrap();
    assert_eq!(verifier.state(&id).unwrap().watermark(), Some(step_at(1)));
    assert!(in_reach(lower(NOW)), "the watermark is lowered already");
    // No code of the current window is accepted. Later codes are accepted once.
    for at in [-1, 0, 1] {
        assert!(matches!(refusal(verifier.log_in(&id, &code_at(at), NOW)), Refusal::Replayed { .. }));
    }
    assert!(verifier.log_in(&id, &code_at(2), after(60)).is_ok());

    // The policy sets the margin, here 90 s. A watermark one second beyond it is lowered.
    let (short, _) = enrolled::verifier(Memory::new(), policy.with_watermark_margin(Duration::from_secs(90)).unwrap());
    assert!(short.log_in(&id, &code_at(10), after(300)).is_ok());
    assert!(in_reach(block_on(short.lower_watermark(&id, FIRST, DESK, after(180)))));
    block_on(short.lower_watermark(&id, FIRST, DESK, after(179))).unwrap();
    // An HOTP counter does not depend on a clock, so its watermark is never lowered.
    let token = enroll(&short, "token", Hotp::default());
    assert!(in_reach(block_on(short.lower_watermark(&token, FIRST, DESK, NOW))));
}

#[test]
fn a_suspended_account_accepts_nothing_until_resumed() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    block_on(verifier.suspend(&id, DESK, NOW)).unwrap();
    let suspended = verifier.state(&id).unwrap();
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), Refusal::Suspended);
    let resynchronized = block_on(verifier.resync(&id, &fresh(), FIRST, &[&code_at(0), &code_at(1)], after(30)));
    assert_eq!(refusal(resynchronized), Refusal::Suspended);
    assert_eq!(verifier.state(&id).unwrap(), suspended);
    block_on(verifier.resume(&id, DESK, NOW)).unwrap();
    assert!(verifier.log_in(&id, &code_at(0), NOW).is_ok());
}

#[test]
fn a_suspended_authenticator_accepts_nothing_beside_one_that_does() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    verifier.add(&id, another(7, Totp::default()), State::new().confirmed()).unwrap();
    block_on(verifier.suspend_authenticator(&id, FIRST, DESK, NOW)).unwrap();
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), wrong(4));
    assert_eq!(refusal(block_on(verifier.verify_with(&id, &fresh(), FIRST, &code_at(0), NOW))), Refusal::Suspended);
    assert_eq!(verifier.log_in(&id, &code_of(7, 0), NOW).unwrap().authenticator(), SECOND);
    // The last one can be suspended as well.
    block_on(verifier.suspend_authenticator(&id, SECOND, DESK, NOW)).unwrap();
    assert_eq!(refusal(verifier.log_in(&id, &code_of(7, 1), after(30))), Refusal::Suspended);
    block_on(verifier.resume_authenticator(&id, FIRST, DESK, NOW)).unwrap();
    assert_eq!(verifier.log_in(&id, &code_at(0), NOW).unwrap().authenticator(), FIRST);
}

#[test]
fn a_lock_and_a_suspension_end_each_by_its_own_verb() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    for _ in 0..5 {
        refusal(verifier.log_in(&id, &wrong_code(), NOW));
    }
    block_on(verifier.suspend(&id, DESK, NOW)).unwrap();
    // The help desk ends the lock. The phone is still reported stolen.
    block_on(verifier.unlock(&id, DESK, NOW)).unwrap();
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), Refusal::Suspended);
    for _ in 0..5 {
        block_on(verifier.resume(&id, DESK, NOW)).unwrap();
        refusal(verifier.log_in(&id, &wrong_code(), NOW));
        block_on(verifier.suspend(&id, DESK, NOW)).unwrap();
    }
    // The phone is found again, but the lock after the guesses remains.
    block_on(verifier.resume(&id, DESK, NOW)).unwrap();
    let locked = refusal(verifier.log_in(&id, &code_at(0), NOW));
    assert!(matches!(locked, Refusal::Locked { until: Some(_) }), "{locked:?}");
    block_on(verifier.unlock(&id, DESK, NOW)).unwrap();
    assert!(verifier.log_in(&id, &code_at(0), NOW).is_ok());
}

#[test]
fn unlocking_opens_a_lock_and_keeps_used_codes_used() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    assert!(verifier.log_in(&id, &code_at(0), NOW).is_ok());
    for _ in 0..5 {
        refusal(verifier.log_in(&id, &wrong_code(), NOW));
    }
    let until = Some(after(15 * 60));
    assert_eq!(refusal(verifier.log_in(&id, &code_at(1), after(30))), Refusal::Locked { until });
    block_on(verifier.unlock(&id, DESK, NOW)).unwrap();
    let view = block_on(verifier.view(&id, NOW)).unwrap();
    assert_eq!((view.failures, view.remaining, view.hold), (0, 5, Hold::None));
    let state = verifier.state(&id).unwrap();
    assert_eq!((state.failures(), verifier.policy().remaining(&state, NOW)), (0, 5));
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), replayed(4));
    assert!(verifier.log_in(&id, &code_at(1), after(30)).is_ok());
}

fn holds_secret(store: &Memory, id: &AccountId) -> bool {
    let value = block_on(store.load(id)).unwrap().unwrap().value;
    value.as_ref().windows(4).any(|part| SECRET.windows(4).any(|of| of == part))
}

#[test]
fn a_closed_account_is_erased_for_ever() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    let id = enroll(&verifier, "rossi", Totp::default());
    assert!(holds_secret(&store, &id));
    block_on(verifier.close(&id, None, DESK, NOW)).unwrap();
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), Refusal::Closed);
    assert_eq!(refusal(block_on(verifier.suspend(&id, DESK, NOW))), Refusal::Closed);
    assert_eq!(refusal(block_on(verifier.resume(&id, DESK, NOW))), Refusal::Closed);
    assert_eq!(refusal(block_on(verifier.unlock(&id, DESK, NOW))), Refusal::Closed);
    assert_eq!(refusal(block_on(verifier.revoke(&id, FIRST, DESK, NOW))), Refusal::Closed);
    assert_eq!(refusal(block_on(verifier.view(&id, NOW))), Refusal::Closed);
    assert_eq!(refusal(verifier.state(&id)), Refusal::Closed);
    assert_eq!(refusal(block_on(verifier.close(&id, None, DESK, NOW))), Refusal::Closed);
    assert!(!holds_secret(&store, &id));
}

#[test]
fn a_revoked_authenticator_is_erased_unless_it_is_the_last() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    let id = enroll(&verifier, "rossi", Totp::default());
    let revoke = |number| block_on(verifier.revoke(&id, number, DESK, NOW));
    assert_eq!(account_error(revoke(FIRST)), AccountError::Last);
    verifier.add(&id, another(7, Totp::default()), State::new().confirmed()).unwrap();
    revoke(FIRST).unwrap();
    assert!(!holds_secret(&store, &id));
    assert_eq!(account_error(revoke(FIRST)), AccountError::UnknownAuthenticator(FIRST));
    assert_eq!(account_error(revoke(SECOND)), AccountError::Last);
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), wrong(4));
    assert!(verifier.log_in(&id, &code_of(7, 0), NOW).is_ok());
    // Its number is not used again.
    let third = block_on(verifier.enroll(&id, &fresh(), another(8, Totp::default()), NOW)).unwrap();
    assert_eq!(third.number.get(), 3);
}

#[test]
fn resynchronization_finds_a_token_and_is_no_login() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let hotp = Hotp::default();
    let id = enroll(&verifier, "token", hotp);
    let code = |counter| hotp.generate(&enrolled::key(), Counter::new(counter)).as_str().to_owned();
    let resync = |first, second| block_on(verifier.resync(&id, &fresh(), FIRST, &[&code(first), &code(second)], NOW));

    assert_eq!(refusal(verifier.log_in(&id, &code(700), NOW)), wrong(4));
    assert_eq!(refusal(resync(700, 702)), wrong(3));
    assert_eq!(resync(700, 701).unwrap().counter, Counter::new(701));
    assert_eq!(refusal(verifier.log_in(&id, &code(701), NOW)), replayed(4));
    assert_eq!(verifier.log_in(&id, &code(702), NOW).unwrap().counter(), Counter::new(702));
}

#[test]
fn the_in_memory_store_needs_no_executor() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    let (transaction, code) = (fresh(), code_at(0));
    let login = pin!(verifier.verify(&id, &transaction, &code, NOW));
    match login.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(accepted)) => assert_eq!(accepted.counter(), Totp::default().step(NOW).unwrap()),
        other => panic!("not accepted at the first poll: {other:?}"),
    }
}

#[test]
fn an_unknown_id_is_its_own_error() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (id, login) = (account("nobody"), fresh());
    for result in [
        block_on(verifier.verify(&id, &login, "123456", NOW)).map(drop),
        block_on(verifier.verify_with(&id, &login, FIRST, "123456", NOW)).map(drop),
        block_on(verifier.confirm(&id, &login, FIRST, "123456", NOW)).map(drop),
        block_on(verifier.resync(&id, &login, FIRST, &["123456", "123456"], NOW)).map(drop),
        block_on(verifier.suspend(&id, DESK, NOW)),
        block_on(verifier.resume(&id, DESK, NOW)),
        block_on(verifier.suspend_authenticator(&id, FIRST, DESK, NOW)),
        block_on(verifier.resume_authenticator(&id, FIRST, DESK, NOW)),
        block_on(verifier.rename(&id, FIRST, DisplayName::EMPTY, DESK, NOW)),
        block_on(verifier.unlock(&id, DESK, NOW)),
        block_on(verifier.lower_watermark(&id, FIRST, DESK, NOW)),
        block_on(verifier.forget_drift(&id, FIRST, DESK, NOW)),
        block_on(verifier.raise_watermarks(&id, DESK, NOW)),
        block_on(verifier.revoke(&id, FIRST, DESK, NOW)),
        block_on(verifier.close(&id, None, DESK, NOW)),
        block_on(verifier.view(&id, NOW)).map(drop),
        block_on(verifier.export(&id, DESK, NOW)).map(drop),
        block_on(verifier.reseal(&id)).map(drop),
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
    let before = working.state(&id).unwrap();
    for fault in [Fault::Load, Fault::Exchange] {
        for entry in [code_at(0), wrong_code()] {
            match Verifier::new(failing(&store, fault), keys(), Policy::new()).log_in(&id, &entry, NOW) {
                Err(error @ VerifierError::Store(Outage)) => {
                    assert_eq!(error.public(), PublicRefusal::Unavailable);
                    assert!(!error.to_string().contains(&entry));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(working.state(&id).unwrap(), before);
}

/// Returns the messages of an error and its causes, as a log shows them.
fn causes(error: &VerifierError<Outage>) -> String {
    use std::error::Error;

    let mut messages = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        messages.push(error.to_string());
        cause = error.source();
    }
    messages.join(": ")
}

/// Checks the messages with their causes, for logs, and the public refusals, for pages.
#[test]
fn errors_say_what_is_wrong_and_why() {
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
        (
            VerifierError::Refused(Refusal::LoggedIn),
            "another code was accepted in this transaction",
            PublicRefusal::Unavailable,
        ),
        (VerifierError::Refused(Refusal::Closed), "the account is closed", PublicRefusal::Unavailable),
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
        (VerifierError::Unknown, "there is no account under this id", PublicRefusal::Unavailable),
        (VerifierError::Contended, "other writers kept changing this account", PublicRefusal::Unavailable),
    ] {
        assert_eq!(causes(&error), text);
        assert_eq!(error.public(), public);
    }
}

#[test]
fn an_error_of_an_account_is_said_once() {
    for (error, text) in [
        (AccountError::Last, "the authenticator is the last one that can be used"),
        (AccountError::UnknownAuthenticator(SECOND), "the account has no authenticator 2"),
        (AccountError::SecretInUse(FIRST), "authenticator 1 of the account has the same secret"),
    ] {
        let error = VerifierError::Account(error);
        assert_eq!(error.public(), PublicRefusal::Unavailable);
        assert!(!error.is_outage());
        assert_eq!(causes(&error), text);
    }
}

#[test]
fn a_code_of_unknown_outcome_is_not_accepted_twice() {
    let store = Memory::new();
    let (working, id) = verifier(&store, Policy::new());
    let interrupted = Verifier::new(failing(&store, Fault::AfterExchange), keys(), Policy::new());
    let login = fresh();
    let result = block_on(interrupted.verify(&id, &login, &code_at(0), NOW));
    assert!(matches!(result, Err(VerifierError::Store(Outage))));
    let again = block_on(working.verify(&id, &login, &code_at(0), NOW));
    assert!(matches!(again, Err(VerifierError::Repeated(Repeated { is_login: true, .. }))), "{again:?}");
    assert_eq!(refusal(working.log_in(&id, &code_at(0), NOW)), replayed(4));
}

#[test]
fn contention_ends_after_a_bounded_number_of_tries() {
    let store = Memory::new();
    let (working, id) = verifier(&store, Policy::new());
    let before = working.state(&id).unwrap();
    let contending = failing(&store, Fault::AlwaysConflict);
    let contended = Verifier::new(&contending, keys(), Policy::new());
    for entry in [code_at(0), wrong_code()] {
        match contended.log_in(&id, &entry, NOW) {
            Err(error @ VerifierError::Contended) => assert_eq!(error.public(), PublicRefusal::Unavailable),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(contending.exchanges.into_inner(), 2 * 80);
    assert_eq!(working.state(&id).unwrap(), before);
    assert!(working.log_in(&id, &code_at(0), NOW).is_ok());
}

#[test]
fn a_record_that_cannot_be_read_is_refused_and_left_alone() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    let id = enroll(&verifier, "rossi", Totp::default());
    let good = block_on(store.load(&id)).unwrap().unwrap().value.as_ref().to_vec();
    assert_eq!(good.len(), 92);
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
    let and = |more: &[u8]| [&good[..], more].concat();
    // Two hashes and a time begin an outcome.
    let outcome = |rest: &[u8]| and(&[&[0; 16 + 8 + 5], rest].concat());
    let tombstone = |body: &[u8]| [&[1, 2, 0, 0, 0, 0, 0, 0, 0, 9], body].concat();
    let field = |offset| RecordError::Field { offset };
    for (bytes, expected) in [
        (vec![], RecordError::Length(0)),
        (with(0, 2), RecordError::Version(2)),
        (with(1, 0), field(1)),
        (with(1, 3), RecordError::Length(good.len())),
        (with(1, 4), field(1)),
        (with(1, 129), RecordError::Seal(SealError::NoKeys)),
        (vec![1, 1], RecordError::Length(2)),
        (vec![1, 1, 0, 0], RecordError::Length(4)),
        (tombstone(&[0; 4]), RecordError::Length(14)),
        (tombstone(&[0; 6]), RecordError::Length(16)),
        (tombstone(&[0xfe; 5]), field(10)),
        // The limit of a destination.
        ([&[1, 3], &good[2..10], &[0; 5][..]].concat(), field(1)),
        ([&[1, 3], &good[2..10], &[0xff; 5][..]].concat(), field(10)),
        // The account: flags, failures, the end of the hold, the end of the last lock, the limit of enrollments, the last number,
        // the count.
        (with(10, 16), field(10)),
        // A limit of codes that were sent, but none were.
        ([&good[..10], &[8], &good[11..29], &[0; 5], &good[29..]].concat(), field(29)),
        (with(12, 1), field(12)),
        (with(14, 1), field(14)),
        (with(19, 0xff), field(19)),
        (with(24, 0xff), field(24)),
        (with(32, 0), field(35)),
        (with(33, 26), field(33)),
        (with(33, 2), RecordError::Length(good.len())),
        // The authenticator: kind, number, status, times, name, the length of its own state.
        (with(34, 0x7f), field(34)),
        (with(38, 0), field(35)),
        (with(39, 4), field(39)),
        (with(40, 0xff), field(40)),
        (with(45, 0xff), field(45)),
        (with(50, 1), field(51)),
        (with(50, 0xff), RecordError::Length(good.len())),
        (with(52, 0xff), RecordError::Length(good.len())),
        (with(52, 12), field(53)),
        (with(52, 28), field(72)),
        (with(52, 38), RecordError::Length(good.len())),
        // One-time passwords: flags, digits, period, T0, last used step, key.
        (with(53, 0), field(55)),
        (with(53, 0b1101), field(53)),
        (with(53, 0b11_0001), field(53)),
        (with(53, 0b01_0001), field(72)),
        (with(54, 10), field(54)),
        (with(53, 0b1000_0000), field(53)),
        (with(56, 0), field(55)),
        (with(57, 0xff), field(57)),
        (with(69, 1), field(62)),
        (good[..good.len() - 11].to_vec(), RecordError::Length(good.len() - 11)),
        // The outcomes, of which there are at most four.
        (and(&[0; 200]), RecordError::Length(good.len() + 200)),
        (and(&[0xff; 40]), field(116)),
        (outcome(&[4]), field(121)),
        (outcome(&[2, 0, 4, 0, 0, 0, 0, 0]), field(123)),
        (outcome(&[3, 0, 0, 0, 0, 0, 0, 1]), field(124)),
        (outcome(&[0, 0]), RecordError::Length(123)),
    ] {
        replace(&bytes);
        for result in [
            verifier.log_in(&id, &code_at(0), NOW).map(drop),
            block_on(verifier.enroll(&id, &fresh(), another(7, Totp::default()), NOW)).map(drop),
            block_on(verifier.view(&id, NOW)).map(drop),
        ] {
            match result {
                Err(VerifierError::Record(error)) => assert_eq!(error, expected, "{bytes:?}"),
                other => panic!("{expected:?}: {other:?}"),
            }
        }
        assert_eq!(block_on(store.load(&id)).unwrap().unwrap().value.as_ref(), bytes);
    }
    replace(&good);
    assert!(verifier.log_in(&id, &code_at(0), NOW).is_ok());
    // An unreadable account can still be closed.
    replace(b"nonsense");
    block_on(verifier.close(&id, None, DESK, NOW)).unwrap();
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), Refusal::Closed);
}

/// Storing keeps every parameter: the verifier accepts the codes of the authenticator that was enrolled.
#[test]
fn what_is_enrolled_is_what_is_verified() {
    use secondo::Key;

    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let mut n = 0;
    for algorithm in Algorithm::ALL.iter().copied() {
        for len in [Secret::SHORT_LEN, 16, 64, 65, Secret::MAX_LEN] {
            for digits in [Digits::Six, Digits::Seven, Digits::Eight, Digits::Nine] {
                let secret = || Secret::import_short(&(0..u8::try_from(len).unwrap()).collect::<Vec<_>>()).unwrap();
                let key = Key::new(algorithm, &secret());
                let (id, login) = (account(&n.to_string()), fresh());
                n += 1;
                let totp = Totp::new(digits, Period::from_secs(45).unwrap()).with_t0(UnixTime::from_secs(77).unwrap());
                let new = Authenticator::new(totp, algorithm, secret());
                let code = |now| totp.generate(&key, now).unwrap();
                let before = after(-90);
                block_on(verifier.enroll(&id, &login, new, before)).unwrap();
                assert!(block_on(verifier.confirm(&id, &login, FIRST, code(before).as_str(), before)).is_ok());
                let accepted = verifier.log_in(&id, code(NOW).as_str(), NOW).unwrap();
                assert_eq!(accepted.counter(), totp.step(NOW).unwrap());
            }
        }
    }
}

#[test]
fn futures_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}

    let (verifier, id) = verifier(Memory::new(), Policy::new());
    let login = fresh();
    is_send(&verifier.verify(&id, &login, "123456", NOW));
    is_send(&verifier.confirm(&id, &login, FIRST, "123456", NOW));
    is_send(&verifier.resync(&id, &login, FIRST, &["123456"], NOW));
    is_send(&verifier.recover(&id, &login, "123456", NOW));
    is_send(&verifier.recover_and_revoke(&id, &login, "123456", FIRST, NOW));
    is_send(&verifier.enroll(&id, &login, authenticator(Totp::default()), NOW));
    is_send(&verifier.import(&id, &[], DESK, NOW));
    is_send(&verifier.suspend(&id, DESK, NOW));
    is_send(&verifier.revoke(&id, FIRST, DESK, NOW));
    is_send(&verifier.close(&id, None, DESK, NOW));
    is_send(&verifier.view(&id, NOW));
    is_send(&verifier.export(&id, DESK, NOW));
}
