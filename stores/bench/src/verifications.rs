//! The load on a store from a provider whose subscribers all submit correct codes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use pollster::block_on;
use secondo::audit::Operator;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Memory, Store};
use secondo::types::Period;
use secondo::{
    AccountId, Algorithm, Authenticator, Digits, Key, Policy, Secret, State, Totp, Transaction, UnixTime, Verifier,
};

use crate::failure::Failure;
use crate::load::Work;

fn totp() -> Totp {
    Totp::new(Digits::Eight, Period::default())
}

fn secret() -> Secret {
    Secret::from_bytes(b"12345678901234567890").unwrap()
}

fn time(step: u32) -> UnixTime {
    UnixTime::from_secs(1_700_000_010 + 30 * u64::from(step)).unwrap()
}

/// Returns the transaction of an account's login at this step. Another account may have the same.
fn transaction(step: u32) -> Transaction {
    let mut bytes = [0; Transaction::MIN_LEN];
    bytes[..4].copy_from_slice(&step.to_be_bytes());
    Transaction::new(&bytes).unwrap()
}

fn verifier<S: Store>(store: S) -> Verifier<S> {
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    let keys =
        KeyRing::new(SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), &master).unwrap(), [])
            .unwrap();
    Verifier::new(store, keys, Policy::new())
}

/// Returns the sealed records of this number of accounts, each with one confirmed authenticator.
pub(crate) fn records(accounts: usize) -> Vec<(AccountId, Vec<u8>)> {
    let memory = Memory::new();
    let verifier = verifier(&memory);
    let record = |n| {
        // The ids are as long as a UUID.
        let id = AccountId::new(&format!("f81d4fae-7dec-11d0-a765-{n:012x}")).unwrap();
        let authenticator = Authenticator::new(totp(), Algorithm::Sha1, secret());
        let confirmed = [(authenticator.into(), State::new().confirmed())];
        block_on(verifier.import(&id, &confirmed, Operator::new("bench", "records"), time(0))).unwrap();
        let entry = block_on(memory.load(&id)).unwrap().unwrap();
        (id, entry.value.as_ref().to_vec())
    };
    (0..accounts).map(record).collect()
}

/// The accounts, and the number of logins of each.
pub(crate) struct Logins(Vec<(AccountId, AtomicU32)>);

impl Logins {
    pub(crate) fn new(records: &[(AccountId, Vec<u8>)]) -> Self {
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

impl<S: Store<Error: Into<Failure>> + 'static> Work for Verifications<S> {
    async fn once(&self, account: usize) -> Result<(), Failure> {
        let (id, logins) = &self.logins.0[account];
        let step = logins.fetch_add(1, Ordering::Relaxed);
        let (login, now) = (transaction(step), time(step));
        let code = totp().generate(&self.key, now).unwrap();
        let _accepted = self.verifier.verify(id, &login, code.as_str(), now).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use secondo::store::{Entry, Exchange, Revision, Value};
    use secondo_redis::RedisStoreError;

    use super::*;

    /// A store that loads records, and whose exchanges all return the result of this function.
    struct Fails(Memory, fn() -> Result<Exchange, RedisStoreError>);

    impl Store for Fails {
        type Error = RedisStoreError;

        async fn load(&self, id: &AccountId) -> Result<Option<Entry>, RedisStoreError> {
            Ok(self.0.load(id).await.unwrap())
        }

        async fn compare_exchange(
            &self,
            _id: &AccountId,
            _expected: Option<Revision>,
            _value: Value,
            _expiry: Option<UnixTime>,
        ) -> Result<Exchange, RedisStoreError> {
            (self.1)()
        }
    }

    #[tokio::test]
    async fn a_verification_that_fails_says_why() {
        let records = records(1);
        let fails = async |exchange| {
            let memory = Memory::new();
            let (id, record) = &records[0];
            let stored = memory.compare_exchange(id, None, Value::from(record.as_slice()), None).await;
            assert_eq!(stored.unwrap(), Exchange::Stored);
            let verifications = Verifications::new(Fails(memory, exchange), Arc::new(Logins::new(&records)));
            verifications.once(0).await
        };
        assert_eq!(fails(|| Ok(Exchange::Stored)).await, Ok(()));
        assert_eq!(fails(|| Ok(Exchange::Conflict)).await, Err(Failure("contended")));
        assert_eq!(fails(|| Err(RedisStoreError::Timeout)).await, Err(Failure("timeout")));
    }
}
