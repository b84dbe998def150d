use alloc::vec::Vec;

use super::swap::{Step, Swapped};
use super::{Verifier, VerifierError};
use crate::account::{Account, AccountError, AccountView, ExportedAuthenticator, LoginOptions, Record};
use crate::audit::{Action, Event, Operator};
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::{AccountId, AuthenticatorNumber, DisplayName, Transaction, UnixTime};

#[cfg(doc)]
use crate::{Policy, Refusal};

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Returns the account without its secrets, for example to show the number of remaining attempts.
    ///
    /// # Errors
    ///
    /// Returns [`VerifierError::Unknown`] if there is no account, [`VerifierError::Refused`] with [`Refusal::Closed`]
    /// if it is closed, [`VerifierError::Store`] if the store fails, or [`VerifierError::Record`] if the record cannot
    /// be opened or read.
    pub async fn view(&self, id: &AccountId, now: UnixTime) -> Result<AccountView, VerifierError<S::Error>> {
        Ok(self.load(id).await?.view(&self.policy, now))
    }

    /// Returns the ways in which the subscriber can show the second factor in this login, for the login page.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::view`].
    pub async fn options(
        &self,
        id: &AccountId,
        login: &Transaction,
        now: UnixTime,
    ) -> Result<LoginOptions, VerifierError<S::Error>> {
        Ok(self.load(id).await?.into_options(login, &self.policy, now))
    }

    /// Returns the account's authenticators of one-time passwords with their secrets, to move them to another system.
    ///
    /// Only these are included: no tokens that answer challenges, push apps, destinations, external authenticators or
    /// recovery codes. Whoever has the result can compute every code. Close the account when the other system has taken
    /// over: a code that is accepted there can be used here as well until then.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::view`].
    pub async fn export(
        &self,
        id: &AccountId,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<Vec<ExportedAuthenticator>, VerifierError<S::Error>> {
        let exported = self.load(id).await.map(|account| Swapped { outcome: account.exported(), revision: None });
        let request = Request { id, action: Action::Export, number: None, by, now };
        self.report(request.event(), exported)
    }

    /// Ends a lock or a wait, and resets the number of failures to 0, of the account and of its recovery codes.
    ///
    /// Waits of pushes end as well. A suspension does not end, and used codes stay used.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::view`], or [`VerifierError::Contended`] if other writers keep changing the
    /// account.
    pub async fn unlock(&self, id: &AccountId, by: Operator<'_>, now: UnixTime) -> Result<(), VerifierError<S::Error>> {
        self.manage(Request { id, action: Action::Unlock, number: None, by, now }, |account| {
            account.unlock();
            Ok(())
        })
        .await
    }

    /// Makes all enrollments of the [limit](Policy::with_enrollments) available again, for a subscriber who has used
    /// them up, or if a clock was ahead at an enrollment.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::view`], or [`VerifierError::Contended`] if other writers keep changing the
    /// account.
    pub async fn allow_enrollments(
        &self,
        id: &AccountId,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        self.manage(Request { id, action: Action::AllowEnrollments, number: None, by, now }, |account| {
            account.allow_enrollments();
            Ok(())
        })
        .await
    }

    /// Withdraws the [enrollment code](Self::issue_enrollment_code) of an account, and ends the enrollment that began
    /// with it.
    ///
    /// It is for a help desk that has given a code to the wrong person. An authenticator that was confirmed in the
    /// meantime stays: [revoke](Self::revoke) it.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::view`], [`VerifierError::Account`] with [`AccountError::NoEnrollmentCode`] if the
    /// account has no code, or [`VerifierError::Contended`] if other writers keep changing the account.
    pub async fn withdraw_enrollment_code(
        &self,
        id: &AccountId,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        let request = Request { id, action: Action::WithdrawEnrollmentCode, number: None, by, now };
        self.manage(request, |account| account.withdraw_enrollment_code(now)).await
    }

    /// Suspends an account: no code is accepted and no authenticator is enrolled until [`Self::resume`].
    ///
    /// A lock and the number of failures do not change.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::view`], or [`VerifierError::Contended`] if other writers keep changing the
    /// account.
    pub async fn suspend(
        &self,
        id: &AccountId,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        self.manage(Request { id, action: Action::Suspend, number: None, by, now }, |account| {
            account.set_suspended(true);
            Ok(())
        })
        .await
    }

    /// Ends the suspension of an account. A lock, the number of failures, and the suspension of an authenticator do not
    /// change.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::view`], or [`VerifierError::Contended`] if other writers keep changing the
    /// account.
    pub async fn resume(&self, id: &AccountId, by: Operator<'_>, now: UnixTime) -> Result<(), VerifierError<S::Error>> {
        self.manage(Request { id, action: Action::Resume, number: None, by, now }, |account| {
            account.set_suspended(false);
            Ok(())
        })
        .await
    }

    /// Suspends one authenticator: none of its codes is accepted until [`Self::resume_authenticator`].
    ///
    /// The last authenticator that can be used may be suspended too, for example after a theft.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::suspend`], and [`VerifierError::Account`] with
    /// [`AccountError::UnknownAuthenticator`] if the account has no authenticator with this number, or
    /// [`AccountError::Unconfirmed`] if it is not confirmed.
    pub async fn suspend_authenticator(
        &self,
        id: &AccountId,
        number: AuthenticatorNumber,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        self.manage(Request { id, action: Action::Suspend, number: Some(number), by, now }, |account| {
            account.set_authenticator_suspended(number, true)
        })
        .await
    }

    /// Ends the suspension of one authenticator.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::suspend_authenticator`].
    pub async fn resume_authenticator(
        &self,
        id: &AccountId,
        number: AuthenticatorNumber,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        self.manage(Request { id, action: Action::Resume, number: Some(number), by, now }, |account| {
            account.set_authenticator_suspended(number, false)
        })
        .await
    }

    /// Changes the name of an authenticator.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::suspend`], and [`VerifierError::Account`] with
    /// [`AccountError::UnknownAuthenticator`] if the account has no authenticator with this number, or
    /// [`AccountError::Full`] if the account has no room for a longer name.
    pub async fn rename(
        &self,
        id: &AccountId,
        number: AuthenticatorNumber,
        name: DisplayName,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        self.manage(Request { id, action: Action::Rename, number: Some(number), by, now }, |account| {
            account.rename(number, name)
        })
        .await
    }

    /// Erases one authenticator with its secret. Its number is never used again.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::suspend`], and [`VerifierError::Account`] with
    /// [`AccountError::UnknownAuthenticator`] if the account has no authenticator with this number, or
    /// [`AccountError::Last`] if it is the only active one, recovery codes aside.
    pub async fn revoke(
        &self,
        id: &AccountId,
        number: AuthenticatorNumber,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        self.manage(Request { id, action: Action::Revoke, number: Some(number), by, now }, |account| {
            account.revoke(number)
        })
        .await
    }

    /// Lowers the watermark of a TOTP authenticator, its last used time step, if that lies far in the future.
    ///
    /// A login while the verifier's clock was years ahead leaves such a watermark, and no code is accepted until that
    /// step has passed. The watermark is lowered to the last step of the window at `now`, so that the codes of the
    /// current window stay refused. Codes of later steps that were accepted under the wrong clock can be used again
    /// when their time comes.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::suspend`], and [`VerifierError::Account`] with
    /// [`AccountError::UnknownAuthenticator`] if the account has no authenticator with this number, or
    /// [`AccountError::WatermarkInReach`] if the watermark is not further beyond the window than
    /// [`Policy::with_watermark_margin`] requires, if the authenticator is not TOTP, or if `now` is before its T0.
    pub async fn lower_watermark(
        &self,
        id: &AccountId,
        number: AuthenticatorNumber,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        self.manage(Request { id, action: Action::LowerWatermark, number: Some(number), by, now }, |account| {
            account.lower_watermark(number, &self.policy, now)
        })
        .await
    }

    /// Sets the known drift of a TOTP authenticator's clock to 0, for example after a wrong resynchronization.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::suspend`], and [`VerifierError::Account`] with
    /// [`AccountError::UnknownAuthenticator`] if the account has no authenticator with this number, or
    /// [`AccountError::NoClock`] if it is not TOTP.
    pub async fn forget_drift(
        &self,
        id: &AccountId,
        number: AuthenticatorNumber,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        self.manage(Request { id, action: Action::ForgetDrift, number: Some(number), by, now }, |account| {
            account.forget_drift(number)
        })
        .await
    }

    /// Marks every time step of TOTP authenticators as used that may have been accepted by now, after the store was
    /// restored from a backup.
    ///
    /// A restored account does not know the codes that were accepted after the backup, nor a drift that was found
    /// since. From this call on, a code is refused until its step is later than `now` and the policy's [maximum
    /// drift](Policy::with_max_drift). With the default policy, the subscriber's next code is accepted
    /// about five minutes later. The counters of HOTP tokens cannot be raised: their codes since the backup can be used
    /// again until the subscriber uses a later one. Recovery codes that were used since the backup can be used again as
    /// well. Remembered browsers have the tokens of the backup. Codes that were sent, challenges of apps and tokens,
    /// and an enrollment code end.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::suspend`].
    pub async fn raise_watermarks(
        &self,
        id: &AccountId,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        self.manage(Request { id, action: Action::RaiseWatermarks, number: None, by, now }, |account| {
            account.raise_watermarks(&self.policy, now);
            Ok(())
        })
        .await
    }

    /// Closes an account forever: erases all its authenticators and names, and stores a tombstone under its id.
    ///
    /// The tombstone contains nothing but the fact that the account was closed. The store may remove it at
    /// `keep_until`, or never if that is `None`. Until then, no authenticator can be enrolled under this id. An account
    /// that cannot be opened or read can be closed too.
    ///
    /// # Errors
    ///
    /// Returns [`VerifierError::Unknown`] if there is no account, [`VerifierError::Refused`] with [`Refusal::Closed`]
    /// if it is closed already, [`VerifierError::Store`] if the store fails, or [`VerifierError::Contended`] if other
    /// writers keep changing the account.
    pub async fn close(
        &self,
        id: &AccountId,
        keep_until: Option<UnixTime>,
        by: Operator<'_>,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        let closed = self.swap(id, |held, _| {
            if id.is_reserved() {
                return Err(VerifierError::Account(AccountError::ReservedId));
            }
            let revision = held.as_ref().map_or(0, Record::claimed_revision).wrapping_add(1);
            match self.account(id, held) {
                Err(VerifierError::Record(_)) | Ok(_) => {
                    Ok(Step::Store((), Record::Tombstone { revision, keep_until }))
                }
                Err(unknown_or_closed) => Err(unknown_or_closed),
            }
        });
        let request = Request { id, action: Action::Close, number: None, by, now };
        self.report(request.event(), closed.await)
    }

    /// Replaces an account with what `change` makes of it.
    async fn manage(
        &self,
        request: Request<'_>,
        change: impl Fn(&mut Account) -> Result<(), AccountError>,
    ) -> Result<(), VerifierError<S::Error>> {
        let changed = self.swap(request.id, |held, _| {
            let mut account = self.account(request.id, held)?;
            change(&mut account).map_err(VerifierError::Account)?;
            Ok(Step::Store((), Record::Account(account)))
        });
        self.report(request.event(), changed.await)
    }
}

/// A request of an operator.
struct Request<'a> {
    id: &'a AccountId,
    action: Action,
    number: Option<AuthenticatorNumber>,
    by: Operator<'a>,
    now: UnixTime,
}

impl<'a> Request<'a> {
    fn event(&self) -> Event<'a> {
        let operator = Some(self.by);
        Event { authenticator: self.number, operator, ..Event::new(self.action, self.id, self.now) }
    }
}
