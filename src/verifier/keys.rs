use super::error::KeyCheckError;
use super::swap::Step;
use super::{Verifier, VerifierError};
use crate::account::seal::{KeyId, KeyRing, SealError};
use crate::account::{Record, RecordError};
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::AccountId;

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Checks the sealing keys against the store. Call it at start, before any login.
    ///
    /// The store holds a canary for each sealing key: a small record that was sealed with it. This method opens the
    /// canaries of the keys in the ring, and creates that of the active key if it does not exist. A machine with
    /// another master key, or with another name of the [`Deployment`](crate::seal::Deployment), therefore gets an error
    /// before it has sealed an account.
    ///
    /// The first machine that uses a key has nothing to compare with. If its key is the wrong one, all other machines
    /// get the error: stop that machine, and delete the entry of the canary, whose id is `secondo-canary-` with the
    /// key's id in eight hexadecimal digits. No account can be created under an id that begins like that. All
    /// deployments that share a store must have different ids for their keys.
    ///
    /// # Errors
    ///
    /// Returns [`KeyCheckError`] with the id of the key, and with the error: [`VerifierError::Record`] with
    /// [`SealError::Altered`] if the key is not the one that sealed the canary,
    /// [`VerifierError::Store`] if the store fails, or [`VerifierError::Contended`] if other writers keep changing the
    /// canary.
    pub async fn check_keys(&self) -> Result<(), KeyCheckError<S::Error>> {
        for key in self.keys().into_iter().flat_map(KeyRing::ids) {
            self.check_key(key).await.map_err(|error| KeyCheckError { key, error })?;
        }
        Ok(())
    }

    async fn check_key(&self, key: KeyId) -> Result<(), VerifierError<S::Error>> {
        let id = AccountId::canary(key.get());
        let is_active = self.keys().is_some_and(|keys| keys.active() == key);
        let checked = self.swap(&id, |held, _| {
            if held.is_none() {
                let canary = Record::Tombstone { revision: 0, keep_until: None };
                return Ok(if is_active { Step::Store((), canary) } else { Step::Keep(()) });
            }
            match self.open(&id, held)? {
                (_, Some(sealed_with)) if sealed_with == key => Ok(Step::Keep(())),
                // Another key's record in its place checks nothing.
                _ => Err(VerifierError::Record(RecordError::Seal(SealError::Altered))),
            }
        });
        checked.await.map(|_| ())
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
