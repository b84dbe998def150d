//! Replays the fuzzer's committed seeds.
#![cfg(feature = "std")]

#[path = "support/model.rs"]
mod model;
#[path = "support/naive.rs"]
mod naive;
#[path = "support/targets.rs"]
#[expect(unreachable_pub, reason = "the fuzz package exports it")]
mod targets;

use std::fs;
use std::path::Path;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut seeds = 0;
    for file in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        run(&fs::read(file.unwrap().path()).unwrap());
        seeds += 1;
    }
    assert!(seeds > 0, "{} is empty", folder.display());
}

#[test]
fn code() {
    replay("code", targets::code);
}

#[test]
fn base32() {
    replay("base32", targets::base32);
}

#[test]
fn state() {
    replay("state", targets::state);
}

#[test]
fn operations() {
    replay("operations", targets::operations);
}
