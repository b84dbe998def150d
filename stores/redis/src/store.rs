use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;

use redis::{Cmd, ErrorKind, Pipeline, RedisResult, ServerErrorKind, cmd};
use secondo::store::{Entry, Enumerate, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};
use tokio::time::timeout;

use crate::RedisStoreError;
use crate::connection::{Connections, Request};
use crate::scan::Scan;
use crate::script::{Arguments, Exchanges, REVISION_LEN};

/// A store in Redis or Valkey, from [`RedisOptions`](crate::RedisOptions). Clones share the connections.
///
/// Its futures must run on Tokio, with I/O and time enabled. If a future is dropped early, its request may or may not
/// have been sent. The server performs a request as a whole or not at all.
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) connections: Connections,
    pub(crate) prefix: String,
    pub(crate) exchanges: Exchanges,
    pub(crate) calls: Calls,
    pub(crate) timeout: Duration,
    /// The command that waits for replicas, and the number of them.
    pub(crate) wait: Option<(Cmd, u32)>,
}

impl RedisStore {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }
}

impl Store for RedisStore {
    type Error = RedisStoreError;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, RedisStoreError> {
        self.0.in_time(self.0.load(id)).await
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, RedisStoreError> {
        let next = Revision::new(getrandom::u64().map_err(|_| RedisStoreError::Random)?);
        let key = self.0.key(id);
        let exchange = Arguments { key: &key, expected, next, value: value.as_ref(), expiry };
        self.0.in_time(self.0.compare_exchange(&exchange)).await
    }
}

/// Lists the ids in their order, with a scan of the whole database for each list of 10,000: see the crate's docs.
///
/// Returns [`RedisStoreError::Cluster`] in a cluster.
impl Enumerate for RedisStore {
    async fn ids_after(&self, after: Option<&AccountId>) -> Result<Vec<AccountId>, RedisStoreError> {
        let Inner { connections, prefix, calls, timeout, .. } = &*self.0;
        let _call = calls.begin().ok_or(RedisStoreError::Busy)?;
        let mut scan = Scan::new(prefix, after);
        connections.query_each(*timeout, |answer| scan.next(answer)).await?;
        Ok(scan.into_ids())
    }
}

impl Inner {
    async fn in_time<T>(&self, call: impl Future<Output = Result<T, RedisStoreError>>) -> Result<T, RedisStoreError> {
        let _call = self.calls.begin().ok_or(RedisStoreError::Busy)?;
        timeout(self.timeout, call).await.unwrap_or(Err(RedisStoreError::Timeout))
    }

    fn key(&self, id: &AccountId) -> String {
        format!("{}{id}", self.prefix)
    }

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, RedisStoreError> {
        let mut get = cmd("GET");
        get.arg(self.key(id));
        let held: Option<Vec<u8>> = self.connections.query(&Request::One(get)).await?;
        held.map(entry).transpose()
    }

    async fn compare_exchange(&self, exchange: &Arguments<'_>) -> Result<Exchange, RedisStoreError> {
        let answer = match self.answer(self.exchanges.by_name(exchange)).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.answer(Exchanges::in_full(exchange)).await?
            }
            answer => answer?,
        };
        match (answer.first(), answer.get(1), &self.wait) {
            (Some(0), ..) => Ok(Exchange::Conflict),
            (Some(1), Some(replicas), Some((_, wanted))) if replicas < wanted => {
                Err(RedisStoreError::Replication(*replicas))
            }
            (Some(1), Some(_), Some(_)) | (Some(1), None, None) => Ok(Exchange::Stored),
            _ => Err(RedisStoreError::Answer),
        }
    }

    /// Returns the answer of the script, followed by the number of replicas that have the write if it waits for them.
    async fn answer(&self, script: Cmd) -> RedisResult<Vec<u32>> {
        let Some((wait, _)) = &self.wait else {
            return Ok(vec![self.connections.query(&Request::One(script)).await?]);
        };
        let mut commands = Pipeline::with_capacity(2);
        commands.add_command(script).add_command(wait.clone());
        self.connections.query(&Request::Together(commands)).await
    }
}

/// The number of calls under way, and its limit.
///
/// A semaphore has a queue with a lock, which cost a tenth of the measured rate.
pub(crate) struct Calls {
    most: usize,
    under_way: AtomicUsize,
}

impl Calls {
    pub(crate) const fn new(most: usize) -> Self {
        Self { most, under_way: AtomicUsize::new(0) }
    }

    fn begin(&self) -> Option<Call<'_>> {
        // Its drop counts down again, also if the call may not begin.
        let call = Call(&self.under_way);
        (self.under_way.fetch_add(1, Ordering::Relaxed) < self.most).then_some(call)
    }
}

struct Call<'c>(&'c AtomicUsize);

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Creates the command that waits for this number of replicas, for at most this time.
pub(crate) fn wait(replicas: u32, time: Duration) -> Cmd {
    let mut command = cmd("WAIT");
    // To Redis, 0 means no limit.
    let milliseconds = u32::try_from(time.as_millis()).unwrap_or(u32::MAX).max(1);
    command.arg(replicas).arg(milliseconds);
    command
}

fn entry(mut held: Vec<u8>) -> Result<Entry, RedisStoreError> {
    let revision = held.first_chunk::<REVISION_LEN>().ok_or(RedisStoreError::Corrupt)?;
    let revision = Revision::new(u64::from_be_bytes(*revision));
    held.drain(..REVISION_LEN);
    Ok(Entry { revision, value: Value::from(held) })
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisStore(..)")
    }
}
