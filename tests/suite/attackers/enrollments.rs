//! Enrollments that a thief begins.

use std::time::Duration;

use pollster::block_on;
use secondo::account::AccountError;
use secondo::factor::NewAuthenticator;
use secondo::policy::{Lock, RateLimit};
use secondo::store::Memory;
use secondo::{Policy, State, Transaction, UnixTime, Verifier, VerifierError};

use super::attacker::Attacker;
use super::hsm::{Module, guarded, in_hsm};
use super::{ENROLLMENTS, ENROLLMENTS_A_DAY, GUESSES};
use crate::support::enrolled::{NOW, after, keys};
use crate::support::logins::{DESK, Logins, fresh};
use crate::support::refusals::{account_error, refusal, wrong};
use crate::support::subscriber::{bind, code_of, id, passkey, phone, stored};

/// A thief who knows the password begins an enrollment in the hope that the owner's confirmation makes it count.
#[test]
fn a_thief_who_enrolls_beside_the_owner_gains_nothing() {
    for is_thief_first in [true, false] {
        for policy in [Policy::new(), Policy::new().with_confirmation_login(true)] {
            let verifier = Verifier::new(Memory::new(), keys(), policy);
            let (of_owner, of_thief) = (fresh(), fresh());
            let begin = |login: &Transaction, byte| block_on(verifier.enroll(&id(), login, phone(byte), NOW)).unwrap();
            let (owner, thief) = if is_thief_first {
                let thief = begin(&of_thief, 66);
                (begin(&of_owner, 1), thief)
            } else {
                (begin(&of_owner, 1), begin(&of_thief, 66))
            };
            assert_eq!((owner.replaced, thief.replaced), (None, None));
            let confirm = |login: &Transaction, number, byte| {
                block_on(verifier.confirm(&id(), login, number, &code_of(byte, NOW), NOW))
            };
            // Neither can confirm the other's enrollment.
            assert_eq!(account_error(confirm(&of_thief, owner.number, 66)), AccountError::OtherTransaction);
            confirm(&of_owner, owner.number, 1).unwrap();
            let late = confirm(&of_thief, thief.number, 66);
            assert_eq!(account_error(late), AccountError::UnknownAuthenticator(thief.number));
            assert_eq!(refusal(verifier.log_in(&id(), &code_of(66, after(30)), after(30))), wrong(4));
            assert_eq!(
                verifier.log_in(&id(), &code_of(1, after(30)), after(30)).unwrap().authenticator(),
                owner.number
            );
        }
    }
}

/// A page that offers enrollment after the password alone has looked at the account before.
#[test]
fn a_thief_who_enrolls_just_after_the_owner_is_refused() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let (of_owner, of_thief) = (fresh(), fresh());
    let first = |login: &Transaction, byte| block_on(verifier.enroll_first(&id(), login, phone(byte), NOW));
    let owner = first(&of_owner, 1).unwrap().number;
    let thief = first(&of_thief, 66).unwrap().number;
    block_on(verifier.confirm(&id(), &of_owner, owner, &code_of(1, NOW), NOW)).unwrap();
    let before = stored(&store);
    assert_eq!(account_error(first(&of_thief, 66)), AccountError::NotFirst);
    let late = block_on(verifier.confirm(&id(), &of_thief, thief, &code_of(66, NOW), NOW));
    assert_eq!(account_error(late), AccountError::UnknownAuthenticator(thief));
    block_on(verifier.suspend_authenticator(&id(), owner, DESK, NOW)).unwrap();
    assert_eq!(account_error(first(&of_thief, 66)), AccountError::NotFirst);
    block_on(verifier.resume_authenticator(&id(), owner, DESK, NOW)).unwrap();
    assert_eq!(stored(&store).len(), before.len());
    // The owner enrolls a second phone after a login.
    assert!(block_on(verifier.enroll(&id(), &of_owner, phone(2), NOW)).is_ok());
}

#[test]
fn a_first_authenticator_of_any_kind_ends_the_enrollments_beside_it() {
    let bindings: [fn(&Verifier<Memory>); 2] = [
        |verifier| assert!(block_on(verifier.enroll(&id(), &fresh(), passkey(b"credential"), NOW)).is_ok()),
        |verifier| verifier.add(&id(), phone(1), State::new().confirmed()).unwrap(),
    ];
    for bind in bindings {
        let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
        let thief = fresh();
        let number = block_on(verifier.enroll(&id(), &thief, phone(66), NOW)).unwrap().number;
        bind(&verifier);
        let late = block_on(verifier.confirm(&id(), &thief, number, &code_of(66, NOW), NOW));
        assert_eq!(account_error(late), AccountError::UnknownAuthenticator(number));
    }
}

/// The attacker enrolls a token whose secret somebody else holds, again and again, and guesses its first code.
#[test]
fn guesses_at_the_first_code_of_a_token_are_limited_across_enrollments() {
    let (store, module) = (Memory::new(), Module::default());
    let verifier = guarded(&store, &module, Policy::new());
    let mut evaluated = 0;
    let mut guess_at = |now: UnixTime| {
        let login = fresh();
        let begun = block_on(verifier.enroll(&id(), &login, in_hsm(3), now))?;
        for guess in 0..10 {
            assert!(block_on(verifier.confirm(&id(), &login, begun.number, &format!("{guess:06}"), now)).is_err());
            evaluated += usize::from(module.asked() == [3]);
        }
        Ok::<_, VerifierError<_>>(())
    };
    for _ in 0..ENROLLMENTS {
        guess_at(NOW).unwrap();
    }
    let before = stored(&store);
    let from = after(12 * 3600);
    for secs in [0, 1, 12 * 3600 - 1] {
        assert_eq!(account_error(guess_at(after(secs))), AccountError::TooManyEnrollments { from });
    }
    assert_eq!(stored(&store), before);
    // The owner logs in meanwhile.
    assert!(verifier.log_in(&id(), &code_of(1, NOW), NOW).is_ok());
    module.asked();
    for half_hour in 0..20 * 48 {
        let _ = guess_at(after(half_hour * 1800));
    }
    assert_eq!(evaluated, (ENROLLMENTS + 20 * ENROLLMENTS_A_DAY - 1) * GUESSES);
}

#[test]
fn a_limit_of_enrollments_holds_up_to_the_last_time_there_is() {
    let longest = Duration::from_secs(Lock::MAX_SECS.into());
    let limit = RateLimit::new(60, longest).unwrap();
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new().with_enrollments(limit));
    let login = fresh();
    let begun = (0..100).take_while(|_| block_on(verifier.enroll(&id(), &login, phone(1), NOW)).is_ok()).count();
    // The limit would be whole again after the year 9999 from the 59th on.
    assert_eq!(begun, 58);
}

/// Neither a confirmation, a revocation nor the end of a record starts the limit of enrollments again. An operator
/// does.
#[test]
fn the_limit_of_enrollments_outlasts_them() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new().with_right_codes(u8::MAX).unwrap());
    let too_many = AccountError::TooManyEnrollments { from: after(12 * 3600) };
    // An account of which nothing was confirmed is kept until the limit is whole again.
    let login = fresh();
    for _ in 0..8 {
        block_on(verifier.enroll(&id(), &login, phone(1), NOW)).unwrap();
    }
    store.purge(after(8 * 12 * 3600 - 1));
    assert_eq!(account_error(block_on(verifier.enroll(&id(), &fresh(), phone(1), NOW))), too_many);
    store.purge(after(8 * 12 * 3600));
    assert!(store.is_empty());
    for byte in 1..=8 {
        let number = bind(&verifier, phone(byte), &code_of(byte, NOW), NOW).unwrap();
        if byte > 1 {
            block_on(verifier.revoke(&id(), number, DESK, NOW)).unwrap();
        }
    }
    // Imports are the provider's own, and do not count.
    verifier.add(&id(), phone(9), State::new().confirmed()).unwrap();
    for new in [NewAuthenticator::from(phone(10)), passkey(b"credential").into()] {
        assert_eq!(account_error(block_on(verifier.enroll(&id(), &fresh(), new, NOW))), too_many);
    }
    block_on(verifier.unlock(&id(), DESK, NOW)).unwrap();
    let next = || block_on(verifier.view(&id(), NOW)).unwrap().next_enrollment;
    assert_eq!(next(), Some(after(12 * 3600)));
    block_on(verifier.allow_enrollments(&id(), DESK, NOW)).unwrap();
    assert_eq!(next(), None);
    for _ in 0..8 {
        block_on(verifier.enroll(&id(), &login, phone(10), NOW)).unwrap();
    }
    assert_eq!(account_error(block_on(verifier.enroll(&id(), &fresh(), phone(11), NOW))), too_many);
}

/// A confirmation with the attacker's own secret must not end the lock that the attacker's guesses caused.
#[test]
fn a_confirmation_neither_resets_the_count_nor_ends_a_lock() {
    for guesses in [4, 5] {
        let (store, module) = (Memory::new(), Module::default());
        let policy = Policy::new().with_confirmation_login(true);
        let mut attacker = Attacker::new(&store, &module);
        attacker.verifier = Verifier::new(&store, keys(), policy).with_hsm(&module);
        for _ in 0..guesses {
            attacker.guess_by(0);
        }
        let before = block_on(attacker.verifier.view(&id(), NOW)).unwrap();
        let login = fresh();
        let number = block_on(attacker.verifier.enroll(&id(), &login, phone(66), NOW)).unwrap().number;
        let confirmed = block_on(attacker.verifier.confirm(&id(), &login, number, &code_of(66, NOW), NOW)).unwrap();
        assert!(confirmed.into_login().is_none());
        let now = block_on(attacker.verifier.view(&id(), NOW)).unwrap();
        assert_eq!((now.failures, now.remaining, now.hold), (before.failures, before.remaining, before.hold));
        for _ in 0..3 {
            attacker.guess_by(0);
        }
        assert_eq!(attacker.evaluated, GUESSES);
    }
}

/// The secret of an enrollment that the owner began is guessed in the owner's own session.
#[test]
fn guesses_at_an_enrollment_end_it() {
    let (store, module) = (Memory::new(), Module::default());
    let mut attacker = Attacker::new(&store, &module);
    let login = fresh();
    let number = block_on(attacker.verifier.enroll(&id(), &login, in_hsm(3), NOW)).unwrap().number;
    let right = code_of(3, NOW);
    for _ in 0..20 {
        let guess = attacker.guess();
        if guess != right {
            assert!(block_on(attacker.verifier.confirm(&id(), &fresh(), number, &guess, NOW)).is_err());
            assert!(module.asked().is_empty());
            for _ in 0..2 {
                assert!(block_on(attacker.verifier.confirm(&id(), &login, number, &guess, NOW)).is_err());
            }
            attacker.note();
        }
    }
    assert_eq!(attacker.evaluated, GUESSES);
    let ended = block_on(attacker.verifier.confirm(&id(), &login, number, &right, NOW));
    assert_eq!(account_error(ended), AccountError::UnknownAuthenticator(number));
    assert_eq!(block_on(attacker.verifier.view(&id(), NOW)).unwrap().failures, 0);
}
