//! The page with the messages of a demonstration.

use std::net::SocketAddr;
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
    let is_local = peer.is_some_and(|Extension(ConnectInfo(peer))| peer.ip().is_loopback());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let scheme = if app.is_secure() { "https" } else { "http" };
    if !app.is_demonstration() || !is_local || host.is_none_or(|host| app.origin != format!("{scheme}://{host}")) {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let visit = Visit::of(app, &headers).await?;
    let messages = visit.app.messages.all(visit.now).await?;
    Ok(visit.show(StatusCode::OK, |page| pages::outbox(page, &messages)))
}
