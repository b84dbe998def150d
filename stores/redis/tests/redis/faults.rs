//! Faults of one server and of the connections to it.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU16;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use secondo::UnixTime;
use secondo::store::{Exchange, Store, Value};
use secondo_redis::{RedisOptions, RedisStoreError};
use store_testing::{Engine, Redis, Server};
use tokio::task::JoinSet;

use crate::{
    Impatient, Patient, RUNTIME, Within, block_on, command, count_up, exchange, id, load, must_store, revision, until,
};

#[test]
fn scripts_that_are_flushed_under_load_are_sent_again() {
    let redis = Redis::start(&[]);
    let store = Patient::open(&redis.url());
    let callers: Vec<_> = (0..8)
        .map(|n| {
            let store = store.clone();
            RUNTIME.spawn(async move { count_up(&store, &format!("id/{n}"), 300).await })
        })
        .collect();
    let mut flushed = 0;
    while !callers.iter().all(tokio::task::JoinHandle::is_finished) {
        command::<()>(redis.address(), &["SCRIPT", "FLUSH"]);
        flushed += 1;
    }
    for caller in callers {
        block_on(caller).unwrap();
    }
    let sent = command::<String>(redis.address(), &["INFO", "commandstats"]).contains("cmdstat_eval:");
    assert!(sent && flushed > 0, "the script was flushed {flushed} times, but not sent again");
}

#[test]
fn a_server_that_takes_no_writes_says_why_and_still_answers() {
    let redis = Redis::start(&[]);
    let store = Patient::open(&redis.url());
    block_on(async {
        must_store(&store, "id", None, b"before").await;
        for (setting, code) in [(["maxmemory", "1"], "OOM"), (["min-replicas-to-write", "1"], "NOREPLICAS")] {
            let held = revision(&store, "id").await;
            command::<()>(redis.address(), &["CONFIG", "SET", setting[0], setting[1]]);
            for (id, expected) in [("id", Some(held)), ("new", None)] {
                let outcome = exchange(&store, id, expected, b"after").await;
                assert!(matches!(&outcome, Err(RedisStoreError::Server(seen)) if &**seen == code), "{outcome:?}");
            }
            assert_eq!(revision(&store, "id").await, held);
            command::<()>(redis.address(), &["CONFIG", "SET", setting[0], "0"]);
            must_store(&store, "id", Some(held), b"after").await;
        }
    });
}

/// A server that has become a replica is left: its name may lead to another one by now. Other refusals cost no
/// connection.
#[test]
fn only_a_replica_loses_its_connections() {
    let redis = Redis::start(&[]);
    let store = RedisOptions::new().with_timeout(Patient::TIMEOUT).connect(&redis.url()).unwrap();
    let connections = || {
        let list: String = command(redis.address(), &["CLIENT", "LIST", "TYPE", "NORMAL"]);
        let others = list.lines().filter(|line| !line.contains("cmd=client"));
        others.map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    block_on(async {
        must_store(&store, "id", None, b"before").await;
        let first = connections();
        assert_eq!(first.len(), 1);
        command::<()>(redis.address(), &["RPUSH", "secondo:list", "item"]);
        assert!(matches!(load(&store, "list").await, Err(RedisStoreError::Corrupt)));
        load(&store, "id").await.unwrap();
        assert_eq!(connections(), first);

        command::<()>(redis.address(), &["REPLICAOF", "127.0.0.1", "1"]);
        let refused = exchange(&store, "new", None, b"value").await;
        assert!(matches!(&refused, Err(RedisStoreError::Server(code)) if &**code == "READONLY"), "{refused:?}");
    });
    until("left", || connections().is_empty());
}

#[test]
fn what_others_wrote_under_a_key_is_no_entry_and_stays() {
    let redis = Redis::start(&[]);
    let store = Patient::open(&redis.url());
    block_on(async {
        command::<()>(redis.address(), &["RPUSH", "secondo:list", "item"]);
        assert!(matches!(load(&store, "list").await, Err(RedisStoreError::Corrupt)));
        assert!(matches!(exchange(&store, "list", None, b"value").await, Err(RedisStoreError::Corrupt)));
        for (id, held) in [("empty", ""), ("short", "1234567")] {
            let key = format!("secondo:{id}");
            command::<()>(redis.address(), &["SET", &key, held]);
            assert!(matches!(load(&store, id).await, Err(RedisStoreError::Corrupt)));
            assert_eq!(exchange(&store, id, None, b"value").await.unwrap(), Exchange::Conflict);
            assert_eq!(command::<String>(redis.address(), &["GET", &key]), held);
        }
    });
}

#[test]
fn the_server_forgets_at_the_second_that_was_asked_for() {
    let redis = Redis::start(&[]);
    let store = Patient::open(&redis.url());
    let expires = |name: &str, secs: u64, expected| {
        let store = store.clone();
        let (id, key) = (id(name), format!("secondo:{name}"));
        block_on(async {
            let expiry = Some(UnixTime::from_secs(secs).unwrap());
            let stored = store.compare_exchange(&id, expected, Value::from(&b"value"[..]), expiry).await;
            assert_eq!(stored.unwrap(), Exchange::Stored);
        });
        command::<i64>(redis.address(), &["EXPIRETIME", &key])
    };
    assert_eq!(expires("later", 4_000_000_000, None), 4_000_000_000);
    let held = block_on(revision(&store, "later"));
    assert_eq!(expires("later", 5_000_000_000, Some(held)), 5_000_000_000);
    assert_eq!(expires("never", 253_402_300_799, None), 253_402_300_799);
    // An answer of -2 means that the key no longer exists.
    assert_eq!(expires("at-once", 1_000_000_000, None), -2);
    assert_eq!(expires("first", 0, None), -2);
    block_on(async {
        let held = revision(&store, "later").await;
        must_store(&store, "later", Some(held), b"value").await;
        assert_eq!(command::<i64>(redis.address(), &["EXPIRETIME", "secondo:later"]), -1);
    });
}

#[test]
fn one_call_too_many_is_told_at_once() {
    const CALLS: u16 = 3;

    let redis = Redis::start(&[]);
    let options = RedisOptions::new().with_calls(NonZeroU16::new(CALLS).unwrap()).with_timeout(Patient::TIMEOUT);
    let store = options.connect(&redis.url()).unwrap();
    block_on(async {
        redis.pause();
        let mut calls = JoinSet::new();
        for _ in 0..2 * CALLS {
            let store = store.clone();
            calls.spawn(async move { load(&store, "id").await });
        }
        let begun = Instant::now();
        for _ in 0..CALLS {
            let refused = calls.join_next().await.unwrap().unwrap();
            assert!(matches!(refused, Err(RedisStoreError::Busy)), "{refused:?}");
        }
        assert!(begun.elapsed() < Patient::TIMEOUT);
        redis.resume();
        for call in calls.join_all().await {
            call.unwrap();
        }
        load(&store, "id").await.unwrap();
    });
}

/// An idle connection that the server closed must be noticed before it is used.
#[test]
fn closed_connections_cost_no_call() {
    let redis = Redis::start(&[]);
    let store = Patient::open(&redis.url());
    block_on(async {
        for _ in 0..3 {
            for _ in 0..4 {
                load(&store, "id").await.unwrap();
            }
            redis.kill();
            redis.restart();
            // The connection is closed already. The client's tasks get time to notice it.
            tokio::time::sleep(Duration::from_secs(1)).await;
            count_up(&store, &format!("{:?}", Instant::now()).replace(' ', ""), 4).await;
        }
    });
}

/// A late answer must not go to the next caller.
#[test]
fn an_answer_after_the_timeout_is_nobodys() {
    let redis = Redis::start(&[]);
    let store = Impatient::open(&redis.url());
    block_on(async {
        for n in 0..4 {
            must_store(&store, &format!("id/{n}"), None, format!("value {n}").as_bytes()).await;
        }
        for round in 0..3 {
            redis.pause();
            for n in 0..4 {
                assert!(matches!(load(&store, &format!("id/{n}")).await, Err(RedisStoreError::Timeout)), "{round}");
            }
            redis.resume();
            for n in (0..4).rev() {
                let entry = load(&store, &format!("id/{n}")).await.unwrap().unwrap();
                assert_eq!(entry.value.as_ref(), format!("value {n}").as_bytes());
            }
        }
    });
}

/// Calls are dropped at any moment. Each is done or not, and other calls go on undisturbed.
#[test]
fn dropped_calls_leave_nothing_behind() {
    let redis = Redis::start(&[]);
    let store = RedisOptions::new().with_calls(NonZeroU16::new(4).unwrap()).with_timeout(Patient::TIMEOUT);
    let store = store.connect(&redis.url()).unwrap();
    block_on(async {
        must_store(&store, "id", None, &0_u64.to_be_bytes()).await;
        let (mut finished, mut stored_unseen) = (0, 0);
        for n in 1..=2_000_u64 {
            let entry = load(&store, "id").await.unwrap().unwrap();
            let held = u64::from_be_bytes(entry.value.as_ref().try_into().unwrap());
            let next = (held + 1).to_be_bytes();
            let mut call = pin!(exchange(&store, "id", Some(entry.revision), &next));
            let mut polls = 0;
            let outcome = poll_fn(|context| {
                polls += 1;
                match call.as_mut().poll(context) {
                    Poll::Pending if polls > n % 4 => Poll::Ready(None),
                    poll => poll.map(Some),
                }
            });
            if let Some(outcome) = outcome.await {
                assert_eq!(outcome.unwrap(), Exchange::Stored);
                finished += 1;
            } else {
                let now = load(&store, "id").await.unwrap().unwrap();
                let now = u64::from_be_bytes(now.value.as_ref().try_into().unwrap());
                assert!(now == held || now == held + 1);
                stored_unseen += u64::from(now > held);
            }
        }
        store_testing::report!("Redis: of 2000 calls {finished} ended; of the dropped calls {stored_unseen} were done");
        assert!(finished < 2_000);
        count_up(&store, "counted", 10).await;
    });
    until("closed", || {
        // The connection that asks is one of them.
        command::<String>(redis.address(), &["CLIENT", "LIST"]).lines().count() <= 3
    });
}

/// A proxy that can make its open connections swallow all data.
///
/// These connections stay open but never carry an answer, as behind a firewall that dropped them.
struct Swallower {
    address: SocketAddr,
    open: Arc<std::sync::Mutex<Vec<Arc<AtomicBool>>>>,
}

impl Swallower {
    fn new(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::<std::sync::Mutex<Vec<Arc<AtomicBool>>>>::default();
        let connections = open.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(server) else { continue };
                let swallows = Arc::new(AtomicBool::new(false));
                connections.lock().unwrap().push(swallows.clone());
                for (mut from, mut to) in [
                    (client.try_clone().unwrap(), server.try_clone().unwrap()),
                    (server.try_clone().unwrap(), client.try_clone().unwrap()),
                ] {
                    let swallows = swallows.clone();
                    thread::spawn(move || {
                        let mut buffer = [0; 16 * 1024];
                        while let Ok(read @ 1..) = from.read(&mut buffer) {
                            if !swallows.load(Ordering::Relaxed) && to.write_all(&buffer[..read]).is_err() {
                                break;
                            }
                        }
                    });
                }
            }
        });
        Self { address, open }
    }

    fn swallow(&self) {
        for swallows in self.open.lock().unwrap().drain(..) {
            swallows.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_connection_without_answers_is_given_up() {
    let redis = Redis::start(&[]);
    let swallower = Swallower::new(redis.address());
    let store = Within::<4_000>::open(&format!("redis://{}", swallower.address));
    block_on(async {
        must_store(&store, "id", None, b"value").await;
        for _ in 0..3 {
            load(&store, "id").await.unwrap();
            load(&store, "id").await.unwrap();
            swallower.swallow();
            // There are two connections: one call times out, and the other is dropped before its timeout.
            assert!(matches!(load(&store, "id").await, Err(RedisStoreError::Timeout)));
            let given_up = tokio::time::timeout(Duration::from_millis(1), load(&store, "id")).await;
            assert!(given_up.is_err());
            assert_eq!(load(&store, "id").await.unwrap().unwrap().value.as_ref(), b"value");
            assert_eq!(load(&store, "id").await.unwrap().unwrap().value.as_ref(), b"value");
        }
    });
}

#[test]
fn without_a_server_calls_fail_and_begin_to_work_when_it_comes() {
    let redis = Redis::start(&[]);
    redis.kill();
    let store = Patient::open(&redis.url());
    block_on(async {
        for _ in 0..4 {
            assert!(matches!(load(&store, "id").await, Err(RedisStoreError::Connection(_))));
        }
        redis.restart();
        count_up(&store, "id", 4).await;
    });
}
