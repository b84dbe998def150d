//! The group commit of `secondo-redb`, whose threads run in many orders, on a disk that fails.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use concurrency::disk::Disk;
use concurrency::store::{Exchange, Store, Value};
use concurrency::{RedbOptions, RedbStore, RedbStoreError, in_many_orders, thread};
use secondo::AccountId;
use shuttle::future::block_on;

/// The bits of the exchanges that were stored, and of those of which it is unknown.
#[derive(Clone, Copy, Default)]
struct Sent {
    stored: u8,
    unknown: u8,
}

/// The numbers of answers, over all orders of a test.
#[derive(Default)]
struct Answers {
    stored: AtomicUsize,
    conflict: AtomicUsize,
    busy: AtomicUsize,
    timeout: AtomicUsize,
    failed: AtomicUsize,
}

/// Sets a bit of the entry, until no other thread has changed it in between.
///
/// The bits are those of a byte, so that each exchange can be recognized in the entry that is left.
fn set(store: &RedbStore, disk: &Disk, answers: &Answers, id: &AccountId, bit: u8) -> Sent {
    let count = |answer: &AtomicUsize| _ = answer.fetch_add(1, Ordering::Relaxed);
    loop {
        let Ok(entry) = block_on(store.load(id)) else { return Sent::default() };
        let (expected, old) = entry.map_or((None, 0), |entry| (Some(entry.revision), entry.value.as_ref()[0]));
        let value = Value::from(&[old | bit][..]);
        match block_on(store.compare_exchange(id, expected, value, None)) {
            Ok(Exchange::Stored) => {
                count(&answers.stored);
                let on_disk = disk.after_power_failure(id).expect("an answered exchange is not on disk");
                assert_eq!(on_disk.value.as_ref()[0] & bit, bit, "an answered exchange is not on disk");
                if let Ok(entry) = block_on(store.load(id)) {
                    let entry = entry.expect("an answered exchange is not loaded");
                    assert_eq!(entry.value.as_ref()[0] & bit, bit, "an answered exchange is not loaded");
                    assert!(Some(entry.revision) != expected);
                }
                return Sent { stored: bit, unknown: 0 };
            }
            Ok(Exchange::Conflict) => count(&answers.conflict),
            Err(RedbStoreError::Busy) => {
                count(&answers.busy);
                return Sent::default();
            }
            Err(error) => {
                count(if matches!(error, RedbStoreError::Timeout) { &answers.timeout } else { &answers.failed });
                return Sent { stored: 0, unknown: bit };
            }
        }
    }
}

/// Changes two entries from three threads, and then compares what is on disk with the answers.
fn run(options: RedbOptions, disk: &Disk, answers: &Arc<Answers>) {
    let store = options.start(disk);
    let names = ["rossi", "bianchi"].map(|name| AccountId::new(name).unwrap());
    let threads = [0_u8, 1, 2].map(|n| {
        let (store, disk, answers) = (store.clone(), disk.clone(), answers.clone());
        thread::spawn(move || names.map(|id| set(&store, &disk, &answers, &id, 1 << n)))
    });
    let sent = threads.map(|thread| thread.join().unwrap());
    // The drop waits for the threads of the store.
    drop(store);
    for (n, id) in names.iter().enumerate() {
        let left = disk.after_power_failure(id).map_or(0, |entry| entry.value.as_ref()[0]);
        let all = sent.iter().fold(Sent::default(), |all, sent| Sent {
            stored: all.stored | sent[n].stored,
            unknown: all.unknown | sent[n].unknown,
        });
        assert_eq!(left & all.stored, all.stored, "an answered exchange was lost");
        assert_eq!(left & !(all.stored | all.unknown), 0, "an exchange that was not begun is stored");
    }
}

/// Runs the threads in many orders, and returns the numbers of answers: stored, conflict, busy, timeout and failed.
fn answers(options: RedbOptions, failing: u32) -> [usize; 5] {
    let answers = Arc::<Answers>::default();
    in_many_orders(1_000, {
        let answers = answers.clone();
        move || run(options, &Disk::failing(failing), &answers)
    });
    let Answers { stored, conflict, busy, timeout, failed } = &*answers;
    [stored, conflict, busy, timeout, failed].map(|answer| answer.load(Ordering::Relaxed))
}

#[test]
fn an_answered_exchange_is_on_disk_and_is_loaded() {
    let [stored, conflict, busy, timeout, failed] = answers(RedbOptions::new(), 0);
    // The scheduler lets the time of some calls run out.
    assert!(stored > 1_000 && conflict > 100 && busy == 0 && timeout > 10 && failed == 0);
}

#[test]
fn a_failing_disk_loses_no_answered_exchange() {
    let [stored, conflict, busy, timeout, failed] = answers(RedbOptions::new(), 30);
    assert!(stored > 1_000 && conflict > 100 && busy == 0 && timeout > 10 && failed > 100);
}

#[test]
fn a_full_queue_begins_nothing() {
    let [stored, conflict, busy, timeout, failed] =
        answers(RedbOptions { queue: NonZeroU16::MIN, ..RedbOptions::new() }, 0);
    assert!(stored > 1_000 && conflict > 100 && busy > 100 && timeout > 10 && failed == 0);
}
