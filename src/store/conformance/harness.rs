use crate::store::Store;
use crate::types::UnixTime;

/// What the suite needs to know of an engine. It must be empty at first.
pub trait Harness: Sync {
    /// The store under test.
    type Store<'a>: Store
    where
        Self: 'a;

    /// A new handle on the same data, opened as another process or machine would open it.
    fn connect(&self) -> Self::Store<'_>;

    /// Runs a future of the store's to its end; called from several threads at once.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;

    /// Makes the store forget what has expired at `now`, at most a few seconds from now: runs its purge with that time,
    /// or waits for it where the engine has a clock of its own.
    fn forget_expired(&self, now: UnixTime);

    /// Makes the next write fail when it has begun: a connection cut, a full disk, an error from below.
    ///
    /// # Errors
    ///
    /// [`NotApplicable`] if this cannot happen to the engine.
    fn break_next_write(&self) -> Result<(), NotApplicable>;

    /// Stops the engine as a crash would, and starts it again on the same data. Handles that were opened before are not
    /// used again.
    ///
    /// # Errors
    ///
    /// [`NotApplicable`] if the engine is not meant to outlive its process.
    fn restart(&self) -> Result<(), NotApplicable>;
}

/// Why a check says nothing about this engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotApplicable(pub &'static str);
