//! Persons in the administration: locked ones, a search, and the actions on one.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use secondo::AuthenticatorNumber;
use secondo::audit::Operator;
use secondo::factor::EnrollmentCode;
use serde::Deserialize;

use super::actions::{self, ACTIVATION, DeviceChange, NotDone};
use crate::app::{App, random_hex};
use crate::audit::Line;
use crate::http::{Answer, Visit};
use crate::operator::ADMIN;
use crate::outage::Outage;
use crate::pages::{self, Text};
use crate::person::Person;
use crate::session::Once;

/// Shows the search and the accounts that are locked.
pub(crate) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    let session = &visit.browser.session;
    if session.person.is_none() && session.request.is_none() {
        // The login leads back here. Nothing is stored before it, so that requests alone do not fill the store.
        return Ok(visit.show(StatusCode::OK, |page| pages::sign_in(page, "", Some(ADMIN))));
    }
    if visit.owner().is_ok_and(|person| !person.is_operator) {
        return Ok(visit.show(StatusCode::FORBIDDEN, pages::not_operator));
    }
    if let Err(stopped) = visit.operator(ADMIN) {
        return Ok(*stopped);
    }
    let (locked, may_have_more) = actions::locked(&visit.app, visit.now).await?;
    Ok(visit.show(StatusCode::OK, |page| pages::admin(page, &locked, may_have_more)))
}

#[derive(Deserialize)]
pub(crate) struct Find {
    form: String,
    person: String,
}

/// Finds a person by e-mail address, fiscal code or id. It is a form, so that addresses have no personal data.
pub(crate) async fn find(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Find { form, person }): Form<Find>,
) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    if let Err(stopped) = visit.operator(ADMIN) {
        return Ok(*stopped);
    }
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(ADMIN));
    }
    match visit.app.persons.find(&person, visit.now).await? {
        Some(person) => Ok(visit.go_to(&page_of(&person.id))),
        None => visit.refuse(ADMIN, visit.warning(NOT_FOUND)).await,
    }
}

/// Shows a person, without secrets.
pub(crate) async fn show_person(State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    let operator = match visit.operator(&page_of(&id)) {
        Ok(operator) => operator,
        Err(stopped) => return Ok(*stopped),
    };
    let Some(person) = visit.app.persons.load(&id, visit.now).await? else {
        return visit.refuse(ADMIN, visit.warning(NOT_FOUND)).await;
    };
    visit.app.audit.record(Line {
        time: visit.now.as_secs(),
        person: Some(id),
        action: "identity_view".into(),
        outcome: "done".into(),
        operator: Some(operator.id.clone()),
        ..Line::default()
    });
    let account = actions::shown_account(&visit.app, &person, visit.now).await?;
    let password = visit.app.persons.locked_until(&person, visit.now).await?;
    let form_use = random_hex()?;
    let is_own = operator.id == person.id;
    let account = account.as_ref();
    let is_locked = password.is_some() || actions::is_account_locked(&visit.app, &person, account, visit.now).await?;
    let view = pages::PersonView { person: &person, account, password, is_locked, form_use: &form_use, is_own };
    Ok(visit.show(StatusCode::OK, |page| pages::person(page, &view)))
}

#[derive(Deserialize)]
pub(crate) struct Act {
    form: String,
    #[serde(rename = "use")]
    form_use: String,
    action: Action,
    device: Option<u32>,
    reason: String,
}

/// An action of the page of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    Unlock,
    Suspend,
    Resume,
    Revoke,
    SuspendDevice,
    ResumeDevice,
    RevokeDevice,
    IssueActivation,
    WithdrawActivation,
}

/// Does an action. The second of two clicks does nothing.
pub(crate) async fn act(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(Act { form, form_use, action, device, reason }): Form<Act>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let operator = match visit.operator(&page_of(&id)) {
        Ok(operator) => operator.id.clone(),
        Err(stopped) => return Ok(*stopped),
    };
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(&page_of(&id)));
    }
    let Some(person) = visit.app.persons.load(&id, visit.now).await? else { return Ok(visit.go_to(ADMIN)) };
    let by = Operator::new(&operator, reason.trim());
    let first = visit.app.records.first_use(&format!("{form_use} {action:?} {device:?} {reason}"), visit.now).await?;
    if action == Action::IssueActivation {
        return visit.issue(&person, form_use, by, first).await;
    }
    if !first {
        return Ok(visit.go_to(&page_of(&id)));
    }
    match visit.app.act(&person, action, device, by, visit.now).await {
        Ok(()) => Ok(visit.go_to(&page_of(&id))),
        Err(NotDone::Refused(text)) => visit.refuse(&page_of(&id), visit.warning(text)).await,
        Err(NotDone::Outage(outage)) => Err(outage),
    }
}

/// Shows the activation code, once.
pub(crate) async fn show_code(State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if let Err(stopped) = visit.operator(&page_of(&id)) {
        return Ok(*stopped);
    }
    let once = visit.browser.session.once.take();
    let Some(once) = once.filter(|once| matches!(once, Once::EnrollmentCode { person, .. } if *person == id)) else {
        return Ok(visit.go_to(&page_of(&id)));
    };
    visit.browser.keep(&visit.app.records, visit.now).await?;
    let code = EnrollmentCode::new(ACTIVATION, &visit.browser.seed(&once)?)?;
    Ok(visit.show(StatusCode::OK, |page| pages::activation_code(page, &code, &page_of(&id))))
}

const NOT_FOUND: Text = Text("Nessuna persona trovata.", "No person was found.");

fn page_of(id: &str) -> String {
    format!("/admin/person/{id}")
}

impl App {
    async fn act(
        &self,
        person: &Person,
        action: Action,
        device: Option<u32>,
        by: Operator<'_>,
        now: secondo::UnixTime,
    ) -> Result<(), NotDone> {
        let change = match action {
            Action::Unlock => return actions::unlock(self, person, by, now).await,
            Action::Suspend => return actions::suspend(self, person, by, now).await,
            Action::Resume => return actions::resume(self, person, by, now).await,
            Action::Revoke => return actions::revoke(self, person, by, now).await,
            Action::SuspendDevice => DeviceChange::Suspend,
            Action::ResumeDevice => DeviceChange::Resume,
            Action::RevokeDevice => DeviceChange::Revoke,
            Action::WithdrawActivation => return actions::withdraw_activation(self, person, by, now).await,
            Action::IssueActivation => return Err(NotDone::Outage(Outage("no_code"))),
        };
        let device = AuthenticatorNumber::new(device.unwrap_or_default());
        actions::change_device(self, person, device, change, by, now).await
    }
}

impl Visit {
    /// Issues an activation code, and goes to the page that shows it. Both of two clicks lead there.
    async fn issue(&mut self, person: &Person, form_use: String, by: Operator<'_>, is_first: bool) -> Answer {
        let once = Once::EnrollmentCode { person: person.id.clone(), form_use };
        if is_first {
            let code = EnrollmentCode::new(ACTIVATION, &self.browser.seed(&once)?)?;
            self.browser.session.once = Some(once);
            self.browser.keep(&self.app.records, self.now).await?;
            if let Err(not_done) = actions::issue_activation(&self.app, person, &code, by, self.now).await {
                self.browser.session.once = None;
                self.browser.keep(&self.app.records, self.now).await?;
                return match not_done {
                    NotDone::Refused(text) => self.refuse(&page_of(&person.id), self.warning(text)).await,
                    NotDone::Outage(outage) => Err(outage),
                };
            }
        }
        Ok(self.go_to(&format!("{}/code", page_of(&person.id))))
    }
}
