use super::attempt::Refused;
use super::error::AccountError;
use super::subscriber::Account;
use crate::decision::Refusal;
use crate::factor::{Destination, Factor, SentCode};
use crate::policy::Policy;
use crate::types::{AuthenticatorNumber, Code, Transaction, UnixTime};

/// The reply to a request for a code.
pub(crate) enum Sending {
    /// A code can be sent.
    Possible(Destination),
    /// A code was sent just now in this transaction.
    Repeated(SentCode),
}

impl Account {
    /// Checks that a code can be sent to a destination in this transaction.
    pub(crate) fn admit_sending(
        &self,
        login: &Transaction,
        number: AuthenticatorNumber,
        policy: &Policy,
        now: UnixTime,
    ) -> Result<Sending, Refused> {
        let entry = self.entry(number).map_err(Refused::Account)?;
        let Factor::OutOfBand(to) = &*entry.factor else {
            return Err(Refused::Account(AccountError::NoDestination(number)));
        };
        if !entry.is_confirmed() {
            self.enrollment(login, number, now)?;
        } else if !entry.is_second_factor() {
            return Err(Refused::Refusal(Refusal::AlreadyConfirmed));
        } else if self.outcomes.accepted(login, now).is_some() {
            return Err(Refused::Refusal(Refusal::LoggedIn));
        } else {
            self.admit(Some(number), policy, now).map_err(Refused::Refusal)?;
        }
        if let Some(sent) = to.sent_in(login)
            && now < sent.next_at(&policy.sending)
        {
            return Ok(Sending::Repeated(*sent));
        }
        let limit = policy.sending.per_account.admit(self.sends_full, now);
        limit.map_err(|from| Refused::Account(AccountError::TooManySends { from }))?;
        Ok(Sending::Possible(to.destination.clone()))
    }

    /// Keeps the hash of a code that is sent to a destination. It must be admitted.
    pub(crate) fn keep_sent(
        &mut self,
        login: &Transaction,
        number: AuthenticatorNumber,
        code: &Code,
        policy: &Policy,
        now: UnixTime,
    ) -> Result<SentCode, AccountError> {
        let limit = policy.sending.per_account.admit(self.sends_full, now);
        self.sends_full = limit.map_err(|from| AccountError::TooManySends { from })?;
        let Factor::OutOfBand(to) = &mut *self.entry_mut(number)?.factor else {
            return Err(AccountError::NoDestination(number));
        };
        let sent = to.keep(login, code, &policy.sending, now);
        // A guess that was wrong before may be right now.
        self.outcomes.forget_refusals_in(login);
        self.changed();
        Ok(sent)
    }
}
