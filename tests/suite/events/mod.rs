//! Tests of the events: one for each call, with the right fields, without secrets, and on one line.
#![cfg(feature = "std")]

mod calls;
mod notices;
mod secrets;

use std::sync::{Arc, Mutex};

use pollster::block_on;
use secondo::audit::{Action, Event, Operator, Sink};
use secondo::factor::External;
use secondo::store::{Memory, Store};
use secondo::types::Level;
use secondo::{
    AccountId, Algorithm, Authenticator, AuthenticatorNumber, Hotp, Policy, Secret, State, Totp, Transaction, UnixTime,
    Verifier,
};

use crate::support::enrolled::{NOW, authenticator, keys};
use crate::support::logins::DESK;

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
