//! Tests of the numbers and addresses to which codes are sent.

use pollster::block_on;
use secondo::account::AccountError;
use secondo::decision::{Hold, Language};
use secondo::factor::out_of_band::DestinationError;
use secondo::factor::{Channel, CodeMessage, Destination, Kind, Transport};
use secondo::policy::Sending;
use secondo::store::{Memory, Store};
use secondo::{Digits, Policy, Refusal, Verifier, VerifierError};

use super::{code, confirmed, message, mobile, send, sends_left, try_code};
use crate::support::enrolled::{NOW, keys};
use crate::support::logins::{DESK, fresh};
use crate::support::random::random;
use crate::support::refusals::{account_error, refusal};
use crate::support::subscriber::{bind, code_of, id, phone};

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
    assert_eq!(Destination::sms(&"1".repeat(254)).unwrap_err(), CountryCode);
    assert_eq!(Destination::sms(&"1".repeat(255)).unwrap_err(), Length(255));
    for (text, address) in [
        ("Maria.Rossi+x@Example.IT", "Maria.Rossi+x@example.it"),
        ("\"a@b\"@c", "\"a@b\"@c"),
        ("maría@è.it", "maría@è.it"),
    ] {
        assert_eq!(Destination::mail(text).unwrap().address(), address);
    }
    assert!(Destination::mail(&format!("{}@example.it", "a".repeat(64))).is_ok());
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
