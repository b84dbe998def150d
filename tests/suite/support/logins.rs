//! Calls on accounts for tests in which neither transactions nor operators matter.

use std::sync::atomic::{AtomicU64, Ordering};

use pollster::block_on;
use secondo::audit::Operator;
use secondo::factor::NewAuthenticator;
use secondo::hsm::Hsm;
use secondo::store::Store;
use secondo::verifier::Accepted;
use secondo::{AccountId, State, Transaction, UnixTime, Verifier, VerifierError};

/// The operator of the tests.
pub(crate) const DESK: Operator<'_> = Operator::new("desk", "test");

/// Returns a transaction that no other call returned.
pub(crate) fn fresh() -> Transaction {
    static LAST: AtomicU64 = AtomicU64::new(0);

    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&LAST.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Transaction::new(&bytes).unwrap()
}

/// Calls that wait for their result, each login in a transaction of its own.
pub(crate) trait Logins {
    type Error;

    /// Verifies the code of a login.
    fn log_in(&self, id: &AccountId, code: &str, now: UnixTime) -> Result<Accepted, VerifierError<Self::Error>>;

    /// Adds an authenticator that was confirmed elsewhere.
    fn add(
        &self,
        id: &AccountId,
        authenticator: impl Into<NewAuthenticator>,
        state: State,
    ) -> Result<(), VerifierError<Self::Error>>;

    /// Returns the state of the account's first authenticator, with the failures and the lock of the account.
    fn state(&self, id: &AccountId) -> Result<State, VerifierError<Self::Error>>;
}

impl<S: Store, H: Hsm> Logins for Verifier<S, H> {
    type Error = S::Error;

    fn log_in(&self, id: &AccountId, code: &str, now: UnixTime) -> Result<Accepted, VerifierError<S::Error>> {
        block_on(self.verify(id, &fresh(), code, now))
    }

    fn add(
        &self,
        id: &AccountId,
        authenticator: impl Into<NewAuthenticator>,
        state: State,
    ) -> Result<(), VerifierError<S::Error>> {
        block_on(self.import(id, &[(authenticator.into(), state)], DESK, UnixTime::EPOCH))
    }

    fn state(&self, id: &AccountId) -> Result<State, VerifierError<S::Error>> {
        Ok(block_on(self.export(id, DESK, UnixTime::EPOCH))?.first().expect("an authenticator").state)
    }
}
