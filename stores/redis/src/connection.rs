use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::SentinelClient;
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, PushInfo, PushKind, RedisError, RedisResult,
    RetryMethod,
};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::RedisStoreError;

/// The server or cluster to which the connections lead.
pub(crate) enum Server {
    One(Box<Client>),
    /// The primary that Sentinels name. One connection at a time asks them.
    Sentinel(Box<tokio::sync::Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

/// A fixed number of connections, which are used in turn, each by any number of calls at once.
pub(crate) struct Connections {
    server: Server,
    first: Arc<Place>,
    others: Box<[Arc<Place>]>,
    next: AtomicUsize,
}

impl Connections {
    pub(crate) fn new(server: Server, others: u8) -> Self {
        let others = (0..others).map(|_| Arc::default()).collect();
        Self { server, first: Arc::default(), others, next: AtomicUsize::new(0) }
    }

    /// Sends the request over the connection whose turn it is, and returns the answer.
    pub(crate) async fn query<T: FromRedisValue>(&self, request: &Request) -> RedisResult<T> {
        let mut using = self.using();
        let connection = using.cell.get_or_try_init(|| self.connect(&using)).await?.clone();
        let answer = match connection {
            Connection::One(connection) => request.query(connection).await,
            Connection::Cluster(connection) => request.query(connection).await,
        };
        using.sound = answer.as_ref().err().is_none_or(spares_connection);
        answer
    }

    /// Sends requests one after another over one connection: each is made from the answer before, until that gives
    /// none.
    ///
    /// Every call of `next` begins a time limit for its request. Over two connections, the requests could reach two
    /// servers if another one takes over meanwhile.
    pub(crate) async fn query_each<T: FromRedisValue>(
        &self,
        limit: Duration,
        mut next: impl FnMut(Option<T>) -> Result<Option<Request>, RedisStoreError>,
    ) -> Result<(), RedisStoreError> {
        let mut using = self.using();
        let connect = using.cell.get_or_try_init(|| self.connect(&using));
        let connection = timeout(limit, connect).await.map_err(|_| RedisStoreError::Timeout)??.clone();
        let Connection::One(connection) = connection else { return Err(RedisStoreError::Cluster) };
        let mut answer = None;
        while let Some(request) = next(answer)? {
            using.sound = false;
            let answered = timeout(limit, request.query(connection.clone())).await;
            let answered = answered.map_err(|_| RedisStoreError::Timeout)?;
            using.sound = answered.as_ref().err().is_none_or(spares_connection);
            answer = Some(answered?);
        }
        Ok(())
    }

    /// Returns the next connection in turn.
    fn using(&self) -> Using<'_> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % (self.others.len() + 1);
        let place = self.others.get(turn).unwrap_or(&self.first);
        // A cluster's client repairs its connections itself, and a failure of one node does not concern the others.
        Using { place, cell: place.lock().clone(), sound: matches!(self.server, Server::Cluster(_)) }
    }

    async fn connect(&self, using: &Using<'_>) -> RedisResult<Connection> {
        match &self.server {
            Server::One(client) => connect(client, using).await,
            Server::Sentinel(sentinels) => connect(&sentinels.lock().await.async_get_client().await?, using).await,
            Server::Cluster(client) => client.get_async_connection().await.map(Connection::Cluster),
        }
    }
}

async fn connect(client: &Client, using: &Using<'_>) -> RedisResult<Connection> {
    let (place, cell) = (Arc::downgrade(using.place), Arc::downgrade(&using.cell));
    // The calls have a timeout of their own.
    let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
    let config = config.set_push_sender(move |push: PushInfo| {
        if push.kind == PushKind::Disconnection {
            clear(&place, &cell);
        }
        Ok::<(), RedisError>(())
    });
    client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::One)
}

pub(crate) enum Request {
    One(Cmd),
    /// Commands that are sent over one connection with nothing between them.
    Together(Pipeline),
}

impl Request {
    async fn query<T: FromRedisValue>(&self, mut connection: impl ConnectionLike + Send) -> RedisResult<T> {
        match self {
            Self::One(command) => command.query_async(&mut connection).await,
            Self::Together(commands) => commands.query_async(&mut connection).await,
        }
    }
}

#[derive(Clone)]
enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// A connection, once the first call has made it. Other calls wait for that.
type Cell = Arc<OnceCell<Connection>>;

#[derive(Default)]
struct Place(Mutex<Cell>);

impl Place {
    fn lock(&self) -> MutexGuard<'_, Cell> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Empties the place, so that the next call connects again, unless it has another connection by now.
    ///
    /// Calls that wait for an answer on the old connection still do.
    fn clear(&self, cell: &Cell) {
        let mut current = self.lock();
        if Arc::ptr_eq(&current, cell) {
            *current = Cell::default();
        }
    }
}

/// Empties a place as soon as its connection is closed, so that no call fails on it.
fn clear(place: &Weak<Place>, cell: &Weak<OnceCell<Connection>>) {
    if let (Some(place), Some(cell)) = (place.upgrade(), cell.upgrade()) {
        place.clear(&cell);
    }
}

/// A connection in use by a call.
///
/// If the call ends without an answer, by an error, by its timeout or because its future is dropped, the state of the
/// connection is unknown, and it is not used again.
struct Using<'p> {
    place: &'p Arc<Place>,
    cell: Cell,
    /// `true` if the connection may be used again.
    sound: bool,
}

impl Drop for Using<'_> {
    fn drop(&mut self) {
        if !self.sound {
            self.place.clear(&self.cell);
        }
    }
}

/// Returns `true` if the connection may be used again after this error, which is an answer of the server.
///
/// It may not if the server has become a replica, since its name may lead to another server by now.
fn spares_connection(error: &RedisError) -> bool {
    matches!(error.retry_method(), RetryMethod::NoRetry | RetryMethod::WaitAndRetry)
}
