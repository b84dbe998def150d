use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::types::{AccountId, UnixTime};

/// A store of small values under account ids, replaced by compare-and-swap.
///
/// The verifier accepts a code only once and counts every guess only if the store keeps this contract:
///
/// - **Atomic.** [`compare_exchange`](Self::compare_exchange) compares and replaces in one step, for all threads,
///   processes and machines that share the data. Of several calls that expect the same revision, at most one stores its
///   value.
/// - **Linearizable.** After an exchange was stored, every later `load` and `compare_exchange` of any caller sees its
///   value or a value that replaced it. A replica that lags must not answer.
/// - **Durable.** An exchange that was reported as stored survives a crash. If an engine can lose it (on fail-over, or
///   because of its settings), a code can be accepted a second time, so the adapter's documentation must say when.
/// - **Whole.** A value is stored completely or not at all, even if the write is interrupted. After an error, the
///   exchange may have happened or not; the caller loads again to find out.
/// - **Unique revisions.** A revision is used only once for an id, even if the entry expired and was created again in
///   between. A counter for the whole store or 64 random bits suffice; a counter that starts again does not.
/// - **Expiry only removes.** The store may remove an entry at or after its expiry, by the store's own clock, but not
///   before. A removed entry stays removed: an older value must not reappear. Readers do not rely on the time of
///   removal.
///
/// Values are [sealed](crate::seal), except those of an unsealed verifier
/// ([`Verifier::unsealed`](crate::Verifier::unsealed)), which contain secrets in plain text. A store must keep values
/// out of logs and error messages, and away from other people. A value is at most [`Value::MAX_LEN`] bytes long.
pub trait Store: Send + Sync {
    /// The error of a failed operation. It must not contain values.
    type Error: core::error::Error + Send + Sync + 'static;

    /// Returns the current entry of an id, or `None` if the id has no entry.
    ///
    /// # Errors
    ///
    /// Returns the store's own error if the entry cannot be read. The verifier then returns
    /// [`VerifierError::Store`](crate::VerifierError::Store).
    fn load(&self, id: &AccountId) -> impl Future<Output = Result<Option<Entry>, Self::Error>> + Send;

    /// Stores a value if the revision of the id's entry is still `expected`. `None` expects that there is no entry.
    ///
    /// The entry gets a new revision and the given expiry. With `None` as the expiry, it never expires.
    ///
    /// # Errors
    ///
    /// Returns the store's own error if the exchange failed, or if it is unknown whether the value is stored. The
    /// verifier then returns [`VerifierError::Store`](crate::VerifierError::Store).
    fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> impl Future<Output = Result<Exchange, Self::Error>> + Send;
}

/// A store that can list the ids of its entries, for work on all accounts such as
/// [`Verifier::reseal_all`](crate::Verifier::reseal_all).
pub trait Enumerate: Store {
    /// Returns the ids that come next after an id, or the first ones with `None`. The list is empty at the end.
    ///
    /// The store chooses the order and the number of ids in a list. A caller that passes the last id of each list to
    /// the next call comes to the end, and sees each id that has an entry throughout at least once. The entry of the
    /// passed id may be gone by then. An entry that has expired may be listed until the store removes it.
    ///
    /// # Errors
    ///
    /// Returns the store's own error if the ids cannot be read.
    fn ids_after(&self, after: Option<&AccountId>) -> impl Future<Output = Result<Vec<AccountId>, Self::Error>> + Send;
}

impl<S: Enumerate> Enumerate for &S {
    fn ids_after(&self, after: Option<&AccountId>) -> impl Future<Output = Result<Vec<AccountId>, Self::Error>> + Send {
        (**self).ids_after(after)
    }
}

impl<S: Enumerate> Enumerate for Arc<S> {
    fn ids_after(&self, after: Option<&AccountId>) -> impl Future<Output = Result<Vec<AccountId>, Self::Error>> + Send {
        (**self).ids_after(after)
    }
}

impl<S: Store> Store for &S {
    type Error = S::Error;

    fn load(&self, id: &AccountId) -> impl Future<Output = Result<Option<Entry>, Self::Error>> + Send {
        (**self).load(id)
    }

    fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> impl Future<Output = Result<Exchange, Self::Error>> + Send {
        (**self).compare_exchange(id, expected, value, expiry)
    }
}

impl<S: Store> Store for Arc<S> {
    type Error = S::Error;

    fn load(&self, id: &AccountId) -> impl Future<Output = Result<Option<Entry>, Self::Error>> + Send {
        (**self).load(id)
    }

    fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> impl Future<Output = Result<Exchange, Self::Error>> + Send {
        (**self).compare_exchange(id, expected, value, expiry)
    }
}

/// The version of an entry. The store chooses it, and never uses the same one twice for an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Revision(u64);

impl Revision {
    /// Creates a revision from its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number of the revision.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A stored value and its revision.
#[derive(Debug)]
pub struct Entry {
    /// The current revision, to pass as `expected` to the exchange that replaces the value.
    pub revision: Revision,
    /// The value.
    pub value: Value,
}

/// The result of a [`Store::compare_exchange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a conflict means that nothing was stored"]
pub enum Exchange {
    /// The value is stored.
    Stored,
    /// The entry did not have the expected revision, and is unchanged.
    Conflict,
}

/// The bytes of a stored record, opaque to a store. They may contain a secret, so they are wiped on drop and not
/// printed.
pub struct Value(Vec<u8>);

impl Value {
    /// The maximum length of a value in bytes. A store must accept values of any length up to it.
    pub const MAX_LEN: usize = 4096;

    pub(crate) fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::from(bytes.to_vec())
    }
}

impl AsRef<[u8]> for Value {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // A slice is wiped faster than a `Vec`, which `zeroize` wipes byte by byte.
        self.0.as_mut_slice().zeroize();
        self.0.spare_capacity_mut().zeroize();
    }
}

impl ZeroizeOnDrop for Value {}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({} bytes)", self.0.len())
    }
}
