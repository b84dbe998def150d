use crate::account::Record;
use crate::decision::State;
use crate::factor::{Authenticator, Method};
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::AuthenticatorId;

use super::swap::Step;
use super::{Enrolled, Verifier, VerifierError};

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Stores a new authenticator. It counts when it is confirmed.
    ///
    /// `state` is [`State::new`] for a new secret; the counter, drift and confirmation of one that comes from elsewhere
    /// otherwise. An enrolment that was not confirmed gives way to the new one, with its failures and its lock; the result
    /// says so. [`Self::enroll_new`] refuses instead.
    ///
    /// # Errors
    ///
    /// [`VerifierError::AlreadyEnrolled`] if the id has a confirmed or suspended authenticator;
    /// [`VerifierError::Refused`] with [`Refusal::Revoked`](crate::Refusal::Revoked) if it had one that is revoked: ids are not used again;
    /// [`VerifierError::ImplausibleStep`] if the state's last used time step lies after the year 2499.
    pub async fn enroll(
        &self,
        id: &AuthenticatorId,
        authenticator: &Authenticator,
        state: State,
    ) -> Result<Enrolled, VerifierError<S::Error>> {
        self.store_new(id, authenticator, state, true).await
    }

    /// Stores a new authenticator under an id that has none. For ids that are not random, such as the serial numbers of
    /// tokens, which two vendors may give to two tokens.
    ///
    /// # Errors
    ///
    /// As [`Self::enroll`]; [`VerifierError::AlreadyEnrolled`] also for an authenticator that was never confirmed.
    pub async fn enroll_new(
        &self,
        id: &AuthenticatorId,
        authenticator: &Authenticator,
        state: State,
    ) -> Result<(), VerifierError<S::Error>> {
        self.store_new(id, authenticator, state, false).await.map(drop)
    }

    async fn store_new(
        &self,
        id: &AuthenticatorId,
        authenticator: &Authenticator,
        state: State,
        replace: bool,
    ) -> Result<Enrolled, VerifierError<S::Error>> {
        if let (Method::Totp(totp), Some(last)) = (authenticator.method(), state.watermark())
            && !totp.is_plausible(last)
        {
            return Err(VerifierError::ImplausibleStep(last));
        }
        self.swap(id, |held| {
            let enrolled = if held.is_none() { Enrolled::New } else { Enrolled::Replaced };
            if held.is_some() {
                let (_, _, state) = self.read(id, held)?;
                if !replace || state.is_confirmed() || state.is_suspended() {
                    return Err(VerifierError::AlreadyEnrolled);
                }
            }
            let record = Record::new(authenticator, &state, self.keys());
            Ok(Step::Decided(enrolled, Some(self.close(id, record)?)))
        })
        .await
    }
}
