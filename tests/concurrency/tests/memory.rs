//! The in-memory store, whose threads run in many orders.

use std::sync::Arc;

use concurrency::in_many_orders;
use concurrency::store::{Entry, Exchange, Memory, Revision, Store, Value};
use concurrency::thread;
use secondo::{AccountId, UnixTime};
use shuttle::future::block_on;

fn id(name: &str) -> AccountId {
    AccountId::new(name).unwrap()
}

fn load(store: &Memory, id: &AccountId) -> Option<Entry> {
    let Ok(entry) = block_on(store.load(id));
    entry
}

fn exchange(store: &Memory, id: &AccountId, expected: Option<Revision>, value: &[u8], expiry: Option<u64>) -> Exchange {
    let expiry = expiry.map(|secs| UnixTime::from_secs(secs).unwrap());
    let Ok(exchange) = block_on(store.compare_exchange(id, expected, Value::from(value), expiry));
    exchange
}

/// Returns a value that is a count, and of a length of its own, so that entries move in the store's memory.
fn value(count: u8) -> Vec<u8> {
    vec![count; 1 + usize::from(count) * 37 % 200]
}

/// Returns the count, of which all bytes of the value are copies.
fn count(entry: &Entry) -> u8 {
    let bytes = entry.value.as_ref();
    assert_eq!(bytes, value(bytes[0]), "a value is mixed from two");
    bytes[0]
}

/// Adds 1 to the count, until no other thread has changed it in between.
fn add(store: &Memory, id: &AccountId) {
    loop {
        let entry = load(store, id);
        let (expected, old) = entry.map_or((None, 0), |entry| (Some(entry.revision), count(&entry)));
        if exchange(store, id, expected, &value(old + 1), None) == Exchange::Stored {
            let now = load(store, id).expect("an entry without expiry is gone");
            assert!(count(&now) > old && Some(now.revision) != expected, "a load went back");
            return;
        }
    }
}

#[test]
fn no_exchange_is_lost() {
    in_many_orders(1_500, || {
        let store = Arc::new(Memory::new());
        let threads = [["rossi", "bianchi"], ["bianchi", "rossi"], ["rossi", "rossi"]].map(|names| {
            let store = store.clone();
            thread::spawn(move || names.map(|name| add(&store, &id(name))))
        });
        store.prefetch(&["bianchi", "verdi", "rossi", "bianchi"].map(id));
        for thread in threads {
            thread.join().unwrap();
        }
        let counts = ["rossi", "bianchi"].map(|name| count(&load(&store, &id(name)).unwrap()));
        assert_eq!((counts, store.len()), ([4, 2], 2));
    });
}

#[test]
fn a_purge_removes_no_entry_that_was_renewed_and_repeats_no_revision() {
    in_many_orders(1_500, || {
        let store = Arc::new(Memory::new());
        let rossi = id("rossi");
        assert_eq!(exchange(&store, &rossi, None, &value(1), Some(1_000)), Exchange::Stored);
        let first = load(&store, &rossi).unwrap().revision;
        let spawn = |work: fn(&Memory, Revision) -> Exchange| {
            let store = store.clone();
            thread::spawn(move || work(&store, first))
        };
        let renew = spawn(|store, first| exchange(store, &id("rossi"), Some(first), &value(2), Some(2_000)));
        let create = spawn(|store, _| exchange(store, &id("rossi"), None, &value(3), Some(2_000)));
        let purge = spawn(|store, _| {
            store.purge(UnixTime::from_secs(1_000).unwrap());
            Exchange::Stored
        });
        let late = spawn(|store, first| {
            thread::yield_now();
            exchange(store, &id("rossi"), Some(first), &value(4), None)
        });
        let [renewed, created, _, late] = [renew, create, purge, late].map(|thread| thread.join().unwrap());
        // Whatever their order, one of three can succeed: the purge ends the first revision, and so do the two others.
        let stored: Vec<_> = [(renewed, 2), (created, 3), (late, 4)]
            .into_iter()
            .filter(|(exchange, _)| *exchange == Exchange::Stored)
            .collect();
        let left = load(&store, &rossi).map(|entry| count(&entry));
        assert!(stored.len() <= 1, "{stored:?}");
        assert_eq!(left, stored.first().map(|(_, count)| *count));
    });
}

/// Each thread has the locks of several shards, in another order.
#[test]
fn prefetches_do_not_wait_for_each_other() {
    in_many_orders(1_000, || {
        let store = Arc::new(Memory::new());
        let names = ["rossi", "bianchi", "verdi", "russo", "ferrari", "esposito"];
        for name in names {
            assert_eq!(exchange(&store, &id(name), None, &value(1), None), Exchange::Stored);
        }
        let reversed = names.into_iter().rev().collect::<Vec<_>>();
        let threads = [names.to_vec(), reversed].map(|names| {
            let store = store.clone();
            thread::spawn(move || store.prefetch(&names.into_iter().map(id).collect::<Vec<_>>()))
        });
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
