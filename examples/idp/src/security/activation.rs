//! The activation of another app with a code of the help desk, for a person who has lost every device.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use secondo::PublicRefusal;
use serde::Deserialize;

use crate::app::App;
use crate::enrollment::{PHONE, new_app};
use crate::http::{Answer, Visit};
use crate::pages::{self, Text};

pub(crate) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    if !visit.may_activate() {
        return Ok(visit.go_to("/"));
    }
    Ok(visit.show(StatusCode::OK, pages::activation))
}

#[derive(Deserialize)]
pub(crate) struct Activation {
    form: String,
    code: String,
}

/// Begins the enrollment of an app with a code. The app's first code confirms it, and its next one logs the person in.
pub(crate) async fn activate(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Activation { form, code }): Form<Activation>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if form != visit.browser.form_token() || !visit.may_activate() {
        return Ok(visit.go_to("/"));
    }
    let (account, login) = (visit.browser.account()?, visit.browser.login()?);
    let phone = new_app(visit.say(PHONE))?;
    match visit.app.verifier.enroll_with_code(&account, &login, &code, phone, visit.now).await {
        Ok(enrolled) => {
            visit.browser.session.enrolling = Some(enrolled.number.get());
            visit.browser.keep(&visit.app.records, visit.now).await?;
            Ok(visit.go_to("/"))
        }
        Err(error) if !error.is_outage() => {
            let alert = match error.public() {
                PublicRefusal::Malformed(_) => visit.warning(MISTYPED),
                refusal => visit.alert(refusal),
            };
            visit.refuse("/security/activate", alert).await
        }
        Err(error) => Err(error.into()),
    }
}

const MISTYPED: Text = Text(
    "Il codice di attivazione contiene un errore di battitura. Controllalo.",
    "The activation code has a typing error. Check it.",
);

impl Visit {
    /// Returns `true` after the password of a person who cannot show a second factor, while no app is being enrolled.
    /// In a login at a service, no app is activated with a code of the help desk.
    fn may_activate(&self) -> bool {
        let session = &self.browser.session;
        let is_free = session.second.is_none() && session.enrolling.is_none() && session.request.is_none();
        is_free && self.person.as_ref().is_some_and(|person| person.second_factor_since.is_some())
    }
}
