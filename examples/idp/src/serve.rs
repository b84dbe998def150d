//! The provider as a server: its start, and its end by a signal.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use secondo::UnixTime;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::app::App;
use crate::command;
use crate::config::Config;
use crate::outage::{Failure, Outage};
use crate::provider::Provider;
use crate::tls::TlsListener;

/// The time that requests have to end after a signal.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time between two removals of what has expired.
const PURGE: Duration = Duration::from_secs(60 * 60);

/// Serves browsers and commands until a signal.
pub(crate) async fn serve(config: Config) -> Result<(), Failure> {
    let listener = TcpListener::bind(config.listen).await?;
    let origin = config.origin_at(listener.local_addr()?)?;
    let certificate = config.certificate(&origin)?;
    let socket = config.socket_path();
    let provider = Arc::new(Provider::new(App::open(config, origin).await?));
    let commands = command::listen(Arc::clone(&provider), socket.clone()).await?;
    let purge = tokio::spawn(purge(Arc::clone(&provider)));
    println!("Open {}/gepi", provider.app().origin);
    if let Some(certificate) = &certificate {
        println!("The browser warns of its certificate. SHA-256 fingerprint: {}", certificate.fingerprint());
    }

    let router = provider.router().into_make_service_with_connect_info::<SocketAddr>();
    let (first, second) = (stop()?, stop()?);
    let served = async {
        match certificate {
            Some(certificate) => {
                let listener = TlsListener::new(listener, certificate)?.tap_io(|_| {});
                axum::serve(listener, router).with_graceful_shutdown(first).await?;
            }
            None => axum::serve(listener, router).with_graceful_shutdown(first).await?,
        }
        Ok::<(), Failure>(())
    };
    let late = async {
        second.await;
        sleep(PATIENCE).await;
    };
    tokio::select! {
        served = served => served?,
        () = late => eprintln!("some requests did not end in time"),
    }
    commands.abort();
    purge.abort();
    let _ = std::fs::remove_file(socket);
    Ok(provider.app().audit.flush().await?)
}

/// Returns a future that ends with SIGINT or SIGTERM.
fn stop() -> Result<impl Future<Output = ()>, Failure> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Removes what has expired from the store.
async fn purge(provider: Arc<Provider>) {
    loop {
        let engine = provider.app().engine.clone();
        let purged = match UnixTime::now() {
            Ok(now) => engine.purge(now).await,
            Err(error) => Err(error.into()),
        };
        if let Err(Outage(label)) = purged {
            eprintln!("purge: {label}");
        }
        sleep(PURGE).await;
    }
}
