//! Session state that the provider's statements leave, and that later calls must not see.

use std::num::NonZeroU16;

use secondo::VerifierError;
use secondo::store::Store;
use secondo_postgres::{InTransaction, PostgresOptions, PostgresStore, PostgresStoreError};
use store_testing::Postgres;
use tokio_postgres::{Client, Error, Transaction};

use crate::{block_on, create, id, migrated, patient, session};

async fn one_session(options: PostgresOptions, server: &Postgres) -> PostgresStore {
    options.with_connections(NonZeroU16::MIN).connect(&server.url()).await.unwrap()
}

/// Accepts without a verification, since only the provider's statements matter here.
async fn accept(_: InTransaction<'_>) -> Result<(), VerifierError<PostgresStoreError>> {
    Ok(())
}

/// Returns the process id of the session, and all the state that it can keep.
async fn state(store: &PostgresStore) -> (i32, String) {
    const STATE: &str = "SELECT pg_backend_pid(), concat_ws(E'\n', current_user, session_user,
        'app.subscriber=' || coalesce(current_setting('app.subscriber', true), ''),
        'temporary: ' || (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()),
        'cursors: ' || (SELECT count(*) FROM pg_cursors),
        'channels: ' || (SELECT count(*) FROM pg_listening_channels()),
        'prepared: ' || (SELECT count(*) FROM pg_prepared_statements WHERE from_sql),
        (SELECT string_agg(name || '=' || setting, E'\n' ORDER BY name) FROM pg_settings
            WHERE source = 'session'))";
    let read = async |transaction: &Transaction<'_>, (): &()| transaction.query_typed_one(STATE, &[]).await;
    let ((), row) = store.transaction(accept, read).await.unwrap();
    (row.get(0), row.get(1))
}

async fn advisory_locks(other: &Client) -> i64 {
    let count = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
    other.query_one(count, &[]).await.unwrap().get(0)
}

#[test]
fn what_the_provider_leaves_on_a_session_reaches_nobody() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let (store, other) = (one_session(patient(), &server).await, session(&server.url()).await);
        let setup = "CREATE SCHEMA decoy; CREATE TABLE decoy.secondo_entry (LIKE secondo_entry INCLUDING ALL);
            CREATE ROLE nobody";
        other.batch_execute(setup).await.unwrap();
        create(&store, &id("there"), b"value").await;
        let mut before = state(&store).await;
        for (n, (leave, stays)) in [
            ("SET search_path = decoy", true),
            ("CREATE TEMP TABLE secondo_entry (LIKE public.secondo_entry INCLUDING ALL)", true),
            ("SET synchronous_commit = off", true),
            ("SET statement_timeout = 0", true),
            ("SET default_transaction_isolation = 'serializable'", true),
            ("SET default_transaction_read_only = on", true),
            ("SET app.subscriber = 'rossi'", true),
            ("SET ROLE nobody", true),
            ("SET SESSION AUTHORIZATION nobody", true),
            ("SELECT pg_advisory_lock(1)", true),
            ("LISTEN logins", true),
            ("DECLARE rows CURSOR WITH HOLD FOR SELECT 1", true),
            // The store's own statements may be gone, so another session replaces this one.
            ("PREPARE find AS SELECT 1", false),
            ("DEALLOCATE ALL", false),
        ]
        .into_iter()
        .enumerate()
        {
            for fails in [false, true] {
                let work = async |transaction: &Transaction<'_>, (): &()| {
                    transaction.batch_execute(leave).await.unwrap();
                    if fails { Err("no") } else { Ok(()) }
                };
                assert_eq!(store.transaction(accept, work).await.is_err(), fails, "{leave}");
                assert_eq!(advisory_locks(&other).await, 0, "{leave}");
                // Two calls without a transaction, and then one with a transaction.
                assert!(store.load(&id("there")).await.unwrap().is_some(), "{leave}");
                create(&store, &id(&format!("{n}/{fails}")), b"value").await;
                let after = state(&store).await;
                assert_eq!(after.1, before.1, "{leave}");
                assert_eq!(after.0 == before.0, stays, "{leave}: the session");
                before = after;
            }
        }
        let count = "SELECT (SELECT count(*) FROM public.secondo_entry), (SELECT count(*) FROM decoy.secondo_entry)";
        let row = other.query_one(count, &[]).await.unwrap();
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (29, 0));
    });
}

/// The client library looks up types with prepared statements of its own, which must survive the reset of a session.
#[test]
fn the_provider_can_use_types_of_its_own_in_every_login() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let store = one_session(patient(), &server).await;
        let types = "CREATE TYPE one AS ENUM ('x'); CREATE TYPE two AS ENUM ('x'); CREATE TYPE three AS ENUM ('x')";
        session(&server.url()).await.batch_execute(types).await.unwrap();
        let (pid, _) = state(&store).await;
        for name in ["one", "two", "three"] {
            let query = format!("SELECT 'x'::{name}");
            let work = async |transaction: &Transaction<'_>, (): &()| transaction.query_one(&query, &[]).await;
            let ((), row) = store.transaction(accept, work).await.unwrap();
            assert_eq!(row.columns()[0].type_().name(), name);
        }
        assert_eq!(state(&store).await.0, pid);
    });
}

/// The login is committed before the session is cleaned.
#[test]
fn a_session_that_cannot_be_cleaned_is_closed_and_the_login_holds() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let (store, mut other) = (one_session(PostgresOptions::new(), &server).await, session(&server.url()).await);
        let pid = async |transaction: &Transaction<'_>, (): &()| {
            Ok::<i32, Error>(transaction.query_typed_one("SELECT pg_backend_pid()", &[]).await?.get(0))
        };
        let lock = other.transaction().await.unwrap();
        lock.batch_execute("LOCK TABLE pg_prepared_statements IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let ((), first) = store.transaction(accept, pid).await.unwrap();
        lock.commit().await.unwrap();
        let ((), second) = store.transaction(accept, pid).await.unwrap();
        assert_ne!(first, second);
    });
}
