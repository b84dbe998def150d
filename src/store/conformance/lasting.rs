use alloc::format;
use alloc::string::String;
use std::collections::HashSet;

use super::Harness;
use super::bench::{Bench, Handle, Outcome, ensure};
use crate::types::{AccountId, UnixTime};

pub(super) fn expiry<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let [replaced, created, kept, later] = [bench.id(0)?, bench.id(1)?, bench.id(2)?, bench.id(3)?];
    let handle = bench.handle();
    let now = now()?;
    let soon = now.saturating_add(5);

    handle.must_store(&replaced, None, b"older", None)?;
    handle.must_store(&replaced, Some(handle.must_hold(&replaced, b"older")?), b"newer", Some(soon))?;
    handle.must_store(&created, None, b"newer", Some(soon))?;
    handle.must_store(&kept, None, b"older", Some(soon))?;
    handle.must_store(&kept, Some(handle.must_hold(&kept, b"older")?), b"newer", None)?;
    // This expiry is a week ahead: a store keeps the entry, unless for example it confuses seconds with milliseconds.
    handle.must_store(&later, None, b"later", Some(now.saturating_add(600_000)))?;
    if self::now()? < soon {
        for id in [&replaced, &created] {
            handle.must_hold(id, b"newer").map_err(|seen| format!("before its expiry, {seen}"))?;
        }
    }

    bench.harness.forget_expired(soon.saturating_add(1));
    for id in [&replaced, &created] {
        handle.must_be_absent(id, "an expired entry or an older value of it still exists")?;
        bench.handle().must_be_absent(id, "an expired entry still exists for another handle")?;
    }
    handle.must_hold(&kept, b"newer").map_err(|seen| format!("after the expiry was removed, {seen}"))?;
    handle.must_hold(&later, b"later").map_err(|seen| format!("a week before its expiry, {seen}"))?;
    Ok(Ok(()))
}

pub(super) fn re_creation<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    let (id, handle) = (bench.id(0)?, bench.handle());
    let now = now()?;
    let mut used = HashSet::new();
    for _ in 0..20 {
        let mut current = None;
        for value in [&b"first"[..], b"second", b"third"] {
            // The revision must be new with and without an expiry.
            let expiry = (value == b"second").then_some(now.saturating_add(3600));
            handle.must_store(&id, current, value, expiry)?;
            let revision = handle.must_hold(&id, value)?;
            ensure(used.insert(revision), "a revision was used again after the entry was created again")?;
            current = Some(revision);
        }
        for revision in used.iter().filter(|revision| Some(**revision) != current) {
            handle.must_conflict(
                &id,
                Some(*revision),
                "an exchange with a revision from before the entry was created again was stored",
            )?;
        }
        handle.must_store(&id, current, b"expired", Some(past(now)))?;
        let expired = handle.load(&id)?.map(|entry| entry.revision);
        bench.harness.forget_expired(self::now()?);
        handle.must_be_absent(&id, "an expired entry or an older value of it still exists")?;
        for revision in [current, expired].into_iter().flatten() {
            used.insert(revision);
            handle.must_conflict(&id, Some(revision), "an exchange replaced an expired entry")?;
        }
        handle.must_be_absent(&id, "a conflicting exchange revived an expired entry")?;
    }
    Ok(Ok(()))
}

/// Checks that entries and expiries survive a restart, and that revisions do not repeat after it.
///
/// This check runs first, because a revision counter that starts again repeats its revisions soonest in a new engine.
pub(super) fn restart<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
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
            let current = current.map_err(|seen| format!("before or after a restart, {seen}"))?;
            handle.must_store(id, Some(current), format!("{n}").as_bytes(), None)?;
            let next = handle.must_hold(id, format!("{n}").as_bytes())?;
            ensure(used.insert((id, next)), "a revision was used twice, perhaps after a restart")?;
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
    handle.must_be_absent(&kept, "an entry lost its expiry in a restart")?;
    Ok(Ok(()))
}

/// Creates an entry and replaces it, both times with this expiry.
fn expire_at<H: Harness>(handle: &Handle<'_, H>, id: &AccountId, expiry: UnixTime) -> Result<(), String> {
    handle.must_store(id, None, b"older", Some(expiry))?;
    handle.must_store(id, Some(handle.must_hold(id, b"older")?), b"newer", Some(expiry))
}

fn now() -> Result<UnixTime, String> {
    UnixTime::now().map_err(|error| format!("{error}"))
}

fn past(now: UnixTime) -> UnixTime {
    UnixTime::EPOCH.saturating_add(now.as_secs().saturating_sub(60))
}
