use crate::store::Store;
use crate::types::UnixTime;

/// A database engine under test, which must contain no entries at first.
pub trait Harness: Sync {
    /// The store under test, as one of possibly many handles on the same data.
    type Store<'a>: Store
    where
        Self: 'a;

    /// Opens a new handle on the same data, in the way that another process or machine would open it.
    fn connect(&self) -> Self::Store<'_>;

    /// Runs a future of the store to completion. The suite calls this from several threads at once.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;

    /// Makes the store remove the entries that expire at `now` or earlier.
    ///
    /// `now` is at most a few seconds in the future. If the engine has a clock of its own, wait until `now`; otherwise
    /// run its purge with that time.
    fn forget_expired(&self, now: UnixTime);

    /// Makes the next write fail after it has begun, for example by a cut connection, a full disk, or an I/O error.
    ///
    /// # Errors
    ///
    /// Returns [`NotApplicable`] if a write of this engine cannot fail.
    fn break_next_write(&self) -> Result<(), NotApplicable>;

    /// Stops the engine as a crash would, and starts it again on the same data.
    ///
    /// The suite does not use handles from before the restart again.
    ///
    /// # Errors
    ///
    /// Returns [`NotApplicable`] if the engine does not keep data beyond its process.
    fn restart(&self) -> Result<(), NotApplicable>;
}

/// The reason why a check does not apply to an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotApplicable(pub &'static str);
