//! The completion of applications by operators, who stand for the office.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;

use super::application::{Application, Stage, change};
use super::files::Kind;
use super::submission::{announce, line};
use super::{files, waiting};
use crate::app::App;
use crate::audit::Line;
use crate::http::{Answer, Visit};
use crate::outage::Outage;
use crate::pages::{Text, requests as pages};
use crate::person::Person;
use crate::problem::Problem;
use crate::records::Kept;

const REQUESTS: &str = "/admin/requests";
/// The applications on the page.
const SHOWN: usize = 50;
/// The greatest number of characters of a reason.
const REASON_CHARS: usize = 300;

const TAKEN: Text = Text(
    "Un'altra persona ha già un'identità con questo codice fiscale o con questo indirizzo e-mail. Respingi la richiesta.",
    "Another person has an identity with this fiscal code or this e-mail address already. Reject the application.",
);
const REJECTED_SUBJECT: Text = Text("Richiesta non accettata", "Application rejected");
const REJECTED_TEXT: Text = Text(
    "La tua richiesta di identità digitale non è stata accettata. I dati e i documenti sono cancellati. Motivo:",
    "Your application for a digital identity was rejected. The data and the documents are deleted. Reason:",
);

fn page_of(id: &str) -> String {
    format!("{REQUESTS}/{id}")
}

pub(super) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    if let Err(stopped) = visit.operator(REQUESTS) {
        return Ok(*stopped);
    }
    let (applications, all) = waiting::oldest(&visit.app.records, SHOWN, visit.now).await?;
    Ok(visit.show(StatusCode::OK, |page| pages::list(page, &applications, all)))
}

pub(super) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    let operator = match visit.operator(REQUESTS) {
        Ok(operator) => operator,
        Err(stopped) => return Ok(*stopped),
    };
    // Another operator may have decided, or the person.
    let Some(application) = visit.request(&id).await? else { return Ok(visit.go_to(REQUESTS)) };
    visit.app.audit.record(by(operator, "application_view", &application, &visit));
    Ok(visit.show(StatusCode::OK, |page| pages::request(page, &id, &application)))
}

/// Sends a document as a file. The browser does not show it, whatever is in it.
pub(super) async fn document(
    State(app): State<Arc<App>>,
    Path((id, kind)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let operator = match visit.operator(REQUESTS) {
        Ok(operator) => operator,
        Err(stopped) => return Ok(*stopped),
    };
    let application = visit.request(&id).await?;
    let found = application.as_ref().zip(Kind::named(&kind)).and_then(|(application, kind)| {
        let document = application.documents.iter().find(|document| document.kind == kind)?;
        Some((application, document))
    });
    let Some((application, document)) = found else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let bytes = document.load(&visit.app.records, visit.now).await?;
    let [media, extension] = document.media.names();
    visit.app.audit.record(by(operator, "document", application, &visit));
    let headers = [
        (header::CONTENT_TYPE, media.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.{extension}\"", document.kind.name())),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

#[derive(Deserialize)]
pub(super) struct Accept {
    form: String,
}

pub(super) async fn accept(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(Accept { form }): Form<Accept>,
) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let operator = match visit.operator(REQUESTS) {
        Ok(operator) => operator,
        Err(stopped) => return Ok(*stopped),
    };
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(REQUESTS));
    }
    let (records, now) = (&visit.app.records, visit.now);
    // From here on, the person cannot withdraw it, and no other operator can reject it.
    let begin = |application: &mut Application| {
        waiting::is_open(application).then(|| {
            application.stage = Stage::Accepted;
            application.clone()
        })
    };
    let accepted = change(records, &id, now, begin).await?;
    let Some(application) = accepted else { return Ok(visit.go_to(REQUESTS)) };
    let person = application.person(now)?.ok_or(Outage("incomplete_application"))?;
    if !visit.app.persons.add(person, now).await? {
        let wait = |application: &mut Application| {
            application.stage = Stage::Waiting;
            Some(())
        };
        change(records, &id, now, wait).await?;
        return visit.refuse(&page_of(&id), visit.warning(TAKEN)).await;
    }
    if visit.take_application(&id, Stage::Accepted).await?.is_some() {
        visit.app.audit.record(by(operator, "acceptance", &application, &visit));
        announce(&visit.app, &application, now).await?;
    }
    Ok(visit.go_to(REQUESTS))
}

#[derive(Deserialize)]
pub(super) struct Reject {
    form: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn reject(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(Reject { form, reason }): Form<Reject>,
) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let operator = match visit.operator(REQUESTS) {
        Ok(operator) => operator,
        Err(stopped) => return Ok(*stopped),
    };
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(REQUESTS));
    }
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS {
        return visit.refuse(&page_of(&id), Problem::Reason).await;
    }
    if let Some(application) = visit.take_application(&id, Stage::Waiting).await? {
        let line = by(operator, "rejection", &application, &visit);
        visit.app.audit.record(Line { reason: Some(reason.to_owned()), ..line });
        let text = format!("{} {reason}", application.say(REJECTED_TEXT));
        let subject = application.say(REJECTED_SUBJECT);
        visit.app.messages.mail(&application.email, subject, &text, visit.now).await?;
    }
    Ok(visit.go_to(REQUESTS))
}

impl Visit {
    async fn request(&self, id: &str) -> Result<Option<Application>, Outage> {
        let application = self.app.records.load::<Application>(id, self.now).await?;
        Ok(application.filter(waiting::is_open))
    }

    /// Takes an application of this stage out of the records, with its documents. Only one of two callers gets it.
    async fn take_application(&self, id: &str, stage: Stage) -> Result<Option<Application>, Outage> {
        let (records, now) = (&self.app.records, self.now);
        let take = |held: Option<Application>| {
            let held = held.filter(|held| held.stage == stage);
            (held.is_some().then(|| Kept::removed(now)), held)
        };
        let taken = records.change(id, now, take).await?;
        if let Some(application) = &taken {
            waiting::remove(records, id, now).await?;
            files::remove_all(records, &application.documents, now).await?;
        }
        Ok(taken)
    }
}

/// Returns a line about something that an operator did.
fn by(operator: &Person, action: &str, application: &Application, visit: &Visit) -> Line {
    Line { operator: Some(operator.id.clone()), ..line(action, application, visit.now) }
}
