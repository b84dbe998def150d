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

/// The settings of a store in Redis.
///
/// By default there is 1 connection, at most 1,024 calls are under way, a call takes at most 2 seconds, keys begin with
/// `secondo:`, and writes do not wait for replicas.
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
    /// Creates the default settings.
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

    /// Sets the prefix of all keys: 1 to 64 visible ASCII characters without braces.
    ///
    /// Braces are excluded, since a cluster would then keep all entries on one node. The prefix is checked when the
    /// store is created.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the number of connections, in a cluster to each of its nodes.
    ///
    /// The connections are used in turn, each by any number of calls at once. One connection is the fastest on a fast
    /// network, since requests that come together travel together.
    #[must_use]
    pub const fn with_connections(mut self, connections: NonZeroU8) -> Self {
        self.connections = connections;
        self
    }

    /// Sets the number of calls that may be under way. A further one fails at once with [`RedisStoreError::Busy`].
    #[must_use]
    pub const fn with_calls(mut self, calls: NonZeroU16) -> Self {
        self.calls = calls;
        self
    }

    /// Sets the time that a call may take, including connecting, before it fails with [`RedisStoreError::Timeout`].
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the number of replicas that must have received a write before its exchange is answered.
    ///
    /// An exchange waits for them for at most a quarter of the timeout. If fewer have the write then, it fails with
    /// [`RedisStoreError::Replication`]. The default of 0 waits for none.
    ///
    /// A connection does nothing else while it waits, so it makes one exchange in the time that a replica takes. Set as
    /// many [connections](Self::with_connections) as there are exchanges at once, so that they do not wait for each
    /// other.
    #[must_use]
    pub const fn with_replicas(mut self, replicas: u8) -> Self {
        self.replicas = replicas;
        self
    }

    /// Creates a store in the Redis server at this address, which must be a primary.
    ///
    /// The address is `redis://`, or `rediss://` with the feature `tls`, followed by the host. `user:password@` may
    /// stand before the host, and `:port` and `/database` after it. Connections are made when the first calls come.
    ///
    /// # Errors
    ///
    /// Returns [`RedisStoreError::Address`] if the address cannot be used, and [`RedisStoreError::Prefix`] if the
    /// prefix cannot.
    pub fn connect(self, url: &str) -> Result<RedisStore, RedisStoreError> {
        let client = client(url).map_err(|_| RedisStoreError::Address)?;
        self.store(Server::One(client.into()))
    }

    /// Creates a store in the cluster that has nodes at these addresses.
    ///
    /// At least one of these nodes must answer at the first call, and it names the others. User, password and TLS are
    /// the same for all nodes. Connections are made when the first calls come.
    ///
    /// # Errors
    ///
    /// Returns [`RedisStoreError::Address`] if an address cannot be used, and [`RedisStoreError::Prefix`] if the prefix
    /// cannot.
    pub fn connect_cluster<'u>(self, urls: impl IntoIterator<Item = &'u str>) -> Result<RedisStore, RedisStoreError> {
        let nodes: RedisResult<Vec<_>> = urls.into_iter().map(address).collect();
        let nodes = nodes.map_err(|_| RedisStoreError::Address)?;
        // Half of the timeout leaves time for a second attempt.
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
    // With RESP3, the client notices at once when the server closes a connection.
    let settings = address.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(address.set_redis_settings(settings))
}

fn address(url: &str) -> RedisResult<ConnectionInfo> {
    #[cfg(feature = "tls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // This fails if another thread was faster, and then a provider is installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    url.into_connection_info()
}

/// Returns settings with which the operating system ends a connection that acknowledges no bytes for this time.
///
/// A cluster's client keeps such a connection until then. Only Linux supports this.
fn lasting(time: Duration) -> TcpSettings {
    #[cfg(target_os = "linux")]
    return TcpSettings::default().set_user_timeout(time);
    #[cfg(not(target_os = "linux"))]
    return TcpSettings::default();
}
