use alloc::string::String;
use alloc::vec::Vec;
use core::num::{NonZeroU8, NonZeroU16};
use core::time::Duration;

use redis::cluster::ClusterClientBuilder;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{Client, ConnectionAddr, ConnectionInfo, ProtocolVersion, RedisConnectionInfo, TlsMode};
use tokio::sync::Mutex;

use crate::address;
use crate::connection::{Connections, Server};
use crate::script::Exchanges;
use crate::store::{Calls, Inner, wait};
use crate::{RedisStore, RedisStoreError};

/// The settings of a store in Redis.
///
/// By default there is 1 connection, at most 1,024 calls are under way, a call takes at most 2 seconds, keys begin with
/// `secondo:`, writes do not wait for replicas, and other hosts need TLS.
///
/// ```no_run
/// use core::time::Duration;
/// use secondo_redis::RedisOptions;
///
/// let options = RedisOptions::new().with_timeout(Duration::from_secs(1));
/// let store = options.connect("redis://idp:password@localhost:6379/0")?;
/// # Ok::<(), secondo_redis::RedisStoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisOptions {
    prefix: String,
    connections: NonZeroU8,
    calls: NonZeroU16,
    timeout: Duration,
    replicas: u8,
    plaintext: bool,
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
            plaintext: false,
        }
    }

    /// Sets the prefix of all keys: 2 to 64 visible ASCII characters without braces, such as `tenant1:`. The last one
    /// is a colon, and no other is.
    ///
    /// So a prefix is never the start of another one, and each key belongs to one prefix: the account `1alice` of the
    /// tenant `t1:` is not the account `alice` of `t11:`. Braces are excluded, since a cluster would then keep all
    /// entries on one node. The prefix is checked when the store is created.
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

    /// Allows addresses of other hosts without TLS, which are refused otherwise.
    ///
    /// An attacker who reads the network then learns the password of the store's user. One who changes its traffic can
    /// answer with an old record, so that a used code is accepted again. Allow it only if something else protects the
    /// network, for example a VPN. Sockets and the host itself (`localhost`, 127.0.0.0/8 and `::1`) need no TLS.
    #[must_use]
    pub const fn with_plaintext(mut self, allowed: bool) -> Self {
        self.plaintext = allowed;
        self
    }

    /// Creates a store in the Redis server at this address, which must be a primary.
    ///
    /// | address | leads to |
    /// |---|---|
    /// | `redis://user:password@localhost:6379/0` | a server on this host, and its database 0; all but the host may be left out |
    /// | `rediss://user:password@redis.internal` | another host by TLS, with the feature `tls` |
    /// | `unix:///run/redis.sock?db=1&user=idp&pass=secret` | a Unix socket, on Unix; what follows `?` may be left out |
    ///
    /// In users and passwords, these characters must be percent-encoded: `/` is `%2F`, `?` is `%3F`, `#` is `%23`, `@`
    /// is `%40`, `:` is `%3A`, `%` is `%25`, and a space is `%20`. In the address of a socket, also `&`, which is
    /// `%26`, and `+`, which is `%2B`. `valkey` may stand for `redis`.
    ///
    /// Connections are made when the first calls come. So a database that the server does not have is
    /// [`RedisStoreError::Database`] from each call. Make a call when the program starts.
    ///
    /// # Errors
    ///
    /// Returns [`RedisStoreError::Address`] if the address cannot be used, and [`RedisStoreError::Prefix`] if the
    /// prefix cannot.
    pub fn connect(self, url: &str) -> Result<RedisStore, RedisStoreError> {
        let address = self.address(url)?;
        let settings = settings(&address);
        let client = Client::open(address.set_redis_settings(settings))?;
        self.store(Server::One(client.into()))
    }

    /// Creates a store in the primary that Sentinels know.
    ///
    /// The first argument is the addresses of the Sentinels, with the users and passwords that they ask for. The second
    /// one is the address of the primary, with its name at the Sentinels in place of a host and a port:
    ///
    /// ```no_run
    /// use secondo_redis::RedisOptions;
    ///
    /// let sentinels = ["rediss://sentinel-1.internal:26379", "rediss://sentinel-2.internal:26379"];
    /// # if cfg!(feature = "tls") {
    /// let store = RedisOptions::new().connect_sentinel(sentinels, "rediss://idp:password@mymaster/0")?;
    /// # }
    /// # Ok::<(), secondo_redis::RedisStoreError>(())
    /// ```
    ///
    /// Each new connection asks the Sentinels for the primary, and asks that server if it is one. After a fail-over,
    /// the connections to the old primary break, and the next call leads to the new one. Until then, calls fail with
    /// [`RedisStoreError::Primary`] or [`RedisStoreError::Connection`]. One of the Sentinels must answer. One that does
    /// not answer at all costs a second of the [timeout](Self::with_timeout).
    ///
    /// A primary without TLS needs [`Self::with_plaintext`] wherever it is, since only the Sentinels know its host. See
    /// the [safe settings](crate#safe-settings) for what a fail-over loses.
    ///
    /// # Errors
    ///
    /// Returns [`RedisStoreError::Address`] if an address cannot be used, and [`RedisStoreError::Prefix`] if the prefix
    /// cannot.
    pub fn connect_sentinel<'u>(
        self,
        sentinels: impl IntoIterator<Item = &'u str>,
        primary: &str,
    ) -> Result<RedisStore, RedisStoreError> {
        let sentinels: Vec<_> = sentinels.into_iter().map(|url| self.address(url)).collect::<Result<_, _>>()?;
        if sentinels.is_empty() {
            return Err(RedisStoreError::Address("there must be an address of a Sentinel"));
        }
        let primary = address::parse(primary)?;
        let node = SentinelNodeConnectionInfo::default().set_redis_connection_info(settings(&primary));
        let (name, node) = match primary.addr() {
            ConnectionAddr::Tcp(..) if !self.plaintext => return Err(RedisStoreError::Address(address::PLAINTEXT)),
            ConnectionAddr::Tcp(name, _) => (name, node),
            ConnectionAddr::TcpTls { host: name, .. } => (name, node.set_tls_mode(TlsMode::Secure)),
            _ => return Err(RedisStoreError::Address("Sentinels know no sockets: write `redis://` and the name")),
        };
        let client = SentinelClient::build(sentinels, name.clone(), Some(node), SentinelServerType::Master)?;
        self.store(Server::Sentinel(Mutex::new(client).into()))
    }

    /// Creates a store in the cluster that has nodes at these addresses.
    ///
    /// At least one of these nodes must answer at the first call, and it names the others. User, password and TLS are
    /// the same for all nodes. Connections are made when the first calls come. A cluster has no numbered databases.
    ///
    /// # Errors
    ///
    /// Returns [`RedisStoreError::Address`] if an address cannot be used, and [`RedisStoreError::Prefix`] if the prefix
    /// cannot.
    pub fn connect_cluster<'u>(self, urls: impl IntoIterator<Item = &'u str>) -> Result<RedisStore, RedisStoreError> {
        let nodes: Vec<_> = urls.into_iter().map(|url| self.address(url)).collect::<Result<_, _>>()?;
        if nodes.iter().any(|node| node.redis_settings().db() != 0) {
            return Err(RedisStoreError::Address("a cluster has no numbered databases"));
        }
        // Half of the timeout leaves time for a second attempt.
        let attempt = self.timeout / 2;
        let client = ClusterClientBuilder::new(nodes)
            .use_protocol(ProtocolVersion::RESP3)
            .connection_timeout(attempt)
            .response_timeout(attempt)
            .overall_response_timeout(None)
            .tcp_settings(lasting(self.timeout))
            .build()
            .map_err(|_| {
                RedisStoreError::Address("a cluster needs addresses of nodes, with one user, password and kind of TLS")
            })?;
        self.store(Server::Cluster(client.into()))
    }

    fn address(&self, url: &str) -> Result<ConnectionInfo, RedisStoreError> {
        let address = address::parse(url)?;
        if !self.plaintext {
            address::must_be_private(&address)?;
        }
        Ok(address)
    }

    fn store(self, server: Server) -> Result<RedisStore, RedisStoreError> {
        let visible = |byte: u8| byte.is_ascii_graphic() && byte != b'{' && byte != b'}';
        let ends = self.prefix.find(':').is_some_and(|colon| colon > 0 && colon + 1 == self.prefix.len());
        if self.prefix.len() > 64 || !ends || !self.prefix.bytes().all(visible) {
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

/// Returns the user, the password and the database of an address, for RESP3, by which the client notices at once when
/// the server closes a connection.
fn settings(address: &ConnectionInfo) -> RedisConnectionInfo {
    address.redis_settings().clone().set_protocol(ProtocolVersion::RESP3)
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
