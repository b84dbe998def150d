//! The page of the phone: an authenticator app as a web page, which can be installed.
//!
//! It keeps its keys in the browser. The files beside this one are its modules.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::http::{CAMERA, PERMISSIONS};
use crate::pages::{self, Language};

/// Scripts and calls of the provider only, the camera, and no form that leaves the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; manifest-src 'self'; \
    style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

const SCRIPT: &str = "text/javascript";
const FILES: [(&str, &str, &[u8]); 11] = [
    ("app.mjs", SCRIPT, include_bytes!("app.mjs")),
    ("bytes.mjs", SCRIPT, include_bytes!("bytes.mjs")),
    ("camera.mjs", SCRIPT, include_bytes!("camera.mjs")),
    ("otp.mjs", SCRIPT, include_bytes!("otp.mjs")),
    ("provider.mjs", SCRIPT, include_bytes!("provider.mjs")),
    ("push.mjs", SCRIPT, include_bytes!("push.mjs")),
    ("store.mjs", SCRIPT, include_bytes!("store.mjs")),
    ("texts.mjs", SCRIPT, include_bytes!("texts.mjs")),
    ("vault.mjs", SCRIPT, include_bytes!("vault.mjs")),
    ("icon.svg", "image/svg+xml", include_bytes!("icon.svg")),
    ("icon.png", "image/png", include_bytes!("icon.png")),
];

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/app", get(show))
        .route("/app/manifest.webmanifest", get(manifest))
        .route("/app/{file}", get(file))
}

#[derive(Deserialize)]
struct Choice {
    /// The code of the language.
    lang: Option<String>,
}

async fn show(State(app): State<Arc<App>>, headers: HeaderMap, Query(Choice { lang }): Query<Choice>) -> Response {
    let chosen = lang.as_deref().and_then(Language::of_code);
    let language = chosen.unwrap_or_else(|| Language::accepted(&headers));
    let policies = [(header::CONTENT_SECURITY_POLICY, POLICY), (PERMISSIONS, CAMERA)];
    (policies, pages::phone::app(language, &app.config.name)).into_response()
}

async fn manifest(State(app): State<Arc<App>>) -> Response {
    let manifest = json!({
        "id": "/app",
        "name": app.config.name,
        "short_name": app.config.name,
        "start_url": "/app",
        "scope": "/app",
        "display": "standalone",
        "theme_color": "#0066cc",
        "background_color": "#ffffff",
        "icons": [
            { "src": "/app/icon.svg", "type": "image/svg+xml", "sizes": "any", "purpose": "any maskable" },
            { "src": "/app/icon.png", "type": "image/png", "sizes": "512x512" },
        ],
    });
    ([(header::CONTENT_TYPE, "application/manifest+json")], manifest.to_string()).into_response()
}

async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, _, _)| *known == name) {
        Some((_, kind, bytes)) => ([(header::CONTENT_TYPE, *kind)], *bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
