//! The parts of the running provider, and their start.

use std::path::Path;
use std::sync::Arc;

use rand::TryRng;
use rand::rngs::{SysError, SysRng};
use secondo::store::Boxed;
use secondo::{AccountId, UnixTime, Verifier};
use serde::{Deserialize, Serialize};

use crate::audit::{Audit, Events, Head};
use crate::config::Config;
use crate::demonstration;
use crate::gateway::Gateway;
use crate::gepi;
use crate::key_file::KeyFile;
use crate::limits::Limits;
use crate::messages::Messages;
use crate::metrics::Metrics;
use crate::oidc::Oidc;
use crate::outage::{Failure, Outage};
use crate::outbox;
use crate::person::Persons;
use crate::records::{Kept, Record, Records, kind_of};
use crate::store::Engine;

/// The parts. Clones share them.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) origin: String,
    pub(crate) engine: Engine,
    pub(crate) verifier: Verifier<Boxed>,
    pub(crate) records: Records,
    pub(crate) persons: Persons,
    pub(crate) audit: Audit,
    pub(crate) messages: Messages,
    pub(crate) oidc: Arc<Oidc>,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Arc<Limits>,
    /// The sample service, as a client of the provider.
    pub(crate) gepi: Arc<gepi::Party>,
}

impl App {
    /// Opens the store, and makes the secrets and the demonstration's persons at the first start.
    pub(crate) async fn open(config: Config, origin: String) -> Result<Self, Failure> {
        let keys = config.key_path();
        let app = Self::assemble(config, &keys, origin).await?;
        if app.is_demonstration() {
            demonstration::begin(&app).await?;
        }
        Ok(app)
    }

    /// Opens the store, and makes the secrets at the first start.
    pub(crate) async fn assemble(config: Config, keys: &Path, origin: String) -> Result<Self, Failure> {
        let engine = Engine::open(&config).await?;
        let keys = KeyFile::open_or_create(keys)?;
        let metrics = Metrics::new();
        let records = Records::new(engine.boxed(), &keys.derived(RECORDS));
        let (audit, queue) = Audit::new(records.clone(), metrics.clone());
        let verifier = verifier(&config, &engine, &keys, &audit)?;
        // A machine with another key file stops here.
        verifier.check_keys().await?;
        tokio::spawn(audit.clone().write(queue));
        let at_once = std::thread::available_parallelism().map_or(2, usize::from);
        let persons = Persons::new(records.clone(), &random_hex()?, at_once, metrics.clone(), audit.clone())?;
        let gepi = Arc::new(gepi::Party::open(&records, &origin).await?);
        let mut clients = config.client.clone();
        if config.gepi.enabled {
            clients.push(gepi.registration()?);
        }
        let oidc = Arc::new(Oidc::open(&clients, records.clone(), &subject_key(&engine, &records).await?).await?);
        let messages = Messages::new(records.clone(), config.sms.clone().map(Gateway::new).transpose()?);
        let limits = Arc::default();
        Ok(Self { config, origin, engine, verifier, records, persons, audit, messages, oidc, metrics, limits, gepi })
    }

    /// Returns the same parts with a verifier of other keys. All records use these keys from now on, unless the store
    /// has others of the same numbers.
    pub(crate) async fn with_keys(&self, keys: &KeyFile) -> Result<Self, Failure> {
        let verifier = verifier(&self.config, &self.engine, keys, &self.audit)?;
        verifier.check_keys().await?;
        self.records.set_keys(&keys.derived(RECORDS));
        Ok(Self { verifier, ..self.clone() })
    }

    /// Returns `true` if the provider runs to be tried, with persons of its own. HTTPS means production, except with
    /// the certificate for demonstrations.
    pub(crate) fn is_demonstration(&self) -> bool {
        !self.is_secure() || self.config.tls
    }

    /// Returns the address to open first: the sample service, or the person's own pages.
    pub(crate) fn entrance(&self) -> String {
        format!("{}{}", self.origin, if self.config.gepi.enabled { "/gepi" } else { "/security" })
    }

    /// Returns the address of the messages of a demonstration, unless a gateway sends them. Only this machine may open
    /// it, by its own name.
    pub(crate) fn outbox(&self) -> Option<String> {
        let is_shown = self.is_demonstration() && self.config.sms.is_none();
        is_shown.then(|| outbox::address(&self.origin))
    }

    /// Returns `true` if browsers reach the provider by HTTPS.
    pub(crate) fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

/// The deployment to which accounts are sealed. Providers have keys of their own, and may have the same name.
pub(crate) const DEPLOYMENT: &str = "secondo";

/// The purpose of the keys that seal records.
pub(crate) const RECORDS: &str = "idp records";

fn verifier(config: &Config, engine: &Engine, keys: &KeyFile, audit: &Audit) -> Result<Verifier<Boxed>, Failure> {
    let ring = keys.ring(DEPLOYMENT)?;
    Ok(Verifier::new(engine.boxed(), ring, config.attempts.policy()?).with_sink(Events(audit.clone())))
}

/// The key of the pairwise identifiers of persons, which stays when other keys are rotated.
#[derive(Serialize, Deserialize)]
struct SubjectKey([u8; 32]);

impl Record for SubjectKey {
    const KIND: &'static str = "subject-key";
}

/// Returns the key of the pairwise identifiers. At the first start, it is made after the head of the audit log, so that
/// a log without a head is a fault from then on.
async fn subject_key(engine: &Engine, records: &Records) -> Result<[u8; 32], Outage> {
    let now = UnixTime::now()?;
    if let Some(SubjectKey(key)) = records.load("key", now).await? {
        return Ok(key);
    }
    // The key may have been removed together with the head.
    let is_old = |id: &AccountId| matches!(kind_of(id), Some("audit" | "person"));
    if !engine.ids().await?.iter().any(is_old) {
        Head::create(records, now).await?;
    }
    let mut key = [0; 32];
    SysRng.try_fill_bytes(&mut key)?;
    // Another machine may be first.
    records.create("key", Kept::forever(SubjectKey(key)), now).await?;
    let SubjectKey(key) = records.load("key", now).await?.ok_or(Outage("subject_key"))?;
    Ok(key)
}

/// Returns 32 random bytes in hexadecimal digits.
pub(crate) fn random_hex() -> Result<String, SysError> {
    let mut secret = [0; 32];
    SysRng.try_fill_bytes(&mut secret)?;
    Ok(base16ct::lower::encode_string(&secret))
}
