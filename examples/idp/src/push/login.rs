//! The second factor of a login by an app: the page shows a number, and the person types it into the app.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::{Form, Json};
use rand::TryRng;
use rand::rngs::SysRng;
use secondo::assurance::OutcomeCode;
use secondo::push::{Details, PushRefusal};
use secondo::store::BoxedError;
use secondo::{PublicRefusal, VerifierError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::inbox;
use crate::app::App;
use crate::http::{Answer, Visit};
use crate::outage::Outage;
use crate::pages::push as texts;
use crate::pages::{self, time_of_day};

/// The time in which the app must answer.
const TIME: Duration = Duration::from_secs(120);

/// The push that was sent in a login, for its page.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// The name of the app's device.
    pub(crate) device: String,
    /// The number that the person types into the app.
    pub(crate) number: String,
    /// The time in seconds at which the challenge ends.
    #[serde(default)]
    pub(crate) expires: u64,
}

#[derive(Deserialize)]
pub(super) struct Begin {
    form: String,
    request: Option<String>,
    /// The number of the app's authenticator. The page names it if the person has several apps.
    device: Option<u32>,
}

/// Sends a push to an app of the person, and goes to the page with its number.
///
/// A login has one push at a time. While that one waits for an answer, the form sends no other push, not even to
/// another app, and leads to the page with the number of the first one.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Begin { form, request, device }): Form<Begin>,
) -> Answer {
    let mut visit = Visit::of_step(app, &headers, request.as_deref()).await?;
    if let Some(answer) = visit.not_due(&form, request.as_deref()) {
        return Ok(answer);
    }
    let (account, login, now) = (visit.browser.account()?, visit.browser.login()?, visit.now);
    let options = visit.app.verifier.options(&account, &login, now).await?;
    let Some(phone) = options.pushes.iter().find(|app| device.is_none_or(|device| app.number.get() == device)) else {
        return visit.refuse("/", visit.warning(texts::HELD)).await;
    };
    let service = visit.client().map_or(&visit.app.config.name, |client| &client.name);
    let details = Details::new(service, &place(&headers), &time_of_day(now))?.lasting(TIME)?;
    let mut random = [0; 32];
    SysRng.try_fill_bytes(&mut random)?;
    match visit.app.verifier.push(&account, &login, phone.number, &details, now, &random).await {
        Ok(sent) => {
            inbox::deliver(&visit.app.records, &sent.message, sent.expires, now).await?;
            let device = sent.name.as_str().to_owned();
            visit.browser.session.push = Some(Asked { device, number: sent.number, expires: sent.expires.as_secs() });
            visit.browser.keep(&visit.app.records, now).await?;
            Ok(visit.go_to("/push"))
        }
        // The back button, or a click on the button of another app. Of two clicks, the first one may not have put its
        // push in the place of one that has expired.
        Err(VerifierError::Push(PushRefusal::Pending))
            if visit.browser.session.push.as_ref().is_some_and(|asked| now.as_secs() < asked.expires) =>
        {
            Ok(visit.go_to("/push"))
        }
        Err(VerifierError::Push(PushRefusal::Pending)) => visit.follow_first("/push").await,
        Err(error) => visit.not_approved(error).await,
    }
}

/// Shows the number.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_step_page(app, &headers).await?;
    match visit.browser.session.push.as_ref().filter(|_| visit.awaits_second_factor()) {
        Some(asked) => Ok(visit.show_with_script(StatusCode::OK, |page| pages::push::number(page, asked))),
        None => Ok(visit.go_to("/")),
    }
}

#[derive(Deserialize)]
pub(super) struct Waiting {
    form: String,
    request: Option<String>,
}

/// Tells the script of the page if the login is done, or has ended, and completes it. A login that is done leads to a
/// page.
pub(super) async fn state(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Waiting { form, request }): Form<Waiting>,
) -> Answer {
    let mut visit = Visit::of_step(app, &headers, request.as_deref()).await?;
    let is_moved = form != visit.browser.form_token() || !visit.awaits_second_factor();
    let state = if is_moved {
        json!({ "state": "done", "page": "/" })
    } else {
        let (account, login) = (visit.browser.account()?, visit.browser.login()?);
        match visit.app.verifier.poll(&account, &login, visit.now).await {
            Ok(accepted) => json!({ "state": "done", "page": visit.complete(&accepted).await? }),
            Err(VerifierError::Push(PushRefusal::Waiting)) => json!({ "state": "waiting" }),
            Err(error) if error.is_outage() => return Err(error.into()),
            Err(_) => json!({ "state": "ended" }),
        }
    };
    let cookie = visit.browser.set_cookie(visit.app.is_secure());
    Ok((cookie, Json(state)).into_response())
}

/// Completes a login that the person has approved in the app.
pub(super) async fn approved(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Waiting { form, request }): Form<Waiting>,
) -> Answer {
    let mut visit = Visit::of_step(app, &headers, request.as_deref()).await?;
    if let Some(answer) = visit.not_due(&form, request.as_deref()) {
        return Ok(answer);
    }
    let (account, login) = (visit.browser.account()?, visit.browser.login()?);
    match visit.app.verifier.poll(&account, &login, visit.now).await {
        Ok(accepted) => {
            let page = visit.complete(&accepted).await?;
            Ok(visit.go_to(&page))
        }
        Err(error) => visit.not_approved(error).await,
    }
}

impl Visit {
    /// Shows the reason that a push is not a login. The person can use another one, or another way.
    async fn not_approved(&mut self, error: VerifierError<BoxedError>) -> Answer {
        if error.is_outage() {
            return Err(error.into());
        }
        let VerifierError::Push(refusal) = error else {
            return self.not_accepted(error).await;
        };
        let text = match refusal {
            PushRefusal::Waiting => return self.refuse("/push", self.warning(texts::WAITING)).await,
            PushRefusal::Denied | PushRefusal::NotMe if self.browser.session.request.is_some() => {
                return self.end(OutcomeCode::Cancelled).await;
            }
            PushRefusal::Denied => texts::DENIED,
            PushRefusal::NotMe => {
                // Somebody else is at this browser, and knows the password.
                self.browser.session.person = None;
                texts::REPORTED
            }
            PushRefusal::WrongNumber => match self.lock().await? {
                Some(lock) if self.browser.session.request.is_some() => {
                    return self.end_until(OutcomeCode::TooManyAttempts, lock.retry_at()).await;
                }
                _ => texts::WRONG_NUMBER,
            },
            PushRefusal::Held { .. } | PushRefusal::TooMany => texts::HELD,
            _ => texts::EXPIRED,
        };
        self.browser.session.push = None;
        self.browser.keep(&self.app.records, self.now).await?;
        self.refuse("/", self.warning(text)).await
    }

    /// Returns the refusal of a locked account.
    async fn lock(&self) -> Result<Option<PublicRefusal>, Outage> {
        let (account, login) = (self.browser.account()?, self.browser.login()?);
        let options = self.app.verifier.options(&account, &login, self.now).await?;
        Ok(options.refusal.filter(|refusal| matches!(refusal, PublicRefusal::Locked { .. })))
    }
}

/// Returns the browser and the system of a login, as far as the browser tells them.
///
/// The browser may lie, so that the text is one of a few. A provider that has a table of addresses names the town.
pub(super) fn place(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = |names: &[(&str, &'static str)]| {
        names.iter().find(|(part, _)| agent.contains(part)).map_or("?", |(_, name)| name)
    };
    let browser = known(&[("Firefox/", "Firefox"), ("Edg/", "Edge"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]);
    let system = known(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    format!("{browser}, {system}")
}
