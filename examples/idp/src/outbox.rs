//! The page with the messages of a demonstration.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;

use crate::app::App;
use crate::http::{Answer, Visit, is_from_here};
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
