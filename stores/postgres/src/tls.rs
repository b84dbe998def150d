use tokio::task::AbortHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, Socket};

use crate::PostgresStoreError;

/// The encryption of connections: always or never.
#[derive(Clone)]
pub(crate) enum Tls {
    No,
    #[cfg(feature = "tls")]
    Rustls(tokio_postgres_rustls::MakeRustlsConnect),
}

impl Tls {
    pub(crate) const fn is_none(&self) -> bool {
        matches!(self, Self::No)
    }

    /// Sets the mode in the configuration too, whose default would fall back to an unencrypted connection.
    pub(crate) fn apply(&self, config: &mut Config) -> Result<(), PostgresStoreError> {
        match self {
            Self::No if config.get_ssl_mode() == SslMode::Require => {
                Err(PostgresStoreError::Options("the connection string requires TLS, but `with_tls` was not called"))
            }
            Self::No => {
                config.ssl_mode(SslMode::Disable);
                Ok(())
            }
            #[cfg(feature = "tls")]
            Self::Rustls(_) => {
                config.ssl_mode(SslMode::Require);
                Ok(())
            }
        }
    }

    pub(crate) async fn connect(&self, config: &Config) -> Result<(Client, AbortHandle), tokio_postgres::Error> {
        match self {
            Self::No => connect(config, NoTls).await,
            #[cfg(feature = "tls")]
            Self::Rustls(tls) => connect(config, tls.clone()).await,
        }
    }
}

async fn connect<T>(config: &Config, tls: T) -> Result<(Client, AbortHandle), tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await?;
    let task = tokio::spawn(async move {
        // The calls that wait for an answer get this error.
        let _ = connection.await;
    });
    Ok((client, task.abort_handle()))
}
