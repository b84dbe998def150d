//! Tests of the events of which the subscriber is told.

use pollster::block_on;
use secondo::audit::Action;
use secondo::factor::{BrowserDays, RecoveryCodes};
use secondo::store::Memory;
use secondo::types::DisplayName;
use secondo::{AuthenticatorNumber, State};

use super::{Fields, Seen, done, id, login, observed, passkey, refused, token};
use crate::support::enrolled::{FIRST, NOW, SECOND, after, code_at};
use crate::support::logins::DESK;

/// The subscriber must learn of a passkey that somebody else bound. No confirmation follows that would tell.
#[test]
fn a_bound_external_authenticator_is_notified() {
    let (verifier, events) = observed(Memory::new());
    block_on(verifier.enroll(&id(), &login(1), passkey(), NOW)).unwrap();
    assert_eq!(events.only().fields, done(Action::EnrollExternal).of(2).revision(2).notified());
}

/// The subscriber must learn of new recovery codes, of each that is used, and of the device that one ends.
#[test]
fn recovery_codes_are_events_that_are_notified() {
    use Action::{EnrollRecoveryCodes, Recover, RecoverAndRevoke};

    let (verifier, events) = observed(Memory::new());
    let expect = |fields: Fields| {
        let seen = events.only();
        assert_eq!(seen.fields, fields);
        assert_eq!(seen.line, fields.line());
    };
    let codes = RecoveryCodes::long(&[7; 32]);
    let texts: Vec<_> = codes.texts().collect();
    let wrong = RecoveryCodes::long(&[8; 32]).texts().next().unwrap();
    let recover = |n, text: &str| drop(block_on(verifier.recover(&id(), &login(n), text, NOW)));
    let recover_from = |n, text: &str, lost| {
        drop(block_on(verifier.recover_and_revoke(&id(), &login(n), text, lost, NOW)));
    };

    recover(1, texts[0].as_str());
    expect(refused(Recover, "no_recovery_codes"));
    block_on(verifier.enroll(&id(), &login(1), &codes, NOW)).unwrap();
    expect(done(EnrollRecoveryCodes).of(2).revision(2).notified());
    recover(1, &texts[0].as_str()[1..]);
    expect(refused(Recover, "malformed"));
    for revision in [Some(3), None] {
        recover(1, wrong.as_str());
        expect(Fields { revision, ..refused(Recover, "wrong").left(4) });
    }
    recover(1, texts[0].as_str());
    expect(done(Recover).of(2).revision(4).notified());
    recover(1, texts[0].as_str());
    expect(refused(Recover, "repeated").of(2));
    recover(1, texts[1].as_str());
    expect(refused(Recover, "logged_in"));
    recover(2, texts[0].as_str());
    expect(refused(Recover, "replayed").left(4).revision(5));
    recover_from(3, texts[1].as_str(), AuthenticatorNumber::new(9));
    expect(refused(RecoverAndRevoke, "unknown_authenticator").of(9));
    recover_from(3, texts[1].as_str(), FIRST);
    expect(done(RecoverAndRevoke).of(1).revision(6).notified());
    recover_from(3, texts[1].as_str(), FIRST);
    expect(refused(RecoverAndRevoke, "repeated").of(1));
}

/// A browser that somebody else had remembered must not go unnoticed.
#[test]
fn a_remembered_browser_is_notified_and_its_use_is_an_event() {
    use Action::{Recall, Remember};

    let (verifier, events) = observed(Memory::new());
    let accepted = block_on(verifier.verify(&id(), &login(1), &code_at(0), NOW)).unwrap();
    events.take();
    let remember = |byte| {
        block_on(verifier.remember(&accepted, DisplayName::EMPTY, BrowserDays::new(1).unwrap(), &[byte; 32], NOW))
    };
    let recall = |token: &str, now| drop(block_on(verifier.recall(&id(), token, &[9; 32], now)));
    let browser = remember(1).unwrap();
    assert_eq!(events.only().fields, done(Remember).of(2).revision(3).notified());
    remember(1).unwrap_err();
    assert_eq!(events.only().fields, refused(Remember, "secret_in_use"));

    let token = browser.token.as_str();
    recall(token, after(100));
    assert_eq!(events.only().fields, done(Recall).of(2).revision(4).at(after(100)));
    recall(token, after(100));
    let Seen { fields, line, debug } = events.only();
    assert_eq!(fields, done(Recall).of(2).at(after(100)));
    assert!(!line.contains(token) && !debug.contains(token));
    recall(token, after(200));
    assert_eq!(events.only().fields, refused(Recall, "unknown_browser").at(after(200)));
}

#[test]
fn a_refused_change_is_not_notified() {
    let (verifier, events) = observed(Memory::new());
    let token = [(token().into(), State::new())];
    block_on(verifier.import(&id(), &token, DESK, NOW)).unwrap_err();
    block_on(verifier.revoke(&id(), FIRST, DESK, NOW)).unwrap_err();
    block_on(verifier.suspend_authenticator(&id(), SECOND, DESK, NOW)).unwrap_err();
    assert!(events.take().iter().all(|seen| !seen.fields.must_notify));
}
