//! Migrations, and the rights that the store needs.

use std::convert::Infallible;
use std::process::Command;

use secondo::store::{Exchange, Store, Value};
use secondo::{Policy, UnixTime, Verifier, VerifierError};
use secondo_postgres::{InTransaction, PostgresStore, PostgresStoreError, TransactionError};
use store_testing::Postgres;

use crate::transactions::{authenticator, fresh, time};
use crate::{block_on, create, current, exchange, id, migrated, patient, session};

#[test]
fn a_database_without_tables_says_so() {
    let server = Postgres::start(&["fsync=off"]);
    block_on(async {
        assert_eq!(patient().connect(&server.url()).await.unwrap_err().label(), "schema");
        patient().migrate(&server.url()).await.unwrap();
        let store = patient().connect(&server.url()).await.unwrap();
        create(&store, &id("a"), b"kept").await;
        patient().migrate(&server.url()).await.unwrap();
        assert_eq!(current(&store, &id("a")).await.unwrap().1, b"kept");

        // Somebody drops a table while the store is connected.
        session(&server.url()).await.batch_execute("DROP TABLE secondo_entry").await.unwrap();
        for _ in 0..2 {
            assert_eq!(store.load(&id("a")).await.unwrap_err().label(), "schema");
        }
    });
}

/// Migrates as several machines at once.
async fn migrate_at_once(server: &Postgres) {
    let machine = || {
        let url = server.url();
        tokio::spawn(async move {
            patient().migrate(&url).await.unwrap();
            patient().connect(&url).await.unwrap();
        })
    };
    for machine in (0..8).map(|_| machine()).collect::<Vec<_>>() {
        machine.await.unwrap();
    }
}

#[test]
fn all_machines_may_migrate_at_once() {
    for isolation in ["read committed", "serializable"] {
        let server = Postgres::start(&["fsync=off", &format!("default_transaction_isolation={isolation}")]);
        block_on(migrate_at_once(&server));
    }
}

#[test]
fn older_tables_are_brought_up_to_date_with_their_entries() {
    let server = Postgres::start(&["fsync=off", "default_transaction_isolation=repeatable read"]);
    block_on(async {
        let old = session(&server.url()).await;
        old.batch_execute(include_str!("../../migrations/0001_entries.sql")).await.unwrap();
        old.batch_execute("INSERT INTO secondo_entry VALUES ('a', 7, 'kept', 9)").await.unwrap();
        assert_eq!(patient().connect(&server.url()).await.unwrap_err().label(), "schema");
        migrate_at_once(&server).await;
        let store = patient().connect(&server.url()).await.unwrap();
        let (revision, value) = current(&store, &id("a")).await.unwrap();
        assert_eq!((revision.get(), &*value), (7, &b"kept"[..]));
        assert_eq!(exchange(&store, &id("a"), Some(revision), b"new").await.unwrap(), Exchange::Stored);
        record(&store, "a").await.unwrap();
    });
}

#[test]
fn newer_tables_are_left_alone() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        session(&server.url()).await.batch_execute("INSERT INTO secondo_schema VALUES (1000)").await.unwrap();
        for result in [patient().migrate(&server.url()).await, patient().connect(&server.url()).await.map(drop)] {
            assert!(matches!(result, Err(PostgresStoreError::NewerSchema(1000))));
        }
    });
}

#[test]
fn the_longest_value_is_stored_in_its_row_as_it_is() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let store = patient().connect(&server.url()).await.unwrap();
        let longest = [0; Value::MAX_LEN];
        create(&store, &id("a"), &longest).await;
        let (revision, _) = current(&store, &id("a")).await.unwrap();
        assert_eq!(exchange(&store, &id("a"), Some(revision), &longest).await.unwrap(), Exchange::Stored);
        let stored = "SELECT pg_column_size(value), pg_relation_size(reltoastrelid)
            FROM secondo_entry, pg_class WHERE pg_class.oid = 'secondo_entry'::regclass";
        let row = session(&server.url()).await.query_one(stored, &[]).await.unwrap();
        let (bytes, elsewhere): (i32, i64) = (row.get(0), row.get(1));
        // PostgreSQL puts 4 bytes before a value, and zeros could be compressed to less.
        assert_eq!((usize::try_from(bytes).unwrap(), elsewhere), (Value::MAX_LEN + 4, 0));
    });
}

/// Runs the file as its first lines say.
fn psql(url: &str, file: &str) -> bool {
    let file = &format!("{}/migrations/{file}", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("psql");
    command.args([url, "--no-psqlrc", "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1", "--file", file]);
    command.status().unwrap().success()
}

#[test]
fn an_operator_can_migrate_with_psql() {
    let server = Postgres::start(&["fsync=off"]);
    for file in ["0001_entries.sql", "0002_outbox.sql"] {
        assert!(psql(&server.url(), file));
        assert!(!psql(&server.url(), file), "run twice");
    }
    block_on(async {
        patient().migrate(&server.url()).await.unwrap();
        let store = patient().connect(&server.url()).await.unwrap();
        create(&store, &id("a"), b"value").await;
    });
}

/// With all grants of the crate's documentation every call works, and without any one of them some call does not.
#[test]
fn the_store_needs_the_rights_that_are_documented() {
    let server = Postgres::start(&["fsync=off"]);
    block_on(async {
        let owner = session(&server.url()).await;
        owner.batch_execute("CREATE SCHEMA auth; CREATE ROLE idp LOGIN").await.unwrap();
        let in_schema = "?options=-c%20search_path%3Dauth";
        patient().migrate(&format!("{}{in_schema}", server.url())).await.unwrap();
        let as_idp = format!("{}{in_schema}", server.url().replace("postgres@", "idp@"));
        assert!(works(&as_idp, 0).await.is_err());
        // An error that has nothing to do with `options` is not blamed on them.
        let nowhere = patient().connect(&as_idp.replace("/postgres?", "/nowhere?")).await.unwrap_err();
        assert!(matches!(&nowhere, PostgresStoreError::Server(code) if code.code() == "3D000"), "{nowhere}");
        let grants = [
            "USAGE ON SCHEMA auth",
            "SELECT ON auth.secondo_schema",
            "SELECT ON auth.secondo_entry",
            "INSERT ON auth.secondo_entry",
            "UPDATE ON auth.secondo_entry",
            "DELETE ON auth.secondo_entry",
            "INSERT ON auth.secondo_outbox",
        ];
        for grant in grants {
            owner.batch_execute(&format!("GRANT {grant} TO idp")).await.unwrap();
        }
        works(&as_idp, 1).await.unwrap();
        for (n, grant) in (2..).zip(grants) {
            owner.batch_execute(&format!("REVOKE {grant} FROM idp")).await.unwrap();
            assert!(works(&as_idp, n).await.is_err(), "without {grant}");
            owner.batch_execute(&format!("GRANT {grant} TO idp")).await.unwrap();
        }
        works(&as_idp, 100).await.unwrap();
    });
}

/// Makes each kind of call to a store.
async fn works(url: &str, n: u32) -> Result<(), PostgresStoreError> {
    let store = patient().connect(url).await?;
    let (id, now) = (id(&format!("a/{n}")), UnixTime::from_secs(1).unwrap());
    assert_eq!(exchange(&store, &id, None, b"created").await?, Exchange::Stored);
    let revision = store.load(&id).await?.map(|entry| entry.revision);
    let replaced = store.compare_exchange(&id, revision, Value::from(&b"replaced"[..]), Some(now)).await?;
    assert_eq!(replaced, Exchange::Stored);
    assert!(store.purge(now).await? > 0);
    record(&store, id.as_str()).await
}

/// Makes a decision whose event is in the outbox.
async fn record(store: &PostgresStore, text: &str) -> Result<(), PostgresStoreError> {
    let enroll = async |store: InTransaction<'_>| {
        let verifier = Verifier::unsealed(store, Policy::new()).with_sink(store.outbox());
        verifier.enroll(&id(&format!("recorded/{text}")), &fresh(), authenticator(), time(0)).await
    };
    match store.transaction(enroll, async |_, _| Ok::<_, Infallible>(())).await {
        Ok(_) => Ok(()),
        Err(TransactionError::Verifier(VerifierError::Store(error))) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

/// With all grants of the crate's documentation a reader takes rows, and without any one of them it does not.
#[test]
fn a_reader_of_the_outbox_needs_the_rights_that_are_documented() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let owner = session(&server.url()).await;
        owner.batch_execute("CREATE ROLE reader LOGIN").await.unwrap();
        let reader = session(&server.url().replace("postgres@", "reader@")).await;
        let take = include_str!("../../src/take_events.sql");
        let grants = ["SELECT", "DELETE", "UPDATE (id)"];
        for grant in grants {
            owner.batch_execute(&format!("GRANT {grant} ON secondo_outbox TO reader")).await.unwrap();
        }
        reader.query(take, &[]).await.unwrap();
        for grant in grants {
            owner.batch_execute(&format!("REVOKE {grant} ON secondo_outbox FROM reader")).await.unwrap();
            reader.query(take, &[]).await.expect_err(grant);
            owner.batch_execute(&format!("GRANT {grant} ON secondo_outbox TO reader")).await.unwrap();
        }
    });
}

#[test]
fn a_purge_takes_what_has_expired_and_nothing_else() {
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let store = patient().connect(&server.url()).await.unwrap();
        let mut other = session(&server.url()).await;
        let fill = "INSERT INTO secondo_entry SELECT 'filled/' || n, n, '', CASE WHEN n % 10 > 0 THEN n END
            FROM generate_series(1, 5000) AS n";
        other.execute(fill, &[]).await.unwrap();
        // One entry is being written at the moment. The purge does not wait for it, and it stays.
        let lock = other.transaction().await.unwrap();
        lock.execute("UPDATE secondo_entry SET revision = 0, expiry = NULL WHERE id = 'filled/7'", &[]).await.unwrap();
        assert_eq!(store.purge(UnixTime::from_secs(4000).unwrap()).await.unwrap(), 3_600 - 1);
        lock.commit().await.unwrap();
        assert_eq!(store.purge(UnixTime::from_secs(4000).unwrap()).await.unwrap(), 0);
        assert!(current(&store, &id("filled/7")).await.is_some());
        assert!(current(&store, &id("filled/4001")).await.is_some());
        assert!(current(&store, &id("filled/4000")).await.is_some());
        assert!(current(&store, &id("filled/3999")).await.is_none());
        assert_eq!(store.purge(UnixTime::MAX).await.unwrap(), 900);
    });
}

/// A purge runs beside a write that removes the expiry. An entry whose write was reported as stored must stay.
#[test]
fn a_purge_does_not_hit_what_was_just_written() {
    const ROUNDS: usize = 300;
    let server = migrated(&["fsync=off"]);
    block_on(async {
        let store = patient().connect(&server.url()).await.unwrap();
        let expired = Some(UnixTime::from_secs(1).unwrap());
        let (mut kept, mut gone) = (0, 0);
        for round in 0..ROUNDS {
            let id = id(&format!("round/{round}"));
            let _ = store.compare_exchange(&id, None, Value::from(&b"old"[..]), expired).await.unwrap();
            let (revision, _) = current(&store, &id).await.unwrap();
            let purging = store.clone();
            let purge = tokio::spawn(async move { purging.purge(UnixTime::from_secs(1).unwrap()).await.unwrap() });
            let stored = exchange(&store, &id, Some(revision), b"new").await.unwrap() == Exchange::Stored;
            let purged = purge.await.unwrap();
            assert_eq!(current(&store, &id).await.is_some(), stored, "in round {round}");
            assert!(purged == 0 || !stored, "in round {round}");
            *if stored { &mut kept } else { &mut gone } += 1;
        }
        store_testing::report!("PostgreSQL: {ROUNDS} purges beside a write: {kept} entries kept, {gone} gone before");
        assert!(kept > 0, "the purge was always first");
    });
}
