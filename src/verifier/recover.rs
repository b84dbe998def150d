use super::outcome::Accepted;
use super::swap::{Step, Swapped};
use super::{Verifier, VerifierError};
use crate::account::{Record, Recovered, Recovery};
use crate::audit::{Action, Event};
use crate::factor::Entered;
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::{AccountId, AuthenticatorNumber, Transaction, UnixTime};

#[cfg(doc)]
use crate::account::AccountError;
#[cfg(doc)]
use crate::decision::Refusal;

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Verifies the recovery code of a login, as the subscriber typed it.
    ///
    /// A code of 64 bits or more is accepted while the account is locked, and does not end the lock. Wrong ones have a
    /// count of their own, which locks the set under the rules of the default policy, and ends it at 100 in a row:
    /// then it has no codes any more. Shorter codes of another system count on the account, and stop with it. A typing
    /// error is [`Refusal::Malformed`], and does not count.
    ///
    /// Below 112 bits, a password hash of some three milliseconds is computed, on the calling thread.
    ///
    /// [`Accepted::recovery_codes_left`] tells when it is time for a new set.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::verify`], and [`VerifierError::Account`] with [`AccountError::NoRecoveryCodes`] if
    /// the account has no recovery codes.
    pub async fn recover(
        &self,
        id: &AccountId,
        login: &Transaction,
        text: &str,
        now: UnixTime,
    ) -> Result<Accepted, VerifierError<S::Error>> {
        self.recover_from(id, login, text, None, now).await
    }

    /// Verifies the recovery code of a login, and erases the authenticator that the subscriber has lost.
    ///
    /// Both happen in one change of the account, or neither. The last authenticator can be erased too: the account then
    /// has only recovery codes, until the subscriber enrolls another authenticator.
    ///
    /// The event names the lost authenticator.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::recover`], and [`VerifierError::Account`] with
    /// [`AccountError::UnknownAuthenticator`] if the account has no authenticator with this number, or
    /// [`AccountError::Last`] if the number is that of the recovery codes. No code is compared then.
    pub async fn recover_and_revoke(
        &self,
        id: &AccountId,
        login: &Transaction,
        text: &str,
        lost: AuthenticatorNumber,
        now: UnixTime,
    ) -> Result<Accepted, VerifierError<S::Error>> {
        self.recover_from(id, login, text, Some(lost), now).await
    }

    async fn recover_from(
        &self,
        id: &AccountId,
        login: &Transaction,
        text: &str,
        lost: Option<AuthenticatorNumber>,
        now: UnixTime,
    ) -> Result<Accepted, VerifierError<S::Error>> {
        let entered = Entered::new(text);
        let recovery = Recovery { login, entered: &entered, lost, policy: &self.policy, now };
        let swapped = self.swap(id, |held, _| {
            let mut account = self.account(id, held)?;
            let Recovered { verdict, is_changed, ended } = account.recover(&recovery);
            let outcome = (verdict, ended);
            Ok(if is_changed { Step::Store(outcome, Record::Account(account)) } else { Step::Keep(outcome) })
        });
        let mut ended = None;
        let swapped = swapped.await.map(|Swapped { outcome: (verdict, of_attempt), revision }| {
            ended = of_attempt;
            Swapped { outcome: verdict, revision }
        });
        let action = if lost.is_some() { Action::RecoverAndRevoke } else { Action::Recover };
        let verdict = self.report_verdict(Event { authenticator: lost, ..Event::new(action, id, now) }, swapped);
        if ended.is_some() {
            // The event before has the revision of the change.
            self.record(&Event { authenticator: ended, ..Event::new(Action::EndRecoveryCodes, id, now) });
        }
        Ok(Accepted { id: *id, success: verdict? })
    }
}
