//! Tests of the calls that operators make.

use std::time::Duration;

use pollster::block_on;
use secondo::account::{AccountError, ExportedAuthenticator};
use secondo::decision::Hold;
use secondo::policy::Window;
use secondo::store::{Memory, Store};
use secondo::types::Counter;
use secondo::{AccountId, Hotp, Policy, Refusal, State, Totp, Verifier, VerifierError};

use super::code_of;
use crate::support::enrolled::{
    self, FIRST, NOW, SECOND, SECRET, after, another, code_at, enroll, keys, verifier, wrong_code,
};
use crate::support::logins::{DESK, Logins, fresh};
use crate::support::refusals::{account_error, refusal, replayed, wrong};

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

/// The right codes of a phone are refused for some minutes after a restore. A person who types them does nothing wrong,
/// and must not be locked out, whatever other devices the account has.
#[test]
fn right_codes_of_used_steps_do_not_count_beside_another_device() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    verifier.add(&id, another(2, Hotp::default()), State::new().confirmed()).unwrap();
    block_on(verifier.raise_watermarks(&id, DESK, NOW)).unwrap();
    let restored = verifier.state(&id).unwrap();
    for step in 0..10 {
        assert_eq!(refusal(verifier.log_in(&id, &code_at(step), after(30 * step))), Refusal::ClockBehind);
    }
    assert_eq!(verifier.state(&id).unwrap(), restored);
    // A guess that is right nowhere counts, and the token's codes are compared.
    assert_eq!(refusal(verifier.log_in(&id, &wrong_code(), NOW)), wrong(4));
    // The last used step is in the window when its time comes.
    assert_eq!(refusal(verifier.log_in(&id, &code_at(10), after(300))), replayed(3));
    let of_token = Hotp::default().generate(&another(2, Hotp::default()).key().unwrap(), Counter::new(0));
    assert_eq!(verifier.log_in(&id, of_token.as_str(), NOW).unwrap().authenticator(), SECOND);
    assert_eq!(verifier.log_in(&id, &code_at(11), after(330)).unwrap().authenticator(), FIRST);

    // The same after a login under a clock that was ahead by ten minutes.
    assert!(verifier.log_in(&id, &code_at(40), after(1200)).is_ok());
    assert_eq!(refusal(verifier.log_in(&id, &code_at(20), after(600))), Refusal::ClockBehind);
    assert_eq!(refusal(verifier.log_in(&id, of_token.as_str(), after(600))), replayed(4));
}

/// The page must show what is left now, not what was left at the first click.
#[test]
fn a_refusal_that_is_repeated_tells_what_is_left_now() {
    let (verifier, id) = verifier(Memory::new(), Policy::new().with_failure_cap(2).unwrap());
    let login = fresh();
    let again = |now| refusal(block_on(verifier.verify(&id, &login, &wrong_code(), now)));
    assert_eq!(again(NOW), wrong(1));
    assert!(verifier.log_in(&id, &code_at(0), NOW).is_ok());
    assert_eq!(again(NOW), wrong(2));
    for _ in 0..2 {
        refusal(verifier.log_in(&id, &wrong_code(), NOW));
    }
    let locked = verifier.state(&id).unwrap();
    let hold = Hold::LockedUntil(after(15 * 60));
    assert_eq!(again(after(60)), Refusal::Wrong { remaining: 0, hold });
    assert_eq!(verifier.state(&id).unwrap(), locked);
    block_on(verifier.suspend(&id, DESK, NOW)).unwrap();
    assert_eq!(again(after(60)), Refusal::Suspended);
}

#[test]
fn what_is_exported_can_be_imported_elsewhere() {
    let (here, id) = verifier(Memory::new(), Policy::new());
    let token = another(2, Hotp::default()).named("token").unwrap().starting_at(Counter::new(7));
    block_on(here.import(&id, &[(token, State::new().confirmed())], DESK, NOW)).unwrap();
    block_on(here.suspend_authenticator(&id, SECOND, DESK, NOW)).unwrap();
    assert!(here.log_in(&id, &code_at(0), NOW).is_ok());
    assert_eq!(refusal(here.log_in(&id, &wrong_code(), NOW)), wrong(4));

    let there = Verifier::new(Memory::new(), keys(), Policy::new());
    let named = |it: ExportedAuthenticator| (it.authenticator.named(it.name.as_str()).unwrap(), it.state);
    let moved: Vec<_> = block_on(here.export(&id, DESK, NOW)).unwrap().into_iter().map(named).collect();
    block_on(there.import(&id, &moved, DESK, NOW)).unwrap();
    let (old, new) = (block_on(here.view(&id, NOW)).unwrap(), block_on(there.view(&id, NOW)).unwrap());
    assert_eq!((new.failures, new.remaining, new.authenticators.len()), (1, 4, 2));
    for (old, new) in old.authenticators.iter().zip(&new.authenticators) {
        assert_eq!((old.number, old.kind, old.name, old.status), (new.number, new.kind, new.name, new.status));
    }
    assert_eq!(refusal(there.log_in(&id, &code_at(0), NOW)), replayed(3));
    assert!(there.log_in(&id, &code_at(1), after(30)).is_ok());
    block_on(there.resume_authenticator(&id, SECOND, DESK, NOW)).unwrap();
    let shown = |counter| another(2, Hotp::default()).hotp_code(Counter::new(counter)).unwrap();
    assert_eq!(refusal(there.log_in(&id, shown(6).as_str(), NOW)), replayed(4));
    assert!(there.log_in(&id, shown(7).as_str(), NOW).is_ok());
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

/// A code that is submitted after an unlock is no second click. A login that is kept is not forgotten.
#[test]
fn an_unlock_forgets_refusals_and_no_login() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    let (accepted, refused) = (fresh(), fresh());
    assert!(block_on(verifier.verify(&id, &accepted, &code_at(0), NOW)).is_ok());
    let right: Vec<_> = (-1..=1).map(code_at).collect();
    let wrong_codes = (0..).map(|n| format!("{n:06}")).filter(|code| !right.contains(code));
    let mut last = String::new();
    for (code, remaining) in wrong_codes.zip((0..5).rev()) {
        let refused = refusal(block_on(verifier.verify(&id, &refused, &code, NOW)));
        assert!(matches!(refused, Refusal::Wrong { remaining: left, .. } if left == remaining), "{refused:?}");
        last = code;
    }
    let again = || refusal(block_on(verifier.verify(&id, &refused, &last, NOW)));
    assert!(matches!(again(), Refusal::Wrong { remaining: 0, .. }));
    block_on(verifier.unlock(&id, DESK, NOW)).unwrap();
    assert_eq!(again(), wrong(4));
    let repeated = block_on(verifier.verify(&id, &accepted, &code_at(0), NOW));
    assert!(matches!(repeated, Err(VerifierError::Repeated(_))), "{repeated:?}");
}
