//! Logins in one transaction with a table of the provider.

use std::error::Error as _;
use std::future::pending;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use secondo::audit::Operator;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Store, Value};
use secondo::{
    Accepted, AccountId, Algorithm, Authenticator, Key, Policy, Refusal, Secret, State, Totp, UnixTime, Verifier,
    VerifierError,
};
use secondo_postgres::{InTransaction, PostgresStore, PostgresStoreError, TransactionError};
use store_testing::{Postgres, Proxy, Server};
use tokio_postgres::{Client, Error, Transaction};

use crate::{block_on, create, id, impatient, migrated, patient, session};

pub(crate) const TESTS: Operator<'_> = Operator::new("tests", "logins");

pub(crate) const LOGIN: &str = "INSERT INTO login (subscriber) VALUES ($1)";

/// An identity provider, whose logins are also rows in its own table.
pub(crate) struct Provider {
    pub(crate) store: PostgresStore,
    pub(crate) keys: Arc<KeyRing>,
}

type Login<T, E = Error> = Result<(Accepted, T), TransactionError<E>>;

pub(crate) fn server() -> Postgres {
    let server = migrated(&["fsync=off"]);
    let table = "CREATE TABLE login (subscriber text NOT NULL)";
    block_on(async { session(&server.url()).await.batch_execute(table).await.unwrap() });
    server
}

fn secret() -> Secret {
    Secret::from_bytes(b"12345678901234567890").unwrap()
}

pub(crate) fn time(step: u64) -> UnixTime {
    UnixTime::from_secs(1_700_000_010 + 30 * step).unwrap()
}

pub(crate) fn code(step: u64) -> String {
    Totp::default().generate(&Key::new(Algorithm::Sha1, &secret()), time(step)).unwrap().as_str().into()
}

pub(crate) fn wrong(step: u64) -> String {
    let near: Vec<_> = (step.saturating_sub(2)..=step + 2).map(code).collect();
    (0..10).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
}

/// Returns a transaction of the verifier that no other call returned.
pub(crate) fn fresh() -> secondo::Transaction {
    static LAST: AtomicU64 = AtomicU64::new(0);

    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&LAST.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    secondo::Transaction::new(&bytes).unwrap()
}

pub(crate) fn authenticator() -> Authenticator {
    Authenticator::new(Totp::default(), Algorithm::Sha1, secret())
}

impl Provider {
    pub(crate) fn new(store: PostgresStore) -> Self {
        let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
        let keys =
            KeyRing::new(SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), &master).unwrap(), [])
                .unwrap();
        Self { store, keys: Arc::new(keys) }
    }

    pub(crate) fn verifier<S: Store>(&self, store: S) -> Verifier<S> {
        let policy = Policy::new().with_failure_cap(Policy::CONSECUTIVE_LIMIT).unwrap().with_counted_replays(false);
        Verifier::new(store, self.keys.clone(), policy)
    }

    pub(crate) async fn enroll(&self, text: &str) -> AccountId {
        let (id, confirmed) = (id(text), [(authenticator().into(), State::new().confirmed())]);
        self.verifier(&self.store).import(&id, &confirmed, TESTS, time(0)).await.unwrap();
        id
    }

    async fn verify(
        &self,
        store: InTransaction<'_>,
        id: &AccountId,
        code: &str,
        step: u64,
    ) -> Result<Accepted, VerifierError<PostgresStoreError>> {
        self.verifier(store).verify(id, &fresh(), code, time(step)).await
    }

    pub(crate) async fn log_in(&self, id: &AccountId, code: &str, step: u64) -> Login<u64> {
        self.log_in_and(id, code, step, async |transaction, _| transaction.execute(LOGIN, &[&id.as_str()]).await).await
    }

    async fn log_in_and<T, E>(
        &self,
        id: &AccountId,
        code: &str,
        step: u64,
        work: impl AsyncFnOnce(&Transaction<'_>, &Accepted) -> Result<T, E>,
    ) -> Login<T, E> {
        self.store.transaction(async |store| self.verify(store, id, code, step).await, work).await
    }

    /// Returns `true` if the code of this step is used. Submits the code without a transaction to find out.
    async fn is_used(&self, id: &AccountId, step: u64) -> bool {
        match self.verifier(&self.store).verify(id, &fresh(), &code(step), time(step)).await {
            Ok(_accepted) => false,
            Err(VerifierError::Refused(Refusal::Replayed { .. })) => true,
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns `true` if the code of this step is used, as other sessions see it. A call that is cut off is repeated.
    pub(crate) async fn has_used(&self, id: &AccountId, step: u64) -> bool {
        loop {
            if let Ok(state) = self.state(id).await {
                return state.watermark() >= Some(Totp::default().step(time(step)).unwrap());
            }
        }
    }

    pub(crate) async fn failures(&self, id: &AccountId) -> u8 {
        self.state(id).await.unwrap().failures()
    }

    /// Returns the state of the account's authenticator, as other sessions see it.
    async fn state(&self, id: &AccountId) -> Result<State, VerifierError<PostgresStoreError>> {
        let exported = self.verifier(&self.store).export(id, TESTS, time(0)).await?;
        Ok(exported.first().expect("an authenticator").state)
    }
}

pub(crate) async fn never<V>(_: &Transaction<'_>, _: &V) -> Result<(), Error> {
    panic!("the work was called without an accepted code")
}

/// Returns the ids of the server's processes for sessions other than this one.
async fn pids(other: &Client) -> Vec<i32> {
    let find = "SELECT pid FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid";
    other.query(find, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

pub(crate) async fn logins(server: &Postgres, id: &AccountId) -> i64 {
    let count = "SELECT count(*) FROM login WHERE subscriber = $1";
    session(&server.url()).await.query_one(count, &[&id.as_str()]).await.unwrap().get(0)
}

#[test]
fn a_login_is_there_with_its_code_or_not_at_all() {
    let server = server();
    block_on(async {
        let provider = Provider::new(patient().connect(&server.url()).await.unwrap());
        let id = provider.enroll("rossi").await;
        let (_accepted, rows) = provider.log_in(&id, &code(0), 0).await.unwrap();
        assert_eq!((rows, logins(&server, &id).await), (1, 1));
        assert!(matches!(
            provider.log_in(&id, &code(0), 0).await,
            Err(TransactionError::Verifier(VerifierError::Refused(Refusal::Replayed { .. })))
        ));
        assert_eq!(logins(&server, &id).await, 1);

        // No other session sees the login or the used code before both are committed.
        let looks = async |transaction: &Transaction<'_>, _: &Accepted| {
            transaction.execute(LOGIN, &[&id.as_str()]).await?;
            assert_eq!(logins(&server, &id).await, 1);
            let state = provider.state(&id).await.unwrap();
            assert_eq!(state.watermark(), Some(Totp::default().step(time(0)).unwrap()));
            Ok::<_, Error>(())
        };
        let (_accepted, ()) = provider.log_in_and(&id, &code(1), 1, looks).await.unwrap();
        assert_eq!(logins(&server, &id).await, 2);
    });
}

/// A double click finds the session of its first click, and opens no second one.
#[test]
fn a_login_that_is_submitted_twice_is_there_once() {
    let server = server();
    block_on(async {
        let provider = Provider::new(patient().connect(&server.url()).await.unwrap());
        let (id, login) = (provider.enroll("rossi").await, fresh());
        let click = async || {
            let verify =
                async |store: InTransaction<'_>| provider.verifier(store).verify(&id, &login, &code(0), time(0)).await;
            let insert =
                async |transaction: &Transaction<'_>, _: &Accepted| transaction.execute(LOGIN, &[&id.as_str()]).await;
            provider.store.transaction(verify, insert).await
        };
        let (_accepted, rows) = click().await.unwrap();
        let repeated = click().await;
        assert!(matches!(repeated, Err(TransactionError::Verifier(VerifierError::Repeated(_)))), "{repeated:?}");
        assert_eq!((rows, logins(&server, &id).await), (1, 1));
    });
}

#[test]
fn a_refusal_is_counted() {
    let server = server();
    block_on(async {
        let provider = Provider::new(patient().connect(&server.url()).await.unwrap());
        let id = provider.enroll("rossi").await;
        for failures in 1..=3 {
            let refused = provider.log_in_and(&id, &wrong(0), 0, never).await;
            assert!(matches!(refused, Err(TransactionError::Verifier(VerifierError::Refused(Refusal::Wrong { .. })))));
            assert_eq!(provider.failures(&id).await, failures);
        }
    });
}

/// An error after a wrong code must not undo the counted failure, or guesses would be free.
#[test]
fn a_wrong_code_counts_whatever_error_follows() {
    let server = server();
    block_on(async {
        let one = NonZeroU16::MIN;
        let provider = &Provider::new(patient().with_connections(one).connect(&server.url()).await.unwrap());
        let phone = &provider.enroll("phone").await;
        let (unknown, garbled) = (&id("unknown"), &id("garbled"));
        create(&provider.store, garbled, b"garbled").await;
        let (other, mut failures) = (session(&server.url()).await, 0);
        let before = pids(&other).await;
        for (n, expected) in
            ["Unknown", "Record", "Account(SecretInUse", "Hsm", "Contended", "Store"].iter().enumerate()
        {
            for _ in 0..10 {
                let guess = async |store: InTransaction<'_>| {
                    provider.verify(store, phone, &wrong(0), 0).await.unwrap_err();
                    match n {
                        0 => provider.verify(store, unknown, &code(0), 0).await,
                        1 => provider.verify(store, garbled, &code(0), 0).await,
                        2 => {
                            let verifier = provider.verifier(store);
                            Err(verifier.enroll(phone, &fresh(), authenticator(), time(0)).await.unwrap_err())
                        }
                        3 => Err(VerifierError::Hsm("away".into())),
                        4 => Err(VerifierError::Contended),
                        _ => Err(VerifierError::Store(PostgresStoreError::Busy)),
                    }
                };
                let failed = provider.store.transaction(guess, never).await.unwrap_err();
                let TransactionError::Verifier(error) = failed else { panic!("{failed:?}") };
                assert!(format!("{error:?}").starts_with(expected), "{error:?} in place of {expected}");
                failures += 1;
                assert_eq!(provider.failures(phone).await, failures, "after {expected}");
            }
        }
        // Work that fails does not undo it either, after a refusal that the provider ignores.
        let ignore = async |store: InTransaction<'_>| {
            provider.verify(store, phone, &wrong(0), 0).await.unwrap_err();
            Ok(())
        };
        let fail = async |_: &Transaction<'_>, (): &()| Err::<(), _>("no");
        provider.store.transaction(ignore, fail).await.unwrap_err();
        assert_eq!(provider.failures(phone).await, failures + 1);
        assert_eq!(pids(&other).await, before, "an error cost the session");
    });
}

/// After a failed statement, a `COMMIT` would roll the transaction back without returning an error.
#[test]
fn a_database_error_that_verify_ignores_is_no_login() {
    let server = server();
    block_on(async {
        let trigger = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
            CREATE TRIGGER fail BEFORE INSERT ON secondo_entry FOR EACH ROW WHEN (NEW.id = 'fails')
            EXECUTE FUNCTION fail()";
        session(&server.url()).await.batch_execute(trigger).await.unwrap();
        let provider = &Provider::new(patient().connect(&server.url()).await.unwrap());
        let phone = &provider.enroll("phone").await;
        let fails = &id("fails");
        for n in 0..4 {
            let ignore = async |store: InTransaction<'_>| {
                let accepted = provider.verify(store, phone, &code(0), 0).await?;
                let value = Value::from(&b"value"[..]);
                let failed = store.compare_exchange(fails, None, value, None).await.unwrap_err();
                assert!(matches!(&failed, PostgresStoreError::Server(code) if code.code() == "P0001"), "{failed}");
                match n {
                    0 => Ok(accepted),
                    1 => Err(VerifierError::Unknown),
                    2 => provider.verify(store, phone, &wrong(0), 0).await,
                    _ => Err(VerifierError::Store(failed)),
                }
            };
            let failed = provider.store.transaction(ignore, never).await.unwrap_err();
            let TransactionError::Verifier(VerifierError::Store(PostgresStoreError::Server(code))) = failed else {
                panic!("{failed:?}")
            };
            // The first error says more than the later error that the transaction is aborted.
            assert_eq!(code.code(), if n == 3 { "P0001" } else { "25P02" });
        }
        assert!(!provider.is_used(phone, 0).await, "the used code was not rolled back");
    });
}

/// No caller got a verdict, so the transaction leaves nothing. The next call has another session.
#[test]
fn a_transaction_that_is_dropped_is_rolled_back() {
    let server = server();
    block_on(async {
        let one = NonZeroU16::MIN;
        let provider = &Provider::new(patient().with_connections(one).connect(&server.url()).await.unwrap());
        let id = &provider.enroll("rossi").await;
        for in_work in [false, true] {
            let reached = &tokio::sync::Notify::new();
            let stop = async || {
                reached.notify_one();
                pending::<()>().await;
            };
            let verify = async |store: InTransaction<'_>| {
                let accepted = provider.verify(store, id, &code(0), 0).await;
                if !in_work {
                    stop().await;
                }
                accepted
            };
            let work = async |transaction: &Transaction<'_>, _: &Accepted| {
                transaction.execute(LOGIN, &[&id.as_str()]).await?;
                stop().await;
                Ok::<_, Error>(())
            };
            tokio::select! {
                _ = provider.store.transaction(verify, work) => panic!("the transaction ended"),
                () = reached.notified() => {}
            }
        }
        let (_accepted, _) = provider.log_in(id, &code(0), 0).await.unwrap();
        assert_eq!(logins(&server, id).await, 1);
    });
}

/// If the provider's work fails, or hides that it failed, the login is undone and the code is used.
#[test]
fn work_that_fails_is_undone_and_the_code_is_used() {
    let server = server();
    block_on(async {
        let deferred = "CREATE TABLE subscriber (name text PRIMARY KEY);
            CREATE TABLE audit (name text REFERENCES subscriber DEFERRABLE INITIALLY DEFERRED)";
        session(&server.url()).await.batch_execute(deferred).await.unwrap();
        let provider = Provider::new(patient().connect(&server.url()).await.unwrap());
        let id = provider.enroll("rossi").await;
        let refused = provider.log_in_and(&id, &wrong(0), 0, async |_, _| Ok::<_, Error>(())).await.unwrap_err();
        assert!(!refused.is_outage(), "{refused}");

        let says_no = async |transaction: &Transaction<'_>, _: &Accepted| {
            transaction.execute(LOGIN, &[&id.as_str()]).await.unwrap();
            Err::<(), _>("no")
        };
        let failed = provider.log_in_and(&id, &code(0), 0, says_no).await;
        assert!(matches!(failed, Err(TransactionError::Work("no"))), "{failed:?}");
        assert!(failed.unwrap_err().is_outage());
        assert!(provider.is_used(&id, 0).await);

        let by_sql = async |transaction: &Transaction<'_>, _: &Accepted| {
            transaction.execute(LOGIN, &[&id.as_str()]).await?;
            transaction.execute("INSERT INTO login VALUES (NULL)", &[]).await
        };
        let failed = provider.log_in_and(&id, &code(1), 1, by_sql).await;
        assert!(matches!(failed, Err(TransactionError::Work(_))), "{failed:?}");
        assert!(failed.unwrap_err().source().is_some_and(<dyn std::error::Error>::is::<Error>));
        assert!(provider.is_used(&id, 1).await);

        // A `COMMIT` after this would return no error.
        let swallowed = async |transaction: &Transaction<'_>, _: &Accepted| {
            transaction.execute(LOGIN, &[&id.as_str()]).await.unwrap();
            let _ = transaction.execute("INSERT INTO login VALUES (NULL)", &[]).await;
            Ok::<_, Error>(())
        };
        let failed = provider.log_in_and(&id, &code(2), 2, swallowed).await;
        assert!(matches!(failed, Err(TransactionError::Verifier(VerifierError::Store(_)))), "{failed:?}");
        assert!(provider.is_used(&id, 2).await);

        let at_commit = async |transaction: &Transaction<'_>, _: &Accepted| {
            transaction.execute(LOGIN, &[&id.as_str()]).await?;
            transaction.execute("INSERT INTO audit VALUES ('nobody')", &[]).await
        };
        let failed = provider.log_in_and(&id, &code(3), 3, at_commit).await;
        assert!(matches!(failed, Err(TransactionError::Verifier(VerifierError::Store(_)))), "{failed:?}");
        assert!(provider.is_used(&id, 3).await);
        assert_eq!(logins(&server, &id).await, 0);
    });
}

/// If the work ends the transaction by itself, the call is no login, whatever was committed.
#[test]
fn work_that_ends_the_transaction_is_no_login() {
    let server = server();
    block_on(async {
        let provider = Provider::new(patient().connect(&server.url()).await.unwrap());
        let id = provider.enroll("rossi").await;
        for (step, end) in (0..).zip(["ROLLBACK", "COMMIT"]) {
            let ends = async |transaction: &Transaction<'_>, _: &Accepted| transaction.batch_execute(end).await;
            let failed = provider.log_in_and(&id, &code(step), step, ends).await;
            assert!(matches!(failed, Err(TransactionError::Verifier(VerifierError::Store(_)))), "{end}: {failed:?}");
        }
        let (_accepted, _) = provider.log_in(&id, &code(2), 2).await.unwrap();
    });
}

#[test]
fn transactions_at_once_accept_a_code_once() {
    const CALLERS: usize = 8;
    const ROUNDS: u64 = 100;
    let server = server();
    block_on(async {
        let provider = Arc::new(Provider::new(patient().connect(&server.url()).await.unwrap()));
        let id = provider.enroll("rossi").await;
        for step in 0..ROUNDS {
            let caller = || {
                let provider = provider.clone();
                tokio::spawn(async move { provider.log_in(&id, &code(step), step).await })
            };
            let mut accepted = 0;
            for caller in (0..CALLERS).map(|_| caller()).collect::<Vec<_>>() {
                match caller.await.unwrap() {
                    Ok(_) => accepted += 1,
                    Err(TransactionError::Verifier(VerifierError::Refused(Refusal::Replayed { .. }))) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            assert_eq!(accepted, 1);
        }
        assert_eq!(logins(&server, &id).await, i64::try_from(ROUNDS).unwrap());
        store_testing::report!(
            "PostgreSQL: {ROUNDS} rounds of {CALLERS} transactions with one right code: one login in each"
        );
    });
}

/// The connection is cut at each step in turn. The login and its used code must both be stored or neither, and both if
/// the login was reported.
#[test]
fn a_login_that_is_cut_off_is_whole_or_not_there() {
    let server = server();
    let proxy = Proxy::new(server.address());
    block_on(async {
        let provider = Provider::new(patient().connect(&server.url_at(proxy.address())).await.unwrap());
        let id = provider.enroll("rossi").await;
        let (mut told, mut untold, mut failed) = (0, 0, 0);
        for step in 0..60 {
            let _ = provider.failures(&id).await;
            let before = logins(&server, &id).await;
            match step % 2 {
                0 => proxy.cut_answer_after(usize::try_from(step / 2 % 10).unwrap()),
                _ => proxy.cut_request_after(usize::try_from(step).unwrap() * 15),
            }
            let result = provider.log_in(&id, &code(step), step).await;
            // A cut that has not happened yet must not hit the next login.
            proxy.cut();
            // A cut that did not hit the login hits this call.
            let is_used = provider.has_used(&id, step).await;
            let is_there = logins(&server, &id).await > before;
            assert_eq!(is_there, is_used, "in round {step}: {result:?}");
            match result {
                Ok(_) => {
                    assert!(is_there);
                    told += 1;
                }
                Err(_) if is_there => untold += 1,
                Err(_) => failed += 1,
            }
        }
        store_testing::report!(
            "PostgreSQL: 60 logins cut off: {told} reported, {untold} done but not reported, {failed} not done"
        );
        assert!(told > 0 && untold > 0 && failed > 0);
    });
}

#[test]
fn a_transaction_ends_in_time() {
    let server = server();
    block_on(async {
        let provider = Provider::new(impatient().connect(&server.url()).await.unwrap());
        let patient = Provider::new(patient().connect(&server.url()).await.unwrap());
        let id = patient.enroll("rossi").await;
        let slow = async |transaction: &Transaction<'_>, _: &Accepted| {
            transaction.execute(LOGIN, &[&id.as_str()]).await?;
            transaction.execute("SELECT pg_sleep(3600)", &[]).await
        };
        let failed = provider.log_in_and(&id, &code(0), 0, slow).await;
        assert!(matches!(failed, Err(TransactionError::Verifier(VerifierError::Store(PostgresStoreError::Timeout)))));
        assert_eq!(logins(&server, &id).await, 0);
        // The entry stays locked until the server has ended the statement.
        let (_accepted, _) = patient.log_in(&id, &code(0), 0).await.unwrap();
        assert_eq!(logins(&server, &id).await, 1);
    });
}

/// The work of two logins locks two rows in opposite order. The work that the server ends is undone.
#[test]
fn a_deadlock_is_an_error() {
    let server = server();
    block_on(async {
        let rows =
            "CREATE TABLE quota (name text PRIMARY KEY, used integer); INSERT INTO quota VALUES ('a', 0), ('b', 0)";
        session(&server.url()).await.batch_execute(rows).await.unwrap();
        let provider = Arc::new(Provider::new(patient().connect(&server.url()).await.unwrap()));
        let both_have_one = Arc::new(tokio::sync::Barrier::new(2));
        let log_in = |id: AccountId, first: &'static str, second: &'static str| {
            let (provider, both_have_one) = (provider.clone(), both_have_one.clone());
            tokio::spawn(async move {
                let work = async |transaction: &Transaction<'_>, _: &Accepted| {
                    let take = "UPDATE quota SET used = used + 1 WHERE name = $1";
                    transaction.execute(take, &[&first]).await?;
                    both_have_one.wait().await;
                    transaction.execute(take, &[&second]).await
                };
                let result = provider.log_in_and(&id, &code(0), 0, work).await;
                assert!(provider.is_used(&id, 0).await);
                result
            })
        };
        let ids = [provider.enroll("one").await, provider.enroll("two").await];
        let (one, two) = (log_in(ids[0], "a", "b"), log_in(ids[1], "b", "a"));
        let results = [one.await.unwrap(), two.await.unwrap()];
        let failed: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        let [TransactionError::Work(error)] = failed.as_slice() else { panic!("{results:?}") };
        assert_eq!(error.code().unwrap().code(), "40P01");
        let used = "SELECT sum(used) FROM quota";
        let used: i64 = session(&server.url()).await.query_one(used, &[]).await.unwrap().get(0);
        assert_eq!(used, 2);
    });
}
