//! A verifier with one confirmed authenticator, which has the secret of the RFCs' test vectors.

use secondo::factor::Method;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::Store;
use secondo::types::Counter;
use secondo::{
    AccountId, Algorithm, Authenticator, AuthenticatorNumber, Hotp, Key, Policy, Secret, State, Totp, UnixTime,
    Verifier,
};

use super::logins::Logins;
use super::time::at;

pub(crate) const SECRET: &[u8] = b"12345678901234567890";

/// The numbers of an account's first two authenticators.
pub(crate) const FIRST: AuthenticatorNumber = AuthenticatorNumber::new(1);
pub(crate) const SECOND: AuthenticatorNumber = AuthenticatorNumber::new(2);

/// The first moment of a time step of the default period.
pub(crate) const NOW: UnixTime = at(1_700_000_010);

pub(crate) fn authenticator(method: impl Into<Method>) -> Authenticator {
    Authenticator::new(method, Algorithm::Sha1, Secret::from_bytes(SECRET).unwrap())
}

/// Returns an authenticator whose secret is this byte, 20 times.
pub(crate) fn another(byte: u8, method: impl Into<Method>) -> Authenticator {
    Authenticator::new(method, Algorithm::Sha1, Secret::from_bytes(&[byte; 20]).unwrap())
}

/// Returns a key ring with one sealing key.
pub(crate) fn keys() -> KeyRing {
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    KeyRing::new(SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), &master).unwrap(), []).unwrap()
}

pub(crate) fn key() -> Key {
    Key::new(Algorithm::Sha1, &Secret::from_bytes(SECRET).unwrap())
}

/// Returns the TOTP code of the default parameters, `steps` time steps after [`NOW`].
pub(crate) fn code_at(steps: i64) -> String {
    let step = Totp::default().step(NOW).unwrap().get().checked_add_signed(steps).unwrap();
    Hotp::default().generate(&key(), Counter::new(step)).as_str().to_owned()
}

/// Returns the time `secs` seconds after [`NOW`].
pub(crate) fn after(secs: i64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs().checked_add_signed(secs).unwrap()).unwrap()
}

/// Returns a code that is wrong at every time step within 20 steps of [`NOW`].
pub(crate) fn wrong_code() -> String {
    let right: Vec<_> = (-20..=20).map(code_at).collect();
    (0..100).map(|n| format!("{n:06}")).find(|code| !right.contains(code)).unwrap()
}

/// Enrolls a confirmed authenticator under an id.
pub(crate) fn enroll<S: Store>(verifier: &Verifier<S>, id: &str, method: impl Into<Method>) -> AccountId {
    let id = AccountId::new(id).unwrap();
    verifier.add(&id, authenticator(method), State::new().confirmed()).unwrap();
    id
}

/// Creates a verifier, and enrolls a confirmed TOTP authenticator.
pub(crate) fn verifier<S: Store>(store: S, policy: Policy) -> (Verifier<S>, AccountId) {
    let verifier = Verifier::new(store, keys(), policy);
    let id = enroll(&verifier, "rossi", Totp::default());
    (verifier, id)
}
