//! Settings of the server, the database or the role that would break the contract.

use secondo::store::{Exchange, Store, Value};
use secondo::{Policy, UnixTime, Verifier};
use secondo_postgres::InTransaction;
use store_testing::Server;
use tokio::time::{Duration, Instant, sleep};

use crate::transactions::{fresh, never, time};
use crate::{TIMEOUT, block_on, create, current, exchange, id, impatient, migrated, patient, session};

/// With `synchronous_commit = off`, a commit is answered before it is on disk. After a kill of the server, the store's
/// writes must still be there, while later writes of another session are lost.
#[test]
fn a_write_is_on_disk_whatever_the_server_says() {
    const ROUNDS: u64 = 5;
    let server = migrated(&["synchronous_commit=off", "wal_writer_delay=10s"]);
    let mut lost = 0;
    for round in 0..ROUNDS {
        let (kept, purged) = (id(&format!("kept/{round}")), id(&format!("purged/{round}")));
        block_on(async {
            let store = patient().connect(&server.url()).await.unwrap();
            let other = session(&server.url()).await;
            let other_writes = async |what: &str| {
                let table = format!("CREATE TABLE {what}_{round} ()");
                other.batch_execute(&table).await.unwrap();
            };
            create(&store, &kept, b"created").await;
            let (revision, _) = current(&store, &kept).await.unwrap();
            let expiry = Some(UnixTime::from_secs(round).unwrap());
            let _ = store.compare_exchange(&purged, None, Value::from(&b"expired"[..]), expiry).await.unwrap();
            // The store's last write is of another kind in each round.
            match round % 4 {
                0 => assert!(store.purge(UnixTime::from_secs(round).unwrap()).await.unwrap() > 0),
                1 => assert_eq!(exchange(&store, &kept, Some(revision), b"replaced").await.unwrap(), Exchange::Stored),
                2 => assert_eq!(exchange(&store, &id("created"), None, b"").await.unwrap(), Exchange::Stored),
                _ => {
                    let verify = async |store: InTransaction<'_>| {
                        let verifier = Verifier::unsealed(store, Policy::new()).with_sink(store.outbox());
                        verifier.verify(&id("unknown"), &fresh(), "123456", time(0)).await
                    };
                    store.transaction(verify, never).await.unwrap_err();
                }
            }
            other_writes("other").await;
        });
        server.kill();
        server.restart();
        block_on(async {
            let store = patient().connect(&server.url()).await.unwrap();
            let other = session(&server.url()).await;
            match round % 4 {
                0 => assert!(current(&store, &purged).await.is_none(), "what was purged came back"),
                1 => assert_eq!(current(&store, &kept).await.unwrap().1, b"replaced"),
                2 => assert!(current(&store, &id("created")).await.is_some(), "a new entry is lost"),
                _ => {
                    let events = other.query("SELECT FROM secondo_outbox", &[]).await.unwrap();
                    assert_eq!(events.len(), 1, "an event is lost");
                }
            }
            let find = format!("SELECT to_regclass('other_{round}') IS NULL");
            lost += u64::from(other.query_one(&find, &[]).await.unwrap().get::<_, bool>(0));
        });
    }
    assert!(lost > 0, "the server keeps all writes, so the rounds prove nothing");
    store_testing::report!(
        "PostgreSQL: killed {ROUNDS} times with synchronous_commit=off: nothing of the store's lost, of others' {lost}"
    );
}

/// A write that waits for a standby is not visible yet, and is not answered.
#[test]
fn a_write_without_its_standby_is_unknown() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let store = impatient().connect(&server.url()).await.unwrap();
        let (other, id) = (session(&server.url()).await, id("replicated"));
        other.batch_execute("ALTER SYSTEM SET synchronous_standby_names = 'gone'").await.unwrap();
        server.reload();
        while other.query_one("SHOW synchronous_standby_names", &[]).await.unwrap().get::<_, &str>(0) != "gone" {}
        sleep(TIMEOUT).await;
        assert_eq!(exchange(&store, &id, None, b"value").await.unwrap_err().label(), "timeout");
        // This waits longer than the server's own limit, which would end the statement and answer.
        sleep(TIMEOUT * 3).await;
        assert!(current(&store, &id).await.is_none());
        other.batch_execute("ALTER SYSTEM RESET synchronous_standby_names").await.unwrap();
        server.reload();
        let begun = Instant::now();
        while current(&store, &id).await.is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the write is lost");
        }
    });
}

#[test]
fn a_conflict_is_one_at_any_isolation() {
    let server = migrated(&["fsync=off", "default_transaction_isolation=serializable"]);
    block_on(async {
        let store = patient().connect(&server.url()).await.unwrap();
        let id = id("contended");
        create(&store, &id, b"before").await;
        let mut stored = 0;
        for _ in 0..50 {
            let (revision, _) = current(&store, &id).await.unwrap();
            let write = || {
                let store = store.clone();
                tokio::spawn(async move { exchange(&store, &id, Some(revision), b"after").await })
            };
            for write in (0..8).map(|_| write()).collect::<Vec<_>>() {
                stored += usize::from(write.await.unwrap().unwrap() == Exchange::Stored);
            }
        }
        assert_eq!(stored, 50);
    });
}
