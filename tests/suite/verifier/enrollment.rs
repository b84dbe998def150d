//! Tests of enrollments and imports, and of what counts as a login.

use pollster::block_on;
use secondo::account::{AccountError, Enrolled};
use secondo::decision::Hold;
use secondo::store::{Memory, Store};
use secondo::types::{Counter, Period};
use secondo::{
    AccountId, Algorithm, Authenticator, Digits, Hotp, Policy, Refusal, Secret, State, Totp, UnixTime, Verifier,
};

use super::{account, code_of};
use crate::support::enrolled::{
    FIRST, NOW, SECOND, after, another, authenticator, code_at, keys, verifier, wrong_code,
};
use crate::support::logins::{DESK, Logins, fresh};
use crate::support::refusals::{account_error, refusal, replayed, wrong};

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
    block_on(verifier.import(&id, &[], DESK, NOW)).unwrap();
    assert!(block_on(store.load(&id)).unwrap().is_none());
    import([State::new().confirmed(), State::new().confirmed().suspend()]).unwrap();
    assert_eq!(verifier.log_in(&id, &code_at(0), NOW).unwrap().authenticator(), FIRST);
    let again = import([State::new().confirmed(); 2]);
    assert_eq!(account_error(again), AccountError::SecretInUse(FIRST));
}

/// A move to another system must not shorten a lock, or give back attempts, in whatever order the devices come.
#[test]
fn an_import_takes_the_longest_hold_and_the_highest_count() {
    // Each with its kind and its number of failures, which falls from one to the next.
    let holds = [
        (Hold::None, 0, 9),
        (Hold::Throttled(after(60)), 1, 8),
        (Hold::LockedUntil(after(300)), 2, 7),
        (Hold::Throttled(after(600)), 1, 6),
        (Hold::LockedUntil(after(900)), 2, 5),
        (Hold::Locked, 3, 4),
    ];
    let state = |place: usize| {
        let (hold, kind, failures) = holds[place];
        let mut bytes = State::new().confirmed().to_bytes();
        (bytes[2], bytes[3]) = (kind, failures);
        if let Hold::Throttled(until) | Hold::LockedUntil(until) = hold {
            bytes[16..24].copy_from_slice(&until.as_secs().to_be_bytes());
        }
        let state = State::from_bytes(&bytes).unwrap();
        assert_eq!((state.hold(), state.failures()), (hold, failures));
        state
    };
    let pairs = (0..holds.len()).flat_map(|one| (0..holds.len()).map(move |other| vec![one, other]));
    for order in pairs.chain([vec![0, 2, 4, 5], vec![5, 4, 2, 0], vec![2, 4, 1, 3]]) {
        let (longest, _, _) = holds[*order.iter().max().unwrap()];
        let (_, _, highest) = holds[*order.iter().min().unwrap()];
        let new = || (7..).map(|byte| another(byte, Totp::default()).into());
        let imported: Vec<_> = new().zip(order.iter().map(|place| state(*place))).collect();
        // All at once, and one after another.
        for at_once in [imported.len(), 1] {
            let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
            let id = account("rossi");
            for some in imported.chunks(at_once) {
                block_on(verifier.import(&id, some, DESK, NOW)).unwrap();
            }
            let view = block_on(verifier.view(&id, NOW)).unwrap();
            assert_eq!((view.hold, view.failures), (longest, highest), "{order:?}, {at_once} at once");
            let expected = match longest {
                Hold::None => continue,
                Hold::Throttled(retry_at) => Refusal::Throttled { retry_at },
                Hold::LockedUntil(until) => Refusal::Locked { until: Some(until) },
                _ => Refusal::Locked { until: None },
            };
            assert_eq!(refusal(verifier.log_in(&id, &code_of(7, 0), NOW)), expected, "{order:?}");
        }
    }
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
