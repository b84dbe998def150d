//! The client library logs the parameters of statements at the level debug. Neither ids nor values may be among them.

use std::sync::Mutex;

use log::{LevelFilter, Log, Metadata, Record};
use secondo::AccountId;
use secondo::store::{Store, Value};
use secondo_postgres::PostgresOptions;
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
async fn no_id_and_no_value_is_in_the_log() {
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
    let lines = LINES.0.lock().unwrap();
    assert!(lines.iter().filter(|line| line.contains("with parameters")).count() >= 4, "nothing is logged: {lines:?}");
    for bytes in [b"sealed", b"seeled"] {
        let (text, numbers) = (String::from_utf8_lossy(bytes), format!("{bytes:?}"));
        for line in &*lines {
            assert!(!line.contains("rossi") && !line.contains(&*text) && !line.contains(&numbers), "{line}");
        }
    }
}
