//! Tests of codes that are sent by SMS, telephone and mail.
#![cfg(feature = "std")]

mod destinations;
mod limits;

use std::convert::Infallible;
use std::thread;
use std::time::Duration;

use pollster::block_on;
use proptest::prelude::*;
use secondo::account::AccountError;
use secondo::factor::{CodeMessage, Destination, NewAuthenticator, Transport};
use secondo::hsm::Hsm;
use secondo::policy::{RateLimit, Sending};
use secondo::store::{Memory, Store};
use secondo::verifier::Sent;
use secondo::{
    AccountId, AuthenticatorNumber, Digits, Policy, PublicRefusal, Refusal, State, Transaction, UnixTime, Verifier,
    VerifierError,
};

use crate::support::enrolled::{NOW, after, keys};
use crate::support::logins::{DESK, Logins, fresh};
use crate::support::random::random;
use crate::support::refusals::{account_error, refusal, wrong};
use crate::support::subscriber::{self, bind, code_of, id, phone, stored};

/// A provider without a gateway. Tests take the codes from the messages.
struct NoGateway;

impl Transport for NoGateway {
    type Error = Infallible;

    async fn send(&self, _: &CodeMessage) -> Result<(), Infallible> {
        Ok(())
    }
}

fn mobile() -> Destination {
    Destination::sms("+39 333 123 4567").unwrap()
}

fn send<S: Store, H: Hsm>(
    verifier: &Verifier<S, H>,
    login: &Transaction,
    number: AuthenticatorNumber,
    now: UnixTime,
) -> Result<Sent, VerifierError<S::Error>> {
    block_on(verifier.send_code(&id(), login, number, &NoGateway, now, &random()))
}

fn message(sent: Result<Sent, VerifierError<Infallible>>) -> CodeMessage {
    match sent {
        Ok(Sent::New(message)) => message,
        other => panic!("expected a message, not {other:?}"),
    }
}

/// Sends a code, and returns it.
fn code(verifier: &Verifier<&Memory>, login: &Transaction, number: AuthenticatorNumber, now: UnixTime) -> String {
    message(send(verifier, login, number, now)).code().as_str().to_owned()
}

/// Returns a code of six digits that is not this one.
fn other_than(code: &str) -> &'static str {
    if code == "123456" { "654321" } else { "123456" }
}

/// Enrolls and confirms a destination.
fn confirmed(verifier: &Verifier<&Memory>, destination: Destination, now: UnixTime) -> AuthenticatorNumber {
    let login = fresh();
    let number = block_on(verifier.enroll(&id(), &login, destination, now)).unwrap().number;
    let code = code(verifier, &login, number, now);
    block_on(verifier.confirm(&id(), &login, number, &code, now)).unwrap();
    number
}

/// An app without a camera: it logs in with the password and a sent code, and gets the activation in the answer.
#[cfg(feature = "push")]
#[test]
fn a_code_by_sms_activates_an_app() {
    use crate::support::push;

    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let number = confirmed(&verifier, mobile(), NOW);
    let (login, now) = (fresh(), after(60));
    let right = code(&verifier, &login, number, now);
    // Guesses count on the account.
    assert_eq!(try_code(&verifier, &login, other_than(&right), now), wrong(4));
    assert_eq!(block_on(verifier.view(&id(), now)).unwrap().failures, 1);
    assert!(block_on(verifier.verify(&id(), &login, &right, now)).is_ok());
    let activation = push::activation();
    let app = block_on(verifier.enroll(&id(), &login, &activation, now)).unwrap().number;
    let (phone, answer) = push::activate(&activation, 7);
    block_on(verifier.activate_push(&id(), &answer, now)).unwrap();
    block_on(verifier.confirm(&id(), &login, app, phone.confirmation_code().as_str(), now)).unwrap();
    assert!(push::ask(&verifier, &fresh(), app, now).is_ok());
}

fn try_code(verifier: &Verifier<&Memory>, login: &Transaction, code: &str, now: UnixTime) -> Refusal {
    refusal(block_on(verifier.verify(&id(), login, code, now)))
}

#[test]
fn a_code_is_accepted_once_in_its_transaction() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let number = confirmed(&verifier, mobile(), NOW);
    let (login, other) = (fresh(), fresh());
    let sent = code(&verifier, &login, number, NOW);
    assert_eq!(try_code(&verifier, &other, &sent, NOW), Refusal::NotSent);
    let of_other = code(&verifier, &other, number, NOW);
    assert_eq!(try_code(&verifier, &other, &sent, NOW), wrong(4), "a code of another transaction");
    assert_eq!(try_code(&verifier, &login, &of_other, NOW), wrong(3));

    let accepted = block_on(verifier.verify(&id(), &login, &sent, NOW)).unwrap();
    assert_eq!((accepted.authenticator(), accepted.failures_before()), (number, 2));
    // SMS is restricted (NIST SP 800-63B-4 section 3.1.3.3), and permitted.
    assert!(accepted.counts_for_aal2());
    let again = block_on(verifier.verify(&id(), &login, &sent, NOW));
    assert!(matches!(again, Err(VerifierError::Repeated(repeated)) if repeated.authenticator == number));
    // Also after the outcome is forgotten, and with a clock that was set back.
    for later in [after(130), after(-3600), NOW] {
        let again = block_on(verifier.verify(&id(), &login, &sent, later));
        assert!(
            matches!(again, Err(VerifierError::Repeated(_) | VerifierError::Refused(Refusal::NotSent))),
            "{again:?}"
        );
    }
    assert_eq!(refusal(send(&verifier, &login, number, NOW)), Refusal::LoggedIn);
    assert!(block_on(verifier.verify(&id(), &other, &of_other, NOW)).is_ok());
}

#[test]
fn an_app_and_a_number_share_one_field_and_one_count() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let app = bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let number = confirmed(&verifier, mobile(), NOW);
    let later = after(60);
    let login = fresh();
    let sent = code(&verifier, &login, number, later);
    assert_eq!(try_code(&verifier, &login, other_than(&sent), later), wrong(4));
    assert_eq!(block_on(verifier.verify(&id(), &login, &sent, later)).unwrap().authenticator(), number);

    let login = fresh();
    let sent = code(&verifier, &login, number, after(120));
    let accepted = block_on(verifier.verify(&id(), &login, &code_of(1, after(120)), after(120))).unwrap();
    assert_eq!(accepted.authenticator(), app);
    // The login is complete, and its code has ended.
    assert_eq!(try_code(&verifier, &login, &sent, after(120)), Refusal::LoggedIn);
    assert_eq!(try_code(&verifier, &login, &sent, after(300)), wrong(4));
    // An app is there to be compared with, so that a code of another transaction counts.
    assert_eq!(try_code(&verifier, &fresh(), &sent, after(120)), wrong(3));
}

#[test]
fn a_code_expires() {
    let store = Memory::new();
    let policy = Policy::new().with_sending(Sending::new().with_validity(Duration::from_secs(60)).unwrap());
    let verifier = Verifier::new(&store, keys(), policy);
    let number = confirmed(&verifier, mobile(), NOW);
    for (secs, is_accepted) in [(59, true), (60, false)] {
        let login = fresh();
        let message = message(send(&verifier, &login, number, NOW));
        assert_eq!(message.expires(), after(60));
        let verified = block_on(verifier.verify(&id(), &login, message.code().as_str(), after(secs)));
        if is_accepted {
            assert!(verified.is_ok());
        } else {
            assert_eq!(refusal(verified), Refusal::Expired);
        }
    }
    assert_eq!(Refusal::Expired.public(), PublicRefusal::Expired);
    assert_eq!(block_on(verifier.view(&id(), after(60))).unwrap().remaining, 5);
}

#[test]
fn another_code_in_a_transaction_replaces_the_first_and_resets_no_count() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let number = confirmed(&verifier, mobile(), NOW);
    let login = fresh();
    let first = code(&verifier, &login, number, NOW);
    assert_eq!(try_code(&verifier, &login, other_than(&first), NOW), wrong(4));
    let before = stored(&store);
    for secs in [0, 29] {
        let repeated = send(&verifier, &login, number, after(secs)).unwrap();
        assert!(
            matches!(repeated, Sent::Repeated { at, next_at } if (at, next_at) == (NOW, after(30))),
            "{repeated:?}"
        );
    }
    assert_eq!(stored(&store), before);
    let second = code(&verifier, &login, number, after(30));
    assert_ne!(first, second);
    assert_eq!(try_code(&verifier, &login, &first, after(30)), wrong(3));
    assert!(block_on(verifier.verify(&id(), &login, &second, after(30))).is_ok());
}

#[test]
fn a_confirmation_counts_on_the_enrollment_through_all_its_codes() {
    let store = Memory::new();
    let sends = RateLimit::new(20, Duration::from_secs(60)).unwrap();
    let policy = Policy::new().with_sending(Sending::new().with_account_limit(sends));
    let verifier = Verifier::new(&store, keys(), policy);
    let login = fresh();
    let number = block_on(verifier.enroll(&id(), &login, mobile(), NOW)).unwrap().number;
    let unsent = block_on(verifier.confirm(&id(), &login, number, "123456", NOW));
    assert_eq!(refusal(unsent), Refusal::NotSent);
    for (round, remaining) in (0..).zip((0..5).rev()) {
        let now = after(30 * round);
        let sent = code(&verifier, &login, number, now);
        let refused = block_on(verifier.confirm(&id(), &login, number, other_than(&sent), now));
        assert_eq!(refusal(refused), wrong(remaining));
    }
    let ended = account_error(send(&verifier, &login, number, after(200)));
    assert_eq!(ended, AccountError::UnknownAuthenticator(number));
}

#[test]
fn a_request_that_is_refused_changes_nothing() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let app = bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let number = confirmed(&verifier, mobile(), NOW);
    let unchanged = |request: Result<Sent, VerifierError<Infallible>>, expected: &str| {
        let before = (store.len(), stored(&store));
        assert_eq!(request.unwrap_err().label(), expected);
        assert_eq!((store.len(), stored(&store)), before);
    };
    unchanged(send(&verifier, &fresh(), app, NOW), "no_destination");
    unchanged(send(&verifier, &fresh(), AuthenticatorNumber::new(9), NOW), "unknown_authenticator");
    let stuck = block_on(verifier.send_code(&id(), &fresh(), number, &NoGateway, NOW, &[0xff; 32]));
    unchanged(stuck, "not_random");
    let other = AccountId::new("bianchi").unwrap();
    let unknown = block_on(verifier.send_code(&other, &fresh(), number, &NoGateway, NOW, &random()));
    unchanged(unknown, "unknown");

    let login = fresh();
    let unconfirmed = block_on(verifier.enroll(&id(), &login, Destination::voice("+393337654321").unwrap(), NOW));
    let unconfirmed = unconfirmed.unwrap().number;
    unchanged(send(&verifier, &fresh(), unconfirmed, NOW), "other_transaction");
    unchanged(send(&verifier, &login, unconfirmed, after(3600)), "expired");
    let taken = block_on(verifier.enroll(&id(), &fresh(), mobile(), NOW));
    assert_eq!(account_error(taken), AccountError::SecretInUse(number));

    block_on(verifier.suspend_authenticator(&id(), number, DESK, NOW)).unwrap();
    unchanged(send(&verifier, &fresh(), number, NOW), "suspended");
    block_on(verifier.resume_authenticator(&id(), number, DESK, NOW)).unwrap();
    let login = fresh();
    for guess in 0..5 {
        try_code(&verifier, &login, &format!("00000{guess}"), after(300));
    }
    unchanged(send(&verifier, &fresh(), number, after(300)), "locked");
}

fn sends_left(verifier: &Verifier<&Memory>, now: UnixTime) -> u8 {
    block_on(verifier.options(&id(), &fresh(), now)).unwrap().sends_left
}

#[test]
fn one_code_is_accepted_once_of_many_threads() {
    for _ in 0..20 {
        let store = Memory::new();
        let verifier = Verifier::new(&store, keys(), Policy::new());
        let number = confirmed(&verifier, mobile(), NOW);
        let login = fresh();
        let sent = code(&verifier, &login, number, NOW);
        let accepted: usize = thread::scope(|scope| {
            let log_in = || usize::from(block_on(verifier.verify(&id(), &login, &sent, NOW)).is_ok());
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(log_in)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(accepted, 1);
    }
}

#[test]
fn only_a_keyed_hash_of_a_code_is_stored() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    let number = confirmed(&verifier, mobile(), NOW);
    let same = [7; 32];
    let logins = [fresh(), fresh()];
    let codes = logins.each_ref().map(|login| {
        let sent = block_on(verifier.send_code(&id(), login, number, &NoGateway, NOW, &same)).unwrap();
        let Sent::New(message) = sent else { panic!("{sent:?}") };
        message.code().as_str().to_owned()
    });
    let [code, of_other] = codes;
    let value = stored(&store);
    assert_eq!(code, of_other);
    let place = |part: &[u8]| value.windows(part.len()).position(|bytes| bytes == part);
    let number: u32 = code.parse().unwrap();
    for form in [code.as_bytes(), &number.to_be_bytes(), &number.to_le_bytes()] {
        assert_eq!(place(form), None);
    }
    // The hash of a sent code follows that of its transaction.
    let hash = |login: &Transaction| value[place(login.hash()).unwrap() + 16..][..8].to_vec();
    let [first, second] = logins.each_ref().map(hash);
    assert_ne!(first, second, "the same code in another transaction has another hash");
}

#[test]
fn a_full_account_still_sends() {
    let store = Memory::new();
    let sends = RateLimit::new(u8::MAX, Duration::from_secs(1)).unwrap();
    let sending = Sending::new().with_account_limit(sends).with_destination_limit(sends);
    let verifier = Verifier::new(&store, keys(), subscriber::roomy().with_sending(sending));
    let mut numbers = Vec::new();
    let full = loop {
        let address = format!("{:03}@{}.it", numbers.len(), "a".repeat(230));
        let destination = NewAuthenticator::from(Destination::mail(&address).unwrap());
        match verifier.add(&id(), destination, State::new().confirmed()) {
            Ok(()) => numbers.push(numbers.len()),
            Err(error) => break error,
        }
    };
    assert!(matches!(full, VerifierError::Account(AccountError::Full)), "{full:?}");
    // As many numbers as fit, each with as many codes as there can be.
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), subscriber::roomy().with_sending(sending));
    let mut count = 0;
    while verifier.add(&id(), Destination::sms(&format!("+39333{count:07}")).unwrap(), State::new().confirmed()).is_ok()
    {
        count += 1;
    }
    for round in 0..8 {
        let login = fresh();
        for number in 1..=count {
            assert!(matches!(
                send(&verifier, &login, AuthenticatorNumber::new(number), after(round)),
                Ok(Sent::New(_))
            ));
        }
    }
    assert_eq!(try_code(&verifier, &fresh(), "123456", after(9)), Refusal::NotSent);
}

proptest! {
    /// Compares with the definition: the first usable number of 64 bits, modulo the number of codes.
    #[test]
    fn codes_are_drawn_without_bias(mut random: [u8; 32], stuck in 0..4_usize, digits in 6..=9_u8) {
        random[..8 * stuck].fill(0xff);
        let digits = Digits::try_from(digits).unwrap();
        let store = Memory::new();
        let verifier = Verifier::new(&store, keys(), Policy::new().with_sending(Sending::new().with_digits(digits)));
        let login = fresh();
        let number = block_on(verifier.enroll(&id(), &login, mobile(), NOW)).unwrap().number;
        let sent = block_on(verifier.send_code(&id(), &login, number, &NoGateway, NOW, &random)).unwrap();
        let modulus = 10_u128.pow(u32::from(digits as u8));
        let usable = (1_u128 << 64) / modulus * modulus;
        let numbers = random.chunks(8).map(|bytes| u128::from(u64::from_be_bytes(bytes.try_into().unwrap())));
        let expected = numbers.into_iter().find(|number| *number < usable).map(|number| number % modulus);
        let Sent::New(message) = sent else { panic!("{sent:?}") };
        prop_assert_eq!(Some(message.code().as_str().parse().unwrap()), expected);
        prop_assert_eq!(message.code().as_str().len(), digits.count());
    }
}

/// A new code may equal an earlier guess. The refusals of other transactions stay, and so do logins.
#[test]
fn a_new_code_forgets_the_refusals_of_its_own_transaction() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let number = confirmed(&verifier, mobile(), NOW);
    let [login, other, ended] = [fresh(), fresh(), fresh()];
    let now = after(60);
    let [sent, of_other, of_ended] = [&login, &other, &ended].map(|login| code(&verifier, login, number, now));
    assert!(block_on(verifier.verify(&id(), &ended, &of_ended, now)).is_ok());
    assert_eq!(try_code(&verifier, &other, other_than(&of_other), now), wrong(4));
    assert_eq!(try_code(&verifier, &login, other_than(&sent), now), wrong(3));
    code(&verifier, &login, number, after(90));
    // The same wrong guesses: one is repeated, the other one is made for the first time.
    assert_eq!(try_code(&verifier, &other, other_than(&of_other), after(90)), wrong(3));
    assert_eq!(try_code(&verifier, &login, other_than(&sent), after(90)), wrong(2));
    let repeated = block_on(verifier.verify(&id(), &ended, &of_ended, after(90)));
    assert!(matches!(repeated, Err(VerifierError::Repeated(_))), "{repeated:?}");
}
