use alloc::string::String;
use alloc::vec::Vec;
use core::num::{NonZeroU8, NonZeroU16};
use core::time::Duration;

use redis::cluster::ClusterClientBuilder;
use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisResult};

use crate::connection::{Connections, Server};
use crate::script::Exchanges;
use crate::store::{Calls, Inner, wait};
use crate::{RedisStore, RedisStoreError};

/// How a store uses Redis.
///
/// The default: 1 connection, 1,024 calls at once, each within 2 seconds, keys that begin with `secondo:`, and no
/// waiting for replicas.
///
/// ```no_run
/// use core::time::Duration;
/// use secondo_redis::RedisOptions;
///
/// let store = RedisOptions::new().with_timeout(Duration::from_secs(1)).connect("redis://user:password@host:6379/0")?;
/// # Ok::<(), secondo_redis::RedisStoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisOptions {
    prefix: String,
    connections: NonZeroU8,
    calls: NonZeroU16,
    timeout: Duration,
    replicas: u8,
}

impl RedisOptions {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self {
            prefix: "secondo:".into(),
            connections: NonZeroU8::MIN,
            calls: const { NonZeroU16::new(1024).unwrap() },
            timeout: Duration::from_secs(2),
            replicas: 0,
        }
    }

    /// What keys begin with: 1 to 64 visible ASCII characters, no braces, for with them a cluster would keep all
    /// entries on one node.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The number of connections; with a cluster, to each of its nodes. They are used in turn, each by any number of
    /// calls at once.
    ///
    /// One is the fastest where the network is: requests that come together travel together.
    #[must_use]
    pub const fn with_connections(mut self, connections: NonZeroU8) -> Self {
        self.connections = connections;
        self
    }

    /// How many calls may be under way. One more fails at once with [`RedisStoreError::Busy`].
    #[must_use]
    pub const fn with_calls(mut self, calls: NonZeroU16) -> Self {
        self.calls = calls;
        self
    }

    /// How long a call may take, with connecting, before it fails with [`RedisStoreError::Timeout`].
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Has each exchange wait until so many replicas have it, for at most a quarter of the timeout; if fewer have, it
    /// fails with [`RedisStoreError::Replication`].
    ///
    /// A connection does nothing else while it waits, so each makes one exchange in the time that a replica takes: as
    /// many connections as exchanges wait at once keep them from waiting for each other.
    #[must_use]
    pub const fn with_replicas(mut self, replicas: u8) -> Self {
        self.replicas = replicas;
        self
    }

    /// A store in the Redis at this address: `redis://`, with the feature `tls` also `rediss://`, then as far as needed
    /// `user:password@`, the host, `:port` and `/database`. It must be a primary.
    ///
    /// Connections are made when the first calls come.
    ///
    /// # Errors
    ///
    /// [`RedisStoreError::Address`] or [`RedisStoreError::Prefix`].
    pub fn connect(self, url: &str) -> Result<RedisStore, RedisStoreError> {
        let client = client(url).map_err(|_| RedisStoreError::Address)?;
        self.store(Server::One(client.into()))
    }

    /// A store in the cluster that has nodes at these addresses, of which one must answer to begin with. User, password
    /// and TLS are the same for all.
    ///
    /// Connections are made when the first calls come.
    ///
    /// # Errors
    ///
    /// [`RedisStoreError::Address`] or [`RedisStoreError::Prefix`].
    pub fn connect_cluster<'u>(self, urls: impl IntoIterator<Item = &'u str>) -> Result<RedisStore, RedisStoreError> {
        let nodes: RedisResult<Vec<_>> = urls.into_iter().map(address).collect();
        let nodes = nodes.map_err(|_| RedisStoreError::Address)?;
        // Leaves time for a second attempt.
        let attempt = self.timeout / 2;
        let client = ClusterClientBuilder::new(nodes)
            .use_protocol(ProtocolVersion::RESP3)
            .connection_timeout(attempt)
            .response_timeout(attempt)
            .overall_response_timeout(None)
            .tcp_settings(lasting(self.timeout))
            .build()
            .map_err(|_| RedisStoreError::Address)?;
        self.store(Server::Cluster(client.into()))
    }

    fn store(self, server: Server) -> Result<RedisStore, RedisStoreError> {
        let visible = |byte: u8| byte.is_ascii_graphic() && byte != b'{' && byte != b'}';
        if !(1..=64).contains(&self.prefix.len()) || !self.prefix.bytes().all(visible) {
            return Err(RedisStoreError::Prefix);
        }
        let wait = |replicas: NonZeroU8| (wait(replicas.get().into(), self.timeout / 4), replicas.get().into());
        Ok(RedisStore::new(Inner {
            connections: Connections::new(server, self.connections.get() - 1),
            prefix: self.prefix,
            exchanges: Exchanges::new(),
            calls: Calls::new(self.calls.get().into()),
            timeout: self.timeout,
            wait: NonZeroU8::new(self.replicas).map(wait),
        }))
    }
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self::new()
    }
}

fn client(url: &str) -> RedisResult<Client> {
    let address = address(url)?;
    // With it the server's end of a connection is seen at once.
    let settings = address.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(address.set_redis_settings(settings))
}

fn address(url: &str) -> RedisResult<ConnectionInfo> {
    #[cfg(feature = "tls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails if another thread was faster, and then there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    url.into_connection_info()
}

/// Has the operating system end a connection that takes no bytes: the client of a cluster keeps it until then.
fn lasting(time: Duration) -> TcpSettings {
    #[cfg(target_os = "linux")]
    return TcpSettings::default().set_user_timeout(time);
    #[cfg(not(target_os = "linux"))]
    return TcpSettings::default();
}
