//! The calls that providers make.

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

/// Verifies codes against a [`Store`]: the second factor of an identity provider.
///
/// Each attempt loads the authenticator's record, decides, and replaces the record in one compare-and-swap. The verdict is
/// out only when that is stored, so a code is accepted once and a guess is counted however many machines there are.
/// When somebody else was faster, it decides again on what they stored, 16 times at most.
///
/// Records are [sealed](crate::seal) under a ring of keys, and only sealed ones are taken; [`Self::unsealed`] makes a
/// verifier that stores them plain.
///
/// It holds no state of its own: make as many as you like on one store. It must stand behind a password or another first
/// factor, for whoever reaches it can use up a subscriber's attempts, and who may enroll, suspend, unlock or revoke is
/// the provider's to decide. Futures do what the store's do; on [`Memory`](crate::store::Memory) they are ready when
/// polled once. A future that is dropped early leaves the attempt counted or not, never half.
///
/// ```
/// # #[cfg(feature = "std")] {
/// # pollster::block_on(async {
/// use secondo::{Algorithm, Authenticator, AuthenticatorId, Policy, Secret, State, Totp, UnixTime, Verifier};
/// use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
/// use secondo::store::Memory;
///
/// // In earnest from a file, the environment or an HSM; made with `openssl rand -hex 32`.
/// let master = LocalMasterKey::from_hex("c7d9b3f0e15a48d26f81e4b7a90c3d5e6f12a8b4c7d0e9f3a1b5c8d2e6f7a094")?;
/// let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
/// let verifier = Verifier::new(Memory::new(), keys, Policy::default());
/// let id = AuthenticatorId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
///
/// // The subscriber scans the secret, and shows with a first code that it works.
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
/// verifier.enroll(&id, &authenticator, State::new()).await?;
/// verifier.confirm(&id, "081804", UnixTime::from_secs(1_111_111_109)?).await?;
///
/// // From then on codes log in, each of them once.
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
    /// A verifier on this store, with records sealed under these keys, and with this policy.
    #[must_use]
    pub fn new(store: S, keys: impl Into<Arc<KeyRing>>, policy: Policy) -> Self {
        Self { store, keys: Some(keys.into()), policy, hsm: NoHsm }
    }

    /// A verifier that stores every secret as it is: for tests, and for stores that encrypt and authenticate themselves.
    ///
    /// It takes no sealed records, and one made by [`Self::new`] takes no plain ones.
    #[must_use]
    pub const fn unsealed(store: S, policy: Policy) -> Self {
        Self { store, keys: None, policy, hsm: NoHsm }
    }

    /// With the module that computes HMACs for authenticators whose keys [it holds](crate::Authenticator::in_hsm).
    #[must_use]
    pub fn with_hsm<H: Hsm>(self, hsm: H) -> Verifier<S, H> {
        let Self { store, keys, policy, hsm: NoHsm } = self;
        Verifier { store, keys, policy, hsm }
    }
}

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }
}
