//! The pages of the administration, for operators with a second factor of the last minutes.

pub(crate) mod actions;
mod audit;
mod notices;
mod people;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use self::audit::Fields;
use crate::app::App;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/admin", get(people::show))
        .route("/admin/find", post(people::find))
        .route("/admin/person/{id}", get(people::show_person).post(people::act))
        .route("/admin/person/{id}/code", get(people::show_code))
        .route("/admin/audit", get(audit::show))
}
