//! One subscriber, whose account has phones with secrets of a repeated byte.

use std::time::Duration;

use pollster::block_on;
use secondo::factor::{External, NewAuthenticator};
use secondo::hsm::Hsm;
use secondo::policy::RateLimit;
use secondo::store::{Memory, Store};
use secondo::types::Level;
use secondo::{
    AccountId, Algorithm, Authenticator, AuthenticatorNumber, Policy, Secret, Totp, UnixTime, Verifier, VerifierError,
};

use super::enrolled::another;
use super::logins::fresh;
use super::naive;

/// Returns a policy that permits 16 phones, all enrolled at once.
pub(crate) fn roomy() -> Policy {
    let enrollments = RateLimit::new(u8::MAX, Duration::from_secs(1)).unwrap();
    Policy::new().with_right_codes(u8::MAX).unwrap().with_enrollments(enrollments)
}

pub(crate) fn id() -> AccountId {
    AccountId::new("rossi").unwrap()
}

/// Returns the secret of 20 bytes that are all `byte`.
pub(crate) fn secret(byte: u8) -> Secret {
    Secret::from_bytes(&[byte; 20]).unwrap()
}

pub(crate) fn phone(byte: u8) -> Authenticator {
    another(byte, Totp::default())
}

pub(crate) fn passkey(data: &[u8]) -> External {
    External::new(Level::Three, data).unwrap()
}

/// Returns the code of [`secret`] at this time.
pub(crate) fn code_of(byte: u8, now: UnixTime) -> String {
    naive::code(Algorithm::Sha1, &[byte; 20], Totp::default().step(now).unwrap().get(), 6)
}

pub(crate) fn stored(store: &Memory) -> Vec<u8> {
    block_on(store.load(&id())).unwrap().unwrap().value.as_ref().to_vec()
}

/// Enrolls an authenticator and confirms it with this code.
pub(crate) fn bind<S: Store, H: Hsm>(
    verifier: &Verifier<S, H>,
    new: impl Into<NewAuthenticator>,
    code: &str,
    now: UnixTime,
) -> Result<AuthenticatorNumber, VerifierError<S::Error>> {
    let login = fresh();
    let number = block_on(verifier.enroll(&id(), &login, new, now))?.number;
    block_on(verifier.confirm(&id(), &login, number, code, now))?;
    Ok(number)
}
