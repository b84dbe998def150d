//! Random sequences of operations, after each of which the library and a naive model must agree.
#![cfg(feature = "std")]

use crate::support::model;

use std::collections::BTreeMap;

use proptest::prelude::*;

#[test]
fn library_and_model_agree() {
    let seen = std::sync::Mutex::new(BTreeMap::new());
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(10_000) };
    proptest!(config, |(bytes in prop::collection::vec(any::<u8>(), 20..1_200))| {
        model::run(&bytes, &mut seen.lock().unwrap());
    });
    let seen = seen.into_inner().unwrap();
    println!("{seen:#?}");
    // Every outcome has occurred often, so the agreement covers all of them.
    for name in [
        "accepted",
        "confirmed",
        "confirmed with login",
        "resynchronized",
        "repeated",
        "enrolled",
        "replaced",
        "remembered",
        "browser replaced",
        "recalled with a new token",
        "recalled",
        "done",
        "unknown",
        "unknown_authenticator",
        "other_transaction",
        "expired",
        "unconfirmed",
        "secret_in_use",
        "too_many",
        "too_many_enrollments",
        "not_first",
        "too_many_right_codes",
        "last",
        "watermark_in_reach",
        "no_clock",
        "not_confirmed",
        "unknown_browser",
        "browser_expired",
        "malformed",
        "wrong",
        "replayed",
        "locked",
        "throttled",
        "suspended",
        "clock_behind",
        "already_confirmed",
        "logged_in",
        "closed",
    ] {
        assert!(seen.get(name).is_some_and(|times| *times >= 20), "{name} occurred fewer than 20 times: {seen:?}");
    }
}
