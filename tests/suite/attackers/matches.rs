//! Codes that match on several devices, and devices that cannot be compared.

use std::collections::HashMap;

use pollster::block_on;
use secondo::factor::Method;
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::verifier::Accepted;
use secondo::{
    Algorithm, Authenticator, AuthenticatorNumber, Hotp, Policy, Refusal, Secret, State, Totp, Verifier, VerifierError,
};

use super::hsm::{Module, guarded};
use crate::support::enrolled::{FIRST, NOW, SECOND, authenticator, code_at, keys, wrong_code};
use crate::support::logins::{Logins, fresh};
use crate::support::naive;
use crate::support::refusals::{refusal, replayed};
use crate::support::subscriber::{code_of, id, stored};

/// Finds two secrets with the same code at the time step of [`NOW`].
fn colliding() -> ([[u8; 20]; 2], String) {
    let step = Totp::default().step(NOW).unwrap().get();
    let mut seen: HashMap<String, [u8; 20]> = HashMap::new();
    for number in 0..u32::MAX {
        let mut secret = [7; 20];
        secret[..4].copy_from_slice(&number.to_be_bytes());
        let code = naive::code(Algorithm::Sha1, &secret, step, 6);
        if let Some(first) = seen.insert(code.clone(), secret) {
            return ([first, secret], code);
        }
    }
    panic!("no two secrets have the same code");
}

fn of(secret: &[u8], method: impl Into<Method>) -> Authenticator {
    Authenticator::new(method, Algorithm::Sha1, Secret::from_bytes(secret).unwrap())
}

fn with_colliding() -> (Verifier<Memory>, String) {
    let (secrets, code) = colliding();
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    for secret in secrets {
        verifier.add(&id(), of(&secret, Totp::default()), State::new().confirmed()).unwrap();
    }
    (verifier, code)
}

fn verify_with(verifier: &Verifier<Memory>, number: AuthenticatorNumber, code: &str) -> Result<Accepted, Refusal> {
    block_on(verifier.verify_with(&id(), &fresh(), number, code, NOW)).map_err(|error| refusal(Err::<(), _>(error)))
}

#[test]
fn a_fresh_match_wins_over_a_used_one() {
    for (used, other) in [(FIRST, SECOND), (SECOND, FIRST)] {
        let (verifier, code) = with_colliding();
        assert_eq!(verify_with(&verifier, used, &code).unwrap().authenticator(), used);
        let accepted = verifier.log_in(&id(), &code, NOW).unwrap();
        assert_eq!((accepted.authenticator(), accepted.failures_before()), (other, 0));
        assert_eq!(refusal(verifier.log_in(&id(), &code, NOW)), replayed(4));
    }
}

#[test]
fn a_code_that_matches_on_two_devices_is_used_up_on_both() {
    let (verifier, code) = with_colliding();
    assert_eq!(verifier.log_in(&id(), &code, NOW).unwrap().authenticator(), FIRST);
    for (number, remaining) in [(FIRST, 4), (SECOND, 3)] {
        assert_eq!(verify_with(&verifier, number, &code).unwrap_err(), replayed(remaining));
    }
    let view = block_on(verifier.view(&id(), NOW)).unwrap();
    assert!(view.authenticators.iter().all(|device| device.last_used == Some(NOW)));
}

/// The code of a phone is also a code within the look-ahead of a token.
#[test]
fn a_match_on_a_token_and_a_phone_moves_both() {
    let code = code_at(0);
    let matching = |secret: &[u8]| (0..6).find(|counter| naive::code(Algorithm::Sha1, secret, *counter, 6) == code);
    let (secret, counter) = (0..u32::MAX)
        .map(|number| [number.to_be_bytes(); 5].concat())
        .find_map(|secret| matching(&secret).map(|counter| (secret, counter)))
        .unwrap();
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    verifier.add(&id(), of(&secret, Hotp::default()), State::new().confirmed()).unwrap();
    verifier.add(&id(), authenticator(Totp::default()), State::new().confirmed()).unwrap();
    let accepted = verifier.log_in(&id(), &code, NOW).unwrap();
    assert_eq!((accepted.authenticator(), accepted.counter(), accepted.drift()), (FIRST, Counter::new(counter), 0));
    for (number, remaining) in [(FIRST, 4), (SECOND, 3)] {
        let refused = verify_with(&verifier, number, &code).unwrap_err();
        assert!(matches!(refused, Refusal::Replayed { remaining: left, .. } if left == remaining), "{refused:?}");
    }
    let next = naive::code(Algorithm::Sha1, &secret, counter + 1, 6);
    assert_eq!(verify_with(&verifier, FIRST, &next).unwrap().counter(), Counter::new(counter + 1));
}

/// A verdict about one phone alone would tell which phone a code is of, and a guess would go uncounted.
#[test]
fn an_hsm_that_fails_for_one_phone_decides_and_reveals_nothing() {
    for down in [1, 2] {
        let (store, module) = (Memory::new(), Module::default());
        let verifier = guarded(&store, &module, Policy::new());
        let working = 3 - down;
        let [up, gone] = [working, down].map(|byte| AuthenticatorNumber::new(byte.into()));
        *module.down.lock().unwrap() = down;
        let before = stored(&store);
        let login = fresh();
        for code in [code_of(1, NOW), code_of(2, NOW), wrong_code()] {
            let error = block_on(verifier.verify(&id(), &login, &code, NOW)).unwrap_err();
            assert!(matches!(error, VerifierError::Hsm(_)) && error.is_outage(), "{error:?}");
            assert_eq!(error.to_string(), "the hardware security module failed");
            assert_eq!(stored(&store), before);
        }
        let named = |number, code: &str| block_on(verifier.verify_with(&id(), &login, number, code, NOW));
        assert!(matches!(named(gone, &code_of(down, NOW)), Err(VerifierError::Hsm(_))));
        assert_eq!(stored(&store), before);
        module.asked();
        assert_eq!(named(up, &code_of(working, NOW)).unwrap().authenticator(), up);
        assert_eq!(module.asked(), [working]);

        *module.down.lock().unwrap() = 0;
        assert_eq!(refusal(verifier.log_in(&id(), &code_of(working, NOW), NOW)), replayed(4));
        assert_eq!(verifier.log_in(&id(), &code_of(down, NOW), NOW).unwrap().authenticator(), gone);
    }
}
