use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::outage::Outage;

/// The error codes of OAuth 2.0 and OpenID Connect that the provider answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    AccessDenied,
    ConsentRequired,
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    RequestUriNotSupported,
    UnsupportedGrantType,
    UnsupportedResponseType,
}

impl Code {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::ConsentRequired => "consent_required",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}

/// A request that the provider refuses, with a reason for the developers of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) Code, pub(crate) &'static str);

/// The failure of a request at the token endpoint.
pub(crate) enum TokenError {
    Refused(Refused),
    /// The form is longer than any request is.
    TooLarge,
    Outage(Outage),
}

impl From<Refused> for TokenError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Outage> for TokenError {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage)
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let (code, description) = match self {
            Self::Refused(Refused(code, description)) => (code, description),
            Self::TooLarge => {
                let body = json!({ "error": Code::InvalidRequest.name(), "error_description": "the form is too long" });
                return (StatusCode::PAYLOAD_TOO_LARGE, Json(body)).into_response();
            }
            Self::Outage(outage) => return outage.into_response(),
        };
        let body = Json(json!({ "error": code.name(), "error_description": description }));
        match code {
            // RFC 6749 section 5.2 asks for the header if the client used it, and permits it otherwise.
            Code::InvalidClient => {
                (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"token\"")], body).into_response()
            }
            _ => (StatusCode::BAD_REQUEST, body).into_response(),
        }
    }
}
