use tokio_postgres::{Client, Config, IsolationLevel, Row};

use crate::PostgresStoreError;
use crate::connection::connect;
use crate::tls::Tls;

/// The files of `migrations/` in their order. The first creates version 1, and each records its own version.
const MIGRATIONS: [&str; 2] =
    [include_str!("../migrations/0001_entries.sql"), include_str!("../migrations/0002_outbox.sql")];

#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "there are few migrations")]
const VERSION: i32 = MIGRATIONS.len() as i32;

/// The lock that lets one migration run at a time in a database, for all schemas. Only this library uses the number.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7307496937424776303)";

const FIND: &str = "SELECT to_regclass('secondo_schema') IS NOT NULL";
const READ: &str = "SELECT max(version) FROM secondo_schema";

/// Runs all missing migrations in one transaction.
pub(crate) async fn run(config: &Config, tls: &Tls) -> Result<(), PostgresStoreError> {
    let (mut client, _task) = connect(config, tls).await?;
    // At higher levels, the transaction would not see what another one committed while this one waited for the lock.
    let transaction = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await?;
    transaction.batch_execute(LOCK).await?;
    let is_there: bool = column(&transaction.query_typed_one(FIND, &[]).await?)?;
    let version = if is_there { version(transaction.client()).await? } else { 0 };
    let done = usize::try_from(version).map_err(|_| PostgresStoreError::Schema)?;
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.batch_execute(migration).await?;
    }
    if version > VERSION {
        return Err(PostgresStoreError::NewerSchema(version));
    }
    transaction.commit().await?;
    Ok(())
}

/// Checks that the tables have the version of this library.
pub(crate) async fn check(client: &Client) -> Result<(), PostgresStoreError> {
    match version(client).await? {
        VERSION => Ok(()),
        newer if newer > VERSION => Err(PostgresStoreError::NewerSchema(newer)),
        _ => Err(PostgresStoreError::Schema),
    }
}

async fn version(client: &Client) -> Result<i32, PostgresStoreError> {
    let version: Option<i32> = column(&client.query_typed_one(READ, &[]).await?)?;
    Ok(version.unwrap_or(0))
}

fn column<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r Row) -> Result<T, PostgresStoreError> {
    row.try_get(0).map_err(|_| PostgresStoreError::Schema)
}
