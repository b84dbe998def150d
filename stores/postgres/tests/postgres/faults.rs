//! Faults of the server other than going away.

use std::error::Error;
use std::fs;
use std::io;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use secondo::store::{Exchange, Store};
use secondo_postgres::{PostgresStore, PostgresStoreError};
use store_testing::{Proxy, Server};
use tokio::time::{Duration, Instant, sleep, timeout};
use tokio_postgres::Client;

use crate::{block_on, create, current, exchange, id, impatient, migrated, patient, session};

/// Repeats a call until it succeeds after a fault, for at most 60 seconds.
async fn until_ok<T>(call: impl AsyncFn() -> Result<T, PostgresStoreError>) -> T {
    let begun = Instant::now();
    loop {
        match call().await {
            Ok(value) => return value,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(60), "service does not resume: {error}"),
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Returns the number of sessions on the server other than this one.
async fn sessions(other: &Client) -> i64 {
    let count =
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    other.query_one(count, &[]).await.unwrap().get(0)
}

#[test]
fn backends_that_are_terminated_lose_nothing() {
    const CALLERS: u64 = 8;
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let store = patient().connect(&server.url()).await.unwrap();
        let (other, id, over) = (session(&server.url()).await, id("counter"), Arc::new(AtomicBool::new(false)));
        assert_eq!(exchange(&store, &id, None, &0_u64.to_be_bytes()).await.unwrap(), Exchange::Stored);
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (store, over) = (store.clone(), over.clone());
                tokio::spawn(async move {
                    let (mut told, mut failed) = (Vec::new(), 0);
                    while !over.load(Ordering::Relaxed) {
                        match count_up(&store, &id).await {
                            Ok(number) => told.extend(number),
                            Err(PostgresStoreError::Connection(_) | PostgresStoreError::Server(_)) => failed += 1,
                            Err(error) => panic!("{error}"),
                        }
                    }
                    (told, failed)
                })
            })
            .collect();
        for _ in 0..100 {
            sleep(Duration::from_millis(5)).await;
            let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 3";
            other.execute(terminate, &[]).await.unwrap();
        }
        over.store(true, Ordering::Relaxed);
        let (mut told, mut failed) = (Vec::new(), 0);
        for caller in callers {
            let (told_here, failed_here) = caller.await.unwrap();
            told.extend(told_here);
            failed += failed_here;
        }
        let count = told.len();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), count, "two were told the same number");
        let (_, value) = current(&store, &id).await.unwrap();
        assert!(
            u64::from_be_bytes(value.try_into().unwrap()) >= *told.last().unwrap(),
            "a number that was told is lost"
        );
        assert!(failed > 0, "no call failed");
        store_testing::report!(
            "PostgreSQL: backends terminated 100 times, {count} writes told, none lost, {failed} calls failed"
        );
    });
}

/// Adds 1 to the stored number and returns the new one, or `None` if another caller was faster.
async fn count_up(store: &PostgresStore, id: &secondo::AccountId) -> Result<Option<u64>, PostgresStoreError> {
    let entry = store.load(id).await?.expect("it was created");
    let next = u64::from_be_bytes(entry.value.as_ref().try_into().unwrap()) + 1;
    let stored = exchange(store, id, Some(entry.revision), &next.to_be_bytes()).await?;
    Ok((stored == Exchange::Stored).then_some(next))
}

#[test]
fn calls_beyond_the_bound_are_busy() {
    const CONNECTIONS: usize = 8;
    const QUEUE: usize = 4;
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let options = impatient().with_connections(NonZeroU16::new(8).unwrap()).with_queue(4);
        let store = options.connect(&server.url()).await.unwrap();
        let (mut other, id) = (session(&server.url()).await, id("locked"));
        create(&store, &id, b"before").await;
        let (revision, _) = current(&store, &id).await.unwrap();
        let lock = other.transaction().await.unwrap();
        lock.execute("SELECT FROM secondo_entry FOR UPDATE", &[]).await.unwrap();

        let call = || {
            let store = store.clone();
            tokio::spawn(async move { exchange(&store, &id, Some(revision), b"after").await })
        };
        let calls: Vec<_> = (0..CONNECTIONS + QUEUE + 5).map(|_| call()).collect();
        let mut labels = Vec::new();
        for call in calls {
            labels.push(call.await.unwrap().unwrap_err().label());
        }
        let count = |label| labels.iter().filter(|seen| **seen == label).count();
        // Some of the waiting calls may have got a connection in their last moment.
        assert!(count("timeout") >= CONNECTIONS && count("busy") >= 5, "{labels:?}");
        assert_eq!(count("timeout") + count("busy"), CONNECTIONS + QUEUE + 5, "{labels:?}");

        // The server ends the abandoned statements, which waited there for the lock.
        let (begun, third) = (Instant::now(), session(&server.url()).await);
        while sessions(&third).await > 1 {
            assert!(begun.elapsed() < Duration::from_secs(60), "abandoned sessions stay");
            sleep(Duration::from_millis(50)).await;
        }
        lock.commit().await.unwrap();
        assert_eq!(current(&store, &id).await.unwrap(), (revision, b"before".to_vec()));
        assert_eq!(exchange(&store, &id, Some(revision), b"after").await.unwrap(), Exchange::Stored);
    });
}

#[test]
fn a_locked_table_is_a_timeout() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let store = impatient().connect(&server.url()).await.unwrap();
        let (mut other, id) = (session(&server.url()).await, id("locked"));
        let lock = other.transaction().await.unwrap();
        lock.batch_execute("LOCK TABLE secondo_entry IN ACCESS EXCLUSIVE MODE").await.unwrap();
        assert_eq!(store.load(&id).await.unwrap_err().label(), "timeout");
        assert_eq!(exchange(&store, &id, None, b"value").await.unwrap_err().label(), "timeout");
        lock.commit().await.unwrap();
        until_ok(async || store.load(&id).await).await;
    });
}

#[test]
fn a_server_that_stands_still_holds_nobody() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let store = impatient().connect(&server.url()).await.unwrap();
        let id = id("paused");
        server.pause();
        // The timeout must hold on an open connection, on a new one, and while migrating.
        for _ in 0..2 {
            assert_eq!(store.load(&id).await.unwrap_err().label(), "timeout");
        }
        assert_eq!(impatient().migrate(&server.url()).await.unwrap_err().label(), "timeout");
        assert_eq!(impatient().connect(&server.url()).await.unwrap_err().label(), "timeout");
        server.resume();
        until_ok(async || store.load(&id).await).await;
    });
}

/// A future is dropped, for example, when the person closes the page or the provider's own timeout is shorter.
#[test]
fn a_dropped_future_leaves_no_trace() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let store = patient().with_connections(NonZeroU16::new(2).unwrap()).connect(&server.url()).await.unwrap();
        let id = id("dropped");
        let mut stored = 0;
        for n in 0..500_u64 {
            let before = current(&store, &id).await;
            let revision = before.as_ref().map(|(revision, _)| *revision);
            let value = n.to_be_bytes();
            let write = exchange(&store, &id, revision, &value);
            if let Ok(exchange) = timeout(Duration::from_micros(n), write).await {
                assert_eq!(exchange.unwrap(), Exchange::Stored);
                stored += 1;
            } else if let Some((revision, value)) = before {
                // The dropped write may still arrive. This write decides whether it is stored.
                let _ = exchange(&store, &id, Some(revision), &value).await.unwrap();
            }
            let after = current(&store, &id).await;
            assert!(after.is_none_or(|(_, value)| value.len() == 8), "in part");
        }
        assert!(stored > 0 && stored < 500, "{stored} of 500 stored");

        // No later call waits behind a dropped one that is still under way.
        let mut other = session(&server.url()).await;
        let (revision, value) = current(&store, &id).await.unwrap();
        let lock = other.transaction().await.unwrap();
        lock.execute("SELECT FROM secondo_entry FOR UPDATE", &[]).await.unwrap();
        for _ in 0..4 {
            let write = exchange(&store, &id, Some(revision), b"12345678");
            assert!(timeout(Duration::from_millis(50), write).await.is_err(), "the row is not locked");
        }
        assert_eq!(current(&store, &id).await.unwrap(), (revision, value));
        lock.commit().await.unwrap();
        let begun = Instant::now();
        while sessions(&other).await > 2 {
            assert!(begun.elapsed() < Duration::from_secs(60), "dropped connections stay");
            sleep(Duration::from_millis(50)).await;
        }
    });
}

#[test]
fn a_server_that_takes_no_writes_is_not_used() {
    let (server, second) = (migrated(&[]), migrated(&[]));
    block_on(async {
        let store = impatient().connect(&server.url()).await.unwrap();
        let (other, id) = (session(&server.url()).await, id("read-only"));
        other.batch_execute("ALTER SYSTEM SET default_transaction_read_only = on").await.unwrap();
        server.reload();
        let begun = Instant::now();
        while exchange(&store, &id, None, b"value").await.is_ok_and(|_| begun.elapsed() < Duration::from_secs(60)) {}
        assert_eq!(exchange(&store, &id, None, b"value").await.unwrap_err().label(), "read_only");
        assert_eq!(store.load(&id).await.unwrap_err().label(), "read_only");
        other.batch_execute("ALTER SYSTEM RESET ALL").await.unwrap();
        server.reload();
        until_ok(async || store.load(&id).await).await;
        drop(store);

        // The server becomes a standby that answers but never catches up.
        server.kill();
        fs::write(server.data().join("standby.signal"), "").unwrap();
        server.restart();
        assert_eq!(impatient().connect(&server.url()).await.unwrap_err().label(), "read_only");
        let both = format!("postgres://postgres@{},{}/postgres", server.address(), second.address());
        let store = patient().connect(&both).await.unwrap();
        create(&store, &id, b"on the second").await;
        let store = patient().connect(&second.url()).await.unwrap();
        assert_eq!(current(&store, &id).await.unwrap().1, b"on the second");
    });
}

#[test]
fn an_error_says_its_kind_and_no_value() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let store = patient().connect(&server.url()).await.unwrap();
        let other = session(&server.url()).await;
        let function = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'row % %', NEW.id, convert_from(NEW.value, 'UTF8')
                USING ERRCODE = split_part(NEW.id, '/', 2), DETAIL = NEW.id, HINT = NEW.id;
            END $$;
            CREATE TRIGGER fail BEFORE INSERT ON secondo_entry FOR EACH ROW EXECUTE FUNCTION fail()";
        other.batch_execute(function).await.unwrap();
        for (code, label) in [
            ("53100", "disk_full"),
            ("40001", "serialization"),
            ("40P01", "serialization"),
            ("25006", "read_only"),
            ("42P01", "schema"),
            ("P0001", "server"),
        ] {
            let error = exchange(&store, &id(&format!("rossi/{code}")), None, b"sealed").await.unwrap_err();
            assert_eq!(error.label(), label);
            for text in shown(&error) {
                assert!(!text.contains("rossi") && !text.contains("sealed"), "{text}");
            }
        }
        let refused = patient().connect(&server.url().replace("postgres@", "nobody:password@")).await.unwrap_err();
        assert!(matches!(&refused, PostgresStoreError::Server(code) if code.code() == "28000"), "{refused}");
        for url in ["postgres://postgres:password@", "password=password secret", "host=localhost sslmode=require"] {
            let error = patient().connect(url).await.unwrap_err();
            assert_eq!(error.label(), "options");
            assert!(shown(&error).iter().all(|text| !text.contains("password")), "{error:?}");
        }
    });
}

/// Returns all texts of an error and its sources.
fn shown(error: &dyn Error) -> Vec<String> {
    let mut shown = vec![error.to_string(), format!("{error:?}")];
    shown.extend(error.source().map(self::shown).into_iter().flatten());
    shown
}

#[test]
fn a_broken_connection_says_so() {
    let server = migrated(&["fsync=off"]);
    let proxy = Proxy::new(server.address());
    block_on(async {
        let store = patient().connect(&server.url_at(proxy.address())).await.unwrap();
        proxy.cut_answer_after(0);
        assert_eq!(store.load(&id("cut")).await.unwrap_err().label(), "connection");
        server.kill();
        assert_eq!(store.load(&id("cut")).await.unwrap_err().label(), "connection");
        let refused = patient().connect(&server.url()).await.unwrap_err();
        assert_eq!(refused.label(), "connection");
        assert!(refused.source().is_some_and(<dyn Error>::is::<io::Error>), "{refused:?}");
        server.restart();
        store.load(&id("cut")).await.unwrap();
    });
}

/// A login after a restart of the server must not fail because of a connection from before it.
#[test]
fn connections_of_a_server_that_was_restarted_are_not_used_again() {
    const CALLS: usize = 4;
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let store = patient().connect(&server.url()).await.unwrap();
        let id = id("restarted");
        let load_all = async || {
            let calls = (0..CALLS).map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.load(&id).await })
            });
            for call in calls.collect::<Vec<_>>() {
                call.await.unwrap().unwrap();
            }
        };
        load_all().await;
        server.kill();
        server.restart();
        // The runtime hears of the ends of the old connections before the new one answers.
        let other = session(&server.url()).await;
        assert_eq!(sessions(&other).await, 0);
        load_all().await;
    });
}
