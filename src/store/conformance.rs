//! Shows that a [`Store`] keeps its contract: one suite for ours, and for one of your own.
//!
//! Implement [`Harness`] for your engine and call [`check`] in a test. The suite races threads that hold handles of their
//! own, makes entries expire, breaks writes off and restarts the engine, and says what did not hold.
//!
//! ```
//! use secondo::store::conformance::{Harness, NotApplicable, check};
//! use secondo::store::Memory;
//! use secondo::UnixTime;
//!
//! struct InMemory(Memory);
//!
//! impl Harness for InMemory {
//!     type Store<'a> = &'a Memory;
//!
//!     fn connect(&self) -> &Memory {
//!         &self.0
//!     }
//!     fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
//!         pollster::block_on(future)
//!     }
//!     fn forget_expired(&self, now: UnixTime) {
//!         self.0.purge(now);
//!     }
//!     fn break_next_write(&self) -> Result<(), NotApplicable> {
//!         Err(NotApplicable("a write to memory does not fail"))
//!     }
//!     fn restart(&self) -> Result<(), NotApplicable> {
//!         Err(NotApplicable("memory does not outlive its process"))
//!     }
//! }
//!
//! let report = check(&InMemory(Memory::new()))?;
//! println!("{report}");
//! # assert_eq!(report.not_applicable().count(), 2);
//! # Ok::<(), secondo::store::conformance::Violation>(())
//! ```

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use std::collections::HashSet;
use std::sync::Barrier;
use std::thread;
use std::time::SystemTime;

use super::{Entry, Exchange, Revision, Store, Value};
use crate::types::{AuthenticatorId, UnixTime};

/// What the suite needs to know of an engine. It must be empty at first.
pub trait Harness: Sync {
    /// The store under test.
    type Store<'a>: Store
    where
        Self: 'a;

    /// A new handle on the same data, opened as another process or machine would open it.
    fn connect(&self) -> Self::Store<'_>;

    /// Runs a future of the store's to its end; called from several threads at once.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;

    /// Makes the store forget what has expired at `now`, at most a few seconds from now: runs its purge with that time,
    /// or waits for it where the engine has a clock of its own.
    fn forget_expired(&self, now: UnixTime);

    /// Makes the next write fail when it has begun: a connection cut, a full disk, an error from below.
    ///
    /// # Errors
    ///
    /// [`NotApplicable`] if this cannot happen to the engine.
    fn break_next_write(&self) -> Result<(), NotApplicable>;

    /// Stops the engine as a crash would, and starts it again on the same data. Handles that were opened before are not
    /// used again.
    ///
    /// # Errors
    ///
    /// [`NotApplicable`] if the engine is not meant to outlive its process.
    fn restart(&self) -> Result<(), NotApplicable>;
}

/// Why a check says nothing about this engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotApplicable(pub &'static str);

/// What was checked, and what does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report(Vec<(&'static str, Result<(), NotApplicable>)>);

impl Report {
    /// The checks that hold.
    pub fn passed(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter(|(_, result)| result.is_ok()).map(|(name, _)| *name)
    }

    /// The checks that the harness declared not to apply, and why.
    pub fn not_applicable(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().filter_map(|(name, result)| result.err().map(|NotApplicable(why)| (*name, why)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, result) in &self.0 {
            match result {
                Ok(()) => writeln!(f, "{name}: holds")?,
                Err(NotApplicable(why)) => writeln!(f, "{name}: does not apply: {why}")?,
            }
        }
        Ok(())
    }
}

/// The contract is broken: by which check, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    check: &'static str,
    seen: String,
}

impl Violation {
    /// The name of the check, as in [`Report`].
    #[must_use]
    pub fn check(&self) -> &'static str {
        self.check
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.seen)
    }
}

impl core::error::Error for Violation {}

/// Runs every check, and stops at the first that does not hold.
///
/// # Errors
///
/// [`Violation`].
pub fn check<H: Harness>(harness: &H) -> Result<Report, Violation> {
    let mut report = Report(Vec::new());
    for (name, run) in checks::<H>() {
        let outcome = run(&Bench { harness, name }).map_err(|seen| Violation { check: name, seen })?;
        report.0.push((name, outcome));
    }
    Ok(report)
}

/// `Err` says what was seen; `Ok(Err(_))` that the check does not apply.
type Outcome = Result<Result<(), NotApplicable>, String>;
type Check<H> = fn(&Bench<'_, H>) -> Outcome;

fn checks<H: Harness>() -> [(&'static str, Check<H>); 10] {
    [
        ("restart", restart),
        ("absent", absent),
        ("create", create),
        ("replace", replace),
        ("values and ids", values_and_ids),
        ("racing creators", racing_creators),
        ("lost updates", lost_updates),
        ("expiry", expiry),
        ("re-creation", re_creation),
        ("broken write", broken_write),
    ]
}

struct Bench<'h, H> {
    harness: &'h H,
    name: &'static str,
}

impl<'h, H: Harness> Bench<'h, H> {
    fn handle(&self) -> Handle<'h, H> {
        Handle { harness: self.harness, store: self.harness.connect() }
    }

    /// An id that only this check uses.
    fn id(&self, n: usize) -> Result<AuthenticatorId, String> {
        let text = format!("conformance/{}/{n}", self.name.replace(' ', "-"));
        AuthenticatorId::new(&text).map_err(|error| format!("{error}"))
    }
}

struct Handle<'h, H: Harness + 'h> {
    harness: &'h H,
    store: H::Store<'h>,
}

impl<H: Harness> Handle<'_, H> {
    fn try_exchange(
        &self,
        id: &AuthenticatorId,
        expected: Option<Revision>,
        value: &[u8],
        expiry: Option<UnixTime>,
    ) -> Result<bool, String> {
        let exchange = self.store.compare_exchange(id, expected, Value::from(value), expiry);
        match self.harness.block_on(exchange) {
            Ok(exchange) => Ok(exchange == Exchange::Stored),
            Err(error) => Err(format!("compare_exchange failed: {error}")),
        }
    }

    fn must_store(
        &self,
        id: &AuthenticatorId,
        expected: Option<Revision>,
        value: &[u8],
        expiry: Option<UnixTime>,
    ) -> Result<(), String> {
        ensure(self.try_exchange(id, expected, value, expiry)?, "an exchange on the current revision was refused")
    }

    fn must_conflict(&self, id: &AuthenticatorId, expected: Option<Revision>, why: &str) -> Result<(), String> {
        ensure(!self.try_exchange(id, expected, b"must not be stored", None)?, why)
    }

    fn load(&self, id: &AuthenticatorId) -> Result<Option<Entry>, String> {
        self.harness.block_on(self.store.load(id)).map_err(|error| format!("load failed: {error}"))
    }

    /// The revision of an entry that must have this value.
    fn must_hold(&self, id: &AuthenticatorId, value: &[u8]) -> Result<Revision, String> {
        match self.load(id)? {
            Some(entry) if entry.value.as_ref() == value => Ok(entry.revision),
            Some(_) => Err("another value was loaded than was stored last".into()),
            None => Err("an entry that was stored is gone".into()),
        }
    }

    fn must_be_absent(&self, id: &AuthenticatorId, why: &str) -> Result<(), String> {
        ensure(self.load(id)?.is_none(), why)
    }
}

fn ensure(holds: bool, else_seen: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(else_seen.into()) }
}

fn absent<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let (id, handle) = (bench.id(0)?, bench.handle());
    handle.must_be_absent(&id, "an entry was there that nobody stored")?;
    handle.must_conflict(&id, Some(Revision::new(0)), "an absent entry was replaced")?;
    handle.must_conflict(&id, Some(Revision::new(1)), "an absent entry was replaced")?;
    handle.must_be_absent(&id, "a refused exchange left an entry")?;
    Ok(Ok(()))
}

fn create<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let (id, handle, other) = (bench.id(0)?, bench.handle(), bench.handle());
    handle.must_store(&id, None, b"first", None)?;
    let revision = other.must_hold(&id, b"first")?;
    other.must_conflict(&id, None, "an entry was created over another")?;
    ensure(handle.must_hold(&id, b"first")? == revision, "a refused exchange changed the revision")?;
    handle.must_be_absent(&bench.id(1)?, "creating an entry created another")?;
    Ok(Ok(()))
}

fn replace<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let (id, handle, other) = (bench.id(0)?, bench.handle(), bench.handle());
    let neighbour = bench.id(1)?;
    handle.must_store(&neighbour, None, b"neighbour", None)?;
    handle.must_store(&id, None, b"first", None)?;
    let first = other.must_hold(&id, b"first")?;
    other.must_store(&id, Some(first), b"second", None)?;
    let second = handle.must_hold(&id, b"second")?;
    ensure(first != second, "a revision stayed the same when the value changed")?;
    handle.must_conflict(&id, Some(first), "an older revision was replaced")?;
    ensure(other.must_hold(&id, b"second")? == second, "a refused exchange changed the revision")?;
    // The same bytes again are a change too: somebody decided on them.
    other.must_store(&id, Some(second), b"second", None)?;
    handle.must_conflict(&id, Some(second), "storing equal bytes kept the revision")?;
    handle.must_hold(&neighbour, b"neighbour")?;
    Ok(Ok(()))
}

fn values_and_ids<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let (handle, other) = (bench.handle(), bench.handle());
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    for (n, value) in [&b""[..], b"\0", &every_byte, &longest()].into_iter().enumerate() {
        let id = bench.id(n)?;
        handle.must_store(&id, None, value, None)?;
        let revision = other.must_hold(&id, value)?;
        other.must_store(&id, Some(revision), b"shorter", None)?;
        handle.must_hold(&id, b"shorter")?;
    }
    // Every character, the longest, the shortest, upper and lower case, one a prefix of the other, quotes and wildcards.
    let visible: String = ('!'..='~').collect();
    let (start, end) = visible.split_at(AuthenticatorId::MAX_LEN);
    let ids = [start, end, "c", "C", "c/", "c/*", "c/%", "c/'", "c/\"", "{c}/1", "{c}/2"];
    for (n, text) in ids.iter().enumerate() {
        let id = AuthenticatorId::new(text).map_err(|error| format!("{error}"))?;
        handle.must_store(&id, None, format!("value {n}").as_bytes(), None)?;
    }
    for (n, text) in ids.iter().enumerate() {
        let id = AuthenticatorId::new(text).map_err(|error| format!("{error}"))?;
        other.must_hold(&id, format!("value {n}").as_bytes())?;
    }
    Ok(Ok(()))
}

const WRITERS: usize = 8;

/// Runs one closure on as many threads as there are writers, each with a handle of its own, all starting at once.
fn race<H: Harness, T: Send>(
    bench: &Bench<'_, H>,
    run: impl Fn(&Handle<'_, H>, usize) -> Result<T, String> + Sync,
) -> Result<Vec<T>, String> {
    let start = Barrier::new(WRITERS);
    thread::scope(|scope| {
        let (run, start) = (&run, &start);
        let handles: Vec<_> = (0..WRITERS).map(|_| bench.handle()).collect();
        let spawn = |(n, handle)| {
            scope.spawn(move || {
                start.wait();
                run(&handle, n)
            })
        };
        let writers: Vec<_> = handles.into_iter().enumerate().map(spawn).collect();
        let join = |writer: thread::ScopedJoinHandle<'_, _>| writer.join().unwrap_or(Err("a writer panicked".into()));
        // All are joined before the first error is looked at.
        writers.into_iter().map(join).collect::<Vec<_>>().into_iter().collect()
    })
}

fn racing_creators<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    const ROUNDS: usize = 50;

    let ids = (0..ROUNDS).map(|n| bench.id(n)).collect::<Result<Vec<_>, _>>()?;
    let step = Barrier::new(WRITERS);
    let won = race(bench, |handle, n| {
        let mut won = Vec::new();
        for id in &ids {
            step.wait();
            // An error must not leave the others waiting.
            won.push(handle.try_exchange(id, None, format!("writer {n}").as_bytes(), None));
        }
        won.into_iter().collect::<Result<Vec<_>, _>>()
    })?;
    let handle = bench.handle();
    for (round, id) in ids.iter().enumerate() {
        let winners: Vec<_> =
            (0..WRITERS).filter(|n| won.get(*n).is_some_and(|won| won.get(round) == Some(&true))).collect();
        let [winner] = winners.as_slice() else {
            return Err(format!("{} of {WRITERS} racing creators were told that theirs is stored", winners.len()));
        };
        handle.must_hold(id, format!("writer {winner}").as_bytes())?;
    }
    Ok(Ok(()))
}

fn lost_updates<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    const INCREMENTS: usize = 25;

    let (id, handle) = (bench.id(0)?, bench.handle());
    handle.must_store(&id, None, &0_u64.to_be_bytes(), None)?;
    let seen = race(bench, |handle, _| {
        let mut seen = Vec::new();
        while seen.len() < INCREMENTS {
            let entry = handle.load(&id)?.ok_or("an entry vanished while it was replaced")?;
            let bytes = entry.value.as_ref().try_into().map_err(|_| "a value was loaded in part")?;
            let next = u64::from_be_bytes(bytes) + 1;
            if handle.try_exchange(&id, Some(entry.revision), &next.to_be_bytes(), None)? {
                seen.push((next, entry.revision));
            }
        }
        Ok(seen)
    })?;
    let total = INCREMENTS * WRITERS;
    let numbers: HashSet<u64> = seen.iter().flatten().map(|(number, _)| *number).collect();
    let revisions: HashSet<Revision> = seen.iter().flatten().map(|(_, revision)| *revision).collect();
    ensure(numbers.len() == total, "two writers were told that they replaced the same value")?;
    ensure(revisions.len() == total, "a revision came twice")?;
    handle.must_hold(&id, &(total as u64).to_be_bytes())?;
    Ok(Ok(()))
}

fn now() -> Result<UnixTime, String> {
    UnixTime::try_from(SystemTime::now()).map_err(|error| format!("{error}"))
}

fn expiry<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let [replaced, created, kept, later] = [bench.id(0)?, bench.id(1)?, bench.id(2)?, bench.id(3)?];
    let handle = bench.handle();
    let now = now()?;
    let soon = now.saturating_add(5);

    handle.must_store(&replaced, None, b"older", None)?;
    handle.must_store(&replaced, Some(handle.must_hold(&replaced, b"older")?), b"newer", Some(soon))?;
    handle.must_store(&created, None, b"newer", Some(soon))?;
    handle.must_store(&kept, None, b"older", Some(soon))?;
    handle.must_store(&kept, Some(handle.must_hold(&kept, b"older")?), b"newer", None)?;
    // So far ahead that it comes too early even if the store takes seconds for milliseconds.
    handle.must_store(&later, None, b"later", Some(now.saturating_add(600_000)))?;
    if self::now()? < soon {
        for id in [&replaced, &created] {
            handle.must_hold(id, b"newer").map_err(|seen| format!("not yet expired, but {seen}"))?;
        }
    }

    bench.harness.forget_expired(soon.saturating_add(1));
    for id in [&replaced, &created] {
        handle.must_be_absent(id, "an expired entry, or an older value of it, is still there")?;
        bench.handle().must_be_absent(id, "an expired entry is there for another handle")?;
    }
    handle.must_hold(&kept, b"newer").map_err(|seen| format!("expiry taken back, but {seen}"))?;
    handle.must_hold(&later, b"later").map_err(|seen| format!("expiry in a week, but {seen}"))?;
    Ok(Ok(()))
}

fn re_creation<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let (id, handle) = (bench.id(0)?, bench.handle());
    let now = now()?;
    let mut used = HashSet::new();
    for _ in 0..20 {
        let mut current = None;
        for value in [&b"first"[..], b"second", b"third"] {
            // An expiry in an hour and then none: the revision must be new with either.
            let expiry = (value == b"second").then_some(now.saturating_add(3600));
            handle.must_store(&id, current, value, expiry)?;
            let revision = handle.must_hold(&id, value)?;
            ensure(used.insert(revision), "a revision came back after the entry was created anew")?;
            current = Some(revision);
        }
        for revision in used.iter().filter(|revision| Some(**revision) != current) {
            handle.must_conflict(
                &id,
                Some(*revision),
                "a revision from before the entry was created anew still counts",
            )?;
        }
        handle.must_store(&id, current, b"expired", Some(past(now)))?;
        let expired = handle.load(&id)?.map(|entry| entry.revision);
        bench.harness.forget_expired(self::now()?);
        handle.must_be_absent(&id, "an expired entry, or an older value of it, is still there")?;
        for revision in [current, expired].into_iter().flatten() {
            used.insert(revision);
            handle.must_conflict(&id, Some(revision), "an expired entry was replaced")?;
        }
        handle.must_be_absent(&id, "a refused exchange revived an expired entry")?;
    }
    Ok(Ok(()))
}

fn past(now: UnixTime) -> UnixTime {
    UnixTime::EPOCH.saturating_add(now.as_secs().saturating_sub(60))
}

fn longest() -> Vec<u8> {
    (0..=u8::MAX).rev().cycle().take(Value::MAX_LEN).collect()
}

fn broken_write<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let id = bench.id(0)?;
    let (old, new) = ([b'o'; Value::MAX_LEN], [b'n'; Value::MAX_LEN]);
    bench.handle().must_store(&id, None, &old, None)?;
    for round in 1..=10 {
        // Creating an entry is broken off in turn with replacing one.
        let created = bench.id(round)?;
        for (id, before) in [(&id, Some(bench.handle().must_hold(&id, &old)?)), (&created, None)] {
            let handle = bench.handle();
            if let Err(not_applicable) = bench.harness.break_next_write() {
                return Ok(Err(not_applicable));
            }
            if handle.try_exchange(id, before, &new, None).is_ok() {
                return Err("a write that was made to fail was answered as if it had not".into());
            }
            // Another handle: the failure may have cost this one its connection.
            let handle = bench.handle();
            let entry = handle.load(id)?;
            let (value, revision) = match &entry {
                Some(entry) => (Some(entry.value.as_ref()), Some(entry.revision)),
                None => (None, None),
            };
            let is_old = revision == before && value == before.map(|_| &old[..]);
            let is_new = revision != before && value == Some(&new[..]);
            ensure(is_old || is_new, "a broken write left neither the old entry nor the new one")?;
            handle.must_store(id, revision, &old, None)?;
        }
    }
    Ok(Ok(()))
}

/// Comes first, while the engine is new: a count of revisions that starts again comes back to the same ones soonest.
fn restart<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    const ENTRIES: usize = 20;
    const REPLACEMENTS: usize = 10;

    let ids = (0..ENTRIES).map(|n| bench.id(n)).collect::<Result<Vec<_>, _>>()?;
    let (long, gone, kept) = (bench.id(ENTRIES)?, bench.id(ENTRIES + 1)?, bench.id(ENTRIES + 2)?);
    let long_value = [b'l'; 200];
    let mut kept_until = now()?;

    let mut used = HashSet::new();
    let mut handle = bench.handle();
    for id in &ids {
        handle.must_store(id, None, b"0", None)?;
        used.insert((id, handle.must_hold(id, b"0")?));
    }
    for n in 1..=2 * REPLACEMENTS {
        for id in &ids {
            let current = handle.must_hold(id, format!("{}", n - 1).as_bytes());
            let current = current.map_err(|seen| format!("{seen}, before or after a restart"))?;
            handle.must_store(id, Some(current), format!("{n}").as_bytes(), None)?;
            let next = handle.must_hold(id, format!("{n}").as_bytes())?;
            ensure(used.insert((id, next)), "a revision came twice, or came back after a restart")?;
        }
        if n == REPLACEMENTS {
            handle.must_store(&long, None, &long_value, None)?;
            let soon = now()?.saturating_add(5);
            expire_at(&handle, &gone, soon)?;
            bench.harness.forget_expired(soon.saturating_add(1));
            kept_until = soon.saturating_add(4);
            expire_at(&handle, &kept, kept_until)?;
            drop(handle);
            if let Err(not_applicable) = bench.harness.restart() {
                return Ok(Err(not_applicable));
            }
            handle = bench.handle();
            handle.must_hold(&long, &long_value).map_err(|seen| format!("after a restart, {seen}"))?;
            handle.must_be_absent(&gone, "a restart revived an expired entry")?;
        }
    }
    bench.harness.forget_expired(kept_until.saturating_add(1));
    handle.must_be_absent(&kept, "a restart lost an entry's expiry")?;
    Ok(Ok(()))
}

/// Creates and replaces an entry, both with this expiry.
fn expire_at<H: Harness>(handle: &Handle<'_, H>, id: &AuthenticatorId, expiry: UnixTime) -> Result<(), String> {
    handle.must_store(id, None, b"older", Some(expiry))?;
    handle.must_store(id, Some(handle.must_hold(id, b"older")?), b"newer", Some(expiry))
}
