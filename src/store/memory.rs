use alloc::boxed::Box;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::hash::BuildHasher;
use std::collections::hash_map::RandomState;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;

use super::arena::{Arena, Item, Place};
use super::{Entry, Enumerate, Exchange, Revision, Store, Value};
use crate::types::{AccountId, UnixTime};

/// A store in this process's memory, for tests, services on one machine, and benchmarks.
///
/// When the process ends, the store loses all entries: used codes can be accepted again, and locks are open. A provider
/// therefore needs a durable store. Its futures are ready at the first poll. Ids are spread over 64 shards, each with
/// its own lock.
///
/// Only writes use memory, and lookups of unknown ids do not. [`Self::purge`] frees the memory of expired entries. An
/// entry takes its id, its value, 12 bytes, 8 more bytes if it has an expiry, and its share of a hash table. Values
/// that change their length leave gaps, which other entries fill. If more than an eighth of a shard is free at a write,
/// its entries move together, which takes milliseconds in a store of millions.
///
/// A million sealed accounts with UUIDs as ids and one authenticator with a 20-byte secret took 173 bytes of resident
/// memory each after an import (112 of them the value), and 250 after a login of each (146). A shard allocates 8 KiB at
/// a time, so 1000 accounts take up to 840 bytes each.
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
    /// The places of the entries, by the hashes of their ids.
    places: HashTable<Place>,
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

    /// Removes the entries that expire at `now` or earlier. The store has no clock, so they stay until this call.
    ///
    /// Their memory is used again for entries of the same size. If more than an eighth of a shard's memory is free, the
    /// remaining entries move together, and the rest of the memory is freed.
    pub fn purge(&self, now: UnixTime) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            let Shard { places, arena, .. } = &mut *shard;
            places.retain(|place| {
                let expiry = arena.get(*place).and_then(|item| item.expiry);
                let expired = expiry.is_some_and(|expiry| expiry <= now);
                if expired {
                    arena.remove(*place);
                }
                !expired
            });
            if arena.is_sparse() {
                self.compact(&mut shard);
            }
        }
    }

    /// Moves the entries of a shard into new memory without gaps. If that fails, the shard stays as it is.
    fn compact(&self, shard: &mut Shard) -> Option<()> {
        let mut places = HashTable::with_capacity(shard.places.len());
        let mut arena = Arena::default();
        for place in &shard.places {
            let item = shard.arena.get(*place)?;
            let place = arena.insert(&item)?;
            places.insert_unique(self.hash(item.id), place, |place| self.hash_at(&arena, *place));
        }
        (shard.places, shard.arena) = (places, arena);
        Some(())
    }

    /// Locks the shard of an id with this hash.
    fn shard(&self, hash: u64) -> Option<MutexGuard<'_, Shard>> {
        self.shards.get(Self::number(hash)).map(lock)
    }

    /// Returns the number of the shard of an id with this hash.
    fn number(hash: u64) -> usize {
        // The middle bits, because the hash tables use the lowest and the highest bits.
        (hash >> 32) as usize % Self::SHARDS
    }

    /// Returns the hash of an id. It is keyed, so that a person who can choose ids cannot make their hashes collide.
    fn hash(&self, id: &[u8]) -> u64 {
        self.hasher.hash_one(id)
    }

    fn hash_at(&self, arena: &Arena, place: Place) -> u64 {
        arena.get(place).map_or(0, |item| self.hash(item.id))
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
            let item = shard.arena.get(*shard.places.find(hash, |place| shard.arena.holds(*place, id))?)?;
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
        let stored = match (places.find_mut(hash, |place| arena.holds(*place, id)), expected) {
            (Some(place), Some(expected)) if arena.get(*place).is_some_and(|item| item.revision == expected) => {
                arena.replace(*place, &item).map(|replaced| *place = replaced)
            }
            (None, None) => arena.insert(&item).map(|place| {
                places.insert_unique(hash, place, |place| self.hash_at(arena, *place));
            }),
            _ => None,
        };
        if stored.is_none() {
            return Ok(Exchange::Conflict);
        }
        *last_revision += 1;
        if arena.is_wasteful() {
            self.compact(&mut shard);
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
            places.iter().filter_map(|place| arena.get(*place).and_then(id)).collect()
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
