//! Tests of the store on servers and clusters of their own.

mod cluster;
mod conformance;
mod faults;
mod listing;
mod options;
mod replicas;
mod scenarios;
mod sentinel;
#[cfg(feature = "tls")]
mod tls;

use std::net::SocketAddr;
use std::num::NonZeroU8;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use redis::{Client, FromRedisValue, RedisResult};
use secondo::AccountId;
use secondo::store::{Entry, Exchange, Revision, Store, Value};
use secondo_redis::{RedisOptions, RedisStore, RedisStoreError};
use store_testing::Engine;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// An engine with a timeout in milliseconds. Its address is a URL, or the URLs of a cluster separated by commas.
struct Within<const MILLISECONDS: u64>;

/// The engine for calls that must not fail, even on a slow machine.
type Patient = Within<30_000>;

/// The engine for calls that must end.
type Impatient = Within<500>;

impl<const MILLISECONDS: u64> Engine for Within<MILLISECONDS> {
    type Store = RedisStore;

    const NAME: &'static str = "Redis";
    const SHARED: bool = true;
    const TIMEOUT: Duration = Duration::from_millis(MILLISECONDS);

    fn open(address: &str) -> RedisStore {
        // Two connections take turns.
        let two = NonZeroU8::new(2).unwrap();
        let options = RedisOptions::new().with_connections(two).with_timeout(Self::TIMEOUT);
        let urls: Vec<_> = address.split(',').collect();
        match urls[..] {
            [url] => options.connect(url).unwrap(),
            _ => options.connect_cluster(urls).unwrap(),
        }
    }
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        block_on(future)
    }
}

#[test]
#[ignore = "a process that the other tests start"]
fn worker() {
    store_testing::worker::<Patient>();
}

/// The time to wait for something that must come, even on a slow machine.
///
/// A Sentinel that did not run for two seconds takes its clock for wrong, and appoints nobody for 30 seconds.
const PATIENCE: Duration = Duration::from_secs(180);

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "never {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a command to a server on a connection of its own.
fn try_command<T: FromRedisValue>(server: SocketAddr, line: &[&str]) -> RedisResult<T> {
    let mut connection = Client::open(format!("redis://{server}"))?.get_connection()?;
    redis::cmd(line[0]).arg(&line[1..]).query(&mut connection)
}

fn command<T: FromRedisValue>(server: SocketAddr, line: &[&str]) -> T {
    try_command(server, line).unwrap()
}

fn id(text: &str) -> AccountId {
    AccountId::new(text).unwrap()
}

async fn load(store: &RedisStore, id: &str) -> Result<Option<Entry>, RedisStoreError> {
    store.load(&self::id(id)).await
}

async fn exchange(
    store: &RedisStore,
    id: &str,
    expected: Option<Revision>,
    value: &[u8],
) -> Result<Exchange, RedisStoreError> {
    store.compare_exchange(&self::id(id), expected, Value::from(value), None).await
}

async fn must_store(store: &RedisStore, id: &str, expected: Option<Revision>, value: &[u8]) {
    assert_eq!(exchange(store, id, expected, value).await.unwrap(), Exchange::Stored);
}

/// Returns the revision of an entry that must exist.
async fn revision(store: &RedisStore, id: &str) -> Revision {
    load(store, id).await.unwrap().unwrap().revision
}

/// Adds 1 to a number under this id `times` times, and checks that each addition is stored once.
async fn count_up(store: &RedisStore, id: &str, times: u64) {
    for n in 0..times {
        let entry = load(store, id).await.unwrap();
        let (expected, held) = entry.map_or((None, 0), |entry| {
            (Some(entry.revision), u64::from_be_bytes(entry.value.as_ref().try_into().unwrap()))
        });
        assert_eq!(held, n);
        must_store(store, id, expected, &(n + 1).to_be_bytes()).await;
    }
}
