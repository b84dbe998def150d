use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::types::{AuthenticatorId, UnixTime};

/// Small values under an id, replaced only by whoever has seen the current one.
///
/// That a code is accepted once, and that every guess is counted, rests on this contract alone:
///
/// - **Atomic.** [`compare_exchange`](Self::compare_exchange) compares and replaces in one step, for all threads,
///   processes and machines that share the data. Of several calls that expect the same revision, one is stored.
/// - **Linearizable.** Once an exchange was stored, every later `load` and `compare_exchange`, by whomever, sees it or
///   what replaced it. A replica that lags must not answer.
/// - **Durable.** An exchange that was reported as stored is still there after a crash. What an engine loses (on
///   fail-over, or by its settings) is accepted a second time: an adapter's documentation says what that is.
/// - **Whole.** A value is kept as it was given or not at all, also when the write is cut off in the middle. After an
///   error the exchange may have happened or not; the caller finds out by loading again.
/// - **Revisions never return.** A revision is used once for an id, even when the entry expired in between and was
///   created anew. A counter for the whole store, or 64 random bits, will do; a count that starts again will not.
/// - **Expiry only forgets.** From its expiry on, by the store's own clock, an entry may be forgotten, and not before. A
///   forgotten entry stays so: an older value must not reappear. Readers do not rely on when it happens.
///
/// Values are [sealed](crate::seal), unless the verifier was told otherwise, and then they hold secrets: the store keeps
/// them from logs, errors and other people's eyes. They are at most [`Value::MAX_LEN`] bytes.
pub trait Store: Send + Sync {
    /// What can go wrong in the store. It must not contain values.
    type Error: core::error::Error + Send + Sync + 'static;

    /// The current value and its revision, or `None` if there is none.
    fn load(&self, id: &AuthenticatorId) -> impl Future<Output = Result<Option<Entry>, Self::Error>> + Send;

    /// Stores the value if the entry's revision is still `expected`; `None` expects that there is no entry.
    fn compare_exchange(
        &self,
        id: &AuthenticatorId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> impl Future<Output = Result<Exchange, Self::Error>> + Send;
}

impl<S: Store> Store for &S {
    type Error = S::Error;

    fn load(&self, id: &AuthenticatorId) -> impl Future<Output = Result<Option<Entry>, Self::Error>> + Send {
        (**self).load(id)
    }

    fn compare_exchange(
        &self,
        id: &AuthenticatorId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> impl Future<Output = Result<Exchange, Self::Error>> + Send {
        (**self).compare_exchange(id, expected, value, expiry)
    }
}

impl<S: Store> Store for Arc<S> {
    type Error = S::Error;

    fn load(&self, id: &AuthenticatorId) -> impl Future<Output = Result<Option<Entry>, Self::Error>> + Send {
        (**self).load(id)
    }

    fn compare_exchange(
        &self,
        id: &AuthenticatorId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> impl Future<Output = Result<Exchange, Self::Error>> + Send {
        (**self).compare_exchange(id, expected, value, expiry)
    }
}

/// Which version of an entry this is. The store chooses it, and never twice the same for one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Revision(u64);

impl Revision {
    /// The revision of this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A stored value and its revision.
#[derive(Debug)]
pub struct Entry {
    /// The revision to expect when replacing it.
    pub revision: Revision,
    /// The value.
    pub value: Value,
}

/// What became of a [`Store::compare_exchange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a conflict means that nothing was stored"]
pub enum Exchange {
    /// The value is stored.
    Stored,
    /// The entry was not as expected, and is as it was.
    Conflict,
}

/// Bytes that only the library reads. They may hold a secret: they are wiped on drop and not shown.
pub struct Value(Zeroizing<Vec<u8>>);

impl Value {
    /// The most bytes that a store must take.
    pub const MAX_LEN: usize = 1024;

    pub(crate) fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
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

impl ZeroizeOnDrop for Value {}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({} bytes)", self.0.len())
    }
}
