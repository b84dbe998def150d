//! sqlx logs its statements. Neither ids nor values may be among the lines.

use std::sync::Mutex;

use log::{LevelFilter, Log, Metadata, Record};
use secondo::AccountId;
use secondo::store::{Store, Value};
use sqlx::{PgPool, raw_sql};
use sqlx_login::{Entries, SCHEMA};
use store_testing::Postgres;

struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push(format!("{record:?}"));
    }
    fn flush(&self) {}
}

static LINES: Lines = Lines(Mutex::new(Vec::new()));

#[tokio::test]
async fn no_id_and_no_value_is_in_the_log() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let server = Postgres::start(&["fsync=off"]);
    let pool = PgPool::connect(&server.url()).await.unwrap();
    raw_sql(SCHEMA).execute(&pool).await.unwrap();
    let (store, id) = (Entries::new(pool.clone()), AccountId::new("rossi").unwrap());
    for value in [b"sealed", b"seeled"] {
        let revision = store.load(&id).await.unwrap().map(|entry| entry.revision);
        let _ = store.compare_exchange(&id, revision, Value::from(&value[..]), None).await.unwrap();
    }
    // The server's details of this error hold the row.
    raw_sql("ALTER TABLE second_factor ADD CHECK (id = '') NOT VALID").execute(&pool).await.unwrap();
    let other = AccountId::new("rossi2").unwrap();
    let create = store.compare_exchange(&other, None, Value::from(&b"sealed"[..]), None).await;
    LINES.0.lock().unwrap().push(format!("{:?}", create.unwrap_err()));

    let lines = LINES.0.lock().unwrap();
    assert!(lines.iter().any(|line| line.contains("UPDATE second_factor")), "no statement is logged: {lines:?}");
    for bytes in [b"sealed", b"seeled"] {
        let (text, numbers) = (String::from_utf8_lossy(bytes), format!("{bytes:?}"));
        for line in &*lines {
            assert!(!line.contains("rossi") && !line.contains(&*text) && !line.contains(&numbers), "{line}");
        }
    }
}
