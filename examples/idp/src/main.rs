//! An identity provider in the manner of SPID, that a browser can log in to.
//!
//! `cargo run --release -p idp` starts it, and prints the address to open.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]

mod app;
mod attributes;
mod audit;
mod challenge;
mod config;
mod consent;
mod credentials;
mod demonstration;
mod enrollment;
mod http;
mod login;
mod messages;
mod oidc;
mod operator;
mod outage;
mod outbox;
mod pages;
mod password;
mod person;
mod problem;
mod records;
mod registration;
mod session;

use std::error::Error;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::app::App;
use crate::config::Config;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::read()?;
    let listener = TcpListener::bind(config.listen).await?;
    let origin = config.origin_at(listener.local_addr()?)?;
    let app = Arc::new(App::open(config, origin).await?);
    println!("Open {}", app.origin);
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, http::router(app)).with_graceful_shutdown(stop).await?;
    Ok(())
}
