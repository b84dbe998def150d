use crate::account::Record;
use crate::decision::State;
use crate::factor::Method;
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::{AccountId, UnixTime};

#[cfg(doc)]
use crate::{Policy, Refusal};

use super::swap::Step;
use super::{Verifier, VerifierError};

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Suspends an authenticator: none of its codes is accepted until [`Self::resume`].
    ///
    /// A lock and the number of failures do not change.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::state`], or [`VerifierError::Contended`] if other writers keep changing the
    /// record.
    pub async fn suspend(&self, id: &AccountId) -> Result<(), VerifierError<S::Error>> {
        self.change(id, |_, state| Ok(state.suspend())).await
    }

    /// Ends a suspension. A lock and the number of failures do not change.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::state`], or [`VerifierError::Contended`] if other writers keep changing the
    /// record.
    pub async fn resume(&self, id: &AccountId) -> Result<(), VerifierError<S::Error>> {
        self.change(id, |_, state| Ok(state.resume())).await
    }

    /// Ends a lock or a wait, and resets the number of failures to 0.
    ///
    /// A suspension does not end, and used codes stay used.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::state`], or [`VerifierError::Contended`] if other writers keep changing the
    /// record.
    pub async fn unlock(&self, id: &AccountId) -> Result<(), VerifierError<S::Error>> {
        self.change(id, |_, state| Ok(state.unlock())).await
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
    /// - Returns [`VerifierError::WatermarkInReach`] if the watermark is not further beyond the window than
    ///   [`Policy::with_watermark_margin`] requires, if the authenticator is HOTP, or if `now` is before its T0.
    /// - Returns the errors of [`Self::state`], or [`VerifierError::Contended`] if other writers keep changing the
    ///   record.
    pub async fn lower_watermark(&self, id: &AccountId, now: UnixTime) -> Result<(), VerifierError<S::Error>> {
        let lower = |method: Method, state: State| match method {
            Method::Totp(totp) => totp.lower_watermark(&self.policy, &state, now),
            Method::Hotp(_) => None,
        };
        self.change(id, |method, state| lower(method, state).ok_or(VerifierError::WatermarkInReach)).await
    }

    /// Revokes an authenticator forever: erases it, and stores a tombstone under its id.
    ///
    /// The tombstone contains nothing but the fact of the revocation. A record that cannot be opened or read can be
    /// revoked too.
    ///
    /// # Errors
    ///
    /// Returns [`VerifierError::Unknown`] if the id has no record, [`VerifierError::Store`] if the store fails, or
    /// [`VerifierError::Contended`] if other writers keep changing the record.
    pub async fn revoke(&self, id: &AccountId) -> Result<(), VerifierError<S::Error>> {
        self.swap(id, |held| {
            held.ok_or(VerifierError::Unknown)?;
            Ok(Step::Decided((), Some(self.close(id, Record::revoked(self.keys()))?)))
        })
        .await
    }

    /// Returns the stored state, for example to show the number of remaining attempts ([`Policy::remaining`]).
    ///
    /// # Errors
    ///
    /// Returns [`VerifierError::Unknown`] if the id has no record, [`VerifierError::Refused`] with [`Refusal::Revoked`]
    /// if it is revoked, [`VerifierError::Store`] if the store fails, or [`VerifierError::Record`] if the record cannot
    /// be opened or read.
    pub async fn state(&self, id: &AccountId) -> Result<State, VerifierError<S::Error>> {
        let entry = self.store.load(id).await.map_err(VerifierError::Store)?;
        let (_, _, state) = self.read(id, entry.map(|entry| entry.value))?;
        Ok(state)
    }

    /// Replaces the stored state with the one that `change` returns for it.
    async fn change(
        &self,
        id: &AccountId,
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
