//! The store through pgbouncer with session pooling, from Debian's package.

use std::time::Duration;

use secondo::UnixTime;
use secondo::store::Store;
use secondo::store::conformance::{Harness, NotApplicable, check, check_listing};
use secondo_postgres::{PostgresOptions, PostgresStore, PostgresStoreError};
use store_testing::{PgBouncer, Postgres, Server};

use crate::{block_on, create, id, patient, session};

/// A server whose role `idp` has its tables in the schema `auth`, and a pooler in front of it.
struct Pooled {
    server: Postgres,
    pooler: PgBouncer,
}

impl Pooled {
    fn start(settings: &[&str]) -> Self {
        let server = Postgres::start(settings);
        let pooler = PgBouncer::start(server.address(), &["idp"]);
        block_on(async {
            let owner = session(&server.url()).await;
            // The statements of the crate's docs, in the documented order.
            let setup = "CREATE ROLE idp LOGIN; CREATE SCHEMA auth AUTHORIZATION idp;
                ALTER ROLE idp SET search_path = auth";
            owner.batch_execute(setup).await.unwrap();
        });
        let pooled = Self { server, pooler };
        block_on(patient().migrate(&pooled.url())).unwrap();
        pooled
    }

    fn url(&self) -> String {
        format!("postgres://idp@{}/postgres", self.pooler.address())
    }
}

impl Harness for Pooled {
    type Store<'a> = PostgresStore;

    fn connect(&self) -> PostgresStore {
        block_on(patient().connect(&self.url())).unwrap()
    }
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        block_on(future)
    }
    fn forget_expired(&self, now: UnixTime) {
        block_on(self.connect().purge(now)).unwrap();
    }
    fn break_next_write(&self) -> Result<(), NotApplicable> {
        Err(NotApplicable("writes are cut off in the test without a pooler"))
    }
    fn restart(&self) -> Result<(), NotApplicable> {
        self.server.kill();
        self.server.restart();
        Ok(())
    }
}

#[test]
fn the_contract_is_kept_through_pgbouncer() {
    let pooled = Pooled::start(&[]);
    let report = check(&pooled).unwrap_or_else(|violation| panic!("{violation}"));
    // Writes are cut off in the test without a pooler.
    assert_eq!(report.not_applicable().count(), 1, "{report}");
    check_listing(&pooled).unwrap();
    // The tables that were used are those of the role's own path.
    let used = "SELECT count(*) > 0 FROM auth.secondo_entry";
    assert!(block_on(async {
        session(&pooled.server.url()).await.query_one(used, &[]).await.unwrap().get::<_, bool>(0)
    }));
}

#[test]
fn pgbouncer_refuses_options_and_the_error_says_what_to_write() {
    let pooled = Pooled::start(&["fsync=off"]);
    let url = format!("{}?options=-c%20search_path%3Dauth", pooled.url());
    for outcome in [block_on(patient().connect(&url)).map(drop), block_on(patient().migrate(&url))] {
        let Err(PostgresStoreError::Options(reason)) = outcome else { panic!("{outcome:?}") };
        assert!(reason.contains("`ALTER ROLE idp SET search_path = auth`"), "{reason}");
    }
}

/// Sessions are returned with the store's settings undone, and a pooler that was restarted is found again.
#[test]
fn service_resumes_when_pgbouncer_does() {
    let pooled = Pooled::start(&["fsync=off"]);
    let options = PostgresOptions::new().with_timeout(Duration::from_secs(5));
    let store = block_on(options.connect(&pooled.url())).unwrap();
    block_on(create(&store, &id("a"), b"before"));
    pooled.pooler.kill();
    assert_eq!(block_on(store.load(&id("a"))).unwrap_err().label(), "connection");
    pooled.pooler.restart();
    assert!(block_on(store.load(&id("a"))).unwrap().is_some());
    block_on(create(&store, &id("b"), b"after"));
}
