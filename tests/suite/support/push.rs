//! Apps of one subscriber.

use std::convert::Infallible;

use pollster::block_on;
use secondo::factor::NewAuthenticator;
use secondo::hsm::Hsm;
use secondo::push::device::{Device, DeviceError, PersonalCode, Unlock};
use secondo::push::{Activation, Details, Notification, PushRefusal, SoftwareKey};
use secondo::store::Store;
use secondo::verifier::Confirmed;
use secondo::{AuthenticatorNumber, Transaction, UnixTime, Verifier, VerifierError};

use super::logins::fresh;
use super::random::random;
use super::subscriber::id;

pub(crate) const CODE: Unlock<'_> = Unlock::Code("271828");

pub(crate) type Phone = Device<SoftwareKey>;

pub(crate) fn activation() -> Activation {
    Activation::new(&id(), "idp.example.it", "Maria Rossi", &random()).unwrap()
}

pub(crate) fn key(byte: u8) -> SoftwareKey {
    SoftwareKey::from_bytes(&[byte; 32]).unwrap()
}

/// Answers an activation. Returns the phone with its message.
pub(crate) fn activate(activation: &Activation, byte: u8) -> (Phone, String) {
    let activation = Activation::parse(&activation.link()).unwrap();
    Device::activate(&activation, key(byte), Some(PersonalCode::new("271828", [9; 16]).unwrap())).unwrap()
}

/// Enrolls and confirms an app whose key is this byte, 32 times.
pub(crate) fn bind_phone<S: Store, H: Hsm>(
    verifier: &Verifier<S, H>,
    byte: u8,
    now: UnixTime,
) -> (Phone, AuthenticatorNumber) {
    let (login, activation) = (fresh(), activation());
    let new = NewAuthenticator::from(&activation).named("telefono").unwrap();
    let number = block_on(verifier.enroll(&id(), &login, new, now)).unwrap().number;
    let (phone, answer) = activate(&activation, byte);
    assert_eq!(block_on(verifier.activate_push(&id(), &answer, now)).unwrap(), number);
    confirm(verifier, &login, &phone, number, now).unwrap();
    (phone, number)
}

/// Confirms an app with the code that it shows.
pub(crate) fn confirm<S: Store, H: Hsm>(
    verifier: &Verifier<S, H>,
    login: &Transaction,
    app: &Phone,
    number: AuthenticatorNumber,
    now: UnixTime,
) -> Result<Confirmed, VerifierError<S::Error>> {
    block_on(verifier.confirm(&id(), login, number, app.confirmation_code().as_str(), now))
}

pub(crate) fn details() -> Details {
    Details::new("INPS", "Bari, Italia", "25 novembre 2026, 09:30").unwrap()
}

pub(crate) fn ask<S: Store, H: Hsm>(
    verifier: &Verifier<S, H>,
    login: &Transaction,
    app: AuthenticatorNumber,
    now: UnixTime,
) -> Result<Notification, VerifierError<S::Error>> {
    block_on(verifier.push(&id(), login, app, &details(), now, &random()))
}

/// Accepts a challenge with this number.
pub(crate) fn accept(phone: &mut Phone, message: &str, number: &str, now: UnixTime) -> String {
    let challenge = phone.read(message, now).unwrap();
    phone.accept(&challenge, number, CODE, now).unwrap()
}

/// Returns another number of six digits.
pub(crate) fn other_than(number: &str) -> String {
    format!("{:06}", (number.parse::<u32>().unwrap() + 1) % 1_000_000)
}

pub(crate) fn push_refusal<T: std::fmt::Debug, E: std::fmt::Debug>(result: Result<T, VerifierError<E>>) -> PushRefusal {
    match result {
        Err(VerifierError::Push(refusal)) => refusal,
        other => panic!("expected a refusal of a push, not {other:?}"),
    }
}

pub(crate) fn device_error<T: std::fmt::Debug>(result: Result<T, DeviceError<Infallible>>) -> DeviceError<Infallible> {
    result.unwrap_err()
}
