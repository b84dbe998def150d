//! Tests of codes that are sent by SMS, telephone and mail.
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::logins;
use crate::support::refusals;
use crate::support::subscriber;

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use enrolled::{NOW, after, keys};
use logins::{DESK, Logins, fresh};
use pollster::block_on;
use proptest::prelude::*;
use refusals::{account_error, refusal, wrong};
use secondo::account::AccountError;
use secondo::audit::{Action, Event, Sink};
use secondo::decision::{Hold, Language};
use secondo::factor::out_of_band::DestinationError;
use secondo::factor::{Channel, CodeMessage, Destination, Kind, NewAuthenticator, Transport};
use secondo::hsm::Hsm;
use secondo::policy::{RateLimit, Sending};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Enumerate, Memory, Store};
use secondo::verifier::Sent;
use secondo::{
    AccountId, AuthenticatorNumber, Digits, Policy, PublicRefusal, Refusal, State, Transaction, UnixTime, Verifier,
    VerifierError,
};
use subscriber::{bind, code_of, id, phone, stored};

/// A provider without a gateway. Tests take the codes from the messages.
struct NoGateway;

impl Transport for NoGateway {
    type Error = Infallible;

    async fn send(&self, _: &CodeMessage) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Returns bytes that no other call returned, spread like random ones.
fn random() -> [u8; 32] {
    static LAST: AtomicU64 = AtomicU64::new(0);

    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0; 32];
    for (place, part) in (1..).zip(bytes.chunks_mut(8)) {
        part.copy_from_slice(&(number * 4 + place).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    }
    bytes
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
fn message_tells_when_the_next_code_can_be_sent() {
    let sending = Sending::new().with_pause(Duration::from_secs(45)).unwrap();
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new().with_sending(sending));
    let number = confirmed(&verifier, mobile(), NOW);
    let login = fresh();
    assert_eq!(message(send(&verifier, &login, number, NOW)).next_at(), after(45));
    assert!(matches!(send(&verifier, &login, number, after(44)), Ok(Sent::Repeated { .. })));
    assert_eq!(message(send(&verifier, &login, number, after(45))).next_at(), after(90));
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

/// The number of codes of an account is limited, whichever destinations they go to.
#[test]
fn codes_of_an_account_are_limited_across_destinations_and_enrollments() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let mut sent = 0;
    for digit in 0..7 {
        let login = fresh();
        let destination = Destination::voice(&format!("+39333123456{digit}")).unwrap();
        let number = block_on(verifier.enroll(&id(), &login, destination, NOW)).unwrap().number;
        match send(&verifier, &login, number, NOW) {
            Ok(Sent::New(_)) => sent += 1,
            other => assert_eq!(account_error(other), AccountError::TooManySends { from: after(2 * 3600) }),
        }
        block_on(verifier.revoke(&id(), number, DESK, NOW)).unwrap();
    }
    assert_eq!(sent, 5);
    let options = block_on(verifier.options(&id(), &fresh(), NOW)).unwrap();
    assert_eq!(options.sends_left, 0);
    assert_eq!(block_on(verifier.options(&id(), &fresh(), after(4 * 3600))).unwrap().sends_left, 2);
}

/// An attacker with many accounts has codes sent to one number, which may earn a share of the price.
#[test]
fn codes_to_a_destination_are_limited_across_accounts() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let enroll = |n: u32, now| {
        let (id, login) = (AccountId::new(&format!("fraud-{n}")).unwrap(), fresh());
        let number = block_on(verifier.enroll(&id, &login, mobile(), now)).unwrap().number;
        block_on(verifier.send_code(&id, &login, number, &NoGateway, now, &random()))
    };
    let sent = (0..30).filter(|n| enroll(*n, NOW).is_ok()).count();
    assert_eq!(sent, 10);
    let error = AccountError::TooManySendsToDestination { from: after(3600) };
    assert_eq!(account_error(enroll(100, NOW)), error);
    assert_eq!(
        VerifierError::<Infallible>::Account(error).public(),
        PublicRefusal::Throttled { retry_at: after(3600) }
    );
    assert!(enroll(101, after(3600)).is_ok());

    // The limit has an entry of its own, which expires, and does not show the number.
    let mut ids = Vec::new();
    while let Some(more) = Some(block_on(store.ids_after(ids.last())).unwrap()).filter(|ids| !ids.is_empty()) {
        ids.extend(more);
    }
    let own: Vec<_> = ids.iter().filter(|id| id.as_str().starts_with("secondo-")).collect();
    let [limit] = own[..] else { panic!("{own:?}") };
    let refused = block_on(verifier.enroll(limit, &fresh(), phone(1), NOW));
    assert_eq!(account_error(refused), AccountError::ReservedId);
    assert!(matches!(block_on(verifier.view(limit, NOW)), Err(VerifierError::Record(_))));
    let accounts = store.len();
    store.purge(after(11 * 3600));
    assert!(block_on(store.load(limit)).unwrap().is_none());
    assert!(store.len() < accounts);

    // A deployment with another key stores the limit under another id.
    let master = LocalMasterKey::from_hex(&"5f".repeat(32)).unwrap();
    let key = SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), &master).unwrap();
    let elsewhere = Memory::new();
    let verifier = Verifier::new(&elsewhere, KeyRing::new(key, []).unwrap(), Policy::new());
    let login = fresh();
    let number = block_on(verifier.enroll(&id(), &login, mobile(), NOW)).unwrap().number;
    let _sent = block_on(verifier.send_code(&id(), &login, number, &NoGateway, NOW, &random())).unwrap();
    assert!(block_on(elsewhere.load(limit)).unwrap().is_none());
}

#[test]
fn a_mail_address_is_confirmed_and_no_second_factor() {
    let store = Memory::new();
    let policy = Policy::new().with_confirmation_login(true);
    let verifier = Verifier::new(&store, keys(), policy);
    let login = fresh();
    let address = Destination::mail("maria@Example.it").unwrap();
    let number = block_on(verifier.enroll(&id(), &login, address, NOW)).unwrap().number;
    let sent = code(&verifier, &login, number, NOW);
    let confirmed = block_on(verifier.confirm(&id(), &login, number, &sent, NOW)).unwrap();
    assert!(confirmed.login().is_none());
    assert_eq!(refusal(send(&verifier, &fresh(), number, NOW)), Refusal::AlreadyConfirmed);
    assert_eq!(try_code(&verifier, &fresh(), "123456", NOW), Refusal::Unconfirmed);
    assert!(block_on(verifier.options(&id(), &fresh(), NOW)).unwrap().authenticators.is_empty());

    // The account has no second factor yet, and must not lose its only one later.
    let login = fresh();
    let app = block_on(verifier.enroll_first(&id(), &login, phone(1), NOW)).unwrap().number;
    block_on(verifier.confirm(&id(), &login, app, &code_of(1, NOW), NOW)).unwrap();
    assert_eq!(account_error(block_on(verifier.revoke(&id(), app, DESK, NOW))), AccountError::Last);
    block_on(verifier.revoke(&id(), number, DESK, NOW)).unwrap();
    // A confirmed address keeps the account.
    assert!(block_on(store.load(&id())).unwrap().is_some());
}

#[test]
fn a_destination_that_changes_ends_its_codes() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let old = confirmed(&verifier, mobile(), NOW);
    let login = fresh();
    let sent = code(&verifier, &login, old, NOW);
    let new = confirmed(&verifier, Destination::sms("+393337654321").unwrap(), NOW);
    block_on(verifier.revoke(&id(), old, DESK, NOW)).unwrap();
    assert_eq!(try_code(&verifier, &login, &sent, NOW), Refusal::NotSent);
    assert_eq!(account_error(send(&verifier, &login, old, NOW)), AccountError::UnknownAuthenticator(old));
    assert!(send(&verifier, &login, new, NOW).is_ok());
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

#[test]
fn a_provider_screens_destinations() {
    struct Home;

    #[derive(Debug)]
    struct Abroad;

    impl std::fmt::Display for Abroad {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the operator does not answer")
        }
    }

    impl std::error::Error for Abroad {}

    impl Transport for Home {
        type Error = Abroad;

        async fn screen(&self, destination: &Destination) -> Result<bool, Abroad> {
            if destination.address().starts_with("+1") {
                Err(Abroad)
            } else {
                Ok(destination.address().starts_with("+39"))
            }
        }

        async fn send(&self, _: &CodeMessage) -> Result<(), Abroad> {
            Ok(())
        }
    }

    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    for (address, expected) in
        [("+881612345678", Some("destination_refused")), ("+12125550123", Some("transport")), ("+393331234567", None)]
    {
        let (login, destination) = (fresh(), Destination::sms(address).unwrap());
        let number = block_on(verifier.enroll(&id(), &login, destination, NOW)).unwrap().number;
        let send = || block_on(verifier.send_code(&id(), &login, number, &Home, NOW, &random()));
        let (entries, left) = (store.len(), sends_left(&verifier, NOW));
        let sent = send();
        assert_eq!(sent.as_ref().err().map(VerifierError::label), expected);
        // The request counts on the account, so that nobody can cause more questions to the operator than messages.
        assert_eq!(sends_left(&verifier, NOW), left - 1);
        if let Some(expected) = expected {
            assert_eq!(sent.unwrap_err().is_outage(), expected == "transport");
            assert_eq!(store.len(), entries, "no limit of a destination");
            assert_eq!(send().unwrap_err().label(), expected, "and no code that was sent just now");
            let confirmed = block_on(verifier.confirm(&id(), &login, number, "123456", NOW));
            assert_eq!(refusal(confirmed), Refusal::NotSent);
        }
    }
}

/// A stranger enrolls another person's number, and uses up its limit.
#[test]
fn a_stranger_does_not_use_up_the_codes_of_a_confirmed_number() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let number = confirmed(&verifier, mobile(), NOW);
    let mut refused = 0;
    for n in 0..12 {
        let (id, login) = (AccountId::new(&format!("stranger-{n}")).unwrap(), fresh());
        let enrolled = block_on(verifier.enroll(&id, &login, mobile(), NOW)).unwrap().number;
        let sent = block_on(verifier.send_code(&id, &login, enrolled, &NoGateway, NOW, &random()));
        refused += usize::from(sent.is_err());
    }
    assert_eq!(refused, 3, "the confirmation of the owner was one of ten");
    let login = fresh();
    let sent = code(&verifier, &login, number, NOW);
    assert!(block_on(verifier.verify(&id(), &login, &sent, NOW)).is_ok());
}

/// One request for a code changes the limit of the destination once, however often the button is pressed.
#[test]
fn a_double_click_takes_one_place_of_the_destination() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let number = confirmed(&verifier, mobile(), NOW);
    for _ in 0..4 {
        let login = fresh();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| send(&verifier, &login, number, NOW).is_ok());
            }
        });
    }
    let others = (0..10).filter(|n| {
        let (id, login) = (AccountId::new(&format!("family-{n}")).unwrap(), fresh());
        verifier.add(&id, mobile(), State::new().confirmed()).unwrap();
        block_on(verifier.send_code(&id, &login, enrolled::FIRST, &NoGateway, NOW, &random())).is_ok()
    });
    assert_eq!(others.count(), 6);
}

/// A machine whose clock is a year ahead sends a code.
#[test]
fn a_clock_that_was_ahead_neither_shuts_out_nor_prolongs() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let number = confirmed(&verifier, mobile(), NOW);
    let year = after(365 * 24 * 3600);
    let login = fresh();
    let sent = code(&verifier, &login, number, year);
    assert_eq!(try_code(&verifier, &login, &sent, NOW), Refusal::Expired);
    let sent = code(&verifier, &login, number, NOW);
    assert!(block_on(verifier.verify(&id(), &login, &sent, NOW)).is_ok());
    assert_eq!(sends_left(&verifier, NOW), 0);
    assert_eq!(sends_left(&verifier, after(4 * 3600)), 2);
}

/// Every change has an event with its revision, also that of a request that a limit refuses.
#[test]
fn every_request_is_an_event_without_a_gap() {
    /// The action, the problem and the revision.
    type Line = (&'static str, &'static str, Option<u64>);

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<Line>>>);

    impl Sink for Lines {
        fn record(&self, event: &Event<'_>) {
            assert!(!event.must_notify() || matches!(event.action, Action::Import));
            assert!(event.authenticator.is_some() || matches!(event.action, Action::Import));
            self.0.lock().unwrap().push((event.action.label(), event.problem.unwrap_or("done"), event.revision));
        }
    }

    let lines = Lines::default();
    let store = Memory::new();
    let once = RateLimit::new(1, Duration::from_secs(3600)).unwrap();
    let policy = Policy::new().with_sending(Sending::new().with_destination_limit(once));
    let verifier = Verifier::new(&store, keys(), policy).with_sink(lines.clone());
    verifier.add(&id(), mobile(), State::new().confirmed()).unwrap();
    let login = fresh();
    let _first = code(&verifier, &login, enrolled::FIRST, NOW);
    assert!(matches!(send(&verifier, &login, enrolled::FIRST, NOW), Ok(Sent::Repeated { .. })));
    assert!(send(&verifier, &fresh(), enrolled::FIRST, NOW).is_err());
    assert!(send(&verifier, &fresh(), enrolled::SECOND, NOW).is_err());
    let expected = [
        ("import", "done", Some(1)),
        ("send_code", "done", Some(2)),
        ("send_code", "repeated", None),
        ("send_code", "too_many_sends_to_destination", Some(3)),
        ("withdraw_code", "done", Some(4)),
        ("send_code", "unknown_authenticator", None),
    ];
    assert_eq!(*lines.0.lock().unwrap(), expected);
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

/// A double click on the button sends one message.
#[test]
fn many_threads_send_one_code() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let number = confirmed(&verifier, mobile(), NOW);
    let login = fresh();
    let sent: usize = thread::scope(|scope| {
        let send = || usize::from(matches!(send(&verifier, &login, number, NOW), Ok(Sent::New(_))));
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(sent, 1);
}

/// An attacker with the password asks for codes, to guess at all of them together.
#[test]
fn codes_that_an_attacker_asks_for_give_no_more_guesses() {
    let store = Memory::new();
    let sends = RateLimit::new(100, Duration::from_secs(60)).unwrap();
    let policy = Policy::new().with_sending(Sending::new().with_account_limit(sends).with_destination_limit(sends));
    let verifier = Verifier::new(&store, keys(), policy);
    let numbers = [mobile(), Destination::voice("+393331234567").unwrap(), Destination::sms("+393337654321").unwrap()];
    let numbers = numbers.map(|destination| confirmed(&verifier, destination, NOW));
    let mut evaluated = 0;
    let mut guess = 0;
    for round in 0..20 {
        let login = fresh();
        let now = after(round);
        let sent: Vec<_> = numbers.iter().filter_map(|number| send(&verifier, &login, *number, now).ok()).collect();
        for _ in 0..3 {
            let is_right =
                |text: &str| sent.iter().any(|sent| matches!(sent, Sent::New(m) if m.code().as_str() == text));
            let wrong = loop {
                guess += 1;
                let text = format!("{guess:06}");
                if !is_right(&text) {
                    break text;
                }
            };
            match refusal(block_on(verifier.verify(&id(), &login, &wrong, now))) {
                Refusal::Wrong { .. } => evaluated += 1,
                Refusal::Locked { .. } | Refusal::NotSent => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(evaluated, 5);
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
fn pages_see_masked_destinations() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let sms = confirmed(&verifier, mobile(), NOW);
    let view = block_on(verifier.view(&id(), NOW)).unwrap();
    assert!(view.needs_alternative);
    let [only] = view.authenticators[..] else { panic!("{view:?}") };
    let masked = only.destination.unwrap();
    assert_eq!((only.kind, masked.channel(), masked.as_str()), (Kind::Sms, Channel::Sms, "•••567"));
    let app = bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    assert!(!block_on(verifier.view(&id(), NOW)).unwrap().needs_alternative);
    block_on(verifier.suspend_authenticator(&id(), app, DESK, NOW)).unwrap();
    let options = block_on(verifier.options(&id(), &fresh(), NOW)).unwrap();
    assert_eq!(options.authenticators.iter().map(|shown| shown.number).collect::<Vec<_>>(), [sms]);
    assert_eq!((options.sends_left, options.hold), (4, Hold::None));
    assert!(block_on(verifier.view(&id(), NOW)).unwrap().needs_alternative);
    let shown = format!("{view:?} {options:?} {:?} {:?}", mobile(), message(send(&verifier, &fresh(), sms, NOW)));
    assert!(!shown.contains("3331234"), "{shown}");
}

#[test]
fn a_message_has_the_parts_of_each_channel() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new().with_sending(Sending::new().with_digits(Digits::Eight)));
    let message_to = |destination: Destination| {
        let login = fresh();
        let number = block_on(verifier.enroll(&id(), &login, destination, NOW)).unwrap().number;
        message(send(&verifier, &login, number, NOW))
    };
    let sms = message_to(mobile());
    let code = sms.code().as_str();
    assert_eq!(code.len(), 8);
    let text = sms.text(Language::Italian, "INPS");
    assert_eq!(text.as_str(), format!("Il tuo codice per INPS: {code}. Non comunicarlo a nessuno."));
    assert_eq!(sms.web_otp_line("idp.example.it").as_str(), format!("@idp.example.it #{code}"));
    assert_eq!(sms.destination().address(), "+393331234567");

    let voice = message_to(Destination::voice("+393331234567").unwrap());
    let spoken: Vec<_> = voice.code().as_str().chars().map(String::from).collect();
    let spoken = spoken.join(", ");
    assert_eq!(voice.spoken().as_str(), spoken);
    let text = voice.text(Language::English, "INPS");
    assert_eq!(text.as_str(), format!("Your code for INPS: {spoken}: {spoken}. Never tell it to anybody."));
}

#[test]
fn destinations_are_read_strictly() {
    use DestinationError::{Character, CountryCode, Digits, Domain, Length};

    for (text, address) in
        [("+393331234567", "+393331234567"), ("+39 333-123 45 67", "+393331234567"), ("+2904123", "+2904123")]
    {
        assert_eq!(Destination::sms(text).unwrap().address(), address);
        assert_eq!(Destination::voice(text).unwrap().address(), address);
    }
    for (text, error) in [
        ("", Digits(0)),
        ("+", Digits(0)),
        ("+39", Digits(2)),
        ("+1234567890123456", Digits(16)),
        ("393331234567", CountryCode),
        ("00393331234567", CountryCode),
        ("+0393331234567", CountryCode),
        ("++393331234567", Character { position: 1 }),
        ("+39333123456x", Character { position: 12 }),
        ("+39333123456\n", Character { position: 12 }),
        ("+39333１234567", Character { position: 6 }),
    ] {
        assert_eq!(Destination::sms(text).unwrap_err(), error, "{text:?}");
    }
    assert_eq!(Destination::sms(&"1".repeat(255)).unwrap_err(), Length(255));
    for (text, address) in [
        ("Maria.Rossi+x@Example.IT", "Maria.Rossi+x@example.it"),
        ("\"a@b\"@c", "\"a@b\"@c"),
        ("maría@è.it", "maría@è.it"),
    ] {
        assert_eq!(Destination::mail(text).unwrap().address(), address);
    }
    let long = format!("{}@example.it", "a".repeat(65));
    for (text, error) in [
        ("", Domain),
        ("maria", Domain),
        ("@example.it", Domain),
        ("maria@", Domain),
        (long.as_str(), Domain),
        ("maria@example.it\r\nBcc: x@y", Character { position: 16 }),
        ("ma ria@example.it", Character { position: 2 }),
        ("maria@example.it\u{202e}", Character { position: 16 }),
    ] {
        assert_eq!(Destination::mail(text).unwrap_err(), error, "{text:?}");
    }
    let longest = format!("a@{}", "b".repeat(252));
    let masked = Destination::mail(&longest).unwrap().masked();
    assert!(masked.as_str().starts_with("•••@b") && masked.as_str().len() <= 64);
    assert_eq!(Destination::mail("ab@example.it").unwrap().masked().as_str(), "a•••@example.it");
    assert!(!masked.as_str().contains(&longest));
    assert_eq!(Destination::mail(&format!("{longest}b")).unwrap_err(), Length(255));
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
