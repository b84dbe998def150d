//! Tests of transactions that are signed with tokens (OCRA).
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::logins;
use crate::support::ocra;
use crate::support::refusals;
use crate::support::subscriber;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::random::random;
use enrolled::{FIRST, NOW, SECOND, after, keys};
use logins::{DESK, Logins, fresh};
use ocra::{Device, challenge, challenge_refusal, confirmed, other_than};
use pollster::block_on;
use refusals::{refusal, wrong};
use secondo::account::RecordError;
use secondo::audit::{Event, Sink};
use secondo::factor::ocra::{ChallengeRefusal, Input, InputError, SignatureChallenge, Suite, TransactionDetails};
use secondo::store::{Memory, Store};
use secondo::verifier::Signed;
use secondo::{AuthenticatorNumber, Policy, Refusal, State, Transaction, UnixTime, Verifier, VerifierError};
use subscriber::{bind, code_of, id, phone, roomy, stored};

const SUITE: &str = "OCRA-1:HOTP-SHA256-8:C-QH64-PSHA256";

fn rent() -> TransactionDetails<'static> {
    TransactionDetails::new("1250.00 EUR", "IT60X0542811101000000123456", "rent").unwrap()
}

fn stolen() -> TransactionDetails<'static> {
    TransactionDetails::new("9999.00 EUR", "IT60X0542811101000000654321", "rent").unwrap()
}

fn ask(
    verifier: &Verifier<&Memory>,
    login: &Transaction,
    number: AuthenticatorNumber,
    details: TransactionDetails<'_>,
    now: UnixTime,
) -> Result<SignatureChallenge, VerifierError<Infallible>> {
    block_on(verifier.sign_transaction(&id(), login, number, &details, now, &random()))
}

fn verify(
    verifier: &Verifier<&Memory>,
    login: &Transaction,
    details: TransactionDetails<'_>,
    response: &str,
    now: UnixTime,
) -> Result<Signed, VerifierError<Infallible>> {
    block_on(verifier.verify_signature(&id(), login, &details, response, now))
}

/// Returns the response of a token that displays these details.
fn sign(device: &mut Device, details: TransactionDetails<'_>, nonce: &[u8; 16]) -> String {
    device.respond(&details.question(Suite::parse(SUITE).unwrap().question(), nonce), NOW)
}

#[test]
fn a_signature_is_for_its_details_and_once() {
    assert_eq!(
        (rent().amount(), rent().payee(), rent().text()),
        ("1250.00 EUR", "IT60X0542811101000000123456", "rent")
    );
    let (store, mut device) = (Memory::new(), Device::new(SUITE, 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    let login = fresh();
    assert_eq!(refusal(verify(&verifier, &login, rent(), "12345678", NOW)), Refusal::NotSent);
    let asked = ask(&verifier, &login, FIRST, rent(), NOW).unwrap();
    assert_eq!(asked.expires(), after(300));
    assert_eq!(asked.question(), &rent().question(asked.question().format(), asked.nonce()));
    assert_eq!(ask(&verifier, &login, FIRST, rent(), after(299)).unwrap(), asked);
    let response = sign(&mut device, rent(), asked.nonce());
    assert_eq!(refusal(verify(&verifier, &login, rent(), &other_than(&response), NOW)), wrong(4));

    // Other details are told, and nothing is counted.
    let before = stored(&store);
    let other = verify(&verifier, &login, stolen(), &response, NOW);
    assert_eq!(challenge_refusal(other), ChallengeRefusal::OtherDetails);
    assert_eq!(challenge_refusal(ask(&verifier, &login, FIRST, stolen(), NOW)), ChallengeRefusal::Pending);
    assert_eq!(refusal(verify(&verifier, &fresh(), rent(), &response, NOW)), Refusal::NotSent);
    assert_eq!(stored(&store), before);

    let signed = verify(&verifier, &login, rent(), &response, NOW).unwrap();
    assert_eq!((signed.account(), signed.authenticator(), signed.counter().get()), (&id(), FIRST, 0));
    assert_eq!(signed.failures_before(), 1);
    let view = block_on(verifier.view(&id(), NOW)).unwrap();
    assert_eq!((view.failures, view.authenticators[0].last_used), (0, Some(NOW)));

    let again = verify(&verifier, &login, rent(), &response, NOW);
    assert!(matches!(again, Err(VerifierError::Repeated(repeated)) if !repeated.is_login), "{again:?}");
    // A repeated response to other details must not look like a signature of them.
    assert_eq!(refusal(verify(&verifier, &login, stolen(), &response, NOW)), Refusal::NotSent);
    assert_eq!(refusal(verify(&verifier, &login, rent(), &response, after(130))), Refusal::NotSent);
}

/// If malformed responses count, each one does, also the same one.
#[test]
fn malformed_signatures_count_if_the_policy_says_so() {
    let (store, device) = (Memory::new(), Device::new(SUITE, 1));
    let verifier = confirmed(&store, Policy::new().with_counted_malformed(true), &device);
    let login = fresh();
    let _ = ask(&verifier, &login, FIRST, rent(), NOW).unwrap();
    for failures in 1..=2 {
        let refused = refusal(verify(&verifier, &login, rent(), "1234", NOW));
        assert!(matches!(refused, Refusal::Malformed(_)), "{refused:?}");
        assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().failures, failures);
    }
}

/// Malware has the token sign another transaction than the one that the server asked about.
#[test]
fn a_signature_of_other_details_or_another_nonce_is_wrong() {
    let (store, mut device) = (Memory::new(), Device::new(SUITE, 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    let login = fresh();
    let asked = ask(&verifier, &login, FIRST, rent(), NOW).unwrap();
    for (details, nonce) in [(stolen(), *asked.nonce()), (rent(), [7; 16])] {
        device.counter = 0;
        let response = sign(&mut device, details, &nonce);
        assert!(matches!(refusal(verify(&verifier, &login, rent(), &response, NOW)), Refusal::Wrong { .. }));
    }
}

#[test]
fn a_signature_is_no_login_and_a_login_no_signature() {
    let (store, mut device) = (Memory::new(), Device::new(SUITE, 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    let log_in = |login: &Transaction, code: &str| block_on(verifier.verify(&id(), login, code, NOW));
    let login = fresh();
    let asked = ask(&verifier, &login, FIRST, rent(), NOW).unwrap();
    let signature = sign(&mut device, rent(), asked.nonce());
    assert_eq!(refusal(log_in(&login, &signature)), Refusal::NotSent);

    // In one transaction, each has a question of its own.
    let question = *challenge(&verifier, &login, FIRST, NOW).unwrap().question();
    let response = device.respond(&question, NOW);
    assert_eq!(refusal(log_in(&login, &signature)), wrong(4));
    assert_eq!(refusal(verify(&verifier, &login, rent(), &response, NOW)), wrong(3));
    assert!(log_in(&login, &response).is_ok());
    // The login has ended both.
    assert_eq!(refusal(verify(&verifier, &login, rent(), &signature, NOW)), Refusal::NotSent);

    let other = fresh();
    let asked = ask(&verifier, &other, FIRST, rent(), NOW).unwrap();
    let signature = sign(&mut device, rent(), asked.nonce());
    assert!(verify(&verifier, &other, rent(), &signature, NOW).is_ok());
    assert_eq!(refusal(log_in(&other, &signature)), Refusal::NotSent);
    assert_eq!(block_on(verifier.options(&id(), &other, NOW)).unwrap().accepted, None);
}

#[test]
fn signatures_and_codes_have_one_count() {
    let (store, mut device) = (Memory::new(), Device::new(SUITE, 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let mut guesses = 0;
    for round in 0..40 {
        let login = fresh();
        let Ok(asked) = ask(&verifier, &login, FIRST, rent(), NOW) else { continue };
        let right = sign(&mut device, rent(), asked.nonce());
        for digit in "1357".chars() {
            let refused = verify(&verifier, &login, rent(), &format!("{}{digit}", &right[1..]), NOW);
            guesses += usize::from(matches!(refusal(refused), Refusal::Wrong { .. }));
        }
        let refused = verifier.log_in(&id(), &format!("{round:06}"), NOW);
        guesses += usize::from(matches!(refusal(refused), Refusal::Wrong { .. }));
    }
    assert_eq!(guesses, 5);
    let login = fresh();
    let locked = Refusal::Locked { until: Some(after(900)) };
    assert_eq!(refusal(ask(&verifier, &login, FIRST, rent(), after(899))), locked);
    assert_eq!(refusal(verifier.log_in(&id(), &code_of(1, after(899)), after(899))), locked);
    assert!(ask(&verifier, &login, FIRST, rent(), after(900)).is_ok());
}

#[test]
fn a_signature_needs_an_active_token_and_a_challenge_that_is_pending() {
    let (store, mut device) = (Memory::new(), Device::new(SUITE, 1));
    let verifier = confirmed(&store, roomy(), &device);
    let login = fresh();
    let asked = ask(&verifier, &login, FIRST, rent(), NOW).unwrap();
    let response = sign(&mut device, rent(), asked.nonce());
    for secs in [300, -61] {
        assert_eq!(refusal(verify(&verifier, &login, rent(), &response, after(secs))), Refusal::Expired);
    }
    block_on(verifier.suspend_authenticator(&id(), FIRST, DESK, NOW)).unwrap();
    assert_eq!(refusal(verify(&verifier, &login, rent(), &response, NOW)), Refusal::Suspended);
    assert_eq!(refusal(ask(&verifier, &fresh(), FIRST, rent(), NOW)), Refusal::Suspended);
    block_on(verifier.resume_authenticator(&id(), FIRST, DESK, NOW)).unwrap();
    block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    assert_eq!(refusal(verify(&verifier, &login, rent(), &response, NOW)), Refusal::Suspended);
    block_on(verifier.resume(&id(), DESK, NOW)).unwrap();
    // After a restore, a login or a signature may have used the response.
    block_on(verifier.raise_watermarks(&id(), DESK, NOW)).unwrap();
    assert_eq!(refusal(verify(&verifier, &login, rent(), &response, NOW)), Refusal::NotSent);

    let with_session = Device::new("OCRA-1:HOTP-SHA256-8:QH64-S064", 2);
    verifier.add(&id(), with_session.token(), State::new().confirmed()).unwrap();
    let missing = ChallengeRefusal::Session(InputError::Missing(Input::Session));
    assert_eq!(challenge_refusal(ask(&verifier, &fresh(), SECOND, rent(), NOW)), missing);
    let login = fresh();
    let third = block_on(verifier.enroll(&id(), &login, Device::new(SUITE, 3).token(), NOW)).unwrap().number;
    assert_eq!(refusal(ask(&verifier, &login, third, rent(), NOW)), Refusal::Unconfirmed);
    let app = bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    assert_eq!(challenge_refusal(ask(&verifier, &login, app, rent(), NOW)), ChallengeRefusal::NoToken(app));

    // One challenge to sign in a transaction, and three in an account.
    verifier.add(&id(), Device::new(SUITE, 5).token(), State::new().confirmed()).unwrap();
    let fifth = block_on(verifier.view(&id(), NOW)).unwrap().authenticators.last().unwrap().number;
    let login = fresh();
    assert!(ask(&verifier, &login, FIRST, rent(), NOW).is_ok());
    assert_eq!(challenge_refusal(ask(&verifier, &login, fifth, rent(), NOW)), ChallengeRefusal::Pending);
    assert!(challenge(&verifier, &fresh(), FIRST, after(200)).is_ok());
    assert!(ask(&verifier, &fresh(), fifth, rent(), after(200)).is_ok());
    let fourth = ask(&verifier, &fresh(), fifth, rent(), after(200));
    assert_eq!(challenge_refusal(fourth), ChallengeRefusal::TooMany { from: after(300) });
}

#[test]
fn a_counter_goes_forward_with_signatures() {
    let (store, mut device) = (Memory::new(), Device::new(SUITE, 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    for (counter, is_accepted, failures) in [(3, true, 0), (3, false, 0), (9, true, 1), (16, false, 0), (10, true, 1)] {
        device.counter = counter;
        let login = fresh();
        let asked = ask(&verifier, &login, FIRST, rent(), NOW).unwrap();
        let response = sign(&mut device, rent(), asked.nonce());
        let signed = verify(&verifier, &login, rent(), &response, NOW);
        assert_eq!(signed.is_ok(), is_accepted, "{counter}");
        if let Ok(signed) = signed {
            assert_eq!((signed.counter().get(), signed.failures_before()), (counter, failures));
        }
    }
}

#[test]
fn one_signature_is_accepted_once_of_many_threads() {
    for _ in 0..20 {
        let (store, mut device) = (Memory::new(), Device::new(SUITE, 1));
        let verifier = Verifier::new(&store, keys(), Policy::new());
        verifier.add(&id(), device.token(), State::new().confirmed()).unwrap();
        let login = fresh();
        let asked = ask(&verifier, &login, FIRST, rent(), NOW).unwrap();
        let response = sign(&mut device, rent(), asked.nonce());
        let accepted: usize = thread::scope(|scope| {
            let sign = || usize::from(verify(&verifier, &login, rent(), &response, NOW).is_ok());
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(sign)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(accepted, 1);
    }
}

#[test]
fn every_challenge_and_signature_is_an_event() {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    impl Sink for Lines {
        fn record(&self, event: &Event<'_>) {
            let is_import = event.action.label() == "import";
            assert!(is_import || !event.must_notify() && event.authenticator.is_some());
            let (action, problem) = (event.action.label(), event.problem.unwrap_or("done"));
            self.0.lock().unwrap().push(format!("{action} {problem} {:?} {:?}", event.revision, event.remaining));
        }
    }

    let (lines, mut device) = (Lines::default(), Device::new(SUITE, 1));
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new()).with_sink(lines.clone());
    verifier.add(&id(), device.token(), State::new().confirmed()).unwrap();
    let login = fresh();
    assert!(challenge(&verifier, &login, FIRST, NOW).is_ok());
    assert!(challenge(&verifier, &login, FIRST, NOW).is_ok());
    assert!(challenge(&verifier, &login, SECOND, NOW).is_err());
    let login = fresh();
    let asked = ask(&verifier, &login, FIRST, rent(), NOW).unwrap();
    let response = sign(&mut device, rent(), asked.nonce());
    assert!(verify(&verifier, &login, rent(), &other_than(&response), NOW).is_err());
    assert!(verify(&verifier, &login, stolen(), &response, NOW).is_err());
    assert!(verify(&verifier, &login, rent(), &response, NOW).is_ok());
    assert!(verify(&verifier, &login, rent(), &response, NOW).is_err());
    let expected = [
        "import done Some(1) None",
        "challenge done Some(2) None",
        "challenge repeated None None",
        "challenge unknown_authenticator None None",
        "sign_transaction done Some(3) None",
        "verify_signature wrong Some(4) Some(4)",
        "verify_signature other_transaction_details None None",
        "verify_signature done Some(5) None",
        "verify_signature repeated None None",
    ];
    assert_eq!(*lines.0.lock().unwrap(), expected);
}

#[test]
fn a_token_that_cannot_be_read_is_an_outage() {
    /// The lengths before the secret, before the challenge, and of the challenge.
    const SECRET_AT: usize = 2 + SUITE.len();
    const ASKED_AT: usize = SECRET_AT + 32 + 32 + 8;
    const ASKED_LEN: usize = 1 + 16 + 5 + 16 + 64;

    let (store, device) = (Memory::new(), Device::new(SUITE, 1));
    let verifier = Verifier::unsealed(&store, Policy::new());
    verifier.add(&id(), device.token(), State::new().confirmed()).unwrap();
    let login = fresh();
    assert!(ask(&verifier, &login, FIRST, rent(), NOW).is_ok());
    let good = stored(&store);
    let own = good.len() - ASKED_AT - ASKED_LEN;
    let with = |at: usize, byte| {
        let mut bytes = good.clone();
        bytes[own + at] = byte;
        bytes
    };
    let resized = |asked: &[u8]| {
        let mut bytes = [&good[..own + ASKED_AT], asked].concat();
        let len = u16::try_from(ASKED_AT + asked.len()).unwrap();
        bytes[own - 2..own].copy_from_slice(&len.to_be_bytes());
        bytes
    };
    let asked = &good[own + ASKED_AT..];
    for (bytes, at) in [
        (with(0, 0xff), 1),
        (with(0, 1), 1),
        (with(SUITE.find("-8:").unwrap() + 2, b'4'), 1),
        (with(SECRET_AT - 1, 9), SECRET_AT),
        (with(SECRET_AT - 1, 0xff), SECRET_AT),
        (with(ASKED_AT, 2), ASKED_AT),
        (with(ASKED_AT + 17, 0xff), ASKED_AT + 17),
        (with(ASKED_AT + 38, b'g'), ASKED_AT + 38),
        (resized(&asked[..ASKED_LEN - 1]), ASKED_AT + 38),
        (resized(&asked.repeat(4)), ASKED_AT + 3 * ASKED_LEN),
    ] {
        let revision = block_on(store.load(&id())).unwrap().map(|entry| entry.revision);
        let _stored = block_on(store.compare_exchange(&id(), revision, bytes.as_slice().into(), None)).unwrap();
        match verify(&verifier, &login, rent(), "12345678", NOW) {
            Err(VerifierError::Record(error)) => assert_eq!(error, RecordError::Field { offset: own + at }),
            other => panic!("{at}: {other:?}"),
        }
        assert_eq!(stored(&store), bytes);
    }
}
