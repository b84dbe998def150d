//! The store that the configuration names, with what its engine can do beyond loads and exchanges.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use secondo::store::{Boxed, Enumerate};
use secondo::{AccountId, UnixTime};
use secondo_postgres::{PostgresOptions, PostgresStore, PostgresStoreError};
use secondo_redb::RedbStore;
use secondo_redis::{RedisOptions, RedisStore};

use crate::config::Config;
use crate::outage::{Failure, Outage};

/// Returns the settings of a client that trusts only the authority of this certificate.
fn trusting(authority: &Path) -> Result<ClientConfig, Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", authority.display());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).map_err(|error| named(&error))?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    Ok(config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

/// Returns an error's text with its reason, such as a certificate of another authority.
fn with_reason(error: &PostgresStoreError) -> String {
    error.source().map_or_else(|| error.to_string(), |reason| format!("{error}: {reason}"))
}

/// The engine of the store. Clones share it.
#[derive(Clone)]
pub(crate) enum Engine {
    File(RedbStore),
    Postgres(PostgresStore),
    Redis(RedisStore),
}

impl Engine {
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        Ok(match config.store.as_str() {
            "file" => Self::File(RedbStore::open(&config.data)?),
            url if url.starts_with("postgres") => {
                let options = match &config.store_ca {
                    Some(path) => PostgresOptions::new().with_tls(trusting(path)?),
                    None => PostgresOptions::new(),
                };
                // In production, the owner of the tables migrates, and the provider has fewer rights.
                options.migrate(url).await.map_err(|error| with_reason(&error))?;
                Self::Postgres(options.connect(url).await?)
            }
            url if url.starts_with("redis") => Self::Redis(RedisOptions::new().connect(url)?),
            _ => return Err("store must be \"file\", or begin with postgres:// or redis://".into()),
        })
    }

    /// Returns the store for the verifier and the records.
    pub(crate) fn boxed(&self) -> Boxed {
        match self.clone() {
            Self::File(store) => Boxed::new(store),
            Self::Postgres(store) => Boxed::new(store),
            Self::Redis(store) => Boxed::new(store),
        }
    }

    /// Returns all ids, of accounts and of records.
    pub(crate) async fn ids(&self) -> Result<Vec<AccountId>, Outage> {
        let (store, mut ids) = (self.boxed(), Vec::new());
        loop {
            let more = store.ids_after(ids.last()).await?;
            if more.is_empty() {
                return Ok(ids);
            }
            ids.extend(more);
        }
    }

    /// Removes what has expired. Redis does that by itself.
    pub(crate) async fn purge(&self, now: UnixTime) -> Result<u64, Outage> {
        Ok(match self {
            Self::File(store) => store.purge(now).await?,
            Self::Postgres(store) => store.purge(now).await?,
            Self::Redis(_) => 0,
        })
    }
}
