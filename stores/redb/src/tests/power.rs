//! The power is cut at random moments. Every value that was reported as stored must be there, and no value may be torn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use pollster::block_on;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use secondo::AccountId;
use secondo::store::{Exchange, Store, Value};

use super::disk::Disk;
use crate::file::StoreFile;
use crate::{RedbOptions, RedbStore};

const CALLERS: usize = 6;
/// The number of entries that each caller has to itself. One more entry is shared by all.
const OWN: usize = 20;

fn id(caller: usize, n: usize) -> AccountId {
    AccountId::new(&format!("{n}/{caller}")).unwrap()
}

fn shared() -> AccountId {
    AccountId::new("shared").unwrap()
}

/// Returns a value that begins with a number, and goes on with bytes that follow from it.
fn value(number: u64) -> Value {
    let filler = (0..number * 37 % 900).map(|n| u8::try_from((n * number) % 251).unwrap());
    Value::from(number.to_be_bytes().into_iter().chain(filler).collect::<Vec<_>>())
}

fn number(bytes: &[u8]) -> u64 {
    let number = u64::from_be_bytes(*bytes.first_chunk().expect("a torn value"));
    assert!(bytes == value(number).as_ref(), "a torn value");
    number
}

fn stored(store: &RedbStore, id: &AccountId) -> u64 {
    block_on(store.load(id)).unwrap().map_or(0, |entry| number(entry.value.as_ref()))
}

/// The highest number of an entry that a caller knows to be stored, and the highest that it tried to store.
#[derive(Clone, Copy, Default)]
struct Known {
    stored: u64,
    tried: u64,
}

/// Counts up until the power is cut, which happens early if anything is written.
fn count_up(
    store: &RedbStore,
    caller: usize,
    known: &mut [Known; OWN],
    shared_stored: &AtomicU64,
    unknown: &AtomicU64,
) {
    for turn in 0..2_000 {
        let own = turn % OWN;
        let (id, is_shared) = if turn % 5 == 0 { (shared(), true) } else { (id(caller, own), false) };
        let Ok(entry) = block_on(store.load(&id)) else { return };
        let next = entry.as_ref().map_or(0, |entry| number(entry.value.as_ref())) + 1;
        let outcome = block_on(store.compare_exchange(&id, entry.map(|entry| entry.revision), value(next), None));
        match (outcome, is_shared) {
            (Ok(Exchange::Stored), true) => _ = shared_stored.fetch_add(1, Ordering::Relaxed),
            (Ok(Exchange::Stored), false) => known[own] = Known { stored: next, tried: next },
            (Ok(Exchange::Conflict), true) => {}
            (Ok(Exchange::Conflict), false) => panic!("a conflict where nobody else writes"),
            (Err(_), true) => {
                unknown.fetch_add(1, Ordering::Relaxed);
                return;
            }
            (Err(_), false) => {
                known[own].tried = next;
                return;
            }
        }
    }
}

#[test]
fn what_was_stored_is_there_when_the_power_comes_back() {
    let cuts = store_testing::rounds(400);
    let disk = Disk::default();
    StoreFile::create(disk.open(), None).unwrap();
    let mut known = [[Known::default(); OWN]; CALLERS];
    let (shared_stored, unknown) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut rng = SmallRng::seed_from_u64(1);
    let (mut cut_while_opening, mut lost_writes) = (0, 0);
    for cut in 0..cuts {
        disk.cut_after(rng.random_range(0..1_000));
        let opened = RedbStore::start(RedbOptions::new(), {
            let disk = disk.clone();
            move || Ok(disk.open())
        });
        match opened {
            Ok(store) => thread::scope(|scope| {
                for (caller, known) in known.iter_mut().enumerate() {
                    let (store, shared_stored, unknown) = (&store, &shared_stored, &unknown);
                    scope.spawn(move || count_up(store, caller, known, shared_stored, unknown));
                }
            }),
            Err(_) => cut_while_opening += 1,
        }
        lost_writes += disk.unsynced();
        // All writes that were not synced survive, or none of them, or the first, or a random selection.
        let (kind, first) = (rng.random_range(0..4), rng.random_range(0..=disk.unsynced()));
        disk.restart(|n| match kind {
            0 => true,
            1 => false,
            2 => n < first,
            _ => rng.random(),
        });

        let disk = disk.clone();
        let store = RedbStore::start(RedbOptions::new(), move || Ok(disk.open()))
            .unwrap_or_else(|error| panic!("cut {cut}: {error:?}"));
        for (caller, known) in known.iter_mut().enumerate() {
            for (n, known) in known.iter_mut().enumerate() {
                let found = stored(&store, &id(caller, n));
                assert!(
                    found == known.stored || found == known.tried,
                    "cut {cut}: {} was stored, {found} was found",
                    known.stored
                );
                *known = Known { stored: found, tried: found };
            }
        }
        let (least, most) = (shared_stored.load(Ordering::Relaxed), unknown.swap(0, Ordering::Relaxed));
        let found = stored(&store, &shared());
        assert!(
            (least..=least + most).contains(&found),
            "cut {cut}: {least} were stored and {most} tried, {found} were found"
        );
        shared_stored.store(found, Ordering::Relaxed);
    }
    let entries: u64 = known.iter().flatten().map(|known| known.stored).sum();
    assert!(cut_while_opening > 0 && lost_writes > 0 && entries > cuts);
    store_testing::report!(
        "redb: power cut {cuts} times, {cut_while_opening} of them while opening, with {lost_writes} sectors not synced: \
         nothing lost of {} exchanges, nothing torn",
        entries + shared_stored.into_inner()
    );
}
