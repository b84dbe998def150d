use std::num::NonZeroU16;
use std::sync::atomic::{AtomicI64, Ordering};

use secondo::AuthenticatorId;
use secondo_postgres::{PostgresOptions, PostgresStore};
use store_testing::Postgres;
use tokio_postgres::{Client, NoTls, Statement};

use crate::Engine;
use crate::load::Work;

/// Room for a million rows, and no checkpoint while it is measured.
const SETTINGS: [&str; 4] = ["max_connections=200", "shared_buffers=1GB", "max_wal_size=16GB", "checkpoint_timeout=1h"];

pub(crate) struct OfPostgres(Postgres);

impl Engine for OfPostgres {
    const NAME: &'static str = "PostgreSQL";
    type Store = PostgresStore;
    type Bare = Bare;

    fn settings() -> String {
        format!("{}, a connection for each caller", SETTINGS.join(", "))
    }

    async fn start(records: &[(AuthenticatorId, Vec<u8>)]) -> Self {
        let postgres = Postgres::start(&SETTINGS);
        PostgresOptions::new().migrate(&postgres.url()).await.unwrap();
        let client = connect(&postgres).await;
        for records in records.chunks(10_000) {
            let (ids, values): (Vec<_>, Vec<_>) = records.iter().map(|(id, record)| (id.as_str(), record)).unzip();
            let insert = "INSERT INTO secondo_entry SELECT id, 0, value, NULL FROM unnest($1::text[], $2::bytea[]) AS new (id, value)";
            client.execute(insert, &[&ids, &values]).await.unwrap();
        }
        client.batch_execute("VACUUM ANALYZE secondo_entry").await.unwrap();
        Self(postgres)
    }

    async fn open(&self, callers: usize) -> PostgresStore {
        let connections = u16::try_from(callers).ok().and_then(NonZeroU16::new).unwrap();
        PostgresOptions::new().with_connections(connections).connect(&self.0.url()).await.unwrap()
    }

    async fn bare(&self, callers: usize, records: &[(AuthenticatorId, Vec<u8>)]) -> Bare {
        let mut connections = Vec::new();
        for _ in 0..callers {
            let client = connect(&self.0).await;
            let load = client.prepare("SELECT revision, value FROM secondo_entry WHERE id = $1").await.unwrap();
            let replace = "UPDATE secondo_entry SET revision = $2, value = $3 WHERE id = $1 AND revision = $4";
            let replace = client.prepare(replace).await.unwrap();
            connections.push((client, load, replace));
        }
        Bare { connections, ids: records.iter().map(|(id, _)| *id).collect(), revision: AtomicI64::new(1) }
    }
}

async fn connect(postgres: &Postgres) -> Client {
    let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) struct Bare {
    connections: Vec<(Client, Statement, Statement)>,
    ids: Vec<AuthenticatorId>,
    revision: AtomicI64,
}

impl Work for Bare {
    async fn once(&self, authenticator: usize) {
        let id = self.ids[authenticator].as_str();
        // One for each caller, as authenticators are shared out alike.
        let (client, load, replace) = &self.connections[authenticator % self.connections.len()];
        let row = client.query_one(load, &[&id]).await.unwrap();
        let (expected, value): (i64, &[u8]) = (row.get(0), row.get(1));
        let revision = self.revision.fetch_add(1, Ordering::Relaxed);
        assert_eq!(client.execute(replace, &[&id, &revision, &value, &expected]).await.unwrap(), 1);
    }
}
