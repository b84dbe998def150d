//! Random sequences of operations, after each of which the library and a naive model must agree.
#![cfg(feature = "std")]

use crate::support::model::{self, Call, Seen};

use proptest::prelude::*;

#[test]
fn library_and_model_agree() {
    let seen = std::sync::Mutex::new(Seen::new());
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(10_000) };
    proptest!(config, |(bytes in prop::collection::vec(any::<u8>(), 20..1_200))| {
        model::run(&bytes, &mut seen.lock().unwrap());
    });
    let seen = seen.into_inner().unwrap();
    println!("{seen:#?}");
    // Every outcome has occurred often, so the agreement covers all of them.
    let times = |call: Option<Call>, name: &str| -> usize {
        let times = seen.iter().filter(|((of, outcome), _)| call.is_none_or(|call| call == *of) && *outcome == name);
        times.map(|(_, times)| times).sum()
    };
    for name in [
        "accepted",
        "confirmed",
        "confirmed_with_login",
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
        "none_confirmed",
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
        assert!(times(None, name) >= 20, "{name} occurred fewer than 20 times: {seen:?}");
    }
    for (call, names) in OUTCOMES {
        for name in names.split_whitespace() {
            assert!(times(Some(*call), name) > 0, "{call:?}: {name} did not occur: {seen:?}");
        }
    }
}

/// The outcomes of calls beside codes of devices, with the refusals that the other calls share.
const OUTCOMES: &[(Call, &str)] = &[
    (
        Call::Send,
        "sent sent_before unknown closed unknown_authenticator no_destination other_transaction expired suspended \
         logged_in locked throttled too_many_sends too_many_sends_to_destination",
    ),
    (
        Call::SubmitSent,
        "accepted confirmed confirmed_with_login repeated wrong malformed expired not_sent logged_in locked \
         throttled suspended unknown_authenticator",
    ),
    (
        Call::Recover,
        "accepted repeated wrong replayed malformed locked logged_in suspended unknown closed unknown_authenticator \
         no_recovery_codes last",
    ),
    #[cfg(feature = "push")]
    (
        Call::Push,
        "asked push_pending too_many_pushes pushes_held logged_in unknown_authenticator unknown_challenge \
         suspended locked throttled closed",
    ),
    #[cfg(feature = "push")]
    (
        Call::AnswerPush,
        "accept deny not-me wrong unknown_challenge answered challenge_expired signature suspended locked throttled",
    ),
    #[cfg(feature = "push")]
    (
        Call::Poll,
        "accepted repeated logged_in unknown_challenge waiting challenge_expired denied not_me wrong_number answered \
         suspended locked throttled unknown closed",
    ),
];
