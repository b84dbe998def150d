//! The parts of the running provider, and their start.

use std::error::Error;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use rand::TryRng;
use rand::rngs::{SysError, SysRng};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::Boxed;
use secondo::{Policy, Verifier};
use secondo_postgres::PostgresOptions;
use secondo_redb::RedbStore;
use secondo_redis::RedisOptions;
use sha2::{Digest, Sha256};

use crate::audit::{Audit, Events};
use crate::config::Config;
use crate::demonstration;
use crate::gateway::Gateway;
use crate::gepi;
use crate::messages::Messages;
use crate::oidc::Oidc;
use crate::outage::Outage;
use crate::person::Persons;
use crate::records::Records;

pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) origin: String,
    pub(crate) verifier: Verifier<Boxed>,
    pub(crate) records: Records,
    pub(crate) persons: Persons,
    pub(crate) audit: Audit,
    pub(crate) messages: Messages,
    pub(crate) oidc: Oidc,
    /// The sample service, as a client of the provider.
    pub(crate) gepi: gepi::Party,
}

impl App {
    /// Opens the store, and makes the secrets at the first start.
    pub(crate) async fn open(config: Config, origin: String) -> Result<Self, Box<dyn Error>> {
        let store = open_store(&config).await?;
        let secret = key_file(&config.data.with_extension("key"))?;
        let master = LocalMasterKey::from_hex(secret.trim())?;
        let key = SealingKey::derive(&Deployment::new(&config.name.to_lowercase())?, KeyId::new(1), &master)?;
        let keys = Arc::new(KeyRing::new(key, [])?);
        let verifier = Verifier::new(store.clone(), keys, Policy::new());
        // A machine with another key file stops here.
        verifier.check_keys().await?;
        let key = |purpose: &str| Sha256::new().chain_update(purpose).chain_update(secret.trim()).finalize().into();
        let records = Records::new(store, &key("idp records"));
        let (audit, queue) = Audit::new(records.clone());
        tokio::spawn(audit.clone().write(queue));
        let verifier = verifier.with_sink(Events(audit.clone()));
        let at_once = std::thread::available_parallelism().map_or(2, usize::from);
        let persons = Persons::new(records.clone(), &random_hex()?, at_once).map_err(|Outage(label)| label)?;
        let gepi = gepi::Party::open(&records, &origin).await.map_err(|Outage(label)| label)?;
        let mut clients = config.client.clone();
        clients.push(gepi.registration().map_err(|Outage(label)| label)?);
        let oidc = Oidc::open(&clients, records.clone(), &key("idp subjects")).await?;
        let messages = Messages::new(records.clone(), config.sms.clone().map(Gateway::new).transpose()?);
        let app = Self { config, origin, verifier, records, persons, audit, messages, oidc, gepi };
        if app.is_demonstration() {
            demonstration::begin(&app).await.map_err(|Outage(label)| label)?;
        }
        Ok(app)
    }

    /// Returns `true` if the provider runs to be tried, with persons of its own. HTTPS means production, except with the
    /// certificate for demonstrations.
    pub(crate) fn is_demonstration(&self) -> bool {
        !self.is_secure() || self.config.tls
    }

    /// Returns `true` if browsers reach the provider by HTTPS.
    pub(crate) fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

async fn open_store(config: &Config) -> Result<Boxed, Box<dyn Error>> {
    Ok(match config.store.as_str() {
        "file" => Boxed::new(RedbStore::open(&config.data)?),
        url if url.starts_with("postgres") => {
            // In production, the owner of the tables migrates, and the provider has fewer rights.
            PostgresOptions::new().migrate(url).await?;
            Boxed::new(PostgresOptions::new().connect(url).await?)
        }
        url if url.starts_with("redis") => Boxed::new(RedisOptions::new().connect(url)?),
        _ => return Err("store must be \"file\", or begin with postgres:// or redis://".into()),
    })
}

/// Reads the key file, or creates it with random bytes. Without it, nothing in the store can be opened again.
fn key_file(path: &Path) -> Result<String, Box<dyn Error>> {
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let secret = random_hex()?;
            file.write_all(secret.as_bytes())?;
            file.sync_all()?;
            Ok(secret)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Ok(fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?)
        }
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

/// Returns 32 random bytes in hexadecimal digits.
pub(crate) fn random_hex() -> Result<String, SysError> {
    let mut secret = [0; 32];
    SysRng.try_fill_bytes(&mut secret)?;
    Ok(base16ct::lower::encode_string(&secret))
}
