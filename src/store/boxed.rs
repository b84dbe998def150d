use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::pin::Pin;

use super::{Entry, Enumerate, Exchange, Revision, Store, Value};
use crate::types::{AccountId, UnixTime};

/// A store of a type that is known only at run time, for providers that choose their engine by configuration.
///
/// Each call allocates its future. Clones share the store.
///
/// ```
/// # pollster::block_on(async {
/// use secondo::store::{Boxed, Memory};
/// use secondo::{Policy, Verifier};
///
/// // In production: one of the packages for redb, PostgreSQL or Redis, by the configuration.
/// let store = match "memory" {
///     "memory" => Boxed::new(Memory::new()),
///     other => panic!("unknown store: {other}"),
/// };
/// let verifier: Verifier<Boxed> = Verifier::unsealed(store, Policy::default());
/// # });
/// ```
#[derive(Clone)]
pub struct Boxed(Arc<dyn DynStore>);

impl Boxed {
    /// Boxes a store.
    ///
    /// It must implement [`Enumerate`], because sealing keys are rotated and backups are restored over all ids. A store
    /// that cannot list its ids returns an error from [`Enumerate::ids_after`].
    #[must_use]
    pub fn new(store: impl Enumerate + 'static) -> Self {
        Self(Arc::new(store))
    }
}

type BoxedFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BoxedError>> + Send + 'a>>;

trait DynStore: Send + Sync {
    fn load_boxed<'a>(&'a self, id: &'a AccountId) -> BoxedFuture<'a, Option<Entry>>;

    fn exchange_boxed<'a>(
        &'a self,
        id: &'a AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> BoxedFuture<'a, Exchange>;

    fn ids_after_boxed<'a>(&'a self, after: Option<&'a AccountId>) -> BoxedFuture<'a, Vec<AccountId>>;
}

impl<S: Enumerate> DynStore for S {
    fn load_boxed<'a>(&'a self, id: &'a AccountId) -> BoxedFuture<'a, Option<Entry>> {
        Box::pin(async move { self.load(id).await.map_err(BoxedError::new) })
    }

    fn exchange_boxed<'a>(
        &'a self,
        id: &'a AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> BoxedFuture<'a, Exchange> {
        Box::pin(async move { self.compare_exchange(id, expected, value, expiry).await.map_err(BoxedError::new) })
    }

    fn ids_after_boxed<'a>(&'a self, after: Option<&'a AccountId>) -> BoxedFuture<'a, Vec<AccountId>> {
        Box::pin(async move { self.ids_after(after).await.map_err(BoxedError::new) })
    }
}

impl Store for Boxed {
    type Error = BoxedError;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, BoxedError> {
        self.0.load_boxed(id).await
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, BoxedError> {
        self.0.exchange_boxed(id, expected, value, expiry).await
    }
}

impl Enumerate for Boxed {
    async fn ids_after(&self, after: Option<&AccountId>) -> Result<Vec<AccountId>, BoxedError> {
        self.0.ids_after_boxed(after).await
    }
}

impl fmt::Debug for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Boxed(..)")
    }
}

/// The error of the store in a [`Boxed`] one, whose message and source it has.
#[derive(Debug)]
pub struct BoxedError(Box<dyn core::error::Error + Send + Sync>);

impl BoxedError {
    fn new(error: impl core::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }

    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    ///
    /// Labels of the store's own error are reached by [`Self::get_ref`].
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "boxed"
    }

    /// Returns the store's own error, for example to downcast it.
    #[must_use]
    pub fn get_ref(&self) -> &(dyn core::error::Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl fmt::Display for BoxedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl core::error::Error for BoxedError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.0.source()
    }
}
