use std::sync::atomic::{AtomicU64, Ordering};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, InfoDict, Script};
use secondo::AccountId;
use secondo_redis::{RedisOptions, RedisStore};
use store_testing::Redis;

use crate::failure::Failure;
use crate::load::Work;
use crate::{Engine, PATIENCE};

pub(crate) struct OfRedis(Redis);

impl Engine for OfRedis {
    const NAME: &'static str = "Redis";
    type Store = RedisStore;
    type Bare = Bare;

    fn settings() -> String {
        "appendonly yes, appendfsync always, no rewrites of the log, one connection".into()
    }

    async fn start(records: &[(AccountId, Vec<u8>)]) -> Result<Self, Failure> {
        let redis =
            Redis::start(&["--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"]);
        let patient =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
        let client = Client::open(redis.url())?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&patient).await?;
        for records in records.chunks(10_000) {
            let mut pipeline = redis::pipe();
            for (n, (id, record)) in records.iter().enumerate() {
                let value = [&(n as u64).to_be_bytes(), record.as_slice()].concat();
                pipeline.set(format!("secondo:{id}"), value).ignore();
            }
            pipeline.query_async::<()>(&mut connection).await?;
        }
        Ok(Self(redis))
    }

    async fn open(&self, _callers: usize) -> Result<RedisStore, Failure> {
        Ok(RedisOptions::new().connect(&self.0.url())?)
    }

    async fn bare(&self, _callers: usize, records: &[(AccountId, Vec<u8>)]) -> Result<Bare, Failure> {
        let client = Client::open(self.0.url())?;
        Ok(Bare {
            connection: client.get_multiplexed_async_connection().await?,
            script: Script::new(SCRIPT),
            keys: records.iter().map(|(id, _)| format!("secondo:{id}")).collect(),
            revision: AtomicU64::new(1 << 63),
        })
    }

    async fn written(&self) -> Result<u64, Failure> {
        let mut connection = Client::open(self.0.url())?.get_multiplexed_async_connection().await?;
        let info: InfoDict = redis::cmd("INFO").arg("persistence").query_async(&mut connection).await?;
        Ok(info.get("aof_current_size").unwrap())
    }
}

const SCRIPT: &str = "
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, 1, 8) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1";

pub(crate) struct Bare {
    /// The connection that all callers share, as in the store.
    connection: MultiplexedConnection,
    script: Script,
    keys: Vec<String>,
    revision: AtomicU64,
}

impl Work for Bare {
    async fn once(&self, account: usize) -> Result<(), Failure> {
        let mut connection = self.connection.clone();
        let key = &self.keys[account];
        let mut held: Vec<u8> = redis::cmd("GET").arg(key).query_async(&mut connection).await?;
        let expected: [u8; 8] = *held.first_chunk().unwrap();
        held[..8].copy_from_slice(&self.revision.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let mut call = self.script.key(key);
        let stored: u8 = call.arg(&expected[..]).arg(held).invoke_async(&mut connection).await?;
        if stored == 1 { Ok(()) } else { Err(Failure::CONFLICT) }
    }
}
