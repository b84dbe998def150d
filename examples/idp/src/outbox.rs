//! The page with the messages of a demonstration.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;

use crate::app::App;
use crate::http::{Answer, Visit};
use crate::pages;

/// Shows the messages to browsers of this machine, unless other machines can reach the provider.
///
/// A site of another name that leads to this machine is not shown them either.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Answer {
    let is_from_here = peer.is_some_and(|Extension(ConnectInfo(peer))| is_from_here(&app, peer.ip(), &headers));
    if !app.is_demonstration() || !is_from_here {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let visit = Visit::of(app, &headers).await?;
    let messages = visit.app.messages.all(visit.now).await?;
    Ok(visit.show(StatusCode::OK, |page| pages::outbox(page, &messages)))
}

/// The headers by which proxies tell of their clients.
const PROXIED: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

/// Returns `true` if a request comes from this machine, and its host is the provider's or a name of this machine. A
/// hostile site whose name leads to this machine has another host.
fn is_from_here(app: &App, peer: IpAddr, headers: &HeaderMap) -> bool {
    // A proxy that is not configured is on this machine, and its clients are not.
    if PROXIED.iter().any(|name| headers.contains_key(*name)) {
        return false;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let of_origin = app.origin.split_once("://").map_or("", |(_, host)| host);
    let port = of_origin.rsplit_once(':').map_or("", |(_, port)| port);
    let is_local = ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host == format!("{name}:{port}"));
    peer.is_loopback() && (host == of_origin || is_local)
}
