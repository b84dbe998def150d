use std::any::{Any, type_name};
use std::error::Error;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use secondo::VerifierError;
use secondo_postgres::PostgresStoreError;

/// A fault of the provider, as a label for logs. It is never a login, and no fault of the person's.
pub(crate) struct Outage(pub(crate) &'static str);

impl<E: Error + 'static> From<E> for Outage {
    /// Keeps no texts of the error: a server's message can hold rows.
    fn from(error: E) -> Self {
        match (&error as &dyn Any).downcast_ref::<VerifierError<PostgresStoreError>>() {
            Some(VerifierError::Store(error)) => Self(error.label()),
            Some(error) => Self(error.label()),
            None => Self(type_name::<E>()),
        }
    }
}

impl IntoResponse for Outage {
    fn into_response(self) -> Response {
        eprintln!("outage: {}", self.0);
        (StatusCode::SERVICE_UNAVAILABLE, "The login is not possible now. Try again later.\n").into_response()
    }
}
