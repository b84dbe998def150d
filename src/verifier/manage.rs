use crate::account::Record;
use crate::decision::State;
use crate::factor::Method;
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::{AuthenticatorId, UnixTime};

#[cfg(doc)]
use crate::{Policy, Refusal};

use super::swap::Step;
use super::{Verifier, VerifierError};

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Stops accepting codes until [`Self::resume`]. A lock and the count of failures stay as they are.
    ///
    /// # Errors
    ///
    /// As [`Self::state`], or [`VerifierError::Contended`].
    pub async fn suspend(&self, id: &AuthenticatorId) -> Result<(), VerifierError<S::Error>> {
        self.change(id, |_, state| Ok(state.suspend())).await
    }

    /// Ends a suspension. A lock and the count of failures stay as they are.
    ///
    /// # Errors
    ///
    /// As [`Self::state`], or [`VerifierError::Contended`].
    pub async fn resume(&self, id: &AuthenticatorId) -> Result<(), VerifierError<S::Error>> {
        self.change(id, |_, state| Ok(state.resume())).await
    }

    /// Ends a lock or a wait, and starts the count of failures again. A suspension stays, and used codes stay used.
    ///
    /// # Errors
    ///
    /// As [`Self::state`], or [`VerifierError::Contended`].
    pub async fn unlock(&self, id: &AuthenticatorId) -> Result<(), VerifierError<S::Error>> {
        self.change(id, |_, state| Ok(state.unlock())).await
    }

    /// Lowers the watermark of a TOTP authenticator that lies in the future, as after a login under a clock years ahead.
    ///
    /// It is lowered to the last step of the window at `now`, so that no code that is valid now is accepted. Codes of
    /// later steps that were accepted under the wrong clock become usable again when their time comes.
    ///
    /// # Errors
    ///
    /// [`VerifierError::WatermarkInReach`] if the watermark does not lie further beyond the window than
    /// [`Policy::with_watermark_margin`] says; else as [`Self::state`], or [`VerifierError::Contended`].
    pub async fn lower_watermark(&self, id: &AuthenticatorId, now: UnixTime) -> Result<(), VerifierError<S::Error>> {
        let lower = |method: Method, state: State| match method {
            Method::Totp(totp) => totp.lower_watermark(&self.policy, &state, now),
            Method::Hotp(_) => None,
        };
        self.change(id, |method, state| lower(method, state).ok_or(VerifierError::WatermarkInReach)).await
    }

    /// Erases the authenticator, whatever it is, and keeps only that it is revoked: for ever, under this id.
    ///
    /// # Errors
    ///
    /// [`VerifierError::Unknown`], [`VerifierError::Store`] or [`VerifierError::Contended`].
    pub async fn revoke(&self, id: &AuthenticatorId) -> Result<(), VerifierError<S::Error>> {
        self.swap(id, |held| {
            held.ok_or(VerifierError::Unknown)?;
            Ok(Step::Decided((), Some(self.close(id, Record::revoked(self.keys()))?)))
        })
        .await
    }

    /// The state as it is stored now, to show for example how many attempts remain ([`Policy::remaining`]).
    ///
    /// # Errors
    ///
    /// [`VerifierError::Unknown`], [`VerifierError::Store`], [`VerifierError::Record`], or [`VerifierError::Refused`]
    /// with [`Refusal::Revoked`].
    pub async fn state(&self, id: &AuthenticatorId) -> Result<State, VerifierError<S::Error>> {
        let entry = self.store.load(id).await.map_err(VerifierError::Store)?;
        let (_, _, state) = self.read(id, entry.map(|entry| entry.value))?;
        Ok(state)
    }

    /// Stores what this makes of the state.
    async fn change(
        &self,
        id: &AuthenticatorId,
        change: impl Fn(Method, State) -> Result<State, VerifierError<S::Error>>,
    ) -> Result<(), VerifierError<S::Error>> {
        self.swap(id, |held| {
            let (mut record, authenticator, state) = self.read(id, held)?;
            record.replace_state(&change(authenticator.method(), state)?);
            Ok(Step::Decided((), Some(self.close(id, record)?)))
        })
        .await
    }
}
