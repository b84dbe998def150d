//! Tests of tokens that answer challenges (OCRA) in accounts.
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::logins;
use crate::support::ocra;
use crate::support::refusals;
use crate::support::subscriber;
use crate::support::time;

use std::thread;

use crate::support::random::random;
use enrolled::{FIRST, NOW, SECOND, after, keys};
use logins::{DESK, Logins, fresh};
use ocra::{Device, PIN, challenge, challenge_refusal, confirmed, other_than};
use pollster::block_on;
use refusals::{account_error, refusal, wrong};
use secondo::account::AccountError;
use secondo::assurance::{FirstFactor, amr};
use secondo::factor::Kind;
use secondo::factor::ocra::{
    ChallengeRefusal, Input, InputError, PinHash, ResponseDigits, Suite, Token, TokenSuiteError,
};
use secondo::policy::Window;
use secondo::store::{Memory, Store};
use secondo::types::Counter;
use secondo::{
    AccountId, Algorithm, AuthenticatorNumber, Policy, PublicRefusal, Refusal, Secret, State, Transaction, UnixTime,
    Verifier, VerifierError,
};
use subscriber::{bind, code_of, id, phone, roomy, stored};
use time::at;

const PLAIN: &str = "OCRA-1:HOTP-SHA256-8:QN08";
const COUNTER: &str = "OCRA-1:HOTP-SHA256-8:C-QA08-PSHA256";
const TIME: &str = "OCRA-1:HOTP-SHA256-8:QN08-T1M";
const SESSION: &str = "OCRA-1:HOTP-SHA256-8:QN08-S064";

/// Asks the first token in a transaction, and returns its response.
fn answer(verifier: &Verifier<&Memory>, device: &mut Device, login: &Transaction, now: UnixTime) -> String {
    device.respond(challenge(verifier, login, FIRST, now).unwrap().question(), now)
}

fn try_code(verifier: &Verifier<&Memory>, login: &Transaction, code: &str, now: UnixTime) -> Refusal {
    refusal(block_on(verifier.verify(&id(), login, code, now)))
}

/// Returns random bytes of which a verifier makes this question: the least fraction that begins with its characters.
fn random_for(question: &str, alphabet: &str) -> [u8; 32] {
    let base = alphabet.len() as u128;
    let digit = |character| alphabet.find(character).unwrap() as u128;
    let number = question.chars().fold(0, |number, character| number * base + digit(character));
    let places = u32::try_from(question.len()).unwrap();
    let mut random = [0; 32];
    random[..8].copy_from_slice(&u64::try_from((number << 64) / base.pow(places) + 1).unwrap().to_be_bytes());
    random
}

/// The one-time values of RFC 6287, appendix C, asked and verified by a verifier.
#[test]
fn rfc6287_appendix_c_in_accounts() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let mut logins = 0;
    for row in include_str!("../vectors/ocra-rfc6287-appendix-c.txt").lines().filter(|row| !row.starts_with('#')) {
        let fields: Vec<_> = row.split(' ').collect();
        let &[text, key, question, counter, pin, _, secs, expected] = &fields[..] else { panic!("{row}") };
        let suite = Suite::parse(text).unwrap();
        if question.contains('+') || question.len() != suite.question().max_len() {
            continue;
        }
        let key: Vec<u8> = key.as_bytes().chunks(2).map(|hex| 16 * (hex[0] - b'0') + hex[1] - b'0').collect();
        let pin_hash = suite.pin_hash().map(|algorithm| PinHash::new(algorithm, pin));
        let token = Token::new(suite, Secret::from_bytes(&key).unwrap(), pin_hash).unwrap();
        let first = Counter::new(counter.parse().unwrap_or(0));
        let (id, login) = (AccountId::new(&format!("appendix-{logins}")).unwrap(), fresh());
        let now = at(secs.parse().unwrap_or(NOW.as_secs()));
        // The counter is that of the token, or of its state in another system.
        let (of_token, of_state) = if logins % 2 == 0 { (first, 0) } else { (Counter::new(0), first.get()) };
        let state = State::new().starting_at(Counter::new(of_state)).confirmed();
        verifier.add(&id, token.named("rfc").unwrap().starting_at(of_token), state).unwrap();
        let alphabet = if text.contains("QN") { "0123456789" } else { "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" };
        let asked = block_on(verifier.challenge(&id, &login, FIRST, None, now, &random_for(question, alphabet)));
        assert_eq!(asked.unwrap().question().as_str(), question);
        let accepted = block_on(verifier.verify(&id, &login, expected, now)).unwrap();
        let step = suite.time_step_secs().map_or(first.get(), |step| now.as_secs() / u64::from(step));
        assert_eq!((accepted.kind(), accepted.counter().get()), (Kind::Ocra, step), "{row}");
        assert_eq!(amr(FirstFactor::Password, &accepted), ["pwd", "otp", "mfa"]);
        logins += 1;
    }
    assert_eq!(logins, 50, "all but the mutual ones");
}

#[test]
fn a_response_is_accepted_once_in_its_transaction() {
    for suite in [PLAIN, COUNTER, TIME, "OCRA-1:HOTP-SHA1-0:QH40", "OCRA-1:HOTP-SHA512-0:C-QN10"] {
        let (store, mut device) = (Memory::new(), Device::new(suite, 1));
        let verifier = confirmed(&store, Policy::new(), &device);
        let (login, other) = (fresh(), fresh());
        let response = answer(&verifier, &mut device, &login, NOW);
        assert_eq!(try_code(&verifier, &other, &response, NOW), Refusal::NotSent);
        let of_other = answer(&verifier, &mut device, &other, NOW);
        assert_eq!(try_code(&verifier, &other, &response, NOW), wrong(4), "to another question");
        assert_eq!(try_code(&verifier, &login, &of_other, NOW), wrong(3));
        assert_eq!(try_code(&verifier, &login, &of_other, NOW), wrong(3), "sent twice and counted once");

        let accepted = block_on(verifier.verify(&id(), &login, &response, NOW)).unwrap();
        assert_eq!((accepted.authenticator(), accepted.failures_before()), (FIRST, 2));
        let again = block_on(verifier.verify(&id(), &login, &response, NOW));
        assert!(matches!(again, Err(VerifierError::Repeated(repeated)) if repeated.is_login), "{again:?}");
        assert_eq!(refusal(challenge(&verifier, &login, FIRST, NOW)), Refusal::LoggedIn);
        // Also after the outcome is forgotten, and with a clock that was set back.
        for later in [after(130), after(-3600), NOW] {
            let again = block_on(verifier.verify(&id(), &login, &response, later));
            let is_refused =
                matches!(again, Err(VerifierError::Repeated(_) | VerifierError::Refused(Refusal::NotSent)));
            assert!(is_refused, "{again:?}");
        }
        // The same question in another transaction, of which the response is known in advance.
        device.counter = 0;
        let is_used = suite.contains("C-");
        let (first, second) = (fresh(), fresh());
        for (login, is_accepted) in [(first, true), (second, !is_used)] {
            let asked = block_on(verifier.challenge(&id(), &login, FIRST, None, after(200), &[9; 32])).unwrap();
            device.counter = 2;
            let response = device.respond(asked.question(), after(200));
            assert_eq!(block_on(verifier.verify(&id(), &login, &response, after(200))).is_ok(), is_accepted, "{suite}");
        }
    }
}

#[test]
fn a_challenge_expires() {
    let (store, mut device) = (Memory::new(), Device::new(PLAIN, 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    for (secs, is_accepted) in [(119, true), (120, false), (-61, false), (-60, true)] {
        let login = fresh();
        let asked = challenge(&verifier, &login, FIRST, NOW).unwrap();
        assert_eq!(asked.expires(), after(120));
        let response = device.respond(asked.question(), NOW);
        let verified = block_on(verifier.verify(&id(), &login, &response, after(secs)));
        if is_accepted {
            assert!(verified.is_ok());
            continue;
        }
        assert_eq!(refusal(verified), Refusal::Expired);
        // Another question in the same transaction, to which the old response is wrong.
        let again = challenge(&verifier, &login, FIRST, after(secs)).unwrap();
        assert_ne!(again.question(), asked.question());
        assert_eq!(try_code(&verifier, &login, &response, after(secs)), wrong(4));
        let response = device.respond(again.question(), NOW);
        assert!(block_on(verifier.verify(&id(), &login, &response, after(secs))).is_ok());
    }
    assert_eq!(Refusal::Expired.public(), PublicRefusal::Expired);
}

#[test]
fn asking_twice_returns_the_same_question() {
    let (store, mut device) = (Memory::new(), Device::new(PLAIN, 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    let login = fresh();
    let asked = challenge(&verifier, &login, FIRST, NOW).unwrap();
    let response = device.respond(asked.question(), NOW);
    assert_eq!(try_code(&verifier, &login, &other_than(&response), NOW), wrong(4));
    let before = stored(&store);
    for secs in [0, 119] {
        assert_eq!(challenge(&verifier, &login, FIRST, after(secs)).unwrap(), asked);
    }
    assert_eq!(stored(&store), before);
    assert!(block_on(verifier.verify(&id(), &login, &response, NOW)).is_ok(), "a wrong one ends no question");
}

#[test]
fn at_most_three_challenges_are_pending_in_an_account() {
    let (store, mut device) = (Memory::new(), Device::new(PLAIN, 1));
    let verifier = confirmed(&store, roomy(), &device);
    verifier.add(&id(), Device::new(PLAIN, 2).token(), State::new().confirmed()).unwrap();
    let (first, now) = (fresh(), after(10));
    let asked = challenge(&verifier, &first, FIRST, NOW).unwrap();
    assert!(challenge(&verifier, &fresh(), SECOND, now).is_ok());
    assert!(challenge(&verifier, &first, SECOND, now).is_ok());
    let before = stored(&store);
    for number in [FIRST, SECOND] {
        let fourth = challenge(&verifier, &fresh(), number, now);
        assert_eq!(challenge_refusal(fourth), ChallengeRefusal::TooMany { from: after(120) });
    }
    assert_eq!(stored(&store), before);
    let public = VerifierError::<()>::Challenge(ChallengeRefusal::TooMany { from: after(120) }).public();
    assert_eq!(public, PublicRefusal::Throttled { retry_at: after(120) });
    // A login ends its own, and an expired one gives way.
    let response = device.respond(asked.question(), now);
    assert!(block_on(verifier.verify(&id(), &first, &response, now)).is_ok());
    assert!(challenge(&verifier, &fresh(), FIRST, now).is_ok());
    assert!(challenge(&verifier, &fresh(), FIRST, now).is_ok());
    assert!(challenge(&verifier, &fresh(), FIRST, after(129)).is_err());
    assert!(challenge(&verifier, &fresh(), FIRST, after(130)).is_ok());
}

/// An attacker who knows the password asks as often as possible, in as many transactions as possible.
#[test]
fn an_attacker_has_the_documented_number_of_guesses() {
    let (store, mut device) = (Memory::new(), Device::new(COUNTER, 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let (mut guesses, mut now) = (0, NOW);
    let mut guess = |now| {
        for _ in 0..40 {
            let login = fresh();
            let Ok(asked) = challenge(&verifier, &login, FIRST, now) else { continue };
            let right = device.respond(asked.question(), now);
            device.counter = 0;
            for number in [None, Some(FIRST)] {
                for digit in b"1357" {
                    let wrong = format!("{}{}", &right[1..], char::from(*digit));
                    let refused = match number {
                        Some(number) => block_on(verifier.verify_with(&id(), &login, number, &wrong, now)),
                        None => block_on(verifier.verify(&id(), &login, &wrong, now)),
                    };
                    guesses += usize::from(matches!(refused, Err(VerifierError::Refused(Refusal::Wrong { .. }))));
                }
            }
        }
        std::mem::take(&mut guesses)
    };
    for lock in [15, 30, 60] {
        assert_eq!(guess(now), 5);
        let locked = refusal(challenge(&verifier, &fresh(), FIRST, now));
        let until = now.as_secs() + 60 * lock;
        assert_eq!(locked, Refusal::Locked { until: Some(at(until)) });
        assert_eq!(guess(at(until - 1)), 0);
        now = at(until);
    }
    // The owner is not shut out.
    let login = fresh();
    let response = answer(&verifier, &mut device, &login, now);
    assert_eq!(block_on(verifier.verify(&id(), &login, &response, now)).unwrap().failures_before(), 15);
}

#[test]
fn a_counter_goes_forward_within_the_look_ahead() {
    let (store, mut device) = (Memory::new(), Device::new(COUNTER, 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    let log_in = |device: &mut Device, counter| {
        device.counter = counter;
        let login = fresh();
        let response = answer(&verifier, device, &login, NOW);
        let verified = block_on(verifier.verify(&id(), &login, &response, NOW));
        // Ends the challenge, of which only three may be pending.
        block_on(verifier.raise_watermarks(&id(), DESK, NOW)).unwrap();
        verified
    };
    for (counter, is_accepted) in [(0, true), (0, false), (6, true), (5, false), (6, false), (13, false), (12, true)] {
        let verified = log_in(&mut device, counter);
        match verified {
            Ok(accepted) if is_accepted => assert_eq!(accepted.counter().get(), counter),
            refused => assert!(matches!(refusal(refused), Refusal::Wrong { .. }) && !is_accepted, "{counter}"),
        }
    }
    let resync = block_on(verifier.resync(&id(), &fresh(), FIRST, &["12345678", "12345678"], NOW));
    assert_eq!(refusal(resync), Refusal::NoCodes);
}

/// A counter near the end neither overflows nor begins again.
#[test]
fn a_counter_ends() {
    let (store, mut device) = (Memory::new(), Device::new(COUNTER, 1));
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let token = device.token().named("").unwrap().starting_at(Counter::new(u64::MAX - 1));
    verifier.add(&id(), token, State::new().confirmed()).unwrap();
    for (counter, is_accepted) in [(u64::MAX - 1, true), (u64::MAX, true), (0, false), (u64::MAX - 1, false)] {
        let login = fresh();
        device.counter = counter;
        let response = answer(&verifier, &mut device, &login, NOW);
        assert_eq!(block_on(verifier.verify(&id(), &login, &response, NOW)).is_ok(), is_accepted, "{counter}");
    }
}

#[test]
fn a_response_depends_on_pin_and_session_and_time() {
    let (store, mut device) = (Memory::new(), Device::new(COUNTER, 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    let login = fresh();
    let asked = challenge(&verifier, &login, FIRST, NOW).unwrap();
    let thief = device.respond_with(asked.question(), "0000", None, NOW);
    assert_eq!(try_code(&verifier, &login, &thief, NOW), wrong(4));
    let owner = device.respond_with(asked.question(), PIN, None, NOW);
    assert!(block_on(verifier.verify(&id(), &login, &owner, NOW)).is_ok());

    let (store, mut device) = (Memory::new(), Device::new(SESSION, 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    let (login, mine, other) = (fresh(), [7; 64], [8; 64]);
    let ask = |session: Option<&[u8]>| block_on(verifier.challenge(&id(), &login, FIRST, session, NOW, &random()));
    let session = |error| ChallengeRefusal::Session(error);
    assert_eq!(challenge_refusal(ask(None)), session(InputError::Missing(Input::Session)));
    let length = InputError::SessionLength { expected: 64, found: 63 };
    assert_eq!(challenge_refusal(ask(Some(&mine[1..]))), session(length));
    let asked = ask(Some(&mine)).unwrap();
    assert_eq!(ask(Some(&mine)).unwrap(), asked);
    assert_eq!(challenge_refusal(ask(Some(&other))), ChallengeRefusal::Pending);
    let elsewhere = device.respond_with(asked.question(), PIN, Some(&other), NOW);
    assert_eq!(try_code(&verifier, &login, &elsewhere, NOW), wrong(4));
    let here = device.respond_with(asked.question(), PIN, Some(&mine), NOW);
    assert!(block_on(verifier.verify(&id(), &login, &here, NOW)).is_ok());

    let (store, mut device) = (Memory::new(), Device::new(TIME, 1));
    let verifier = confirmed(&store, Policy::new().with_window(Window::new(1, 0).unwrap()), &device);
    let unexpected = block_on(verifier.challenge(&id(), &fresh(), FIRST, Some(&mine), NOW, &random()));
    assert_eq!(challenge_refusal(unexpected), session(InputError::Unexpected(Input::Session)));
    for (secs, is_accepted) in [(0, true), (-60, true), (-120, false), (60, false)] {
        let login = fresh();
        let asked = challenge(&verifier, &login, FIRST, NOW).unwrap();
        let response = device.respond(asked.question(), after(secs));
        assert_eq!(block_on(verifier.verify(&id(), &login, &response, NOW)).is_ok(), is_accepted, "{secs}");
    }
}

#[test]
fn a_token_is_confirmed_by_its_first_response() {
    let (store, mut device) = (Memory::new(), Device::new(COUNTER, 1));
    let verifier = Verifier::new(&store, keys(), Policy::new().with_confirmation_login(true));
    let login = fresh();
    let number = block_on(verifier.enroll(&id(), &login, device.token(), NOW)).unwrap().number;
    assert_eq!(account_error(challenge(&verifier, &fresh(), number, NOW)), AccountError::OtherTransaction);
    let confirm = |login: &Transaction, code: &str, now| block_on(verifier.confirm(&id(), login, number, code, now));
    assert_eq!(refusal(confirm(&login, "12345678", NOW)), Refusal::NotSent);
    let asked = challenge(&verifier, &login, number, NOW).unwrap();
    let response = device.respond(asked.question(), NOW);
    assert_eq!(try_code(&verifier, &login, &response, NOW), Refusal::Unconfirmed, "no login yet");
    assert_eq!(refusal(confirm(&login, &other_than(&response), NOW)), wrong(4));
    assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().failures, 0);
    assert_eq!(account_error(confirm(&fresh(), &response, NOW)), AccountError::OtherTransaction);
    let accepted = confirm(&login, &response, NOW).unwrap().into_login().unwrap();
    assert_eq!((accepted.kind(), accepted.counter().get()), (Kind::Ocra, 0));
    assert!(matches!(confirm(&login, &response, NOW), Err(VerifierError::Repeated(_))));

    let view = block_on(verifier.view(&id(), NOW)).unwrap().authenticators[0];
    assert_eq!((view.kind, view.suite.unwrap().as_str()), (Kind::Ocra, COUNTER));
    let options = block_on(verifier.options(&id(), &fresh(), NOW)).unwrap();
    assert_eq!(options.authenticators, [view]);
    assert!(block_on(verifier.export(&id(), DESK, NOW)).unwrap().is_empty());

    // The wrong first responses end an enrollment.
    let login = fresh();
    let number = block_on(verifier.enroll(&id(), &login, Device::new(PLAIN, 2).token(), NOW)).unwrap().number;
    let _asked = challenge(&verifier, &login, number, NOW).unwrap();
    for remaining in (0..5).rev() {
        let refused = block_on(verifier.confirm(&id(), &login, number, &format!("0000000{remaining}"), NOW));
        assert_eq!(refusal(refused), wrong(remaining));
    }
    assert_eq!(account_error(challenge(&verifier, &login, number, NOW)), AccountError::UnknownAuthenticator(number));
}

#[test]
fn a_token_and_an_app_share_one_field_and_one_count() {
    let (store, mut device) = (Memory::new(), Device::new("OCRA-1:HOTP-SHA1-6:QN08", 9));
    let verifier = confirmed(&store, Policy::new(), &device);
    let app = bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let (login, now) = (fresh(), after(60));
    let response = answer(&verifier, &mut device, &login, now);
    assert_eq!(try_code(&verifier, &login, &other_than(&response), now), wrong(4));
    assert_eq!(block_on(verifier.verify(&id(), &login, &code_of(1, now), now)).unwrap().authenticator(), app);
    // The login has ended the challenge.
    assert_eq!(try_code(&verifier, &login, &response, now), Refusal::LoggedIn);
    assert_eq!(try_code(&verifier, &login, &response, after(185)), wrong(4));
    let refused = block_on(verifier.verify_with(&id(), &login, FIRST, &response, after(185)));
    assert_eq!(refusal(refused), Refusal::NotSent);
}

/// An account takes as many tokens as it has room for, and every challenge and response fits.
#[test]
fn a_full_account_is_refused_at_enrollment_and_never_at_a_challenge() {
    let session = [7; 512];
    for text in ["OCRA-1:HOTP-SHA512-10:C-QN64-PSHA512-S512-T59M", "OCRA-1:HOTP-SHA512-10:C-QN64-PSHA512-T59M"] {
        let store = Memory::new();
        let verifier = Verifier::new(&store, keys(), roomy());
        let mut devices = Vec::new();
        for byte in 1.. {
            let mut device = Device::new(text, byte);
            let login = fresh();
            match block_on(verifier.enroll(&id(), &login, device.token(), NOW)) {
                Ok(enrolled) => {
                    let session = text.contains("S512-").then_some(&session[..]);
                    let number = enrolled.number;
                    let asked = block_on(verifier.challenge(&id(), &login, number, session, NOW, &random())).unwrap();
                    let response = device.respond_with(asked.question(), PIN, session, NOW);
                    block_on(verifier.confirm(&id(), &login, number, &response, NOW)).unwrap();
                    devices.push((number, session));
                }
                full => {
                    assert_eq!(account_error(full), AccountError::Full);
                    break;
                }
            }
        }
        assert!(!devices.is_empty() && devices.len() < 16);
        for (number, session) in devices {
            for _ in 0..3 {
                let login = fresh();
                let asked = block_on(verifier.challenge(&id(), &login, number, session, NOW, &random()));
                assert!(asked.is_ok(), "{asked:?}");
                refusal(block_on(verifier.verify(&id(), &login, "1234567890", NOW)));
                block_on(verifier.unlock(&id(), DESK, NOW)).unwrap();
            }
            block_on(verifier.raise_watermarks(&id(), DESK, NOW)).unwrap();
        }
    }
}

#[test]
fn a_challenge_that_is_refused_changes_nothing() {
    let (store, device) = (Memory::new(), Device::new(PLAIN, 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    let app = bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let unchanged = |login: &Transaction, number, now, expected: &str| {
        let before = stored(&store);
        assert_eq!(challenge(&verifier, login, number, now).unwrap_err().label(), expected);
        assert_eq!(stored(&store), before);
    };
    unchanged(&fresh(), app, NOW, "not_ocra");
    unchanged(&fresh(), AuthenticatorNumber::new(9), NOW, "unknown_authenticator");
    let login = fresh();
    let number = block_on(verifier.enroll(&id(), &login, Device::new(PLAIN, 2).token(), NOW)).unwrap().number;
    unchanged(&login, number, after(3600), "expired");
    let taken = block_on(verifier.enroll(&id(), &fresh(), Device::new(TIME, 1).token(), NOW));
    assert_eq!(account_error(taken), AccountError::SecretInUse(FIRST));
    block_on(verifier.suspend_authenticator(&id(), FIRST, DESK, NOW)).unwrap();
    unchanged(&fresh(), FIRST, NOW, "suspended");
    block_on(verifier.resume_authenticator(&id(), FIRST, DESK, NOW)).unwrap();
    for guess in 0..5 {
        try_code(&verifier, &fresh(), &format!("00000{guess}"), NOW);
    }
    unchanged(&fresh(), FIRST, NOW, "locked");
    let other = AccountId::new("bianchi").unwrap();
    let unknown = block_on(verifier.challenge(&other, &fresh(), FIRST, None, NOW, &random()));
    assert_eq!(unknown.unwrap_err().label(), "unknown");
}

/// Each counter of the look-ahead at each step of the window is one more chance of a guess.
#[test]
fn responses_count_among_the_right_codes_of_an_account() {
    let device = Device::new("OCRA-1:HOTP-SHA256-8:C-QN08-T1M", 1);
    let verifier = confirmed(Memory::new(), Policy::new(), &device);
    let second = block_on(verifier.enroll(&id(), &fresh(), Device::new(COUNTER, 2).token(), NOW));
    assert_eq!(account_error(second), AccountError::TooManyRightCodes { most: 16, found: 12 + 6 });
    assert!(block_on(verifier.enroll(&id(), &fresh(), Device::new(TIME, 2).token(), NOW)).is_ok());
}

#[test]
fn suites_that_a_token_cannot_have() {
    let token = |suite: &str, pin: Option<Algorithm>| {
        let secret = Secret::from_bytes(&[1; 20]).unwrap();
        Token::new(Suite::parse(suite).unwrap(), secret, pin.map(|algorithm| PinHash::new(algorithm, PIN)))
    };
    let pin = |error| TokenSuiteError::Pin(error);
    for (suite, hash, expected) in [
        ("OCRA-1:HOTP-SHA1-4:QN08", None, TokenSuiteError::Digits(ResponseDigits::Four)),
        ("OCRA-1:HOTP-SHA1-5:QN08", None, TokenSuiteError::Digits(ResponseDigits::Five)),
        ("OCRA-1:HOTP-SHA1-6:QN06", None, TokenSuiteError::Question { found: 6, min: 8 }),
        ("OCRA-1:HOTP-SHA1-9:QN08", None, TokenSuiteError::Question { found: 8, min: 9 }),
        ("OCRA-1:HOTP-SHA1-8:C-QN07", None, TokenSuiteError::Question { found: 7, min: 8 }),
        ("OCRA-1:HOTP-SHA1-6:QN05-T1M", None, TokenSuiteError::Question { found: 5, min: 6 }),
        ("OCRA-1:HOTP-SHA1-6:QN08-PSHA1", None, pin(InputError::Missing(Input::PinHash))),
        ("OCRA-1:HOTP-SHA1-6:QN08", Some(Algorithm::Sha1), pin(InputError::Unexpected(Input::PinHash))),
        ("OCRA-1:HOTP-SHA1-6:QN08-PSHA1", Some(Algorithm::Sha256), pin(InputError::PinHash)),
    ] {
        assert_eq!(token(suite, hash).unwrap_err(), expected);
    }
    for suite in ["OCRA-1:HOTP-SHA1-8:QN08", "OCRA-1:HOTP-SHA1-6:C-QN06", "OCRA-1:HOTP-SHA1-6:QA06-T1M"] {
        assert!(token(suite, None).is_ok(), "{suite}");
    }
    let token = token("OCRA-1:HOTP-SHA1-0:QN08-PSHA1", Some(Algorithm::Sha1)).unwrap();
    let shown = "Token { suite: Suite(OCRA-1:HOTP-SHA1-0:QN08-PSHA1), secret: Secret(..), pin_hash: PinHash(..) }";
    assert_eq!(format!("{token:?}"), shown);
}

#[test]
fn nothing_of_a_token_shows_in_a_sealed_record() {
    let (store, device) = (Memory::new(), Device::new("OCRA-1:HOTP-SHA256-8:QN08-PSHA256-S064", 1));
    let verifier = confirmed(&store, Policy::new(), &device);
    let asked = block_on(verifier.challenge(&id(), &fresh(), FIRST, Some(&[7; 64]), NOW, &random())).unwrap();
    let pin_hash = PinHash::new(Algorithm::Sha256, PIN);
    let secrets: [&[u8]; 4] = [&[1; 32], pin_hash.expose(), &[7; 64], asked.question().as_str().as_bytes()];
    let sealed = stored(&store);
    for secret in secrets {
        assert!(!sealed.windows(secret.len()).any(|bytes| bytes == secret));
    }
    let other = AccountId::new("bianchi").unwrap();
    let value = block_on(store.load(&id())).unwrap().unwrap().value;
    let _stored = block_on(store.compare_exchange(&other, None, value, None)).unwrap();
    assert!(matches!(block_on(verifier.view(&other, NOW)), Err(VerifierError::Record(_))));
}

#[test]
fn one_response_is_accepted_once_of_many_threads() {
    for _ in 0..20 {
        let (store, mut device) = (Memory::new(), Device::new(COUNTER, 1));
        let verifier = confirmed(&store, Policy::new(), &device);
        let login = fresh();
        let response = answer(&verifier, &mut device, &login, NOW);
        let accepted: usize = thread::scope(|scope| {
            let log_in = || usize::from(block_on(verifier.verify(&id(), &login, &response, NOW)).is_ok());
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(log_in)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(accepted, 1);
    }
}
