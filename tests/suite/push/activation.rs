//! Activations of apps, from the link to the first login, and their ends.

use std::time::Duration;

use pollster::block_on;
use secondo::account::{AccountError, Status};
use secondo::factor::{Kind, NewAuthenticator};
use secondo::push::device::DeviceError;
use secondo::push::{Activation, Answer, Details, PushRefusal, Verdict};
use secondo::store::Memory;
use secondo::types::MalformedCode;
use secondo::{Policy, Refusal, State, Transaction, Verifier, VerifierError};

use super::{base64_url, field_of, to_base64_url, verifier};
use crate::support::enrolled::{FIRST, NOW, after, keys};
use crate::support::logins::{DESK, Logins, fresh};
use crate::support::push::{
    self, CODE, accept, activate, activation, ask, bind_phone, details, device_error, other_than, push_refusal,
};
use crate::support::random::random;
use crate::support::refusals::{account_error, refusal, wrong};
use crate::support::subscriber::{bind, code_of, id, passkey, phone, stored};

#[test]
fn an_app_is_activated_and_accepts_a_login_once() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (enrollment, activation) = (fresh(), activation());
    let new = NewAuthenticator::from(&activation).named("telefono").unwrap();
    let enrolled = block_on(verifier.enroll_first(&id(), &enrollment, new, NOW)).unwrap();
    let read = Activation::parse(&activation.link()).unwrap();
    assert_eq!((read.account(), read.issuer(), read.user()), ("rossi", "idp.example.it", "Maria Rossi"));
    let (mut app, answer) = activate(&activation, 7);
    let code = app.confirmation_code();
    let confirm = |now| block_on(verifier.confirm(&id(), &enrollment, FIRST, code.as_str(), now));
    assert_eq!(refusal(confirm(NOW)), Refusal::Unconfirmed);
    let is_activated = || block_on(verifier.view(&id(), NOW)).unwrap().authenticators[0].is_activated;
    assert!(!is_activated());
    assert_eq!(block_on(verifier.activate_push(&id(), &answer, NOW)).unwrap(), enrolled.number);
    assert!(is_activated());
    // Nobody can be asked before the page has confirmed the app.
    assert_eq!(refusal(ask(&verifier, &fresh(), FIRST, NOW)), Refusal::Unconfirmed);
    assert!(confirm(NOW).unwrap().login().is_none());
    assert!(matches!(confirm(after(1)), Err(VerifierError::Repeated(repeated)) if !repeated.is_login));
    let view = block_on(verifier.view(&id(), NOW)).unwrap();
    assert_eq!((view.authenticators[0].kind, view.authenticators[0].status), (Kind::Push, Status::Active));

    let login = fresh();
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &login, NOW))), PushRefusal::Unknown);
    let sent = ask(&verifier, &login, FIRST, NOW).unwrap();
    assert_eq!((sent.number.len(), sent.name.as_str(), sent.expires), (6, "telefono", after(60)));
    assert!(!sent.message.contains(&sent.number) && !format!("{sent:?}").contains(&sent.number));
    // A double click shows the same number and message again, and changes nothing.
    let before = stored(&store);
    let again = ask(&verifier, &login, FIRST, after(3)).unwrap();
    assert_eq!((&again.number, &again.message), (&sent.number, &sent.message));
    let others = Details::new("INPS", "Lecce, Italia", "25 novembre 2026, 09:30").unwrap();
    let other = block_on(verifier.push(&id(), &login, FIRST, &others, after(3), &random()));
    assert_eq!(push_refusal(other), PushRefusal::Pending);
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &login, after(4)))), PushRefusal::Waiting);
    assert_eq!(stored(&store), before);

    let challenge = app.read(&sent.message, after(5)).unwrap();
    assert_eq!((challenge.account(), challenge.relying_party(), challenge.number()), ("rossi", "INPS", None));
    assert_eq!((challenge.place(), challenge.time()), ("Bari, Italia", "25 novembre 2026, 09:30"));
    assert_eq!(challenge.expires(), sent.expires);
    let answer = app.accept(&challenge, &sent.number, CODE, after(5)).unwrap();
    assert_eq!(Answer::parse(&answer).unwrap().account(), id().as_str());
    assert_eq!(block_on(verifier.answer_push(&id(), &answer, after(6))).unwrap(), Verdict::Accept);
    let accepted = block_on(verifier.poll(&id(), &login, after(7))).unwrap();
    assert_eq!((accepted.account(), accepted.authenticator(), accepted.failures_before()), (&id(), FIRST, 0));
    assert!(accepted.counts_for_aal2());
    let repeated = block_on(verifier.poll(&id(), &login, after(8)));
    assert!(matches!(repeated, Err(VerifierError::Repeated(repeated)) if repeated.is_login));
    assert_eq!(refusal(ask(&verifier, &login, FIRST, after(9))), Refusal::LoggedIn);
    // Minutes later, the outcome is forgotten, and the challenge is still used.
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &login, after(300)))), PushRefusal::Answered);
}

#[test]
fn activations_that_do_not_prove_themselves_change_nothing() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (login, first) = (fresh(), activation());
    let number = block_on(verifier.enroll(&id(), &login, &first, NOW)).unwrap().number;
    let (app, answer) = activate(&first, 7);
    // The same activation with another secret, and with the key of another answer.
    let link = first.link();
    let (head, bytes) = link.split_at("secondo-push:".len());
    let mut bytes = base64_url(bytes);
    bytes[17] ^= 1;
    let guessed = Activation::parse(&format!("{head}{}", to_base64_url(&bytes))).unwrap();
    let (_, without_secret) = activate(&guessed, 7);
    let (_, other) = activate(&activation(), 7);
    let (_, of_other_key) = activate(&first, 9);
    let mixed = answer.replace(field_of(&answer, "key"), field_of(&of_other_key, "key"));
    let off_curve = answer.replace(field_of(&answer, "key"), &to_base64_url(&[4; 65]));
    let before = stored(&store);
    let activate = |answer: &str, now| block_on(verifier.activate_push(&id(), answer, now));
    assert_eq!(push_refusal(activate(&without_secret, NOW)), PushRefusal::Signature);
    assert_eq!(push_refusal(activate(&mixed, NOW)), PushRefusal::Signature);
    assert_eq!(push_refusal(activate(&off_curve, NOW)), PushRefusal::Signature);
    assert_eq!(push_refusal(activate(&other, NOW)), PushRefusal::Unknown);
    assert_eq!(push_refusal(activate(&answer.replace("rossi", "verdi"), NOW)), PushRefusal::OtherAccount);
    assert_eq!(push_refusal(activate(&answer, after(600))), PushRefusal::Expired);
    assert_eq!(stored(&store), before);
    activate(&answer, after(599)).unwrap();
    let before = stored(&store);
    for late in [&answer, &of_other_key] {
        assert_eq!(push_refusal(activate(late, after(599))), PushRefusal::Answered);
    }
    let code = app.confirmation_code();
    let confirm = |login: &Transaction, code: &str, now| block_on(verifier.confirm(&id(), login, number, code, now));
    assert_eq!(account_error(confirm(&fresh(), code.as_str(), after(599))), AccountError::OtherTransaction);
    assert_eq!(account_error(confirm(&login, code.as_str(), after(600))), AccountError::Expired);
    assert_eq!(stored(&store), before);
    confirm(&login, code.as_str(), after(599)).unwrap();
    // Neither the same activation nor the same key can be a second device of the account.
    let again = block_on(verifier.enroll(&id(), &fresh(), &first, NOW));
    assert_eq!(account_error(again), AccountError::SecretInUse(number));
    let again = activation();
    block_on(verifier.enroll(&id(), &fresh(), &again, NOW)).unwrap();
    let (_, answer) = push::activate(&again, 7);
    assert_eq!(account_error(activate(&answer, NOW)), AccountError::SecretInUse(number));
}

/// A thief who began an activation when the account had no second factor gains nothing from the owner's.
#[test]
fn a_first_app_ends_the_activations_beside_it() {
    for policy in [Policy::new(), Policy::new().with_confirmation_login(true)] {
        let verifier = Verifier::new(Memory::new(), keys(), policy);
        let (of_owner, of_thief) = (fresh(), fresh());
        let (owners, thiefs) = (activation(), activation());
        let owner = block_on(verifier.enroll_first(&id(), &of_owner, &owners, NOW)).unwrap().number;
        let thief = block_on(verifier.enroll_first(&id(), &of_thief, &thiefs, NOW)).unwrap().number;
        let [of_owners_app, of_thiefs_app] = [(&owners, 1), (&thiefs, 66)].map(|(activation, key)| {
            let (app, answer) = activate(activation, key);
            block_on(verifier.activate_push(&id(), &answer, NOW)).unwrap();
            app.confirmation_code()
        });
        let confirmed = block_on(verifier.confirm(&id(), &of_owner, owner, of_owners_app.as_str(), NOW)).unwrap();
        assert_eq!(confirmed.login().is_some(), policy == Policy::new().with_confirmation_login(true));
        let late = block_on(verifier.confirm(&id(), &of_thief, thief, of_thiefs_app.as_str(), NOW));
        assert_eq!(account_error(late), AccountError::UnknownAuthenticator(thief));
        let first = block_on(verifier.enroll_first(&id(), &fresh(), &activation(), NOW));
        assert_eq!(account_error(first), AccountError::NotFirst);
    }
}

/// A thief who sees the activation on the page answers it first.
#[test]
fn the_page_does_not_confirm_the_app_of_somebody_else() {
    let store = Memory::new();
    let verifier = verifier(&store);
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let (login, activation) = (fresh(), activation());
    let number = block_on(verifier.enroll(&id(), &login, &activation, NOW)).unwrap().number;
    let (_, of_thief) = activate(&activation, 66);
    block_on(verifier.activate_push(&id(), &of_thief, NOW)).unwrap();
    let (owners, of_owner) = activate(&activation, 7);
    assert_eq!(push_refusal(block_on(verifier.activate_push(&id(), &of_owner, NOW))), PushRefusal::Answered);
    // The owner's app shows the code of its own key. Wrong codes end the enrollment.
    let shown = owners.confirmation_code();
    let confirm = |code: &str| block_on(verifier.confirm(&id(), &login, number, code, NOW));
    assert_eq!(refusal(confirm(shown.as_str())), wrong(4));
    assert_eq!(refusal(confirm(shown.as_str())), wrong(4));
    assert_eq!(refusal(confirm("12345")), Refusal::Malformed(MalformedCode::Length { expected: 6, found: 5 }));
    let mut other = shown.as_str().to_owned();
    for remaining in (0..4).rev() {
        other = other_than(&other);
        assert_eq!(refusal(confirm(&other)), wrong(remaining));
    }
    assert_eq!(account_error(confirm(shown.as_str())), AccountError::UnknownAuthenticator(number));
    // The account's own count is as before.
    assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().failures, 0);
}

#[test]
fn a_replaced_phone_is_refused() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (mut old, number) = bind_phone(&verifier, 7, NOW);
    assert_eq!(account_error(block_on(verifier.revoke(&id(), number, DESK, NOW))), AccountError::Last);
    let login = fresh();
    let sent = ask(&verifier, &login, number, NOW).unwrap();
    let (_, new) = bind_phone(&verifier, 8, NOW);
    block_on(verifier.revoke(&id(), number, DESK, NOW)).unwrap();
    let answer = accept(&mut old, &sent.message, &sent.number, NOW);
    assert_eq!(push_refusal(block_on(verifier.answer_push(&id(), &answer, NOW))), PushRefusal::Unknown);
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &login, NOW))), PushRefusal::Unknown);
    // The old app cannot answer what is sent to the new one.
    let sent = ask(&verifier, &fresh(), new, NOW).unwrap();
    assert_eq!(device_error(old.read(&sent.message, NOW)), DeviceError::OtherDevice);
}

#[test]
fn other_kinds_are_not_asked_and_apps_are_not_imported() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let token = bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    assert_eq!(push_refusal(ask(&verifier, &fresh(), token, NOW)), PushRefusal::Unknown);
    let external = block_on(verifier.enroll(&id(), &fresh(), passkey(b"credential"), NOW)).unwrap().number;
    assert_eq!(push_refusal(ask(&verifier, &fresh(), external, NOW)), PushRefusal::Unknown);
    let imported = verifier.add(&id(), &activation(), State::new().confirmed());
    assert_eq!(account_error(imported), AccountError::NotConfirmed);
    let (_, number) = bind_phone(&verifier, 7, NOW);
    // Its challenges are no codes.
    assert_eq!(refusal(block_on(verifier.verify_with(&id(), &fresh(), number, "123456", NOW))), Refusal::NoCodes);
    assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().failures, 0);
}

/// An account that is full keeps room for every challenge of every app.
#[test]
fn nothing_fails_for_room_after_enrollment() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let mut apps = vec![number];
    for byte in 8.. {
        let (login, activation) = (fresh(), activation());
        let new = NewAuthenticator::from(&activation).named(&"n".repeat(64)).unwrap();
        let enrolled = match block_on(verifier.enroll(&id(), &login, new, NOW)) {
            Ok(enrolled) => enrolled.number,
            Err(error) => {
                assert!(matches!(error, VerifierError::Account(AccountError::Full)), "{error}");
                break;
            }
        };
        let (app, answer) = activate(&activation, byte);
        block_on(verifier.activate_push(&id(), &answer, NOW)).unwrap();
        block_on(verifier.confirm(&id(), &login, enrolled, app.confirmation_code().as_str(), NOW)).unwrap();
        apps.push(enrolled);
    }
    assert!(apps.len() >= 8, "{}", apps.len());
    // Every app is asked until it keeps three challenges.
    for (round, app) in (0..).zip(apps.iter().flat_map(|app| [app; 3])) {
        let now = after(1000 * round);
        let short = details().lasting(Duration::from_secs(540)).unwrap();
        block_on(verifier.push(&id(), &fresh(), *app, &short, now, &random())).unwrap();
        block_on(verifier.unlock(&id(), DESK, now)).unwrap();
    }
    let now = after(100_000);
    let login = fresh();
    let sent = ask(&verifier, &login, number, now).unwrap();
    let answer = accept(&mut app, &sent.message, &sent.number, now);
    block_on(verifier.answer_push(&id(), &answer, now)).unwrap();
    assert!(block_on(verifier.poll(&id(), &login, now)).is_ok());
}
