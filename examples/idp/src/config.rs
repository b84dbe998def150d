//! The configuration: a file in TOML, and environment variables for what differs between machines.

use std::env;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use secondo::Policy;
use secondo::policy::Lock;
use serde::Deserialize;
use url::Url;

use crate::gateway::GatewayOptions;
use crate::gepi;
use crate::limits::Rates;
use crate::oidc::Registration;
use crate::outage::Failure;
use crate::registration::{Credential, check_credentials};
use crate::tls::{self, Certificate};

/// The configuration. Everything has a default, so that the program runs without a file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The address to listen on.
    pub(crate) listen: SocketAddr,
    /// The origin that browsers see. Without it: `http://localhost` with the port.
    pub(crate) origin: Option<String>,
    /// The file of all data. The key file and the socket for commands lie beside it.
    pub(crate) data: PathBuf,
    /// `file`, or the address of a PostgreSQL or Redis server.
    pub(crate) store: String,
    /// The certificate of the authority that signed that of the PostgreSQL server, in PEM.
    pub(crate) store_ca: Option<PathBuf>,
    /// `true` for HTTPS with a certificate of the program's own, which is for demonstrations only. The argument `--tls`
    /// sets it.
    #[serde(skip)]
    pub(crate) tls: bool,
    /// The name of the provider on pages and in apps.
    pub(crate) name: String,
    /// The gateway of text messages. Without one, they stay in the outbox of the demonstration.
    pub(crate) sms: Option<GatewayOptions>,
    /// The address of the proxy in front, whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxy: Option<IpAddr>,
    /// The token with which other machines may read `/metrics`. Loopback needs none.
    pub(crate) metrics_token: Option<String>,
    /// The connections that are open at most, and no more than the files that the system lets a process open. Further
    /// ones wait.
    pub(crate) connections: NonZeroU32,
    /// The wrong codes until a lock, and its length.
    pub(crate) attempts: Attempts,
    /// The order in which a login offers the ways that the person has. Recovery codes come last.
    pub(crate) ways: [Way; 3],
    /// The requests per minute from one address.
    pub(crate) limits: Rates,
    /// The services.
    pub(crate) client: Vec<Registration>,
    /// The sample service.
    pub(crate) gepi: gepi::Settings,
    /// The credentials of others that can be handed over.
    pub(crate) handover: Vec<Credential>,
}

/// The table `[attempts]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Attempts {
    /// The wrong codes in a row that lock an account: 1 to 100.
    codes: u8,
    /// The length of the first lock. Each further one is twice as long, up to a day.
    lock_minutes: u64,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { codes: 5, lock_minutes: 15 }
    }
}

impl Attempts {
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
        let first = Duration::from_secs(self.lock_minutes.saturating_mul(60));
        let lock = Lock::doubling(first, LONGEST).map_err(|error| format!("[attempts] lock_minutes: {error}"))?;
        let policy =
            Policy::new().with_failure_cap(self.codes).map_err(|error| format!("[attempts] codes: {error}"))?;
        Ok(policy.with_lock(lock))
    }
}

/// A way to show the second factor.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    Push,
    /// A code of an app or a device.
    Code,
    Sms,
}

/// The address without a configuration, and that of a demonstration by HTTPS, which a phone can reach.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const LISTEN_TLS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8443);

/// Half of the files that most systems let a process open.
const CONNECTIONS: NonZeroU32 = NonZeroU32::new(512).unwrap();

const ORIGIN: &str = "origin must be as browsers write it, such as https://idp.example.it: a host in small letters, the port \
    unless it is the usual one, and nothing behind";

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: LISTEN,
            origin: None,
            data: "idp.redb".into(),
            store: "file".into(),
            store_ca: None,
            tls: false,
            name: "Secondo".into(),
            sms: None,
            trusted_proxy: None,
            metrics_token: None,
            connections: CONNECTIONS,
            attempts: Attempts::default(),
            ways: [Way::Push, Way::Code, Way::Sms],
            limits: Rates::default(),
            client: Vec::new(),
            gepi: gepi::Settings::default(),
            handover: Vec::new(),
        }
    }
}

impl Config {
    /// Returns the path of the file that [`Self::read`] reads.
    pub(crate) fn path(path: Option<&Path>) -> &Path {
        path.unwrap_or(Path::new("idp.toml"))
    }

    /// Reads the named file, or `idp.toml` in the current folder. `IDP_LISTEN`, `IDP_ORIGIN`, `IDP_DATA` and
    /// `IDP_STORE` come before the file.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let file = Self::path(path);
        let mut config: Self = match std::fs::read_to_string(file) {
            Ok(text) => {
                toml::from_str(&text).map_err(|error| format!("{}, {}", file.display(), problem(&text, &error)))?
            }
            Err(error) if path.is_none() && error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(format!("{}: {error}", file.display()).into()),
        };
        if let Ok(listen) = env::var("IDP_LISTEN") {
            config.listen = listen.parse().map_err(|_| "IDP_LISTEN must be an address with a port")?;
        }
        if let Ok(origin) = env::var("IDP_ORIGIN") {
            config.origin = Some(origin);
        }
        if let Some(data) = env::var_os("IDP_DATA") {
            config.data = data.into();
        }
        if let Ok(store) = env::var("IDP_STORE") {
            config.store = store;
        }
        // Apps show it, and a colon ends it there.
        if config.name.trim().is_empty() || config.name.len() > 64 || config.name.contains([':', '\n', '\r']) {
            return Err("name must have 1 to 64 bytes, and no colon".into());
        }
        config.attempts.policy()?;
        check_credentials(&config.handover)?;
        if let [a, b, c] = config.ways
            && (a == b || b == c || a == c)
        {
            return Err("ways must name push, code and sms, each once".into());
        }
        Ok(config)
    }

    /// Chooses a demonstration by HTTPS, which other machines can reach unless the address is configured.
    pub(crate) fn begin_tls(&mut self) {
        self.tls = true;
        if self.listen == LISTEN {
            self.listen = LISTEN_TLS;
        }
    }

    /// Returns the certificate of a demonstration by HTTPS. It lies beside the data.
    pub(crate) fn certificate(&self, origin: &str) -> Result<Option<Certificate>, Failure> {
        if !self.tls {
            return Ok(None);
        }
        let url = Url::parse(origin)?;
        let host = url.host_str().filter(|_| url.scheme() == "https").ok_or("the origin must begin with https://")?;
        Certificate::open(&self.data.with_extension("pem"), host, Timestamp::now()).map(Some)
    }

    /// Returns the path of the key file.
    pub(crate) fn key_path(&self) -> PathBuf {
        self.data.with_extension("key")
    }

    /// Returns the path of the socket on which the running provider takes commands.
    pub(crate) fn socket_path(&self) -> PathBuf {
        self.data.with_extension("sock")
    }

    /// Returns the origin that browsers see, once the port is known.
    ///
    /// An address that others can reach needs HTTPS in front of it.
    pub(crate) fn origin_at(&self, address: SocketAddr) -> Result<String, &'static str> {
        let default = || {
            let host = match address.ip() {
                ip if !self.tls || ip.is_loopback() => "localhost".to_owned(),
                ip if ip.is_unspecified() => tls::address().map_or("localhost".to_owned(), |ip| ip.to_string()),
                ip => SocketAddr::new(ip, 0).to_string().trim_end_matches(":0").to_owned(),
            };
            format!("{}://{host}:{}", if self.tls { "https" } else { "http" }, address.port())
        };
        let written = self.origin.clone().unwrap_or_else(default);
        let origin = Url::parse(&written).map(|url| url.origin().ascii_serialization());
        let origin = origin.map_err(|_| ORIGIN)?;
        if self.origin.as_ref().is_some_and(|own| *own != origin) {
            return Err(ORIGIN);
        }
        if !origin.starts_with("https://") && !address.ip().is_loopback() {
            return Err("an address that is not on loopback needs an origin with https://");
        }
        Ok(origin)
    }
}

/// Returns the place and the reason of an error in the file. The line itself, which may have a secret, is not shown.
fn problem(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {}", without_value(error.message()))
}

/// Returns the message without the value that it quotes. Names of keys stay.
fn without_value(message: &str) -> String {
    let begins = |starts: &[&str]| starts.iter().any(|start| message.starts_with(start));
    let (found, expected) = message.rsplit_once(", expected ").unwrap_or((message, ""));
    let Some(quote) = found.find(['"', '`']).filter(|_| !begins(&["unknown field ", "missing field "])) else {
        return message.to_owned();
    };
    let (shown, _) = found.split_at(quote);
    // Only these end with what was expected, and not with a part of the value.
    if begins(&["invalid type: ", "invalid value: ", "unknown variant "]) {
        return format!("{}, expected {expected}", shown.trim_end());
    }
    format!("{}…", shown.trim_end_matches([':', ' ']))
}
