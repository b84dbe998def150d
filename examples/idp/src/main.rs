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
mod config;
mod consent;
mod credentials;
mod demonstration;
mod enrollment;
mod gateway;
mod gepi;
mod http;
mod login;
mod messages;
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
mod push;
mod records;
mod registration;
mod second_factor;
mod security;
mod session;
mod tls;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::app::App;
use crate::config::Config;
use crate::tls::TlsListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = Config::read()?;
    if std::env::args().any(|argument| argument == "--tls") {
        config.begin_tls();
    }
    let listener = TcpListener::bind(config.listen).await?;
    let origin = config.origin_at(listener.local_addr()?)?;
    let certificate = config.certificate(&origin)?;
    let app = Arc::new(App::open(config, origin).await?);
    println!("Open {}/gepi", app.origin);
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    // Some pages are only for this machine.
    let service = http::router(app).into_make_service_with_connect_info::<SocketAddr>();
    if let Some(certificate) = certificate {
        println!("The browser warns of its certificate. SHA-256 fingerprint: {}", certificate.fingerprint());
        let listener = TlsListener::new(listener, certificate)?.tap_io(|_| {});
        axum::serve(listener, service).with_graceful_shutdown(stop).await?;
    } else {
        axum::serve(listener, service).with_graceful_shutdown(stop).await?;
    }
    Ok(())
}
