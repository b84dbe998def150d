//! The login: a password, then a code of one of the person's devices.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use secondo::assurance::{FirstFactor, OutcomeCode, amr, level};

use secondo::types::Level;
use secondo::{Accepted, AuthenticatorNumber, PublicRefusal, VerifierError};
use serde::Deserialize;

use crate::app::App;
use crate::audit::Line;
use crate::http::{Answer, Visit};
use crate::outage::Outage;
use crate::pages::{self, Alert, Language};
use crate::person::{self, PASSWORD_TRIES, Person, Standing};
use crate::session::Second;

/// Shows the page of the step where the browser is.
pub(crate) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    Visit::of(app, &headers).await?.step(StatusCode::OK, None).await
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    form: String,
    user: String,
    password: String,
}

pub(crate) async fn take_password(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Credentials { form, user, password }): Form<Credentials>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if form != visit.browser.form_token() || visit.browser.session.person.is_some() || visit.is_late() {
        return visit.step(StatusCode::OK, None).await;
    }
    let (text, left) = match visit.app.persons.first_factor(&user, password, visit.now).await? {
        person::FirstFactor::Right(person) => {
            visit.browser.session.person = Some(person.id.clone());
            visit.browser.session.began = visit.now.as_secs();
            visit.browser.session.single = None;
            let ends = visit.choose_level(&person)?;
            visit.browser.renew(&visit.app.records, visit.now).await?;
            if let Some(outcome) = ends {
                return visit.end(outcome).await;
            }
            visit.begin_enrollment(person.second_factor_since.is_some()).await?;
            return Ok(visit.go_to("/"));
        }
        person::FirstFactor::Wrong(0) | person::FirstFactor::Locked if visit.browser.session.request.is_some() => {
            return visit.end(OutcomeCode::TooManyAttempts).await;
        }
        person::FirstFactor::Wrong(left) => (pages::WRONG_PASSWORD, left),
        person::FirstFactor::Locked => (pages::PASSWORD_LOCKED, 0),
    };
    let alert = Alert(text.in_language(visit.language).to_owned());
    Ok(visit.show(StatusCode::FORBIDDEN, |page| pages::sign_in(page, &user, left, Some(&alert))))
}

#[derive(Deserialize)]
pub(crate) struct Code {
    form: String,
    code: String,
}

/// Takes a code of one of the person's devices.
pub(crate) async fn take_code(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Code { form, code }): Form<Code>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let session = &visit.browser.session;
    let is_due = session.person.is_some()
        && session.second.is_none()
        && session.enrolling.is_none()
        && !visit.awaits_consent(None);
    if form != visit.browser.form_token() || !is_due || visit.is_late() {
        return visit.step(StatusCode::OK, None).await;
    }
    let (account, login, now) = (visit.browser.account()?, visit.browser.login()?, visit.now);
    let verifier = &visit.app.verifier;
    match verifier.verify(&account, &login, &code, now).await {
        Ok(accepted) => visit.complete(&accepted).await,
        Err(error) => match OutcomeCode::of(&error) {
            Some(outcome) if visit.browser.session.request.is_some() => visit.end(outcome).await,
            _ => visit.refused(error).await,
        },
    }
}

pub(crate) async fn log_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    visit.browser.end(&visit.app.records, visit.now).await?;
    Ok(visit.go_to("/"))
}

pub(crate) async fn set_language(State(app): State<Arc<App>>, Path(code): Path<String>, headers: HeaderMap) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if let Some(language) = Language::of_code(&code) {
        visit.browser.session.language = Some(language.code().to_owned());
        visit.browser.keep(&visit.app.records, visit.now).await?;
    }
    Ok(visit.go_to("/"))
}

impl Visit {
    /// Shows the page of the step where the browser is.
    pub(crate) async fn step(&mut self, status: StatusCode, alert: Option<Alert>) -> Answer {
        if self.is_late() {
            return self.end(OutcomeCode::TimedOut).await;
        }
        let session = &self.browser.session;
        if session.person.is_none() {
            let user = session.request.as_ref().and_then(|request| request.user.as_deref()).unwrap_or_default();
            return Ok(self.show(status, |page| pages::sign_in(page, user, PASSWORD_TRIES, alert.as_ref())));
        }
        if self.awaits_consent(None)
            && let Some(request) = &session.request
        {
            return Ok(self.show(status, |page| pages::consent(page, &request.id, &request.attributes)));
        }
        if let Some(number) = session.enrolling {
            return self.show_enrollment(AuthenticatorNumber::new(number), status, alert).await;
        }
        if session.is_own() {
            return match alert {
                None => Ok(self.go_to("/security")),
                alert => self.show_security(status, alert).await,
            };
        }
        let (account, login) = (self.browser.account()?, self.browser.login()?);
        let options = self.app.verifier.options(&account, &login, self.now).await?;
        let alert = alert.or_else(|| Some(self.alert(options.refusal?)));
        Ok(self.show(status, |page| pages::code(page, options.remaining, alert.as_ref())))
    }

    /// Returns `true` if the login at a service took too long.
    fn is_late(&self) -> bool {
        self.browser.session.request.as_ref().is_some_and(|request| request.is_late(self.now))
    }

    /// Returns `true` if the level that the service asks for is reached. The request may be named.
    pub(crate) fn awaits_consent(&self, named: Option<&str>) -> bool {
        let session = &self.browser.session;
        let (Some(request), Some(_)) = (&session.request, &session.person) else { return false };
        let is_named = named.is_none_or(|name| name == request.id);
        is_named && !self.is_late() && (session.second.is_some() || request.needs(Level::One))
    }

    /// Chooses the level of a login at a service, once the person is known. Returns the outcome of a login that ends.
    fn choose_level(&mut self, person: &Person) -> Result<Option<OutcomeCode>, Outage> {
        let Some(request) = &mut self.browser.session.request else { return Ok(None) };
        if person.standing != Standing::Active {
            return Ok(Some(OutcomeCode::Suspended));
        }
        let level = request.choose(person.second_factor_since.is_some())?;
        request.level = level.map(|level| level as u8);
        Ok(level.is_none().then_some(OutcomeCode::NoCredential))
    }

    /// Opens the session of a login.
    async fn complete(mut self, accepted: &Accepted) -> Answer {
        let first = FirstFactor::Password;
        self.browser.session.second = Some(Second {
            authenticator: accepted.authenticator().get(),
            at: self.now.as_secs(),
            level: level(first, accepted) as u8,
            amr: amr(first, accepted).into_iter().map(ToOwned::to_owned).collect(),
        });
        if self.browser.session.request.is_none() {
            self.app.audit.record(Line {
                time: self.now.as_secs(),
                person: self.browser.session.person.clone(),
                action: "login".into(),
                outcome: "done".into(),
                detail: Some(format!("level {}", level(first, accepted) as u8)),
                ..Line::default()
            });
        }
        let next = self.browser.session.next.take();
        self.browser.renew(&self.app.records, self.now).await?;
        Ok(self.go_to(next.as_deref().unwrap_or("/")))
    }

    /// Shows the page again with the refusal. A code that was submitted twice is not refused: the first submission has
    /// moved the session, to which the browser is sent.
    pub(crate) async fn refused(&mut self, error: VerifierError<secondo::store::BoxedError>) -> Answer {
        match error {
            error if error.is_outage() => Err(error.into()),
            VerifierError::Repeated(_) => Ok(self.go_to("/")),
            error => self.step(StatusCode::FORBIDDEN, Some(self.alert(error.public()))).await,
        }
    }

    /// Returns the text of a refusal for a page.
    pub(crate) fn alert(&self, refusal: PublicRefusal) -> Alert {
        Alert(self.language.refusal(refusal))
    }
}
