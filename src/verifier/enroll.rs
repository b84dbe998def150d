use super::swap::Step;
use super::{Verifier, VerifierError};
use crate::account::{Account, AccountError, CodedEnrollment, Enrolled, Place, Record};
use crate::audit::{Action, Event, Operator};
use crate::decision::{Refusal, State};
use crate::factor::{Authenticator, EnrollmentCode, Entered, Kind, NewAuthenticator};
use crate::hsm::Hsm;
use crate::store::{Store, Value};
use crate::types::{AccountId, AuthenticatorNumber, Transaction, UnixTime};

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Adds a new authenticator to an account, and creates the account if it does not exist.
    ///
    /// Its codes are accepted for logins after it is [confirmed](Self::confirm) in the same transaction. An enrollment
    /// that is not confirmed expires: after an hour by default, a push app's after ten minutes
    /// ([`Policy::with_enrollment_time`](crate::Policy::with_enrollment_time)). An enrollment that began when the
    /// account had no confirmed authenticator ends when another one is confirmed. An
    /// [external](crate::factor::External) authenticator needs no confirmation.
    ///
    /// [Recovery codes](crate::factor::RecoveryCodes) need no confirmation either, but the account must have a
    /// confirmed authenticator. They end the earlier set.
    ///
    /// An earlier enrollment may give way to the new one: see [`Enrolled::replaced`].
    ///
    /// The provider decides who may enroll. A subscriber who already has an authenticator should log in with it first.
    /// For one who has none, call [`Self::enroll_first`].
    ///
    /// # Errors
    ///
    /// - Returns [`VerifierError::Account`] if the account has no room for the authenticator, or already has its
    ///   secret, or if as many enrollments have begun as the policy permits. Returns it with
    ///   [`AccountError::NoneConfirmed`] for recovery codes if the account has no confirmed authenticator.
    /// - Returns [`VerifierError::Refused`] if the account is suspended or closed.
    /// - Returns [`VerifierError::Store`] if the store fails, [`VerifierError::Record`] if the account cannot be read,
    ///   or [`VerifierError::Contended`] if other writers keep changing it.
    pub async fn enroll(
        &self,
        id: &AccountId,
        login: &Transaction,
        new: impl Into<NewAuthenticator>,
        now: UnixTime,
    ) -> Result<Enrolled, VerifierError<S::Error>> {
        self.add(id, login, &new.into(), Place::Any, now).await
    }

    /// Adds a new authenticator to an account, but only if no earlier enrollment would have to give way to it.
    ///
    /// New recovery codes still end the earlier set.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::enroll`], and [`VerifierError::Account`] with
    /// [`AccountError::Unconfirmed`] if an enrollment would have to give way.
    pub async fn enroll_beside(
        &self,
        id: &AccountId,
        login: &Transaction,
        new: impl Into<NewAuthenticator>,
        now: UnixTime,
    ) -> Result<Enrolled, VerifierError<S::Error>> {
        self.add(id, login, &new.into(), Place::Beside, now).await
    }

    /// Adds a new authenticator to an account, but only if no authenticator of the account is confirmed.
    ///
    /// A provider that lets a person enroll after the password alone, because there is no second factor yet, must use
    /// this method. Otherwise somebody else who knows the password could add an authenticator just after the person has
    /// confirmed the first one. Such a person can still begin enrollments, which use up the
    /// [limit](crate::Policy::with_enrollments) and replace the oldest of four unconfirmed authenticators.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::enroll`], and [`VerifierError::Account`] with [`AccountError::NotFirst`] if an
    /// authenticator of the account is confirmed.
    pub async fn enroll_first(
        &self,
        id: &AccountId,
        login: &Transaction,
        new: impl Into<NewAuthenticator>,
        now: UnixTime,
    ) -> Result<Enrolled, VerifierError<S::Error>> {
        self.add(id, login, &new.into(), Place::First, now).await
    }

    /// Issues a code with which the subscriber can enroll an authenticator, and returns its expiry.
    ///
    /// It is for a subscriber who has lost every authenticator: see [`EnrollmentCode`]. A new code ends the earlier one
    /// and the enrollment that began with it. [Suspend](Self::suspend_authenticator) what is lost, and
    /// [revoke](Self::revoke) it once the next authenticator is confirmed. If the account is locked, [`Self::unlock`]
    /// it.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::view`], [`VerifierError::Account`] with [`AccountError::Full`] if the account has
    /// no room for the code, or [`VerifierError::Contended`] if other writers keep changing the account.
    pub async fn issue_enrollment_code(
        &self,
        id: &AccountId,
        code: &EnrollmentCode,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<UnixTime, VerifierError<S::Error>> {
        let issued = self.swap(id, |held, _| {
            let mut account = self.account(id, held)?;
            let expires = account.issue_enrollment_code(code, &self.policy, now).map_err(VerifierError::Account)?;
            Ok(Step::Store(expires, Record::Account(account)))
        });
        self.report(Event { operator: Some(by), ..Event::new(Action::IssueEnrollmentCode, id, now) }, issued.await)
    }

    /// Adds a new authenticator to an account with the code of an operator, as the subscriber typed it.
    ///
    /// Call it after the password, for a subscriber who cannot show a second factor. Confirm the authenticator in the
    /// same transaction. The confirmation is not a login. The code is bound to this transaction, in which it can be
    /// submitted again, and ends with the confirmation or at its expiry. The enrollment expires with the code, if not
    /// before. An authenticator that needs no confirmation ends the code at once.
    ///
    /// The code is accepted while the account is locked. The lock stays, and refuses the login that follows. A wrong
    /// code changes nothing and counts nothing: nobody can guess 80 bits, and a count would let somebody who knows the
    /// password keep the subscriber from using the code. A password hash of some three milliseconds is computed, on the
    /// calling thread.
    ///
    /// # Errors
    ///
    /// - Returns [`VerifierError::Account`] with [`AccountError::WrongEnrollmentCode`] if the code is another one, with
    ///   [`AccountError::NoEnrollmentCode`] if no code was issued or it has ended, or with
    ///   [`AccountError::EnrollmentCodeUsed`] if it was used in another transaction.
    /// - Returns [`VerifierError::Refused`] if the text is not a code, or if the account is suspended or closed.
    /// - Returns [`VerifierError::Unknown`] if there is no account, and the other errors of [`Self::enroll`].
    pub async fn enroll_with_code(
        &self,
        id: &AccountId,
        login: &Transaction,
        code: &str,
        new: impl Into<NewAuthenticator>,
        now: UnixTime,
    ) -> Result<Enrolled, VerifierError<S::Error>> {
        let (entered, new) = (Entered::new(code), new.into());
        let enrollment = CodedEnrollment { login, entered: &entered, new: &new, policy: &self.policy, now };
        let enrolled = self.swap(id, |held, _| {
            let mut account = self.account(id, held)?;
            let enrolled = account.enroll_with_code(&enrollment).map_err(|refused| VerifierError::of(refused, id))?;
            Ok(Step::Store(enrolled, Record::Account(account)))
        });
        let enrolled = enrolled.await;
        let number = enrolled.as_ref().ok().map(|enrolled| enrolled.outcome.number);
        self.report(Event { authenticator: number, ..Event::new(Action::EnrollWithCode, id, now) }, enrolled)
    }

    /// Returns an authenticator that was enrolled in this transaction and is not confirmed yet, to show its secret
    /// again.
    ///
    /// A page that is loaded again can make the [key URI](crate::formats::otpauth::KeyUri) from it, until the
    /// authenticator is confirmed or its enrollment expires.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::view`], and the errors of [`Self::confirm`] for an authenticator that cannot be
    /// confirmed in this transaction.
    pub async fn pending(
        &self,
        id: &AccountId,
        login: &Transaction,
        number: AuthenticatorNumber,
        now: UnixTime,
    ) -> Result<Authenticator, VerifierError<S::Error>> {
        self.load(id).await?.pending(login, number, now).map_err(|refused| VerifierError::of(refused, id))
    }

    /// Adds confirmed authenticators from another system to an account, and creates the account if it does not exist.
    ///
    /// Each [`State`] carries over the counter, the drift and a suspension. The failures and the locks become those of
    /// the account: the highest count and the longest lock. A set of recovery codes ends the earlier one. The provider
    /// vouches that the authenticators are the subscriber's. Either all of them are added, or none. An empty list
    /// changes nothing, and is no event.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::enroll`], and [`VerifierError::Account`] with [`AccountError::NotConfirmed`] for a
    /// state that is not confirmed, or [`AccountError::ImplausibleStep`] for one whose last used time step begins after
    /// the year 2499.
    pub async fn import(
        &self,
        id: &AccountId,
        authenticators: &[(NewAuthenticator, State)],
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        if authenticators.is_empty() {
            return Ok(());
        }
        let imported = self.swap(id, |held, _| {
            let mut account = self.open_for_new(id, held)?;
            account.import(authenticators, &self.policy, now).map_err(VerifierError::Account)?;
            Ok(Step::Store((), Record::Account(account)))
        });
        self.report(Event { operator: Some(by), ..Event::new(Action::Import, id, now) }, imported.await)
    }

    async fn add(
        &self,
        id: &AccountId,
        login: &Transaction,
        new: &NewAuthenticator,
        place: Place,
        now: UnixTime,
    ) -> Result<Enrolled, VerifierError<S::Error>> {
        let added = self.swap(id, |held, _| {
            let mut account = self.open_for_new(id, held)?;
            let enrolled = account.enroll(login, new, place, &self.policy, now);
            Ok(Step::Store(enrolled.map_err(VerifierError::Account)?, Record::Account(account)))
        });
        let added = added.await;
        let number = added.as_ref().ok().map(|added| added.outcome.number);
        let kept = new.factor.kept();
        let action = if kept.is_confirmed_by_answer() {
            Action::Enroll
        } else if kept.kind() == Kind::LookUp {
            Action::EnrollRecoveryCodes
        } else {
            Action::EnrollExternal
        };
        self.report(Event { authenticator: number, ..Event::new(action, id, now) }, added)
    }

    /// Opens the account to which an authenticator is to be added, or creates it.
    fn open_for_new(&self, id: &AccountId, held: Option<Value>) -> Result<Account, VerifierError<S::Error>> {
        if id.is_reserved() {
            return Err(VerifierError::Account(AccountError::ReservedId));
        }
        let account = if held.is_none() { Account::new() } else { self.account(id, held)? };
        if account.is_suspended() {
            return Err(VerifierError::Refused(Refusal::Suspended));
        }
        Ok(account)
    }
}
