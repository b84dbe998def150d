//! Tests on a disk that hangs or fails.

use std::num::NonZeroU16;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use pollster::block_on;
use redb::StorageBackend;
use secondo::store::{Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};

use super::disk::{Disk, Failing};
use crate::file::{Change, Request, StoreFile};
use crate::{RedbOptions, RedbStore, RedbStoreError};

/// A time that is long enough for any machine.
const LONG: Duration = Duration::from_secs(60);

fn id(name: &str) -> AccountId {
    AccountId::new(name).unwrap()
}

fn start(options: RedbOptions) -> (Disk, RedbStore) {
    let (disk, store, _) = start_counted(options, usize::MAX);
    (disk, store)
}

/// Starts a store whose file can be opened this many times, and counts the attempts.
fn start_counted(options: RedbOptions, times: usize) -> (Disk, RedbStore, Arc<AtomicUsize>) {
    let (disk, attempts) = (Disk::default(), Arc::new(AtomicUsize::new(0)));
    StoreFile::create(disk.open(), None).unwrap();
    let store = RedbStore::start(options, {
        let (disk, attempts) = (disk.clone(), attempts.clone());
        move || match attempts.fetch_add(1, Ordering::SeqCst) {
            before if before < times => Ok(disk.open()),
            _ => Err(RedbStoreError::InUse),
        }
    });
    (disk, store.unwrap(), attempts)
}

/// Returns the request that stores the first value of an account.
fn first(name: &str) -> Request {
    let change = Change::Put { value: Value::from(&b"value"[..]), expiry: None };
    Request { id: id(name), expected: None, change }
}

fn put(store: &RedbStore, name: &str, value: &str) -> Result<Exchange, RedbStoreError> {
    let revision = loaded(store, name)?.map(|(revision, _)| revision);
    block_on(store.compare_exchange(&id(name), revision, Value::from(value.as_bytes()), None))
}

fn loaded(store: &RedbStore, name: &str) -> Result<Option<(Revision, String)>, RedbStoreError> {
    let entry = block_on(store.load(&id(name)))?;
    Ok(entry.map(|entry| (entry.revision, String::from_utf8(entry.value.as_ref().to_vec()).unwrap())))
}

fn eventually<T>(mut what: impl FnMut() -> Result<T, RedbStoreError>) -> T {
    let given_up = Instant::now() + LONG;
    loop {
        match what() {
            Ok(value) => return value,
            Err(error) => assert!(Instant::now() < given_up, "{error:?}"),
        }
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_disk_that_hangs_costs_a_timeout_and_then_service_resumes() {
    let three = NonZeroU16::new(3).unwrap();
    let (disk, store) = start(RedbOptions::new().with_timeout(Duration::from_millis(300)).with_queue(three));
    // On a slow machine, a call can take longer than the timeout.
    assert_eq!(eventually(|| put(&store, "rossi", "before")), Exchange::Stored);
    disk.hang(true);

    // One exchange is with the disk and others wait for it, until one more is too many.
    let exchange = |name: &'static str| {
        let (store, (ended, answer)) = (store.clone(), mpsc::channel());
        thread::spawn(move || {
            ended.send(block_on(store.compare_exchange(&id(name), None, Value::from(&b"late"[..]), None)))
        });
        move || answer.recv_timeout(LONG).expect("a call did not end")
    };
    let first = exchange("a");
    let waiting = || {
        let mut future = Box::pin({
            let store = store.clone();
            async move { store.compare_exchange(&id("dropped"), None, Value::from(&b"dropped"[..]), None).await }
        });
        let poll = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        (future, poll)
    };
    let mut held = Vec::new();
    let busy = loop {
        let (future, poll) = waiting();
        match poll {
            Poll::Pending => held.push(future),
            Poll::Ready(result) => break result,
        }
        assert!(held.len() < 1_000, "the queue is not bounded");
    };
    assert!(matches!(busy, Err(RedbStoreError::Busy)), "{busy:?}");
    drop(held);

    for result in [first(), exchange("b")()] {
        assert!(matches!(result, Err(RedbStoreError::Timeout | RedbStoreError::Busy)), "{result:?}");
    }
    // Committed entries can be read meanwhile.
    assert_eq!(eventually(|| loaded(&store, "rossi")).unwrap().1, "before");
    assert!(eventually(|| loaded(&store, "b")).is_none());

    disk.hang(false);
    assert_eq!(eventually(|| put(&store, "rossi", "after")), Exchange::Stored);
    assert_eq!(eventually(|| loaded(&store, "rossi")).unwrap().1, "after");
    // The exchanges that timed out may or may not be stored.
    assert!(eventually(|| loaded(&store, "b")).is_none_or(|(_, value)| value == "late"));
}

#[test]
fn a_call_that_is_dropped_leaves_all_or_nothing() {
    let (_disk, store) = start(RedbOptions::new());
    let mut done = 0;
    for round in 0..500 {
        let before = loaded(&store, "rossi").unwrap();
        let value = format!("round {round}");
        {
            let revision = before.as_ref().map(|(revision, _)| *revision);
            let rossi = id("rossi");
            let mut exchange = pin!(store.compare_exchange(&rossi, revision, Value::from(value.as_bytes()), None));
            let poll = exchange.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(poll.is_pending() || poll.is_ready());
            if round % 3 == 0 {
                thread::yield_now();
            }
        }
        // When a later exchange is done, the dropped one is over.
        assert_eq!(put(&store, "bianchi", &value).unwrap(), Exchange::Stored);
        let after = loaded(&store, "rossi").unwrap();
        if after != before {
            assert_eq!(after.unwrap().1, value);
            done += 1;
        }
    }
    store_testing::report!("redb: of 500 calls that were dropped, {done} were done, and all others were not begun");
}

#[test]
fn after_a_failure_it_opens_the_file_anew() {
    let (disk, store) = start(RedbOptions::new());
    for round in 0..30 {
        let before = eventually(|| loaded(&store, "rossi")).map(|(_, value)| value);
        let failing = [Failing::Write, Failing::Sync, Failing::AfterSync][round % 3];
        disk.fail(failing);
        let value = format!("round {round}");
        let error = put(&store, "rossi", &value).unwrap_err();
        assert_eq!(error.label(), "io", "{error:?}");
        let after = eventually(|| loaded(&store, "rossi")).map(|(_, value)| value);
        assert!(after == before || after.as_ref() == Some(&value), "{before:?} and {value} became {after:?}");
        assert_eq!(eventually(|| put(&store, "rossi", &format!("after {round}"))), Exchange::Stored);
    }
}

// A login begins with a load. If the load fails, no exchange follows that would find the fault.
#[test]
fn after_a_load_that_failed_it_opens_the_file_anew() {
    let (disk, store) = start(RedbOptions::new().with_cache(0));
    // The entries fill more than the page that redb always has in memory. The last changes are in memory as well.
    let names: Vec<_> = (0..200).map(|n| n.to_string()).collect();
    for name in &names {
        assert_eq!(put(&store, name, "other").unwrap(), Exchange::Stored);
    }
    assert_eq!(put(&store, "rossi", "before").unwrap(), Exchange::Stored);
    disk.fail(Failing::Reads);
    let (on_disk, error) = names.iter().find_map(|name| Some((name, loaded(&store, name).err()?))).unwrap();
    assert_eq!(error.label(), "io", "{error:?}");
    for _ in 0..50 {
        assert!(loaded(&store, on_disk).is_err());
        thread::sleep(Duration::from_millis(1));
    }
    disk.fail(None);
    assert_eq!(eventually(|| loaded(&store, "rossi")).unwrap().1, "before");
    assert_eq!(put(&store, "rossi", "after").unwrap(), Exchange::Stored);
}

// The bytes on a damaged disk may be needed for recovery, so they must not change.
#[test]
fn what_is_found_to_be_corrupt_is_not_written_to() {
    let (disk, store) = start(RedbOptions::new().with_cache(0));
    for n in 0..200 {
        assert_eq!(put(&store, &format!("{n}"), "a value to be found").unwrap(), Exchange::Stored);
    }
    disk.damage(|bytes| {
        let pages = bytes.chunks_mut(4096).filter(|page| page.windows(10).any(|bytes| bytes == b"a value to"));
        // The first byte of a page is its kind.
        pages.for_each(|page| page[0] = 0xff);
    });
    let damaged = disk.bytes();
    let given_up = Instant::now() + LONG;
    while !matches!(loaded(&store, "7"), Err(RedbStoreError::Corrupt)) {
        assert!(Instant::now() < given_up);
    }
    assert!(matches!(put(&store, "7", "new"), Err(RedbStoreError::Corrupt)));
    drop(store);
    assert!(disk.bytes() == damaged);
}

/// redb panics when it closes this file. The writer closes in a drop, where a second panic would end the process.
#[test]
fn closing_a_damaged_file_does_not_panic() {
    let disk = Disk::default();
    StoreFile::create(disk.open(), None).unwrap();
    let mut file = StoreFile::open(disk.open(), 0).unwrap();
    assert_eq!(file.apply(&[first("rossi")]).unwrap(), [Exchange::Stored]);
    disk.damage(|bytes| bytes.chunks_mut(4096).skip(1).for_each(|page| page[0] = 0xff));
    file.close();
}

#[test]
fn what_is_not_due_is_not_purged() {
    let (_disk, store) = start(RedbOptions::new().with_queue(NonZeroU16::new(10).unwrap()));
    let at = |secs| Some(UnixTime::from_secs(secs).unwrap());
    for n in 0..10_000 {
        let expiry = [None, at(1_000), at(1_001), Some(UnixTime::MAX)][n % 4];
        let name = id(&format!("{n}"));
        assert_eq!(
            block_on(store.compare_exchange(&name, None, Value::from(&b"v"[..]), expiry)).unwrap(),
            Exchange::Stored
        );
    }
    for (now, removed, left) in
        [(999, 0, 10_000), (1_000, 2_500, 7_500), (1_000, 0, 7_500), (UnixTime::MAX.as_secs(), 5_000, 2_500)]
    {
        assert_eq!(block_on(store.purge(UnixTime::from_secs(now).unwrap())).unwrap(), removed, "at {now}");
        let there = (0..10_000).filter(|n| loaded(&store, &n.to_string()).unwrap().is_some()).count();
        assert_eq!(there, left, "at {now}");
    }
}

/// Opening verifies the whole file, so a busy loop of attempts would take the machine's time.
#[test]
fn a_file_that_cannot_be_opened_is_tried_again_after_a_pause() {
    let (disk, store, attempts) = start_counted(RedbOptions::new().with_timeout(LONG), 1);
    let begun = Instant::now();
    disk.fail(Failing::Sync);
    put(&store, "rossi", "lost").unwrap_err();
    for _ in 0..20 {
        let name = id("rossi");
        let later = block_on(store.compare_exchange(&name, None, Value::from(&b"later"[..]), None));
        assert!(matches!(later, Err(RedbStoreError::InUse | RedbStoreError::Io(_))), "{later:?}");
    }
    // The first opening succeeded, and the second came at once.
    let pauses = attempts.load(Ordering::SeqCst).saturating_sub(2);
    let least = Duration::from_millis(500) * u32::try_from(pauses).unwrap();
    assert!(least <= begun.elapsed(), "{pauses} more attempts");
}

#[test]
fn one_fault_that_a_load_and_a_commit_find_costs_one_opening() {
    let (disk, store, attempts) = start_counted(RedbOptions::new().with_cache(0).with_timeout(LONG), usize::MAX);
    let names: Vec<_> = (0..200).map(|n| n.to_string()).collect();
    for name in &names {
        assert_eq!(put(&store, name, "other").unwrap(), Exchange::Stored);
    }
    disk.hang(true);
    let rossi = id("rossi");
    let mut commit = pin!(store.compare_exchange(&rossi, None, Value::from(&b"value"[..]), None));
    assert!(commit.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    disk.until_sync_waits();
    disk.fail(Failing::Reads);
    assert!(names.iter().any(|name| loaded(&store, name).is_err()));
    disk.fail(Failing::Sync);
    disk.hang(false);
    assert!(block_on(commit).is_err());
    assert_eq!(eventually(|| put(&store, "rossi", "after")), Exchange::Stored);
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
}

#[test]
fn a_timeout_beyond_what_the_clock_can_represent_is_a_long_one() {
    let (_disk, store) = start(RedbOptions::new().with_timeout(Duration::MAX));
    for n in 0..200 {
        assert_eq!(put(&store, "rossi", &n.to_string()).unwrap(), Exchange::Stored);
    }
}

#[test]
fn a_long_purge_lets_other_tasks_run() {
    let disk = Disk::default();
    StoreFile::create(disk.open(), None).unwrap();
    let mut file = StoreFile::open(disk.open(), 1 << 20).unwrap();
    let requests: Vec<_> = (0..5_000).map(|n| first(&n.to_string())).collect();
    file.apply(&requests).unwrap();
    file.close();
    let store = RedbStore::start(RedbOptions::new(), move || Ok(disk.open())).unwrap();
    let mut purge = pin!(store.purge(UnixTime::from_secs(1).unwrap()));
    assert!(purge.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(block_on(purge).unwrap(), 0);
}

/// Any other label would send an operator to a backup, while the file is whole.
#[test]
fn a_disk_that_fails_at_any_call_makes_no_file_corrupt_or_foreign() {
    let disk = Disk::default();
    StoreFile::create(disk.open(), None).unwrap();
    let bytes = disk.bytes();
    let mut failed = [0; 2];
    for calls in 0.. {
        let disk = Disk::default();
        disk.write(0, &bytes).unwrap();
        disk.sync_data().unwrap();
        disk.cut_after(calls);
        let mut file = match StoreFile::open(disk.open(), 0) {
            Ok(file) => file,
            Err(error) => {
                assert_eq!(error.label(), "io", "opening, after {calls} calls");
                failed[0] += 1;
                continue;
            }
        };
        let Err(error) = file.apply(&[first("rossi")]) else { break };
        assert_eq!(error.label(), "io", "an exchange, after {calls} calls");
        let error = file.apply(&[first("rossi")]).unwrap_err();
        assert_eq!(error.label(), "io", "another exchange, after {calls} calls");
        failed[1] += 1;
    }
    assert!(failed.iter().all(|failed| *failed > 0));
}
