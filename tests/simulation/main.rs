//! A deterministic simulation of accounts through years, with the public API.
//!
//! Three machines share a database, and eight people log in. Clocks drift and jump, those of hardware tokens by minutes
//! over months. Messages are lost or come twice, machines crash between a load and its answer, the database fails
//! before and after it has written, half of the people have an attacker who knows the password and mixes all factors,
//! sealing keys rotate one machine at a time, and the database fails over to an older state while calls are under way.
//! Sometimes everybody is away for weeks or months. An upgrade is a machine that starts again beside the others.
//! Records have had one version so far. Sometimes an upgrade is taken back after it has written a record of a later
//! version, which the machines cannot read.
//!
//! All the while, the [`judge`] checks that no code is accepted twice, that no guess is judged without being counted,
//! that attempts and locks are exactly those of the policy, that nobody is locked out who did nothing wrong, and that
//! every decision has its event, or shows as a gap in the revisions. It checks that exactly the following are accepted:
//!
//! - of a token with a counter, codes within the look-ahead, and within the span at a resynchronization;
//! - of a phone or a token with a clock, codes of the window that follows the clock;
//! - of a token that answers challenges, the response to a pending challenge of the same transaction.
//!
//! It counts codes that are sent, enrollments, pushes and challenges, and checks that exactly those beyond the limits
//! are refused.
//!
//! A failure prints the seed of its run. `SIMULATION_SEED=7 cargo test --all-features --test simulation` repeats it.
//! `TESTS_FULL=1` simulates ten million logins.

mod call;
mod judge;
#[path = "../suite/support/naive.rs"]
mod naive;
mod person;
mod store;
mod token;
mod world;

use std::collections::BTreeMap;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use world::World;

/// Simulates this number of logins, and adds what was seen to `seen`.
fn simulate(seed: u64, logins: u64, seen: &mut BTreeMap<String, u64>) {
    let run = || {
        let mut world = World::new(seed);
        while world.logins < logins {
            world.step();
        }
        world.judge.all_is_told();
        let days = world.days();
        world.judge.seen.insert("days".to_owned(), days);
        world.judge.seen
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(found) => found.into_iter().for_each(|(what, count)| *seen.entry(what).or_default() += count),
        Err(panic) => {
            eprintln!("the run is repeated by SIMULATION_SEED={seed}");
            resume_unwind(panic);
        }
    }
}

/// The kinds, refusals, faults and events that must occur in a run of all seeds.
const EVERYTHING: &[&str] = &[
    "Totp",
    "Hotp",
    "clock resynchronized",
    "counter resynchronized",
    "clock set right",
    "clock followed",
    "Ocra",
    "signed",
    "too_many_challenges",
    "other_transaction_details",
    "Sms",
    "Push",
    "LookUp",
    "repeated",
    "wrong",
    "replayed",
    "locked",
    "locked for good",
    "clock_behind",
    "not_sent",
    "too_many_sends",
    "too_many_sends_to_destination",
    "enrolled",
    "too_many_enrollments",
    "not_first",
    "pushed",
    "denied",
    "not_me",
    "wrong_number",
    "pushes_held",
    "too_many_pushes",
    "signature",
    "answered",
    "outage",
    "crashed",
    "jumped",
    "rotated",
    "resealed",
    "failed over",
    "under way",
    "undone",
    "later version",
    "other version",
];

#[test]
fn accounts_keep_their_promises_through_years() {
    if let Ok(seed) = env::var("SIMULATION_SEED") {
        simulate(seed.parse().unwrap(), 20_000, &mut BTreeMap::new());
        return;
    }
    let random = rand::random();
    let (runs, logins) = if env::var_os("TESTS_FULL").is_some() { (500, 20_000) } else { (4, 4_000) };
    let seeds: Vec<u64> = (1..runs).chain([random]).collect();
    let halves = seeds.chunks(seeds.len().div_ceil(2)).map(|seeds| {
        let seeds = seeds.to_vec();
        thread::spawn(move || {
            let mut seen = BTreeMap::new();
            for seed in seeds {
                simulate(seed, logins, &mut seen);
            }
            seen
        })
    });
    let mut seen = BTreeMap::<String, u64>::new();
    for half in halves.collect::<Vec<_>>() {
        half.join().unwrap().into_iter().for_each(|(what, count)| *seen.entry(what).or_default() += count);
    }
    println!("{:.1} years: {seen:?}", f64::from(u32::try_from(seen["days"]).unwrap()) / 365.25);
    for what in EVERYTHING {
        assert!(seen.contains_key(*what), "{what} has never happened");
    }
    // Four runs take some seven years.
    assert!(seen["days"] > 2 * 365, "{} days are not years", seen["days"]);
}

#[test]
fn a_seed_repeats_its_run() {
    let [once, again] = [(); 2].map(|()| {
        let mut seen = BTreeMap::new();
        simulate(7, 500, &mut seen);
        seen
    });
    assert_eq!(once, again);
}
