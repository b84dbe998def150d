//! The number of a push, which the person types and which stays secret until the verdict. The signature of an answer is
//! verified on public data.

use pollster::block_on;
use secondo::push::device::{Device, Unlock};
use secondo::push::{Activation, Details, SoftwareKey};
use secondo::store::{Memory, Store};
use secondo::{AuthenticatorNumber, Policy, Refusal, Transaction, UnixTime, Verifier, VerifierError};

use crate::login::{id, transaction};
use crate::valgrind::make_secret;

/// The random bytes from which the number is drawn.
const NUMBER: std::ops::Range<usize> = 16..24;

fn now() -> UnixTime {
    UnixTime::from_secs(1_700_000_000).unwrap()
}

/// Enrolls, activates and confirms an app.
pub(crate) fn bind<S: Store>(verifier: &Verifier<S>) -> (Device<SoftwareKey>, AuthenticatorNumber) {
    // A secret in a record makes all of it secret once it is sealed.
    let login = Transaction::new(&[1; 16]).expect("16 bytes");
    let activation = Activation::new(&id(), "tests", "person", &[5; 32]).expect("texts");
    let number = block_on(verifier.enroll(&id(), &login, &activation, now())).expect("there is room").number;
    let key = SoftwareKey::from_bytes(&[7; 32]).expect("a key");
    let (app, answer) = Device::activate(&activation, key, None).expect("a key that signs");
    assert!(block_on(verifier.activate_push(&id(), &answer, now())).is_ok());
    let code = app.confirmation_code();
    assert!(block_on(verifier.confirm(&id(), &login, number, code.as_str(), now())).is_ok());
    (app, number)
}

/// Asks an app. Returns its answer to the challenge, as a function of the number that is typed, and the number that the
/// page shows. `mark` may mark the random bytes of the number.
pub(crate) fn ask<S: Store>(
    verifier: &Verifier<S>,
    (mut app, number): (Device<SoftwareKey>, AuthenticatorNumber),
    drawn_from: u64,
    mark: fn(&mut [u8; 8]),
) -> (impl FnMut(&str) -> String + use<S>, String) {
    let mut of_number = drawn_from.to_be_bytes();
    mark(&mut of_number);
    let mut random = [9; 32];
    random[NUMBER].copy_from_slice(&of_number);
    let details = Details::new("INPS", "Bari", "09:30").expect("texts");
    let sent = block_on(verifier.push(&id(), &transaction(2), number, &details, now(), &random)).expect("an app");
    let answer = move |typed: &str| {
        let challenge = app.read(&sent.message, now()).expect("a challenge");
        app.accept(&challenge, typed, Unlock::Biometrics { is_recognized: true }, now()).expect("six digits")
    };
    (answer, sent.number)
}

/// Submits an answer. Returns `true` if its number is right, and `false` if it is wrong.
pub(crate) fn submit<S: Store>(verifier: &Verifier<S>, answer: &str) -> bool {
    match block_on(verifier.answer_push(&id(), answer, now())) {
        Ok(_) => true,
        Err(VerifierError::Refused(Refusal::Wrong { .. })) => false,
        Err(error) => panic!("{}", error.label()),
    }
}

/// Asks an app with secret numbers, and submits a wrong and the right number. The right one becomes a login.
///
/// Binding the app verifies a signature over the secret of the activation, of which only a hash could be told.
/// Therefore memcheck watches only what comes after.
pub(crate) fn numbers(known: New, watched: New) {
    for drawn_from in [0, u64::MAX / 3, u64::MAX] {
        for is_right in [false, true] {
            let store = Memory::new();
            let app = bind(&known(&store, Policy::new()));
            let verifier = watched(&store, Policy::new());
            let (mut answer, shown) = ask(&verifier, app, drawn_from, |bytes| make_secret(bytes, |bytes| bytes));
            let wrong = if shown == "424242" { "242424" } else { "424242" };
            let answer = answer(if is_right { &shown } else { wrong });
            assert_eq!(submit(&verifier, &answer), is_right);
            assert_eq!(block_on(verifier.poll(&id(), &transaction(2), now())).is_ok(), is_right);
        }
    }
}

/// Creates a verifier on a store.
type New = fn(&Memory, Policy) -> Verifier<&Memory>;
