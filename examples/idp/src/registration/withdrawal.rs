//! The end of an application by the person who made it, from the link in the mail and with the procedure code.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::application::{Application, Stage};
use super::submission::{hash, line};
use super::{files, waiting};
use crate::app::App;
use crate::challenge::{self, HOUR};
use crate::http::{Answer, Visit};
use crate::pages::{Text, registration as pages};
use crate::records::Kept;

/// The page after the end.
pub(super) const WITHDRAWN: &str = "/register/withdrawn";
/// The procedure codes that may be tried for an application in an hour.
const GUESSES: (u32, u64) = (5, HOUR);
/// The seconds for which a withdrawn application is known, so that the second of two clicks is not refused.
const KNOWN_SECS: u64 = HOUR;

const WRONG: Text = Text(
    "Il codice della pratica non è corretto, oppure la richiesta non c'è più.",
    "The procedure code is not correct, or the application is no longer there.",
);
const TOO_OFTEN: Text = Text("Troppi tentativi. Riprova tra un'ora.", "Too many attempts. Try again in an hour.");
const WITHDRAWN_SUBJECT: Text = Text("Richiesta ritirata", "Application withdrawn");
const WITHDRAWN_TEXT: Text = Text(
    "La tua richiesta di identità digitale è stata ritirata. I dati e i documenti sono cancellati.",
    "Your application for a digital identity was withdrawn. The data and the documents are deleted.",
);

pub(super) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    if !is_id(&id) {
        return Ok(visit.go_to("/register"));
    }
    Ok(visit.show(StatusCode::OK, |page| pages::withdraw(page, &id)))
}

/// Returns `true` for a text that can be an id, and part of an address.
fn is_id(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Shows that an application is withdrawn.
pub(super) async fn show_done(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    Ok(visit.show(StatusCode::OK, pages::withdrawn))
}

#[derive(Deserialize)]
pub(super) struct Withdraw {
    form: String,
    #[serde(default)]
    procedure: String,
}

/// The application that a form withdraws.
enum Taken {
    Now(Box<Application>),
    /// It was withdrawn with the same procedure code before.
    Before,
    Nothing,
}

pub(super) async fn take(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(Withdraw { form, procedure }): Form<Withdraw>,
) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    if !is_id(&id) {
        return Ok(visit.go_to("/register"));
    }
    let page = format!("/register/withdraw/{id}");
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(&page));
    }
    let (records, now) = (&visit.app.records, visit.now);
    let given = hash(&procedure);
    if !challenge::permits(records, &format!("withdrawal {id}"), GUESSES, Some(&given), now).await? {
        return visit.refuse(&page, visit.warning(TOO_OFTEN)).await;
    }
    let take = |held: Option<Application>| {
        let is_right =
            |held: &Application| verify_slices_are_equal(held.procedure.as_bytes(), given.as_bytes()).is_ok();
        let Some(held) = held.filter(is_right) else { return (None, Taken::Nothing) };
        match held.stage {
            Stage::Waiting => {
                let procedure = held.procedure.clone();
                let left = Application { stage: Stage::Withdrawn, procedure, ..Application::default() };
                (Some(Kept::until(now.saturating_add(KNOWN_SECS), left)), Taken::Now(Box::new(held)))
            }
            Stage::Withdrawn => (None, Taken::Before),
            // An application that an operator has accepted is an identity.
            Stage::Draft | Stage::Accepted | Stage::Active => (None, Taken::Nothing),
        }
    };
    let application = match records.change(&id, now, take).await? {
        Taken::Now(application) => application,
        // The first of two clicks has withdrawn it.
        Taken::Before => return Ok(visit.go_to(WITHDRAWN)),
        Taken::Nothing => return visit.refuse(&page, visit.warning(WRONG)).await,
    };
    waiting::remove(records, &id, now).await?;
    files::remove_all(records, &application.documents, now).await?;
    visit.app.audit.record(line("withdrawal", &application, now));
    let say = |text: Text| text.in_language(visit.language);
    visit.app.messages.mail(&application.email, say(WITHDRAWN_SUBJECT), say(WITHDRAWN_TEXT), now).await?;
    Ok(visit.go_to(WITHDRAWN))
}
