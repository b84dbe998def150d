//! The login: a password here, then the second factor, and the page of each step.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use secondo::AuthenticatorNumber;
use secondo::assurance::OutcomeCode;
use secondo::types::Level;
use serde::Deserialize;

use crate::app::App;
use crate::http::{Answer, Visit};
use crate::monitoring::page_before;
use crate::operator::ADMIN;
use crate::outage::Outage;
use crate::pages::{self, Alert, Language, Text};
use crate::person::{self, Person, Standing};
use crate::problem::Refused;
use crate::security::NEW_CODES_PAGE;
use crate::session::Once;

/// Shows the page of the step where the browser is.
pub(crate) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    Visit::of_step_page(app, &headers).await?.step().await
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    form: String,
    request: Option<String>,
    user: String,
    password: String,
    /// The page after the login: that of the administration, or nothing.
    next: Option<String>,
}

pub(crate) async fn take_password(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Credentials { form, request, user, password, next }): Form<Credentials>,
) -> Answer {
    let mut visit = Visit::of_step(app, &headers, request.as_deref()).await?;
    if let Some(answer) = visit.given(request.as_deref()) {
        return Ok(answer);
    }
    // Another tab may have begun another login under the same cookie.
    let is_pending = visit.browser.session.request.as_ref().map(|pending| &pending.id) == request.as_ref();
    let is_due = form == visit.browser.form_token() && is_pending && visit.browser.session.person.is_none();
    if !is_due || visit.is_late() {
        return Ok(visit.go_to("/"));
    }
    let is_at_service = visit.browser.session.request.is_some();
    let next = next.filter(|page| page == ADMIN && !is_at_service);
    let (alert, left) = match visit.app.persons.first_factor(&user, password, &form, visit.now).await? {
        person::FirstFactor::Right(person) if !is_at_service && !person.is_active(visit.now) => {
            return visit.turn_away(person.standing).await;
        }
        person::FirstFactor::Right(person) => {
            visit.browser.sign_in(&person, visit.now.as_secs());
            (visit.browser.session.single, visit.browser.session.next) = (None, next);
            let ends = visit.choose_level(&person)?;
            visit.browser.renew(&visit.app.records, visit.now).await?;
            if visit.browser.session.person.is_none() {
                // The login was ended meanwhile.
                return Ok(visit.given(request.as_deref()).unwrap_or_else(|| visit.go_to("/")));
            }
            if let Some(outcome) = ends {
                return visit.end(outcome).await;
            }
            if person.second_factor_since.is_none() && !visit.awaits_consent(None) {
                return visit.begin_first_app(&person).await;
            }
            return Ok(visit.go_to("/"));
        }
        person::FirstFactor::Wrong(0) | person::FirstFactor::Locked(_) if is_at_service => {
            return visit.end(OutcomeCode::TooManyAttempts).await;
        }
        person::FirstFactor::Wrong(left) => (visit.warning(pages::WRONG_PASSWORD), left),
        person::FirstFactor::Locked(until) => (pages::password_locked(visit.language, until), 0),
    };
    let refused = Refused { attempts_left: Some(left), ..alert.into() };
    visit.refuse(next.as_deref().unwrap_or("/"), refused.with_typed(&user)).await
}

pub(crate) async fn log_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of(Arc::clone(&app), &headers).await?;
    // With a session of Level 1, another service could be entered.
    let service = Visit::of_service(app, &headers).await?;
    service.browser.end(&service.app.records, service.now).await?;
    visit.browser.end(&visit.app.records, visit.now).await?;
    Ok(visit.go_to("/"))
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    request: Option<String>,
}

/// Chooses a language, and leads back to the page on which it was chosen.
pub(crate) async fn set_language(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    asked: Parts,
    Form(Choice { request }): Form<Choice>,
) -> Answer {
    let page = page_before(&app, &asked);
    let mut visit = Visit::of_step(app, &asked.headers, request.as_deref()).await?;
    if let Some(language) = Language::of_code(&code) {
        visit.browser.session.language = Some(language.code().to_owned());
        visit.browser.keep(&visit.app.records, visit.now).await?;
    }
    Ok(visit.go_to(page.as_deref().unwrap_or("/")))
}

const EXPIRED: Text =
    Text("La tua identità è scaduta. Chiama l'assistenza.", "Your identity has expired. Call the help desk.");

impl Visit {
    /// Shows the page of the step where the browser is.
    async fn step(&mut self) -> Answer {
        // The second of two clicks, or a reload, may come before the codes were seen.
        if matches!(self.browser.session.once, Some(Once::RecoveryCodes { .. })) {
            return Ok(self.go_to(NEW_CODES_PAGE));
        }
        if self.is_late() {
            return self.end(OutcomeCode::TimedOut).await;
        }
        let session = &self.browser.session;
        if session.person.is_none() {
            let user = session.request.as_ref().and_then(|request| request.user.as_deref()).unwrap_or_default();
            return Ok(self.show(StatusCode::OK, |page| pages::sign_in(page, user, None)));
        }
        if !self.is_active() {
            let standing = self.person.as_ref().map_or(Standing::Revoked, |person| person.standing);
            return self.turn_away(standing).await;
        }
        let session = &self.browser.session;
        // The login ended before its answer could be stored.
        if session.request.as_ref().is_some_and(|request| request.level.is_none()) {
            return self.end(OutcomeCode::NoCredential).await;
        }
        if let Some(number) = session.enrolling {
            return self.show_enrollment(AuthenticatorNumber::new(number)).await;
        }
        if self.awaits_consent(None)
            && let Some(request) = &session.request
        {
            return Ok(self.show(StatusCode::OK, |page| pages::consent(page, &request.attributes)));
        }
        if session.is_own() {
            return match self.refused.alert {
                None => Ok(self.go_to("/security")),
                Some(_) => self.show_security().await,
            };
        }
        if self.awaits_first_app() {
            return Ok(self.show_first_app());
        }
        self.show_second_factor().await
    }

    /// Returns `true` if the login at a service took too long.
    pub(crate) fn is_late(&self) -> bool {
        self.browser.session.request.as_ref().is_some_and(|request| request.is_late(self.now))
    }

    /// Returns `true` unless the login at a service took too long, or has no level to reach.
    pub(crate) fn goes_on(&self) -> bool {
        let request = self.browser.session.request.as_ref();
        request.is_none_or(|request| !request.is_late(self.now) && request.level.is_some())
    }

    /// Returns `true` if the level that the service asks for is reached. The request may be named.
    pub(crate) fn awaits_consent(&self, named: Option<&str>) -> bool {
        let session = &self.browser.session;
        let (Some(request), Some(_)) = (&session.request, &session.person) else { return false };
        let is_named = named.is_none_or(|name| name == request.id);
        let is_reached = session.second.as_ref().is_some_and(|second| request.is_reached_by(second.level));
        is_named && !self.is_late() && (is_reached || request.needs(Level::One))
    }

    /// Returns `true` if the identity of the session's person is active.
    pub(crate) fn is_active(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.is_active(self.now))
    }

    /// Ends the login or the session of a person whose identity is not active.
    async fn turn_away(&mut self, standing: Standing) -> Answer {
        if self.browser.session.request.is_some() {
            return self.end(OutcomeCode::Suspended).await;
        }
        let suspended = self.language.outcome(OutcomeCode::Suspended).unwrap_or_default();
        let text = if standing == Standing::Active { self.say(EXPIRED) } else { suspended };
        self.start_again(Alert(text.to_owned())).await
    }

    /// Ends the session, and goes to the first page, which shows the reason.
    pub(crate) async fn start_again(&mut self, alert: Alert) -> Answer {
        self.browser.end(&self.app.records, self.now).await?;
        self.browser.start_again()?;
        self.refuse("/", alert).await
    }

    /// Chooses the level of a login at a service, once the person is known. Returns the outcome of a login that ends.
    fn choose_level(&mut self, person: &Person) -> Result<Option<OutcomeCode>, Outage> {
        let Some(request) = &mut self.browser.session.request else { return Ok(None) };
        if !person.is_active(self.now) {
            return Ok(Some(OutcomeCode::Suspended));
        }
        let mut level = request.choose(person.second_factor_since.is_some())?;
        if level.is_none() {
            // Whoever has no second factor yet activates an app in this login.
            level = request.choose(true)?;
        }
        request.level = level.map(|level| level as u8);
        Ok(level.is_none().then_some(OutcomeCode::NoCredential))
    }
}
