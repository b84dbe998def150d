use super::outcome::Signed;
use super::swap::{Step, Swapped};
use super::{Verifier, VerifierError};
use crate::account::{Inquiry, Pending, Record, Reply};
use crate::audit::{Action, Event};
use crate::factor::ocra::{Challenge, SignatureChallenge, Subject, TransactionDetails};
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::{AccountId, AuthenticatorNumber, Transaction, UnixTime};

#[cfg(doc)]
use crate::account::AccountError;
#[cfg(doc)]
use crate::factor::ocra::ChallengeRefusal;

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Makes a challenge for a login or a confirmation, and returns the question to show.
    ///
    /// The token's response is accepted by [`Self::verify`] in the same transaction, or by [`Self::confirm`] if the
    /// token is not confirmed yet, for two minutes and once. A second request in the same transaction, for example by a
    /// double click, returns the same question again, and changes nothing. At most three challenges are pending in an
    /// account.
    ///
    /// `session` is the data of the session: required if the suite has one, and otherwise `None`. `random` must be
    /// random for each call.
    ///
    /// # Errors
    ///
    /// - Returns [`VerifierError::Challenge`] if the authenticator is of another kind, the data of the session does not
    ///   fit the suite or differs from that of the pending challenge, or three challenges are pending.
    /// - Returns [`VerifierError::Refused`] if a response would not be accepted now: if the account is locked,
    ///   suspended or closed, or the transaction is complete.
    /// - Returns [`VerifierError::Account`] if the account has no authenticator with this number, or its enrollment has
    ///   expired or began in another transaction.
    /// - Every other error is an outage of the provider.
    pub async fn challenge(
        &self,
        id: &AccountId,
        login: &Transaction,
        number: AuthenticatorNumber,
        session: Option<&[u8]>,
        now: UnixTime,
        random: &[u8; 32],
    ) -> Result<Challenge, VerifierError<S::Error>> {
        let inquiry = Inquiry { login, number, subject: Subject::Login(session), random, now };
        let SignatureChallenge { question, expires, .. } = self.inquire(id, &inquiry, Action::Challenge).await?;
        Ok(Challenge { question, expires })
    }

    /// Makes a challenge to sign a transaction, such as a transfer, and returns the nonce to deliver to the token with
    /// the details.
    ///
    /// The token must display at least amount and payee, and computes the question from the details and the nonce
    /// itself ([`TransactionDetails::question`]). Short questions are weaker: [`TransactionDetails`] says by how much.
    ///
    /// `login` is a [`Transaction`] for this signature alone. The token must be active. Its response is accepted by
    /// [`Self::verify_signature`] with the same details, for five minutes and once. It is never a login, and the
    /// response to a challenge of a login is never a signature. A token that shows no details cannot tell the
    /// subscriber one from the other: enroll one for logins and another for signatures.
    ///
    /// A second request in the same transaction with the same details returns the same challenge. At most three
    /// challenges are pending in an account, those of logins included. `random` must be random for each call.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::challenge`]. [`ChallengeRefusal::Pending`] tells that a challenge with other
    /// details or another token is pending in this transaction, and [`ChallengeRefusal::Session`] that the suite has a
    /// session, with which it cannot sign.
    pub async fn sign_transaction(
        &self,
        id: &AccountId,
        login: &Transaction,
        number: AuthenticatorNumber,
        details: &TransactionDetails<'_>,
        now: UnixTime,
        random: &[u8; 32],
    ) -> Result<SignatureChallenge, VerifierError<S::Error>> {
        let inquiry = Inquiry { login, number, subject: Subject::Signature(details), random, now };
        self.inquire(id, &inquiry, Action::SignTransaction).await
    }

    /// Verifies the response of a token to a challenge to sign a transaction with exactly these details.
    ///
    /// Pass the details that will be executed, and not those that a page sent back. A wrong response counts on the
    /// account like a wrong code.
    ///
    /// # Errors
    ///
    /// - Returns [`VerifierError::Challenge`] with [`ChallengeRefusal::OtherDetails`] if the challenge had other
    ///   details. Nothing is computed or counted.
    /// - Returns [`VerifierError::Repeated`] if this response was accepted before for these details in this
    ///   transaction. It is not a second signature.
    /// - Returns [`VerifierError::Refused`] if the response is wrong, no challenge to sign is pending in this
    ///   transaction or it has expired, or the account or the token is locked or suspended.
    /// - Every other error is an outage of the provider. None of them is a signature.
    pub async fn verify_signature(
        &self,
        id: &AccountId,
        login: &Transaction,
        details: &TransactionDetails<'_>,
        response: &str,
        now: UnixTime,
    ) -> Result<Signed, VerifierError<S::Error>> {
        let swapped = self.swap(id, |held, _| {
            let mut account = self.account(id, held)?;
            let signer = account.signer(login);
            Ok(match account.verify_signature(login, details, response, &self.policy, now) {
                Reply::Missing => Step::Compute,
                Reply::Decided { verdict, is_changed: false } => Step::Keep((signer, verdict)),
                Reply::Decided { verdict, is_changed: true } => {
                    Step::Store((signer, verdict), Record::Account(account))
                }
            })
        });
        let (authenticator, swapped) = match swapped.await {
            Ok(Swapped { outcome: (signer, outcome), revision }) => (signer, Ok(Swapped { outcome, revision })),
            Err(error) => (None, Err(error)),
        };
        let event = Event { authenticator, ..Event::new(Action::VerifySignature, id, now) };
        Ok(Signed { id: *id, success: self.report_verdict(event, swapped)? })
    }

    async fn inquire(
        &self,
        id: &AccountId,
        inquiry: &Inquiry<'_>,
        action: Action,
    ) -> Result<SignatureChallenge, VerifierError<S::Error>> {
        let asked = self.swap(id, |held, _| {
            let mut account = self.account(id, held)?;
            let pending = account.challenge(inquiry, &self.policy).map_err(|refused| VerifierError::of(refused, id))?;
            Ok(if pending.is_new { Step::Store(pending, Record::Account(account)) } else { Step::Keep(pending) })
        });
        let asked = asked.await;
        let is_repeated = asked.as_ref().is_ok_and(|Swapped { outcome, .. }| !outcome.is_new);
        let problem = is_repeated.then_some("repeated");
        let event = Event { authenticator: Some(inquiry.number), problem, ..Event::new(action, id, inquiry.now) };
        self.report(event, asked).map(|Pending { challenge, .. }| challenge)
    }
}
