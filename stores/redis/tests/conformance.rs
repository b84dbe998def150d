//! The conformance suite, on one server and on a cluster.

use std::thread;
use std::time::{Duration, SystemTime};

use secondo::UnixTime;
use secondo::store::conformance::{Harness, NotApplicable, check};
use secondo_redis::{RedisOptions, RedisStore};
use store_testing::{Proxy, Redis};
use tokio::runtime::Runtime;

struct One {
    runtime: Runtime,
    redis: Redis,
    proxy: Proxy,
}

impl Harness for One {
    type Store<'a> = RedisStore;

    fn connect(&self) -> RedisStore {
        RedisOptions::new()
            .with_timeout(Duration::from_secs(20))
            .connect(&format!("redis://{}", self.proxy.address()))
            .unwrap()
    }
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
    fn forget_expired(&self, now: UnixTime) {
        while UnixTime::try_from(SystemTime::now()).unwrap() < now {
            thread::sleep(Duration::from_millis(50));
        }
    }
    fn break_next_write(&self) -> Result<(), NotApplicable> {
        self.proxy.cut_answer_after(1);
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
    let harness = One { runtime: Runtime::new().unwrap(), redis, proxy };
    let report = check(&harness).unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!(report.not_applicable().count(), 0, "{report}");
}
