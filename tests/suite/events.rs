//! Tests of the events: one for each call, with the right fields, without secrets, and on one line.
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::failing;
use crate::support::logins;

use std::sync::{Arc, Mutex};

use enrolled::{FIRST, NOW, SECOND, SECRET, after, authenticator, code_at, keys, wrong_code};
use failing::{Fault, failing};
use logins::DESK;
use pollster::block_on;
use secondo::audit::{Action, Event, Operator, Sink};
use secondo::factor::{BrowserDays, External, RecoveryCodes};
use secondo::hsm::HsmKey;
use secondo::store::{Memory, Store};
use secondo::types::{Counter, DisplayName, Level};
use secondo::{
    AccountId, Algorithm, Authenticator, AuthenticatorNumber, Hotp, Policy, Secret, State, Totp, Transaction, UnixTime,
    Verifier, VerifierError,
};

/// A sink that keeps the events until they are taken.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Seen>>>);

/// An event that was received.
struct Seen {
    fields: Fields,
    line: String,
    debug: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Fields {
    time: UnixTime,
    account: AccountId,
    action: Action,
    authenticator: Option<u32>,
    problem: Option<&'static str>,
    remaining: Option<u8>,
    revision: Option<u64>,
    operator: Option<(String, String)>,
    must_notify: bool,
}

impl Sink for Kept {
    fn record(&self, event: &Event<'_>) {
        let fields = Fields {
            time: event.time,
            account: *event.account,
            action: event.action,
            authenticator: event.authenticator.map(AuthenticatorNumber::get),
            problem: event.problem,
            remaining: event.remaining,
            revision: event.revision,
            operator: event.operator.map(|by| (by.name.to_owned(), by.reason.to_owned())),
            must_notify: event.must_notify(),
        };
        self.0.lock().unwrap().push(Seen { fields, line: event.to_string(), debug: format!("{event:?}") });
    }
}

impl Kept {
    fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn only(&self) -> Seen {
        let mut seen = self.take();
        let one = seen.pop().expect("an event");
        assert!(seen.is_empty(), "a second event: {}", seen[0].line);
        one
    }
}

/// Returns the fields of an action that was done at [`NOW`].
fn done(action: Action) -> Fields {
    Fields {
        time: NOW,
        account: id(),
        action,
        authenticator: None,
        problem: None,
        remaining: None,
        revision: None,
        operator: None,
        must_notify: false,
    }
}

fn refused(action: Action, problem: &'static str) -> Fields {
    Fields { problem: Some(problem), ..done(action) }
}

impl Fields {
    fn of(mut self, number: u32) -> Self {
        self.authenticator = Some(number);
        self
    }

    fn left(mut self, remaining: u8) -> Self {
        self.remaining = Some(remaining);
        self
    }

    fn revision(mut self, revision: u64) -> Self {
        self.revision = Some(revision);
        self
    }

    fn at(mut self, time: UnixTime) -> Self {
        self.time = time;
        self
    }

    fn by_desk(mut self) -> Self {
        self.operator = Some((DESK.name.to_owned(), DESK.reason.to_owned()));
        self
    }

    fn notified(mut self) -> Self {
        self.must_notify = true;
        self
    }

    fn line(&self) -> String {
        let mut parts = vec![
            format!("time={}", self.time),
            format!("account={}", self.account),
            format!("action={}", self.action.label()),
        ];
        parts.extend(self.authenticator.map(|number| format!("authenticator={number}")));
        parts.push(format!("outcome={}", self.problem.unwrap_or("done")));
        parts.extend(self.remaining.map(|remaining| format!("remaining={remaining}")));
        parts.extend(self.revision.map(|revision| format!("revision={revision}")));
        parts.extend(self.operator.as_ref().map(|(name, reason)| format!("operator=\"{name}\" reason=\"{reason}\"")));
        parts.join(" ")
    }
}

fn id() -> AccountId {
    AccountId::new("rossi").unwrap()
}

/// Returns a transaction whose bytes are readable, so that a line that shows them is found.
fn login(number: usize) -> Transaction {
    Transaction::new(transaction_text(number).as_bytes()).unwrap()
}

fn transaction_text(number: usize) -> String {
    format!("session-{number:016}")
}

fn token() -> Authenticator {
    Authenticator::new(Hotp::default(), Algorithm::Sha1, Secret::from_bytes(&[7; 20]).unwrap())
}

fn passkey() -> External {
    External::new(Level::Three, b"credential 4711").unwrap()
}

/// Creates a verifier whose events are kept, over an account with a confirmed phone at revision 1.
fn observed<S: Store>(store: S) -> (Verifier<S>, Kept) {
    let events = Kept::default();
    let verifier = Verifier::new(store, keys(), Policy::new()).with_sink(events.clone());
    let phone = [(authenticator(Totp::default()).into(), State::new().confirmed())];
    block_on(verifier.import(&id(), &phone, DESK, NOW)).unwrap();
    events.take();
    (verifier, events)
}

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
    expect(refused(Verify, "wrong").left(4).revision(11));
    block_on(verifier.lower_watermark(&id(), FIRST, DESK, NOW)).unwrap();
    expect(done(LowerWatermark).of(1).revision(12).by_desk());

    block_on(verifier.revoke(&id(), SECOND, DESK, NOW)).unwrap();
    expect(done(Revoke).of(2).revision(13).by_desk().notified());
    block_on(verifier.revoke(&id(), FIRST, DESK, NOW)).unwrap_err();
    expect(refused(Revoke, "last").of(1).by_desk());
    block_on(verifier.close(&id(), None, DESK, NOW)).unwrap();
    expect(done(Close).revision(14).by_desk().notified());
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

#[test]
fn no_event_contains_a_code_a_secret_or_a_transaction() {
    let (verifier, events) = observed(Memory::new());
    let secret = Secret::from_bytes(SECRET).unwrap();
    let hex: Vec<_> = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut hidden =
        vec![String::from_utf8(SECRET.to_vec()).unwrap(), secret.to_base32().as_str().to_owned(), hex.concat()];
    hidden.push(format!("{SECRET:?}"));
    let token_code = Hotp::default().generate(&token().key().unwrap(), Counter::new(0)).as_str().to_owned();
    // No number in an event looks like this code.
    let wrong = "483920".to_owned();
    assert!((-20..=20).all(|steps| code_at(steps) != wrong));
    let codes = [code_at(0), code_at(1), wrong.clone(), token_code.clone(), "credential".to_owned()];
    hidden.extend(codes);
    hidden.push("session-".to_owned());

    let submit = |n, code: &str, now| drop(block_on(verifier.verify(&id(), &login(n), code, now)));
    submit(1, &wrong, NOW);
    submit(1, &wrong, NOW);
    submit(2, &code_at(0), NOW);
    submit(2, &code_at(0), NOW);
    submit(2, &code_at(1), NOW);
    submit(3, &code_at(0), NOW);
    submit(4, &format!("x{}", code_at(0)), NOW);
    drop(block_on(verifier.resync(&id(), &login(5), FIRST, &[&code_at(0), &code_at(1)], NOW)));
    block_on(verifier.enroll(&id(), &login(6), token(), NOW)).unwrap();
    drop(block_on(verifier.confirm(&id(), &login(6), SECOND, &wrong, NOW)));
    block_on(verifier.confirm(&id(), &login(6), SECOND, &token_code, NOW)).unwrap();
    drop(block_on(verifier.enroll(&id(), &login(7), authenticator(Totp::default()), NOW)));
    block_on(verifier.enroll(&id(), &login(8), passkey(), NOW)).unwrap();
    block_on(verifier.export(&id(), DESK, NOW)).unwrap();

    let seen = events.take();
    assert_eq!(seen.len(), 14);
    for Seen { line, debug, .. } in seen {
        for hidden in &hidden {
            assert!(!line.contains(hidden) && !debug.contains(hidden), "{hidden} is in {line} or {debug}");
        }
    }
}

/// Returns the names in a line of `name=value` pairs. A value may be quoted, with backslashes before quotes in it.
fn names(line: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=').expect("a value");
        names.push(name);
        let end = if value.starts_with('"') {
            let mut is_escaped = false;
            let closing = value.char_indices().skip(1).find(|(_, character)| {
                let is_closing = *character == '"' && !is_escaped;
                is_escaped = *character == '\\' && !is_escaped;
                is_closing
            });
            closing.expect("a closing quote").0 + 1
        } else {
            value.find(' ').unwrap_or(value.len())
        };
        rest = value[end..].strip_prefix(' ').unwrap_or(&value[end..]);
    }
    names
}

#[test]
fn the_text_of_an_operator_cannot_forge_an_event() {
    let (verifier, events) = observed(Memory::new());
    let forged = "time=2026-01-01T00:00:00Z account=bianchi action=verify authenticator=1 outcome=done";
    for text in [
        format!("desk\n{forged}"),
        format!("desk\r\n{forged}"),
        format!("desk\u{2028}{forged}"),
        format!("desk\u{85}{forged}"),
        format!("desk\" {forged} x=\""),
        format!("desk\\\" {forged} x=\"\\"),
        "desk\u{1b}[2K\u{8}".to_owned(),
        "\u{202e}ksed".to_owned(),
        "\\".to_owned(),
        "\"".to_owned(),
        String::new(),
    ] {
        for by in [Operator::new(&text, "reason"), Operator::new("desk", &text), Operator::new(&text, &text)] {
            block_on(verifier.suspend(&id(), by, NOW)).unwrap();
            let Seen { line, fields, .. } = events.only();
            assert_eq!(fields.operator, Some((by.name.to_owned(), by.reason.to_owned())));
            assert_eq!(names(&line), ["time", "account", "action", "outcome", "revision", "operator", "reason"]);
            let is_plain = |character: char| {
                !character.is_control() && !matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}')
            };
            assert!(line.chars().all(is_plain), "{line:?}");
        }
    }
}

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

/// Collects what `tracing` receives, as lines.
#[cfg(feature = "tracing")]
mod with_tracing {
    use std::fmt::{Debug, Write};
    use std::sync::{Arc, Mutex};

    use secondo::audit::Tracing;
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut line = Line(format!("{} {}", event.metadata().level(), event.metadata().target()));
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn tracing_receives_every_field() {
        let lines = Lines::default();
        tracing::subscriber::with_default(lines.clone(), || {
            let verifier = Verifier::new(Memory::new(), keys(), Policy::new()).with_sink(Tracing);
            let phone = [(token().into(), State::new().confirmed())];
            block_on(verifier.import(&id(), &phone, DESK, NOW)).unwrap();
            block_on(verifier.verify(&id(), &login(1), "000000", NOW)).unwrap_err();
        });
        let lines = lines.0.lock().unwrap();
        let [imported, refused] = &lines[..] else { panic!("{lines:?}") };
        assert!(imported.starts_with("INFO secondo"), "{imported}");
        for field in ["message=import", "account=rossi", "revision=1", "operator=\"desk\"", "must_notify=true"] {
            assert!(imported.contains(field), "{field} in {imported}");
        }
        assert!(refused.starts_with("WARN secondo"), "{refused}");
        for field in ["message=verify", "outcome=\"wrong\"", "remaining=4", "revision=2", "must_notify=false"] {
            assert!(refused.contains(field), "{field} in {refused}");
        }
        assert!(!refused.contains("authenticator="), "{refused}");
    }
}
