//! Recovery codes, which are shown once.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use secondo::factor::{Kind, RecoveryCodes};
use serde::Deserialize;

use crate::app::App;
use crate::http::{Answer, Visit};
use crate::messages::Notice;
use crate::outage::Outage;
use crate::pages::{self, Alert, Text};
use crate::session::Once;

const CODES: &str = "/security/codes";
/// The page that shows new codes.
pub(crate) const NEW_CODES_PAGE: &str = "/security/codes/new";

/// Shows how many codes are left, and the form for new ones.
pub(crate) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    if let Err(stopped) = visit.fresh_owner(CODES) {
        return Ok(*stopped);
    }
    let view = visit.app.verifier.view(&visit.browser.account()?, visit.now).await?;
    Ok(visit.show(StatusCode::OK, |page| pages::recovery_codes(page, &view)))
}

#[derive(Deserialize)]
pub(crate) struct Replace {
    form: String,
    /// The revision of the account when the page was shown.
    revision: u64,
}

/// Makes new codes, which end the earlier ones.
pub(crate) async fn make(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Replace { form, revision }): Form<Replace>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if let Err(stopped) = visit.fresh_owner(CODES) {
        return Ok(*stopped);
    }
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(CODES));
    }
    match visit.new_recovery_codes(revision).await? {
        Ok(()) => Ok(visit.go_to(NEW_CODES_PAGE)),
        Err(alert) => visit.refuse(CODES, alert).await,
    }
}

/// Shows new codes, once.
pub(crate) async fn show_new(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let mut visit = Visit::of(Arc::clone(&app), &headers).await?;
    if !matches!(visit.browser.session.once, Some(Once::RecoveryCodes { .. })) {
        // A login at a service, after a recovery.
        visit = Visit::of_pending(app, &headers).await?;
    }
    let Some(once @ Once::RecoveryCodes { .. }) = visit.browser.session.once.take() else {
        return Ok(visit.go_to(if visit.browser.session.is_own() { CODES } else { "/" }));
    };
    visit.browser.keep(&visit.app.records, visit.now).await?;
    let codes = RecoveryCodes::new(&visit.browser.seed(&once)?);
    Ok(visit.show(StatusCode::OK, |page| pages::new_codes(page, &codes, visit.browser.session.second.is_none())))
}

const NEW_CODES: Notice = Notice {
    subject: Text("Nuovi codici di recupero", "New recovery codes"),
    text: Text(
        "Sono stati creati nuovi codici di recupero per la tua identità digitale. Quelli precedenti non valgono più.",
        "New recovery codes were made for your digital identity. The earlier ones are no longer valid.",
    ),
};

impl Visit {
    /// Makes recovery codes, which end the earlier ones, if the account still has this revision. The page
    /// [`NEW_CODES_PAGE`] shows them.
    ///
    /// The second of two clicks makes the same codes, or finds that the account has changed.
    pub(crate) async fn new_recovery_codes(&mut self, revision: u64) -> Result<Result<(), Alert>, Outage> {
        let (account, login) = (self.browser.account()?, self.browser.login()?);
        if self.app.verifier.view(&account, self.now).await?.revision != revision {
            return Ok(Ok(()));
        }
        let once = Once::RecoveryCodes { revision };
        let codes = RecoveryCodes::new(&self.browser.seed(&once)?);
        match self.app.verifier.enroll(&account, &login, &codes, self.now).await {
            Ok(_) => {}
            Err(error) if error.is_outage() => return Err(error.into()),
            Err(error) => return Ok(Err(self.alert(error.public()))),
        }
        self.browser.session.once = Some(once);
        self.browser.keep(&self.app.records, self.now).await?;
        let form_use = format!("codes {revision} {}", self.browser.form_token());
        if self.app.records.first_use(&form_use, self.now).await? {
            self.notify(NEW_CODES).await?;
        }
        Ok(Ok(()))
    }

    /// Makes the first recovery codes after the confirmation of an app, and returns the page to go to.
    pub(crate) async fn first_recovery_codes(&mut self) -> Result<&'static str, Outage> {
        let view = self.app.verifier.view(&self.browser.account()?, self.now).await?;
        let has_codes = view.authenticators.iter().any(|device| device.kind == Kind::LookUp);
        if !has_codes {
            // Without room for them, the person's own page offers them later.
            let _ = self.new_recovery_codes(view.revision).await?;
        }
        Ok(if self.browser.session.once.is_some() { NEW_CODES_PAGE } else { "/" })
    }
}
