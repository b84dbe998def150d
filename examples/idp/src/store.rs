//! The store that the configuration names, with what its engine can do beyond loads and exchanges.

use secondo::store::{Boxed, Enumerate};
use secondo::{AccountId, UnixTime};
use secondo_postgres::{PostgresOptions, PostgresStore};
use secondo_redb::RedbStore;
use secondo_redis::{RedisOptions, RedisStore};

use crate::config::Config;
use crate::outage::{Failure, Outage};

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
                // In production, the owner of the tables migrates, and the provider has fewer rights.
                PostgresOptions::new().migrate(url).await?;
                Self::Postgres(PostgresOptions::new().connect(url).await?)
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
        let mut ids = Vec::new();
        loop {
            let more = match self {
                Self::File(store) => store.ids_after(ids.last()).await?,
                Self::Postgres(store) => store.ids_after(ids.last()).await?,
                Self::Redis(store) => store.ids_after(ids.last()).await?,
            };
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
