//! The calls of apps. Bodies and answers are JSON, and there are no cookies.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use secondo::push::{self, ActivationAnswer, PushRefusal, Verdict};
use secondo::store::BoxedError;
use secondo::{AccountId, Refusal, UnixTime, VerifierError};
use serde::Deserialize;
use serde_json::json;

use super::inbox;
use crate::app::App;
use crate::http::Answer;
use crate::messages::Notice;
use crate::outage::Outage;
use crate::pages::{Language, Text};
use crate::person::Person;

/// Takes the key of a new app, which proves that it has the activation. The person confirms it on the page.
pub(super) async fn activate(State(app): State<Arc<App>>, message: String) -> Answer {
    let now = UnixTime::now()?;
    let answer = match ActivationAnswer::parse(&message) {
        Ok(answer) => answer,
        Err(error) => return Ok(refused(error.label())),
    };
    let (account, _) = match person(&app, answer.account(), now).await? {
        Ok(found) => found,
        Err(label) => return Ok(refused(label)),
    };
    match app.verifier.activate_push(&account, &message, now).await {
        Ok(_) => Ok(Json(json!({})).into_response()),
        Err(error) if error.is_outage() => Err(error.into()),
        Err(error) => Ok(refused(error.label())),
    }
}

#[derive(Deserialize)]
pub(super) struct Device {
    device: String,
}

/// Returns the challenges that wait for an app.
pub(super) async fn challenges(State(app): State<Arc<App>>, Json(Device { device }): Json<Device>) -> Answer {
    let challenges = inbox::waiting(&app.records, &device, UnixTime::now()?).await?;
    Ok(Json(json!({ "challenges": challenges })).into_response())
}

/// Takes the answer of an app to a challenge.
pub(super) async fn answer(State(app): State<Arc<App>>, headers: HeaderMap, message: String) -> Answer {
    let now = UnixTime::now()?;
    let answer = match push::Answer::parse(&message) {
        Ok(answer) => answer,
        Err(error) => return Ok(refused(error.label())),
    };
    let (account, person) = match person(&app, answer.account(), now).await? {
        Ok(found) => found,
        Err(label) => return Ok(refused(label)),
    };
    let judged = app.verifier.answer_push(&account, &message, now).await;
    if ends(&judged) {
        inbox::remove(&app.records, &message, now).await?;
    }
    match judged {
        Ok(verdict) => {
            if verdict == Verdict::NotMe {
                let say = |text: Text| text.in_language(Language::accepted(&headers));
                app.messages.mail(&person.email, say(REPORTED.subject), say(REPORTED.text), now).await?;
            }
            Ok(Json(json!({ "verdict": verdict.name() })).into_response())
        }
        Err(error) if error.is_outage() => Err(error.into()),
        Err(error) => Ok(refused(error.label())),
    }
}

const REPORTED: Notice = Notice {
    subject: Text("Accesso segnalato", "Sign-in reported"),
    text: Text(
        "Dalla tua app hai segnalato un accesso che non hai chiesto. Qualcuno conosce la tua password: cambiala subito. \
            Per un'ora le richieste all'app sono sospese.",
        "In your app, you reported a sign-in that you did not start. Somebody knows your password: change it at once. \
            Requests to the app are on hold for an hour.",
    ),
};

/// Returns the person of an account that a message names. The name is not believed before the signature is verified.
async fn person(app: &App, account: &str, now: UnixTime) -> Result<Result<(AccountId, Person), &'static str>, Outage> {
    let unknown = PushRefusal::Unknown.label();
    let Ok(account) = AccountId::new(account) else { return Ok(Err(unknown)) };
    // Records of other kinds lie in the same store, and are no accounts.
    let Some(person) = app.persons.load(account.as_str(), now).await? else { return Ok(Err(unknown)) };
    Ok(if person.is_active(now) { Ok((account, person)) } else { Err(Refusal::Suspended.label()) })
}

/// Returns `true` if there is no other answer to the challenge any more.
fn ends(judged: &Result<Verdict, VerifierError<BoxedError>>) -> bool {
    match judged {
        Ok(_) | Err(VerifierError::Push(PushRefusal::Answered | PushRefusal::Expired)) => true,
        Err(VerifierError::Refused(refusal)) => matches!(refusal, Refusal::Wrong { .. }),
        Err(_) => false,
    }
}

fn refused(label: &str) -> Response {
    (StatusCode::FORBIDDEN, Json(json!({ "error": label }))).into_response()
}
