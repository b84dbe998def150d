//! The conformance suite, and logins in one transaction with a row of the provider's, on servers of their own.

use std::sync::{Arc, LazyLock};

use secondo::store::conformance::{Harness, NotApplicable, check};
use secondo::verifier::Accepted;
use secondo::{
    AccountId, Algorithm, Authenticator, Key, Policy, Refusal, Secret, Totp, Transaction, UnixTime, Verifier,
    VerifierError,
};
use sqlx::{PgConnection, PgPool, query, query_scalar, raw_sql};
use sqlx_login::{Entries, LoginError, SCHEMA, StoreError, log_in};
use store_testing::{Postgres, Server};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

const SECRET: &[u8] = b"12345678901234567890";

struct Engine {
    server: Postgres,
    pool: PgPool,
}

impl Engine {
    fn start() -> Self {
        // A sequence that counts keeps its value when the transaction is rolled back, so one write fails.
        const FAULTS: &str = "CREATE SEQUENCE fault;
            CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF (SELECT is_called FROM fault) THEN
                    PERFORM setval('fault', 1, false);
                    RAISE EXCEPTION 'a fault';
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER fault AFTER INSERT OR UPDATE ON second_factor FOR EACH ROW EXECUTE FUNCTION fail_once()";
        let server = Postgres::start(&["fsync=off"]);
        let _in_runtime = RUNTIME.enter();
        let engine = Self { pool: PgPool::connect_lazy(&server.url()).unwrap(), server };
        engine.run(SCHEMA);
        engine.run(FAULTS);
        engine.run("CREATE TABLE login (session text PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)");
        engine
    }

    fn run(&self, sql: &str) {
        self.block_on(raw_sql(sql).execute(&self.pool)).unwrap();
    }

    /// Starts a server with an account that has one confirmed authenticator.
    fn with_account() -> Self {
        let engine = Self::start();
        let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(SECRET).unwrap());
        let verifier = Verifier::unsealed(engine.connect(), Policy::new());
        engine.block_on(async {
            let enrolled = verifier.enroll(&id(), &transaction(0), authenticator, time(0)).await.unwrap();
            verifier.confirm(&id(), &transaction(0), enrolled.number, &code(0), time(0)).await.unwrap();
        });
        engine
    }

    async fn log_in<T, E>(
        &self,
        session: u8,
        code: String,
        now: UnixTime,
        work: impl AsyncFnOnce(&mut PgConnection, &Accepted) -> Result<T, E>,
    ) -> Result<(Accepted, T), LoginError<E>> {
        log_in(
            &self.pool,
            async |store| {
                let verifier = Verifier::unsealed(store, Policy::new());
                verifier.verify(&id(), &transaction(session), &code, now).await
            },
            work,
        )
        .await
    }

    /// Checks that the code of a step is refused as used in another login.
    fn assert_used(&self, step: u64) {
        let verifier = Verifier::unsealed(self.connect(), Policy::new());
        let again = self.block_on(verifier.verify(&id(), &transaction(u8::MAX), &code(step), time(step)));
        assert!(matches!(again, Err(VerifierError::Refused(Refusal::Replayed { .. }))), "{step}: {again:?}");
    }

    fn remaining(&self) -> u8 {
        let verifier = Verifier::unsealed(self.connect(), Policy::new());
        self.block_on(verifier.view(&id(), time(1))).unwrap().remaining
    }

    fn sessions(&self) -> Vec<String> {
        self.block_on(query_scalar("SELECT session FROM login").fetch_all(&self.pool)).unwrap()
    }
}

impl Harness for Engine {
    type Store<'a> = Entries;

    fn connect(&self) -> Entries {
        Entries::new(self.pool.clone())
    }
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        RUNTIME.block_on(future)
    }
    fn forget_expired(&self, now: UnixTime) {
        self.block_on(self.connect().purge(now)).unwrap();
    }
    fn break_next_write(&self) -> Result<(), NotApplicable> {
        self.run("SELECT nextval('fault')");
        Ok(())
    }
    fn restart(&self) -> Result<(), NotApplicable> {
        self.server.kill();
        self.server.restart();
        Ok(())
    }
}

fn id() -> AccountId {
    AccountId::new("rossi").unwrap()
}

fn transaction(number: u8) -> Transaction {
    Transaction::new(&[number; 16]).unwrap()
}

fn time(step: u64) -> UnixTime {
    UnixTime::from_secs(1_700_000_010 + 30 * step).unwrap()
}

fn code(step: u64) -> String {
    let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(SECRET).unwrap());
    Totp::default().generate(&key, time(step)).unwrap().as_str().into()
}

async fn insert(connection: &mut PgConnection, session: &str) -> Result<(), sqlx::Error> {
    query("INSERT INTO login VALUES ($1)").bind(session).execute(connection).await.map(drop)
}

fn is_store<T, E>(result: &Result<T, LoginError<E>>, code: &str) -> bool {
    matches!(result, Err(LoginError::Verifier(VerifierError::Store(StoreError::Server(found)))) if found == code)
}

#[test]
fn the_store_keeps_its_contract() {
    let report = check(&Engine::start()).unwrap();
    assert_eq!(report.not_applicable().count(), 0, "{report}");
}

#[test]
fn a_login_writes_both_rows() {
    let engine = Engine::with_account();
    let login = engine.log_in(1, code(1), time(1), async |connection, _| insert(connection, "first").await);
    let (accepted, ()) = engine.block_on(login).unwrap();
    assert_eq!(*accepted.account(), id());
    assert_eq!(engine.sessions(), ["first"]);
    engine.assert_used(1);
}

#[test]
fn a_wrong_code_is_counted_although_the_caller_fails() {
    let engine = Engine::with_account();
    let caller = async {
        let (accepted, ()) = engine.log_in(1, "000000".into(), time(1), async |_, _| Ok::<_, sqlx::Error>(())).await?;
        Ok::<_, LoginError<sqlx::Error>>(accepted)
    };
    let refused = engine.block_on(caller);
    assert!(matches!(refused, Err(LoginError::Verifier(VerifierError::Refused(Refusal::Wrong { remaining: 4, .. })))));
    assert_eq!(engine.remaining(), 4);
}

#[test]
fn a_code_is_used_up_although_the_work_fails() {
    let engine = Engine::with_account();
    let failing = engine.log_in(1, code(1), time(1), async |connection, _| {
        insert(connection, "undone").await.unwrap();
        Err::<(), _>("failed")
    });
    assert!(matches!(engine.block_on(failing), Err(LoginError::Work("failed"))));
    engine.assert_used(1);

    // The work fails on the server and does not say so.
    let silent = engine.log_in(2, code(2), time(2), async |connection, _| {
        insert(connection, "undone").await.unwrap();
        let _ = query("SELECT 1 / 0").execute(connection).await;
        Ok::<_, sqlx::Error>(())
    });
    let aborted = engine.block_on(silent);
    assert!(is_store(&aborted, "25P02"), "{aborted:?}");
    engine.assert_used(2);

    // The work leaves a constraint unmet that is checked at the end.
    let deferred = engine.log_in(3, code(3), time(3), async |connection, _| {
        insert(connection, "twice").await?;
        insert(connection, "twice").await
    });
    let violated = engine.block_on(deferred);
    assert!(is_store(&violated, "23505"), "{violated:?}");

    engine.assert_used(3);
    assert!(engine.sessions().is_empty());
}

#[test]
fn without_a_commit_there_is_no_verdict() {
    let engine = Engine::with_account();
    // A write of the verifier fails.
    engine.break_next_write().unwrap();
    let failed = engine.block_on(engine.log_in(1, "000000".into(), time(1), async |_, _| Ok::<_, sqlx::Error>(())));
    assert!(is_store(&failed, "P0001"), "{failed:?}");
    assert_eq!(engine.remaining(), 5);

    // The work ends the transaction, against the rule.
    let ended = engine.log_in(2, code(1), time(1), async |connection, _| {
        insert(connection, "undone").await?;
        raw_sql("ROLLBACK; BEGIN").execute(connection).await.map(drop)
    });
    let ended = engine.block_on(ended);
    assert!(is_store(&ended, "3B001"), "{ended:?}");
    assert!(engine.sessions().is_empty());

    // The code is unused, and the connection of the pool is as before.
    let login = engine.log_in(3, code(1), time(1), async |connection, _| insert(connection, "first").await);
    let (_accepted, ()) = engine.block_on(login).unwrap();
    assert_eq!(engine.sessions(), ["first"]);
}

#[test]
fn two_tasks_with_one_code_are_one_login() {
    let engine = Arc::new(Engine::with_account());
    let tasks = [1, 2].map(|session| {
        let engine = Arc::clone(&engine);
        RUNTIME.spawn(async move {
            let work = async |connection: &mut PgConnection, _: &Accepted| insert(connection, "one").await;
            engine.log_in(session, code(1), time(1), work).await.is_ok()
        })
    });
    let logins = tasks.map(|task| engine.block_on(task).unwrap());
    assert_eq!(logins.iter().filter(|login| **login).count(), 1);
    assert_eq!(engine.sessions(), ["one"]);
}
