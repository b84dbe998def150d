//! Tests of the conformance suite: it passes the in-memory store and a naive store, and catches each defect of a store.
#![cfg(feature = "std")]

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use secondo::store::conformance::{Harness, NotApplicable, check, check_listing};
use secondo::store::{Boxed, Entry, Enumerate, Exchange, Memory, Revision, Store, Value};
use secondo::{AccountId, UnixTime};

struct InMemory(Arc<Memory>);

impl InMemory {
    fn new() -> Self {
        Self(Arc::new(Memory::new()))
    }
}

impl Harness for InMemory {
    type Store<'a> = Arc<Memory>;

    fn connect(&self) -> Arc<Memory> {
        Arc::clone(&self.0)
    }
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        pollster::block_on(future)
    }
    fn forget_expired(&self, now: UnixTime) {
        self.0.purge(now);
    }
    fn break_next_write(&self) -> Result<(), NotApplicable> {
        Err(NotApplicable("a write to memory does not fail"))
    }
    fn restart(&self) -> Result<(), NotApplicable> {
        Err(NotApplicable("memory does not outlive its process"))
    }
}

#[test]
fn the_in_memory_store_keeps_the_contract() {
    let report = check(&InMemory::new()).unwrap_or_else(|violation| panic!("{violation}"));
    let not_applicable: Vec<_> = report.not_applicable().map(|(name, _)| name).collect();
    assert_eq!(not_applicable, ["restart", "broken write"]);
    assert_eq!(report.passed().count(), 8);
}

/// A listing of a store, with a defect if there is one.
struct Listing {
    memory: Memory,
    defect: Option<fn(Vec<AccountId>) -> Vec<AccountId>>,
    /// `true` if a listing ends where the entry of the passed id is gone.
    ends_at_gap: bool,
}

impl Store for &Listing {
    type Error = std::convert::Infallible;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, Self::Error> {
        self.memory.load(id).await
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, Self::Error> {
        self.memory.compare_exchange(id, expected, value, expiry).await
    }
}

impl Enumerate for &Listing {
    async fn ids_after(&self, after: Option<&AccountId>) -> Result<Vec<AccountId>, Self::Error> {
        if let Some(id) = after
            && self.ends_at_gap
            && self.memory.load(id).await?.is_none()
        {
            return Ok(Vec::new());
        }
        let ids = self.memory.ids_after(after).await?;
        Ok(match self.defect {
            Some(defect) => defect(ids),
            None => ids,
        })
    }
}

impl Harness for Listing {
    type Store<'a> = &'a Listing;

    fn connect(&self) -> &Listing {
        self
    }
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        pollster::block_on(future)
    }
    fn forget_expired(&self, now: UnixTime) {
        self.memory.purge(now);
    }
    fn break_next_write(&self) -> Result<(), NotApplicable> {
        Err(NotApplicable("a write to memory does not fail"))
    }
    fn restart(&self) -> Result<(), NotApplicable> {
        Err(NotApplicable("memory does not outlive its process"))
    }
}

#[test]
fn a_listing_has_every_id() {
    let check = |defect, ends_at_gap| check_listing(&Listing { memory: Memory::new(), defect, ends_at_gap });
    assert_eq!(check(None, false), Ok(()));
    assert_eq!(check_listing(&InMemory::new()), Ok(()));
    let leaves_out: fn(Vec<AccountId>) -> Vec<AccountId> = |ids| ids[ids.len() / 2..].to_vec();
    let invents: fn(Vec<AccountId>) -> Vec<AccountId> = |mut ids| {
        if !ids.is_empty() {
            ids.insert(0, AccountId::new("conformance/listing/x").unwrap());
        }
        ids
    };
    let repeats: fn(Vec<AccountId>) -> Vec<AccountId> = |_| vec![AccountId::new("conformance/listing/1").unwrap()];
    for (defect, seen) in [(leaves_out, "not listed"), (invents, "no entry"), (repeats, "does not end")] {
        let violation = check(Some(defect), false).unwrap_err();
        assert!(violation.to_string().contains(seen), "{violation}");
    }
    // The last id of the first list expires in one of three runs.
    assert!((0..200).any(|_| check(None, true).is_err()));
}

/// The in-memory store in a box.
struct InBox(InMemory);

impl Harness for InBox {
    type Store<'a> = Boxed;

    fn connect(&self) -> Boxed {
        Boxed::new(self.0.connect())
    }
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }
    fn forget_expired(&self, now: UnixTime) {
        self.0.forget_expired(now);
    }
    fn break_next_write(&self) -> Result<(), NotApplicable> {
        self.0.break_next_write()
    }
    fn restart(&self) -> Result<(), NotApplicable> {
        self.0.restart()
    }
}

#[test]
fn a_boxed_store_keeps_the_contract() {
    let report = check(&InBox(InMemory::new())).unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!(report.passed().count(), 8);
    check_listing(&InBox(InMemory::new())).unwrap_or_else(|violation| panic!("{violation}"));
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Defect {
    None,
    ReplacesAbsent,
    CreatesOver,
    IgnoresRevision,
    ChecksThenCreates,
    ChecksThenReplaces,
    LoadsInTwoSteps,
    KeepsRevisionOfEqualBytes,
    RevisionsStartAgain,
    ReusesRevisionOfExpired,
    RevivesOlderValue,
    KeepsExpiry,
    IgnoresExpiryOfCreated,
    ForgetsTooEarly,
    IgnoresCase,
    CutsAtNul,
    CutsLongValues,
    TearsBrokenReplacement,
    TearsBrokenCreation,
    SaysBrokenWriteWasStored,
    LosesLastWriteAtRestart,
    RevisionsStartAgainAtRestart,
    RevivesExpiredAtRestart,
    LosesExpiryAtRestart,
    CutsValuesAtRestart,
}

/// The simplest possible store, with at most one defect.
struct Naive {
    defect: Defect,
    data: Mutex<Data>,
}

#[derive(Default)]
struct Data {
    /// Every version of each entry, the current one last.
    entries: HashMap<String, Vec<Version>>,
    last_revision: u64,
    break_next_write: bool,
    forgotten: HashMap<String, Vec<Version>>,
}

#[derive(Clone)]
struct Version {
    revision: u64,
    value: Vec<u8>,
    expiry: Option<UnixTime>,
}

impl Naive {
    fn new(defect: Defect) -> Self {
        Self { defect, data: Mutex::default() }
    }

    fn key(&self, id: &AccountId) -> String {
        match self.defect {
            Defect::IgnoresCase => id.as_str().to_lowercase(),
            _ => id.as_str().into(),
        }
    }

    fn kept(&self, mut value: Vec<u8>) -> Vec<u8> {
        match self.defect {
            Defect::CutsAtNul => value.truncate(value.iter().position(|byte| *byte == 0).unwrap_or(value.len())),
            Defect::CutsLongValues => value.truncate(255),
            _ => {}
        }
        value
    }
}

#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection broke")
    }
}

impl std::error::Error for Broken {}

impl Store for Naive {
    type Error = Broken;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, Broken> {
        let current = || {
            let data = self.data.lock().unwrap();
            data.entries.get(&self.key(id)).and_then(|versions| versions.last()).cloned()
        };
        let Some(mut version) = current() else { return Ok(None) };
        if self.defect == Defect::LoadsInTwoSteps {
            pause();
            version.revision = current().map_or(version.revision, |version| version.revision);
        }
        Ok(Some(Entry { revision: Revision::new(version.revision), value: Value::from(version.value) }))
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, Broken> {
        let mut data = self.data.lock().unwrap();
        let current = data.entries.get(&self.key(id)).and_then(|versions| versions.last()).cloned();
        match (self.defect, &current) {
            (Defect::ChecksThenCreates, None) | (Defect::ChecksThenReplaces, Some(_)) => {
                drop(data);
                pause();
                data = self.data.lock().unwrap();
            }
            _ => {}
        }
        let matches = match (&current, expected) {
            (None, None) => true,
            (Some(_), None) => self.defect == Defect::CreatesOver,
            (None, Some(_)) => self.defect == Defect::ReplacesAbsent,
            (Some(current), Some(expected)) => {
                current.revision == expected.get() || self.defect == Defect::IgnoresRevision
            }
        };
        if !matches {
            return Ok(Exchange::Conflict);
        }
        data.last_revision += 1;
        let mut next = Version { revision: data.last_revision, value: self.kept(value.as_ref().to_vec()), expiry };
        let broken = std::mem::take(&mut data.break_next_write);
        let torn = match self.defect {
            Defect::TearsBrokenReplacement => broken && current.is_some(),
            Defect::TearsBrokenCreation => broken && current.is_none(),
            _ => false,
        };
        if broken && !torn && data.last_revision.is_multiple_of(2) {
            // At even revisions the connection breaks before the write, at odd revisions after it.
            return if self.defect == Defect::SaysBrokenWriteWasStored { Ok(Exchange::Stored) } else { Err(Broken) };
        }
        if torn {
            next.value.truncate(next.value.len() / 2);
        }
        match (self.defect, current) {
            (Defect::KeepsRevisionOfEqualBytes, Some(current)) if current.value == next.value => {
                next.revision = current.revision;
            }
            (Defect::KeepsExpiry, Some(current)) if next.expiry.is_none() => next.expiry = current.expiry,
            (Defect::IgnoresExpiryOfCreated, None) => next.expiry = None,
            (Defect::ReusesRevisionOfExpired, None) => {
                let forgotten = data.forgotten.get(&self.key(id)).and_then(|versions| versions.last());
                next.revision = forgotten.map_or(next.revision, |forgotten| forgotten.revision);
            }
            _ => {}
        }
        data.entries.entry(self.key(id)).or_default().push(next);
        match (broken, self.defect) {
            (false, _) | (true, Defect::SaysBrokenWriteWasStored) => Ok(Exchange::Stored),
            (true, _) => Err(Broken),
        }
    }
}

/// Lets other threads run between a check and the write that depends on it.
fn pause() {
    thread::sleep(Duration::from_micros(200));
}

impl Harness for Naive {
    type Store<'a> = &'a Self;

    fn connect(&self) -> &Self {
        self
    }
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        pollster::block_on(future)
    }
    fn forget_expired(&self, now: UnixTime) {
        let mut data = self.data.lock().unwrap();
        let data = &mut *data;
        let now = match self.defect {
            Defect::ForgetsTooEarly => UnixTime::from_secs(now.as_secs() + 1_000_000).unwrap(),
            _ => now,
        };
        let expired = |version: &Version| version.expiry.is_some_and(|expiry| expiry <= now);
        for (key, versions) in &mut data.entries {
            if self.defect == Defect::RevivesOlderValue {
                versions.retain(|version| !expired(version));
            } else if versions.last().is_some_and(expired) {
                data.forgotten.insert(key.clone(), std::mem::take(versions));
            }
        }
        data.entries.retain(|_, versions| !versions.is_empty());
        if self.defect == Defect::RevisionsStartAgain {
            data.last_revision = 0;
        }
    }
    fn break_next_write(&self) -> Result<(), NotApplicable> {
        self.data.lock().unwrap().break_next_write = true;
        Ok(())
    }
    fn restart(&self) -> Result<(), NotApplicable> {
        let mut data = self.data.lock().unwrap();
        let data = &mut *data;
        let current = data.entries.values_mut().filter_map(|versions| versions.last_mut());
        match self.defect {
            Defect::LosesLastWriteAtRestart => data.entries.values_mut().for_each(|versions| drop(versions.pop())),
            Defect::RevisionsStartAgainAtRestart => data.last_revision = 0,
            Defect::RevivesExpiredAtRestart => data.entries.extend(data.forgotten.drain()),
            Defect::LosesExpiryAtRestart => current.for_each(|version| version.expiry = None),
            Defect::CutsValuesAtRestart => current.for_each(|version| version.value.truncate(64)),
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn a_store_without_a_defect_passes_every_check() {
    let report = check(&Naive::new(Defect::None)).unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!(report.not_applicable().count(), 0, "{report}");
    assert_eq!(report.passed().count(), 10);
}

#[test]
fn every_defect_is_caught_by_the_check_for_it() {
    for (defect, check_name) in [
        (Defect::ReplacesAbsent, "absent"),
        (Defect::CreatesOver, "create"),
        (Defect::IgnoresRevision, "replace"),
        (Defect::ChecksThenCreates, "racing creators"),
        (Defect::ChecksThenReplaces, "lost updates"),
        (Defect::LoadsInTwoSteps, "lost updates"),
        (Defect::KeepsRevisionOfEqualBytes, "replace"),
        (Defect::RevisionsStartAgain, "re-creation"),
        (Defect::ReusesRevisionOfExpired, "re-creation"),
        (Defect::RevivesOlderValue, "expiry"),
        (Defect::KeepsExpiry, "expiry"),
        (Defect::IgnoresExpiryOfCreated, "expiry"),
        (Defect::ForgetsTooEarly, "expiry"),
        (Defect::IgnoresCase, "values and ids"),
        (Defect::CutsAtNul, "values and ids"),
        (Defect::CutsLongValues, "values and ids"),
        (Defect::TearsBrokenReplacement, "broken write"),
        (Defect::TearsBrokenCreation, "broken write"),
        (Defect::SaysBrokenWriteWasStored, "broken write"),
        (Defect::LosesLastWriteAtRestart, "restart"),
        (Defect::RevisionsStartAgainAtRestart, "restart"),
        (Defect::RevivesExpiredAtRestart, "restart"),
        (Defect::LosesExpiryAtRestart, "restart"),
        (Defect::CutsValuesAtRestart, "restart"),
    ] {
        match check(&Naive::new(defect)) {
            Ok(report) => panic!("{defect:?} was not caught:\n{report}"),
            Err(violation) => assert_eq!(violation.check(), check_name, "{defect:?}: {violation}"),
        }
    }
}
