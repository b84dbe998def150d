//! The verifier: enrollment, verification and management of the authenticators of accounts in a store.

use alloc::sync::Arc;

use crate::account::seal::KeyRing;
use crate::audit::{SharedSink, Sink};
use crate::hsm::{Hsm, NoHsm};
use crate::policy::Policy;
use crate::store::Store;

mod all;
mod browser;
mod challenge;
mod enroll;
mod error;
mod keys;
#[cfg(all(test, feature = "std"))]
mod kinds;
mod log_in;
mod manage;
mod outcome;
#[cfg(feature = "push")]
mod push;
mod recover;
mod send;
mod swap;

pub use error::{KeyCheckError, VerifierError};
pub use outcome::{Accepted, Confirmed, NewBrowser, Remembered, Repeated, Sent, Signed};

/// A verifier of one-time passwords with a [`Store`]: the second factor of an identity provider.
///
/// It keeps an account for each subscriber, with all authenticators of that person. Each attempt loads the account and
/// decides. If the decision changes the account, the verifier replaces it by compare-and-swap, and returns the verdict
/// only after the changed account is stored. A code is therefore accepted only once, and every guess is counted, no
/// matter how many machines share the store. If another writer changed the account in the meantime, the verifier loads
/// it and decides again. After 80 tries under the default policy it returns
/// [`VerifierError::Contended`].
///
/// Accounts are [sealed](crate::seal) under a ring of keys, and one that is not sealed is an error. [`Self::unsealed`]
/// creates a verifier that stores accounts in plain form.
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
/// use secondo::{AccountId, Algorithm, Authenticator, Policy, Secret, Totp, Transaction, UnixTime, Verifier};
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
/// let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, secret).named("telefono")?;
/// let (login, now) = (Transaction::new(&[1; 16])?, UnixTime::from_secs(1_111_111_109)?); // 16 random bytes
/// let enrolled = verifier.enroll_first(&id, &login, phone, now).await?;
/// verifier.confirm(&id, &login, enrolled.number, "081804", now).await?;
///
/// // From now on, each code is accepted for one login.
/// let (login, now) = (Transaction::new(&[2; 16])?, UnixTime::from_secs(1_111_111_111)?);
/// let accepted = verifier.verify(&id, &login, "050 471", now).await?;
/// assert_eq!(accepted.authenticator(), enrolled.number);
/// assert!(verifier.verify(&id, &Transaction::new(&[3; 16])?, "050 471", now).await.is_err());
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
    sink: SharedSink,
}

impl<S: Store> Verifier<S> {
    /// Creates a verifier that seals its records with these keys.
    #[must_use]
    pub fn new(store: S, keys: impl Into<Arc<KeyRing>>, policy: Policy) -> Self {
        Self { store, keys: Some(keys.into()), policy, hsm: NoHsm, sink: SharedSink(None) }
    }

    /// Creates a verifier that stores secrets in plain form.
    ///
    /// Use it only in tests, or with a store that encrypts and authenticates records itself. This verifier does not
    /// accept sealed records, and a verifier created by [`Self::new`] does not accept plain ones.
    #[must_use]
    pub const fn unsealed(store: S, policy: Policy) -> Self {
        Self { store, keys: None, policy, hsm: NoHsm, sink: SharedSink(None) }
    }

    /// Sets the hardware security module that computes the HMACs of authenticators created with
    /// [`Authenticator::in_hsm`](crate::Authenticator::in_hsm).
    #[must_use]
    pub fn with_hsm<H: Hsm>(self, hsm: H) -> Verifier<S, H> {
        let Self { store, keys, policy, hsm: NoHsm, sink } = self;
        Verifier { store, keys, policy, hsm, sink }
    }
}

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Sets the receiver of an [`Event`](crate::audit::Event) for each decision.
    #[must_use]
    pub fn with_sink(mut self, sink: impl Sink + 'static) -> Self {
        self.sink = SharedSink(Some(Arc::new(sink)));
        self
    }
}
