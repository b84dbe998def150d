use alloc::boxed::Box;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::hash::BuildHasher;
use std::collections::hash_map::RandomState;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::arena::{Arena, Item};
use super::places::Places;
use super::{Entry, Enumerate, Exchange, Revision, Store, Value};
use crate::types::{AccountId, UnixTime};

/// A store in this process's memory, for tests, services on one machine, and benchmarks.
///
/// When the process ends, the store loses all entries: used codes can be accepted again, and locks are open. A provider
/// therefore needs a durable store. Its futures are ready at the first poll. Ids are spread over 64 shards, each with
/// its own lock.
///
/// Only writes use memory, and lookups of unknown ids do not. [`Self::purge`] frees the memory of expired entries. An
/// entry takes its id, its value, 12 bytes, 8 more bytes if it has an expiry, and 9 to 18 in a hash table. Values that
/// change their length leave gaps, which other entries fill. If more than 128 KiB and an eighth of a shard are free at
/// a write, its entries move together, which takes milliseconds in a store of millions.
///
/// A million sealed accounts with UUIDs as ids and one authenticator with a 20-byte secret took 180 bytes of resident
/// memory each after an import (112 of them the value), and 251 after a login of each (146). Of 1000, each took some
/// 630 and 860.
///
/// A verification waits for memory twice if the store is larger than the processor's caches: for the place in the hash
/// table, and for the entry. [`Self::prefetch`] lets the waits of several logins overlap. Large pages make them
/// shorter: with glibc, a process with `GLIBC_TUNABLES=glibc.malloc.hugetlb=1` in its environment asks Linux for them.
///
/// A write that does not fit always conflicts, however often it is tried again. This happens to values far longer than
/// [`Value::MAX_LEN`], and to entries that need new memory in a shard that already holds 32 GiB.
pub struct Memory {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
}

/// A part of the store with its own lock. The alignment keeps a lock from sharing a cache line with its neighbor's.
#[derive(Default)]
#[repr(align(128))]
struct Shard {
    places: Places,
    arena: Arena,
    last_revision: u64,
}

impl Memory {
    const SHARDS: usize = 64;

    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        let shards = (0..Self::SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, hasher: RandomState::new() }
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).places.len()).sum()
    }

    /// Returns `true` if there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Brings the first 256 bytes of the entries of these ids into the processor's caches, for verifications that
    /// follow at once.
    ///
    /// In a store that is larger than the caches, each verification waits for memory. Here the waits for several ids
    /// overlap. A worker that takes logins from a queue calls this with the ids of 8 to 32 that wait, and then verifies
    /// one after another. Nothing changes, and an id without an entry is no error. Entries are left out whose shard
    /// another thread uses or prefetches from.
    ///
    /// # Examples
    ///
    /// ```
    /// # use secondo::store::Memory;
    /// # use secondo::{AccountId, Policy, Verifier};
    /// use std::sync::Arc;
    ///
    /// let store = Arc::new(Memory::new());
    /// let verifier = Verifier::unsealed(store.clone(), Policy::new());
    ///
    /// let waiting = [AccountId::new("rossi").unwrap(), AccountId::new("bianchi").unwrap()];
    /// store.prefetch(&waiting);
    /// for id in &waiting {
    ///     // verifier.verify(id, …)
    /// #   let _ = (&verifier, id);
    /// }
    /// ```
    pub fn prefetch<'a>(&self, ids: impl IntoIterator<Item = &'a AccountId>) {
        /// More would keep other threads from their shards for long.
        const AT_ONCE: usize = 32;

        let mut hashes = ids.into_iter().map(|id| self.hash(id.as_bytes()));
        loop {
            let hashes: Vec<_> = hashes.by_ref().take(AT_ONCE).collect();
            if hashes.is_empty() {
                return;
            }
            self.touch(&hashes);
        }
    }

    /// Touches the entries of ids with these hashes, and returns their number.
    fn touch(&self, hashes: &[u64]) -> usize {
        // All locks are taken first, because taking one is an atomic operation, which waits for earlier reads.
        let mut shards = [const { None }; Self::SHARDS];
        for hash in hashes {
            let number = Self::number(*hash);
            if let (Some(locked @ None), Some(shard)) = (shards.get_mut(number), self.shards.get(number)) {
                // Two threads that wait for each other's locks would wait for ever.
                *locked = shard.try_lock().ok();
            }
        }
        let place = |hash: &u64| {
            let shard = shards.get(Self::number(*hash))?.as_deref()?;
            shard.places.find(*hash, |_| true).map(|place| (&shard.arena, place))
        };
        let places: Vec<_> = hashes.iter().filter_map(place).collect();
        for (arena, place) in &places {
            arena.touch(*place);
        }
        places.len()
    }

    /// Removes the entries that expire at `now` or earlier. The store has no clock, so they stay until this call.
    ///
    /// Their memory is used again for entries of the same size. If more than an eighth of a shard's memory is free, the
    /// remaining entries move together, and the rest of the memory is freed.
    pub fn purge(&self, now: UnixTime) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            let Shard { places, arena, .. } = &mut *shard;
            places.retain(|place| {
                let expiry = arena.get(place).and_then(|item| item.expiry);
                let expired = expiry.is_some_and(|expiry| expiry <= now);
                if expired {
                    arena.remove(place);
                }
                !expired
            });
            if arena.is_sparse() {
                shard.compact();
            }
        }
    }

    /// Locks the shard of an id with this hash.
    fn shard(&self, hash: u64) -> Option<MutexGuard<'_, Shard>> {
        self.shards.get(Self::number(hash)).map(lock)
    }

    /// Returns the number of the shard of an id with this hash.
    fn number(hash: u64) -> usize {
        // The upper half, because the tables of the shards use the lower one.
        (hash >> 32) as usize % Self::SHARDS
    }

    /// Returns the hash of an id. It is keyed, so that a person who can choose ids cannot make their hashes collide.
    fn hash(&self, id: &[u8]) -> u64 {
        self.hasher.hash_one(id)
    }
}

impl Shard {
    /// Moves the entries into new memory without gaps. If that fails, the shard stays as it is.
    fn compact(&mut self) -> Option<()> {
        let (mut places, mut arena) = (self.places.clone(), Arena::default());
        places.replace(|place| arena.insert(&self.arena.get(place)?))?;
        (self.places, self.arena) = (places, arena);
        Some(())
    }
}

/// Locks a shard. A poisoned lock is used as it is, because a panic never leaves a shard half changed.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for Memory {
    type Error = Infallible;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, Infallible> {
        let id = id.as_bytes();
        let hash = self.hash(id);
        Ok(self.shard(hash).and_then(|shard| {
            let Shard { places, arena, .. } = &*shard;
            let item = arena.get(places.find(hash, |place| arena.holds(place, id))?)?;
            Some(Entry { revision: item.revision, value: Value::from(item.value) })
        }))
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, Infallible> {
        let id = id.as_bytes();
        let hash = self.hash(id);
        let Some(mut shard) = self.shard(hash) else { return Ok(Exchange::Conflict) };
        let Shard { places, arena, last_revision } = &mut *shard;
        let revision = Revision::new(*last_revision + 1);
        let item = Item { id, revision, expiry, value: value.as_ref() };
        let stored = match (places.find_mut(hash, |place| arena.holds(place, id)), expected) {
            (Some(place), Some(expected)) if arena.get(*place).is_some_and(|item| item.revision == expected) => {
                arena.replace(*place, &item).map(|replaced| *place = replaced)
            }
            (None, None) => arena.insert(&item).map(|place| places.insert(hash, place)),
            _ => None,
        };
        if stored.is_none() {
            return Ok(Exchange::Conflict);
        }
        *last_revision += 1;
        if arena.is_wasteful() {
            shard.compact();
        }
        Ok(Exchange::Stored)
    }
}

/// Lists the ids of one shard after another.
impl Enumerate for Memory {
    async fn ids_after(&self, after: Option<&AccountId>) -> Result<Vec<AccountId>, Infallible> {
        let next = after.map_or(0, |id| Self::number(self.hash(id.as_bytes())) + 1);
        let ids = |shard: &Mutex<Shard>| -> Vec<AccountId> {
            let Shard { places, arena, .. } = &*lock(shard);
            let id = |item: Item<'_>| AccountId::new(core::str::from_utf8(item.id).ok()?).ok();
            places.iter().filter_map(|place| arena.get(place).and_then(id)).collect()
        };
        Ok(self.shards.iter().skip(next).map(ids).find(|ids| !ids.is_empty()).unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_prefetched_and_others_are_not() {
        let (store, id) = (Memory::new(), |n: u32| AccountId::new(&alloc::format!("{n}")).unwrap());
        for n in 0..20 {
            let (id, value) = (id(n), &[7; 100]);
            let hash = store.hash(id.as_bytes());
            let Shard { places, arena, .. } = &mut *store.shard(hash).unwrap();
            let item = Item { id: id.as_bytes(), revision: Revision::new(1), expiry: None, value };
            places.insert(hash, arena.insert(&item).unwrap());
        }
        let touched = |range: core::ops::Range<u32>| {
            let hashes: Vec<_> = range.map(|n| store.hash(id(n).as_bytes())).collect();
            store.touch(&hashes)
        };
        assert_eq!((touched(0..20), touched(20..300), touched(0..0)), (20, 0, 0));

        let hash = store.hash(id(0).as_bytes());
        let locked = store.shard(hash);
        assert!(touched(0..20) < 20, "a lock of another thread was waited for");
        drop(locked);
        store.prefetch(&(0..500).map(id).collect::<Vec<_>>());
        assert_eq!(store.len(), 20);
    }
}
