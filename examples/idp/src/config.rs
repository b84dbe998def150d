//! The configuration: a file in TOML, and environment variables for what differs between machines.

use std::env;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::gepi;
use crate::limits::Rates;
use crate::oidc::Registration;
use crate::outage::Failure;

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
    /// The name of the provider on pages and in apps.
    pub(crate) name: String,
    /// The address of the proxy in front, whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxy: Option<IpAddr>,
    /// The token with which other machines may read `/metrics`. Loopback needs none.
    pub(crate) metrics_token: Option<String>,
    /// The requests per minute from one address.
    pub(crate) limits: Rates,
    /// The services.
    pub(crate) client: Vec<Registration>,
    /// The sample service.
    pub(crate) gepi: gepi::Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            origin: None,
            data: "idp.redb".into(),
            store: "file".into(),
            name: "Secondo".into(),
            trusted_proxy: None,
            metrics_token: None,
            limits: Rates::default(),
            client: Vec::new(),
            gepi: gepi::Settings::default(),
        }
    }
}

impl Config {
    /// Reads the named file, or `idp.toml` in the current folder. `IDP_LISTEN`, `IDP_ORIGIN`, `IDP_DATA` and
    /// `IDP_STORE` come before the file.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let file = path.unwrap_or(Path::new("idp.toml"));
        let mut config: Self = match std::fs::read_to_string(file) {
            Ok(text) => toml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?,
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
        Ok(config)
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
        let origin = self.origin.clone().unwrap_or_else(|| format!("http://localhost:{}", address.port()));
        if !origin.starts_with("https://") && !address.ip().is_loopback() {
            return Err("an address that is not on loopback needs an origin with https://");
        }
        Ok(origin)
    }
}
