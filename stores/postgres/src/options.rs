use alloc::sync::Arc;
use core::fmt;
use core::num::NonZeroU16;
use core::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;

use crate::pool::Pool;
use crate::tls::Tls;
use crate::{PostgresStore, PostgresStoreError, address, migration};

/// The settings of a store and its connections.
///
/// By default there are at most 16 connections, at most 1,024 calls wait for one, a call takes at most 2 seconds, and
/// other hosts need TLS.
///
/// ```no_run
/// # async fn example() -> Result<(), secondo_postgres::PostgresStoreError> {
/// use std::time::Duration;
///
/// use secondo_postgres::PostgresOptions;
///
/// let options = PostgresOptions::new().with_timeout(Duration::from_secs(1));
/// options.migrate("postgres://owner@localhost/idp").await?;
/// let store = options.connect("postgres://idp@localhost/idp").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "options do nothing until `connect` or `migrate` is called"]
pub struct PostgresOptions {
    connections: NonZeroU16,
    queue: u16,
    timeout: Duration,
    tls: Tls,
    plaintext: bool,
}

impl PostgresOptions {
    /// The longest timeout: 1 hour.
    pub const MAX_TIMEOUT: Duration = Duration::from_secs(60 * 60);

    const CONNECTIONS: NonZeroU16 = NonZeroU16::MIN.saturating_add(15);

    /// Creates the default settings, without TLS.
    pub const fn new() -> Self {
        Self {
            connections: Self::CONNECTIONS,
            queue: 1_024,
            timeout: Duration::from_secs(2),
            tls: Tls::No,
            plaintext: false,
        }
    }

    /// Sets the largest number of connections at a time. They are opened when they are needed, and kept.
    ///
    /// The server can have three times as many for a moment. A connection that the store has closed ends there with its
    /// statement, at the latest after twice the [timeout](Self::with_timeout).
    pub const fn with_connections(mut self, connections: NonZeroU16) -> Self {
        self.connections = connections;
        self
    }

    /// Sets the largest number of calls that wait for a connection. A further call fails at once with
    /// [`PostgresStoreError::Busy`].
    pub const fn with_queue(mut self, calls: u16) -> Self {
        self.queue = calls;
        self
    }

    /// Sets the time that a call may take, including all waits. A time above [`Self::MAX_TIMEOUT`] is reduced to it.
    ///
    /// A call that takes longer fails with [`PostgresStoreError::Busy`] if it had no connection by then, and otherwise
    /// with [`PostgresStoreError::Timeout`]. A verification makes two calls to the store, and two more for each
    /// conflict.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(Self::MAX_TIMEOUT);
        self
    }

    /// Sets TLS for every connection, with the certificates that this configuration trusts.
    ///
    /// Connecting to a server without TLS then fails, whatever the connection string says.
    ///
    /// The name in the certificate must be the host of the connection string. Name the cryptography provider: if other
    /// crates of the program bring a second one, `ClientConfig::builder` panics.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    ///
    /// use secondo_postgres::PostgresOptions;
    /// use secondo_postgres::rustls::crypto::ring;
    /// use secondo_postgres::rustls::pki_types::CertificateDer;
    /// use secondo_postgres::rustls::pki_types::pem::PemObject;
    /// use secondo_postgres::rustls::{ClientConfig, RootCertStore};
    ///
    /// let mut roots = RootCertStore::empty();
    /// for certificate in CertificateDer::pem_file_iter("/etc/idp/postgres-ca.pem")? {
    ///     roots.add(certificate?)?;
    /// }
    /// let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    /// let config = config.with_safe_default_protocol_versions()?;
    /// let config = config.with_root_certificates(roots).with_no_client_auth();
    /// let store = PostgresOptions::new().with_tls(config).connect("postgres://idp@db.example/idp").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn with_tls(mut self, config: rustls::ClientConfig) -> Self {
        self.tls = Tls::Rustls(tokio_postgres_rustls::MakeRustlsConnect::new(config));
        self
    }

    /// Allows connections to other hosts without TLS, which are refused otherwise, even with `sslmode=disable`.
    ///
    /// An attacker who reads the network then learns what authenticates the store's role. One who changes its traffic
    /// can answer with an old record, so that a used code is accepted again. Allow it only if something else protects
    /// the network, for example a VPN. Sockets and the host itself (`localhost`, 127.0.0.0/8 and `::1`) need no TLS.
    pub const fn with_plaintext(mut self, allowed: bool) -> Self {
        self.plaintext = allowed;
        self
    }

    /// Creates the tables, or brings them to the version of this library.
    ///
    /// This is one transaction. If the tables have this version already, it changes nothing. The tables are created in
    /// the schema that is first on the `search_path`. The role needs the right to create them there, while the store
    /// itself needs [fewer rights](crate#rights). Several processes may call this method at once. It must end within
    /// the [timeout](Self::with_timeout), and otherwise fails.
    ///
    /// # Errors
    ///
    /// Returns [`PostgresStoreError::NewerSchema`] if the tables are newer than this library,
    /// [`PostgresStoreError::Options`] if the connection string cannot be used, and other errors as calls of the store
    /// do.
    pub async fn migrate(&self, url: &str) -> Result<(), PostgresStoreError> {
        let config = self.config(url)?;
        let migrated = timeout(self.timeout, migration::run(&config, &self.tls)).await;
        migrated.unwrap_or(Err(PostgresStoreError::Timeout))
    }

    /// Connects to the server, and checks that the tables have the version of this library.
    ///
    /// The connection string has [the format of `tokio-postgres`](tokio_postgres::Config), which is close to that of
    /// `libpq`. If it names several hosts, the store uses the one that takes writes. A part that is not understood is
    /// an error, which says what to write instead.
    ///
    /// | connection string | leads to |
    /// |---|---|
    /// | `postgres://idp:password@localhost:5432/idp` | a server on this host |
    /// | `postgres://idp@%2Frun%2Fpostgresql/idp` | a Unix socket, by its folder |
    /// | `postgres://idp:password@db.internal/idp` | another host, for which [`with_tls`](Self::with_tls) is called |
    /// | `postgres://idp@db1.internal,db2.internal/idp` | the one of two hosts that takes writes |
    ///
    /// In a user, a password or any other part, `@` is `%40`, `:` is `%3A`, `/` is `%2F`, `?` is `%3F`, `#` is `%23`,
    /// `&` is `%26`, `=` is `%3D`, and `%` is `%25`.
    ///
    /// # Errors
    ///
    /// Returns [`PostgresStoreError::Options`] if the connection string cannot be used, and other errors if the store
    /// cannot be used now.
    pub async fn connect(&self, url: &str) -> Result<PostgresStore, PostgresStoreError> {
        let config = self.config(url)?;
        let pool = Pool::new(config, self.tls.clone(), self.timeout, self.connections.get(), self.queue);
        let place = pool.place().await?;
        let connection = place.in_time(place.connection()).await?;
        place.keep(connection);
        drop(place);
        Ok(PostgresStore { pool: Arc::new(pool) })
    }

    fn config(&self, url: &str) -> Result<Config, PostgresStoreError> {
        let mut config = address::parse(url)?;
        self.tls.apply(&mut config)?;
        if self.tls.is_none() && !self.plaintext {
            address::must_be_private(&config)?;
        }
        // A standby may answer with old data, and a used code would be accepted again.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_connect_timeout().is_none() {
            // A host that does not answer must leave time for the next one.
            let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
            let addresses = u32::try_from(hosts).unwrap_or(u32::MAX).saturating_add(1);
            config.connect_timeout(self.timeout / addresses);
        }
        if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
            // A connection that a firewall dropped is noticed before a login needs it.
            config
                .keepalives_idle(Duration::from_secs(30))
                .keepalives_interval(Duration::from_secs(5))
                .keepalives_retries(3);
        }
        Ok(config)
    }
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("connections", &self.connections)
            .field("queue", &self.queue)
            .field("timeout", &self.timeout)
            .field("plaintext", &self.plaintext)
            .finish_non_exhaustive()
    }
}
