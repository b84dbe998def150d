//! The socket of the running provider: a command as a line of JSON, and its answer as lines of JSON.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;

use super::output::{Output, Printer, Said};
use super::{Command, execute};
use crate::outage::Failure;
use crate::provider::Provider;

/// The greatest length of a command.
const COMMAND_BYTES: u64 = 64 * 1024;

/// Takes commands at this path.
pub(crate) async fn listen(provider: Arc<Provider>, path: PathBuf) -> Result<JoinHandle<()>, Failure> {
    if connect(&path).await?.is_some() {
        return Err(format!("another provider takes commands at {}", path.display()).into());
    }
    // A provider that did not end by itself leaves the socket behind.
    if let Err(error) = fs::remove_file(&path)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(format!("{}: {error}", path.display()).into());
    }
    let listener = UnixListener::bind(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let provider = Arc::clone(&provider);
                    tokio::spawn(async move {
                        if let Err(failure) = serve(stream, &provider).await {
                            eprintln!("command: {failure}");
                        }
                    });
                }
                Err(error) => {
                    eprintln!("command: {error}");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        }
    }))
}

async fn serve(stream: UnixStream, provider: &Provider) -> Result<(), Failure> {
    // Another user may have connected before the socket had its mode.
    let user = stream.peer_cred()?.uid();
    if user != rustix::process::geteuid().as_raw() && user != 0 {
        return Err("another user was refused".into());
    }
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(COMMAND_BYTES)).read_line(&mut line).await?;
    let (said, mut saying) = unbounded_channel();
    let output = Output::new(said.clone());
    let execution = async move {
        let result = match serde_json::from_str::<Command>(&line) {
            Ok(command) => execute(command, provider, &output).await,
            Err(error) => Err(error.into()),
        };
        let _ = said.send(Said::End(result.map_err(|failure| failure.to_string())));
    };
    let answering = async {
        // A command goes on if nobody waits for its answer.
        let mut is_read = true;
        while let Some(said) = saying.recv().await {
            let mut line = serde_json::to_vec(&said)?;
            line.push(b'\n');
            is_read = is_read && write.write_all(&line).await.is_ok();
        }
        Ok::<_, Failure>(())
    };
    tokio::join!(execution, answering).1
}

/// Connects to the running provider, or returns `None` if no provider runs.
pub(super) async fn connect(path: &Path) -> Result<Option<UnixStream>, Failure> {
    match UnixStream::connect(path).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

/// Sends a command, and prints the answer.
pub(super) async fn ask(stream: UnixStream, command: &Command, printer: &mut Printer) -> Result<(), Failure> {
    let (read, mut write) = stream.into_split();
    let mut line = serde_json::to_vec(command)?;
    line.push(b'\n');
    write.write_all(&line).await?;
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Said::End(result) => return Ok(result?),
            said => printer.print(said),
        }
    }
    Err("the provider stopped before the command was done".into())
}
