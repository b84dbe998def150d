use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use secondo::assurance::Framework;
use secondo::types::Level;
use serde_json::json;

use super::request::SCOPES;
use crate::app::App;
use crate::attributes::Attribute;
use crate::pages::Language;

/// Services may keep both documents for this time, which is shorter than the time between a key and its use.
const CACHE: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "public, max-age=3600")];

/// Returns the description of the provider (OpenID Connect Discovery section 3).
pub(super) async fn configuration(State(app): State<Arc<App>>) -> impl IntoResponse {
    let at = |path| format!("{}{path}", app.origin);
    let algorithms = ["RS256", "ES256"];
    let claims = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash"];
    let claims: Vec<_> = claims.into_iter().chain(Attribute::ALL.map(Attribute::claim)).collect();
    let document = json!({
        "issuer": app.origin,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/jwks"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "acr_values_supported": [Framework::Spid.name(Level::One), Framework::Spid.name(Level::Two)],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": algorithms,
        "request_object_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported":
            ["private_key_jwt", "client_secret_basic", "client_secret_post", "none"],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["consent", "login"],
        "claim_types_supported": ["normal"],
        "claims_supported": claims,
        "claims_parameter_supported": true,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
        "ui_locales_supported": Language::ALL.map(Language::code),
    });
    (CACHE, Json(document))
}

/// Returns the public keys of the provider.
pub(super) async fn jwks(State(app): State<Arc<App>>) -> impl IntoResponse {
    (CACHE, Json(app.oidc.keys.published()))
}
