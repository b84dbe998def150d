//! A store on SQLite, as an example for other databases: three statements, and the conformance suite that tests them.
//!
//! Run the suite with `cargo run --example own_store`.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use secondo::store::conformance::{Harness, NotApplicable, check};
use secondo::store::{Entry, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};

pub(crate) struct Sqlite(Mutex<Connection>);

impl Sqlite {
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        // `FULL`: an exchange that was reported as stored survives a loss of power.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS entry
             (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, value BLOB NOT NULL, expiry INTEGER) STRICT;",
        )?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Locks the connection. SQLite blocks its caller, so an async server should call it on a separate thread.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Sqlite {
    type Error = rusqlite::Error;

    async fn load(&self, id: &AccountId) -> rusqlite::Result<Option<Entry>> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("SELECT revision, value FROM entry WHERE id = ?1")?;
        let entry = |row: &Row<'_>| {
            let revision = Revision::new(row.get::<_, i64>(0)?.cast_unsigned());
            Ok(Entry { revision, value: Value::from(row.get::<_, Vec<u8>>(1)?) })
        };
        select.query_one([id.as_str()], entry).optional()
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> rusqlite::Result<Exchange> {
        // One statement compares and writes. 64 random bits make a revision that does not repeat.
        let statement = match expected {
            None => "INSERT INTO entry VALUES (?1, random(), ?3, ?4) ON CONFLICT DO NOTHING",
            Some(_) => "UPDATE entry SET revision = random(), value = ?3, expiry = ?4 WHERE id = ?1 AND revision = ?2",
        };
        let expected = expected.map(|revision| revision.get().cast_signed());
        let expiry = expiry.map(i64::from);
        let parameters = params![id.as_str(), expected, value.as_ref(), expiry];
        let stored = self.lock().prepare_cached(statement)?.execute(parameters)? == 1;
        Ok(if stored { Exchange::Stored } else { Exchange::Conflict })
    }
}

/// A database file, on which the suite opens stores.
struct File(PathBuf);

impl Harness for File {
    type Store<'a> = Sqlite;

    fn connect(&self) -> Sqlite {
        let store = Sqlite::open(&self.0).unwrap();
        store.lock().execute_batch("DROP TRIGGER IF EXISTS on_insert; DROP TRIGGER IF EXISTS on_update").unwrap();
        store
    }
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        pollster::block_on(future)
    }
    fn forget_expired(&self, now: UnixTime) {
        self.connect().lock().execute("DELETE FROM entry WHERE expiry <= ?1", [i64::from(now)]).unwrap();
    }
    fn break_next_write(&self) -> Result<(), NotApplicable> {
        let failing =
            |event| format!("CREATE TRIGGER on_{event} AFTER {event} ON entry BEGIN SELECT RAISE(ABORT, ''); END;");
        self.connect().lock().execute_batch(&(failing("insert") + &failing("update"))).unwrap();
        Ok(())
    }
    fn restart(&self) -> Result<(), NotApplicable> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    println!("{}", check(&File(folder.path().join("authenticators.sqlite")))?);
    Ok(())
}
