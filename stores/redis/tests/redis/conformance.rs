//! The public suite, with all checks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use secondo::UnixTime;
use secondo::store::conformance::{Harness, NotApplicable, check, check_listing};
use secondo_redis::RedisStore;
use store_testing::{Engine, Proxy, Redis, Server};

use crate::cluster::Cluster;
use crate::{Patient, block_on, command};

fn wait_until(now: UnixTime) {
    while UnixTime::now().unwrap() < now {
        thread::sleep(Duration::from_millis(50));
    }
}

struct One {
    redis: Redis,
    proxy: Proxy,
    broken: AtomicU64,
}

impl Harness for One {
    type Store<'a> = RedisStore;

    fn connect(&self) -> RedisStore {
        Patient::open(&format!("redis://{}", self.proxy.address()))
    }
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        block_on(future)
    }
    fn forget_expired(&self, now: UnixTime) {
        wait_until(now);
    }
    fn break_next_write(&self) -> Result<(), NotApplicable> {
        // The greeting of a new connection has under 300 bytes, and the request with the suite's longest value over
        // 4,000.
        match self.broken.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => self.proxy.cut_request_after(700),
            // The first answer is the one to the greeting.
            _ => self.proxy.cut_answer_after(1),
        }
        Ok(())
    }
    fn restart(&self) -> Result<(), NotApplicable> {
        self.redis.kill();
        self.redis.restart();
        Ok(())
    }
}

#[test]
fn one_server_keeps_the_contract() {
    let redis = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let proxy = Proxy::new(redis.address());
    let report = check(&One { redis, proxy, broken: AtomicU64::new(0) });
    let report = report.unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!(report.not_applicable().count(), 0, "{report}");
}

#[test]
fn one_server_lists_its_ids() {
    let redis = Redis::start(&[]);
    let proxy = Proxy::new(redis.address());
    check_listing(&One { redis, proxy, broken: AtomicU64::new(0) }).unwrap();
}

impl Harness for Cluster {
    type Store<'a> = RedisStore;

    fn connect(&self) -> RedisStore {
        self.each(|node| command::<()>(node, &["CONFIG", "SET", "min-replicas-to-write", "0"]));
        Patient::open(&self.urls())
    }
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        block_on(future)
    }
    fn forget_expired(&self, now: UnixTime) {
        wait_until(now);
    }
    fn break_next_write(&self) -> Result<(), NotApplicable> {
        // This lasts until the suite opens its next handle.
        self.each(|node| command::<()>(node, &["CONFIG", "SET", "min-replicas-to-write", "9"]));
        Ok(())
    }
    fn restart(&self) -> Result<(), NotApplicable> {
        Server::kill(self);
        Server::restart(self);
        Ok(())
    }
}

#[test]
fn a_cluster_keeps_the_contract() {
    let report = check(&Cluster::start(3)).unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!(report.not_applicable().count(), 0, "{report}");
}
