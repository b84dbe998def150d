use std::num::NonZeroU16;
use std::sync::atomic::{AtomicI64, Ordering};

use secondo::AccountId;
use secondo_postgres::{PostgresOptions, PostgresStore};
use store_testing::Postgres;
use tokio_postgres::{Client, NoTls, Statement};

use crate::failure::Failure;
use crate::load::Work;
use crate::{Engine, PATIENCE};

/// Settings with room for a million rows, and without a checkpoint during the measurement.
const SETTINGS: [&str; 4] = ["max_connections=200", "shared_buffers=1GB", "max_wal_size=16GB", "checkpoint_timeout=1h"];

pub(crate) struct OfPostgres(Postgres);

impl Engine for OfPostgres {
    const NAME: &'static str = "PostgreSQL";
    type Store = PostgresStore;
    type Bare = Bare;

    fn settings() -> String {
        format!("{}, a connection for each caller", SETTINGS.join(", "))
    }

    async fn start(records: &[(AccountId, Vec<u8>)]) -> Result<Self, Failure> {
        let postgres = Postgres::start(&SETTINGS);
        PostgresOptions::new().with_timeout(PATIENCE).migrate(&postgres.url()).await?;
        let client = connect(&postgres).await?;
        for records in records.chunks(10_000) {
            let (ids, values): (Vec<_>, Vec<_>) = records.iter().map(|(id, record)| (id.as_str(), record)).unzip();
            let insert = "INSERT INTO secondo_entry SELECT id, 0, value, NULL FROM unnest($1::text[], $2::bytea[]) AS new (id, value)";
            client.execute(insert, &[&ids, &values]).await?;
        }
        client.batch_execute("VACUUM ANALYZE secondo_entry").await?;
        Ok(Self(postgres))
    }

    async fn open(&self, callers: usize) -> Result<PostgresStore, Failure> {
        let connections = u16::try_from(callers).ok().and_then(NonZeroU16::new).unwrap();
        Ok(PostgresOptions::new().with_connections(connections).connect(&self.0.url()).await?)
    }

    async fn bare(&self, callers: usize, records: &[(AccountId, Vec<u8>)]) -> Result<Bare, Failure> {
        let mut connections = Vec::new();
        for _ in 0..callers {
            let client = connect(&self.0).await?;
            let load = client.prepare("SELECT revision, value FROM secondo_entry WHERE id = $1").await?;
            let replace = "UPDATE secondo_entry SET revision = $2, value = $3 WHERE id = $1 AND revision = $4";
            let replace = client.prepare(replace).await?;
            connections.push((client, load, replace));
        }
        Ok(Bare { connections, ids: records.iter().map(|(id, _)| *id).collect(), revision: AtomicI64::new(1) })
    }

    async fn written(&self) -> Result<u64, Failure> {
        let log = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";
        let bytes: i64 = connect(&self.0).await?.query_one(log, &[]).await?.get(0);
        Ok(bytes.cast_unsigned())
    }
}

async fn connect(postgres: &Postgres) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

pub(crate) struct Bare {
    connections: Vec<(Client, Statement, Statement)>,
    ids: Vec<AccountId>,
    revision: AtomicI64,
}

impl Work for Bare {
    async fn once(&self, account: usize) -> Result<(), Failure> {
        let id = self.ids[account].as_str();
        // Each caller has its own connection, since accounts are divided among callers in the same way.
        let (client, load, replace) = &self.connections[account % self.connections.len()];
        let row = client.query_one(load, &[&id]).await?;
        let (expected, value): (i64, &[u8]) = (row.get(0), row.get(1));
        let revision = self.revision.fetch_add(1, Ordering::Relaxed);
        let replaced = client.execute(replace, &[&id, &revision, &value, &expected]).await?;
        if replaced == 1 { Ok(()) } else { Err(Failure::CONFLICT) }
    }
}
