//! The hand-over from a credential of somebody else, such as a regional one-time password or the PIN of INPS.
//!
//! The table `[[handover]]` of the configuration stands for the other side, which identified the person. Whoever gives
//! the PIN and reads the certified number needs no other identification. A demonstration has a credential of its own.

use std::collections::HashSet;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::civil::Date;
use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::application::{Application, Certified, Step};
use super::personal::today;
use crate::app::App;
use crate::challenge;
use crate::http::{Answer, Visit};
use crate::outage::Outage;
use crate::pages::{Text, registration as pages};
use crate::problem::{Problem, Refused};
use crate::records::{Kept, Record};

pub(super) const PAGE: &str = "/register/handover";
/// The PINs that may be tried for a fiscal code in 15 minutes.
const GUESSES: (u32, u64) = (5, 15 * 60);

/// A credential of somebody else.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credential {
    /// The name of the other side.
    pub(crate) issuer: String,
    pub(crate) fiscal_code: String,
    /// The hash of the PIN (argon2, in the PHC format).
    pub(crate) hash: String,
    pub(crate) name: String,
    pub(crate) family_name: String,
    /// The number that the other side has certified, in its international form.
    pub(crate) mobile: String,
    /// The last day on which the credential is valid.
    pub(crate) expires: String,
}

/// Checks the credentials of a configuration. The reason of a refusal names the table by its place.
pub(crate) fn check_credentials(credentials: &[Credential]) -> Result<(), String> {
    let mut codes = HashSet::new();
    for (place, Credential { fiscal_code, hash, expires, .. }) in (1..).zip(credentials) {
        let problem = if *fiscal_code != fiscal_code.to_uppercase() {
            "fiscal_code is not in capital letters"
        } else if !codes.insert(fiscal_code) {
            "another one has the same fiscal code"
        } else if !hash.starts_with("$argon2id$") || PasswordHash::new(hash).is_err() {
            "hash is not one that `idp hash-pin` prints"
        } else if expires.parse::<Date>().is_err() {
            "expires is not a day such as 2036-12-31"
        } else {
            continue;
        };
        return Err(format!("the table [[handover]] number {place}: {problem}"));
    }
    Ok(())
}

/// The credential of a demonstration.
impl Record for Credential {
    const KIND: &'static str = "credential";
}

/// The name of the demonstration's credential in the records.
const OF_DEMONSTRATION: &str = "demonstration";

/// Keeps a credential for a demonstration, which has no configuration.
pub(crate) async fn keep_credential(app: &App, credential: Credential, now: UnixTime) -> Result<(), Outage> {
    app.records.create(OF_DEMONSTRATION, Kept::forever(credential), now).await?;
    Ok(())
}

const WRONG: Text = Text("Il codice fiscale o il PIN non sono corretti.", "The fiscal code or the PIN is not correct.");
const TOO_OFTEN: Text = Text("Troppi tentativi. Riprova tra 15 minuti.", "Too many attempts. Try again in 15 minutes.");
const EXPIRED: Text = Text(
    "La credenziale è scaduta. Registrati con i tuoi documenti.",
    "The credential has expired. Register with your documents.",
);

pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    Ok(visit.show(StatusCode::OK, pages::handover))
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
        return Ok(visit.go_to(super::PAGE));
    }
    let code = fiscal_code.trim().to_uppercase();
    let refused = |visit: &Visit, text: Text| Refused::from(visit.warning(text)).with_typed(&code);
    if consent != "yes" {
        return visit.refuse(PAGE, Refused::from(Problem::HandoverConsent).with_typed(&code)).await;
    }
    let count = format!("handover {code}");
    if !challenge::permits(&visit.app.records, &count, GUESSES, Some(&pin), visit.now).await? {
        return visit.refuse(PAGE, refused(&visit, TOO_OFTEN)).await;
    }
    let of_demonstration: Option<Credential> = visit.app.records.load(OF_DEMONSTRATION, visit.now).await?;
    let mut credentials = visit.app.config.handover.iter().cloned().chain(of_demonstration);
    let credential = credentials.find(|credential| credential.fiscal_code == code);
    let hash = credential.as_ref().map(|credential| credential.hash.clone());
    let is_right = visit.app.persons.compare(pin, hash).await?;
    let Some(credential) = credential.filter(|_| is_right) else {
        return visit.refuse(PAGE, refused(&visit, WRONG)).await;
    };
    let last: Option<Date> = credential.expires.parse().ok();
    if last.is_none_or(|last| last < today(visit.now)) {
        return visit.refuse(PAGE, refused(&visit, EXPIRED)).await;
    }
    let Credential { issuer, fiscal_code, name, family_name, mobile, .. } = credential;
    let certified = Some(Certified { issuer, fiscal_code, name, family_name });
    // A registration with documents that was begun in this browser ends here.
    visit.browser.renew(&visit.app.records, visit.now).await?;
    visit.begin_application(Application { mobile, certified, ..Application::default() }).await?;
    visit.begin_code(Step::Mobile).await
}
