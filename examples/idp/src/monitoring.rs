//! Health, metrics, and the checks of requests that need the address of the client.

use std::sync::Arc;
use std::time::Instant;

use axum::body::to_bytes;
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use secondo::UnixTime;
use serde_json::json;

use crate::app::App;
use crate::http::{FORM_BYTES, Visit, is_sight};
use crate::limits;
use crate::outage::Outage;
use crate::pages::{self, Page};
use crate::records::Record;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/health", get(|| async { "ok" })).route("/ready", get(ready)).route("/metrics", get(metrics))
}

/// A record that nobody writes.
#[derive(serde::Serialize, serde::Deserialize)]
struct Nothing;

impl Record for Nothing {
    const KIND: &'static str = "nothing";
}

/// Tells if the store answers.
async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Outage> {
    app.records.load::<Nothing>("", UnixTime::now()?).await?;
    Ok("ready")
}

/// Shows the metrics to this machine, and to others with the token.
async fn metrics(State(app): State<Arc<App>>, request: Request) -> Result<Response, Outage> {
    let (parts, _) = request.into_parts();
    let is_here = limits::client(&parts, app.config.trusted_proxy).is_some_and(|client| client.is_loopback());
    // A proxy that is not configured is on this machine, and its clients are not.
    let is_here = is_here && !limits::is_proxied(&parts.headers);
    if !is_here && !has_token(&app, &parts.headers) {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let kind = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    Ok((kind, app.metrics.text()?).into_response())
}

fn has_token(app: &App, headers: &HeaderMap) -> bool {
    let Some(expected) = app.config.metrics_token.as_deref().filter(|token| !token.is_empty()) else { return false };
    let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let given = given.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
    aws_lc_rs::constant_time::verify_slices_are_equal(given, expected.as_bytes()).is_ok()
}

/// Measures the request, and counts its outage.
pub(crate) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let begun = Instant::now();
    let response = next.run(request).await;
    if let Some(Outage(label)) = response.extensions().get() {
        app.metrics.outage(label);
    }
    app.metrics.request(path.as_deref().unwrap_or("other"), response.status().as_u16(), begun.elapsed());
    response
}

/// Refuses a request of an address that has sent too many.
pub(crate) async fn limit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let client = limits::counted(&parts, app.config.trusted_proxy);
    let Some(client) = client else { return next.run(Request::from_parts(parts, body)).await };
    let taken = app.limits.take(&app.config.limits, &parts.method, parts.uri.path(), client, Instant::now());
    let Err(limited) = taken else { return next.run(Request::from_parts(parts, body)).await };
    app.metrics.limited(limited.label);
    // The form is read first, since a connection with an unread form is reset, and the answer may be lost.
    let _ = to_bytes(body, FORM_BYTES).await;
    let again = page_before(&app, &parts);
    let wait = [(header::RETRY_AFTER, limited.wait.to_string())];
    if limited.is_of_program {
        let body = json!({
            "error": "temporarily_unavailable",
            "error_description": "too many requests came from this address",
        });
        return (StatusCode::TOO_MANY_REQUESTS, wait, Json(body)).into_response();
    }
    // The page has the language of the session, and a way out of the login at a service.
    let visit = match Visit::of_pending(app, &parts.headers).await {
        Ok(visit) => visit,
        Err(outage) => return (wait, outage).into_response(),
    };
    let page = |page: &Page<'_>| pages::limited(page, limited.wait, again.as_deref());
    (wait, visit.show(StatusCode::TOO_MANY_REQUESTS, page)).into_response()
}

/// Returns the page on which the person sent a form, or followed a link of a service, to try it again there.
pub(crate) fn page_before(app: &App, request: &Parts) -> Option<String> {
    if is_sight(&request.method) {
        return request.uri.path_and_query().map(ToString::to_string);
    }
    let referer = request.headers.get(header::REFERER)?.to_str().ok()?;
    referer.strip_prefix(&app.origin)?.starts_with('/').then(|| referer.to_owned())
}
