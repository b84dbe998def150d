//! The client library logs the parameters of statements at the level debug. Neither ids, values nor events may be among
//! them.

use std::convert::Infallible;
use std::sync::Mutex;

use log::{LevelFilter, Log, Metadata, Record};
use secondo::audit::Operator;
use secondo::store::{Store, Value};
use secondo::{AccountId, Policy, UnixTime, Verifier};
use secondo_postgres::{InTransaction, PostgresOptions};
use store_testing::Postgres;

struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }
    fn flush(&self) {}
}

static LINES: Lines = Lines(Mutex::new(Vec::new()));

#[tokio::test]
async fn no_id_no_value_and_no_event_is_in_the_log() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let server = Postgres::start(&["fsync=off"]);
    PostgresOptions::new().migrate(&server.url()).await.unwrap();
    let store = PostgresOptions::new().connect(&server.url()).await.unwrap();
    let id = AccountId::new("rossi").unwrap();
    for value in [b"sealed", b"seeled"] {
        let revision = store.load(&id).await.unwrap().map(|entry| entry.revision);
        let _ = store.compare_exchange(&id, revision, Value::from(&value[..]), None).await.unwrap();
    }
    let suspend = async |store: InTransaction<'_>| {
        let verifier = Verifier::unsealed(store, Policy::new()).with_sink(store.outbox());
        verifier.suspend(&id, Operator::new("bianchi", "stolen"), UnixTime::from_secs(1_700_000_000).unwrap()).await
    };
    store.transaction(suspend, async |_, ()| Ok::<_, Infallible>(())).await.unwrap_err();
    let lines = LINES.0.lock().unwrap();
    assert!(lines.iter().filter(|line| line.contains("with parameters")).count() >= 6, "nothing is logged: {lines:?}");
    for text in ["rossi", "sealed", "seeled", "bianchi", "stolen", "suspend", "1700000000"] {
        let numbers = format!("{:?}", text.as_bytes());
        let found = lines.iter().find(|line| line.contains(text) || line.contains(&numbers));
        assert_eq!(found, None, "{text} is in the log");
    }
}
