//! Pushes: an app of the person is activated, gets challenges, and approves logins.

mod api;
mod enrollment;
mod inbox;
mod login;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::routing::{get, post};

pub(crate) use self::enrollment::Activating;
pub(crate) use self::login::Asked;
use crate::app::App;
use crate::limits::WAITING;

/// The greatest length of a message of an app.
const MESSAGE_BYTES: usize = 2048;

/// The script that asks whether the app has answered.
const SCRIPT: &str = include_str!("push.js");

/// Returns the routes of pages with forms.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/security/app", get(enrollment::show).post(enrollment::begin))
        .route("/security/app/confirm", post(enrollment::confirm))
        .route("/push", get(login::show).post(login::begin))
        .route(WAITING, post(login::state))
        .route("/push/approved", post(login::approved))
        .route("/push.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT) }))
}

/// Returns the routes that apps call. They need no cookie, and messages prove themselves.
pub(crate) fn api() -> Router<Arc<App>> {
    Router::new()
        .route("/api/app/activation", post(api::activate))
        .route("/api/app/inbox", post(api::challenges))
        .route("/api/app/answer", post(api::answer))
        .layer(DefaultBodyLimit::max(MESSAGE_BYTES))
}

#[cfg(test)]
mod tests;
