use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashSet;
use std::sync::Barrier;
use std::thread;

use super::Harness;
use super::bench::{Bench, Handle, Outcome, ensure};
use crate::store::Revision;

const WRITERS: usize = 8;

pub(super) fn racing_creators<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    const ROUNDS: usize = 50;

    let ids = (0..ROUNDS).map(|n| bench.id(n)).collect::<Result<Vec<_>, _>>()?;
    let step = Barrier::new(WRITERS);
    let won = race(bench, |handle, n| {
        let mut won = Vec::new();
        for id in &ids {
            step.wait();
            // An early return on an error would leave the other writers waiting at the barrier.
            won.push(handle.try_exchange(id, None, format!("writer {n}").as_bytes(), None));
        }
        won.into_iter().collect::<Result<Vec<_>, _>>()
    })?;
    let handle = bench.handle();
    for (round, id) in ids.iter().enumerate() {
        let winners: Vec<_> =
            (0..WRITERS).filter(|n| won.get(*n).is_some_and(|won| won.get(round) == Some(&true))).collect();
        let [winner] = winners.as_slice() else {
            return Err(format!("{} of {WRITERS} racing writers were told that they created the entry", winners.len()));
        };
        handle.must_hold(id, format!("writer {winner}").as_bytes())?;
    }
    Ok(Ok(()))
}

pub(super) fn lost_updates<H: Harness>(bench: &Bench<'_, H>) -> Outcome {
    const INCREMENTS: usize = 25;

    let (id, handle) = (bench.id(0)?, bench.handle());
    handle.must_store(&id, None, &0_u64.to_be_bytes(), None)?;
    let seen = race(bench, |handle, _| {
        let mut seen = Vec::new();
        while seen.len() < INCREMENTS {
            let entry = handle.load(&id)?.ok_or("an entry was missing while writers replaced it")?;
            let bytes = entry.value.as_ref().try_into().map_err(|_| "a load returned a value of a wrong length")?;
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
    ensure(numbers.len() == total, "two writers were told that they had replaced the same value")?;
    ensure(revisions.len() == total, "a revision was used twice")?;
    handle.must_hold(&id, &(total as u64).to_be_bytes())?;
    Ok(Ok(()))
}

/// Runs a closure on one thread per writer. Each thread has its own handle, and all start at the same time.
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
        // All threads are joined before the first error is returned.
        writers.into_iter().map(join).collect::<Vec<_>>().into_iter().collect()
    })
}
