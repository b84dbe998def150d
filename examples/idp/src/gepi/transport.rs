use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use super::token::Invalid;
use crate::app::App;
use crate::oidc;
use crate::outage::Outage;

/// The greatest length of an answer of the provider.
const ANSWER_BYTES: usize = 64 * 1024;

/// The way to the provider's endpoints.
///
/// Both run in one process here, and the requests need no network. Another service has an HTTP client in this place.
pub(super) struct Transport(Router);

/// The failure of a call.
pub(super) enum CallError {
    /// The provider's answer is not right.
    Invalid(Invalid),
    Outage(Outage),
}

impl From<Invalid> for CallError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<Outage> for CallError {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage)
    }
}

impl Transport {
    pub(super) fn new(app: Arc<App>) -> Self {
        Self(oidc::routes().with_state(app))
    }

    /// Sends a request, and reads the answer as JSON.
    pub(super) async fn send<T: DeserializeOwned>(&self, request: Request<Body>) -> Result<T, CallError> {
        let Ok(response) = self.0.clone().oneshot(request).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), ANSWER_BYTES).await.map_err(Outage::from)?;
        if status.is_server_error() {
            return Err(Outage("provider").into());
        }
        if status != StatusCode::OK {
            return Err(Invalid("status").into());
        }
        Ok(serde_json::from_slice(&body).map_err(|_| Invalid("json"))?)
    }
}
