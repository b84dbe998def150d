use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};

use secondo::store::{Entry, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};

/// A store of one entry, which takes the same instructions for each call. A store with a hash table would not.
#[derive(Default)]
pub(crate) struct Slot(Mutex<Option<Entry>>);

impl Store for Slot {
    type Error = Infallible;

    async fn load(&self, _: &AccountId) -> Result<Option<Entry>, Infallible> {
        let entry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(entry.as_ref().map(|Entry { revision, value }| Entry { revision: *revision, value: value.as_ref().into() }))
    }

    async fn compare_exchange(
        &self,
        _: &AccountId,
        expected: Option<Revision>,
        value: Value,
        _: Option<UnixTime>,
    ) -> Result<Exchange, Infallible> {
        let mut entry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let current = entry.as_ref().map(|entry| entry.revision);
        if current != expected {
            return Ok(Exchange::Conflict);
        }
        *entry = Some(Entry { revision: Revision::new(current.map_or(0, Revision::get) + 1), value });
        Ok(Exchange::Stored)
    }
}
