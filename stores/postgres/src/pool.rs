use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::Config;

use crate::PostgresStoreError;
use crate::connection::Connection;
use crate::tls::Tls;

/// A bounded number of connections, and of calls that wait for one.
///
/// A connection is its call's own, and comes back when that has ended well. After an error, a timeout or a future that
/// was dropped, an answer may still be under way on it: it is thrown away.
pub(crate) struct Pool {
    config: Config,
    tls: Tls,
    timeout: Duration,
    /// A permit for each call, whether it has a connection or waits for one.
    calls: Semaphore,
    /// A permit for each connection in use.
    connections: Semaphore,
    /// The one that was used last is used next.
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(crate) fn new(config: Config, tls: Tls, timeout: Duration, connections: u16, queue: u16) -> Self {
        Self {
            config,
            tls,
            timeout,
            calls: Semaphore::new(usize::from(connections) + usize::from(queue)),
            connections: Semaphore::new(connections.into()),
            idle: Mutex::default(),
        }
    }

    /// Waits for a place in which to have a connection; its time begins now.
    pub(crate) async fn place(&self) -> Result<Place<'_>, PostgresStoreError> {
        let deadline = Instant::now() + self.timeout;
        let call = self.calls.try_acquire();
        let call = call.map_err(|_: TryAcquireError| PostgresStoreError::Busy)?;
        let connection = timeout_at(deadline, self.connections.acquire()).await;
        let Ok(Ok(connection)) = connection else { return Err(PostgresStoreError::Busy) };
        Ok(Place { pool: self, deadline, _permits: (call, connection) })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A push or a pop is done or not, also if there was a panic.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Place<'p> {
    pool: &'p Pool,
    deadline: Instant,
    _permits: (SemaphorePermit<'p>, SemaphorePermit<'p>),
}

impl Place<'_> {
    /// Waits for a call to end, or for the end of its time.
    pub(crate) async fn in_time<T, E: From<PostgresStoreError>>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        timeout_at(self.deadline, call).await.unwrap_or(Err(PostgresStoreError::Timeout.into()))
    }

    /// A connection that was kept, or a new one.
    pub(crate) async fn connection(&self) -> Result<Connection, PostgresStoreError> {
        loop {
            let kept = self.pool.idle().pop();
            match kept {
                Some(kept) if kept.client.is_closed() => {}
                Some(kept) => return Ok(kept),
                None => {
                    // Apart, for it is long and seldom.
                    let open = Connection::open(&self.pool.config, &self.pool.tls, self.pool.timeout);
                    return Box::pin(open).await;
                }
            }
        }
    }

    /// Keeps a connection whose call has ended well.
    pub(crate) fn keep(&self, connection: Connection) {
        self.pool.idle().push(connection);
    }

    /// Keeps a connection whose call has ended well and may have run statements of the provider's. What these left on
    /// the session is undone first; if that fails, the connection is closed.
    pub(crate) async fn clean_and_keep(&self, mut connection: Connection) {
        if connection.is_used_by_provider {
            let cleaned = timeout_at(self.deadline, connection.clean()).await;
            if !matches!(cleaned, Ok(Ok(true))) {
                return;
            }
            connection.is_used_by_provider = false;
        }
        self.keep(connection);
    }
}
