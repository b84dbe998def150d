use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use secondo::store::{Entry, Enumerate, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};

use crate::PostgresStoreError;
use crate::connection::{ids_after, purge};
use crate::pool::Pool;

/// A store in PostgreSQL, from [`PostgresOptions::connect`](crate::PostgresOptions::connect). Clones share their
/// connections.
///
/// Its calls must run within a Tokio runtime with I/O and time enabled. Tokio panics elsewhere. If the future of a call
/// is dropped, its connection is closed, and its write may or may not have happened.
#[derive(Clone)]
pub struct PostgresStore {
    pub(crate) pool: Arc<Pool>,
}

impl PostgresStore {
    /// Deletes the entries whose expiry has come by `now`, and returns their number.
    ///
    /// Call it now and then, on any of the machines, since nothing else deletes expired entries. It deletes in steps of
    /// at most 1,000 entries, each a call of its own, and skips entries that are being written at the moment.
    ///
    /// # Errors
    ///
    /// Returns an error if a step fails. The steps before it stay done.
    pub async fn purge(&self, now: UnixTime) -> Result<u64, PostgresStoreError> {
        const STEP: u32 = 1_000;
        let mut purged = 0;
        loop {
            let place = self.pool.place().await?;
            let step = async {
                let connection = place.connection().await?;
                let step = purge(&connection.client, now, STEP).await?;
                place.keep(connection);
                Ok::<_, PostgresStoreError>(step)
            };
            let step = place.in_time(step).await?;
            purged += step;
            if step < STEP.into() {
                return Ok(purged);
            }
        }
    }
}

impl Store for PostgresStore {
    type Error = PostgresStoreError;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, PostgresStoreError> {
        let place = self.pool.place().await?;
        let call = async {
            let connection = place.connection().await?;
            let entry = connection.statements.load(&connection.client, id).await?;
            place.keep(connection);
            Ok(entry)
        };
        place.in_time(call).await
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, PostgresStoreError> {
        let place = self.pool.place().await?;
        let call = async {
            let connection = place.connection().await?;
            let exchange = connection.statements.exchange(&connection.client, id, expected, &value, expiry).await?;
            place.keep(connection);
            Ok(exchange)
        };
        place.in_time(call).await
    }
}

/// Lists the ids in their order, a thousand at once.
impl Enumerate for PostgresStore {
    async fn ids_after(&self, after: Option<&AccountId>) -> Result<Vec<AccountId>, PostgresStoreError> {
        const AT_ONCE: u32 = 1_000;
        let place = self.pool.place().await?;
        let call = async {
            let connection = place.connection().await?;
            let ids = ids_after(&connection.client, after.map_or("", AccountId::as_str), AT_ONCE).await?;
            place.keep(connection);
            Ok(ids)
        };
        place.in_time(call).await
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresStore(..)")
    }
}
