use alloc::sync::Arc;
use core::fmt;

use secondo::store::{Entry, Exchange, Revision, Store, Value};
use secondo::{AuthenticatorId, UnixTime};

use crate::PostgresStoreError;
use crate::connection::purge;
use crate::pool::Pool;

/// A store in PostgreSQL, from [`PostgresOptions::connect`](crate::PostgresOptions::connect). Clones share their
/// connections.
///
/// It is used within a Tokio runtime with I/O and time; Tokio panics elsewhere. A call whose future is dropped gives up
/// its connection; its write has happened or not.
#[derive(Clone)]
pub struct PostgresStore {
    pub(crate) pool: Arc<Pool>,
}

impl PostgresStore {
    /// Deletes the entries whose expiry has come, and says how many those were. To be called now and then, by any of
    /// the machines: nobody else deletes them.
    ///
    /// It goes on in steps of 1,000 entries, each a call of its own, and leaves out what somebody is writing just now.
    ///
    /// # Errors
    ///
    /// As the store's; the steps before stay done.
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

    async fn load(&self, id: &AuthenticatorId) -> Result<Option<Entry>, PostgresStoreError> {
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
        id: &AuthenticatorId,
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

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresStore(..)")
    }
}
