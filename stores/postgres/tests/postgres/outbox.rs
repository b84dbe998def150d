//! Events in the outbox, which are there exactly when their decisions are.

use std::sync::{Arc, Mutex};

use secondo::audit::{Event, Operator, Sink};
use secondo::types::AuthenticatorNumber;
use secondo::{Accepted, AccountId, Policy, Refusal, Verifier, VerifierError};
use secondo_postgres::{InTransaction, Outbox, PostgresStoreError, TransactionError};
use store_testing::{Proxy, Server};
use tokio_postgres::{Client, Error, Row, Transaction};

use crate::transactions::{LOGIN, Provider, TESTS, authenticator, code, fresh, logins, never, server, time, wrong};
use crate::{block_on, id, patient, session};

/// The statement of the documentation.
const TAKE: &str = include_str!("../../src/take_events.sql");

type Verdict<T> = Result<T, VerifierError<PostgresStoreError>>;

/// Returns a verifier in the transaction, with its outbox.
fn recorded<'a>(provider: &Provider, store: InTransaction<'a>) -> Verifier<InTransaction<'a>> {
    provider.verifier(store).with_sink(store.outbox())
}

/// Verifies a code in a transaction with an outbox.
async fn log_in<T, E>(
    provider: &Provider,
    id: &AccountId,
    code: &str,
    step: u64,
    work: impl AsyncFnOnce(&Transaction<'_>, &Accepted) -> Result<T, E>,
) -> Result<T, TransactionError<E>> {
    let verify =
        async |store: InTransaction<'_>| recorded(provider, store).verify(id, &fresh(), code, time(step)).await;
    provider.store.transaction(verify, work).await.map(|(_accepted, done)| done)
}

async fn nothing<V>(_: &Transaction<'_>, _: &V) -> Result<(), Error> {
    Ok(())
}

/// Returns the action, the outcome and the revision of each event, in the order of their ids.
async fn events(client: &Client) -> Vec<(String, String, Option<i64>)> {
    let read = "SELECT action, outcome, revision FROM secondo_outbox ORDER BY id";
    let rows = client.query(read, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

async fn count(client: &Client) -> usize {
    events(client).await.len()
}

/// A sink of the provider, which keeps events as text and passes them on to the outbox.
struct Both(Outbox, Arc<Mutex<Vec<String>>>);

impl Sink for Both {
    fn record(&self, event: &Event<'_>) {
        self.0.record(event);
        let operator = event.operator.map(|Operator { name, reason }| (name, reason)).unzip();
        let (time, number) = (event.time.as_secs(), event.authenticator.map(AuthenticatorNumber::get));
        let decision = (event.action.label(), number, event.problem.unwrap_or("done"));
        let change = (event.remaining, event.revision, operator, event.must_notify());
        self.1.lock().unwrap().push(format!("{:?}", (time, event.account.as_str(), decision, change)));
    }
}

/// Returns a row as the text that [`Both`] keeps.
fn text(row: &Row) -> String {
    let (time, account): (i64, &str) = (row.get("time"), row.get("account"));
    let (action, outcome): (&str, &str) = (row.get("action"), row.get("outcome"));
    let number: Option<i64> = row.get("authenticator");
    let (remaining, revision): (Option<i16>, Option<i64>) = (row.get("remaining"), row.get("revision"));
    let (operator, reason): (Option<&str>, Option<&str>) = (row.get("operator"), row.get("reason"));
    let must_notify: bool = row.get("must_notify");
    format!("{:?}", (time, account, (action, number, outcome), (remaining, revision, (operator, reason), must_notify)))
}

#[test]
fn each_decision_is_a_row_with_the_fields_of_its_event() {
    let server = server();
    block_on(async {
        let provider = &Provider::new(patient().connect(&server.url()).await.unwrap());
        let (id, unknown, login) = (&id("rossi"), &id("unknown"), &fresh());
        let lines = &Arc::<Mutex<Vec<_>>>::default();
        let steps = 10;
        for step in 0..steps {
            let verb = async |store: InTransaction<'_>| -> Verdict<()> {
                let policy = Policy::new().with_failure_cap(2).unwrap();
                let verifier =
                    Verifier::new(store, provider.keys.clone(), policy).with_sink(Both(store.outbox(), lines.clone()));
                match step {
                    0 => verifier.enroll(id, login, authenticator(), time(0)).await.map(drop),
                    1 => {
                        let number = verifier.view(id, time(0)).await?.authenticators[0].number;
                        verifier.confirm(id, login, number, &code(0), time(0)).await.map(drop)
                    }
                    2 | 3 => verifier.verify(id, &fresh(), &wrong(1), time(1)).await.map(drop),
                    4 | 6 => verifier.verify(id, &fresh(), &code(1), time(1)).await.map(drop),
                    5 => verifier.unlock(id, TESTS, time(1)).await,
                    7 => verifier.suspend(id, TESTS, time(1)).await,
                    8 => verifier.verify(id, &fresh(), &code(2), time(2)).await.map(drop),
                    _ => verifier.verify(unknown, &fresh(), &code(2), time(2)).await.map(drop),
                }
            };
            let _ = provider.store.transaction(verb, nothing).await;
        }
        let other = session(&server.url()).await;
        let expected = [
            ("enroll", "done", Some(1)),
            ("confirm", "done", Some(2)),
            ("verify", "wrong", Some(3)),
            ("verify", "wrong", Some(4)),
            ("verify", "locked", None),
            ("unlock", "done", Some(5)),
            ("verify", "done", Some(6)),
            ("suspend", "done", Some(7)),
            ("verify", "suspended", None),
            ("verify", "unknown", None),
        ];
        let expected = expected.map(|(action, outcome, revision)| (action.into(), outcome.into(), revision));
        assert_eq!(events(&other).await, expected);
        let rows: Vec<_> = other.query(TAKE, &[]).await.unwrap().iter().map(text).collect();
        assert_eq!(rows, *lines.lock().unwrap());
    });
}

#[test]
fn the_events_of_a_transaction_keep_their_order() {
    let server = server();
    block_on(async {
        let provider = &Provider::new(patient().connect(&server.url()).await.unwrap());
        let id = &provider.enroll("rossi").await;
        let verify = async |store: InTransaction<'_>| {
            let verifier = recorded(provider, store);
            for _ in 0..50 {
                verifier.verify(id, &fresh(), &wrong(0), time(0)).await.unwrap_err();
            }
            // A clone of the sink belongs to the same transaction.
            let second = provider.verifier(store).with_sink(store.outbox().clone());
            second.suspend(id, TESTS, time(0)).await
        };
        provider.store.transaction(verify, nothing).await.unwrap();
        let events = events(&session(&server.url()).await).await;
        let revisions: Vec<_> = events.iter().map(|(_, _, revision)| revision.unwrap()).collect();
        assert_eq!(revisions, (2..=52).collect::<Vec<_>>());
        assert_eq!(events[50].0, "suspend");
    });
}

#[test]
fn only_a_verifier_with_the_outbox_writes_to_it() {
    let server = server();
    block_on(async {
        let provider = &Provider::new(patient().connect(&server.url()).await.unwrap());
        let (id, other) = (&provider.enroll("rossi").await, session(&server.url()).await);
        let _accepted = provider.verifier(&provider.store).verify(id, &fresh(), &code(0), time(0)).await.unwrap();
        let _accepted = provider.log_in(id, &code(1), 1).await.unwrap();
        assert_eq!(count(&other).await, 0);

        // A verifier that keeps the outbox after its transaction works on.
        let mut kept = None;
        let verify = async |store: InTransaction<'_>| {
            kept = Some(store.outbox());
            recorded(provider, store).verify(id, &fresh(), &code(2), time(2)).await
        };
        let _accepted = provider.store.transaction(verify, nothing).await.unwrap();
        let verifier = provider.verifier(&provider.store).with_sink(kept.unwrap());
        let _accepted = verifier.verify(id, &fresh(), &code(3), time(3)).await.unwrap();
        assert_eq!(count(&other).await, 1);
    });
}

#[test]
fn the_event_stays_when_the_work_fails() {
    let server = server();
    block_on(async {
        let provider = &Provider::new(patient().connect(&server.url()).await.unwrap());
        let (id, other) = (&provider.enroll("rossi").await, session(&server.url()).await);

        let says_no = async |transaction: &Transaction<'_>, _: &Accepted| {
            transaction.execute(LOGIN, &[&id.as_str()]).await.unwrap();
            Err::<(), _>("no")
        };
        let failed = log_in(provider, id, &code(0), 0, says_no).await;
        assert!(matches!(failed, Err(TransactionError::Work("no"))), "{failed:?}");

        let aborts = async |transaction: &Transaction<'_>, _: &Accepted| {
            let _ = transaction.execute("INSERT INTO login VALUES (NULL)", &[]).await;
            Ok::<_, Error>(())
        };
        let failed = log_in(provider, id, &code(1), 1, aborts).await;
        assert!(matches!(failed, Err(TransactionError::Verifier(VerifierError::Store(_)))), "{failed:?}");

        let events = events(&other).await;
        assert_eq!(events, [2, 3].map(|revision| ("verify".into(), "done".into(), Some(revision))));
        assert!(provider.has_used(id, 1).await);
        assert_eq!(logins(&server, id).await, 0);
    });
}

#[test]
fn a_decision_that_is_rolled_back_has_no_event() {
    let server = server();
    block_on(async {
        let provider = &Provider::new(patient().connect(&server.url()).await.unwrap());
        let (id, other) = (&provider.enroll("rossi").await, session(&server.url()).await);

        // The work ends the transaction by itself.
        for (step, end) in (0..).zip(["ROLLBACK", "COMMIT"]) {
            let ends = async |transaction: &Transaction<'_>, _: &Accepted| transaction.batch_execute(end).await;
            log_in(provider, id, &code(step), step, ends).await.unwrap_err();
            let is_committed = end == "COMMIT";
            assert_eq!(provider.has_used(id, step).await, is_committed, "{end}");
            assert_eq!(count(&other).await, usize::from(is_committed), "{end}");
        }

        // A statement of `verify` fails after a decision.
        let trigger = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
            CREATE TRIGGER fail BEFORE INSERT ON secondo_entry FOR EACH ROW EXECUTE FUNCTION fail()";
        other.batch_execute(trigger).await.unwrap();
        let verify = async |store: InTransaction<'_>| {
            let verifier = recorded(provider, store);
            let _accepted = verifier.verify(id, &fresh(), &code(2), time(2)).await.unwrap();
            verifier.enroll(&crate::id("new"), &fresh(), authenticator(), time(2)).await
        };
        let failed = provider.store.transaction(verify, never).await;
        let Err(TransactionError::Verifier(VerifierError::Store(PostgresStoreError::Server(code)))) = failed else {
            panic!("{failed:?}")
        };
        assert_eq!(code.code(), "P0001", "the failed statement's own error");
        assert!(!provider.has_used(id, 2).await);
        assert_eq!(count(&other).await, 1);
    });
}

#[test]
fn a_server_that_is_killed_before_the_commit_has_neither() {
    let server = server();
    block_on(async {
        let provider = &Provider::new(patient().connect(&server.url()).await.unwrap());
        let id = &provider.enroll("rossi").await;
        let kill = async |_: &Transaction<'_>, _: &Accepted| {
            server.kill();
            Ok::<_, Error>(())
        };
        let failed = log_in(provider, id, &code(0), 0, kill).await;
        assert!(matches!(failed, Err(TransactionError::Verifier(VerifierError::Store(_)))), "{failed:?}");
        server.restart();
        assert!(!provider.has_used(id, 0).await);
        assert_eq!(count(&session(&server.url()).await).await, 0);
        log_in(provider, id, &code(0), 0, nothing).await.unwrap();
        assert_eq!(count(&session(&server.url()).await).await, 1);
    });
}

/// The connection is cut at each step in turn. The used code and its event must both be stored or neither.
#[test]
fn a_decision_that_is_cut_off_has_its_event_or_did_not_happen() {
    let server = server();
    let proxy = Proxy::new(server.address());
    block_on(async {
        let provider = &Provider::new(patient().connect(&server.url_at(proxy.address())).await.unwrap());
        let (id, other) = (&provider.enroll("rossi").await, session(&server.url()).await);
        let (mut told, mut untold, mut failed) = (0, 0, 0);
        for step in 0..60 {
            // The connection is open before it is cut.
            let _ = provider.has_used(id, step).await;
            let before = count(&other).await;
            match step % 2 {
                0 => proxy.cut_answer_after(usize::try_from(step / 2 % 8).unwrap()),
                _ => proxy.cut_request_after(usize::try_from(step).unwrap() * 30),
            }
            let result = log_in(provider, id, &code(step), step, nothing).await;
            // A cut that has not happened yet must not hit the next login.
            proxy.cut();
            let is_used = provider.has_used(id, step).await;
            let is_there = count(&other).await > before;
            assert_eq!(is_there, is_used, "in round {step}: {result:?}");
            match result {
                Ok(()) => {
                    assert!(is_there);
                    told += 1;
                }
                Err(_) if is_there => untold += 1,
                Err(_) => failed += 1,
            }
        }
        store_testing::report!(
            "PostgreSQL: 60 logins with events cut off: {told} reported, {untold} done but not reported, {failed} not \
             done"
        );
        assert!(told > 0 && untold > 0 && failed > 0);
    });
}

/// Without its event a decision is not committed, and the caller gets no verdict.
#[test]
fn an_event_that_cannot_be_written_is_an_outage() {
    let server = server();
    block_on(async {
        let owner = session(&server.url()).await;
        owner.batch_execute("CREATE ROLE idp LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO idp").await.unwrap();
        let as_idp = server.url().replace("postgres@", "idp@");
        let provider = &Provider::new(patient().connect(&as_idp).await.unwrap());
        let (id, unknown) = (&provider.enroll("rossi").await, &id("unknown"));
        let disk_full = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE 'rossi' USING ERRCODE = '53100'; END $$;
            CREATE TRIGGER fail BEFORE INSERT ON secondo_outbox FOR EACH ROW EXECUTE FUNCTION fail()";
        for (fault, label) in [("REVOKE INSERT ON secondo_outbox FROM idp", "server"), (disk_full, "disk_full")] {
            owner.batch_execute(fault).await.unwrap();
            for (id, code) in [(id, code(0)), (id, wrong(0)), (unknown, code(0))] {
                let failed = log_in(provider, id, &code, 0, never).await;
                let Err(TransactionError::Verifier(VerifierError::Store(error))) = failed else { panic!("{failed:?}") };
                assert_eq!(error.label(), label);
            }
            assert!(!provider.has_used(id, 0).await);
            assert_eq!(provider.failures(id).await, 0);
            owner.batch_execute("GRANT INSERT ON secondo_outbox TO idp").await.unwrap();
        }
        assert_eq!(count(&owner).await, 0);
        let _accepted = provider.log_in(id, &code(0), 0).await.unwrap();
    });
}

#[test]
fn every_text_of_an_operator_is_written() {
    let server = server();
    block_on(async {
        let reason = "perch\u{e9} \u{6f22}\u{1f511}\0'\\x00";
        let cleaned = "perch\u{e9} \u{6f22}\u{1f511}\u{fffd}'\\x00";
        let escaped = r"perch\303\251 \346\274\242\360\237\224\221\357\277\275'\\x00";
        for (encoding, expected) in [("UTF8", cleaned), ("SQL_ASCII", cleaned), ("LATIN1", escaped)] {
            let create = format!("CREATE DATABASE {encoding} ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C'");
            session(&server.url()).await.batch_execute(&create).await.unwrap();
            let url = format!("postgres://postgres@{}/{}", server.address(), encoding.to_lowercase());
            patient().migrate(&url).await.unwrap();
            let provider = &Provider::new(patient().connect(&url).await.unwrap());
            let id = &provider.enroll("rossi").await;
            let suspend = async |store: InTransaction<'_>| {
                let longest = "\0".repeat(1_000_000);
                recorded(provider, store).suspend(id, Operator::new(&longest, reason), time(0)).await
            };
            provider.store.transaction(suspend, nothing).await.unwrap();
            let read = session(&url).await.query_one("SELECT reason FROM secondo_outbox", &[]).await.unwrap();
            assert_eq!(read.get::<_, &str>(0), expected, "{encoding}");
        }
    });
}

#[test]
fn events_of_guesses_at_once_have_revisions_without_gaps() {
    const CALLERS: usize = 8;
    const GUESSES: usize = 10;
    let server = server();
    block_on(async {
        let provider = Arc::new(Provider::new(patient().connect(&server.url()).await.unwrap()));
        let id = provider.enroll("rossi").await;
        let guess = || {
            let provider = provider.clone();
            tokio::spawn(async move {
                for _ in 0..GUESSES {
                    let refused = log_in(&provider, &id, &wrong(0), 0, never).await;
                    let Err(TransactionError::Verifier(error)) = refused else { panic!("{refused:?}") };
                    assert!(matches!(error, VerifierError::Refused(Refusal::Wrong { .. })), "{error:?}");
                }
            })
        };
        for guess in (0..CALLERS).map(|_| guess()).collect::<Vec<_>>() {
            guess.await.unwrap();
        }
        let read = "SELECT revision, remaining FROM secondo_outbox ORDER BY revision";
        let rows = session(&server.url()).await.query(read, &[]).await.unwrap();
        let changes: Vec<(i64, i16)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        // The account was imported without an outbox, with the revision 1.
        let expected: Vec<_> = (2..).zip((0..100).rev()).take(CALLERS * GUESSES).collect();
        assert_eq!(changes, expected);
    });
}

/// Returns the ids that a reader takes.
async fn take(reader: &(impl tokio_postgres::GenericClient + Sync)) -> Vec<i64> {
    reader.query(TAKE, &[]).await.unwrap().iter().map(|row| row.get("id")).collect()
}

#[test]
fn readers_at_once_take_each_row_once() {
    const ROWS: i64 = 2_000;
    let server = server();
    block_on(async {
        let (mut one, mut two) = (session(&server.url()).await, session(&server.url()).await);
        let fill = "INSERT INTO secondo_outbox (time, account, action, outcome, must_notify)
            SELECT 0, 'rossi', 'verify', 'done', false FROM generate_series(1, $1)";
        for reader in [&one, &two] {
            reader.batch_execute("SET lock_timeout = '30s'").await.unwrap();
        }

        // Two transactions commit in the other order. The row that appears late is taken as well.
        let late = one.transaction().await.unwrap();
        late.execute(fill, &[&1_i32]).await.unwrap();
        two.execute(fill, &[&1_i32]).await.unwrap();
        assert_eq!(take(&two).await, [2]);
        late.commit().await.unwrap();
        assert_eq!(take(&two).await, [1]);

        // No reader waits for another, and the rows of a reader that fails are taken again.
        one.execute(fill, &[&i32::try_from(ROWS).unwrap()]).await.unwrap();
        let fails = one.transaction().await.unwrap();
        assert_eq!(take(&fails).await, (3..=102).collect::<Vec<_>>());
        let beside = two.transaction().await.unwrap();
        assert_eq!(take(&beside).await, (103..=202).collect::<Vec<_>>());
        fails.rollback().await.unwrap();
        beside.rollback().await.unwrap();

        let reader = |client: Client| {
            tokio::spawn(async move {
                let mut taken = Vec::new();
                loop {
                    match take(&client).await {
                        ids if ids.is_empty() => return taken,
                        ids => taken.extend(ids),
                    }
                }
            })
        };
        let (one, two) = (reader(one), reader(two));
        let (mut taken, by_two) = (one.await.unwrap(), two.await.unwrap());
        taken.extend(by_two);
        taken.sort_unstable();
        assert_eq!(taken, (3..ROWS + 3).collect::<Vec<_>>());
    });
}
