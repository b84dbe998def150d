//! An identity provider in the manner of SPID, that a browser can log in to.
//!
//! `cargo run --release -p idp` starts it, and prints the address to open. With `-- --tls` a phone can open it as well.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]

mod activity;
mod admin;
mod app;
mod attributes;
mod audit;
mod audit_search;
mod challenge;
mod clicks;
mod command;
mod config;
mod connections;
mod consent;
mod cookie;
mod credentials;
mod demonstration;
mod enrollment;
mod errors;
mod first_app;
mod gateway;
mod gepi;
mod http;
mod key_file;
mod limits;
mod load;
mod login;
mod messages;
mod metrics;
mod monitoring;
mod oidc;
mod open_sessions;
mod operator;
mod outage;
mod outbox;
mod pages;
mod password;
mod person;
mod phone;
mod problem;
mod provider;
mod push;
mod records;
mod registration;
mod second_factor;
mod security;
mod serve;
mod session;
mod store;
#[cfg(test)]
mod test_browser;
mod tls;
mod tries;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::command::Command;
use crate::config::Config;
use crate::outage::Failure;

/// An identity provider in the manner of SPID. Without a command, it serves browsers until it is told to stop.
#[derive(Parser)]
#[command(name = "idp")]
struct Arguments {
    /// The configuration, in TOML. Without it: `idp.toml` in the current folder, if it is there.
    #[arg(long, global = true, value_name = "FILE", env = "IDP_CONFIG")]
    config: Option<PathBuf>,
    /// Serves by HTTPS with a certificate of its own, which is for demonstrations only, so that a phone can open it.
    #[arg(long)]
    tls: bool,
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// Serves browsers until SIGINT or SIGTERM.
    Serve,
    /// Checks the configuration, the clock, the keys and the store.
    Check,
    /// Puts a backup in the place of data that is lost, while the provider is stopped. Ends what would be accepted
    /// again, and prints what can be, and what has to be done again.
    Restore {
        /// The file that `idp backup` made. Without it: what a database server has put back.
        file: Option<PathBuf>,
    },
    /// Hashes a PIN, which is a line of the standard input, for a table `[[handover]]` of the configuration.
    HashPin,
    /// Measures full logins through HTTP, with a provider and persons of its own in a temporary folder.
    Load(load::Arguments),
    #[command(flatten)]
    Command(Command),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { config, tls, task } = Arguments::parse();
    match run(config, tls, task.unwrap_or(Task::Serve)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("idp: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(path: Option<PathBuf>, tls: bool, task: Task) -> Result<(), Failure> {
    let path = path.as_deref();
    match task {
        Task::Serve => {
            let mut config = Config::read(path)?;
            if tls {
                config.begin_tls();
            }
            serve::serve(config).await
        }
        Task::Check => command::check(path).await,
        Task::Restore { file } => command::restore(Config::read(path)?, file.as_deref()).await,
        Task::HashPin => command::hash_pin().await,
        Task::Load(arguments) => load::load(arguments).await,
        Task::Command(command) => command::run(Config::read(path)?, command).await,
    }
}
