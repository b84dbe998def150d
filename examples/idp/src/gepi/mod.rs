//! A sample service behind the provider, after GePI, the ministry's platform for the social inclusion pact.
//!
//! It is an application of its own that runs in the same process: it has its own cookie and records, and knows of a
//! person only what the provider sends it. [`party`] is its side of OpenID Connect, [`login`] the way in, and
//! [`rules`] decides who may do what. Every request is decided by itself, and each access to a case is traced.

mod administration;
mod calendar;
mod cases;
mod delegations;
pub(crate) mod demonstration;
mod errors;
mod levels;
mod login;
mod notice;
mod pages;
mod party;
mod people;
mod pins;
mod rules;
mod token;
mod traces;
mod transport;
mod visit;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use self::errors::explain;
pub(crate) use self::levels::Settings;
pub(crate) use self::party::{Party, client_id};
pub(crate) use self::people::known_id;
use crate::app::App;

/// The form that takes a PIN, which is guessed as passwords are.
pub(crate) const PIN: &str = "/gepi/pin";

/// Returns the routes of the service, whose forms are its own.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/gepi", get(login::show))
        .route("/gepi/login", post(login::begin))
        .route(login::CALLBACK, get(login::callback))
        .route(notice::PAGE, get(notice::show))
        .route(PIN, post(login::take_pin))
        .route("/gepi/logout", post(login::log_out))
        .route("/gepi/language/{code}", post(login::set_language))
        .route("/gepi/cases", get(work::list))
        .route("/gepi/case/{id}", get(work::open))
        .route("/gepi/case/{id}/print", get(work::print))
        .route("/gepi/case/{id}/submit", post(work::submit))
        .route("/gepi/case/{id}/assign", post(work::assign))
        .route("/gepi/case/{id}/delegate", post(delegations::delegate))
        .route("/gepi/staff", get(administration::staff))
        .route("/gepi/staff/accredit", post(administration::accredit))
        .route("/gepi/staff/end", post(administration::end))
        .route("/gepi/traces", get(administration::traces))
}
