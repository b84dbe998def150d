//! SQLite with a write-ahead log that is synced at each commit.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::engine::{Engine, Entry, Error, Opened, Read, Request, Revisions};

struct Sqlite {
    connection: Connection,
    revisions: Revisions,
}

/// Connections that no caller uses now.
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

pub(crate) fn open(folder: &Path, pages: u32) -> Result<Opened, Error> {
    let path = folder.join("entries.sqlite");
    let connection = connect(&path)?;
    connection.pragma_update(None, "wal_autocheckpoint", pages)?;
    connection.pragma_update(None, "cache_size", -(1 << 20))?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS entries (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, expiry INTEGER NOT NULL, \
         value BLOB NOT NULL) STRICT, WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    )?;
    let bound = connection.query_one("SELECT coalesce(max(number), 0) FROM meta", [], |row| row.get(0))?;
    let sqlite = Sqlite { connection, revisions: Revisions::new(bound) };
    Ok((Box::new(sqlite), Arc::new(Readers { path, idle: Mutex::default() })))
}

impl Engine for Sqlite {
    fn apply(&mut self, requests: &[Request]) -> Result<Vec<bool>, Error> {
        let transaction = self.connection.transaction()?;
        let revisions = &mut self.revisions;
        let mut perform = |Request { id, expected, put }: &Request| {
            let Some((value, expiry)) = put else {
                let mut delete = transaction.prepare_cached("DELETE FROM entries WHERE id = ? AND revision = ?")?;
                return Ok(delete.execute(params![id, expected])? == 1);
            };
            let next = revisions.last + 1;
            let changed = match expected {
                None => transaction
                    .prepare_cached("INSERT INTO entries VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")?
                    .execute(params![id, next, expiry, value])?,
                Some(expected) => transaction
                    .prepare_cached(
                        "UPDATE entries SET revision = ?, expiry = ?, value = ? WHERE id = ? AND revision = ?",
                    )?
                    .execute(params![next, expiry, value, id, expected])?,
            };
            if changed == 1 {
                revisions.last = next;
            }
            Ok::<_, Error>(changed == 1)
        };
        let stored = requests.iter().map(&mut perform).collect::<Result<Vec<_>, _>>()?;
        if let Some(bound) = revisions.reserve() {
            transaction.execute("INSERT OR REPLACE INTO meta VALUES ('revisions', ?)", [bound])?;
        }
        transaction.commit()?;
        Ok(stored)
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        Ok(self.connection.close().map_err(|(_, error)| error)?)
    }
}

impl Readers {
    fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, Error> {
        let idle = self.idle.lock().unwrap().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        let found = read(&connection);
        self.idle.lock().unwrap().push(connection);
        Ok(found?)
    }
}

fn entry(row: &Row<'_>) -> Result<Entry, rusqlite::Error> {
    Ok(Entry { revision: row.get("revision")?, expiry: row.get("expiry")?, value: row.get("value")? })
}

impl Read for Readers {
    fn load(&self, id: &str) -> Result<Option<Entry>, Error> {
        self.with(|connection| {
            connection.prepare_cached("SELECT * FROM entries WHERE id = ?")?.query_one([id], entry).optional()
        })
    }

    fn after(&self, id: &str, limit: usize) -> Result<Vec<(String, Entry)>, Error> {
        self.with(|connection| {
            let mut select = connection.prepare_cached("SELECT * FROM entries WHERE id > ? ORDER BY id LIMIT ?")?;
            select.query_map(params![id, limit], |row| Ok((row.get("id")?, entry(row)?)))?.collect()
        })
    }
}
