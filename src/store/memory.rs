use alloc::boxed::Box;
use core::convert::Infallible;
use core::fmt;
use core::hash::BuildHasher;
use std::collections::hash_map::RandomState;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;

use super::arena::{Arena, Item, Place};
use super::{Entry, Exchange, Revision, Store, Value};
use crate::types::{AuthenticatorId, UnixTime};

/// A store in this process's memory, for tests, for one-machine services and for measuring.
///
/// It forgets everything when the process ends, and then codes can be accepted a second time and locks are open: a
/// provider needs a durable store. Ids are spread over independently locked shards. Its futures are ready at the first
/// poll.
///
/// Memory grows with what is stored and not with what is asked for; [`Self::purge`] frees what has expired. An entry takes
/// its id, its value, 12 bytes, 8 more with an expiry, and its share of a hash table: in all, 155 to 158 bytes of resident
/// memory were measured for each of 1 and of 10 million sealed authenticators with UUIDs for ids and 20-byte secrets. A
/// shard takes 8 KiB at a time, so that a thousand of them have 600 bytes each.
///
/// What there is no room for is a conflict that trying again does not end: a value far longer than [`Value::MAX_LEN`], or
/// one more where a shard has 32 GiB already.
pub struct Memory {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
}

/// On cache lines of its own, so that one shard's lock does not slow its neighbour.
#[derive(Default)]
#[repr(align(128))]
struct Shard {
    /// Where each entry is, by the hash of its id.
    places: HashTable<Place>,
    arena: Arena,
    last_revision: u64,
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
        self.shards.iter().map(|shard| lock(shard).places.len()).sum()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets the entries whose expiry has come. The store has no clock: until this is called, they stay.
    ///
    /// Their memory is used again for entries of the same size. Where more than a quarter of a shard's memory is free, what
    /// is left moves together and the rest is given back.
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

    /// Moves what is left to memory of its own; if it cannot, it stays where it is.
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

    /// The shard of an id with this hash.
    fn shard(&self, hash: u64) -> Option<MutexGuard<'_, Shard>> {
        // The tables use the lowest bits and the highest.
        self.shards.get((hash >> 32) as usize % Self::SHARDS).map(lock)
    }

    /// Keyed, since whoever chooses the ids must not choose where they collide.
    fn hash(&self, id: &[u8]) -> u64 {
        self.hasher.hash_one(id)
    }

    fn hash_at(&self, arena: &Arena, place: Place) -> u64 {
        arena.get(place).map_or(0, |item| self.hash(item.id))
    }
}

/// No shard is left half changed by a panic, so a poisoned lock is as good as any.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for Memory {
    type Error = Infallible;

    async fn load(&self, id: &AuthenticatorId) -> Result<Option<Entry>, Infallible> {
        let id = id.as_str().as_bytes();
        let hash = self.hash(id);
        Ok(self.shard(hash).and_then(|shard| {
            let item = shard.arena.get(*shard.places.find(hash, |place| shard.arena.holds(*place, id))?)?;
            Some(Entry { revision: item.revision, value: Value::from(item.value) })
        }))
    }

    async fn compare_exchange(
        &self,
        id: &AuthenticatorId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, Infallible> {
        let id = id.as_str().as_bytes();
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
