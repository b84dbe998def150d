use alloc::boxed::Box;
use alloc::string::String;

use sha2::{Digest, Sha256};

use super::outcome::Sent;
use super::swap::{Step, Swapped};
use super::{Verifier, VerifierError};
use crate::account::{AccountError, Record, Sending};
use crate::audit::{Action, Event};
use crate::factor::{CodeMessage, Destination, SentCode, Transport};
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::{AccountId, AuthenticatorNumber, Code, Transaction, UnixTime};

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Makes a code for a login or a confirmation, and returns the message to send.
    ///
    /// This call sends nothing. It asks the transport whether the destination may get a code
    /// ([`Transport::screen`]), and the caller sends the message ([`Transport::send`]).
    ///
    /// The code is accepted by [`Self::verify`] in the same transaction, or by [`Self::confirm`] if the destination is
    /// not confirmed yet, until it expires or another one is sent. The count of failures stays as it is. Each code
    /// counts on the limit of the account and on that of the destination ([`Sending`](crate::policy::Sending)). The
    /// limit of a destination is a record of its own in the store, which expires, and which starts again when the
    /// sealing key changes. A request that the transport refuses counts on the account.
    ///
    /// If the provider cannot send the message, its page says so, and offers another code from
    /// [`CodeMessage::next_at`] on. No call takes the code back, or its count: a gateway that reports a failure may
    /// still deliver the message, so the code stays valid, and a count that failures give back would let anybody who
    /// causes them have messages sent without end.
    ///
    /// `random` must be random for each call. Every code is equally likely.
    ///
    /// # Errors
    ///
    /// - Returns [`VerifierError::Account`] if codes cannot be sent to this authenticator, if the transport refuses the
    ///   destination, or if a limit is reached.
    /// - Returns [`VerifierError::Transport`] if the transport cannot tell whether it refuses the destination.
    /// - Returns [`VerifierError::Refused`] if a code would not be accepted now: if the account is locked, suspended or
    ///   closed, the transaction is complete, or a mail address is already confirmed.
    /// - Returns the other errors of [`Self::verify`].
    pub async fn send_code(
        &self,
        id: &AccountId,
        login: &Transaction,
        number: AuthenticatorNumber,
        transport: &impl Transport,
        now: UnixTime,
        random: &[u8; 32],
    ) -> Result<Sent, VerifierError<S::Error>> {
        let event = Event { authenticator: Some(number), ..Event::new(Action::SendCode, id, now) };
        let Some(code) = Code::draw(self.policy.sending.digits, random) else {
            return self.report(event, Err(VerifierError::Account(AccountError::NotRandom)));
        };
        let kept = self.swap(id, |held, _| {
            let mut account = self.account(id, held)?;
            let sending = account.send(login, number, &code, &self.policy, now);
            Ok(match sending.map_err(|refused| VerifierError::of(refused, id))? {
                repeated @ Sending::Repeated(_) => Step::Keep(repeated),
                new @ Sending::New { .. } => Step::Store(new, Record::Account(account)),
            })
        });
        let (sent, destination, is_confirmed, revision) = match kept.await {
            Ok(Swapped { outcome: Sending::New { sent, destination, is_confirmed }, revision }) => {
                (sent, destination, is_confirmed, revision)
            }
            Ok(Swapped { outcome: Sending::Repeated(sent), revision }) => {
                let outcome = Sent::Repeated { at: sent.at, next_at: sent.next_at(&self.policy.sending) };
                let event = Event { problem: Some("repeated"), ..event };
                return self.report(event, Ok(Swapped { outcome, revision }));
            }
            Err(error) => return self.report(event, Err(error)),
        };
        // The account has counted the request, so that nobody can cause more of these than messages.
        let screened = match transport.screen(&destination).await {
            Ok(true) => self.count_send(&destination, is_confirmed, now).await,
            Ok(false) => Err(VerifierError::Account(AccountError::DestinationRefused)),
            Err(error) => Err(VerifierError::Transport(Box::new(error))),
        };
        if let Err(error) = screened {
            self.record(&Event { problem: Some(error.label()), revision, ..event });
            let withdrawn = self.withdraw(id, login, number, &sent).await;
            self.report(Event { action: Action::WithdrawCode, ..event }, withdrawn)?;
            return Err(error);
        }
        let (expires, next_at) = (sent.expires, sent.next_at(&self.policy.sending));
        let outcome = Sent::New(CodeMessage { destination, code, expires, next_at });
        self.report(event, Ok(Swapped { outcome, revision }))
    }

    /// Ends a code that is not sent, so that the page can ask for another one at once.
    async fn withdraw(
        &self,
        id: &AccountId,
        login: &Transaction,
        number: AuthenticatorNumber,
        sent: &SentCode,
    ) -> Result<Swapped<()>, VerifierError<S::Error>> {
        self.swap(id, |held, _| {
            let mut account = self.account(id, held)?;
            let is_changed = account.withdraw(login, number, sent);
            Ok(if is_changed { Step::Store((), Record::Account(account)) } else { Step::Keep(()) })
        })
        .await
    }

    /// Counts a code on the limit of its destination, which all accounts share.
    ///
    /// A destination that is not confirmed has a limit of its own, so that a stranger who enrolls it does not use up
    /// the codes of its owner.
    async fn count_send(
        &self,
        destination: &Destination,
        is_confirmed: bool,
        now: UnixTime,
    ) -> Result<(), VerifierError<S::Error>> {
        let id = AccountId::destination(&self.hash_of(destination, is_confirmed));
        let counted = self.swap(&id, |held, _| {
            let (full_again, revision) = match held.map(|value| self.open(&id, Some(value))).transpose()? {
                None => (UnixTime::EPOCH, 0),
                Some((Record::Limit { revision, full_again }, _)) => (full_again, revision),
                Some(_) => return Err(VerifierError::Account(AccountError::ReservedId)),
            };
            let admitted = self.policy.sending.admit_to_destination(full_again, now);
            let too_many = |from| VerifierError::Account(AccountError::TooManySendsToDestination { from });
            let full_again = admitted.map_err(too_many)?;
            Ok(Step::Store((), Record::Limit { revision: revision.wrapping_add(1), full_again }))
        });
        counted.await.map(|_| ())
    }

    /// Returns a hash of an address, by which its limit is stored. The store does not learn the address if records are
    /// sealed. Addresses that differ in case only share a limit.
    fn hash_of(&self, destination: &Destination, is_confirmed: bool) -> [u8; 16] {
        let mut text = String::with_capacity(1 + destination.address().len());
        text.push(if is_confirmed { 'c' } else { 'u' });
        text.push_str(destination.address());
        text.make_ascii_lowercase();
        match self.keys() {
            Some(keys) => keys.hash(&text),
            None => Sha256::digest(&text).first_chunk().copied().unwrap_or_default(),
        }
    }
}
