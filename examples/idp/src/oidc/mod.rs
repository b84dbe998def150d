//! OpenID Connect in SPID's profile: the code flow with PKCE, signed requests, and clients that authenticate with keys.
//!
//! A request begins in [`authorize`], which keeps it in the browser's session. The steps of the login follow.
//! [`answer`] then sends the browser back to the service, with a code or with an error. The service exchanges the code
//! in [`token`], and reads the attributes in [`userinfo`].

mod answer;
mod authentication;
mod authorize;
mod clients;
mod code;
mod discovery;
mod error;
mod keys;
mod parameters;
mod request;
mod signed;
mod subject;
mod token;
mod userinfo;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use self::answer::{Given, Single};
pub(crate) use self::clients::{Clients, Registration, form_target};
pub(crate) use self::keys::Keys;
pub(crate) use self::request::Request;
pub(crate) use self::subject::Subjects;
use crate::app::App;
use crate::outage::{Failure, Outage};
use crate::records::Records;

/// The seconds for which tokens are valid.
const TOKEN_SECS: u64 = 10 * 60;

/// The parts of the provider that know about services.
pub(crate) struct Oidc {
    pub(crate) clients: Clients,
    keys: Keys,
    subjects: Subjects,
}

impl Oidc {
    /// Reads the clients, and makes the signing keys at the first start.
    pub(crate) async fn open(
        registrations: &[Registration],
        records: Records,
        subject_key: &[u8; 32],
    ) -> Result<Self, Failure> {
        let clients = Clients::new(registrations)?;
        let keys = Keys::open(records, keys::LOOK).await?;
        Ok(Self { clients, keys, subjects: Subjects::new(subject_key) })
    }

    /// Replaces the keys that sign tokens at once. Returns the number of those that no longer verify.
    pub(crate) async fn replace_keys(&self) -> Result<usize, Outage> {
        self.keys.replace().await
    }
}

/// Returns the routes that programs call, or that other sites may send a browser to. They need no form of ours.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::configuration))
        .route("/jwks", get(discovery::jwks))
        .route("/authorize", get(authorize::authorize).post(authorize::authorize))
        .route("/token", post(token::token))
        .route("/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
}

#[cfg(test)]
mod tests;
