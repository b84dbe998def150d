use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use secondo::account::{AccountError, AuthenticatorView, LoginOptions, Status};
use secondo::audit::Operator;
use secondo::factor::Kind;
use secondo::{AccountId, AuthenticatorNumber, VerifierError};

use crate::app::App;
use crate::http::{Answer, Visit};
use crate::messages::Notice;
use crate::outage::Outage;
use crate::pages::Text;

/// The start of the names of the boxes. The number of an authenticator follows.
pub(crate) const LOST: &str = "lost-";

/// Takes a recovery code, and ends what the person has lost.
pub(super) async fn take(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let mut visit = Visit::of_step(app, &headers, field("request")).await?;
    if let Some(answer) = visit.not_due(field("form").unwrap_or_default(), field("request")) {
        return Ok(answer);
    }
    let (account, login, now) = (visit.browser.account()?, visit.browser.login()?, visit.now);
    let number = |(key, _): &(String, String)| key.strip_prefix(LOST)?.parse().ok().map(AuthenticatorNumber::new);
    let lost: Vec<_> = fields.iter().filter_map(number).collect();
    let code = field("code").unwrap_or_default();
    let verifier = &visit.app.verifier;
    let recovered = match lost.first() {
        Some(&first) => verifier.recover_and_revoke(&account, &login, code, first, now).await,
        None => verifier.recover(&account, &login, code, now).await,
    };
    let accepted = match recovered {
        Ok(accepted) => accepted,
        Err(VerifierError::Repeated(_)) => return visit.follow_first("/").await,
        Err(error) => return visit.not_accepted(error).await,
    };
    for &also in lost.iter().skip(1) {
        visit.end_lost(&account, also).await?;
    }
    visit.complete(&accepted).await?;
    if !lost.is_empty() {
        // A finder or thief may have signed in with a lost device.
        visit.end_other_sessions(account.as_str()).await?;
    }
    visit.notify(RECOVERED).await?;
    let view = visit.app.verifier.view(&account, now).await?;
    let is_app = |device: &&AuthenticatorView| {
        device.status == Status::Active && device.kind != Kind::LookUp && !device.kind.is_restricted()
    };
    if view.authenticators.iter().find(is_app).is_none() {
        // If none can begin now, the person's own pages offer it later.
        let _ = visit.enroll_app().await?;
    }
    Ok(visit.go_to("/"))
}

/// Returns what the person can report as lost.
pub(super) fn losable(options: &LoginOptions) -> Vec<AuthenticatorView> {
    let is_other = |push: &&AuthenticatorView| options.authenticators.iter().all(|of| of.number != push.number);
    options.authenticators.iter().chain(options.pushes.iter().filter(is_other)).copied().collect()
}

impl Visit {
    /// Ends another lost authenticator. The last one that is left stays, suspended, until the person removes it.
    async fn end_lost(&self, account: &AccountId, number: AuthenticatorNumber) -> Result<(), Outage> {
        let (verifier, by) = (&self.app.verifier, Operator::new(account.as_str(), "lost"));
        match verifier.revoke(account, number, by, self.now).await {
            Err(VerifierError::Account(AccountError::Last)) => {
                Ok(verifier.suspend_authenticator(account, number, by, self.now).await?)
            }
            // The other one of two clicks has ended it.
            Ok(()) | Err(VerifierError::Account(AccountError::UnknownAuthenticator(_))) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

const RECOVERED: Notice = Notice {
    subject: Text("Accesso con un codice di recupero", "Sign-in with a recovery code"),
    text: Text(
        "È stato usato un codice di recupero della tua identità digitale. I dispositivi segnalati come persi sono stati \
            disattivati.",
        "A recovery code of your digital identity was used. The devices that were reported as lost were deactivated.",
    ),
};
