//! The activation of a person's first app, during a login.
//!
//! A person without a second factor has shown only the password, which a thief may know. A thief must not bind an app
//! of their own to the identity. A code is therefore sent by SMS to the person's certified number, and the key of the
//! app is shown only after that code.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use axum::{Form, Router};
use secondo::UnixTime;
use secondo::assurance::OutcomeCode;
use serde::Deserialize;

use crate::app::App;
use crate::challenge::{self, Begun, Checked, JUST_SENT};
use crate::credentials::{SMS, TOO_MANY};
use crate::http::{Answer, Visit};
use crate::outage::{Outage, in_background};
use crate::pages::{self, Alert, Language, Text};
use crate::person::Person;
use crate::registration::{CODE_OVER, WRONG_CODE};

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/first-app", post(take_code)).route("/first-app/again", post(send_again))
}

#[derive(Deserialize)]
struct Given {
    form: String,
    request: Option<String>,
    code: String,
}

/// Takes the code, and shows the key of an app.
async fn take_code(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Given { form, request, code }): Form<Given>,
) -> Answer {
    let mut visit = Visit::of_step(app, &headers, request.as_deref()).await?;
    if let Some(answer) = visit.given(request.as_deref()) {
        return Ok(answer);
    }
    if form != visit.browser.form_token() || !visit.awaits_first_app() {
        return Ok(visit.go_to("/"));
    }
    let alert = match challenge::check(&visit.app.records, &visit.first_app_challenge(), &code, visit.now).await? {
        Checked::Right => {
            let refusal = visit.enroll_app().await?;
            return match refusal {
                Some(refusal) => visit.end_activation(refusal).await,
                None => Ok(visit.go_to("/")),
            };
        }
        Checked::Repeated => return visit.follow_first("/").await,
        Checked::Wrong(left) => Alert(format!("{} {left}", visit.say(WRONG_CODE))),
        Checked::Over => visit.warning(CODE_OVER),
    };
    visit.refuse("/", alert).await
}

#[derive(Deserialize)]
struct Again {
    form: String,
    request: Option<String>,
}

async fn send_again(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Again { form, request }): Form<Again>,
) -> Answer {
    let mut visit = Visit::of_step(app, &headers, request.as_deref()).await?;
    if let Some(answer) = visit.given(request.as_deref()) {
        return Ok(answer);
    }
    let is_due = form == visit.browser.form_token() && visit.awaits_first_app();
    let Some(person) = visit.person.clone().filter(|_| is_due) else { return Ok(visit.go_to("/")) };
    visit.begin_first_app(&person).await
}

const SMS_TEXT: Text = Text(
    "codice di attivazione dell'app. Non comunicarlo a nessuno:",
    "activation code of your app. Do not give it to anybody:",
);

impl Visit {
    /// Returns `true` after the password of a person who needs a second factor, and has none yet.
    pub(crate) fn awaits_first_app(&self) -> bool {
        let session = &self.browser.session;
        let is_due = session.second.is_none() && session.enrolling.is_none() && !self.awaits_consent(None);
        is_due && self.goes_on() && self.person.as_ref().is_some_and(|person| person.second_factor_since.is_none())
    }

    /// Sends a code to the certified number, and goes to the page that asks for it. A login at a service ends if too
    /// many were sent.
    pub(crate) async fn begin_first_app(&mut self, person: &Person) -> Answer {
        let (name, records, now) = (self.first_app_challenge(), &self.app.records, self.now);
        let limits = [(format!("first app of {}", person.id), SMS)];
        match challenge::begin(records, &name, &limits, now).await? {
            Begun::New => {
                in_background(send(Arc::clone(&self.app), person.mobile.clone(), name, self.language, now));
                Ok(self.go_to("/"))
            }
            Begun::Already => Ok(self.go_to("/")),
            Begun::Early => self.refuse("/", self.warning(JUST_SENT)).await,
            Begun::TooMany { is_pending: false } if self.browser.session.request.is_some() => {
                self.end(OutcomeCode::TooManyAttempts).await
            }
            Begun::TooMany { .. } => self.refuse("/", self.warning(TOO_MANY)).await,
        }
    }

    pub(crate) fn show_first_app(&self) -> Response {
        let mobile = self.person.as_ref().map_or("", |person| person.mobile.as_str());
        self.show(StatusCode::OK, |page| pages::first_app(page, mobile))
    }

    /// Returns the name of the challenge of this session. Another one that has the password cannot use up its attempts.
    fn first_app_challenge(&self) -> String {
        format!("first app {}", self.browser.procedure())
    }
}

async fn send(app: Arc<App>, to: String, challenge: String, language: Language, now: UnixTime) -> Result<(), Outage> {
    let code = challenge::code(&app.records, &challenge, now).await?;
    let text = format!("{}: {} {code}", app.config.name, SMS_TEXT.in_language(language));
    app.messages.sms(&to, &text, now).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use secondo::{AccountId, Transaction};

    use super::*;
    use crate::enrollment::new_app;
    use crate::session::Session;
    use crate::test_browser::{self, Browser, USER, activation_code, click_twice};

    /// Returns a browser that is asked for the code, and the form with it.
    async fn at_code(app: &Arc<App>, start: &str) -> (Browser, [String; 2]) {
        let mut browser = Browser::new(app);
        browser.send("GET", start, String::new(), None).await;
        browser.follow().await;
        let token = |browser: &Browser| {
            let is_service = browser.page.contains("name=\"request\"");
            let request = is_service.then(|| format!("&request={}", browser.hidden("request")));
            format!("form={}{}", browser.hidden("form"), request.unwrap_or_default())
        };
        let fields = format!("{}&user={USER}&password=password", token(&browser));
        browser.send("POST", "/password", fields, None).await;
        browser.follow().await;
        let form = format!("{}&code={}", token(&browser), activation_code(app).await);
        (browser, [form.clone(), form])
    }

    /// The first of two clicks has used the code, and has not stored the enrollment.
    #[tokio::test]
    async fn double_click_on_the_code_leads_to_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let (mut browser, forms) = at_code(&app, "/").await;
        click_twice::<Session>(&app, &mut browser, "/first-app", forms).await;
        assert!(browser.page.contains("action=\"/enrollment\""), "{}", browser.page);
        assert!(!browser.page.contains("role=\"alert\""), "{}", browser.page);
    }

    /// The first of two clicks has used the code, and ends the login at a service, since no enrollment can begin.
    #[tokio::test]
    async fn double_click_on_the_code_leads_to_the_end_of_the_login() {
        const AUTHORIZE: &str = "/authorize?client_id=wiki&response_type=code&scope=openid\
            &redirect_uri=https://wiki.example/callback&code_challenge_method=S256\
            &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let (mut browser, forms) = at_code(&app, AUTHORIZE).await;
        let now = UnixTime::now().unwrap();
        let account = AccountId::new(&app.persons.named(USER, now).await.unwrap().unwrap().id).unwrap();
        for login in 0..8 {
            let login = Transaction::new(&[login; 16]).unwrap();
            app.verifier.enroll_first(&account, &login, new_app("").unwrap(), now).await.unwrap();
        }
        click_twice::<Session>(&app, &mut browser, "/first-app", forms).await;
        assert!(browser.page.contains("https://wiki.example/callback?error=access_denied"), "{}", browser.page);
    }
}
