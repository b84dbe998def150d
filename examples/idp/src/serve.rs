//! The provider as a server: its start, and its end by a signal.

use std::sync::Arc;
use std::time::Duration;

use secondo::UnixTime;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::app::App;
use crate::command;
use crate::config::Config;
use crate::connections::{Server, Times};
use crate::outage::{Failure, Outage};
use crate::provider::Provider;
use crate::tls::Certificate;

/// The time that requests have to end after a signal.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time between two removals of what has expired.
const PURGE: Duration = Duration::from_secs(60 * 60);

/// Serves browsers and commands until a signal.
pub(crate) async fn serve(config: Config) -> Result<(), Failure> {
    let taken = |error| format!("{}: {error}; the variable IDP_LISTEN names another address", config.listen);
    let (listener, connections) = (TcpListener::bind(config.listen).await.map_err(taken)?, config.connections);
    let origin = config.origin_at(listener.local_addr()?)?;
    let certificate = config.certificate(&origin)?;
    let socket = config.socket_path();
    let provider = Arc::new(Provider::new(App::open(config, origin).await?)?);
    let commands = command::listen(Arc::clone(&provider), socket.clone()).await?;
    let purge = tokio::spawn(purge(Arc::clone(&provider)));
    let keys = tokio::spawn(Arc::clone(&provider).follow_keys());
    // A supervisor that reads the line below may send a signal at once, which must find its handler.
    let (first, second) = (stop()?, stop()?);
    println!("Open {}", provider.app().entrance());
    if let Some(certificate) = &certificate {
        println!("The browser warns of its certificate. SHA-256 fingerprint: {}", certificate.fingerprint());
    }

    let tls = certificate.map(Certificate::acceptor).transpose()?;
    let server = Server { router: provider.router(), tls, times: Times::default() };
    let served = server.run(listener, connections, first);
    let late = async {
        second.await;
        sleep(PATIENCE).await;
    };
    tokio::select! {
        () = served => {}
        () = late => eprintln!("some requests did not end in time"),
    }
    commands.abort();
    purge.abort();
    keys.abort();
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
