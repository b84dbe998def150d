//! The database that all machines share, with the log of what was written to it.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use secondo::audit::{Action, Event, Sink};
use secondo::store::{Entry, Enumerate, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};

/// The entries by their ids, which a backup copies.
pub(crate) type Entries = BTreeMap<String, (u64, Vec<u8>)>;

/// A database, whose clones share it.
#[derive(Clone)]
pub(crate) struct Database(Arc<Mutex<State>>);

struct State {
    entries: Entries,
    last_revision: u64,
    rng: SmallRng,
    log: Vec<Logged>,
}

/// An entry of the log, which the judge takes after each step of a call.
pub(crate) enum Logged {
    /// The entry of this id was written.
    Written(AccountId),
    /// The sink has received this event.
    Told(Told),
}

/// The parts of an event that are judged.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) account: AccountId,
    pub(crate) action: Action,
    pub(crate) problem: Option<&'static str>,
    pub(crate) revision: Option<u64>,
}

impl Database {
    pub(crate) fn new(seed: u64) -> Self {
        let rng = SmallRng::seed_from_u64(seed);
        Self(Arc::new(Mutex::new(State { entries: Entries::new(), last_revision: 0, rng, log: Vec::new() })))
    }

    /// Returns what was done since the last call.
    pub(crate) fn take_log(&self) -> Vec<Logged> {
        std::mem::take(&mut self.state().log)
    }

    pub(crate) fn backup(&self) -> Entries {
        self.state().entries.clone()
    }

    /// Returns the value of an account.
    pub(crate) fn value(&self, id: &AccountId) -> Vec<u8> {
        self.state().entries[id.as_str()].1.clone()
    }

    /// Writes the value of an account, without an entry in the log.
    pub(crate) fn put(&self, id: &AccountId, value: Vec<u8>) {
        let mut state = self.state();
        state.last_revision += 1;
        let revision = state.last_revision;
        state.entries.insert(id.as_str().into(), (revision, value));
    }

    /// Fails over to a replica that has only these entries.
    pub(crate) fn restore(&self, entries: &Entries) {
        self.state().entries.clone_from(entries);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Sink for Database {
    fn record(&self, event: &Event<'_>) {
        let Event { account, action, problem, revision, .. } = *event;
        self.state().log.push(Logged::Told(Told { account: *account, action, problem, revision }));
    }
}

/// A connection of a machine to the database. Other calls may run before and after each request, and requests fail.
///
/// `FAILURES` is the number of requests in 1000 that fail before they are done, and as many fail after it. A connection
/// without failures does not wait either.
#[derive(Clone)]
pub(crate) struct Connection<const FAILURES: u32>(pub(crate) Database);

/// The database, or the network on the way to it, has failed.
#[derive(Debug)]
pub(crate) struct Outage;

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the database is away")
    }
}

impl std::error::Error for Outage {}

impl<const FAILURES: u32> Connection<FAILURES> {
    /// Waits for the network: other calls run, this request may be lost, and this machine may crash.
    async fn network(&self) -> Result<(), Outage> {
        if FAILURES == 0 {
            return Ok(());
        }
        let mut waited = false;
        poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
        if self.0.state().rng.random_range(0..1000) < FAILURES { Err(Outage) } else { Ok(()) }
    }
}

impl<const FAILURES: u32> Store for Connection<FAILURES> {
    type Error = Outage;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, Outage> {
        self.network().await?;
        let state = self.0.state();
        let found = state.entries.get(id.as_str());
        Ok(found.map(|(revision, value)| Entry { revision: Revision::new(*revision), value: Value::from(&value[..]) }))
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        _: Option<UnixTime>,
    ) -> Result<Exchange, Outage> {
        self.network().await?;
        let exchange = {
            let state = &mut *self.0.state();
            let found = state.entries.get(id.as_str()).map(|(revision, _)| Revision::new(*revision));
            if found == expected {
                state.last_revision += 1;
                state.entries.insert(id.as_str().into(), (state.last_revision, value.as_ref().to_vec()));
                state.log.push(Logged::Written(*id));
                Exchange::Stored
            } else {
                Exchange::Conflict
            }
        };
        // The answer may be lost.
        self.network().await?;
        Ok(exchange)
    }
}

impl<const FAILURES: u32> Enumerate for Connection<FAILURES> {
    async fn ids_after(&self, after: Option<&AccountId>) -> Result<Vec<AccountId>, Outage> {
        let after = after.map_or("", AccountId::as_str);
        let state = self.0.state();
        Ok(state.entries.keys().filter(|id| id.as_str() > after).map(|id| AccountId::new(id).unwrap()).collect())
    }
}
