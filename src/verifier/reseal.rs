use crate::account::Record;
use crate::account::seal::KeyRing;
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::AuthenticatorId;

use super::swap::Step;
use super::{Verifier, VerifierError};

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Seals the record of this id with the active key, and says whether it was sealed with another before.
    ///
    /// Verifications do the same when they change the state; this is for those who do not come, and for those that are
    /// revoked.
    ///
    /// # Errors
    ///
    /// [`VerifierError::Unknown`], [`VerifierError::Store`], [`VerifierError::Record`] or [`VerifierError::Contended`].
    pub async fn reseal(&self, id: &AuthenticatorId) -> Result<bool, VerifierError<S::Error>> {
        self.swap(id, |held| {
            let value = held.ok_or(VerifierError::Unknown)?;
            let mut record = Record::open(value, id, self.keys()).map_err(VerifierError::Record)?;
            if record.sealed_with() == self.keys().map(KeyRing::active) {
                return Ok(Step::Decided(false, None));
            }
            Ok(Step::Decided(true, Some(self.close(id, record)?)))
        })
        .await
    }

    /// [Reseals](Self::reseal) the records of these ids one after the other, calls `progress` with what became of each,
    /// and returns how many could not be: when that is none, the active key opens all of them.
    ///
    /// Ids that are unknown have nothing to seal, and are not counted. It can be stopped and begun again at any
    /// time, beside verifications.
    pub async fn reseal_all(
        &self,
        ids: impl IntoIterator<Item = AuthenticatorId>,
        mut progress: impl FnMut(&AuthenticatorId, &Result<bool, VerifierError<S::Error>>),
    ) -> u64 {
        let mut failed = 0;
        for id in ids {
            let resealed = self.reseal(&id).await;
            progress(&id, &resealed);
            match resealed {
                Ok(_) | Err(VerifierError::Unknown) => {}
                Err(_) => failed += 1,
            }
        }
        failed
    }
}
