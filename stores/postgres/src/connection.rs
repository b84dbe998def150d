use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use bytes::BytesMut;
use secondo::store::{Entry, Exchange, Revision, Value};
use secondo::{AccountId, UnixTime};
use tokio::task::AbortHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type};
use tokio_postgres::{Client, Config, Row, SimpleQueryMessage, Statement};

use crate::outbox::Events;
use crate::tls::Tls;
use crate::{PostgresStoreError, migration};

/// A session and its prepared statements. Dropping it closes the socket, even while a statement is running.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) statements: Statements,
    /// `true` if the provider's statements may have run on the session. Set before the first of them.
    pub(crate) is_used_by_provider: bool,
    settings: String,
    _task: AbortOnDrop,
}

impl Connection {
    pub(crate) async fn open(config: &Config, tls: &Tls, timeout: Duration) -> Result<Self, PostgresStoreError> {
        let (client, task) = connect(config, tls).await?;
        // `statement_timeout` ends statements that no caller waits for any more. It must not end one while a caller
        // waits: if a commit is canceled while it waits for a standby, PostgreSQL answers as if the standby had it.
        let statement_timeout = (2 * timeout).as_millis().max(1);
        // At higher isolation levels, a row that another transaction has changed is an error instead of a conflict.
        let settings = format!(
            "SET statement_timeout = {statement_timeout}; SET default_transaction_isolation = 'read committed'"
        );
        client.batch_execute(&settings).await?;
        migration::check(&client).await?;
        let statements = Statements::prepare(&client).await?;
        Ok(Self { client, statements, is_used_by_provider: false, settings, _task: task })
    }

    /// Resets all session state that the provider's statements can leave after their transaction.
    ///
    /// This state is settings, the role, cursors, temporary tables, channels and locks. Returns `false` if the provider
    /// prepared statements or dropped those of the store.
    ///
    /// `DISCARD ALL` would also drop the store's statements and those with which the client library looks up types. The
    /// library could then look up no more types on this connection.
    pub(crate) async fn clean(&self) -> Result<bool, PostgresStoreError> {
        const CLEAN: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL; UNLISTEN *;
            DISCARD TEMP; DISCARD SEQUENCES; SELECT pg_catalog.pg_advisory_unlock_all();
            SELECT from_sql, statement FROM pg_catalog.pg_prepared_statements";
        let mut ours = 0;
        for answer in self.client.simple_query(&format!("{CLEAN}; {}", self.settings)).await? {
            let SimpleQueryMessage::Row(row) = answer else { continue };
            match (row.try_get("from_sql"), row.try_get("statement")) {
                (Ok(Some("t")), _) => return Ok(false),
                (_, Ok(Some(LOAD | CREATE | REPLACE | RECORD))) => ours += 1,
                _ => {}
            }
        }
        Ok(ours == 4)
    }
}

const OPTIONS: &str = "the server does not take `options` of the connection string, as pgbouncer does not: set the path by \
    `ALTER ROLE idp SET search_path = auth` and leave `options` out";

/// Opens a session with the server's own settings. The session ends when the second value is dropped.
pub(crate) async fn connect(config: &Config, tls: &Tls) -> Result<(Client, AbortOnDrop), PostgresStoreError> {
    match tls.connect(config).await {
        Ok((client, task)) => Ok((client, AbortOnDrop(task))),
        Err(error) if error.code() == Some(&SqlState::PROTOCOL_VIOLATION) && config.get_options().is_some() => {
            Err(PostgresStoreError::Options(OPTIONS))
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A condition of every write that is always true, and has the effect that the write is on disk before it is answered.
///
/// If the session, the role, the database or the server sets `synchronous_commit` to `off`, this condition sets it to
/// `on` for the transaction. Other values are the operator's choice.
macro_rules! durably {
    () => {
        "CASE current_setting('synchronous_commit') WHEN 'off'
        THEN set_config('synchronous_commit', 'on', true) <> '' ELSE true END"
    };
}

/// The text in a column of bytes in UTF-8.
///
/// A text as a parameter would be an error if the encoding of the database lacks one of its characters.
macro_rules! text {
    ($column:literal) => {
        concat!(
            "CASE WHEN getdatabaseencoding() IN ('UTF8', 'SQL_ASCII') THEN convert_from(",
            $column,
            ", 'UTF8') ELSE encode(",
            $column,
            ", 'escape') END"
        )
    };
}

const LOAD: &str = "SELECT revision, value FROM secondo_entry WHERE id = $1";
const CREATE: &str = concat!(
    "INSERT INTO secondo_entry (id, revision, value, expiry) SELECT $1, $2, $3, $4 WHERE ",
    durably!(),
    " ON CONFLICT (id) DO NOTHING"
);
const REPLACE: &str = concat!(
    "UPDATE secondo_entry SET revision = $2, value = $3, expiry = $4 WHERE id = $1 AND revision = $5 AND ",
    durably!()
);
/// The columns of [`Events`] are written as rows.
const RECORD: &str = concat!(
    "INSERT INTO secondo_outbox
        (time, account, action, authenticator, outcome, remaining, revision, operator, reason, must_notify)
    SELECT time, account, action, authenticator, outcome, remaining, revision, ",
    text!("operator"),
    ", ",
    text!("reason"),
    ", must_notify
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WITH ORDINALITY AS event
        (time, account, action, authenticator, outcome, remaining, revision, operator, reason, must_notify, number)
    WHERE ",
    durably!(),
    " ORDER BY number"
);
// The column compares bytes.
const IDS: &str = "SELECT id FROM secondo_entry WHERE id > $1 ORDER BY id LIMIT $2";
// Each row is locked before it is deleted, and its expiry is checked again afterwards, since it may have changed. Rows
// that another transaction has locked are left for the next purge.
const PURGE: &str = concat!(
    "WITH expired AS MATERIALIZED (SELECT id FROM secondo_entry WHERE expiry <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
    DELETE FROM secondo_entry AS entry USING expired WHERE entry.id = expired.id AND entry.expiry <= $1 AND ",
    durably!()
);

pub(crate) struct Statements {
    load: Statement,
    create: Statement,
    replace: Statement,
    record: Statement,
}

impl Statements {
    async fn prepare(client: &Client) -> Result<Self, tokio_postgres::Error> {
        const VALUES: [Type; 5] = [Type::TEXT, Type::INT8, Type::BYTEA, Type::INT8, Type::INT8];
        const COLUMNS: [Type; 10] = [
            Type::INT8_ARRAY,
            Type::TEXT_ARRAY,
            Type::TEXT_ARRAY,
            Type::INT8_ARRAY,
            Type::TEXT_ARRAY,
            Type::INT2_ARRAY,
            Type::INT8_ARRAY,
            Type::BYTEA_ARRAY,
            Type::BYTEA_ARRAY,
            Type::BOOL_ARRAY,
        ];
        let [values @ .., _revision] = &VALUES;
        Ok(Self {
            load: client.prepare_typed(LOAD, &[Type::TEXT]).await?,
            create: client.prepare_typed(CREATE, values).await?,
            replace: client.prepare_typed(REPLACE, &VALUES).await?,
            record: client.prepare_typed(RECORD, &COLUMNS).await?,
        })
    }

    pub(crate) async fn load(&self, client: &Client, id: &AccountId) -> Result<Option<Entry>, PostgresStoreError> {
        let Some(row) = client.query_opt(&self.load, &[&Hidden(id.as_str())]).await? else { return Ok(None) };
        let read = || Some((row.try_get::<_, i64>(0).ok()?, row.try_get::<_, &[u8]>(1).ok()?));
        let (revision, value) = read().ok_or(PostgresStoreError::Corrupt)?;
        Ok(Some(Entry { revision: Revision::new(revision.cast_unsigned()), value: Value::from(value) }))
    }

    pub(crate) async fn exchange(
        &self,
        client: &Client,
        id: &AccountId,
        expected: Option<Revision>,
        value: &Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, PostgresStoreError> {
        let revision = getrandom::u64().map_err(|_| PostgresStoreError::Random)?.cast_signed();
        let (id, value, expiry) = (Hidden(id.as_str()), Hidden(value.as_ref()), expiry.map(i64::from));
        let rows = match expected {
            None => client.execute(&self.create, &[&id, &revision, &value, &expiry]).await?,
            Some(expected) => {
                let expected = expected.get().cast_signed();
                client.execute(&self.replace, &[&id, &revision, &value, &expiry, &expected]).await?
            }
        };
        Ok(if rows == 1 { Exchange::Stored } else { Exchange::Conflict })
    }

    /// Writes events into the outbox, in their order.
    pub(crate) async fn record(&self, client: &Client, events: &Events) -> Result<(), tokio_postgres::Error> {
        let columns: [&(dyn ToSql + Sync); 10] = [
            &Hidden(&events.time),
            &Hidden(&events.account),
            &Hidden(&events.action),
            &Hidden(&events.authenticator),
            &Hidden(&events.outcome),
            &Hidden(&events.remaining),
            &Hidden(&events.revision),
            &Hidden(&events.operator),
            &Hidden(&events.reason),
            &Hidden(&events.must_notify),
        ];
        client.execute(&self.record, &columns).await.map(drop)
    }
}

/// Returns at most `limit` ids after this one, in their order.
pub(crate) async fn ids_after(client: &Client, after: &str, limit: u32) -> Result<Vec<AccountId>, PostgresStoreError> {
    let parameters: [(&(dyn ToSql + Sync), _); 2] = [(&Hidden(after), Type::TEXT), (&i64::from(limit), Type::INT8)];
    let rows = client.query_typed(IDS, &parameters).await?;
    let id = |row: &Row| AccountId::new(row.try_get(0).ok()?).ok();
    rows.iter().map(id).collect::<Option<_>>().ok_or(PostgresStoreError::Corrupt)
}

/// Deletes at most `limit` of the entries that have expired, and returns the number of deleted entries.
pub(crate) async fn purge(client: &Client, now: UnixTime, limit: u32) -> Result<u64, PostgresStoreError> {
    let parameters: [(&(dyn ToSql + Sync), _); 2] = [(&i64::from(now), Type::INT8), (&i64::from(limit), Type::INT8)];
    Ok(client.execute_typed(PURGE, &parameters).await?)
}

/// A parameter whose `Debug` hides it, since the client library logs parameters at the level debug.
struct Hidden<T>(T);

impl<T> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl<T: ToSql> ToSql for Hidden<T> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        T::accepts(ty)
    }

    tokio_postgres::types::to_sql_checked!();
}
