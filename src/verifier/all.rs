use super::{Verifier, VerifierError};
use crate::audit::Operator;
use crate::decision::Refusal;
use crate::hsm::Hsm;
use crate::store::Enumerate;
use crate::types::{AccountId, UnixTime};

impl<S: Enumerate, H: Hsm> Verifier<S, H> {
    /// [Reseals](Self::reseal) all records of the store one after another, and returns the number of failures.
    ///
    /// It calls `progress` with the result of each record: `true` if another key had sealed it before. If the number of
    /// failures is 0, the active key opens the records of all accounts. Canaries stay as they are, and so do limits of
    /// destinations, which expire.
    ///
    /// Resealing can run alongside verifications, and can be stopped and started again at any time.
    ///
    /// # Errors
    ///
    /// Returns the store's error if it cannot list its ids. The records before stay resealed.
    pub async fn reseal_all(
        &self,
        progress: impl FnMut(&AccountId, &Result<bool, VerifierError<S::Error>>),
    ) -> Result<u64, S::Error> {
        self.for_all(Task::Reseal, progress).await
    }

    /// [Raises the watermarks](Self::raise_watermarks) of all accounts of the store, after it was restored from a
    /// backup. Returns the number of failures.
    ///
    /// It calls `progress` with the result of each record: `false` if the account is closed, or has expired meanwhile.
    /// Allow no logins before the number of failures is 0. The counters of HOTP tokens cannot be raised.
    ///
    /// # Errors
    ///
    /// Returns the store's error if it cannot list its ids. The watermarks before stay raised.
    pub async fn raise_all_watermarks(
        &self,
        by: Operator<'_>,
        now: UnixTime,
        progress: impl FnMut(&AccountId, &Result<bool, VerifierError<S::Error>>),
    ) -> Result<u64, S::Error> {
        self.for_all(Task::RaiseWatermarks(by, now), progress).await
    }

    async fn for_all(
        &self,
        task: Task<'_>,
        mut progress: impl FnMut(&AccountId, &Result<bool, VerifierError<S::Error>>),
    ) -> Result<u64, S::Error> {
        let mut failed = 0;
        let mut after = None;
        loop {
            let ids = self.store.ids_after(after.as_ref()).await?;
            let Some(last) = ids.last() else { return Ok(failed) };
            after = Some(*last);
            for id in ids.iter().filter(|id| !id.is_reserved()) {
                let result = match task {
                    Task::Reseal => self.reseal(id).await,
                    Task::RaiseWatermarks(by, now) => self.raise_watermarks(id, by, now).await.map(|()| true),
                };
                let result = match result {
                    // It has expired since it was listed, or has nothing to change.
                    Err(VerifierError::Unknown | VerifierError::Refused(Refusal::Closed)) => Ok(false),
                    result => result,
                };
                failed += u64::from(result.is_err());
                progress(id, &result);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Task<'a> {
    Reseal,
    RaiseWatermarks(Operator<'a>, UnixTime),
}
