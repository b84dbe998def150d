use super::attempt::Refused;
use super::error::AccountError;
use super::subscriber::Account;
use crate::decision::Refusal;
use crate::factor::{Destination, Factor, SentCode};
use crate::policy::Policy;
use crate::types::{AuthenticatorNumber, Code, Transaction, UnixTime};

/// The decision about a request for a code.
pub(crate) enum Sending {
    /// A new code to send. The account has changed.
    New { sent: SentCode, destination: Destination, is_confirmed: bool },
    /// A code was sent just now in this transaction.
    Repeated(SentCode),
}

impl Account {
    /// Keeps the hash of a code that is to be sent to a destination in this transaction, and counts it.
    pub(crate) fn send(
        &mut self,
        login: &Transaction,
        number: AuthenticatorNumber,
        code: &Code,
        policy: &Policy,
        now: UnixTime,
    ) -> Result<Sending, Refused> {
        let entry = self.entry(number).map_err(Refused::Account)?;
        let no_destination = Refused::Account(AccountError::NoDestination(number));
        let Factor::OutOfBand(to) = &*entry.factor else { return Err(no_destination) };
        let is_confirmed = entry.is_confirmed();
        if !is_confirmed {
            self.enrollment(login, number, now)?;
        } else if !entry.is_second_factor() {
            return Err(Refused::Refusal(Refusal::AlreadyConfirmed));
        } else if self.outcomes.accepted(login, now).is_some() {
            return Err(Refused::Refusal(Refusal::LoggedIn));
        } else {
            self.admit(Some(number), policy, now).map_err(Refused::Refusal)?;
        }
        if let Some(sent) = to.sent_in(login)
            && sent.is_live(now)
            && now < sent.next_at(&policy.sending)
        {
            return Ok(Sending::Repeated(*sent));
        }
        let limit = policy.sending.admit_in_account(self.sends_full, now);
        self.sends_full = limit.map_err(|from| Refused::Account(AccountError::TooManySends { from }))?;
        let Factor::OutOfBand(to) = &mut *self.entry_mut(number).map_err(Refused::Account)?.factor else {
            return Err(no_destination);
        };
        let sent = to.keep(login, code, &policy.sending, now);
        let destination = to.destination.clone();
        // A guess that was wrong before may be right now.
        self.outcomes.forget_refusals_in(login);
        self.changed();
        Ok(Sending::New { sent, destination, is_confirmed })
    }

    /// Ends a code that is not sent after all. Returns `false` if it has ended already.
    pub(crate) fn withdraw(&mut self, login: &Transaction, number: AuthenticatorNumber, unsent: &SentCode) -> bool {
        let Ok(Factor::OutOfBand(to)) = self.entry_mut(number).map(|entry| &mut *entry.factor) else { return false };
        let is_there = to.sent_in(login).is_some_and(|sent| sent == unsent);
        if is_there {
            to.end(login);
            self.changed();
        }
        is_there
    }
}
