//! Random sequences of operations, after each of which the library and a naive model must agree.
#![cfg(feature = "std")]

use crate::support::cases::cases;
use crate::support::model::{self, Call, Seen};

use proptest::prelude::*;

/// The number of random sequences of a full run.
const SEQUENCES: u32 = 10_000;

/// Runs a tenth of the sequences, and more until they have met every outcome.
#[test]
fn library_and_model_agree() {
    // A run that fails leaves it usable, so that the input can be shrunk.
    let seen = std::cell::RefCell::new(Seen::new());
    let config = cases(SEQUENCES / 10);
    for times in 1..=SEQUENCES / config.cases {
        proptest!(config.clone(), |(bytes in prop::collection::vec(any::<u8>(), 20..1_200))| {
            model::run(&bytes, &mut seen.borrow_mut());
        });
        let run = times * config.cases;
        let rare = rare(&seen.borrow(), run);
        if rare.is_empty() {
            println!("{run} sequences: {:#?}", seen.borrow());
            return;
        }
        assert!(run < SEQUENCES, "too rare in {run} sequences: {rare:?} of {:?}", seen.borrow());
    }
}

/// Returns the outcomes that are too rare in this number of sequences for the agreement to cover them.
fn rare(seen: &Seen, run: u32) -> Vec<String> {
    let times = |call: Option<Call>, name: &str| -> usize {
        let times = seen.iter().filter(|((of, outcome), _)| call.is_none_or(|call| call == *of) && *outcome == name);
        times.map(|(_, times)| times).sum()
    };
    let often = usize::try_from(run / 500).unwrap();
    let anywhere = OFTEN.iter().filter(|name| times(None, name) < often).map(|name| (*name).to_owned());
    let of_calls = OUTCOMES.iter().flat_map(|(call, names)| names.split_whitespace().map(move |name| (*call, name)));
    let of_calls = of_calls.filter(|(call, name)| times(Some(*call), name) == 0);
    anywhere.chain(of_calls.map(|(call, name)| format!("{call:?}: {name}"))).collect()
}

/// The outcomes that must occur often, of whatever call.
const OFTEN: &[&str] = &[
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
    "no_codes",
    "full",
];

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
    (Call::EnrollExternal, "enrolled not_first secret_in_use too_many too_many_enrollments suspended closed"),
    (Call::Import, "done not_confirmed secret_in_use too_many too_many_right_codes full suspended closed"),
    (Call::Pending, "shown unknown closed unknown_authenticator already_confirmed other_transaction expired suspended"),
    (Call::Options, "open logged_in no_codes unconfirmed suspended locked throttled unknown closed"),
    (Call::Reseal, "resealed sealed_already unknown"),
    (
        Call::EnrollToken,
        "enrolled replaced not_first unconfirmed secret_in_use too_many_right_codes too_many_enrollments suspended closed",
    ),
    (Call::ImportToken, "done not_confirmed secret_in_use too_many_right_codes suspended closed"),
    (
        Call::Challenge,
        "challenged challenge_pending too_many_challenges ocra_session not_ocra other_transaction expired logged_in \
         locked throttled suspended unknown_authenticator unknown closed",
    ),
    (
        Call::Respond,
        "accepted confirmed repeated wrong malformed not_sent expired other_transaction logged_in locked throttled \
         suspended unknown_authenticator closed",
    ),
    (
        Call::Sign,
        "challenged challenge_pending too_many_challenges ocra_session not_ocra unconfirmed locked throttled suspended \
         unknown_authenticator unknown closed",
    ),
    (
        Call::VerifySignature,
        "signed repeated wrong malformed not_sent expired other_transaction_details locked throttled suspended closed",
    ),
    (Call::Issue, "issued unknown closed"),
    (
        Call::EnrollWithCode,
        "enrolled replaced wrong_enrollment_code enrollment_code_used no_enrollment_code malformed secret_in_use \
         too_many_enrollments suspended unknown closed",
    ),
    (Call::Withdraw, "done no_enrollment_code closed"),
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
