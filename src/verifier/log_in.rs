use core::slice;

use super::outcome::{Accepted, Confirmed};
use super::swap::{Step, Swapped};
use super::{Verifier, VerifierError};
use crate::account::{Account, Hmacs, Record, Refused, Reply, Success};
use crate::audit::{Action, Event};
use crate::decision::{Resynchronized, Stage};
use crate::factor::Answer;
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::{AccountId, AuthenticatorNumber, Transaction, UnixTime};

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Verifies the first code of a new authenticator, as the subscriber typed it, and confirms the authenticator.
    ///
    /// The authenticator must have been [enrolled](Self::enroll) in the same transaction. A wrong code counts on this
    /// enrollment alone, and ends it at the policy's failure cap: then 0 attempts remain.
    ///
    /// The code is also a login if the policy permits that
    /// ([`Policy::with_confirmation_login`](crate::Policy::with_confirmation_login)), but only for the first
    /// authenticator of an account that is not locked.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::verify`], [`VerifierError::Refused`] with
    /// [`Refusal::Unconfirmed`](crate::Refusal::Unconfirmed) if a push app has not answered its activation, or with
    /// [`Refusal::AlreadyConfirmed`](crate::Refusal::AlreadyConfirmed) if the authenticator is already confirmed, and
    /// [`VerifierError::Account`] if the enrollment has expired or began in another transaction.
    pub async fn confirm(
        &self,
        id: &AccountId,
        login: &Transaction,
        number: AuthenticatorNumber,
        code: &str,
        now: UnixTime,
    ) -> Result<Confirmed, VerifierError<S::Error>> {
        let answer = self.answer(login, slice::from_ref(&code), Stage::Confirmation, now);
        let success =
            self.decide(id, Some(number), &answer, |account, hmacs| account.confirm(number, &answer, hmacs)).await?;
        Ok(Confirmed { login: success.is_login.then_some(Accepted { id: *id, success }) })
    }

    /// Verifies the code of a login, as the subscriber typed it, with any of the account's authenticators.
    ///
    /// The code is compared with every active authenticator of one-time passwords. It counts once, and is used up on
    /// every authenticator where it matches.
    ///
    /// # Errors
    ///
    /// Returns [`VerifierError::Refused`] if the code or the account is refused, and [`VerifierError::Repeated`] if
    /// this code was accepted before in the same transaction. Every other error is an outage of the provider. None of
    /// them is a login.
    pub async fn verify(
        &self,
        id: &AccountId,
        login: &Transaction,
        code: &str,
        now: UnixTime,
    ) -> Result<Accepted, VerifierError<S::Error>> {
        self.log_in(id, login, None, code, now).await
    }

    /// Verifies the code of a login with one authenticator that the subscriber chose.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::verify`], and [`VerifierError::Account`] with
    /// [`AccountError::UnknownAuthenticator`](crate::account::AccountError::UnknownAuthenticator) if the account has no
    /// authenticator with this number.
    pub async fn verify_with(
        &self,
        id: &AccountId,
        login: &Transaction,
        number: AuthenticatorNumber,
        code: &str,
        now: UnixTime,
    ) -> Result<Accepted, VerifierError<S::Error>> {
        self.log_in(id, login, Some(number), code, now).await
    }

    /// Verifies consecutive codes to find the counter of a token or the drift of a clock. It is not a login.
    ///
    /// [`Policy::with_resync_codes`](crate::Policy::with_resync_codes) sets the required number of codes: two by
    /// default.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::verify_with`]. A failure counts as at a login.
    pub async fn resync(
        &self,
        id: &AccountId,
        login: &Transaction,
        number: AuthenticatorNumber,
        codes: &[&str],
        now: UnixTime,
    ) -> Result<Resynchronized, VerifierError<S::Error>> {
        let answer = self.answer(login, codes, Stage::Resynchronization, now);
        let success = self
            .decide(id, Some(number), &answer, |account, hmacs| account.attempt(Some(number), &answer, hmacs))
            .await?;
        Ok(Resynchronized { counter: success.counter, drift: success.drift })
    }

    async fn log_in(
        &self,
        id: &AccountId,
        login: &Transaction,
        named: Option<AuthenticatorNumber>,
        code: &str,
        now: UnixTime,
    ) -> Result<Accepted, VerifierError<S::Error>> {
        let answer = self.answer(login, slice::from_ref(&code), Stage::Login, now);
        let success = self.decide(id, named, &answer, |account, hmacs| account.attempt(named, &answer, hmacs)).await?;
        Ok(Accepted { id: *id, success })
    }

    fn answer<'a>(&'a self, login: &'a Transaction, codes: &'a [&'a str], stage: Stage, now: UnixTime) -> Answer<'a> {
        Answer { login, codes, stage, policy: &self.policy, now }
    }

    /// Decides about an answer, and stores the account before the verdict is returned.
    async fn decide(
        &self,
        id: &AccountId,
        number: Option<AuthenticatorNumber>,
        answer: &Answer<'_>,
        decide: impl Fn(&mut Account, &mut Hmacs) -> Reply,
    ) -> Result<Success, VerifierError<S::Error>> {
        let swapped = self.swap(id, |held, hmacs| {
            let mut account = self.account(id, held)?;
            Ok(match decide(&mut account, hmacs) {
                Reply::Missing => Step::Compute,
                Reply::Decided { verdict, is_changed: false } => Step::Keep(verdict),
                Reply::Decided { verdict, is_changed: true } => Step::Store(verdict, Record::Account(account)),
            })
        });
        let action = match answer.stage {
            Stage::Confirmation => Action::Confirm,
            Stage::Login => Action::Verify,
            Stage::Resynchronization => Action::Resync,
        };
        self.report_verdict(Event { authenticator: number, ..Event::new(action, id, answer.now) }, swapped.await)
    }

    /// Records the event of an answer with its verdict, and returns the verdict.
    pub(super) fn report_verdict(
        &self,
        event: Event<'_>,
        swapped: Result<Swapped<Result<Success, Refused>>, VerifierError<S::Error>>,
    ) -> Result<Success, VerifierError<S::Error>> {
        let judged = swapped.map(|Swapped { outcome, revision }| Swapped {
            outcome: outcome.map_err(|refused| VerifierError::of(refused, event.account)),
            revision,
        });
        let number = match judged.as_ref().ok().map(|judged| &judged.outcome) {
            Some(Ok(success)) => Some(success.number),
            Some(Err(VerifierError::Repeated(repeated))) => Some(repeated.authenticator),
            _ => None,
        };
        self.tell(Event { authenticator: event.authenticator.or(number), ..event }, judged)
    }
}
