use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::{fmt, mem};
use std::sync::{Mutex, MutexGuard, PoisonError};

use secondo::audit::{Event, Sink};

/// A [`Sink`] that writes events into the table `secondo_outbox`, in the transaction of the decision.
///
/// It comes from [`InTransaction::outbox`](crate::InTransaction::outbox), for the verifiers of that transaction.
///
/// The outbox drops an event that reaches it after `verify` has returned. So do not keep it, and do not give it to a
/// verifier on another store.
///
/// A provider that also logs events passes them on to this sink from a sink of its own.
#[derive(Clone)]
pub struct Outbox(Weak<Mutex<Events>>);

impl Sink for Outbox {
    fn record(&self, event: &Event<'_>) {
        if let Some(events) = self.0.upgrade() {
            lock(&events).push(event);
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbox(..)")
    }
}

/// The events of one transaction, until they are written.
#[derive(Default)]
pub(crate) struct Collected(Arc<Mutex<Events>>);

impl Collected {
    pub(crate) fn outbox(&self) -> Outbox {
        Outbox(Arc::downgrade(&self.0))
    }

    pub(crate) fn into_events(self) -> Events {
        mem::take(&mut lock(&self.0))
    }
}

fn lock(events: &Mutex<Events>) -> MutexGuard<'_, Events> {
    // A panic in the middle of a push leaves columns of different lengths, which the table does not take.
    events.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Events as columns of the table `secondo_outbox`.
#[derive(Default)]
pub(crate) struct Events {
    pub(crate) time: Vec<i64>,
    pub(crate) account: Vec<String>,
    pub(crate) action: Vec<&'static str>,
    pub(crate) authenticator: Vec<Option<i64>>,
    pub(crate) outcome: Vec<&'static str>,
    pub(crate) remaining: Vec<Option<i16>>,
    pub(crate) revision: Vec<Option<i64>>,
    pub(crate) operator: Vec<Option<Vec<u8>>>,
    pub(crate) reason: Vec<Option<Vec<u8>>>,
    pub(crate) must_notify: Vec<bool>,
}

impl Events {
    pub(crate) const fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    fn push(&mut self, event: &Event<'_>) {
        self.time.push(event.time.into());
        self.account.push(event.account.as_str().to_owned());
        self.action.push(event.action.label());
        self.authenticator.push(event.authenticator.map(i64::from));
        self.outcome.push(event.problem.unwrap_or("done"));
        self.remaining.push(event.remaining.map(Into::into));
        self.revision.push(event.revision.map(u64::cast_signed));
        self.operator.push(event.operator.map(|operator| text(operator.name)));
        self.reason.push(event.operator.map(|operator| text(operator.reason)));
        self.must_notify.push(event.must_notify());
    }
}

/// Returns the bytes of a text that PostgreSQL can store. Its texts hold no NUL.
fn text(text: &str) -> Vec<u8> {
    text.replace('\0', "\u{FFFD}").into_bytes()
}
