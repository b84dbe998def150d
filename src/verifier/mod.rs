//! The verifier: enrollment, verification and management of authenticators in a store.

use alloc::sync::Arc;

use crate::account::seal::KeyRing;
use crate::hsm::{Hsm, NoHsm};
use crate::policy::Policy;
use crate::store::Store;

mod enroll;
mod error;
mod log_in;
mod manage;
mod outcome;
mod reseal;
mod swap;

pub use error::VerifierError;
pub use outcome::{Accepted, Enrolled};

/// A verifier of one-time passwords with a [`Store`]: the second factor of an identity provider.
///
/// Each attempt loads the authenticator's record and decides. If the decision changes the state, the verifier replaces
/// the record by compare-and-swap, and returns the verdict only after the new record is stored. A code is therefore
/// accepted only once, and every guess is counted, no matter how many machines share the store. If another writer
/// changed the record in the meantime, the verifier loads it and decides again. After 16 tries it returns
/// [`VerifierError::Contended`].
///
/// Records are [sealed](crate::seal) under a ring of keys, and a record that is not sealed is an error.
/// [`Self::unsealed`] creates a verifier that stores records in plain form.
///
/// A verifier must stand behind a password or another first factor, because anyone who can reach it can use up a
/// subscriber's attempts. The provider decides who may enroll, suspend, unlock or revoke authenticators.
///
/// A verifier holds no state of its own, so any number of them can share a store. Its futures wait only for the store
/// and the HSM; with [`Memory`](crate::store::Memory) and no HSM they are ready at the first poll. If a future is
/// dropped early, the attempt is either counted or not, never half counted.
///
/// ```
/// # #[cfg(feature = "std")] {
/// # pollster::block_on(async {
/// use secondo::{Algorithm, Authenticator, AccountId, Policy, Secret, State, Totp, UnixTime, Verifier};
/// use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
/// use secondo::store::Memory;
///
/// // In production, the master key is read from a file or the environment, or stays in an HSM.
/// // `openssl rand -hex 32` makes one.
/// let master = LocalMasterKey::from_hex("c7d9b3f0e15a48d26f81e4b7a90c3d5e6f12a8b4c7d0e9f3a1b5c8d2e6f7a094")?;
/// let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
/// let verifier = Verifier::new(Memory::new(), keys, Policy::default());
/// let id = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
///
/// // The subscriber scans the secret, and confirms the authenticator with a first code.
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
/// verifier.enroll(&id, &authenticator, State::new()).await?;
/// verifier.confirm(&id, "081804", UnixTime::from_secs(1_111_111_109)?).await?;
///
/// // From now on, each code is accepted for one login.
/// let now = UnixTime::from_secs(1_111_111_111)?;
/// let accepted = verifier.verify(&id, "050 471", now).await?;
/// assert!(verifier.verify(&id, "050 471", now).await.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier<S, H = NoHsm> {
    store: S,
    keys: Option<Arc<KeyRing>>,
    policy: Policy,
    hsm: H,
}

impl<S: Store> Verifier<S> {
    /// Creates a verifier that seals its records with these keys.
    #[must_use]
    pub fn new(store: S, keys: impl Into<Arc<KeyRing>>, policy: Policy) -> Self {
        Self { store, keys: Some(keys.into()), policy, hsm: NoHsm }
    }

    /// Creates a verifier that stores secrets in plain form.
    ///
    /// Use it only in tests, or with a store that encrypts and authenticates records itself. This verifier does not
    /// accept sealed records, and a verifier created by [`Self::new`] does not accept plain ones.
    #[must_use]
    pub const fn unsealed(store: S, policy: Policy) -> Self {
        Self { store, keys: None, policy, hsm: NoHsm }
    }

    /// Sets the hardware security module that computes the HMACs of authenticators created with
    /// [`Authenticator::in_hsm`](crate::Authenticator::in_hsm).
    #[must_use]
    pub fn with_hsm<H: Hsm>(self, hsm: H) -> Verifier<S, H> {
        let Self { store, keys, policy, hsm: NoHsm } = self;
        Verifier { store, keys, policy, hsm }
    }
}

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }
}
