//! The enrollment of an authenticator app: a key as a QR code, confirmed by its first code.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use rand::rngs::SysRng;
use secondo::account::AccountError;
use secondo::formats::otpauth::{KeyUri, Qr};
use secondo::{Algorithm, Authenticator, AuthenticatorNumber, Secret, Totp, VerifierError};
use serde::Deserialize;

use crate::app::App;
use crate::http::{Answer, Visit};
use crate::messages::Notice;
use crate::outage::Outage;
use crate::pages::{self, Alert, Text};
use crate::person::{PASSWORD_TRIES, Person};

#[derive(Deserialize)]
pub(crate) struct FirstCode {
    form: String,
    code: String,
}

/// Takes the first code of an app, which confirms it.
pub(crate) async fn confirm(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(FirstCode { form, code }): Form<FirstCode>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let Some(number) = visit.browser.session.enrolling.filter(|_| form == visit.browser.form_token()) else {
        return visit.step(StatusCode::OK, None).await;
    };
    let (account, login, now) = (visit.browser.account()?, visit.browser.login()?, visit.now);
    match visit.app.verifier.confirm(&account, &login, AuthenticatorNumber::new(number), &code, now).await {
        Ok(_) | Err(VerifierError::Repeated(_)) => {
            let since = |person: &mut Person| {
                person.second_factor_since.get_or_insert(now.as_secs());
            };
            visit.app.persons.change(account.as_str(), now, since).await?;
            visit.notify(NEW_APP).await?;
            visit.browser.session.enrolling = None;
            visit.browser.keep(&visit.app.records, now).await?;
            let page = visit.first_recovery_codes().await?;
            Ok(visit.go_to(page))
        }
        Err(error) => visit.refused(error).await,
    }
}

const NEW_APP: Notice = Notice {
    subject: Text("Nuova app attivata", "New app activated"),
    text: Text(
        "Un'app di autenticazione è stata attivata per la tua identità digitale.",
        "An authenticator app was activated for your digital identity.",
    ),
};

impl Visit {
    /// Enrolls a first device if the person has none. It has to be confirmed in the same login.
    ///
    /// A login at a service never enrolls a device, which would be a second factor that the password gave.
    pub(crate) async fn begin_enrollment(&mut self, has_second_factor: bool) -> Result<(), Outage> {
        if has_second_factor || self.browser.session.request.is_some() {
            return Ok(());
        }
        let (account, login) = (self.browser.account()?, self.browser.login()?);
        let secret = Secret::generate(&mut SysRng, Algorithm::Sha1)?;
        let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, secret).named("telefono")?;
        match self.app.verifier.enroll_first(&account, &login, phone, self.now).await {
            Ok(enrolled) => {
                self.browser.session.enrolling = Some(enrolled.number.get());
                self.browser.keep(&self.app.records, self.now).await
            }
            // The device counts, even if the fact could not be written after its confirmation.
            Err(VerifierError::Account(AccountError::NotFirst)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Shows the key of an app until its first code.
    pub(crate) async fn show_enrollment(
        &mut self,
        number: AuthenticatorNumber,
        status: StatusCode,
        alert: Option<Alert>,
    ) -> Answer {
        let (account, login) = (self.browser.account()?, self.browser.login()?);
        match self.app.verifier.pending(&account, &login, number, self.now).await {
            Ok(phone) => {
                let uri = KeyUri::new(account.as_str(), phone)?.with_issuer(&self.app.config.name)?;
                let secret = uri.authenticator().secret().map(Secret::to_base32).ok_or(Outage("no_secret"))?;
                let qr = Qr::new(uri.to_short_uri().as_str())?;
                let is_further = self.browser.session.is_own();
                Ok(self.show(status, |page| pages::enrollment(page, &qr, &secret, is_further, alert.as_ref())))
            }
            // The enrollment has ended, for example after five wrong codes.
            Err(error) if !error.is_outage() && self.browser.session.is_own() => {
                self.browser.session.enrolling = None;
                self.browser.keep(&self.app.records, self.now).await?;
                self.show_security(status, alert).await
            }
            Err(error) if !error.is_outage() => {
                Ok(self.show(status, |page| pages::sign_in(page, "", PASSWORD_TRIES, alert.as_ref())))
            }
            Err(error) => Err(error.into()),
        }
    }
}
