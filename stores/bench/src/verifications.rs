//! What a store is asked for by a provider where everybody's code is right.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use pollster::block_on;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Memory, Store};
use secondo::{
    Algorithm, Authenticator, AuthenticatorId, Digits, Key, Period, Policy, Secret, State, Totp, UnixTime, Verifier,
};

use crate::load::Work;

fn totp() -> Totp {
    Totp::new(Digits::Eight, Period::default())
}

fn secret() -> Secret {
    Secret::from_bytes(b"12345678901234567890").unwrap()
}

fn verifier<S: Store>(store: S) -> Verifier<S> {
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    let keys =
        KeyRing::new(SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), &master).unwrap(), [])
            .unwrap();
    Verifier::new(store, keys, Policy::new())
}

/// Sealed records of so many confirmed authenticators.
pub(crate) fn records(authenticators: usize) -> Vec<(AuthenticatorId, Vec<u8>)> {
    let (memory, authenticator) = (Memory::new(), Authenticator::new(totp(), Algorithm::Sha1, secret()));
    let verifier = verifier(&memory);
    let record = |n| {
        // As long as a UUID.
        let id = AuthenticatorId::new(&format!("f81d4fae-7dec-11d0-a765-{n:012x}")).unwrap();
        block_on(verifier.enroll(&id, &authenticator, State::new().confirmed())).unwrap();
        let entry = block_on(memory.load(&id)).unwrap().unwrap();
        (id, entry.value.as_ref().to_vec())
    };
    (0..authenticators).map(record).collect()
}

/// Who there is, and how often each has logged in.
pub(crate) struct Logins(Vec<(AuthenticatorId, AtomicU32)>);

impl Logins {
    pub(crate) fn new(records: &[(AuthenticatorId, Vec<u8>)]) -> Self {
        Self(records.iter().map(|(id, _)| (*id, AtomicU32::new(0))).collect())
    }
}

pub(crate) struct Verifications<S> {
    verifier: Verifier<S>,
    logins: Arc<Logins>,
    key: Key,
}

impl<S: Store> Verifications<S> {
    pub(crate) fn new(store: S, logins: Arc<Logins>) -> Self {
        Self { verifier: verifier(store), logins, key: Key::new(Algorithm::Sha1, &secret()) }
    }
}

impl<S: Store + 'static> Work for Verifications<S> {
    async fn once(&self, authenticator: usize) {
        let (id, logins) = &self.logins.0[authenticator];
        let login = logins.fetch_add(1, Ordering::Relaxed);
        let now = UnixTime::from_secs(1_700_000_010 + 30 * u64::from(login)).unwrap();
        let code = totp().generate(&self.key, now).unwrap();
        let _accepted = self.verifier.verify(id, code.as_str(), now).await.unwrap();
    }
}
