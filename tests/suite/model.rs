//! Random sequences of operations: the library and a naive model of it must agree at each step.
#![cfg(feature = "std")]

use crate::support::model;

use std::collections::BTreeMap;

use proptest::prelude::*;

#[test]
fn library_and_model_agree() {
    let seen = std::sync::Mutex::new(BTreeMap::new());
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) };
    proptest!(config, |(bytes in prop::collection::vec(any::<u8>(), 20..800))| {
        model::run(&bytes, &mut seen.lock().unwrap());
    });
    let seen = seen.into_inner().unwrap();
    println!("{seen:#?}");
    // Every way that an operation can end has been met, so the agreement is about all of them.
    for name in [
        "accepted",
        "confirmed",
        "resynchronized",
        "done",
        "unknown",
        "already enrolled",
        "malformed",
        "wrong",
        "replayed",
        "locked",
        "throttled",
        "suspended",
        "clock behind",
        "unconfirmed",
        "already confirmed",
        "revoked",
    ] {
        assert!(seen.get(name).is_some_and(|times| *times >= 20), "hardly ever {name}: {seen:?}");
    }
}
