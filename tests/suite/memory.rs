//! Comparison of the in-memory store with a map, on random operations.
#![cfg(feature = "std")]

use std::collections::HashMap;

use pollster::block_on;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secondo::store::{Exchange, Memory, Revision, Store, Value};
use secondo::{AccountId, UnixTime};

const IDS: usize = 3_000;
const STEPS: usize = 300_000;

struct Known {
    revision: Revision,
    value: Vec<u8>,
    expiry: Option<UnixTime>,
}

/// Returns the id of number `n`. The ids differ in length.
fn id(n: usize) -> AccountId {
    let text = format!("{n}/{}", "x".repeat(n % 60));
    AccountId::new(&text).unwrap()
}

fn value(random: &mut StdRng) -> Vec<u8> {
    let longest = if random.random_bool(0.05) { Value::MAX_LEN } else { 100 };
    let mut value = vec![0; random.random_range(0..=longest)];
    random.fill(&mut value[..]);
    value
}

fn must_agree(store: &Memory, id: &AccountId, known: Option<&Known>) {
    let entry = block_on(store.load(id)).unwrap();
    let held = entry.as_ref().map(|entry| (entry.revision, entry.value.as_ref()));
    assert_eq!(held, known.map(|known| (known.revision, &known.value[..])), "{id}");
}

#[test]
fn the_store_and_a_map_agree() {
    let mut random = StdRng::seed_from_u64(4226);
    let store = Memory::new();
    let mut map: HashMap<usize, Known> = HashMap::new();
    let mut now = 1_700_000_000;
    let (mut created, mut replaced, mut refused, mut expired) = (0, 0, 0, 0);
    for step in 0..STEPS {
        let n = random.random_range(0..IDS);
        let current = map.get(&n).map(|known| known.revision);
        let expected = match random.random_range(0..10) {
            0 => None,
            1 => Some(Revision::new(random.random_range(0..100))),
            _ => current,
        };
        let bytes = value(&mut random);
        let expiry = random.random_bool(0.2).then(|| UnixTime::from_secs(now + random.random_range(0..200)).unwrap());
        let exchange = block_on(store.compare_exchange(&id(n), expected, Value::from(bytes.clone()), expiry)).unwrap();
        assert_eq!(exchange == Exchange::Stored, expected == current, "{n}: {expected:?} for {current:?}");
        if exchange == Exchange::Stored {
            let revision = block_on(store.load(&id(n))).unwrap().unwrap().revision;
            assert_ne!(Some(revision), current);
            map.insert(n, Known { revision, value: bytes, expiry });
            *(if current.is_some() { &mut replaced } else { &mut created }) += 1;
        } else {
            refused += 1;
        }
        must_agree(&store, &id(n), map.get(&n));

        // A purge from time to time removes many expired entries, so the store moves the remaining ones.
        if step % 5_000 == 0 {
            now += random.random_range(0..200);
            store.purge(UnixTime::from_secs(now).unwrap());
            let before = map.len();
            map.retain(|_, known| known.expiry.is_none_or(|expiry| now < expiry.as_secs()));
            expired += before - map.len();
            assert_eq!(store.len(), map.len());
            (0..IDS).for_each(|n| must_agree(&store, &id(n), map.get(&n)));
        }
    }
    assert!(!store.is_empty() && Memory::new().is_empty());
    assert!(created > 10_000 && replaced > 100_000 && refused > 10_000 && expired > 10_000, "{created} {expired}");
}

/// Enough that the entries of each shard move together, since longer values leave more than 128 KiB free in it.
#[test]
fn entries_that_move_together_keep_their_ids_and_values() {
    const ENTRIES: u32 = 70_000;

    let store = Memory::new();
    let id = |n: u32| AccountId::new(&format!("{n:08x}-7dec-4000-a765-00a0c91e6bf6")).unwrap();
    let value = |n: u32, len: usize| n.to_le_bytes().repeat(len / 4);
    let exchange = |n, expected, value: Vec<u8>| {
        let stored = block_on(store.compare_exchange(&id(n), expected, Value::from(value), None)).unwrap();
        assert_eq!(stored, Exchange::Stored);
    };
    for n in 0..ENTRIES {
        exchange(n, None, value(n, 112));
    }
    for n in 0..ENTRIES {
        let revision = block_on(store.load(&id(n))).unwrap().unwrap().revision;
        exchange(n, Some(revision), value(n, 148));
    }
    for n in 0..ENTRIES {
        assert_eq!(block_on(store.load(&id(n))).unwrap().unwrap().value.as_ref(), value(n, 148));
    }
    assert_eq!(store.len(), 70_000);
}
