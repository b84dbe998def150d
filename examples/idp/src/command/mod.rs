//! Commands of the operator.
//!
//! A running provider takes them on a socket beside its data, which only its own user can open. Without one, the
//! command opens the store by itself. Both run the same function, [`execute`].

mod admin;
mod audit;
mod backup;
mod check;
mod erase;
mod hash_pin;
mod import;
mod output;
mod rotate;
mod socket;
mod verify;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use secondo::UnixTime;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::unbounded_channel;

pub(crate) use self::backup::restore;
pub(crate) use self::check::check;
pub(crate) use self::hash_pin::hash_pin;
pub(crate) use self::output::counted;
use self::output::{Output, Printer};
pub(crate) use self::socket::listen;
use crate::app::App;
use crate::config::Config;
use crate::outage::Failure;
use crate::provider::Provider;

/// Reads an argument that must not be empty or blank.
fn filled(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("it must not be empty") } else { Ok(text.to_owned()) }
}

/// A command to the provider, running or not.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
pub(crate) enum Command {
    /// Copies all data into a new file, while the provider runs. The key file is not in it.
    Backup {
        /// The file to make.
        file: PathBuf,
    },
    /// Replaces the key that seals all data, while the provider runs.
    RotateKeys {
        /// One step, for machines that share a store: copy the key file to all of them after each. Without it: all
        /// steps.
        step: Option<rotate::Step>,
    },
    /// Replaces the keys that sign tokens at once, if somebody else may know them.
    ReplaceSigningKeys,
    /// Imports authenticators from another system, for persons who are here already.
    Import(import::Arguments),
    /// Erases a person: the account, the authenticators and all records.
    Erase(erase::Arguments),
    /// Prints the messages of the last day that were not sent: mails, and text messages without a gateway.
    Outbox,
    /// Does the work of the help desk.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Verifies or exports the audit log.
    #[command(subcommand)]
    Audit(audit::Audit),
}

impl Command {
    /// Makes its paths absolute, since the running provider has another current folder.
    fn absolute(mut self) -> std::io::Result<Self> {
        let paths: Vec<_> = match &mut self {
            Self::Backup { file } => vec![file],
            Self::Import(arguments) => arguments.paths_mut().collect(),
            Self::Audit(audit) => audit.file_mut().into_iter().collect(),
            Self::RotateKeys { .. } | Self::ReplaceSigningKeys | Self::Erase(_) | Self::Outbox | Self::Admin(_) => {
                Vec::new()
            }
        };
        for path in paths {
            *path = std::path::absolute(&*path)?;
        }
        Ok(self)
    }
}

/// Runs a command in the provider that is running, or else here.
pub(crate) async fn run(config: Config, command: Command) -> Result<(), Failure> {
    let command = command.absolute()?;
    let mut printer = Printer::default();
    if let Some(stream) = socket::connect(&config.socket_path()).await? {
        return socket::ask(stream, &command, &mut printer).await;
    }
    let provider = open(config).await?;
    let (said, mut saying) = unbounded_channel();
    let output = Output::new(said);
    let execution = async {
        let result = execute(command, &provider, &output).await;
        drop(output);
        result
    };
    let printing = async {
        while let Some(said) = saying.recv().await {
            printer.print(said);
        }
    };
    let (result, ()) = tokio::join!(execution, printing);
    result.and(provider.app().audit.flush().await.map_err(Into::into))
}

/// Opens the store of a provider that is not running.
async fn open(config: Config) -> Result<Provider, Failure> {
    if config.store == "file" && !is_there(&config.data) {
        return Err(format!("there is no data at {}", config.data.display()).into());
    }
    let origin = config.origin_at(config.listen)?;
    let keys = config.key_path();
    Provider::new(App::assemble(config, &keys, origin).await?)
}

fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

/// Runs a command.
async fn execute(command: Command, provider: &Provider, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Backup { file } => backup::backup(&provider.app(), &file, output).await,
        Command::RotateKeys { step } => rotate::rotate(provider, step, output).await,
        Command::ReplaceSigningKeys => replace_signing_keys(&provider.app(), output).await,
        Command::Import(arguments) => import::import(&provider.app(), &arguments, output).await,
        Command::Erase(arguments) => erase::erase(&provider.app(), &arguments, output).await,
        Command::Outbox => outbox(&provider.app(), output).await,
        Command::Admin(admin) => admin::admin(&provider.app(), admin, output).await,
        Command::Audit(audit) => audit::audit(&provider.app(), audit, output).await,
    }
}

/// Replaces the keys that sign tokens, and says what follows for the tokens that are out.
async fn replace_signing_keys(app: &App, output: &Output) -> Result<(), Failure> {
    let old = app.oidc.replace_keys().await?;
    output.say(format!(
        "{} and verify nothing any more. New ones sign from now on.",
        counted(old, "key is gone", "keys are gone")
    ));
    output.say("Other machines on the same store follow within a minute.");
    output.say("Ask the services to load the keys of /jwks again: until then, they may accept tokens of the old ones.");
    Ok(())
}

/// Prints the messages that were not sent, the newest last.
async fn outbox(app: &App, output: &Output) -> Result<(), Failure> {
    let messages = app.messages.all(UnixTime::now()?).await?;
    for message in messages.iter().rev() {
        output.say(format!("To: {}", message.to));
        if let Some(subject) = &message.subject {
            output.say(format!("Subject: {subject}"));
        }
        output.say(format!("{}\n", message.text));
    }
    output.say(format!("{} not sent.", counted(messages.len(), "message was", "messages were")));
    Ok(())
}
