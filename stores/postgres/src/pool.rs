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

/// A pool with a limited number of connections, and of calls that wait for one.
///
/// Each connection serves one call at a time, and returns to the pool if the call succeeds. After an error, a timeout
/// or a dropped future, an answer may still arrive on the connection, so it is closed.
pub(crate) struct Pool {
    config: Config,
    tls: Tls,
    timeout: Duration,
    /// The permits for calls, both those with a connection and those that wait for one.
    calls: Semaphore,
    /// The permits for connections in use.
    connections: Semaphore,
    /// The connections that are free. The one that was used last is used next.
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

    /// Waits for the permit to use a connection. The timeout of the call begins now.
    pub(crate) async fn place(&self) -> Result<Place<'_>, PostgresStoreError> {
        let deadline = Instant::now() + self.timeout;
        let call = self.calls.try_acquire();
        let call = call.map_err(|_: TryAcquireError| PostgresStoreError::Busy)?;
        let connection = timeout_at(deadline, self.connections.acquire()).await;
        let Ok(Ok(connection)) = connection else { return Err(PostgresStoreError::Busy) };
        Ok(Place { pool: self, deadline, _permits: (call, connection) })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A panic cannot leave a push or a pop half done.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's permit to use one connection until a deadline.
pub(crate) struct Place<'p> {
    pool: &'p Pool,
    deadline: Instant,
    _permits: (SemaphorePermit<'p>, SemaphorePermit<'p>),
}

impl Place<'_> {
    /// Waits for a call to end, but not beyond the deadline.
    pub(crate) async fn in_time<T, E: From<PostgresStoreError>>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        timeout_at(self.deadline, call).await.unwrap_or(Err(PostgresStoreError::Timeout.into()))
    }

    /// Returns a connection from the pool, or opens a new one.
    pub(crate) async fn connection(&self) -> Result<Connection, PostgresStoreError> {
        loop {
            let kept = self.pool.idle().pop();
            match kept {
                Some(kept) if kept.client.is_closed() => {}
                Some(kept) => return Ok(kept),
                None => {
                    // Boxed, since this future is large and rarely needed.
                    let open = Connection::open(&self.pool.config, &self.pool.tls, self.pool.timeout);
                    return Box::pin(open).await;
                }
            }
        }
    }

    /// Puts a connection whose call has succeeded back into the pool.
    pub(crate) fn keep(&self, connection: Connection) {
        self.pool.idle().push(connection);
    }

    /// Puts a connection whose call has succeeded back into the pool, after statements of the provider may have run on
    /// it.
    ///
    /// The session state that these left is reset first. If that fails, the connection is closed.
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
