use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use secondo::account::{AccountError, AuthenticatorView, LoginOptions, Status};
use secondo::audit::Operator;
use secondo::factor::Kind;
use secondo::{AccountId, AuthenticatorNumber, VerifierError};

use crate::app::App;
use crate::enrollment::{PHONE, new_app};
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
        Err(error) => return visit.not_accepted(error).await,
    };
    for &also in lost.iter().skip(1) {
        visit.end_lost(&account, also).await?;
    }
    // A thief may have signed in with a lost device. Every code ends the other sessions: if an outage came before this,
    // the person uses another code, and can no longer report the device.
    visit.end_after_device(account.as_str()).await?;
    // It is stored with the session that follows, so that no click comes between the two.
    visit.browser.session.enrolling = visit.enroll_next_app(&account).await?;
    let page = visit.complete(&accepted).await?;
    visit.notify(RECOVERED).await?;
    Ok(visit.go_to(&page))
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

    /// Begins the enrollment of an app in the session that follows, unless the person has one, and returns its number.
    /// If none can begin now, the person's own pages offer it later.
    async fn enroll_next_app(&self, account: &AccountId) -> Result<Option<u32>, Outage> {
        let verifier = &self.app.verifier;
        let is_app = |device: &AuthenticatorView| {
            device.status == Status::Active && device.kind != Kind::LookUp && !device.kind.is_restricted()
        };
        if verifier.view(account, self.now).await?.authenticators.iter().any(is_app) {
            return Ok(None);
        }
        let phone = new_app(self.say(PHONE))?;
        match verifier.enroll(account, &self.browser.next_login()?, phone, self.now).await {
            Ok(enrolled) => Ok(Some(enrolled.number.get())),
            Err(error) if error.is_outage() => Err(error.into()),
            Err(_) => Ok(None),
        }
    }
}

const RECOVERED: Notice = Notice {
    subject: Text("Accesso con un codice di recupero", "Sign-in with a recovery code"),
    text: Text(
        "È stato usato un codice di recupero della tua identità digitale. I dispositivi segnalati come persi sono stati \
            disattivati, e le altre sessioni sono state chiuse.",
        "A recovery code of your digital identity was used. The devices that were reported as lost were deactivated, and \
            the other sessions were ended.",
    ),
};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails so")]
mod tests {
    use secondo::factor::RecoveryCodes;
    use secondo::{State, Transaction, UnixTime};

    use super::*;
    use crate::open_sessions::Open;
    use crate::person::Person;
    use crate::records::Record;
    use crate::session::Session;
    use crate::test_browser::{self, Browser, USER, change, click_after};

    /// Clicks twice on a recovery code of a person who has an app. Returns the page that follows.
    async fn after_two_clicks<R: Record>(is_lost: bool, written: usize) -> String {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let now = UnixTime::now().unwrap();
        let account = AccountId::new(&app.persons.named(USER, now).await.unwrap().unwrap().id).unwrap();
        let phone = (new_app("").unwrap(), State::new().confirmed());
        app.verifier.import(&account, &[phone], Operator::new("anna", "test"), now).await.unwrap();
        let number = app.verifier.view(&account, now).await.unwrap().authenticators[0].number;
        let codes = RecoveryCodes::new(&[1; 32]);
        app.verifier.enroll(&account, &Transaction::new(&[1; 16]).unwrap(), &codes, now).await.unwrap();
        change(&app, |person| (person.is_operator, person.second_factor_since) = (true, Some(1))).await;

        let mut browser = Browser::new(&app);
        browser.send("GET", "/", String::new(), None).await;
        let fields = format!("form={}&user={USER}&password=password&next=/admin", browser.hidden("form"));
        browser.send("POST", "/password", fields, None).await;
        browser.follow().await;
        let code = codes.texts().next().unwrap();
        let lost = if is_lost { format!("&{LOST}{number}=yes") } else { String::new() };
        let form = format!("form={}&code={}{lost}", browser.hidden("form"), code.as_str());
        click_after::<R>(&app, written, &mut browser, "/recovery-code", [form.clone(), form]).await;
        browser.page
    }

    /// The first of two clicks has used the code, or has ended the other sessions as well, or has stored the session
    /// too.
    #[tokio::test]
    async fn double_click_on_a_recovery_code_leads_to_the_next_app() {
        let pages = [
            after_two_clicks::<Person>(true, 0).await,
            after_two_clicks::<Session>(true, 0).await,
            after_two_clicks::<Open>(true, 1).await,
        ];
        for page in pages {
            assert!(page.contains("action=\"/enrollment\""), "{page}");
        }
    }

    #[tokio::test]
    async fn double_click_without_a_lost_app_leads_to_the_page_that_asked() {
        for page in [after_two_clicks::<Session>(false, 0).await, after_two_clicks::<Open>(false, 1).await] {
            assert!(page.contains("action=\"/admin/find\""), "{page}");
        }
    }
}
