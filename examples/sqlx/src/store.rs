use std::fmt;

use secondo::store::{Entry, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};
use sqlx::{PgConnection, PgPool, query, query_as};
use tokio::sync::Mutex;

use crate::StoreError;

/// The statement that creates the table, for the provider's migrations.
pub const SCHEMA: &str = r#"CREATE TABLE second_factor (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL,
    value bytea NOT NULL,
    expiry bigint
)"#;

/// A store on the provider's pool.
///
/// Sealed values and ids are parameters of its statements, and sqlx logs no parameters. The server must not log them
/// either: set `log_parameter_max_length = 0`.
#[derive(Clone)]
pub struct Entries(PgPool);

impl Entries {
    /// Creates a store on a pool whose database has the table of [`SCHEMA`].
    #[must_use]
    pub const fn new(pool: PgPool) -> Self {
        Self(pool)
    }

    /// Deletes the entries whose expiry has come, which nothing else does. Call it now and then.
    ///
    /// # Errors
    ///
    /// Returns an error if the statement fails.
    pub async fn purge(&self, now: UnixTime) -> Result<u64, StoreError> {
        let delete = query("DELETE FROM second_factor WHERE expiry <= $1").bind(i64::from(now));
        Ok(delete.execute(&self.0).await?.rows_affected())
    }
}

impl Store for Entries {
    type Error = StoreError;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, StoreError> {
        load(&mut *self.0.acquire().await?, id).await
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, StoreError> {
        exchange(&mut *self.0.acquire().await?, id, expected, &value, expiry).await
    }
}

/// A store inside the transaction of [`log_in`](crate::log_in).
pub struct InTransaction<'a>(pub(crate) Mutex<&'a mut PgConnection>);

impl Store for InTransaction<'_> {
    type Error = StoreError;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, StoreError> {
        load(&mut **self.0.lock().await, id).await
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, StoreError> {
        exchange(&mut **self.0.lock().await, id, expected, &value, expiry).await
    }
}

async fn load(connection: &mut PgConnection, id: &AccountId) -> Result<Option<Entry>, StoreError> {
    let select = query_as("SELECT revision, value FROM second_factor WHERE id = $1").bind(id.as_str());
    let row: Option<(i64, Vec<u8>)> = select.fetch_optional(connection).await?;
    Ok(row.map(|(revision, value)| Entry {
        revision: Revision::new(revision.cast_unsigned()),
        value: Value::from(value),
    }))
}

/// Compares and writes in one statement. 64 random bits make a revision that does not repeat.
async fn exchange(
    connection: &mut PgConnection,
    id: &AccountId,
    expected: Option<Revision>,
    value: &Value,
    expiry: Option<UnixTime>,
) -> Result<Exchange, StoreError> {
    const CREATE: &str =
        "INSERT INTO second_factor (id, revision, value, expiry) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
    const REPLACE: &str =
        "UPDATE second_factor SET revision = $2, value = $3, expiry = $4 WHERE id = $1 AND revision = $5";

    let revision = getrandom::u64().map_err(|_| StoreError::Random)?.cast_signed();
    let statement = query(if expected.is_some() { REPLACE } else { CREATE });
    let values = statement.bind(id.as_str()).bind(revision).bind(value.as_ref()).bind(expiry.map(i64::from));
    let write = match expected {
        Some(expected) => values.bind(expected.get().cast_signed()),
        None => values,
    };
    let stored = write.execute(connection).await?.rows_affected() == 1;
    Ok(if stored { Exchange::Stored } else { Exchange::Conflict })
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entries(..)")
    }
}

impl fmt::Debug for InTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InTransaction(..)")
    }
}
