//! The calls that providers make.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::account::seal::KeyRing;
use crate::account::{Record, RecordError};
use crate::codes::Key;
use crate::codes::search::{Found, Match, Search};
use crate::decision::Stage;
use crate::decision::{Confirmed, Decision, Resynchronized, Verified};
use crate::decision::{PublicRefusal, Refusal, State};
use crate::factor::Material;
use crate::factor::{Authenticator, Method};
use crate::hsm::{Hmac, Hsm, HsmKey, NoHsm, WrongAnswer};
use crate::policy::Policy;
use crate::store::{Entry, Exchange, Revision, Store, Value};
use crate::types::{Algorithm, AuthenticatorId, Code, Counter, UnixTime};

/// How often a decision is made before it is given up as contended: more often than the default failure cap lets a
/// record change before it is locked and changes no more.
const TRIES: usize = 16;

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

    /// With the module that computes HMACs for authenticators whose keys [it holds](Authenticator::in_hsm).
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

    /// Stores a new authenticator. It counts when it is confirmed.
    ///
    /// `state` is [`State::new`] for a new secret; the counter, drift and confirmation of one that comes from elsewhere
    /// otherwise. An enrolment that was not confirmed gives way to the new one, with its failures and its lock; the result
    /// says so. [`Self::enroll_new`] refuses instead.
    ///
    /// # Errors
    ///
    /// [`VerifierError::AlreadyEnrolled`] if the id has a confirmed or suspended authenticator;
    /// [`VerifierError::Refused`] with [`Refusal::Revoked`] if it had one that is revoked: ids are not used again;
    /// [`VerifierError::ImplausibleStep`] if the state's last used time step lies after the year 2499.
    pub async fn enroll(
        &self,
        id: &AuthenticatorId,
        authenticator: &Authenticator,
        state: State,
    ) -> Result<Enrolled, VerifierError<S::Error>> {
        self.store_new(id, authenticator, state, true).await
    }

    /// Stores a new authenticator under an id that has none. For ids that are not random, such as the serial numbers of
    /// tokens, which two vendors may give to two tokens.
    ///
    /// # Errors
    ///
    /// As [`Self::enroll`]; [`VerifierError::AlreadyEnrolled`] also for an authenticator that was never confirmed.
    pub async fn enroll_new(
        &self,
        id: &AuthenticatorId,
        authenticator: &Authenticator,
        state: State,
    ) -> Result<(), VerifierError<S::Error>> {
        self.store_new(id, authenticator, state, false).await.map(drop)
    }

    async fn store_new(
        &self,
        id: &AuthenticatorId,
        authenticator: &Authenticator,
        state: State,
        replace: bool,
    ) -> Result<Enrolled, VerifierError<S::Error>> {
        if let (Method::Totp(totp), Some(last)) = (authenticator.method(), state.watermark())
            && !totp.is_plausible(last)
        {
            return Err(VerifierError::ImplausibleStep(last));
        }
        for _ in 0..TRIES {
            let expected = match self.load(id).await? {
                None => None,
                Some(Entry { revision, value }) => {
                    let (_, held) = self.open(id, value)?.decode().map_err(VerifierError::Record)?;
                    if !replace || held.is_confirmed() || held.is_suspended() {
                        return Err(VerifierError::AlreadyEnrolled);
                    }
                    Some(revision)
                }
            };
            let record = Record::new(authenticator, &state, self.keys());
            if self.exchange(id, expected, self.close(id, record)?).await? {
                return Ok(if expected.is_some() { Enrolled::Replaced } else { Enrolled::New });
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
    ) -> Result<Confirmed<Accepted>, VerifierError<S::Error>> {
        let look = |method: &Method, state: &State| {
            let code = Code::parse_typed(entry, method.digits());
            method.search(&self.policy, state, &code, now, Stage::Confirmation)
        };
        let conclude =
            |method: &Method, state: &State, found| method.conclude_confirmation(&self.policy, state, now, found);
        let Confirmed { login } = self.attempt(id, look, conclude).await?;
        Ok(Confirmed { login: login.map(|verified| Accepted { id: *id, verified }) })
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
        let look = |method: &Method, state: &State| {
            let code = Code::parse_typed(entry, method.digits());
            method.search(&self.policy, state, &code, now, Stage::Login)
        };
        let conclude = |method: &Method, state: &State, found| method.conclude(&self.policy, state, now, found);
        let verified = self.attempt(id, look, conclude).await?;
        Ok(Accepted { id: *id, verified })
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
        let look = |method: &Method, state: &State| {
            let codes = entries.iter().map(|entry| Code::parse_typed(entry, method.digits()));
            method.search_resync(&self.policy, state, codes, now)
        };
        self.attempt(id, look, |method, state, found| method.conclude_resync(&self.policy, state, now, found)).await
    }

    /// Stops accepting codes until [`Self::resume`]. A lock and the count of failures stay as they are.
    ///
    /// # Errors
    ///
    /// As [`Self::state`], or [`VerifierError::Contended`].
    pub async fn suspend(&self, id: &AuthenticatorId) -> Result<(), VerifierError<S::Error>> {
        self.change(id, |_, state| Ok(state.suspend())).await
    }

    /// Ends a suspension. A lock and the count of failures stay as they are.
    ///
    /// # Errors
    ///
    /// As [`Self::state`], or [`VerifierError::Contended`].
    pub async fn resume(&self, id: &AuthenticatorId) -> Result<(), VerifierError<S::Error>> {
        self.change(id, |_, state| Ok(state.resume())).await
    }

    /// Ends a lock or a wait, and starts the count of failures again. A suspension stays, and used codes stay used.
    ///
    /// # Errors
    ///
    /// As [`Self::state`], or [`VerifierError::Contended`].
    pub async fn unlock(&self, id: &AuthenticatorId) -> Result<(), VerifierError<S::Error>> {
        self.change(id, |_, state| Ok(state.unlock())).await
    }

    /// Lowers the watermark of a TOTP authenticator that lies in the future, as after a login under a clock years ahead.
    ///
    /// It is lowered to the last step of the window at `now`, so that no code that is valid now is accepted. Codes of
    /// later steps that were accepted under the wrong clock become usable again when their time comes.
    ///
    /// # Errors
    ///
    /// [`VerifierError::WatermarkInReach`] if the watermark does not lie further beyond the window than
    /// [`Policy::with_watermark_margin`] says; else as [`Self::state`], or [`VerifierError::Contended`].
    pub async fn lower_watermark(&self, id: &AuthenticatorId, now: UnixTime) -> Result<(), VerifierError<S::Error>> {
        let lower = |method: Method, state: State| match method {
            Method::Totp(totp) => totp.lower_watermark(&self.policy, &state, now),
            Method::Hotp(_) => None,
        };
        self.change(id, |method, state| lower(method, state).ok_or(VerifierError::WatermarkInReach)).await
    }

    /// Erases the authenticator, whatever it is, and keeps only that it is revoked: for ever, under this id.
    ///
    /// # Errors
    ///
    /// [`VerifierError::Unknown`], [`VerifierError::Store`] or [`VerifierError::Contended`].
    pub async fn revoke(&self, id: &AuthenticatorId) -> Result<(), VerifierError<S::Error>> {
        for _ in 0..TRIES {
            let entry = self.load(id).await?.ok_or(VerifierError::Unknown)?;
            let tombstone = self.close(id, Record::revoked(self.keys()))?;
            if self.exchange(id, Some(entry.revision), tombstone).await? {
                return Ok(());
            }
        }
        Err(VerifierError::Contended)
    }

    /// The state as it is stored now, to show for example how many attempts remain ([`Policy::remaining`]).
    ///
    /// # Errors
    ///
    /// [`VerifierError::Unknown`], [`VerifierError::Store`], [`VerifierError::Record`], or [`VerifierError::Refused`]
    /// with [`Refusal::Revoked`].
    pub async fn state(&self, id: &AuthenticatorId) -> Result<State, VerifierError<S::Error>> {
        let entry = self.load(id).await?.ok_or(VerifierError::Unknown)?;
        let (_, state) = self.open(id, entry.value)?.decode().map_err(VerifierError::Record)?;
        Ok(state)
    }

    /// Seals the record of this id with the active key, and says whether it was sealed with another before.
    ///
    /// Verifications do the same when they change the state; this is for those who do not come, and for those that are
    /// revoked.
    ///
    /// # Errors
    ///
    /// [`VerifierError::Unknown`], [`VerifierError::Store`], [`VerifierError::Record`] or [`VerifierError::Contended`].
    pub async fn reseal(&self, id: &AuthenticatorId) -> Result<bool, VerifierError<S::Error>> {
        for _ in 0..TRIES {
            let Entry { revision, value } = self.load(id).await?.ok_or(VerifierError::Unknown)?;
            let mut record = Record::open(value, id, self.keys()).map_err(VerifierError::Record)?;
            if record.sealed_with() == self.keys().map(KeyRing::active) {
                return Ok(false);
            }
            if self.exchange(id, Some(revision), self.close(id, record)?).await? {
                return Ok(true);
            }
        }
        Err(VerifierError::Contended)
    }

    /// [Reseals](Self::reseal) the records of these ids one after the other, calls `progress` with what became of each,
    /// and returns how many could not be: when that is none, the active key opens all of them.
    ///
    /// Ids that are unknown have nothing to seal, and are not counted. It can be stopped and begun again at any
    /// time, beside verifications.
    pub async fn reseal_all(
        &self,
        ids: impl IntoIterator<Item = AuthenticatorId>,
        mut progress: impl FnMut(&AuthenticatorId, &Result<bool, VerifierError<S::Error>>),
    ) -> u64 {
        let mut failed = 0;
        for id in ids {
            let resealed = self.reseal(&id).await;
            progress(&id, &resealed);
            match resealed {
                Ok(_) | Err(VerifierError::Unknown) => {}
                Err(_) => failed += 1,
            }
        }
        failed
    }

    /// Looks for what was submitted, decides, and stores what that changes before the verdict is out.
    async fn attempt<T>(
        &self,
        id: &AuthenticatorId,
        look: impl Fn(&Method, &State) -> Result<Search, Refusal>,
        conclude: impl Fn(&Method, &State, Result<Match, Refusal>) -> Decision<T>,
    ) -> Result<T, VerifierError<S::Error>> {
        for _ in 0..TRIES {
            let Entry { revision, value } = self.load(id).await?.ok_or(VerifierError::Unknown)?;
            let mut record = self.open(id, value)?;
            let (authenticator, state) = record.decode().map_err(VerifierError::Record)?;
            let method = authenticator.method();
            let found = match look(&method, &state) {
                Ok(search) => Ok(self.find(&authenticator, &search).await?),
                Err(refusal) => Err(refusal),
            };
            let (verdict, next) = conclude(&method, &state, found).reveal();
            let verdict = verdict.map_err(VerifierError::Refused);
            let Some(next) = next else { return verdict };
            record.replace_state(&next);
            if self.exchange(id, Some(revision), self.close(id, record)?).await? {
                return verdict;
            }
        }
        Err(VerifierError::Contended)
    }

    async fn find(&self, authenticator: &Authenticator, search: &Search) -> Result<Match, VerifierError<S::Error>> {
        match authenticator.material() {
            Material::Secret(algorithm, secret) => Ok(search.run(&Key::new(*algorithm, secret))),
            Material::Key(key) => Ok(search.run(key)),
            Material::Hsm(algorithm, key) => self.find_in_hsm(*algorithm, key, search).await,
        }
    }

    async fn find_in_hsm(
        &self,
        algorithm: Algorithm,
        key: &HsmKey,
        search: &Search,
    ) -> Result<Match, VerifierError<S::Error>> {
        const AT_ONCE: usize = 32;
        let mut found = Found::default();
        let counters: Vec<Counter> = search.counters().collect();
        for counters in counters.chunks(AT_ONCE) {
            let hmacs = self.hsm.hmacs(key, algorithm, counters).await;
            let hmacs = hmacs.map_err(|error| VerifierError::Hsm(Box::new(error)))?;
            if hmacs.len() != counters.len() || !hmacs.iter().all(|hmac| hmac.is_of(algorithm)) {
                return Err(VerifierError::Hsm(Box::new(WrongAnswer)));
            }
            let mut truncated: Zeroizing<Vec<_>> = Zeroizing::new(hmacs.iter().map(Hmac::truncated).collect());
            let mut truncated = truncated.as_mut_slice();
            for counters in counters.chunk_by(|a, b| b.get() == a.get().wrapping_add(1)) {
                if let (Some(first), Some(of_these)) = (counters.first(), truncated.split_off_mut(..counters.len())) {
                    found.look(search, *first, of_these);
                }
            }
        }
        Ok(found.into_match())
    }

    /// Stores what this makes of the state.
    async fn change(
        &self,
        id: &AuthenticatorId,
        change: impl Fn(Method, State) -> Result<State, VerifierError<S::Error>>,
    ) -> Result<(), VerifierError<S::Error>> {
        for _ in 0..TRIES {
            let Entry { revision, value } = self.load(id).await?.ok_or(VerifierError::Unknown)?;
            let mut record = self.open(id, value)?;
            let (authenticator, state) = record.decode().map_err(VerifierError::Record)?;
            record.replace_state(&change(authenticator.method(), state)?);
            if self.exchange(id, Some(revision), self.close(id, record)?).await? {
                return Ok(());
            }
        }
        Err(VerifierError::Contended)
    }

    fn keys(&self) -> Option<&KeyRing> {
        self.keys.as_deref()
    }

    fn open(&self, id: &AuthenticatorId, value: Value) -> Result<Record, VerifierError<S::Error>> {
        let record = Record::open(value, id, self.keys()).map_err(VerifierError::Record)?;
        if record.is_revoked() { Err(VerifierError::Refused(Refusal::Revoked)) } else { Ok(record) }
    }

    fn close(&self, id: &AuthenticatorId, record: Record) -> Result<Value, VerifierError<S::Error>> {
        record.close(id, self.keys()).map_err(VerifierError::Record)
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

/// Proof of a second factor: a code of this authenticator was correct, unused and permitted, and this is stored.
///
/// Only the [`Verifier`] makes one. Compare [`Self::id`] with the person whose password was checked.
#[derive(Debug)]
#[must_use = "this is the proof of the second factor; a login that does not look at it accepts nothing"]
pub struct Accepted {
    id: AuthenticatorId,
    verified: Verified,
}

impl Accepted {
    /// Returns the authenticator whose code it was.
    #[must_use]
    pub fn id(&self) -> &AuthenticatorId {
        &self.id
    }

    /// Returns the time step (TOTP) or counter (HOTP) of the code.
    #[must_use]
    pub fn counter(&self) -> Counter {
        self.verified.counter()
    }

    /// Returns how many whole time steps the code is ahead of the verifier's clock; behind, if negative. 0 for HOTP.
    #[must_use]
    pub fn drift(&self) -> i64 {
        self.verified.drift()
    }
}

/// Tells whether an enrolment took the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolled {
    /// There was nothing under this id.
    New,
    /// An authenticator that was never confirmed was under this id, and is gone. Where that was not expected, two
    /// authenticators have one id.
    Replaced,
}

/// Why a verifier did not do what it was asked. Nothing is accepted in any of these cases.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifierError<E> {
    /// The code or the authenticator was refused, and what that changes is stored.
    Refused(Refusal),
    /// There is no authenticator under this id.
    Unknown,
    /// There is an authenticator under this id already that is confirmed or suspended, or was not to be replaced.
    AlreadyEnrolled,
    /// The watermark is not so far beyond the window that it may be lowered.
    WatermarkInReach,
    /// The last used time step of the new authenticator lies after the year 2499: a number in another unit, such as
    /// seconds, would lock the person out for centuries. Nothing is stored.
    ImplausibleStep(Counter),
    /// The store failed. The attempt may have been counted; a code that was used up by it is refused as replayed.
    Store(E),
    /// Others changed the record each time. Nothing is counted for this attempt.
    Contended,
    /// The stored record cannot be opened or read, and is as it was.
    Record(RecordError),
    /// The hardware security module failed. Nothing is counted for this attempt.
    Hsm(Box<dyn core::error::Error + Send + Sync>),
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
            Self::WatermarkInReach => f.write_str("the last used step is not far enough in the future to be lowered"),
            Self::ImplausibleStep(step) => {
                write!(f, "time step {step} begins after the year 2499; is it a number of seconds?")
            }
            Self::Store(_) => f.write_str("the store failed"),
            Self::Contended => f.write_str("too many changes to this authenticator at once"),
            Self::Record(_) => f.write_str("the stored record cannot be read"),
            Self::Hsm(_) => f.write_str("the hardware security module failed"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for VerifierError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => Some(error),
            Self::Hsm(error) => Some(&**error),
            _ => None,
        }
    }
}
