//! The person changes the password.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::app::App;
use crate::audit::Line;
use crate::http::{Answer, Visit};
use crate::messages::Notice;
use crate::pages::{self, Text};
use crate::password;
use crate::person::FirstFactor;

const PASSWORD: &str = "/security/password";

pub(crate) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    match visit.fresh_owner(PASSWORD) {
        Ok(_) => Ok(visit.show(StatusCode::OK, pages::change_password)),
        Err(stopped) => Ok(*stopped),
    }
}

#[derive(Deserialize)]
pub(crate) struct Change {
    form: String,
    old: String,
    new: String,
    again: String,
}

/// Changes the password, once the old one is given. Wrong ones are counted as at a login.
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Change { form, old, new, again }): Form<Change>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let person = match visit.fresh_owner(PASSWORD) {
        Ok(person) => person.clone(),
        Err(stopped) => return Ok(*stopped),
    };
    if form != visit.browser.form_token() {
        return Ok(visit.go_to("/security"));
    }
    if let Err(problem) = password::check(&new, &[&person.name, &person.family_name, &person.email]) {
        return visit.refuse(PASSWORD, visit.warning(pages::problem(problem))).await;
    }
    if new != again {
        return visit.refuse(PASSWORD, visit.warning(NOT_AGAIN)).await;
    }
    match visit.app.persons.first_factor(&person.email, old, &form, visit.now).await? {
        FirstFactor::Right(_) => {
            let changed = visit.app.persons.set_password(&person.id, new).await?;
            visit.end_other_sessions(&person.id, changed).await?;
            visit.browser.renew(&visit.app.records, visit.now).await?;
            if !visit.app.records.first_use(&format!("password {form}"), visit.now).await? {
                return Ok(visit.go_to("/security"));
            }
            visit.app.audit.record(Line {
                time: visit.now.as_secs(),
                person: Some(person.id),
                action: "password_change".into(),
                outcome: "done".into(),
                ..Line::default()
            });
            visit.changed(CHANGED, "/security").await
        }
        // The first of two clicks has changed the password and moved the session.
        _ if visit.browser.follow(&visit.app.records, visit.now).await? => {
            visit.app.persons.forget_tries(&person, visit.now).await?;
            Ok(visit.go_to("/security"))
        }
        FirstFactor::Wrong(1..) => visit.refuse(PASSWORD, visit.warning(WRONG)).await,
        FirstFactor::Wrong(0) => {
            let until = visit.app.persons.locked_until(&person, visit.now).await?.unwrap_or(visit.now.as_secs());
            visit.refuse(PASSWORD, pages::password_locked(visit.language, until)).await
        }
        FirstFactor::Locked(until) => visit.refuse(PASSWORD, pages::password_locked(visit.language, until)).await,
    }
}

const WRONG: Text = Text("La password attuale non è corretta.", "The current password is not correct.");
const NOT_AGAIN: Text = Text("Le due password nuove sono diverse.", "The two new passwords differ.");
const CHANGED: Notice = Notice {
    subject: Text("Password cambiata", "Password changed"),
    text: Text(
        "La password della tua identità digitale è stata cambiata, e le altre sessioni sono state chiuse.",
        "The password of your digital identity was changed, and the other sessions were ended.",
    ),
};
