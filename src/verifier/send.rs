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
    /// The code is accepted by [`Self::verify`] in the same transaction, or by [`Self::confirm`] if the destination is
    /// not confirmed yet, until it expires or another one is sent. Failures are counted on, not started again. The
    /// account's limit and the destination's limit ([`Sending`](crate::policy::Sending)) count each code. The limit of a
    /// destination is a record of its own in the store, which expires. It starts again when the sealing key is changed.
    ///
    /// `random` must be random for each call. No digit is more likely than another.
    ///
    /// # Errors
    ///
    /// - Returns [`VerifierError::Account`] if codes cannot be sent to this authenticator, if the transport refuses the
    ///   destination, or if a limit is reached.
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
        let sent = self.make_code(id, login, number, transport, now, random).await;
        self.report(Event { authenticator: Some(number), ..Event::new(Action::SendCode, id, now) }, sent)
    }

    async fn make_code(
        &self,
        id: &AccountId,
        login: &Transaction,
        number: AuthenticatorNumber,
        transport: &impl Transport,
        now: UnixTime,
        random: &[u8; 32],
    ) -> Result<Swapped<Sent>, VerifierError<S::Error>> {
        let digits = self.policy.sending.digits;
        let code = Code::draw(digits, random).ok_or(VerifierError::Account(AccountError::NotRandom))?;
        let admitted = self.load(id).await?.admit_sending(login, number, &self.policy, now);
        let destination = match admitted.map_err(|refused| VerifierError::of(refused, id))? {
            Sending::Possible(destination) => destination,
            Sending::Repeated(sent) => return Ok(Swapped { outcome: self.repeated(&sent), revision: None }),
        };
        let screened = transport.screen(&destination).await;
        screened.map_err(|_| VerifierError::Account(AccountError::DestinationRefused))?;
        self.count_send(&destination, now).await?;
        let kept = self.swap(id, |held, _| {
            let mut account = self.account(id, held)?;
            let admitted = account.admit_sending(login, number, &self.policy, now);
            match admitted.map_err(|refused| VerifierError::of(refused, id))? {
                Sending::Repeated(sent) => Ok(Step::Keep((sent, false))),
                Sending::Possible(_) => {
                    let sent = account.keep_sent(login, number, &code, &self.policy, now);
                    Ok(Step::Store((sent.map_err(VerifierError::Account)?, true), Record::Account(account)))
                }
            }
        });
        let Swapped { outcome: (sent, is_new), revision } = kept.await?;
        let outcome = if is_new {
            Sent::New(CodeMessage { destination, code, expires: sent.expires })
        } else {
            self.repeated(&sent)
        };
        Ok(Swapped { outcome, revision })
    }

    fn repeated(&self, sent: &SentCode) -> Sent {
        Sent::Repeated { at: sent.at, next_at: sent.next_at(&self.policy.sending) }
    }

    /// Counts a code on the limit of its destination, which all accounts share.
    async fn count_send(&self, destination: &Destination, now: UnixTime) -> Result<(), VerifierError<S::Error>> {
        let id = AccountId::destination(&self.hash_of(destination));
        let counted = self.swap(&id, |held, _| {
            let (full_again, revision) = match held.map(|value| self.open(&id, Some(value))).transpose()? {
                None => (UnixTime::EPOCH, 0),
                Some((Record::Limit { revision, full_again }, _)) => (full_again, revision),
                Some(_) => return Err(VerifierError::Account(AccountError::ReservedId)),
            };
            let admitted = self.policy.sending.per_destination.admit(full_again, now);
            let too_many = |from| VerifierError::Account(AccountError::TooManySendsToDestination { from });
            let full_again = admitted.map_err(too_many)?;
            Ok(Step::Store((), Record::Limit { revision: revision.wrapping_add(1), full_again }))
        });
        counted.await.map(|_| ())
    }

    /// Returns a hash of an address, by which its limit is stored. The store does not learn the address if records are
    /// sealed.
    fn hash_of(&self, destination: &Destination) -> [u8; 16] {
        match self.keys() {
            Some(keys) => keys.hash(destination.address()),
            None => Sha256::digest(destination.address()).first_chunk().copied().unwrap_or_default(),
        }
    }
}
