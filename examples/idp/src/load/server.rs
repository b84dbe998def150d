//! The provider as a process of its own.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::outage::Failure;

/// The load comes from one address, and is more than limits per address allow.
const CONFIG: &str = "[limits]\npassword = 0\ncode = 0\nregistration = 0\nauthorize = 0\napi = 0\nform = 0\n";

pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Server {
    /// Starts a provider on the data in this folder.
    pub(super) async fn start(folder: &Path, listen: &str) -> Result<Self, Failure> {
        let config = folder.join("idp.toml");
        fs::write(&config, CONFIG)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.env("IDP_CONFIG", config).env("IDP_DATA", folder.join("idp.redb")).env("IDP_LISTEN", listen);
        command.env_remove("IDP_ORIGIN").env_remove("IDP_STORE").stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        loop {
            let line = lines.next_line().await?.ok_or("the provider did not start")?;
            if let Some(address) = line.strip_prefix("Open http://localhost:") {
                let port = address.split('/').next().unwrap_or_default().parse()?;
                let address = SocketAddr::from(([127, 0, 0, 1], port));
                // Later lines have a reader as well.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { child, address });
            }
        }
    }

    /// Returns the time of the processor that it has used.
    pub(super) fn processor_time(&self) -> Result<Duration, Failure> {
        processor_time(self.child.id().ok_or("the provider has ended")?)
    }

    /// Kills it at once, with SIGKILL.
    pub(super) async fn kill(mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }
}

/// Returns the time of the processor that a process has used.
pub(super) fn processor_time(process: u32) -> Result<Duration, Failure> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The fields after the name of the program, which is in parentheses and may have any characters.
    let (_, fields) = stat.rsplit_once(") ").ok_or("/proc/…/stat")?;
    let field = |n: usize| -> Result<u64, Failure> { Ok(fields.split(' ').nth(n).ok_or("/proc/…/stat")?.parse()?) };
    let ticks = field(11)? + field(12)?;
    Ok(Duration::from_millis(1000 * ticks / rustix::param::clock_ticks_per_second()))
}
