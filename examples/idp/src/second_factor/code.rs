use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use secondo::assurance::{FirstFactor, OutcomeCode, amr, level};
use secondo::store::BoxedError;
use secondo::{Accepted, AuthenticatorNumber, PublicRefusal, VerifierError};
use serde::Deserialize;

use super::Step;
use crate::app::App;
use crate::audit::Line;
use crate::http::{Answer, Visit};
use crate::outage::Outage;
use crate::pages::{Alert, Text};
use crate::session::{Second, Session};

#[derive(Deserialize)]
pub(super) struct Typed {
    form: String,
    request: Option<String>,
    code: String,
}

/// Takes a code of one of the person's devices, or the one that was sent.
pub(super) async fn take(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Typed { form, request, code }): Form<Typed>,
) -> Answer {
    let mut visit = Visit::of_step(app, &headers, request.as_deref()).await?;
    if let Some(answer) = visit.not_due(&form, request.as_deref()) {
        return Ok(answer);
    }
    let (account, login, now) = (visit.browser.account()?, visit.browser.login()?, visit.now);
    let verifier = &visit.app.verifier;
    let verified = match visit.browser.session.step {
        // Compared alone, a code that has expired is told from a wrong one.
        Some(Step::Sms(to)) => {
            verifier.verify_with(&account, &login, AuthenticatorNumber::new(to.number), &code, now).await
        }
        _ => verifier.verify(&account, &login, &code, now).await,
    };
    match verified {
        Ok(accepted) => {
            let page = visit.complete(&accepted).await?;
            Ok(visit.go_to(&page))
        }
        Err(error) => visit.not_accepted(error).await,
    }
}

const NEXT_CODE: Text = Text(
    "Ogni codice vale una volta sola: se lo hai già usato, aspetta il prossimo.",
    "Each code is valid once: if you have used it, wait for the next one.",
);
const LAST_MESSAGE: Text = Text("Usa il codice dell'ultimo messaggio.", "Use the code of the last message.");

impl Visit {
    /// Opens the session of a login, and returns the page that the person wanted.
    pub(crate) async fn complete(&mut self, accepted: &Accepted) -> Result<String, Outage> {
        let first = FirstFactor::Password;
        let session = &mut self.browser.session;
        session.second = Some(Second {
            authenticator: accepted.authenticator().get(),
            at: self.now.as_secs(),
            level: level(first, accepted) as u8,
            amr: amr(first, accepted).into_iter().map(ToOwned::to_owned).collect(),
        });
        (session.step, session.number, session.push) = (None, None, None);
        let is_again = std::mem::take(&mut session.is_again);
        if session.request.is_none() {
            self.app.audit.record(Line {
                time: self.now.as_secs(),
                person: session.person.clone(),
                // The list of the last accesses has the logins alone.
                action: if is_again { "login_again" } else { "login" }.into(),
                outcome: "done".into(),
                detail: Some(format!("level {}", level(first, accepted) as u8)),
                ..Line::default()
            });
        }
        self.browser.renew(&self.app.records, self.now).await?;
        Ok(self.page_after())
    }

    /// Returns the page that follows the second factor: that of an enrollment, the one that the person wanted, or the
    /// first one.
    pub(super) fn page_after(&self) -> String {
        let Session { next, request, enrolling, .. } = &self.browser.session;
        if enrolling.is_some() {
            return "/".to_owned();
        }
        let first = if request.is_some() { "/" } else { "/security" };
        next.as_deref().unwrap_or(first).to_owned()
    }

    /// Ends the login at a service if it cannot go on, or goes to the page of the step, which shows the refusal.
    pub(crate) async fn not_accepted(&mut self, error: VerifierError<BoxedError>) -> Answer {
        match OutcomeCode::of(&error) {
            Some(outcome) if self.browser.session.request.is_some() => {
                self.end_until(outcome, error.public().retry_at()).await
            }
            _ => self.refused(error).await,
        }
    }

    /// Goes to the page of the step, which shows the refusal. A code that was submitted twice is not refused: the
    /// browser is sent where the first submission leads.
    pub(crate) async fn refused(&mut self, error: VerifierError<BoxedError>) -> Answer {
        match error {
            error if error.is_outage() => Err(error.into()),
            VerifierError::Repeated(_) => {
                let given = self.given_by_first().await?;
                Ok(given.unwrap_or_else(|| self.go_to(&self.page_after())))
            }
            error => {
                let alert = self.with_advice(error.public());
                self.refuse("/", alert).await
            }
        }
    }

    /// Returns the text of a refusal for a page.
    pub(crate) fn alert(&self, refusal: PublicRefusal) -> Alert {
        Alert(self.language.refusal(refusal))
    }

    /// Returns the text of a refusal, with what to do next where the refusal does not say so.
    fn with_advice(&self, refusal: PublicRefusal) -> Alert {
        let advice = match (refusal, self.browser.session.step) {
            (PublicRefusal::Wrong { remaining: 1.., .. }, Some(Step::Sms(_))) => LAST_MESSAGE,
            (PublicRefusal::Wrong { remaining: 1.., .. }, Some(Step::Code) | None) => NEXT_CODE,
            _ => return self.alert(refusal),
        };
        Alert(format!("{} {}", self.language.refusal(refusal), advice.in_language(self.language)))
    }
}
