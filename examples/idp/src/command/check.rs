//! The checks before a start, or while the provider runs.

use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use secondo::{Policy, UnixTime, Verifier};

use super::output::counted;
use super::socket;
use crate::app::{DEPLOYMENT, RECORDS};
use crate::config::Config;
use crate::gateway::Gateway;
use crate::gepi;
use crate::key_file::{KeyFile, is_exposed, mode};
use crate::oidc::Clients;
use crate::outage::{Failure, Outage};
use crate::records::{Kept, Record, Records};
use crate::store::Engine;

/// Checks everything, and prints a line for each thing. Fails if one of them is a problem.
pub(crate) async fn check(path: Option<&Path>) -> Result<(), Failure> {
    let mut report = Report { problems: 0 };
    let config = Config::read(path);
    let Some(config) = report.add("configuration", config.map(|config| (config, "read".to_owned()))) else {
        return report.end();
    };
    report.add("secrets", secrets(Config::path(path)));
    let own = config.origin_at(config.listen);
    report.add("origin", origin(&config, own.clone()));
    report.add("clients", clients(&config, own.as_deref().ok()));
    if let Some(sms) = &config.sms {
        report.add("sms", Gateway::new(sms.clone()).map(|_| ((), "a gateway sends text messages".to_owned())));
    }
    report.add("clock", clock(&config));
    report.add("disk", disk(&config.data));
    let keys = KeyFile::read(&config.key_path());
    let is_new = !config.key_path().exists() && !config.data.exists();
    if is_new {
        say("ok       keys, store: made at the first start");
        return report.end();
    }
    let describe = |keys: KeyFile| {
        let rotation = if keys.other().is_some() { "; a rotation is not done: run `idp rotate-keys`" } else { "" };
        let text = format!("key {} seals, and only its owner reads the file{rotation}", keys.active());
        (keys, text)
    };
    let Some(keys) = report.add("keys", keys.map(describe)) else { return report.end() };
    if config.store == "file" && !config.data.exists() {
        let problem = format!("{} is missing: restore a backup, or remove the key file", config.data.display());
        report.add::<()>("store", Err(problem));
        return report.end();
    }
    report.add("store", store(&config, &keys).await);
    report.end()
}

/// Prints a line. Nobody may be left to read it, as behind `head`.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

struct Report {
    problems: usize,
}

impl Report {
    /// Prints a line, and returns the value of what is in order.
    fn add<T>(&mut self, name: &str, result: Result<(T, String), impl Display>) -> Option<T> {
        match result {
            Ok((value, text)) => {
                say(&format!("ok       {name}: {text}"));
                Some(value)
            }
            Err(problem) => {
                say(&format!("problem  {name}: {problem}"));
                self.problems += 1;
                None
            }
        }
    }

    fn end(self) -> Result<(), Failure> {
        if self.problems == 0 { Ok(()) } else { Err(counted(self.problems, "problem", "problems").into()) }
    }
}

/// Checks who can read the tokens and secrets in the configuration.
fn secrets(path: &Path) -> Result<((), String), Failure> {
    let name = path.display();
    if !path.exists() {
        return Ok(((), "there is no configuration file".to_owned()));
    }
    let mode = mode(path)?;
    if is_exposed(mode) {
        return Err(format!("others can use {name} (mode {mode:04o}): run `chmod 600` on it").into());
    }
    Ok(((), format!("only its owner and group read {name}")))
}

fn origin(config: &Config, origin: Result<String, &'static str>) -> Result<((), String), Failure> {
    let origin = origin?;
    let text = if origin.starts_with("https://") {
        format!("{origin}, behind a proxy with TLS")
    } else {
        format!("{origin}: a demonstration, on this machine only")
    };
    if config.trusted_proxy.is_none() && origin.starts_with("https://") {
        return Err("trusted_proxy is not set, so that all clients count as one address: set it to the proxy's".into());
    }
    Ok(((), text))
}

fn clients(config: &Config, origin: Option<&str>) -> Result<((), String), Failure> {
    let clients = Clients::new(&config.client)?;
    let own = origin.map(gepi::client_id).filter(|own| config.gepi.enabled && clients.get(own).is_some());
    if let Some(own) = own {
        return Err(format!("client {own}: the sample service has this id").into());
    }
    Ok(((), counted(config.client.len(), "service", "services")))
}

/// Compares the clock with the time of the last change of the data, which cannot be in the future.
fn clock(config: &Config) -> Result<((), String), Failure> {
    /// The beginning of 2026: no clock is before that.
    const EARLIEST: u64 = 1_767_225_600;
    const TWENTY_YEARS: u64 = 20 * 366 * 24 * 60 * 60;
    let now = SystemTime::now();
    let secs = now.duration_since(UNIX_EPOCH)?.as_secs();
    if !(EARLIEST..EARLIEST + TWENTY_YEARS).contains(&secs) {
        return Err("the year is wrong: set the clock, and keep it by NTP".into());
    }
    let changed = fs::metadata(&config.data).and_then(|data| data.modified());
    if let Ok(ahead) = changed.map_err(Failure::from).and_then(|changed| Ok(changed.duration_since(now)?))
        && ahead.as_secs() > 1
    {
        let seconds = counted(usize::try_from(ahead.as_secs())?, "second", "seconds");
        let text = format!("the clock is {seconds} behind the last change of the data: set it by NTP");
        return Err(text.into());
    }
    Ok(((), UnixTime::from_secs(secs)?.to_string()))
}

fn disk(data: &Path) -> Result<((), String), Failure> {
    const LEAST: u64 = 256;
    let folder = data.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let disk = rustix::fs::statvfs(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
    if free < LEAST {
        return Err(format!("{free} MB are free in {}: make room, or logins will stop", folder.display()).into());
    }
    let mode = mode(folder)?;
    if mode & 0o002 != 0 {
        return Err(format!("everybody can write to {} (mode {mode:04o}): run `chmod o-w`", folder.display()).into());
    }
    Ok(((), format!("{free} MB are free")))
}

/// A record that is written and read back.
#[derive(serde::Serialize, serde::Deserialize)]
struct Probe(u64);

impl Record for Probe {
    const KIND: &'static str = "probe";
}

/// Opens the store with the keys, and writes and reads a record. A running provider has the file open already.
async fn store(config: &Config, keys: &KeyFile) -> Result<((), String), Failure> {
    if config.store == "file" && socket::connect(&config.socket_path()).await?.is_some() {
        return Ok(((), "in use by the provider that is running: ask it at /ready".to_owned()));
    }
    let engine = Engine::open(config).await?;
    Verifier::new(engine.boxed(), keys.ring(DEPLOYMENT)?, Policy::new()).check_keys().await?;
    let records = Records::new(engine.boxed(), &keys.derived(RECORDS));
    let now = UnixTime::now()?;
    let keep = |_: Option<Probe>| (Some(Kept::until(now.saturating_add(60), Probe(now.as_secs()))), ());
    records.change("check", now, keep).await?;
    match records.load("check", now).await? {
        Some(Probe(at)) if at == now.as_secs() => Ok(((), "the keys open it, and a record came back".to_owned())),
        _ => Err(Outage("probe").into()),
    }
}
