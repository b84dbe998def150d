//! Registration: the steps of an application for an identity, and its completion.

mod application;
mod completion;
mod contact;
mod documents;
mod files;
mod fiscal_code;
mod handover;
mod personal;
mod submission;
mod waiting;
mod withdrawal;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use serde::Deserialize;

pub(crate) use self::application::{Application, Stage, Step};
pub(crate) use self::contact::{CODE_OVER, WRONG_CODE};
pub(crate) use self::files::{Kind, remove_documents};
pub(crate) use self::handover::{Credential, DEVICE, check_credentials, keep_credential};
pub(crate) use self::personal::{Personal, today};
use crate::app::App;
use crate::http::{Answer, Visit};
use crate::pages::registration as pages;
use crate::problem::Refused;

const PAGE: &str = "/register";
/// The path of the form with documents, and the longest time of such a request.
pub(crate) const UPLOAD: &str = "/register/documents";
pub(crate) const UPLOAD_TIME: Duration = Duration::from_secs(120);

pub(crate) fn routes() -> Router<Arc<App>> {
    let upload = post(documents::take).layer(DefaultBodyLimit::max(documents::UPLOAD_BYTES));
    Router::new()
        .route(PAGE, get(show))
        .route("/register/personal", post(personal::take))
        .route("/register/email", post(contact::take_email))
        .route("/register/mobile", post(contact::take_mobile))
        .route("/register/code/{step}", post(contact::take_code))
        .route("/register/again/{step}", post(contact::send_again))
        .route(UPLOAD, upload)
        .route("/register/terms", post(submission::take_terms))
        .route("/register/summary", post(submission::submit))
        .route(withdrawal::WITHDRAWN, get(withdrawal::show_done))
        .route("/register/withdraw/{id}", get(withdrawal::show).post(withdrawal::take))
        .route(handover::PAGE, get(handover::show).post(handover::take))
        .route("/admin/requests", get(completion::list))
        .route("/admin/requests/{id}", get(completion::show))
        .route("/admin/requests/{id}/documents/{kind}", get(completion::document))
        .route("/admin/requests/{id}/accept", post(completion::accept))
        .route("/admin/requests/{id}/reject", post(completion::reject))
}

#[derive(Deserialize)]
struct Wanted {
    /// The name of an earlier step that the person goes back to.
    step: Option<String>,
}

/// Shows the next step, or an earlier one to change it.
async fn show(State(app): State<Arc<App>>, headers: HeaderMap, Query(Wanted { step }): Query<Wanted>) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    let application = visit.application().await?.unwrap_or_default();
    let earlier = step.and_then(|name| application.named(&name));
    Ok(visit.show(StatusCode::OK, |page| match application.stage {
        Stage::Draft | Stage::Withdrawn => pages::step(page, &application, earlier),
        Stage::Waiting | Stage::Accepted => pages::sent(page),
        Stage::Active => pages::active(page),
    }))
}

impl Visit {
    /// Answers a code or a summary of this session whose step is not due.
    ///
    /// Both lead to another cookie, with which the form is no longer one of the session. If the step is done already,
    /// the form is therefore the second of two clicks, and the first one is about to set that cookie.
    async fn step_not_due(&mut self, application: &Application, step: &str) -> Answer {
        if application.has_done(step) { self.follow_first(PAGE).await } else { Ok(self.go_to(PAGE)) }
    }

    /// Sends the browser to the form of a step, which shows its refusal.
    async fn refuse_step(&self, step: Step, refused: impl Into<Refused>) -> Answer {
        self.refuse(&format!("{PAGE}?step={}", step.name()), refused).await
    }
}
