use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Harness;
use super::bench::{Bench, Outcome, ensure};
use crate::store::{Revision, Value};
use crate::types::AccountId;

pub(super) fn absent<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let (id, handle) = (bench.id(0)?, bench.handle());
    handle.must_be_absent(&id, "an entry exists that was never stored")?;
    handle.must_conflict(&id, Some(Revision::new(0)), "an exchange replaced an entry that did not exist")?;
    handle.must_conflict(&id, Some(Revision::new(1)), "an exchange replaced an entry that did not exist")?;
    handle.must_be_absent(&id, "a conflicting exchange created an entry")?;
    Ok(Ok(()))
}

pub(super) fn create<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let (id, handle, other) = (bench.id(0)?, bench.handle(), bench.handle());
    handle.must_store(&id, None, b"first", None)?;
    let revision = other.must_hold(&id, b"first")?;
    other.must_conflict(&id, None, "an exchange that expected no entry overwrote one")?;
    ensure(handle.must_hold(&id, b"first")? == revision, "a conflicting exchange changed the revision")?;
    handle.must_be_absent(&bench.id(1)?, "an exchange created an entry under another id")?;
    Ok(Ok(()))
}

pub(super) fn replace<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let (id, handle, other) = (bench.id(0)?, bench.handle(), bench.handle());
    let neighbour = bench.id(1)?;
    handle.must_store(&neighbour, None, b"neighbour", None)?;
    handle.must_store(&id, None, b"first", None)?;
    let first = other.must_hold(&id, b"first")?;
    other.must_store(&id, Some(first), b"second", None)?;
    let second = handle.must_hold(&id, b"second")?;
    ensure(first != second, "the revision stayed the same when the value changed")?;
    handle.must_conflict(&id, Some(first), "an exchange that expected an older revision was stored")?;
    ensure(other.must_hold(&id, b"second")? == second, "a conflicting exchange changed the revision")?;
    // Storing the same bytes again is a change too, because another writer decided on them.
    other.must_store(&id, Some(second), b"second", None)?;
    handle.must_conflict(&id, Some(second), "the revision stayed the same when equal bytes were stored")?;
    handle.must_hold(&neighbour, b"neighbour")?;
    Ok(Ok(()))
}

pub(super) fn values_and_ids<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let (handle, other) = (bench.handle(), bench.handle());
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    for (n, value) in [&b""[..], b"\0", &every_byte, &longest()].into_iter().enumerate() {
        let id = bench.id(n)?;
        handle.must_store(&id, None, value, None)?;
        let revision = other.must_hold(&id, value)?;
        other.must_store(&id, Some(revision), b"shorter", None)?;
        handle.must_hold(&id, b"shorter")?;
    }
    // These ids have every allowed character, the longest and the shortest length, both cases of a letter, one id that
    // is a prefix of another, quotes and wildcards.
    let visible: String = ('!'..='~').collect();
    let (start, end) = visible.split_at(AccountId::MAX_LEN);
    let ids = [start, end, "c", "C", "c/", "c/*", "c/%", "c/'", "c/\"", "{c}/1", "{c}/2"];
    for (n, text) in ids.iter().enumerate() {
        let id = AccountId::new(text).map_err(|error| format!("{error}"))?;
        handle.must_store(&id, None, format!("value {n}").as_bytes(), None)?;
    }
    for (n, text) in ids.iter().enumerate() {
        let id = AccountId::new(text).map_err(|error| format!("{error}"))?;
        other.must_hold(&id, format!("value {n}").as_bytes())?;
    }
    Ok(Ok(()))
}

pub(super) fn broken_write<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let id = bench.id(0)?;
    let (old, new) = ([b'o'; Value::MAX_LEN], [b'n'; Value::MAX_LEN]);
    bench.handle().must_store(&id, None, &old, None)?;
    for round in 1..=10 {
        // Each round interrupts a replacement and then a creation.
        let created = bench.id(round)?;
        for (id, before) in [(&id, Some(bench.handle().must_hold(&id, &old)?)), (&created, None)] {
            let handle = bench.handle();
            if let Err(not_applicable) = bench.harness.break_next_write() {
                return Ok(Err(not_applicable));
            }
            if handle.try_exchange(id, before, &new, None).is_ok() {
                return Err("a write that was made to fail did not return an error".into());
            }
            // A new handle is needed, because the failure may have closed the connection of the first one.
            let handle = bench.handle();
            let entry = handle.load(id)?;
            let (value, revision) = match &entry {
                Some(entry) => (Some(entry.value.as_ref()), Some(entry.revision)),
                None => (None, None),
            };
            let is_old = revision == before && value == before.map(|_| &old[..]);
            let is_new = revision != before && value == Some(&new[..]);
            ensure(is_old || is_new, "an interrupted write left neither the old entry nor the new one")?;
            handle.must_store(id, revision, &old, None)?;
        }
    }
    Ok(Ok(()))
}

fn longest() -> Vec<u8> {
    (0..=u8::MAX).rev().cycle().take(Value::MAX_LEN).collect()
}
