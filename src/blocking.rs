//! A verifier for synchronous callers.

use alloc::vec::Vec;

use crate::account::{AccountView, Enrolled, ExportedAuthenticator, LoginOptions};
use crate::audit::Operator;
use crate::decision::{Resynchronized, State};
use crate::factor::ocra::{Challenge, SignatureChallenge, TransactionDetails};
#[cfg(feature = "push")]
use crate::factor::push::{Details, Notification, Verdict};
use crate::factor::{Authenticator, BrowserDays, EnrollmentCode, NewAuthenticator, Transport};
use crate::hsm::{Hsm, NoHsm};
use crate::store::{Enumerate, Store};
use crate::types::{AccountId, AuthenticatorNumber, DisplayName, Transaction, UnixTime};
use crate::verifier::{Accepted, Confirmed, KeyCheckError, NewBrowser, Remembered, Sent, Signed, VerifierError};

/// A verifier for synchronous callers.
///
/// Each method waits for the result of the method of the same name of the asynchronous [`Verifier`](crate::Verifier).
/// Do not call it from asynchronous code, whose thread it would block.
///
/// ```
/// use secondo::store::Memory;
/// use secondo::{AccountId, Policy, Transaction, UnixTime, Verifier, blocking};
///
/// let verifier = blocking::Verifier::new(Verifier::unsealed(Memory::new(), Policy::default()));
/// let maria = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
/// assert!(verifier.verify(&maria, &Transaction::new(&[1; 16])?, "081804", UnixTime::now()?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier<S, H = NoHsm, E = ThisThread> {
    verifier: crate::Verifier<S, H>,
    executor: E,
}

impl<S, H> Verifier<S, H> {
    /// Creates a blocking verifier that polls on the calling thread.
    ///
    /// A store that needs a runtime, such as the one for PostgreSQL, needs [`Self::on`] with that runtime.
    pub const fn new(verifier: crate::Verifier<S, H>) -> Self {
        Self::on(verifier, ThisThread)
    }
}

impl<S, H, E> Verifier<S, H, E> {
    /// Creates a blocking verifier that waits with this executor.
    pub const fn on(verifier: crate::Verifier<S, H>, executor: E) -> Self {
        Self { verifier, executor }
    }
}

/// An executor that runs a future to its end while the caller waits.
///
/// ```
/// use secondo::blocking::BlockOn;
///
/// /// A runtime of Tokio. Its `block_on` must not be called from asynchronous code.
/// struct Tokio(tokio::runtime::Runtime);
///
/// impl BlockOn for Tokio {
///     fn block_on<F: Future>(&self, future: F) -> F::Output {
///         self.0.block_on(future)
///     }
/// }
/// # mod tokio { pub mod runtime { pub struct Runtime; impl Runtime {
/// #     pub fn block_on<F: Future>(&self, future: F) -> F::Output { pollster::block_on(future) }
/// # } } }
/// ```
pub trait BlockOn {
    /// Runs the future, and returns its result.
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}

/// An executor that polls on the calling thread, and lets it sleep in between.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisThread;

impl BlockOn for ThisThread {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        pollster::block_on(future)
    }
}

macro_rules! blocking {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        #[doc = concat!("Calls [`", stringify!($name), "`](crate::Verifier::", stringify!($name), "), and waits for its result.")]
        ///
        /// # Errors
        ///
        /// Returns the errors of that method.
        pub fn $name(&self, $($argument: $type),*) -> $result {
            self.executor.block_on(self.verifier.$name($($argument),*))
        }
    )*};
}

impl<S: Store, H: Hsm, E: BlockOn> Verifier<S, H, E> {
    blocking! {
        enroll(id: &AccountId, login: &Transaction, new: impl Into<NewAuthenticator>, now: UnixTime)
            -> Result<Enrolled, VerifierError<S::Error>>;
        enroll_beside(id: &AccountId, login: &Transaction, new: impl Into<NewAuthenticator>, now: UnixTime)
            -> Result<Enrolled, VerifierError<S::Error>>;
        enroll_first(id: &AccountId, login: &Transaction, new: impl Into<NewAuthenticator>, now: UnixTime)
            -> Result<Enrolled, VerifierError<S::Error>>;
        issue_enrollment_code(id: &AccountId, code: &EnrollmentCode, by: Operator<'_>, now: UnixTime)
            -> Result<UnixTime, VerifierError<S::Error>>;
        withdraw_enrollment_code(id: &AccountId, by: Operator<'_>, now: UnixTime)
            -> Result<(), VerifierError<S::Error>>;
        enroll_with_code(
            id: &AccountId,
            login: &Transaction,
            code: &str,
            new: impl Into<NewAuthenticator>,
            now: UnixTime
        ) -> Result<Enrolled, VerifierError<S::Error>>;
        pending(id: &AccountId, login: &Transaction, number: AuthenticatorNumber, now: UnixTime)
            -> Result<Authenticator, VerifierError<S::Error>>;
        import(id: &AccountId, authenticators: &[(NewAuthenticator, State)], by: Operator<'_>, now: UnixTime)
            -> Result<(), VerifierError<S::Error>>;
        confirm(id: &AccountId, login: &Transaction, number: AuthenticatorNumber, code: &str, now: UnixTime)
            -> Result<Confirmed, VerifierError<S::Error>>;
        send_code(
            id: &AccountId,
            login: &Transaction,
            number: AuthenticatorNumber,
            transport: &impl Transport,
            now: UnixTime,
            random: &[u8; 32]
        ) -> Result<Sent, VerifierError<S::Error>>;
        verify(id: &AccountId, login: &Transaction, code: &str, now: UnixTime)
            -> Result<Accepted, VerifierError<S::Error>>;
        verify_with(id: &AccountId, login: &Transaction, number: AuthenticatorNumber, code: &str, now: UnixTime)
            -> Result<Accepted, VerifierError<S::Error>>;
        challenge(
            id: &AccountId,
            login: &Transaction,
            number: AuthenticatorNumber,
            session: Option<&[u8]>,
            now: UnixTime,
            random: &[u8; 32]
        ) -> Result<Challenge, VerifierError<S::Error>>;
        sign_transaction(
            id: &AccountId,
            login: &Transaction,
            number: AuthenticatorNumber,
            details: &TransactionDetails<'_>,
            now: UnixTime,
            random: &[u8; 32]
        ) -> Result<SignatureChallenge, VerifierError<S::Error>>;
        verify_signature(
            id: &AccountId,
            login: &Transaction,
            details: &TransactionDetails<'_>,
            response: &str,
            now: UnixTime
        ) -> Result<Signed, VerifierError<S::Error>>;
        recover(id: &AccountId, login: &Transaction, text: &str, now: UnixTime)
            -> Result<Accepted, VerifierError<S::Error>>;
        recover_and_revoke(
            id: &AccountId,
            login: &Transaction,
            text: &str,
            lost: AuthenticatorNumber,
            now: UnixTime
        ) -> Result<Accepted, VerifierError<S::Error>>;
        resync(id: &AccountId, login: &Transaction, number: AuthenticatorNumber, codes: &[&str], now: UnixTime)
            -> Result<Resynchronized, VerifierError<S::Error>>;
        remember(login: &Accepted, name: DisplayName, days: BrowserDays, random: &[u8; 32], now: UnixTime)
            -> Result<NewBrowser, VerifierError<S::Error>>;
        recall(id: &AccountId, token: &str, random: &[u8; 32], now: UnixTime)
            -> Result<Remembered, VerifierError<S::Error>>;
        view(id: &AccountId, now: UnixTime) -> Result<AccountView, VerifierError<S::Error>>;
        options(id: &AccountId, login: &Transaction, now: UnixTime) -> Result<LoginOptions, VerifierError<S::Error>>;
        export(id: &AccountId, by: Operator<'_>, now: UnixTime)
            -> Result<Vec<ExportedAuthenticator>, VerifierError<S::Error>>;
        unlock(id: &AccountId, by: Operator<'_>, now: UnixTime) -> Result<(), VerifierError<S::Error>>;
        allow_enrollments(id: &AccountId, by: Operator<'_>, now: UnixTime) -> Result<(), VerifierError<S::Error>>;
        suspend(id: &AccountId, by: Operator<'_>, now: UnixTime) -> Result<(), VerifierError<S::Error>>;
        resume(id: &AccountId, by: Operator<'_>, now: UnixTime) -> Result<(), VerifierError<S::Error>>;
        suspend_authenticator(id: &AccountId, number: AuthenticatorNumber, by: Operator<'_>, now: UnixTime)
            -> Result<(), VerifierError<S::Error>>;
        resume_authenticator(id: &AccountId, number: AuthenticatorNumber, by: Operator<'_>, now: UnixTime)
            -> Result<(), VerifierError<S::Error>>;
        rename(id: &AccountId, number: AuthenticatorNumber, name: DisplayName, by: Operator<'_>, now: UnixTime)
            -> Result<(), VerifierError<S::Error>>;
        revoke(id: &AccountId, number: AuthenticatorNumber, by: Operator<'_>, now: UnixTime)
            -> Result<(), VerifierError<S::Error>>;
        lower_watermark(id: &AccountId, number: AuthenticatorNumber, by: Operator<'_>, now: UnixTime)
            -> Result<(), VerifierError<S::Error>>;
        forget_drift(id: &AccountId, number: AuthenticatorNumber, by: Operator<'_>, now: UnixTime)
            -> Result<(), VerifierError<S::Error>>;
        raise_watermarks(id: &AccountId, by: Operator<'_>, now: UnixTime) -> Result<(), VerifierError<S::Error>>;
        close(id: &AccountId, keep_until: Option<UnixTime>, by: Operator<'_>, now: UnixTime)
            -> Result<(), VerifierError<S::Error>>;
        reseal(id: &AccountId) -> Result<bool, VerifierError<S::Error>>;
        check_keys() -> Result<(), KeyCheckError<S::Error>>;
    }
}

impl<S: Enumerate, H: Hsm, E: BlockOn> Verifier<S, H, E> {
    blocking! {
        reseal_all(progress: impl FnMut(&AccountId, &Result<bool, VerifierError<S::Error>>)) -> Result<u64, S::Error>;
        raise_all_watermarks(
            by: Operator<'_>,
            now: UnixTime,
            progress: impl FnMut(&AccountId, &Result<bool, VerifierError<S::Error>>)
        ) -> Result<u64, S::Error>;
    }
}

#[cfg(feature = "push")]
impl<S: Store, H: Hsm, E: BlockOn> Verifier<S, H, E> {
    blocking! {
        push(
            id: &AccountId,
            login: &Transaction,
            number: AuthenticatorNumber,
            details: &Details,
            now: UnixTime,
            random: &[u8; 32]
        ) -> Result<Notification, VerifierError<S::Error>>;
        answer_push(id: &AccountId, answer: &str, now: UnixTime) -> Result<Verdict, VerifierError<S::Error>>;
        poll(id: &AccountId, login: &Transaction, now: UnixTime) -> Result<Accepted, VerifierError<S::Error>>;
        activate_push(id: &AccountId, answer: &str, now: UnixTime)
            -> Result<AuthenticatorNumber, VerifierError<S::Error>>;
    }
}
