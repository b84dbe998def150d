//! Tests that each call is one event.

use pollster::block_on;
use secondo::audit::Action;
use secondo::hsm::HsmKey;
use secondo::store::Memory;
use secondo::types::DisplayName;
use secondo::{Algorithm, Authenticator, Policy, State, Totp, Verifier, VerifierError};

use super::{Fields, Kept, done, id, login, observed, passkey, refused, token};
use crate::support::enrolled::{FIRST, NOW, SECOND, after, authenticator, code_at, keys, wrong_code};
use crate::support::failing::{Fault, failing};
use crate::support::logins::DESK;

#[test]
fn every_call_of_a_subscriber_is_one_event() {
    use Action::{Confirm, Enroll, Resync, Verify};

    let events = Kept::default();
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new()).with_sink(events.clone());
    let expect = |fields: Fields| {
        let seen = events.only();
        assert_eq!(seen.fields, fields);
        assert_eq!(seen.line, fields.line());
    };
    let enroll = |n| drop(block_on(verifier.enroll(&id(), &login(n), authenticator(Totp::default()), NOW)));
    let confirm = |n, number, code: &str| drop(block_on(verifier.confirm(&id(), &login(n), number, code, NOW)));
    let verify = |n, code: &str, now| drop(block_on(verifier.verify(&id(), &login(n), code, now)));
    let verify_with =
        |n, number, code: &str, now| drop(block_on(verifier.verify_with(&id(), &login(n), number, code, now)));
    let resync = |n, codes: &[&str], now| drop(block_on(verifier.resync(&id(), &login(n), FIRST, codes, now)));

    verify(0, &wrong_code(), NOW);
    expect(refused(Verify, "unknown"));
    enroll(1);
    expect(done(Enroll).of(1).revision(1));
    drop(block_on(verifier.enroll_beside(&id(), &login(1), token(), NOW)));
    expect(refused(Enroll, "unconfirmed"));
    verify(0, &code_at(0), NOW);
    expect(refused(Verify, "unconfirmed"));
    for revision in [Some(2), None] {
        confirm(1, FIRST, &wrong_code());
        expect(Fields { revision, ..refused(Confirm, "wrong").of(1).left(4) });
    }
    confirm(2, FIRST, &code_at(0));
    expect(refused(Confirm, "other_transaction").of(1));
    confirm(1, FIRST, &code_at(0));
    expect(done(Confirm).of(1).revision(3).notified());
    confirm(1, FIRST, &code_at(0));
    expect(refused(Confirm, "repeated").of(1));
    confirm(2, FIRST, &code_at(0));
    expect(refused(Confirm, "already_confirmed").of(1));
    confirm(2, SECOND, &code_at(0));
    expect(refused(Confirm, "unknown_authenticator").of(2));
    enroll(2);
    expect(refused(Enroll, "secret_in_use"));

    for revision in [Some(4), None] {
        verify(3, &wrong_code(), NOW);
        expect(Fields { revision, ..refused(Verify, "wrong").left(4) });
    }
    verify(3, "12345", NOW);
    expect(refused(Verify, "malformed"));
    verify(4, &code_at(1), after(30));
    expect(done(Verify).of(1).revision(5).at(after(30)));
    verify(4, &code_at(1), after(30));
    let repeated = events.only().fields;
    assert_eq!((repeated.problem, repeated.remaining, repeated.revision), (Some("repeated"), None, None));
    verify(4, &code_at(2), after(60));
    expect(refused(Verify, "logged_in").at(after(60)));
    verify_with(5, FIRST, &code_at(1), after(30));
    expect(refused(Verify, "replayed").of(1).left(4).revision(6).at(after(30)));
    verify_with(5, SECOND, &code_at(1), after(30));
    expect(refused(Verify, "unknown_authenticator").of(2).at(after(30)));
    verify_with(6, FIRST, &code_at(2), after(60));
    expect(done(Verify).of(1).revision(7).at(after(60)));
    resync(7, &[&code_at(3), &code_at(4)], after(120));
    expect(done(Resync).of(1).revision(8).at(after(120)));
    resync(8, &[&code_at(3), &code_at(4)], after(120));
    expect(refused(Resync, "replayed").of(1).left(4).revision(9).at(after(120)));

    let now = after(150);
    for (remaining, revision) in (0..4).rev().zip(10..) {
        verify(20 + usize::from(remaining), &wrong_code(), now);
        expect(refused(Verify, "wrong").left(remaining).revision(revision).at(now));
    }
    verify(9, &code_at(5), now);
    expect(refused(Verify, "locked").at(now));
    assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().revision, 13);
}

#[test]
fn every_call_of_an_operator_is_one_event() {
    use Action::{
        Close, EnrollExternal, Export, ForgetDrift, Import, LowerWatermark, RaiseWatermarks, Rename, Resume, Revoke,
        Suspend, Unlock, Verify,
    };

    let (verifier, events) = observed(Memory::new());
    let expect = |fields: Fields| {
        let seen = events.only();
        assert_eq!(seen.fields, fields);
        assert_eq!(seen.line, fields.line());
    };
    let import = |state| block_on(verifier.import(&id(), &[(token().into(), state)], DESK, NOW));
    let verify = |n, code: &str| drop(block_on(verifier.verify(&id(), &login(n), code, NOW)));

    import(State::new()).unwrap_err();
    expect(refused(Import, "not_confirmed").by_desk());
    import(State::new().confirmed()).unwrap();
    expect(done(Import).revision(2).by_desk().notified());
    import(State::new().confirmed()).unwrap_err();
    expect(refused(Import, "secret_in_use").by_desk());
    block_on(verifier.export(&id(), DESK, NOW)).unwrap();
    expect(done(Export).by_desk().notified());

    block_on(verifier.suspend_authenticator(&id(), SECOND, DESK, NOW)).unwrap();
    expect(done(Suspend).of(2).revision(3).by_desk().notified());
    block_on(verifier.verify_with(&id(), &login(1), SECOND, &code_at(0), NOW)).unwrap_err();
    expect(refused(Verify, "suspended").of(2));
    block_on(verifier.resume_authenticator(&id(), SECOND, DESK, NOW)).unwrap();
    expect(done(Resume).of(2).revision(4).by_desk().notified());
    block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    expect(done(Suspend).revision(5).by_desk().notified());
    verify(1, &code_at(0));
    expect(refused(Verify, "suspended"));
    block_on(verifier.enroll(&id(), &login(1), passkey(), NOW)).unwrap_err();
    expect(refused(EnrollExternal, "suspended"));
    block_on(verifier.resume(&id(), DESK, NOW)).unwrap();
    expect(done(Resume).revision(6).by_desk().notified());

    let name = DisplayName::new("telefono").unwrap();
    block_on(verifier.rename(&id(), FIRST, name, DESK, NOW)).unwrap();
    expect(done(Rename).of(1).revision(7).by_desk());
    block_on(verifier.unlock(&id(), DESK, NOW)).unwrap();
    expect(done(Unlock).revision(8).by_desk());
    block_on(verifier.forget_drift(&id(), FIRST, DESK, NOW)).unwrap();
    expect(done(ForgetDrift).of(1).revision(9).by_desk());
    block_on(verifier.forget_drift(&id(), SECOND, DESK, NOW)).unwrap_err();
    expect(refused(ForgetDrift, "no_clock").of(2).by_desk());
    block_on(verifier.lower_watermark(&id(), FIRST, DESK, NOW)).unwrap_err();
    expect(refused(LowerWatermark, "watermark_in_reach").of(1).by_desk());
    let ahead = after(10 * 86_400);
    block_on(verifier.raise_watermarks(&id(), DESK, ahead)).unwrap();
    expect(done(RaiseWatermarks).revision(10).at(ahead).by_desk());
    verify(2, &code_at(0));
    expect(refused(Verify, "clock_behind"));
    block_on(verifier.lower_watermark(&id(), FIRST, DESK, NOW)).unwrap();
    expect(done(LowerWatermark).of(1).revision(11).by_desk());

    block_on(verifier.revoke(&id(), SECOND, DESK, NOW)).unwrap();
    expect(done(Revoke).of(2).revision(12).by_desk().notified());
    block_on(verifier.revoke(&id(), FIRST, DESK, NOW)).unwrap_err();
    expect(refused(Revoke, "last").of(1).by_desk());
    block_on(verifier.close(&id(), None, DESK, NOW)).unwrap();
    expect(done(Close).revision(13).by_desk().notified());
    verify(3, &code_at(0));
    expect(refused(Verify, "closed"));
    block_on(verifier.export(&id(), DESK, NOW)).unwrap_err();
    expect(refused(Export, "closed").by_desk());
}

#[test]
fn a_call_on_an_unknown_account_is_one_event() {
    let events = Kept::default();
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new()).with_sink(events.clone());
    let (id, login, name) = (id(), login(1), DisplayName::EMPTY);
    for (action, result) in [
        (Action::Verify, block_on(verifier.verify(&id, &login, "123456", NOW)).map(drop)),
        (Action::Verify, block_on(verifier.verify_with(&id, &login, FIRST, "123456", NOW)).map(drop)),
        (Action::Confirm, block_on(verifier.confirm(&id, &login, FIRST, "123456", NOW)).map(drop)),
        (Action::Recover, block_on(verifier.recover(&id, &login, "123456", NOW)).map(drop)),
        (Action::RecoverAndRevoke, block_on(verifier.recover_and_revoke(&id, &login, "1", FIRST, NOW)).map(drop)),
        (Action::Resync, block_on(verifier.resync(&id, &login, FIRST, &["123456"; 2], NOW)).map(drop)),
        (Action::Recall, block_on(verifier.recall(&id, "", &[1; 32], NOW)).map(drop)),
        (Action::Suspend, block_on(verifier.suspend(&id, DESK, NOW))),
        (Action::Resume, block_on(verifier.resume(&id, DESK, NOW))),
        (Action::Suspend, block_on(verifier.suspend_authenticator(&id, FIRST, DESK, NOW))),
        (Action::Resume, block_on(verifier.resume_authenticator(&id, FIRST, DESK, NOW))),
        (Action::Rename, block_on(verifier.rename(&id, FIRST, name, DESK, NOW))),
        (Action::Unlock, block_on(verifier.unlock(&id, DESK, NOW))),
        (Action::AllowEnrollments, block_on(verifier.allow_enrollments(&id, DESK, NOW))),
        (Action::LowerWatermark, block_on(verifier.lower_watermark(&id, FIRST, DESK, NOW))),
        (Action::ForgetDrift, block_on(verifier.forget_drift(&id, FIRST, DESK, NOW))),
        (Action::RaiseWatermarks, block_on(verifier.raise_watermarks(&id, DESK, NOW))),
        (Action::Revoke, block_on(verifier.revoke(&id, FIRST, DESK, NOW))),
        (Action::Close, block_on(verifier.close(&id, None, DESK, NOW))),
        (Action::Export, block_on(verifier.export(&id, DESK, NOW)).map(drop)),
    ] {
        assert!(matches!(result, Err(VerifierError::Unknown)), "{action:?}");
        let seen = events.0.lock().unwrap().remove(0).fields;
        assert_eq!(
            (seen.action, seen.problem, seen.revision, seen.must_notify),
            (action, Some("unknown"), None, false)
        );
    }
    assert!(events.take().is_empty());
    // To look at an account is no decision.
    block_on(verifier.view(&id, NOW)).unwrap_err();
    assert!(events.take().is_empty());
}

#[test]
fn an_outage_is_an_event_without_a_revision() {
    let store = Memory::new();
    drop(observed(&store));
    let events = Kept::default();
    for (number, (fault, problem)) in (10..).zip([
        (Fault::Load, "store"),
        (Fault::Exchange, "store"),
        (Fault::AfterExchange, "store"),
        (Fault::AlwaysConflict, "contended"),
    ]) {
        let verifier = Verifier::new(failing(&store, fault), keys(), Policy::new()).with_sink(events.clone());
        block_on(verifier.verify(&id(), &login(number), &wrong_code(), NOW)).unwrap_err();
        assert_eq!(events.only().fields, refused(Action::Verify, problem));
        block_on(verifier.unlock(&id(), DESK, NOW)).unwrap_err();
        assert_eq!(events.only().fields, refused(Action::Unlock, problem).by_desk());
    }

    let plain = Verifier::unsealed(&store, Policy::new()).with_sink(events.clone());
    block_on(plain.verify(&id(), &login(2), &code_at(0), NOW)).unwrap_err();
    assert_eq!(events.only().fields, refused(Action::Verify, "record"));

    let (verifier, events) = observed(Memory::new());
    let key = HsmKey::new(b"slot/7").unwrap();
    let card = Authenticator::in_hsm(Totp::default(), Algorithm::Sha1, key);
    block_on(verifier.import(&id(), &[(card.into(), State::new().confirmed())], DESK, NOW)).unwrap();
    events.take();
    block_on(verifier.verify_with(&id(), &login(3), SECOND, &code_at(0), NOW)).unwrap_err();
    assert_eq!(events.only().fields, refused(Action::Verify, "hsm").of(2));
}

/// Somebody who reads the events must find a change whose own event was lost.
#[test]
fn a_change_without_an_event_is_a_gap_in_the_revisions() {
    let store = Memory::new();
    let (verifier, events) = observed(&store);
    let silent = Verifier::new(&store, keys(), Policy::new());
    let revision = || {
        block_on(verifier.unlock(&id(), DESK, NOW)).unwrap();
        events.only().fields.revision
    };
    assert_eq!([revision(), revision()], [Some(2), Some(3)]);
    block_on(silent.verify(&id(), &login(1), &wrong_code(), NOW)).unwrap_err();
    assert_eq!(revision(), Some(5));
    assert!(block_on(silent.verify(&id(), &login(2), &code_at(0), NOW)).is_ok());
    block_on(silent.suspend(&id(), DESK, NOW)).unwrap();
    assert_eq!(revision(), Some(8));
}
