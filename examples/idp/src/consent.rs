//! The last step of a login at a service: consent, or its refusal. A person can cancel at every step.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use secondo::assurance::OutcomeCode;
use serde::Deserialize;

use crate::app::App;
use crate::http::{Answer, Visit};

#[derive(Deserialize)]
pub(crate) struct Decision {
    form: String,
    /// The name of the request that the page was about. Another tab may have begun one since.
    request: String,
    /// `yes`, or else refused.
    consent: String,
}

pub(crate) async fn take_consent(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Decision { form, request, consent }): Form<Decision>,
) -> Answer {
    let mut visit = Visit::of_service(app, &headers).await?;
    if let Some(answer) = visit.given(Some(&request)) {
        return Ok(answer);
    }
    if form != visit.browser.form_token() || !visit.awaits_consent(Some(&request)) {
        return Ok(visit.go_to("/"));
    }
    if !visit.is_active() {
        return visit.end(OutcomeCode::Suspended).await;
    }
    if consent == "yes" { visit.grant().await } else { visit.end(OutcomeCode::ConsentRefused).await }
}

/// Shows the outcome of a login that ended.
pub(crate) async fn show_ended(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_service(app, &headers).await?;
    Ok(visit.show_ended().unwrap_or_else(|| visit.go_to("/")))
}

#[derive(Deserialize)]
pub(crate) struct Cancel {
    form: String,
    request: String,
}

pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Cancel { form, request }): Form<Cancel>,
) -> Answer {
    let mut visit = Visit::of_service(app, &headers).await?;
    if let Some(answer) = visit.given(Some(&request)) {
        return Ok(answer);
    }
    let is_pending = visit.browser.session.request.as_ref().is_some_and(|pending| pending.id == request);
    if form != visit.browser.form_token() || !is_pending {
        return Ok(visit.go_to("/"));
    }
    visit.end(OutcomeCode::Cancelled).await
}
