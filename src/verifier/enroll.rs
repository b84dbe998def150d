use crate::account::Record;
use crate::decision::State;
use crate::factor::{Authenticator, Method};
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::AccountId;

use super::swap::Step;
use super::{Enrolled, Verifier, VerifierError};

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Stores a new authenticator. Its codes are accepted for logins after it is confirmed.
    ///
    /// `state` is [`State::new`] for a new secret. For an authenticator from another system, it carries over the
    /// counter, the drift and the confirmation.
    ///
    /// An authenticator under the same id that was never confirmed is replaced, together with its failures and its
    /// lock, and the result is [`Enrolled::Replaced`]. [`Self::enroll_new`] returns an error instead.
    ///
    /// # Errors
    ///
    /// - Returns [`VerifierError::AlreadyEnrolled`] if the id has a confirmed or suspended authenticator.
    /// - Returns [`VerifierError::Refused`] with [`Refusal::Revoked`](crate::Refusal::Revoked) if the id's
    ///   authenticator was revoked: an id is not used again.
    /// - Returns [`VerifierError::ImplausibleStep`] if the state's last used time step begins after the year 2499.
    /// - Returns [`VerifierError::Store`] if the store fails, [`VerifierError::Record`] if the id has a record that
    ///   cannot be read, or [`VerifierError::Contended`] if other writers keep changing it.
    pub async fn enroll(
        &self,
        id: &AccountId,
        authenticator: &Authenticator,
        state: State,
    ) -> Result<Enrolled, VerifierError<S::Error>> {
        self.store_new(id, authenticator, state, true).await
    }

    /// Stores a new authenticator, but only under an id that was never used.
    ///
    /// Use it for ids that are not random. Serial numbers, for example, can be the same for two tokens of two vendors.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::enroll`], and [`VerifierError::AlreadyEnrolled`] also if the id has an
    /// authenticator that was never confirmed.
    pub async fn enroll_new(
        &self,
        id: &AccountId,
        authenticator: &Authenticator,
        state: State,
    ) -> Result<(), VerifierError<S::Error>> {
        self.store_new(id, authenticator, state, false).await.map(drop)
    }

    async fn store_new(
        &self,
        id: &AccountId,
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
