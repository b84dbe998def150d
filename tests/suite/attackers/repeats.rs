//! Answers that are sent again.

use pollster::block_on;
use secondo::store::Memory;
use secondo::{Policy, Refusal, VerifierError};

use super::GUESSES;
use super::attacker::{Attacker, choices};
use super::hsm::{Module, guarded};
use crate::support::enrolled::{FIRST, NOW, after};
use crate::support::logins::{Logins, fresh};
use crate::support::refusals::{refusal, wrong};
use crate::support::subscriber::{code_of, id, stored};

#[test]
fn a_repeated_guess_is_neither_evaluated_nor_counted() {
    let (store, module) = (Memory::new(), Module::default());
    let mut attacker = Attacker::new(&store, &module);
    let (login, code) = (fresh(), attacker.guess());
    let send = |now| refusal(block_on(attacker.verifier.verify(&id(), &login, &code, now)));
    assert_eq!(send(NOW), wrong(4));
    assert_eq!(module.asked(), [1, 2]);
    let before = stored(&store);
    for secs in [0, 1, 60, 120] {
        assert_eq!(send(after(secs)), wrong(4));
    }
    assert!(module.asked().is_empty());
    assert_eq!(stored(&store), before);
    // After two minutes it is a guess like any other.
    assert_eq!(send(after(121)), wrong(3));
    assert_eq!(module.asked(), [1, 2]);
}

/// Somebody who stole the submitted form sends it from elsewhere, at any time.
#[test]
fn a_stolen_form_opens_no_second_login() {
    let (store, module) = (Memory::new(), Module::default());
    let verifier = guarded(&store, &module, Policy::new().with_failure_cap(100).unwrap());
    let (login, code) = (fresh(), code_of(1, NOW));
    let send = |now| block_on(verifier.verify(&id(), &login, &code, now));
    assert_eq!(send(NOW).unwrap().authenticator(), FIRST);
    assert_eq!(module.asked(), [1, 2]);
    // The double click.
    assert!(matches!(send(NOW), Err(VerifierError::Repeated(repeated)) if repeated.is_login));
    let named = block_on(verifier.verify_with(&id(), &login, FIRST, &code, NOW));
    assert_eq!(refusal(named), Refusal::LoggedIn);
    let other = block_on(verifier.verify(&id(), &login, &code_of(2, NOW), NOW));
    assert_eq!(refusal(other), Refusal::LoggedIn);
    assert!(module.asked().is_empty());
    // Other logins push the outcome out, and the code stays used.
    for secs in [30, 60, 90, 100, 110] {
        let byte = if secs <= 90 { 2 } else { 1 };
        let _ = verifier.log_in(&id(), &code_of(byte, after(secs)), after(secs));
        assert!(send(after(secs)).is_err());
        assert!(send(NOW).is_err());
    }
    for secs in 0..300 {
        assert!(send(after(secs)).is_err());
    }
}

/// An attacker who knows the password must not make the library forget that the owner's form was accepted.
#[test]
fn an_acceptance_is_remembered_whatever_others_submit() {
    let (store, module) = (Memory::new(), Module::default());
    let mut attacker = Attacker::new(&store, &module);
    let (login, code) = (fresh(), code_of(1, NOW));
    assert!(block_on(attacker.verifier.verify(&id(), &login, &code, NOW)).is_ok());
    module.asked();
    attacker.now = after(60);
    for choice in choices(1).take(100) {
        attacker.act(choice);
        let again = block_on(attacker.verifier.verify(&id(), &login, &code, after(60)));
        assert!(matches!(again, Err(VerifierError::Repeated(repeated)) if repeated.at == NOW));
        let other = block_on(attacker.verifier.verify(&id(), &login, &code_of(1, after(60)), after(60)));
        assert_eq!(refusal(other), Refusal::LoggedIn);
    }
    assert_eq!(attacker.evaluated, GUESSES);
}
