//! The hand-over from a credential of somebody else, such as a regional one-time password or the PIN of INPS.
//!
//! The table `[[handover]]` of the configuration stands for the other side, which identified the person. Whoever gives
//! the PIN and reads the certified number needs no other identification.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::civil::Date;
use serde::Deserialize;

use super::application::{Application, Certified, Step};
use super::personal::today;
use crate::app::App;
use crate::challenge;
use crate::http::{Answer, Visit};
use crate::pages::{Text, registration as pages};
use crate::problem::Problem;

/// The PINs that may be tried for a fiscal code in 15 minutes.
const GUESSES: (u32, u64) = (5, 15 * 60);

/// A credential of somebody else.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credential {
    /// The name of the other side.
    issuer: String,
    fiscal_code: String,
    /// The hash of the PIN (argon2, in the PHC format).
    hash: String,
    name: String,
    family_name: String,
    /// The number that the other side has certified, in its international form.
    mobile: String,
    /// The last day on which the credential is valid.
    expires: String,
}

const WRONG: Text = Text("Il codice fiscale o il PIN non sono corretti.", "The fiscal code or the PIN is not correct.");
const TOO_OFTEN: Text = Text("Troppi tentativi. Riprova tra 15 minuti.", "Too many attempts. Try again in 15 minutes.");
const EXPIRED: Text = Text(
    "La credenziale è scaduta. Registrati con i tuoi documenti.",
    "The credential has expired. Register with your documents.",
);

pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    Ok(visit.show(StatusCode::OK, |page| pages::handover(page, "", &[], None)))
}

#[derive(Deserialize)]
pub(super) struct Given {
    form: String,
    #[serde(default)]
    fiscal_code: String,
    #[serde(default)]
    pin: String,
    /// `yes`, or nothing.
    #[serde(default)]
    consent: String,
}

/// Takes the PIN, and the consent to hand over fiscal code, surname and name.
pub(super) async fn take(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Given { form, fiscal_code, pin, consent }): Form<Given>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if form != visit.browser.form_token() {
        return Ok(visit.go_to("/register"));
    }
    let code = fiscal_code.trim().to_uppercase();
    let refuse = |visit: &Visit, status, problems: &[Problem], text: Option<Text>| {
        let alert = text.map(|text| visit.warning(text));
        Ok(visit.show(status, |page| pages::handover(page, &code, problems, alert.as_ref())))
    };
    if consent != "yes" {
        return refuse(&visit, StatusCode::UNPROCESSABLE_ENTITY, &[Problem::HandoverConsent], None);
    }
    let count = format!("handover {code}");
    if !challenge::permits(&visit.app.records, &count, GUESSES, Some(&pin), visit.now).await? {
        return refuse(&visit, StatusCode::TOO_MANY_REQUESTS, &[], Some(TOO_OFTEN));
    }
    let credential = visit.app.config.handover.iter().find(|credential| credential.fiscal_code == code).cloned();
    let hash = credential.as_ref().map(|credential| credential.hash.clone());
    let is_right = visit.app.persons.compare(pin, hash).await?;
    let Some(credential) = credential.filter(|_| is_right) else {
        return refuse(&visit, StatusCode::FORBIDDEN, &[], Some(WRONG));
    };
    let last: Option<Date> = credential.expires.parse().ok();
    if last.is_none_or(|last| last < today(visit.now)) {
        return refuse(&visit, StatusCode::FORBIDDEN, &[], Some(EXPIRED));
    }
    let Credential { issuer, fiscal_code, name, family_name, mobile, .. } = credential;
    let certified = Some(Certified { issuer, fiscal_code, name, family_name });
    // A registration with documents that was begun in this browser ends here.
    visit.browser.renew(&visit.app.records, visit.now).await?;
    visit.begin_application(Application { mobile, certified, ..Application::default() }).await?;
    visit.begin_code(Step::Mobile).await
}
