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
use crate::open_sessions;
use crate::pages::{self, Text};
use crate::password;
use crate::person::FirstFactor;
use crate::tries;

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
    let (persons, records, now) = (&visit.app.persons, &visit.app.records, visit.now);
    let attempt = tries::attempt(&form, &format!("{} {old}{new}", old.len()));
    let given = persons.first_factor(&person.email, old, &form, now).await?;
    let is_changed = match &given {
        FirstFactor::Right(compared) => {
            persons.change_password(compared, new, &attempt, &visit.browser.session, now).await?
        }
        // The old password is wrong once the first of two clicks, or this form before an outage, has changed it.
        FirstFactor::Wrong(_) => {
            let held = persons.load(&person.id, now).await?;
            let is_changed = held.is_some_and(|held| held.password_changed_by == Some(attempt));
            if is_changed {
                persons.forget_tries(&person, now).await?;
            }
            is_changed
        }
        FirstFactor::Locked(_) => false,
    };
    if !is_changed {
        let refused = match given {
            // The session was ended meanwhile, or another one has changed the password.
            FirstFactor::Right(_) => return Ok(visit.go_to("/security")),
            FirstFactor::Wrong(1..) => visit.warning(WRONG),
            FirstFactor::Wrong(0) => {
                let until = persons.locked_until(&person, now).await?.unwrap_or(now.as_secs());
                pages::password_locked(visit.language, until)
            }
            FirstFactor::Locked(until) => pages::password_locked(visit.language, until),
        };
        return visit.refuse(PASSWORD, refused).await;
    }
    if !visit.browser.follow(records, now).await? {
        open_sessions::remove_ended(records, &person.id, now).await?;
        visit.browser.renew(records, now).await?;
    }
    if !records.first_use(&format!("password {form}"), now).await? {
        return Ok(visit.go_to("/security"));
    }
    visit.app.audit.record(Line {
        time: now.as_secs(),
        person: Some(person.id),
        action: "password_change".into(),
        outcome: "done".into(),
        ..Line::default()
    });
    visit.changed(CHANGED, "/security").await
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
