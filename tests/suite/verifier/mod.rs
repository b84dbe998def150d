//! Tests of the verifier's operations, also when the store fails, is contended, or holds unreadable records.
#![cfg(feature = "std")]

mod enrollment;
mod faults;
mod operators;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use pollster::block_on;
use secondo::store::Memory;
use secondo::verifier::Repeated;
use secondo::{AccountId, Policy, Refusal, State, Totp, Verifier, VerifierError};

use crate::support::enrolled::{
    FIRST, NOW, SECOND, after, another, authenticator, code_at, keys, verifier, wrong_code,
};
use crate::support::logins::{DESK, Logins, fresh};
use crate::support::refusals::{refusal, replayed, wrong};

/// Returns a TOTP code of [`another`] authenticator, `steps` time steps after [`NOW`].
fn code_of(byte: u8, steps: i64) -> String {
    let key = another(byte, Totp::default()).key().unwrap();
    Totp::default().generate(&key, after(30 * steps)).unwrap().as_str().to_owned()
}

fn account(name: &str) -> AccountId {
    AccountId::new(name).unwrap()
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
