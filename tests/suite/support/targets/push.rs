//! Targets of the messages between an app and the provider.

use pollster::block_on;
use secondo::push::device::{Device, Unlock};
use secondo::push::{self, Activation, ActivationAnswer, Challenge, Details, Notification, SoftwareKey, Verdict};
use secondo::store::{Memory, Store};
use secondo::{AccountId, Policy, Refusal, Transaction, Verifier, VerifierError};

use super::super::sealed;
use super::MOVED_AT;

/// The account with an app for [`push_answer`] and [`push_activation`], with one challenge and one activation.
pub(in super::super) fn with_app(
    store: &Memory,
) -> (Verifier<&Memory>, AccountId, Transaction, Device<SoftwareKey>, Notification) {
    let verifier = Verifier::unsealed(store, Policy::new());
    let (id, login) = (AccountId::new("rossi").unwrap(), Transaction::new(&[1; 16]).unwrap());
    let activation = |byte| Activation::new(&id, "idp.example.it", "Maria Rossi", &[byte; 32]).unwrap();
    let app = block_on(verifier.enroll(&id, &login, &activation(5), MOVED_AT)).unwrap().number;
    let (device, answer) = Device::activate(&activation(5), SoftwareKey::from_bytes(&[7; 32]).unwrap(), None).unwrap();
    block_on(verifier.activate_push(&id, &answer, MOVED_AT)).unwrap();
    block_on(verifier.confirm(&id, &login, app, device.confirmation_code().as_str(), MOVED_AT)).unwrap();
    block_on(verifier.enroll(&id, &login, &activation(6), MOVED_AT)).unwrap();
    let details = Details::new("INPS", "Bari, Italia", "25 novembre 2026, 09:30").unwrap();
    let login = Transaction::new(&[2; 16]).unwrap();
    let sent = block_on(verifier.push(&id, &login, app, &details, MOVED_AT, &[40; 32])).unwrap();
    (verifier, id, login, device, sent)
}

/// Checks that an answer is taken only if it is one of the app's own, and changes nothing otherwise. With the app's
/// signature, the person's answer decides.
pub fn push_answer(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let store = Memory::new();
    let (verifier, id, login, mut device, sent) = with_app(&store);
    let stored = || block_on(store.load(&id)).unwrap().unwrap().value;
    let before = stored();
    let read = push::Answer::parse(text);
    if read.is_ok() {
        sealed::push_answer(text);
    }
    let judged = block_on(verifier.answer_push(&id, text, MOVED_AT));
    if let Ok(verdict) = judged {
        // Signatures are deterministic, so that only one answer can have been signed for each verdict.
        let challenge = device.read(&sent.message, MOVED_AT).unwrap();
        let unlock = Unlock::Biometrics { is_recognized: true };
        let own = match verdict {
            Verdict::Accept => device.accept(&challenge, &sent.number, unlock, MOVED_AT).unwrap(),
            Verdict::Deny => device.deny(&challenge, MOVED_AT).unwrap(),
            _ => device.not_me(&challenge, MOVED_AT).unwrap(),
        };
        assert_eq!(read.unwrap(), push::Answer::parse(&own).unwrap());
    } else {
        // Only a number that the app has signed is counted.
        let is_counted = matches!(judged, Err(VerifierError::Refused(Refusal::Wrong { .. })));
        assert_eq!(stored().as_ref() != before.as_ref(), is_counted);
        assert!(block_on(verifier.poll(&id, &login, MOVED_AT)).is_err());
    }
}

/// Checks that no answer activates an app without the secret, and that a link is written as it is read.
pub fn push_activation(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(activation) = Activation::parse(text) {
        assert_eq!(*activation.link(), text);
    }
    let store = Memory::new();
    let (verifier, id, ..) = with_app(&store);
    let before = block_on(store.load(&id)).unwrap().unwrap().value;
    if block_on(verifier.activate_push(&id, text, MOVED_AT)).is_err() {
        assert_eq!(block_on(store.load(&id)).unwrap().unwrap().value.as_ref(), before.as_ref());
    } else {
        assert!(ActivationAnswer::parse(text).is_ok());
    }
}

/// Checks that a device answers only what it has read, and that its own state is written as it is read.
pub fn push_challenge(bytes: &[u8]) {
    let key = || SoftwareKey::from_bytes(&[7; 32]).unwrap();
    if let Ok(device) = Device::decode(bytes, key()) {
        assert_eq!(device.encode(), bytes);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(challenge) = Challenge::parse(text) else { return };
    assert_eq!(Challenge::parse(text), Ok(challenge.clone()));
    let store = Memory::new();
    let (verifier, id, _, device, sent) = with_app(&store);
    if let Ok(challenge) = device.read(text, MOVED_AT) {
        let answer = device.deny(&challenge, MOVED_AT).unwrap();
        let is_own = challenge == Challenge::parse(&sent.message).unwrap();
        assert_eq!(block_on(verifier.answer_push(&id, &answer, MOVED_AT)).is_ok(), is_own);
    }
}
