use alloc::vec::Vec;
use core::fmt;

use crate::record::{self, RecordError};
use crate::store::{Entry, Exchange, Revision, Store, Value};
use crate::verdict::{Accepted, Confirmed, Decision, Resynchronized};
use crate::{Authenticator, AuthenticatorId, Code, Policy, PublicRefusal, Refusal, State, UnixTime};

/// How often a decision is made before it is given up as contended: more often than the default failure cap lets a
/// record change before it is locked and changes no more.
const TRIES: usize = 16;

/// Verifies codes against a [`Store`]: the second factor of an identity provider.
///
/// Each attempt loads the authenticator's record, decides, and replaces the record in one compare-and-swap. The verdict is
/// out only when that is stored, so a code is accepted once and a guess is counted however many machines there are.
/// When somebody else was faster, it decides again on what they stored, 16 times at most.
///
/// It holds no state of its own: make as many as you like on one store. It must stand behind a password or another first
/// factor, for whoever reaches it can use up a subscriber's attempts, and who may enroll, suspend, reinstate or revoke is
/// the provider's to decide. Futures do what the store's do; on [`Memory`](crate::store::Memory) they are ready when
/// polled once. A future that is dropped early leaves the attempt counted or not, never half.
///
/// ```
/// # #[cfg(feature = "std")] {
/// # pollster::block_on(async {
/// use secondo::{Algorithm, Authenticator, AuthenticatorId, Policy, Secret, State, Totp, UnixTime, Verifier};
/// use secondo::store::Memory;
///
/// let verifier = Verifier::new(Memory::new(), Policy::default());
/// let id = AuthenticatorId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
///
/// // The subscriber scans the secret, and shows with a first code that it works.
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
/// verifier.enroll(&id, &authenticator, State::new()).await?;
/// verifier.confirm(&id, "081804", UnixTime::from_secs(1_111_111_109)).await?;
///
/// // From then on codes log in, each of them once.
/// let now = UnixTime::from_secs(1_111_111_111);
/// let accepted = verifier.verify(&id, "050 471", now).await?;
/// assert!(verifier.verify(&id, "050 471", now).await.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier<S> {
    store: S,
    policy: Policy,
}

impl<S: Store> Verifier<S> {
    /// A verifier on this store with this policy.
    #[must_use]
    pub const fn new(store: S, policy: Policy) -> Self {
        Self { store, policy }
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Stores a new authenticator. It counts when it is confirmed.
    ///
    /// `state` is [`State::new`] for a new secret; the counter, drift and confirmation of one that comes from elsewhere
    /// otherwise. An enrolment that was not confirmed gives way to the new one, with its failures and its lock.
    ///
    /// # Errors
    ///
    /// [`VerifierError::AlreadyEnrolled`] if the id has a confirmed or suspended authenticator;
    /// [`VerifierError::Refused`] with [`Refusal::Revoked`] if it had one that is revoked: ids are not used again.
    pub async fn enroll(
        &self,
        id: &AuthenticatorId,
        authenticator: &Authenticator,
        state: State,
    ) -> Result<(), VerifierError<S::Error>> {
        for _ in 0..TRIES {
            let current = self.load(id).await?;
            if let Some(entry) = &current {
                match record::decode(&entry.value).map_err(VerifierError::Corrupt)? {
                    None => return Err(VerifierError::Refused(Refusal::Revoked)),
                    Some((_, held)) if held.is_confirmed() || held.is_suspended() => {
                        return Err(VerifierError::AlreadyEnrolled);
                    }
                    Some(_) => {}
                }
            }
            let expected = current.map(|entry| entry.revision);
            if self.exchange(id, expected, record::encode(authenticator, &state)).await? {
                return Ok(());
            }
        }
        Err(VerifierError::Contended)
    }

    /// Takes the first code of a new authenticator, as the subscriber typed it; if it is right, the authenticator counts.
    ///
    /// # Errors
    ///
    /// [`VerifierError::Refused`] as in [`Self::verify`].
    pub async fn confirm(
        &self,
        id: &AuthenticatorId,
        entry: &str,
        now: UnixTime,
    ) -> Result<Confirmed, VerifierError<S::Error>> {
        self.decide(id, |authenticator, state| {
            let method = authenticator.method();
            let code = Code::parse_typed(entry, method.digits());
            method.confirm(&authenticator.key(), &self.policy, state, &code, now)
        })
        .await
    }

    /// Takes a code for a login, as the subscriber typed it.
    ///
    /// # Errors
    ///
    /// [`VerifierError::Refused`] is about the code or the authenticator, and everything else about the provider:
    /// neither is a login.
    pub async fn verify(
        &self,
        id: &AuthenticatorId,
        entry: &str,
        now: UnixTime,
    ) -> Result<Accepted, VerifierError<S::Error>> {
        self.decide(id, |authenticator, state| {
            let method = authenticator.method();
            let code = Code::parse_typed(entry, method.digits());
            method.verify(&authenticator.key(), &self.policy, state, &code, now)
        })
        .await
    }

    /// Takes consecutive codes to find where a token's counter or an authenticator's clock stands. It is not a login.
    ///
    /// # Errors
    ///
    /// [`VerifierError::Refused`] as in [`Self::verify`]; a failure counts.
    pub async fn resync(
        &self,
        id: &AuthenticatorId,
        entries: &[&str],
        now: UnixTime,
    ) -> Result<Resynchronized, VerifierError<S::Error>> {
        self.decide(id, |authenticator, state| {
            let method = authenticator.method();
            let codes: Vec<_> = entries.iter().map(|entry| Code::parse_typed(entry, method.digits())).collect();
            method.resync(&authenticator.key(), &self.policy, state, &codes, now)
        })
        .await
    }

    /// Stops accepting codes until [`Self::reinstate`].
    ///
    /// # Errors
    ///
    /// As [`Self::state`], or [`VerifierError::Contended`].
    pub async fn suspend(&self, id: &AuthenticatorId) -> Result<(), VerifierError<S::Error>> {
        self.decide(id, |_, state| Decision::new(Ok(()), state.suspend())).await
    }

    /// Ends a suspension and a lock, and starts the count of failures again. Used codes stay used.
    ///
    /// # Errors
    ///
    /// As [`Self::state`], or [`VerifierError::Contended`].
    pub async fn reinstate(&self, id: &AuthenticatorId) -> Result<(), VerifierError<S::Error>> {
        self.decide(id, |_, state| Decision::new(Ok(()), state.reinstate())).await
    }

    /// Erases the authenticator, whatever it is, and keeps only that it is revoked: for ever, under this id.
    ///
    /// # Errors
    ///
    /// [`VerifierError::Unknown`], [`VerifierError::Store`] or [`VerifierError::Contended`].
    pub async fn revoke(&self, id: &AuthenticatorId) -> Result<(), VerifierError<S::Error>> {
        for _ in 0..TRIES {
            let entry = self.load(id).await?.ok_or(VerifierError::Unknown)?;
            if self.exchange(id, Some(entry.revision), record::revoked()).await? {
                return Ok(());
            }
        }
        Err(VerifierError::Contended)
    }

    /// The state as it is stored now, to show for example how many attempts remain ([`Policy::remaining`]).
    ///
    /// # Errors
    ///
    /// [`VerifierError::Unknown`], [`VerifierError::Store`], [`VerifierError::Corrupt`], or [`VerifierError::Refused`]
    /// with [`Refusal::Revoked`].
    pub async fn state(&self, id: &AuthenticatorId) -> Result<State, VerifierError<S::Error>> {
        let entry = self.load(id).await?.ok_or(VerifierError::Unknown)?;
        match record::decode(&entry.value).map_err(VerifierError::Corrupt)? {
            Some((_, state)) => Ok(state),
            None => Err(VerifierError::Refused(Refusal::Revoked)),
        }
    }

    async fn decide<T>(
        &self,
        id: &AuthenticatorId,
        decision: impl Fn(&Authenticator, &State) -> Decision<T>,
    ) -> Result<T, VerifierError<S::Error>> {
        for _ in 0..TRIES {
            let Entry { revision, mut value } = self.load(id).await?.ok_or(VerifierError::Unknown)?;
            let (verdict, next) = match record::decode(&value).map_err(VerifierError::Corrupt)? {
                Some((authenticator, state)) => decision(&authenticator, &state).into_parts(),
                None => return Err(VerifierError::Refused(Refusal::Revoked)),
            };
            let verdict = verdict.map_err(VerifierError::Refused);
            let Some(next) = next else { return verdict };
            record::replace_state(&mut value, &next);
            if self.exchange(id, Some(revision), value).await? {
                return verdict;
            }
        }
        Err(VerifierError::Contended)
    }

    async fn load(&self, id: &AuthenticatorId) -> Result<Option<Entry>, VerifierError<S::Error>> {
        self.store.load(id).await.map_err(VerifierError::Store)
    }

    /// Whether the value is stored now.
    async fn exchange(
        &self,
        id: &AuthenticatorId,
        expected: Option<Revision>,
        value: Value,
    ) -> Result<bool, VerifierError<S::Error>> {
        let exchange = self.store.compare_exchange(id, expected, value, None).await;
        Ok(exchange.map_err(VerifierError::Store)? == Exchange::Stored)
    }
}

/// Why a verifier did not do what it was asked. Nothing is accepted in any of these cases.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifierError<E> {
    /// The code or the authenticator was refused, and what that changes is stored.
    Refused(Refusal),
    /// There is no authenticator under this id.
    Unknown,
    /// There is a confirmed or suspended authenticator under this id already.
    AlreadyEnrolled,
    /// The store failed. The attempt may have been counted; a code that was used up by it is refused as replayed.
    Store(E),
    /// Others changed the record each time. Nothing is counted for this attempt.
    Contended,
    /// The stored record cannot be read, and is as it was.
    Corrupt(RecordError),
}

impl<E> VerifierError<E> {
    /// What may be shown to the person who is logging in: see [`Refusal::public`].
    #[must_use]
    pub fn public(&self) -> PublicRefusal {
        match self {
            Self::Refused(refusal) => refusal.public(),
            _ => PublicRefusal::Unavailable,
        }
    }
}

impl<E> fmt::Display for VerifierError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Unknown => f.write_str("there is no such authenticator"),
            Self::AlreadyEnrolled => f.write_str("there is an authenticator under this id already"),
            Self::Store(_) => f.write_str("the store failed"),
            Self::Contended => f.write_str("too many changes to this authenticator at once"),
            Self::Corrupt(_) => f.write_str("the stored record cannot be read"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for VerifierError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Corrupt(error) => Some(error),
            _ => None,
        }
    }
}
