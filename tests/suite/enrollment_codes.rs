//! Tests of the codes with which a help desk lets a subscriber enroll again.
#![cfg(feature = "std")]

use crate::support::{enrolled, logins, refusals, subscriber};

use std::sync::Mutex;
use std::time::Duration;

use enrolled::{FIRST, NOW, SECOND, after, keys, wrong_code};
use logins::{DESK, Logins, fresh};
use pollster::block_on;
use refusals::{account_error, refusal};
use secondo::account::{AccountError, Enrolled};
use secondo::audit::{Action, Event, Sink};
use secondo::factor::{BrowserDays, EnrollmentCode, EnrollmentCodeError, NewAuthenticator, RecoveryCodes};
use secondo::store::{Memory, Store};
use secondo::types::{DisplayName, MalformedCode};
use secondo::{Policy, PublicRefusal, Refusal, Transaction, UnixTime, Verifier, VerifierError};
use subscriber::{bind, code_of, id, passkey, phone, roomy, stored};

const HOUR: Duration = Duration::from_secs(3600);

fn code(random: u8) -> EnrollmentCode {
    EnrollmentCode::new(HOUR, &[random; 32]).unwrap()
}

fn text(code: &EnrollmentCode) -> String {
    code.text().as_str().to_owned()
}

/// Returns an account with a phone, for which this code is issued.
fn with_code<S: Store>(store: S, code: &EnrollmentCode) -> Verifier<S> {
    let verifier = Verifier::new(store, keys(), roomy());
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let expires = block_on(verifier.issue_enrollment_code(&id(), code, DESK, NOW)).unwrap();
    assert_eq!(expires, after(3600));
    verifier
}

fn enroll<S: Store>(
    verifier: &Verifier<S>,
    login: &Transaction,
    text: &str,
    new: impl Into<NewAuthenticator>,
    now: UnixTime,
) -> Result<Enrolled, VerifierError<S::Error>> {
    block_on(verifier.enroll_with_code(&id(), login, text, new, now))
}

/// A subscriber without the phone gets a code, and the next phone logs in.
#[test]
fn a_code_enrolls_one_authenticator_in_one_transaction() {
    let code = code(7);
    let verifier = with_code(Memory::new(), &code);
    let now = after(60);
    let view = block_on(verifier.view(&id(), now)).unwrap();
    assert_eq!((view.enrollment_code, view.authenticators.len()), (Some(after(3600)), 1));
    let login = fresh();
    let enrolled = enroll(&verifier, &login, &text(&code).to_lowercase().replace('-', " "), phone(2), now).unwrap();
    // The page is loaded again: the code is still the transaction's, and the enrollment is replaced.
    let again = enroll(&verifier, &login, &text(&code), phone(3), now).unwrap();
    assert_eq!(again.replaced, Some(enrolled.number));
    let elsewhere = enroll(&verifier, &fresh(), &text(&code), phone(4), now);
    assert_eq!(account_error(elsewhere), AccountError::EnrollmentCodeUsed);
    let confirmed = block_on(verifier.confirm(&id(), &login, again.number, &code_of(3, now), now)).unwrap();
    assert!(confirmed.login().is_none());
    for login in [&login, &fresh()] {
        let ended = enroll(&verifier, login, &text(&code), phone(5), now);
        assert_eq!(account_error(ended), AccountError::NoEnrollmentCode);
    }
    assert_eq!(block_on(verifier.view(&id(), now)).unwrap().enrollment_code, None);
    // The lost phone was not the last one any more.
    block_on(verifier.revoke(&id(), FIRST, DESK, now)).unwrap();
    assert!(verifier.log_in(&id(), &code_of(3, after(90)), after(90)).is_ok());
}

#[test]
fn a_code_is_no_login() {
    let code = code(7);
    let verifier = with_code(Memory::new(), &code);
    let malformed = verifier.log_in(&id(), &text(&code), NOW);
    assert!(matches!(refusal(malformed), Refusal::Malformed(_)));
    let recovered = block_on(verifier.recover(&id(), &fresh(), &text(&code), NOW));
    assert_eq!(account_error(recovered), AccountError::NoRecoveryCodes);
    // Neither is the confirmation, not even of an account's first authenticator.
    let policy = Policy::new().with_confirmation_login(true);
    let verifier = Verifier::new(Memory::new(), keys(), policy);
    block_on(verifier.enroll(&id(), &fresh(), phone(1), NOW)).unwrap();
    block_on(verifier.issue_enrollment_code(&id(), &code, DESK, NOW)).unwrap();
    let login = fresh();
    let number = enroll(&verifier, &login, &text(&code), phone(2), NOW).unwrap().number;
    let confirmed = block_on(verifier.confirm(&id(), &login, number, &code_of(2, NOW), NOW)).unwrap();
    assert!(confirmed.login().is_none());
}

#[test]
fn a_code_ends_at_its_expiry_and_with_the_next_one() {
    let (first, second) = (code(7), code(8));
    let verifier = with_code(Memory::new(), &first);
    block_on(verifier.issue_enrollment_code(&id(), &second, DESK, after(1))).unwrap();
    let ended = enroll(&verifier, &fresh(), &text(&first), phone(2), after(2));
    assert_eq!(account_error(ended), AccountError::WrongEnrollmentCode);
    let login = fresh();
    let expired = enroll(&verifier, &login, &text(&second), phone(2), after(3601));
    assert_eq!(account_error(expired), AccountError::NoEnrollmentCode);
    assert!(enroll(&verifier, &login, &text(&second), phone(2), after(3600)).is_ok());
    // A used code does not come back with a backup.
    block_on(verifier.raise_watermarks(&id(), DESK, after(3600))).unwrap();
    let restored = enroll(&verifier, &login, &text(&second), phone(2), after(3600));
    assert_eq!(account_error(restored), AccountError::NoEnrollmentCode);
}

/// An account without any code, or that does not exist, says so and nothing else.
#[test]
fn a_code_is_issued_for_an_account_that_exists() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let issue = || block_on(verifier.issue_enrollment_code(&id(), &code(7), DESK, NOW));
    assert!(matches!(issue(), Err(VerifierError::Unknown)));
    assert!(matches!(enroll(&verifier, &fresh(), &text(&code(7)), phone(2), NOW), Err(VerifierError::Unknown)));
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let before = stored(&store);
    let none = enroll(&verifier, &fresh(), &text(&code(7)), phone(2), NOW);
    assert_eq!(account_error(none), AccountError::NoEnrollmentCode);
    assert_eq!(stored(&store), before);
    block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    // A suspension is not lifted by the way.
    issue().unwrap();
    assert_eq!(refusal(enroll(&verifier, &fresh(), &text(&code(7)), phone(2), NOW)), Refusal::Suspended);
    block_on(verifier.close(&id(), None, DESK, NOW)).unwrap();
    assert_eq!(refusal(issue()), Refusal::Closed);
}

/// A wrong code counts nothing, so that somebody who knows the password cannot keep the subscriber from the right one.
#[test]
fn wrong_codes_change_nothing() {
    let code = code(7);
    let store = Memory::new();
    let verifier = with_code(&store, &code);
    let before = stored(&store);
    for random in 8..=255 {
        let wrong = enroll(&verifier, &fresh(), &text(&self::code(random)), phone(2), NOW).unwrap_err();
        assert_eq!(wrong.public(), PublicRefusal::EnrollmentCode);
        assert!(matches!(wrong, VerifierError::Account(AccountError::WrongEnrollmentCode)));
    }
    let typo = text(&code).replace('-', "").to_lowercase().replacen(|c: char| c != 'z', "z", 1);
    let malformed = refusal(enroll(&verifier, &fresh(), &typo, phone(2), NOW));
    assert_eq!(malformed, Refusal::Malformed(MalformedCode::RecoveryCheck));
    assert_eq!(stored(&store), before);
    assert!(enroll(&verifier, &fresh(), &text(&code), phone(2), NOW).is_ok());
}

/// The help desk gave a code to the wrong person.
#[test]
fn a_code_is_withdrawn_with_the_enrollment_that_began_with_it() {
    type Desk = fn(&Verifier<Memory>);
    let code = code(7);
    let withdraw: Desk = |verifier| block_on(verifier.withdraw_enrollment_code(&id(), DESK, NOW)).unwrap();
    let issue: Desk = |verifier| {
        block_on(verifier.issue_enrollment_code(&id(), &self::code(8), DESK, NOW)).unwrap();
    };
    for desk in [withdraw, issue] {
        let verifier = with_code(Memory::new(), &code);
        let login = fresh();
        let enrolled = enroll(&verifier, &login, &text(&code), phone(66), NOW).unwrap().number;
        desk(&verifier);
        let confirmed = block_on(verifier.confirm(&id(), &login, enrolled, &code_of(66, NOW), NOW));
        assert_eq!(account_error(confirmed), AccountError::UnknownAuthenticator(enrolled));
        assert!(enroll(&verifier, &login, &text(&code), phone(66), NOW).is_err());
    }
    let verifier = with_code(Memory::new(), &code);
    withdraw(&verifier);
    let none = block_on(verifier.withdraw_enrollment_code(&id(), DESK, NOW));
    assert_eq!(account_error(none), AccountError::NoEnrollmentCode);
}

/// Somebody else has used the code. The help desk learns of it after the code has expired, and before the enrollment
/// would.
#[test]
fn an_enrollment_ends_with_its_code() {
    type Later = fn(&Verifier<Memory>);

    let code = code(7);
    let policy = roomy().with_confirmation_login(true);
    let issue: Later = |verifier| {
        block_on(verifier.issue_enrollment_code(&id(), &self::code(8), DESK, after(3600))).unwrap();
    };
    let another: Later = |verifier| {
        block_on(verifier.enroll(&id(), &fresh(), phone(3), after(3600))).unwrap();
    };
    for later in [issue, another] {
        let verifier = Verifier::new(Memory::new(), keys(), policy);
        block_on(verifier.enroll(&id(), &fresh(), phone(1), NOW)).unwrap();
        block_on(verifier.issue_enrollment_code(&id(), &code, DESK, NOW)).unwrap();
        let login = fresh();
        let enrolled = enroll(&verifier, &login, &text(&code), phone(66), after(3000)).unwrap().number;
        later(&verifier);
        let confirmed = block_on(verifier.confirm(&id(), &login, enrolled, &code_of(66, after(3600)), after(3600)));
        assert_eq!(account_error(confirmed), AccountError::UnknownAuthenticator(enrolled));
    }
}

/// A number that is not in the view names no authenticator. An operator who revokes it would leave the enrollment.
#[test]
fn a_code_has_no_number_for_other_calls() {
    let code = code(7);
    let verifier = with_code(Memory::new(), &code);
    enroll(&verifier, &fresh(), &text(&code), phone(2), NOW).unwrap();
    let name = DisplayName::new("code").unwrap();
    for result in [
        block_on(verifier.revoke(&id(), SECOND, DESK, NOW)),
        block_on(verifier.suspend_authenticator(&id(), SECOND, DESK, NOW)),
        block_on(verifier.rename(&id(), SECOND, name, DESK, NOW)),
    ] {
        assert_eq!(account_error(result), AccountError::UnknownAuthenticator(SECOND));
    }
    assert!(block_on(verifier.view(&id(), NOW)).unwrap().enrollment_code.is_some());
}

/// With a code beside them, as many entries as there can be are still read.
#[test]
fn an_account_with_everything_stays_readable() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), roomy());
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let login = verifier.log_in(&id(), &code_of(1, after(30)), after(30)).unwrap();
    for byte in 1..16 {
        block_on(verifier.enroll(&id(), &fresh(), passkey(&[byte; 16]), NOW)).unwrap();
    }
    for byte in 1..9 {
        let (name, days) = (DisplayName::new("browser").unwrap(), BrowserDays::new(30).unwrap());
        block_on(verifier.remember(&login, name, days, &[byte; 32], NOW)).unwrap();
    }
    block_on(verifier.issue_enrollment_code(&id(), &code(7), DESK, NOW)).unwrap();
    let view = block_on(verifier.view(&id(), NOW)).unwrap();
    assert_eq!((view.authenticators.len(), view.browsers.len()), (16, 8));
    assert!(verifier.log_in(&id(), &code_of(1, after(60)), after(60)).is_ok());
}

/// A machine whose clock was years ahead issued a code.
#[test]
fn a_code_of_a_clock_that_was_ahead_is_none() {
    let verifier = with_code(Memory::new(), &code(7));
    let ahead = after(10 * 365 * 86_400);
    block_on(verifier.issue_enrollment_code(&id(), &code(8), DESK, ahead)).unwrap();
    let used = enroll(&verifier, &fresh(), &text(&code(8)), phone(2), NOW);
    assert_eq!(account_error(used), AccountError::NoEnrollmentCode);
    // A clock that is less than a minute ahead takes nothing from the longest code.
    let longest = EnrollmentCode::new(EnrollmentCode::MAX_VALIDITY, &[9; 32]).unwrap();
    block_on(verifier.issue_enrollment_code(&id(), &longest, DESK, after(50))).unwrap();
    assert!(enroll(&verifier, &fresh(), &text(&longest), phone(2), NOW).is_ok());
    // Nor does the longest code of one that is more than a minute ahead last longer.
    let longest = EnrollmentCode::new(EnrollmentCode::MAX_VALIDITY, &[10; 32]).unwrap();
    block_on(verifier.issue_enrollment_code(&id(), &longest, DESK, after(61))).unwrap();
    let used = enroll(&verifier, &fresh(), &text(&longest), phone(3), NOW);
    assert_eq!(account_error(used), AccountError::NoEnrollmentCode);
}

/// The subscriber's own account may be locked by somebody else.
#[test]
fn a_locked_account_takes_the_code_and_stays_locked() {
    let code = code(7);
    let verifier = with_code(Memory::new(), &code);
    for _ in 0..5 {
        let _ = verifier.log_in(&id(), &wrong_code(), NOW);
    }
    let (login, now) = (fresh(), after(60));
    let enrolled = enroll(&verifier, &login, &text(&code), phone(2), now).unwrap();
    block_on(verifier.confirm(&id(), &login, enrolled.number, &code_of(2, now), now)).unwrap();
    assert!(matches!(refusal(verifier.log_in(&id(), &code_of(2, after(90)), after(90))), Refusal::Locked { .. }));
}

/// An authenticator without a confirmation ends the code at once. A failed enrollment does not use it up.
#[test]
fn a_code_is_used_up_by_an_enrollment_only() {
    let code = code(7);
    let verifier = with_code(Memory::new(), &code);
    let login = fresh();
    let same = enroll(&verifier, &login, &text(&code), phone(1), NOW);
    assert_eq!(account_error(same), AccountError::SecretInUse(FIRST));
    let other = fresh();
    let begun = enroll(&verifier, &other, &text(&code), phone(2), NOW).unwrap().number;
    enroll(&verifier, &other, &text(&code), passkey(b"key"), NOW).unwrap();
    let both = block_on(verifier.confirm(&id(), &other, begun, &code_of(2, NOW), NOW));
    assert_eq!(account_error(both), AccountError::UnknownAuthenticator(begun));
    let second = enroll(&verifier, &other, &text(&code), &RecoveryCodes::new(&[9; 32]), NOW);
    assert_eq!(account_error(second), AccountError::NoEnrollmentCode);
}

#[test]
fn a_validity_has_limits() {
    for secs in [60, 21 * 24 * 3600] {
        assert!(EnrollmentCode::new(Duration::from_secs(secs), &[7; 32]).is_ok());
    }
    for found in [Duration::from_millis(59_999), Duration::from_millis(21 * 24 * 3_600_000 + 1), Duration::MAX] {
        assert_eq!(EnrollmentCode::new(found, &[7; 32]).unwrap_err(), EnrollmentCodeError { found });
    }
    assert_ne!(text(&code(7)), text(&code(8)));
    assert!(!format!("{:?}", code(7)).contains(&text(&code(7))[..4]));
}

/// The action, its problem, the attempts left, and `true` for an operator and for a notification.
type Kept = (Action, Option<&'static str>, Option<u8>, bool, bool);

struct Log(&'static Mutex<Vec<Kept>>);

impl Sink for Log {
    fn record(&self, event: &Event<'_>) {
        let kept = (event.action, event.problem, event.remaining, event.operator.is_some(), event.must_notify());
        self.0.lock().unwrap().push(kept);
    }
}

#[test]
fn events_tell_of_the_operator_and_notify_the_subscriber() {
    static EVENTS: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

    let verifier = with_code(Memory::new(), &code(7)).with_sink(Log(&EVENTS));
    block_on(verifier.issue_enrollment_code(&id(), &code(8), DESK, NOW)).unwrap();
    let login = fresh();
    let _ = enroll(&verifier, &login, &text(&code(7)), phone(2), NOW);
    assert_eq!(enroll(&verifier, &login, &text(&code(8)), phone(2), NOW).unwrap().number.get(), SECOND.get() + 2);
    let expected = [
        (Action::IssueEnrollmentCode, None, None, true, true),
        (Action::EnrollWithCode, Some("wrong_enrollment_code"), None, false, false),
        (Action::EnrollWithCode, None, None, false, true),
    ];
    assert_eq!(*EVENTS.lock().unwrap(), expected);
}
