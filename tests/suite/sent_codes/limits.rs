//! Tests of the limits on how many codes are sent.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pollster::block_on;
use secondo::account::AccountError;
use secondo::audit::{Action, Event, Sink};
use secondo::factor::Destination;
use secondo::policy::{RateLimit, Sending, SendingError};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Enumerate, Memory, Store};
use secondo::verifier::Sent;
use secondo::{AccountId, Policy, PublicRefusal, Refusal, State, Verifier, VerifierError};

use super::{NoGateway, code, confirmed, message, mobile, send, sends_left, try_code};
use crate::support::enrolled::{self, NOW, after, keys};
use crate::support::logins::{DESK, Logins, fresh};
use crate::support::random::random;
use crate::support::refusals::{account_error, refusal};
use crate::support::subscriber::{bind, code_of, id, phone};

#[test]
fn validity_and_pause_are_at_most_ten_minutes() {
    let secs = |secs| Duration::from_secs(secs);
    let most = secs(Sending::MAX_VALIDITY_SECS.into());
    assert!(Sending::new().with_validity(most).is_ok() && Sending::new().with_pause(most).is_ok());
    for found in [Duration::ZERO, most + secs(1)] {
        assert_eq!(Sending::new().with_validity(found).unwrap_err(), SendingError { found });
        assert_eq!(Sending::new().with_pause(found).unwrap_err(), SendingError { found });
    }
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

/// A machine whose clock is a day or a year ahead sends a code.
#[test]
fn a_clock_that_was_ahead_neither_shuts_out_nor_prolongs() {
    for days in [1, 365] {
        let store = Memory::new();
        let verifier = Verifier::new(&store, keys(), Policy::new());
        let number = confirmed(&verifier, mobile(), NOW);
        let login = fresh();
        let sent = code(&verifier, &login, number, after(days * 24 * 3600));
        assert_eq!(try_code(&verifier, &login, &sent, NOW), Refusal::Expired);
        let sent = code(&verifier, &login, number, NOW);
        assert!(block_on(verifier.verify(&id(), &login, &sent, NOW)).is_ok());
        assert_eq!(sends_left(&verifier, NOW), 0);
        assert_eq!(sends_left(&verifier, after(4 * 3600)), 2);
    }
}

/// A restored backup may hold a code that was used after it.
#[test]
fn watermarks_that_are_raised_end_sent_codes() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let number = confirmed(&verifier, mobile(), NOW);
    let login = fresh();
    let sent = code(&verifier, &login, number, NOW);
    block_on(verifier.raise_watermarks(&id(), DESK, NOW)).unwrap();
    assert_eq!(try_code(&verifier, &login, &sent, NOW), Refusal::NotSent);
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
