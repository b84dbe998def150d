//! Tests that no event contains a code, a secret, a destination, the details of a transaction, or a session.

use std::convert::Infallible;

use pollster::block_on;
use secondo::factor::ocra::TransactionDetails;
use secondo::factor::{CodeMessage, Destination, Transport};
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::verifier::Sent;
use secondo::{Hotp, Secret, Totp};

use super::{Kept, Seen, id, login, observed, passkey, token};
use crate::support::enrolled::{FIRST, NOW, SECOND, SECRET, authenticator, code_at};
use crate::support::hex::hex;
use crate::support::logins::DESK;
use crate::support::ocra::{Device, PIN, other_than};

/// A wrong code, which no number in an event looks like.
const WRONG: &str = "483920";

/// Returns the forms in which bytes could be shown.
fn forms(bytes: &[u8]) -> Vec<String> {
    let base32 = Secret::from_bytes(bytes).unwrap().to_base32().as_str().to_owned();
    vec![String::from_utf8_lossy(bytes).into_owned(), base32, hex(bytes), format!("{bytes:?}")]
}

/// Panics if there are not as many events as expected, or if one of them contains one of these texts or a transaction.
fn assert_hidden(events: &Kept, expected: usize, hidden: &[String]) {
    let seen = events.take();
    assert_eq!(seen.len(), expected);
    for Seen { line, debug, .. } in seen {
        for hidden in hidden.iter().map(String::as_str).chain(["session-"]) {
            assert!(!line.contains(hidden) && !debug.contains(hidden), "{hidden} is in {line} or {debug}");
        }
    }
}

#[test]
fn no_event_contains_a_code_a_secret_or_a_transaction() {
    let (verifier, events) = observed(Memory::new());
    let mut hidden = forms(SECRET);
    let token_code = Hotp::default().generate(&token().key().unwrap(), Counter::new(0)).as_str().to_owned();
    assert!((-20..=20).all(|steps| code_at(steps) != WRONG));
    hidden.extend([code_at(0), code_at(1), WRONG.to_owned(), token_code.clone(), "credential".to_owned()]);

    let submit = |n, code: &str, now| drop(block_on(verifier.verify(&id(), &login(n), code, now)));
    submit(1, WRONG, NOW);
    submit(1, WRONG, NOW);
    submit(2, &code_at(0), NOW);
    submit(2, &code_at(0), NOW);
    submit(2, &code_at(1), NOW);
    submit(3, &code_at(0), NOW);
    submit(4, &format!("x{}", code_at(0)), NOW);
    drop(block_on(verifier.resync(&id(), &login(5), FIRST, &[&code_at(0), &code_at(1)], NOW)));
    block_on(verifier.enroll(&id(), &login(6), token(), NOW)).unwrap();
    drop(block_on(verifier.confirm(&id(), &login(6), SECOND, WRONG, NOW)));
    block_on(verifier.confirm(&id(), &login(6), SECOND, &token_code, NOW)).unwrap();
    drop(block_on(verifier.enroll(&id(), &login(7), authenticator(Totp::default()), NOW)));
    block_on(verifier.enroll(&id(), &login(8), passkey(), NOW)).unwrap();
    block_on(verifier.export(&id(), DESK, NOW)).unwrap();
    assert_hidden(&events, 14, &hidden);
}

/// A gateway that reaches one destination only.
struct Gateway;

impl Transport for Gateway {
    type Error = Infallible;

    async fn screen(&self, destination: &Destination) -> Result<bool, Infallible> {
        Ok(destination.address() == NUMBER)
    }

    async fn send(&self, _: &CodeMessage) -> Result<(), Infallible> {
        Ok(())
    }
}

const NUMBER: &str = "+393331234567";
const ADDRESS: &str = "maria.rossi@example.it";

#[test]
fn no_event_contains_a_code_that_was_sent_or_its_destination() {
    let (verifier, events) = observed(Memory::new());
    let mut hidden = vec![NUMBER[1..].to_owned(), NUMBER[3..].to_owned(), WRONG.to_owned()];
    hidden.extend(ADDRESS.split('@').map(str::to_owned));
    let send = |n, to, byte| block_on(verifier.send_code(&id(), &login(n), to, &Gateway, NOW, &[byte; 32]));
    let mut code = |n, byte| {
        let Ok(Sent::New(message)) = send(n, SECOND, byte) else { panic!("no code was sent") };
        let code = message.code().as_str().to_owned();
        assert_ne!(code, WRONG);
        hidden.push(code.clone());
        code
    };
    let verify = |n, code: &str| block_on(verifier.verify(&id(), &login(n), code, NOW));

    block_on(verifier.enroll(&id(), &login(1), Destination::sms(NUMBER).unwrap(), NOW)).unwrap();
    let first = code(1, 0x91);
    block_on(verifier.confirm(&id(), &login(1), SECOND, WRONG, NOW)).unwrap_err();
    block_on(verifier.confirm(&id(), &login(1), SECOND, &first, NOW)).unwrap();
    let second = code(2, 0xa3);
    assert!(matches!(send(2, SECOND, 0x91), Ok(Sent::Repeated { .. })));
    verify(2, WRONG).unwrap_err();
    verify(2, &second[1..]).unwrap_err();
    // It was sent in another transaction.
    verify(3, &second).unwrap_err();
    drop(verify(2, &second).unwrap());
    verify(2, &second).unwrap_err();
    verify(2, &first).unwrap_err();
    // This one is drawn, and cannot be sent.
    let refused = block_on(verifier.enroll(&id(), &login(4), Destination::mail(ADDRESS).unwrap(), NOW)).unwrap();
    send(4, refused.number, 0xa3).unwrap_err();
    assert_hidden(&events, 15, &hidden);
}

#[test]
fn no_event_contains_a_challenge_a_response_or_the_details_of_a_transaction() {
    let (verifier, events) = observed(Memory::new());
    let mut device = Device::new("OCRA-1:HOTP-SHA256-8:C-QA08-PSHA256", 0x97);
    let token = device.token();
    let mut hidden = forms(&[0x97; 32]);
    let texts = ["1250.00 EUR", "IT60X0542811101000000123456", "affitto"];
    hidden.extend([PIN].into_iter().chain(texts).map(str::to_owned));
    let [amount, payee, text] = texts;
    let details = TransactionDetails::new(amount, payee, text).unwrap();
    let mut responses = |n, is_signature: bool| {
        let (login, random) = (login(n), [u8::try_from(n).unwrap(); 32]);
        let question = if is_signature {
            let asked = block_on(verifier.sign_transaction(&id(), &login, SECOND, &details, NOW, &random)).unwrap();
            hidden.extend(forms(asked.nonce()));
            *asked.question()
        } else {
            *block_on(verifier.challenge(&id(), &login, SECOND, None, NOW, &random)).unwrap().question()
        };
        let right = device.respond(&question, NOW);
        let wrong = other_than(&right);
        hidden.extend([question.as_str().to_owned(), right.clone(), wrong.clone()]);
        (wrong, right)
    };
    let verify = |n, response: &str| block_on(verifier.verify(&id(), &login(n), response, NOW));
    let sign = |n, response: &str| block_on(verifier.verify_signature(&id(), &login(n), &details, response, NOW));

    block_on(verifier.enroll(&id(), &login(11), token, NOW)).unwrap();
    let (wrong, right) = responses(11, false);
    block_on(verifier.confirm(&id(), &login(11), SECOND, &wrong, NOW)).unwrap_err();
    block_on(verifier.confirm(&id(), &login(11), SECOND, &right, NOW)).unwrap();
    let (wrong, right) = responses(12, false);
    verify(12, &wrong).unwrap_err();
    verify(12, &right[1..]).unwrap_err();
    drop(verify(12, &right).unwrap());
    verify(12, &right).unwrap_err();
    let (wrong, right) = responses(13, true);
    sign(13, &wrong).unwrap_err();
    drop(sign(13, &right).unwrap());
    sign(13, &right).unwrap_err();
    block_on(verifier.export(&id(), DESK, NOW)).unwrap();
    assert_hidden(&events, 14, &hidden);
}

#[cfg(feature = "push")]
#[test]
fn no_event_contains_the_number_of_a_push_or_an_answer() {
    use secondo::push::Activation;

    use crate::support::push::{accept, activate, confirm, details, other_than};

    let (verifier, events) = observed(Memory::new());
    let activation = Activation::new(&id(), "idp.example.it", "Maria Rossi", &[0x93; 32]).unwrap();
    block_on(verifier.enroll(&id(), &login(1), &activation, NOW)).unwrap();
    let (mut phone, message) = activate(&activation, 0x97);
    block_on(verifier.activate_push(&id(), &message[1..], NOW)).unwrap_err();
    block_on(verifier.activate_push(&id(), &message, NOW)).unwrap();
    block_on(verifier.confirm(&id(), &login(1), SECOND, WRONG, NOW)).unwrap_err();
    confirm(&verifier, &login(1), &phone, SECOND, NOW).unwrap();
    let mut hidden = [forms(&[0x93; 32]), forms(&[0x97; 32])].concat();
    // Everything but the names of fields, and the account that an event names.
    let mut hide = |message: &str| {
        let parts = message.split(['"', '&', '=', '#', '?', '/', ' ', ',', ':', '{', '}', '[', ']']);
        hidden.extend(parts.filter(|part| part.len() >= 20).map(str::to_owned));
    };
    [activation.link().as_str(), &message].into_iter().for_each(&mut hide);

    let mut push = |n: usize| {
        let random = [0x90 + u8::try_from(n).unwrap(); 32];
        let sent = block_on(verifier.push(&id(), &login(n), SECOND, &details(), NOW, &random)).unwrap();
        let wrong = other_than(&sent.number);
        let answers = [&wrong, &sent.number].map(|number| accept(&mut phone, &sent.message, number, NOW));
        answers.iter().chain([&sent.message]).for_each(|message| hide(message));
        (answers, [wrong, sent.number])
    };
    let answer = |answer: &str| block_on(verifier.answer_push(&id(), answer, NOW));
    let poll = |n| block_on(verifier.poll(&id(), &login(n), NOW));
    let ([wrong, _], first) = push(2);
    answer(&wrong).unwrap_err();
    poll(2).unwrap_err();
    let ([_, right], second) = push(3);
    answer(&right[1..]).unwrap_err();
    answer(&right).unwrap();
    answer(&right).unwrap_err();
    drop(poll(3).unwrap());
    poll(3).unwrap_err();
    hidden.extend([first, second].concat());
    hidden.extend(["INPS", "Bari", "09:30", WRONG].map(str::to_owned));
    hidden.push(phone.confirmation_code().as_str().to_owned());
    assert_hidden(&events, 14, &hidden);
}
