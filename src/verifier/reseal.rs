use crate::account::seal::KeyRing;
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::AccountId;

use super::swap::Step;
use super::{Verifier, VerifierError};

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Seals a record with the active key. Returns `true` if another key had sealed it before.
    ///
    /// A verification does the same when it changes the account. This method is for the accounts of subscribers who do
    /// not log in, and for closed accounts.
    ///
    /// # Errors
    ///
    /// Returns [`VerifierError::Unknown`] if the id has no record, [`VerifierError::Store`] if the store fails,
    /// [`VerifierError::Record`] if the record cannot be opened, or [`VerifierError::Contended`] if other writers keep
    /// changing it.
    pub async fn reseal(&self, id: &AccountId) -> Result<bool, VerifierError<S::Error>> {
        self.swap(id, |held, _| {
            let (record, key) = self.open(id, held)?;
            let is_current = key == self.keys().map(KeyRing::active);
            Ok(if is_current { Step::Keep(false) } else { Step::Store(true, record) })
        })
        .await
        .map(|swapped| swapped.outcome)
    }

    /// [Reseals](Self::reseal) the records of these ids one after another, and returns the number of failures.
    ///
    /// It calls `progress` with the result of each record. If the number is 0, the active key opens all of them. An
    /// unknown id has no record, and does not count as a failure.
    ///
    /// Resealing can run alongside verifications, and can be stopped and started again at any time.
    pub async fn reseal_all(
        &self,
        ids: impl IntoIterator<Item = AccountId>,
        mut progress: impl FnMut(&AccountId, &Result<bool, VerifierError<S::Error>>),
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
