//! The enrollment of an authenticator app: a key as a QR code, confirmed by its first code.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use rand::rngs::SysRng;
use secondo::account::{AccountError, Status};
use secondo::assurance::OutcomeCode;
use secondo::factor::NewAuthenticator;
use secondo::formats::otpauth::{KeyUri, Qr};
use secondo::{Algorithm, Authenticator, AuthenticatorNumber, PublicRefusal, Secret, Totp, VerifierError};
use serde::Deserialize;

use crate::app::App;
use crate::http::{Answer, Visit};
use crate::messages::Notice;
use crate::outage::Outage;
use crate::pages::{self, Text};
use crate::person::Person;

#[derive(Deserialize)]
pub(crate) struct FirstCode {
    form: String,
    request: Option<String>,
    code: String,
}

/// Takes the first code of an app, which confirms it.
pub(crate) async fn confirm(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(FirstCode { form, request, code }): Form<FirstCode>,
) -> Answer {
    let mut visit = Visit::of_step(app, &headers, request.as_deref()).await?;
    if let Some(answer) = visit.given(request.as_deref()) {
        return Ok(answer);
    }
    let is_due = form == visit.browser.form_token() && !visit.is_late();
    let Some(number) = visit.browser.session.enrolling.filter(|_| is_due) else { return Ok(visit.go_to("/")) };
    let (account, login, now) = (visit.browser.account()?, visit.browser.login()?, visit.now);
    match visit.app.verifier.confirm(&account, &login, AuthenticatorNumber::new(number), &code, now).await {
        Ok(_) => visit.complete_enrollment().await,
        // The first of two clicks makes the recovery codes a moment after it has used the code, unless it failed there.
        Err(VerifierError::Repeated(_)) => {
            if visit.await_first().await? {
                Ok(visit.go_to("/"))
            } else {
                visit.complete_enrollment().await
            }
        }
        Err(error) => visit.refused(error).await,
    }
}

#[derive(Deserialize)]
pub(crate) struct Pending {
    request: Option<String>,
}

/// Returns the key URI of the app that this browser enrolls, for the page of the phone in the same browser.
///
/// A link has no part of the key, so that neither the browser's history nor another site has any. Only pages of the
/// provider can call this.
pub(crate) async fn key(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(Pending { request }): Query<Pending>,
) -> Answer {
    if headers.get("sec-fetch-site").is_none_or(|site| site != "same-origin") {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let visit = Visit::of_step(app, &headers, request.as_deref()).await?;
    let named = visit.browser.session.request.as_ref().map(|request| &request.id);
    let uri = match visit.browser.session.enrolling.filter(|_| named == request.as_ref() && !visit.is_late()) {
        Some(number) => visit.pending_key(AuthenticatorNumber::new(number)).await?,
        None => None,
    };
    Ok(uri.map_or(StatusCode::NOT_FOUND.into_response(), |uri| uri.to_short_uri().as_str().to_owned().into_response()))
}

/// The name of an app that the person did not name.
pub(crate) const PHONE: Text = Text("telefono", "phone");

/// Returns an app with a new secret. All apps read such a key.
pub(crate) fn new_app(name: &str) -> Result<NewAuthenticator, Outage> {
    let secret = Secret::generate(&mut SysRng, Algorithm::Sha1)?;
    Ok(Authenticator::new(Totp::default(), Algorithm::Sha1, secret).named(name)?)
}

const NEW_APP: Notice = Notice {
    subject: Text("Nuova app attivata", "New app activated"),
    text: Text(
        "Un'app di autenticazione è stata attivata per la tua identità digitale.",
        "An authenticator app was activated for your digital identity.",
    ),
};

impl Visit {
    /// Enrolls an app, which has to be confirmed in the same session. Returns the refusal if no enrollment can begin.
    ///
    /// Without a second factor in this session, it can be the person's first authenticator only.
    pub(crate) async fn enroll_app(&mut self) -> Result<Option<PublicRefusal>, Outage> {
        let (account, login) = (self.browser.account()?, self.browser.login()?);
        let phone = new_app(self.say(PHONE))?;
        let enrolled = match self.browser.session.second {
            Some(_) => self.app.verifier.enroll(&account, &login, phone, self.now).await,
            None => self.app.verifier.enroll_first(&account, &login, phone, self.now).await,
        };
        self.browser.session.enrolling = match enrolled {
            Ok(enrolled) => Some(enrolled.number.get()),
            // The device counts, even if the fact could not be written after its confirmation.
            Err(VerifierError::Account(AccountError::NotFirst)) => {
                self.note_second_factor().await?;
                None
            }
            Err(error) if error.is_outage() => return Err(error.into()),
            Err(error) => return Ok(Some(error.public())),
        };
        self.browser.keep(&self.app.records, self.now).await?;
        Ok(None)
    }

    /// Completes the enrollment of an app that is confirmed, also a second time, and goes to the page that follows.
    async fn complete_enrollment(&mut self) -> Answer {
        self.note_second_factor().await?;
        self.notify(NEW_APP).await?;
        self.browser.session.enrolling = None;
        let page = self.first_recovery_codes().await?;
        self.browser.end_enrollment(&self.app.records, self.now).await?;
        Ok(self.go_to(page))
    }

    /// Returns `true` if an app is confirmed, as it is between its first code and the end of its enrollment.
    async fn is_confirmed(&self, number: AuthenticatorNumber) -> Result<bool, Outage> {
        let view = match self.app.verifier.view(&self.browser.account()?, self.now).await {
            Ok(view) => view,
            Err(VerifierError::Unknown) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let mut apps = view.authenticators.iter().filter(|app| app.number == number);
        Ok(apps.any(|app| !matches!(app.status, Status::Unconfirmed { .. })))
    }

    /// Notes that the person has a second factor from now on.
    pub(crate) async fn note_second_factor(&self) -> Result<(), Outage> {
        let note = |person: &mut Person| person.note_second_factor(self.now);
        self.app.persons.change(self.browser.account()?.as_str(), self.now, note).await
    }

    /// Shows the key of an app until its first code. The enrollment of a first app begins again with another key if it
    /// has ended.
    pub(crate) async fn show_enrollment(&mut self, number: AuthenticatorNumber) -> Answer {
        if let Some(page) = self.enrollment_page(number).await? {
            return Ok(page);
        }
        if self.is_confirmed(number).await? {
            return self.complete_enrollment().await;
        }
        self.browser.session.enrolling = None;
        if self.browser.session.is_own() {
            self.browser.keep(&self.app.records, self.now).await?;
            return self.show_security().await;
        }
        if let Some(refusal) = self.enroll_app().await? {
            return self.end_activation(refusal).await;
        }
        let Some(number) = self.browser.session.enrolling else {
            return self.refuse("/", self.warning(OTHER_APP)).await;
        };
        self.refused = self.warning(ANOTHER_KEY).into();
        let page = self.enrollment_page(AuthenticatorNumber::new(number)).await?;
        page.ok_or(Outage("enrollment_ended"))
    }

    /// Ends the login or the session of a person who cannot activate a first app now.
    pub(crate) async fn end_activation(&mut self, refusal: PublicRefusal) -> Answer {
        if self.browser.session.request.is_some() {
            let is_throttled = matches!(refusal, PublicRefusal::Throttled { .. });
            let outcome = if is_throttled { OutcomeCode::TooManyAttempts } else { OutcomeCode::NoCredential };
            return self.end_until(outcome, refusal.retry_at()).await;
        }
        self.start_again(self.alert(refusal)).await
    }

    /// Returns the page with the key of an app, or `None` if its enrollment has ended.
    async fn enrollment_page(&self, number: AuthenticatorNumber) -> Result<Option<Response>, Outage> {
        let Some(uri) = self.pending_key(number).await? else { return Ok(None) };
        let secret = uri.authenticator().secret().map(Secret::to_base32).ok_or(Outage("no_secret"))?;
        let qr = Qr::new(uri.to_short_uri().as_str())?;
        let is_further = self.browser.session.is_own();
        Ok(Some(self.show(StatusCode::OK, |page| pages::enrollment(page, &qr, &secret, is_further))))
    }

    /// Returns the key of an app that is not confirmed yet, or `None` if its enrollment has ended.
    async fn pending_key(&self, number: AuthenticatorNumber) -> Result<Option<KeyUri>, Outage> {
        let (account, login) = (self.browser.account()?, self.browser.login()?);
        let phone = match self.app.verifier.pending(&account, &login, number, self.now).await {
            Ok(phone) => phone,
            Err(error) if error.is_outage() => return Err(error.into()),
            // For example after five wrong codes.
            Err(_) => return Ok(None),
        };
        // The app shows it beside the codes.
        let name = self.person.as_ref().map_or(account.as_str(), |person| &person.email);
        Ok(Some(KeyUri::new(name, phone)?.with_issuer(&self.app.config.name)?))
    }
}

const OTHER_APP: Text = Text(
    "Nel frattempo è stata attivata un'altra app: usa i suoi codici. La chiave che hai inquadrato qui non vale: eliminala.",
    "Another app was activated meanwhile: use its codes. The entry that you scanned here is not valid: delete it.",
);
const ANOTHER_KEY: Text = Text(
    "L'attivazione è ricominciata: elimina la chiave di prima dall'app e inquadra il nuovo codice QR.",
    "The activation has started again: delete the earlier entry in your app and scan the new QR code.",
);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails so")]
mod tests {
    use secondo::{Key, UnixTime};

    use super::*;
    use crate::test_browser::{Browser, USER, activation_code, open};

    /// Returns a browser that shows the key of a first app.
    async fn with_key(app: &Arc<App>) -> Browser {
        let mut browser = Browser::new(app);
        browser.send("GET", "/", String::new(), None).await;
        let fields = format!("form={}&user={USER}&password=password", browser.hidden("form"));
        browser.send("POST", "/password", fields, None).await;
        browser.follow().await;
        let code = activation_code(app).await;
        browser.send("POST", "/first-app", format!("form={}&code={code}", browser.hidden("form")), None).await;
        browser.follow().await;
        browser
    }

    /// The request that took the first code ended before it could store the session.
    #[tokio::test]
    async fn confirmed_app_is_completed_by_the_next_request() {
        for is_sent_again in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let app = open(folder.path()).await;
            let mut browser = with_key(&app).await;
            let (_, secret) = browser.page.split_once("<code>").unwrap();
            let secret = Secret::from_base32(secret.split('<').next().unwrap()).unwrap();
            let (key, now) = (Key::new(Algorithm::Sha1, &secret), UnixTime::now().unwrap());
            let code = Totp::default().generate(&key, now).unwrap();
            let visit = Visit::of(Arc::clone(&app), &browser.headers()).await.unwrap();
            let number = AuthenticatorNumber::new(visit.browser.session.enrolling.unwrap());
            let (account, login) = (visit.browser.account().unwrap(), visit.browser.login().unwrap());
            let _ = app.verifier.confirm(&account, &login, number, code.as_str(), now).await.unwrap();

            if is_sent_again {
                let fields = format!("form={}&code={}", browser.hidden("form"), code.as_str());
                browser.send("POST", "/enrollment", fields, None).await;
            } else {
                browser.send("GET", "/", String::new(), None).await;
            }
            browser.follow().await;
            assert_eq!(browser.page.matches("<li><code>").count(), 10, "{}", browser.page);
            let person = app.persons.named(USER, now).await.unwrap().unwrap();
            assert!(person.second_factor_since.is_some());
            let mails = app.messages.all(now).await.unwrap();
            assert!(mails.iter().any(|mail| mail.subject.as_deref().is_some_and(|subject| subject.contains("app"))));
        }
    }
}
