//! Random sequences of operations, after each of which the library and a naive model must agree.
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
    // Every outcome has occurred often, so the agreement covers all of them.
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
        assert!(seen.get(name).is_some_and(|times| *times >= 20), "{name} occurred fewer than 20 times: {seen:?}");
    }
}
