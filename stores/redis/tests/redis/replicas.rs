//! Tests on a primary and its replica.

use std::time::Duration;

use secondo::store::Exchange;
use secondo_redis::{RedisOptions, RedisStore, RedisStoreError};
use store_testing::{Engine, Redis, Server};

use crate::{Patient, block_on, command, count_up, exchange, load, must_store, revision, until};

/// Starts a primary and a replica that has received all of its data.
pub(crate) fn pair() -> (Redis, Redis) {
    let primary = Redis::start(&["--repl-diskless-sync-delay", "0"]);
    let replica = Redis::start(&["--replicaof", "127.0.0.1", &primary.address().port().to_string()]);
    until("replicated", || command::<String>(primary.address(), &["INFO", "replication"]).contains("state=online"));
    (primary, replica)
}

/// Opens a store that waits for replicas, for a quarter of the timeout.
fn waiting(primary: &Redis, replicas: u8, timeout: Duration) -> RedisStore {
    RedisOptions::new().with_replicas(replicas).with_timeout(timeout).connect(&primary.url()).unwrap()
}

#[test]
fn an_exchange_waits_for_the_replicas() {
    let (primary, replica) = pair();
    let store = waiting(&primary, 1, Duration::from_secs(60));
    let on_replica = Patient::open(&replica.url());
    block_on(async {
        count_up(&store, "id", 100).await;
        // The replica has each value as soon as the exchange is answered.
        for n in 0..100_u8 {
            let held = revision(&store, "id").await;
            must_store(&store, "id", Some(held), &[n]).await;
            assert_eq!(load(&on_replica, "id").await.unwrap().unwrap().value.as_ref(), [n]);
        }
        assert_eq!(exchange(&store, "id", None, b"").await.unwrap(), Exchange::Conflict);
        let held = revision(&store, "id").await;
        let two = waiting(&primary, 2, Duration::from_secs(4));
        let outcome = exchange(&two, "id", Some(held), b"new").await;
        assert!(matches!(outcome, Err(RedisStoreError::Replication(1))), "{outcome:?}");
    });
}

#[test]
fn without_its_replica_an_exchange_is_an_error_and_service_resumes_with_it() {
    let (primary, replica) = pair();
    let store = waiting(&primary, 1, Duration::from_secs(4));
    block_on(async {
        must_store(&store, "id", None, b"old").await;
        let held = revision(&store, "id").await;
        replica.pause();
        let outcome = exchange(&store, "id", Some(held), b"new").await;
        assert!(matches!(outcome, Err(RedisStoreError::Replication(0))), "{outcome:?}");
        // The value is stored all the same, and later calls see it.
        assert_eq!(load(&store, "id").await.unwrap().unwrap().value.as_ref(), b"new");
        assert_eq!(exchange(&store, "id", Some(held), b"newer").await.unwrap(), Exchange::Conflict);
        replica.resume();
        count_up(&store, "counted", 10).await;
    });
}

#[test]
fn a_replica_takes_no_writes() {
    let (_primary, replica) = pair();
    let store = Patient::open(&replica.url());
    block_on(async {
        for _ in 0..4 {
            let error = exchange(&store, "id", None, b"value").await.unwrap_err();
            assert!(matches!(&error, RedisStoreError::Server(code) if &**code == "READONLY"), "{error:?}");
        }
        command::<()>(replica.address(), &["REPLICAOF", "NO", "ONE"]);
        count_up(&store, "id", 10).await;
    });
}
