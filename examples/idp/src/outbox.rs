//! The page with the messages of a demonstration.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;

use crate::app::App;
use crate::http::{Answer, Visit};
use crate::pages;

/// Shows the messages, unless other machines can reach the provider.
pub(crate) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    if app.is_secure() {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let visit = Visit::of(app, &headers).await?;
    let messages = visit.app.messages.all(visit.now).await?;
    Ok(visit.show(StatusCode::OK, |page| pages::outbox(page, &messages)))
}
