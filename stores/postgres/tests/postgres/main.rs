//! Tests of the store on servers of their own, with PostgreSQL from Debian's package.

mod address;
mod faults;
mod keycloak;
mod options;
mod outbox;
mod pgbouncer;
mod scenarios;
mod schema;
mod sessions;
mod settings;
#[cfg(feature = "tls")]
mod tls;
mod transactions;

use std::sync::LazyLock;
use std::time::Duration;

use secondo::AccountId;
use secondo::store::{Exchange, Revision, Store, Value};
use secondo_postgres::{PostgresOptions, PostgresStore, PostgresStoreError};
use store_testing::{Engine, Postgres};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// Returns options for calls that must succeed, with a timeout that is long enough for a slow machine.
fn patient() -> PostgresOptions {
    PostgresOptions::new().with_timeout(Duration::from_secs(60))
}

/// The timeout of calls that must end.
const TIMEOUT: Duration = Duration::from_millis(500);

fn impatient() -> PostgresOptions {
    PostgresOptions::new().with_timeout(TIMEOUT)
}

/// Starts a server with the tables.
fn migrated(settings: &[&str]) -> Postgres {
    let server = Postgres::start(settings);
    block_on(patient().migrate(&server.url())).unwrap();
    server
}

/// Opens a session that is not the store's.
async fn session(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn id(text: &str) -> AccountId {
    AccountId::new(text).unwrap()
}

async fn exchange(
    store: &PostgresStore,
    id: &AccountId,
    expected: Option<Revision>,
    value: &[u8],
) -> Result<Exchange, PostgresStoreError> {
    store.compare_exchange(id, expected, Value::from(value), None).await
}

async fn create(store: &PostgresStore, id: &AccountId, value: &[u8]) {
    assert_eq!(exchange(store, id, None, value).await.unwrap(), Exchange::Stored);
}

/// Returns the current value and its revision.
async fn current(store: &PostgresStore, id: &AccountId) -> Option<(Revision, Vec<u8>)> {
    let entry = store.load(id).await.unwrap()?;
    Some((entry.revision, entry.value.as_ref().to_vec()))
}

struct Patient;

impl Engine for Patient {
    type Store = PostgresStore;

    const NAME: &'static str = "PostgreSQL";
    const SHARED: bool = true;
    const TIMEOUT: Duration = Duration::from_secs(60);

    fn open(url: &str) -> PostgresStore {
        block_on(patient().connect(url)).unwrap()
    }
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        block_on(future)
    }
}

#[test]
#[ignore = "a process that the other tests start"]
fn worker() {
    store_testing::worker::<Patient>();
}
