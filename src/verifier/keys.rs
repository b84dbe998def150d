use super::swap::Step;
use super::{Verifier, VerifierError};
use crate::account::Record;
use crate::account::seal::KeyRing;
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::AccountId;

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Checks the sealing keys against the store. Call it at start, before any login.
    ///
    /// For each sealing key that was ever active, the store holds a canary: a small record that was sealed with it. This
    /// method opens the canary of each key in the ring, and creates the one of the active key if it does not exist. A
    /// wrong master key, or a wrong name of the deployment, is therefore found before an account is sealed with it.
    ///
    /// The ids of canaries begin with `secondo-canary-`. No account can be created under such an id.
    ///
    /// # Errors
    ///
    /// Returns [`VerifierError::Record`] with [`SealError::Altered`](crate::seal::SealError::Altered) if a key differs
    /// from the key of the same id that sealed the canary, [`VerifierError::Store`] if the store fails, or
    /// [`VerifierError::Contended`] if other writers keep changing a canary.
    pub async fn check_keys(&self) -> Result<(), VerifierError<S::Error>> {
        let Some(keys) = self.keys() else { return Ok(()) };
        for key in keys.ids() {
            let id = AccountId::canary(key.get());
            self.swap(&id, |held, _| match held {
                Some(_) => self.open(&id, held).map(|_| Step::Keep(())),
                None if key == keys.active() => {
                    Ok(Step::Store((), Record::Tombstone { revision: 0, keep_until: None }))
                }
                None => Ok(Step::Keep(())),
            })
            .await?;
        }
        Ok(())
    }

    /// Seals a record with the active key. Returns `true` if another key had sealed it before.
    ///
    /// A verification does the same when it changes the account. This method is for the accounts of subscribers who do
    /// not log in, and for closed accounts. It changes neither the account nor its revision, and has no event.
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
            // A canary stays sealed with the key that it checks.
            let is_kept = is_current || id.is_canary();
            Ok(if is_kept { Step::Keep(false) } else { Step::Store(true, record) })
        })
        .await
        .map(|swapped| swapped.outcome)
    }
}
