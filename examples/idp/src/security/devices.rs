//! Devices: another app, another name, and removal.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use secondo::account::{AccountError, AuthenticatorView};
use secondo::audit::Operator;
use secondo::types::DisplayName;
use secondo::{AuthenticatorNumber, VerifierError};
use serde::Deserialize;

use super::Plain;
use crate::app::{App, random_hex};
use crate::enrollment::new_app;
use crate::http::{Answer, Visit};
use crate::messages::Notice;
use crate::outage::Outage;
use crate::pages::{self, Text};

const ADD: &str = "/security/add";

/// Shows the form for another app.
pub(crate) async fn show_add(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    if let Err(stopped) = visit.fresh_owner(ADD) {
        return Ok(*stopped);
    }
    let form_use = random_hex()?;
    Ok(visit.show(StatusCode::OK, |page| pages::add_device(page, &form_use)))
}

#[derive(Deserialize)]
pub(crate) struct NewDevice {
    form: String,
    #[serde(rename = "use")]
    form_use: String,
    name: String,
}

/// Begins the enrollment of another app.
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(NewDevice { form, form_use, name }): Form<NewDevice>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if let Err(stopped) = visit.fresh_owner(ADD) {
        return Ok(*stopped);
    }
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(ADD));
    }
    let Ok(name) = DisplayName::new(name.trim()) else {
        return visit.refuse(ADD, visit.warning(NAME_REFUSED)).await;
    };
    if !visit.app.records.first_use(&form_use, visit.now).await? {
        return Ok(visit.go_to("/"));
    }
    let (account, login) = (visit.browser.account()?, visit.browser.login()?);
    let app = new_app(name.as_str())?;
    match visit.app.verifier.enroll(&account, &login, app, visit.now).await {
        Ok(enrolled) => {
            visit.browser.session.enrolling = Some(enrolled.number.get());
            visit.browser.keep(&visit.app.records, visit.now).await?;
            Ok(visit.go_to("/"))
        }
        Err(VerifierError::Account(AccountError::TooMany | AccountError::Full)) => {
            visit.refuse(ADD, visit.warning(FULL)).await
        }
        Err(error) if !error.is_outage() => visit.refuse(ADD, visit.alert(error.public())).await,
        Err(error) => Err(error.into()),
    }
}

/// Ends the enrollment of another app.
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Plain { form }): Form<Plain>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let enrolling = visit.browser.session.enrolling;
    if let (Ok(person), Some(number), true) = (visit.owner(), enrolling, form == visit.browser.form_token()) {
        let by = Operator::new(&person.id, "cancelled");
        let number = AuthenticatorNumber::new(number);
        let view = visit.app.verifier.view(&visit.browser.account()?, visit.now).await?;
        // The first code may have confirmed it meanwhile.
        let is_pending =
            view.authenticators.iter().any(|device| device.number == number && !pages::is_confirmed(device));
        if is_pending {
            let ended = visit.app.verifier.revoke(&visit.browser.account()?, number, by, visit.now).await;
            ended.or_else(|error| if error.is_outage() { Err(Outage::from(error)) } else { Ok(()) })?;
        }
        visit.browser.session.enrolling = None;
        visit.browser.keep(&visit.app.records, visit.now).await?;
    }
    Ok(visit.go_to("/security"))
}

/// Shows one device.
pub(crate) async fn show(State(app): State<Arc<App>>, Path(number): Path<u32>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    if let Err(stopped) = visit.owner() {
        return Ok(*stopped);
    }
    let view = visit.app.verifier.view(&visit.browser.account()?, visit.now).await?;
    let Some(device) = view.authenticators.iter().find(|device| device.number.get() == number) else {
        return Ok(visit.go_to("/security"));
    };
    Ok(visit.show(StatusCode::OK, |page| pages::device(page, device, &view)))
}

#[derive(Deserialize)]
pub(crate) struct NewName {
    form: String,
    name: String,
}

pub(crate) async fn rename(
    State(app): State<Arc<App>>,
    Path(number): Path<u32>,
    headers: HeaderMap,
    Form(NewName { form, name }): Form<NewName>,
) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let person = match visit.owner() {
        Ok(person) => person,
        Err(stopped) => return Ok(*stopped),
    };
    if form != visit.browser.form_token() {
        return Ok(visit.go_to("/security"));
    }
    let Some(name) = DisplayName::new(name.trim()).ok().filter(|name| !name.as_str().is_empty()) else {
        return visit.refuse(&page_of(number), visit.warning(NAME_REFUSED)).await;
    };
    let is_other = visit.device(number).await?.is_some_and(|device| device.name != name);
    if is_other {
        let (account, number) = (visit.browser.account()?, AuthenticatorNumber::new(number));
        let by = Operator::new(&person.id, "own page");
        match visit.app.verifier.rename(&account, number, name, by, visit.now).await {
            Err(error) if error.is_outage() => return Err(error.into()),
            Err(VerifierError::Account(AccountError::Full)) => {
                return visit.refuse(&page_of(number.get()), visit.warning(FULL)).await;
            }
            Ok(()) => return visit.changed(RENAMED, "/security").await,
            // The device has ended meanwhile.
            Err(_) => {}
        }
    }
    Ok(visit.go_to("/security"))
}

pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Path(number): Path<u32>,
    headers: HeaderMap,
    Form(Plain { form }): Form<Plain>,
) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let person = match visit.fresh_owner(&page_of(number)) {
        Ok(person) => person.id.clone(),
        Err(stopped) => return Ok(*stopped),
    };
    if form != visit.browser.form_token() {
        return Ok(visit.go_to("/security"));
    }
    let (account, by) = (visit.browser.account()?, Operator::new(&person, "own page"));
    let view = visit.app.verifier.view(&account, visit.now).await?;
    let Some(device) = view.authenticators.iter().find(|device| device.number.get() == number) else {
        // The second of two clicks.
        return Ok(visit.go_to("/security"));
    };
    if pages::is_last_way(device, &view) {
        return visit.refuse(&page_of(number), visit.warning(pages::LAST_DEVICE)).await;
    }
    // Somebody else may have signed in with the device. The sessions end before its removal, so that an outage leaves
    // none, and after it, when no other one can begin.
    if !visit.end_others(&person).await? {
        return Ok(visit.go_to("/security"));
    }
    match visit.app.verifier.revoke(&account, AuthenticatorNumber::new(number), by, visit.now).await {
        Ok(()) => {
            visit.end_after_device(&person).await?;
            visit.changed(REMOVED, "/security").await
        }
        Err(VerifierError::Account(AccountError::Last)) => {
            visit.refuse(&page_of(number), visit.warning(pages::LAST_DEVICE)).await
        }
        // The first of two clicks has removed it meanwhile.
        Err(VerifierError::Account(AccountError::UnknownAuthenticator(_))) => Ok(visit.go_to("/security")),
        Err(error) => Err(error.into()),
    }
}

const NAME_REFUSED: Text = Text(
    "Scrivi un nome di al massimo 64 caratteri, senza caratteri speciali invisibili.",
    "Type a name of at most 64 characters, without invisible special characters.",
);
const FULL: Text = Text(
    "Non c'è posto per un altro dispositivo. Rimuovine prima uno.",
    "There is no room for another device. Remove one first.",
);
const RENAMED: Notice = Notice {
    subject: Text("Dispositivo rinominato", "Device renamed"),
    text: Text(
        "Un dispositivo della tua identità digitale ha un nome nuovo.",
        "A device of your digital identity has a new name.",
    ),
};
const REMOVED: Notice = Notice {
    subject: Text("Dispositivo rimosso", "Device removed"),
    text: Text(
        "Un dispositivo è stato rimosso dalla tua identità digitale.",
        "A device was removed from your digital identity.",
    ),
};

fn page_of(number: u32) -> String {
    format!("/security/device/{number}")
}

impl Visit {
    async fn device(&self, number: u32) -> Result<Option<AuthenticatorView>, Outage> {
        let view = self.app.verifier.view(&self.browser.account()?, self.now).await?;
        Ok(view.authenticators.into_iter().find(|device| device.number.get() == number))
    }
}
