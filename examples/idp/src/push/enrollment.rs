//! The enrollment of an app that approves logins: an activation as a QR code, which the app answers, and a code of the
//! app that confirms it.

use std::iter;
use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use rand::TryRng;
use rand::rngs::SysRng;
use secondo::account::{AccountView, Status};
use secondo::factor::NewAuthenticator;
use secondo::formats::otpauth::Qr;
use secondo::push::Activation;
use secondo::{AuthenticatorNumber, Refusal, VerifierError};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::http::{Answer, Visit};
use crate::messages::Notice;
use crate::outage::Outage;
use crate::pages::push::{ENROLLMENT_ENDED, NOT_ANSWERED};
use crate::pages::{self, Text};

const PAGE: &str = "/security/app";
/// The name of the first app, in both languages.
const APP: &str = "app";

/// An app that is being activated.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Activating {
    /// The number of the authenticator.
    number: u32,
    /// The text of the QR code. It is secret until the app has answered.
    link: String,
}

/// Shows the activation, or offers one.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let mut visit = Visit::of_page(app, &headers).await?;
    // An activation that goes on was begun with a second factor, and lasts longer.
    let is_begun = visit.browser.session.activating.is_some();
    let passed = if is_begun { visit.owner() } else { visit.fresh_owner(PAGE) };
    if let Err(stopped) = passed {
        return Ok(*stopped);
    }
    visit.show_activation().await
}

#[derive(Deserialize)]
pub(super) struct Begin {
    form: String,
}

/// Begins an activation. The second of two clicks finds it.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Begin { form }): Form<Begin>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if let Err(stopped) = visit.fresh_owner(PAGE) {
        return Ok(*stopped);
    }
    if form != visit.browser.form_token() || visit.browser.session.activating.is_some() {
        return Ok(visit.go_to(PAGE));
    }
    let (account, login, now) = (visit.browser.account()?, visit.browser.login()?, visit.now);
    let person = visit.app.persons.load(account.as_str(), now).await?.ok_or(Outage("missing_person"))?;
    let mut random = [0; 32];
    SysRng.try_fill_bytes(&mut random)?;
    let user = format!("{} {}", person.name, person.family_name);
    let activation = Activation::new(&account, &visit.app.config.name, &user, &random)?;
    let view = visit.app.verifier.view(&account, now).await?;
    let new = NewAuthenticator::from(&activation).named(&new_name(&view))?;
    match visit.app.verifier.enroll(&account, &login, new, now).await {
        Ok(enrolled) => {
            let link = activation.link().to_string();
            visit.browser.session.activating = Some(Activating { number: enrolled.number.get(), link });
            visit.browser.keep(&visit.app.records, now).await?;
            Ok(visit.go_to(PAGE))
        }
        Err(error) if error.is_outage() => Err(error.into()),
        Err(error) => visit.refuse(PAGE, visit.alert(error.public())).await,
    }
}

#[derive(Deserialize)]
pub(super) struct Confirm {
    form: String,
    code: String,
}

/// Takes the code that the app shows. An app of somebody else, who saw the QR code, has another one.
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Confirm { form, code }): Form<Confirm>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let is_ours = form == visit.browser.form_token() && visit.owner().is_ok();
    let Some(activating) = visit.browser.session.activating.clone().filter(|_| is_ours) else {
        return Ok(visit.go_to("/"));
    };
    let (account, login, now) = (visit.browser.account()?, visit.browser.login()?, visit.now);
    let number = AuthenticatorNumber::new(activating.number);
    match visit.app.verifier.confirm(&account, &login, number, &code, now).await {
        Ok(_) => {
            visit.notify(NEW_APP).await?;
            visit.browser.session.activating = None;
            visit.browser.keep(&visit.app.records, now).await?;
            Ok(visit.go_to("/"))
        }
        Err(VerifierError::Repeated(_)) => Ok(visit.go_to("/")),
        Err(error) if error.is_outage() => Err(error.into()),
        Err(VerifierError::Refused(Refusal::Unconfirmed)) => visit.refuse(PAGE, visit.warning(NOT_ANSWERED)).await,
        Err(error) => visit.refuse(PAGE, visit.alert(error.public())).await,
    }
}

/// Returns a name that no other device of the account has, so that the person can choose among several apps. The person
/// can change it.
fn new_name(view: &AccountView) -> String {
    let mut names = iter::once(APP.to_owned()).chain((2..).map(|number| format!("{APP} {number}")));
    let is_free = |name: &String| view.authenticators.iter().all(|device| device.name.as_str() != name);
    names.find(is_free).unwrap_or_default()
}

const NEW_APP: Notice = Notice {
    subject: Text("Nuova app per approvare gli accessi", "New app that approves sign-ins"),
    text: Text(
        "Un'app che approva gli accessi è stata attivata per la tua identità digitale.",
        "An app that approves sign-ins was activated for your digital identity.",
    ),
};

impl Visit {
    /// Shows the activation until it is confirmed or has ended, and offers another one then.
    async fn show_activation(&mut self) -> Answer {
        let Some(Activating { number, link }) = self.browser.session.activating.clone() else {
            return Ok(self.show(StatusCode::OK, |page| pages::push::offer(page, None)));
        };
        let view = self.app.verifier.view(&self.browser.account()?, self.now).await?;
        let app = view.authenticators.iter().find(|app| app.number.get() == number);
        if let Some(app) = app.filter(|app| matches!(app.status, Status::Unconfirmed { .. })) {
            // A phone's camera opens the page of the app. Browsers do not send the part after the number sign.
            let qr = Qr::new(&format!("{}/app#{link}", self.app.origin))?;
            let is_answered = app.is_activated;
            let page = |page: &pages::Page<'_>| pages::push::activation(page, &qr, &link, is_answered);
            return Ok(self.show(StatusCode::OK, page));
        }
        self.browser.session.activating = None;
        self.browser.keep(&self.app.records, self.now).await?;
        if app.is_some() {
            return Ok(self.go_to("/"));
        }
        let alert = self.warning(ENROLLMENT_ENDED);
        Ok(self.show(StatusCode::OK, |page| pages::push::offer(page, Some(&alert))))
    }
}
