use alloc::boxed::Box;
use core::convert::Infallible;
use core::fmt;
use core::hash::BuildHasher;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Entry, Exchange, Revision, Store, Value};
use crate::{AuthenticatorId, UnixTime};

/// A store in this process's memory, for tests, for one-machine services and for measuring.
///
/// It forgets everything when the process ends, and then codes can be accepted a second time and locks are open: a
/// provider needs a durable store. Ids are spread over independently locked shards. Memory grows with what is stored and
/// not with what is asked for; [`Self::purge`] frees what has expired. Its futures are ready at the first poll.
pub struct Memory {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
}

/// On cache lines of its own, so that one shard's lock does not slow its neighbour.
#[derive(Default)]
#[repr(align(128))]
struct Shard {
    entries: HashMap<Box<str>, Slot>,
    last_revision: u64,
}

struct Slot {
    revision: Revision,
    value: Value,
    expiry: Option<UnixTime>,
}

impl Memory {
    const SHARDS: usize = 64;

    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        let shards = (0..Self::SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, hasher: RandomState::new() }
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).entries.len()).sum()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets the entries whose expiry has come, and gives their memory back. The store has no clock: until this is
    /// called, they stay.
    pub fn purge(&self, now: UnixTime) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.entries.retain(|_, slot| slot.expiry.is_none_or(|expiry| now < expiry));
            shard.entries.shrink_to_fit();
        }
    }

    fn shard(&self, id: &AuthenticatorId) -> Option<MutexGuard<'_, Shard>> {
        let hash = self.hasher.hash_one(id.as_str());
        #[expect(clippy::cast_possible_truncation, reason = "the low bits choose the shard")]
        self.shards.get(hash as usize % Self::SHARDS).map(lock)
    }
}

/// No shard is left half changed by a panic, so a poisoned lock is as good as any.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for Memory {
    type Error = Infallible;

    async fn load(&self, id: &AuthenticatorId) -> Result<Option<Entry>, Infallible> {
        Ok(self.shard(id).and_then(|shard| {
            let slot = shard.entries.get(id.as_str())?;
            Some(Entry { revision: slot.revision, value: Value::from(slot.value.as_ref()) })
        }))
    }

    async fn compare_exchange(
        &self,
        id: &AuthenticatorId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, Infallible> {
        let Some(mut shard) = self.shard(id) else { return Ok(Exchange::Conflict) };
        let shard = &mut *shard;
        let revision = Revision::new(shard.last_revision + 1);
        match (shard.entries.get_mut(id.as_str()), expected) {
            (Some(slot), Some(expected)) if slot.revision == expected => *slot = Slot { revision, value, expiry },
            (None, None) => {
                shard.entries.insert(id.as_str().into(), Slot { revision, value, expiry });
            }
            _ => return Ok(Exchange::Conflict),
        }
        shard.last_revision += 1;
        Ok(Exchange::Stored)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} entries)", self.len())
    }
}
