//! A store with a chosen fault, around an in-memory store.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use secondo::store::{Entry, Exchange, Memory, Revision, Store, Value};
use secondo::{AccountId, UnixTime};

pub(crate) struct Failing<'a> {
    store: &'a Memory,
    fault: Fault,
    /// The number of calls of `compare_exchange`.
    pub(crate) exchanges: AtomicUsize,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    Load,
    Exchange,
    /// The value is stored, but an error is returned.
    AfterExchange,
    AlwaysConflict,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Outage;

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the database is down")
    }
}

impl std::error::Error for Outage {}

impl Store for Failing<'_> {
    type Error = Outage;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, Outage> {
        if self.fault == Fault::Load {
            return Err(Outage);
        }
        Ok(self.store.load(id).await.unwrap())
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, Outage> {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Fault::Load | Fault::Exchange => Err(Outage),
            Fault::AlwaysConflict => Ok(Exchange::Conflict),
            Fault::AfterExchange => {
                let _ = self.store.compare_exchange(id, expected, value, expiry).await;
                Err(Outage)
            }
        }
    }
}

pub(crate) fn failing(store: &Memory, fault: Fault) -> Failing<'_> {
    Failing { store, fault, exchanges: AtomicUsize::new(0) }
}
