//! The person's own pages: devices, recovery codes, accesses, sessions and the password.

mod activation;
mod codes;
mod devices;
mod password;
mod sessions;

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;

pub(crate) use self::codes::NEW_CODES_PAGE;
use crate::activity;
use crate::app::App;
use crate::http::{Answer, Visit};
use crate::messages::Notice;
use crate::open_sessions;
use crate::pages::{self, Security};

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/security", get(show))
        .route("/security/again", get(show_again).post(again))
        .route("/security/add", get(devices::show_add).post(devices::add))
        .route("/security/add/cancel", post(devices::cancel))
        .route("/security/device/{number}", get(devices::show))
        .route("/security/device/{number}/name", post(devices::rename))
        .route("/security/device/{number}/remove", post(devices::remove))
        .route("/security/codes", get(codes::show).post(codes::make))
        .route("/security/codes/new", get(codes::show_new))
        .route("/security/activate", get(activation::show).post(activation::activate))
        .route("/security/sessions", post(sessions::end))
        .route("/security/password", get(password::show).post(password::change))
}

/// A form without fields of its own.
#[derive(Deserialize)]
pub(crate) struct Plain {
    pub(crate) form: String,
}

pub(crate) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    Visit::of_page(app, &headers).await?.show_security().await
}

impl Visit {
    /// Shows the person's own page.
    pub(crate) async fn show_security(&self) -> Answer {
        let person = match self.owner() {
            Ok(person) => person,
            Err(stopped) => return Ok(*stopped),
        };
        let records = &self.app.records;
        let view = self.app.verifier.view(&self.browser.account()?, self.now).await?;
        let mut accesses = activity::accesses(records, &person.id, self.now).await?;
        for access in &mut accesses {
            let client = access.service.as_ref().and_then(|id| self.app.oidc.clients.get(id));
            access.service = client.map(|client| client.name.clone()).or(access.service.take());
        }
        let sessions = open_sessions::of(records, person, self.now).await?;
        let (own, is_operator) = (self.browser.session.id.as_deref(), person.is_operator);
        let security = Security { view: &view, accesses: &accesses, sessions: &sessions, own, is_operator };
        Ok(self.show(StatusCode::OK, |page| pages::security(page, &security)))
    }

    /// Tells the person about a change, and sends the browser to a page.
    async fn changed(&self, notice: Notice, page: &str) -> Answer {
        self.notify(notice).await?;
        Ok(self.go_to(page))
    }
}

#[derive(Deserialize)]
struct Next {
    next: String,
}

/// Shows the page that asks for a second factor again.
async fn show_again(State(app): State<Arc<App>>, headers: HeaderMap, Query(Next { next }): Query<Next>) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    match visit.owner() {
        Err(stopped) => Ok(*stopped),
        Ok(_) if !is_own_page(&next) => Ok(visit.go_to("/security")),
        // The back button, after the second factor.
        Ok(_) if visit.browser.session.is_fresh(visit.now) => Ok(visit.go_to(&next)),
        Ok(_) => Ok(visit.show(StatusCode::OK, |page| pages::again(page, &next))),
    }
}

#[derive(Deserialize)]
pub(crate) struct Again {
    form: String,
    next: String,
}

/// Asks for a second factor again, as the login does. The browser then goes to the page that needs it.
pub(crate) async fn again(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Again { form, next }): Form<Again>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if form == visit.browser.form_token() && visit.browser.session.is_own() && is_own_page(&next) {
        (visit.browser.session.second, visit.browser.session.is_again) = (None, true);
        // The login would go on with it.
        visit.browser.session.enrolling = None;
        visit.browser.session.next = Some(next);
        visit.browser.keep(&visit.app.records, visit.now).await?;
    }
    Ok(visit.go_to("/"))
}

/// Returns `true` for the path of a page that can need a second factor again.
fn is_own_page(path: &str) -> bool {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/' || byte == b'-');
    is_plain && ["/security", "/admin"].iter().any(|start| path.starts_with(start))
}
