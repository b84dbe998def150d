use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use secondo::account::LoginOptions;
use secondo::assurance::OutcomeCode;
use secondo::factor::{Kind, MaskedDestination};
use secondo::types::DisplayName;
use secondo::{AuthenticatorNumber, PublicRefusal};
use serde::{Deserialize, Serialize};

use super::SentTo;
use super::recovery::losable;
use crate::app::App;
use crate::http::{Answer, Visit};
use crate::outage::Outage;
use crate::pages;

/// The way that the person chose in a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    /// A code of an app or a device.
    Code,
    /// A code that is sent to a number.
    Sms(SentTo),
    /// A recovery code.
    Recovery,
}

/// The ways that a person has in a login.
pub(crate) struct Ways {
    pub(crate) has_codes: bool,
    pub(crate) numbers: Vec<(AuthenticatorNumber, MaskedDestination)>,
    /// The apps that approve logins.
    pub(crate) pushes: Vec<(AuthenticatorNumber, DisplayName)>,
    pub(crate) has_recovery_codes: bool,
}

impl Ways {
    pub(crate) fn of(options: &LoginOptions) -> Self {
        let kinds = options.authenticators.iter();
        let numbers = kinds.clone().filter(|device| device.kind == Kind::Sms);
        Self {
            has_codes: kinds.clone().any(|device| matches!(device.kind, Kind::Totp | Kind::Hotp)),
            numbers: numbers.filter_map(|device| Some((device.number, device.destination?))).collect(),
            pushes: options.pushes.iter().map(|app| (app.number, app.name)).collect(),
            has_recovery_codes: options.recovery_codes.is_some(),
        }
    }

    /// Returns the masked number with this number in the account.
    pub(crate) fn number(&self, number: u32) -> Option<MaskedDestination> {
        self.numbers.iter().find(|(of, _)| of.get() == number).map(|(_, masked)| *masked)
    }

    /// Returns `true` if there is another way than this one.
    pub(crate) fn has_others(&self, step: Step) -> bool {
        let all = usize::from(self.has_codes) + self.numbers.len() + self.pushes.len();
        all + usize::from(self.has_recovery_codes) > usize::from(self.offers(step))
    }

    fn offers(&self, step: Step) -> bool {
        match step {
            Step::Code => self.has_codes,
            Step::Sms(to) => self.number(to.number).is_some(),
            Step::Recovery => self.has_recovery_codes,
        }
    }

    /// Returns the only way. Recovery codes count if there is no other.
    fn only(&self) -> Option<Step> {
        match (self.has_codes, self.numbers.as_slice(), self.pushes.as_slice()) {
            (false, [], []) if self.has_recovery_codes => Some(Step::Recovery),
            // A person without any way reads the reason there.
            (_, [], []) => Some(Step::Code),
            (false, [(number, _)], []) => Some(Step::Sms(SentTo::nothing(*number))),
            _ => None,
        }
    }
}

/// Returns `true` for a refusal that no code ends before an operator does, or before some minutes have passed.
fn is_closed(refusal: Option<PublicRefusal>) -> bool {
    matches!(refusal, Some(PublicRefusal::Locked { .. } | PublicRefusal::Suspended))
}

/// Returns the refusal of a person whose ways are all closed.
fn blocked(options: &LoginOptions) -> Option<PublicRefusal> {
    // A lock is for pushes as well.
    let is_push_open = options.refusal == Some(PublicRefusal::Suspended) && !options.pushes.is_empty();
    let has_open_codes = options.recovery_codes.as_ref().is_some_and(|codes| !is_closed(codes.refusal));
    options.refusal.filter(|_| is_closed(options.refusal) && !is_push_open && !has_open_codes)
}

/// Shows the choice.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_step_page(app, &headers).await?;
    if !visit.awaits_second_factor() {
        return Ok(visit.go_to("/"));
    }
    let options = visit.options().await?;
    if visit.browser.session.request.is_some() && blocked(&options).is_some() {
        return Ok(visit.go_to("/"));
    }
    Ok(visit.show_choice(&options))
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    form: String,
    request: Option<String>,
    /// `code` or `recovery`.
    way: String,
}

pub(super) async fn choose(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Chosen { form, request, way }): Form<Chosen>,
) -> Answer {
    let mut visit = Visit::of_step(app, &headers, request.as_deref()).await?;
    if let Some(answer) = visit.given(request.as_deref()) {
        return Ok(answer);
    }
    if form == visit.browser.form_token() && visit.awaits_second_factor() {
        visit.browser.session.step = match way.as_str() {
            "code" => Some(Step::Code),
            "recovery" => Some(Step::Recovery),
            _ => None,
        };
        visit.browser.keep(&visit.app.records, visit.now).await?;
    }
    Ok(visit.go_to("/"))
}

impl Visit {
    /// Returns `true` if the login needs a second factor now.
    pub(crate) fn awaits_second_factor(&self) -> bool {
        let session = &self.browser.session;
        session.person.is_some()
            && session.second.is_none()
            && session.enrolling.is_none()
            && self.goes_on()
            && !self.awaits_consent(None)
            && !self.awaits_first_app()
    }

    /// Returns the response to a form that the login does not wait for: that of the first click, if the form is the
    /// second of two, or else the page of the step.
    pub(crate) fn not_due(&self, form: &str, request: Option<&str>) -> Option<Response> {
        if let Some(answer) = self.given(request) {
            return Some(answer);
        }
        let is_due = form == self.browser.form_token() && self.awaits_second_factor();
        let is_done = self.browser.is_led() && self.browser.session.is_own();
        (!is_due).then(|| if is_done { self.go_to(&self.page_after()) } else { self.go_to("/") })
    }

    pub(super) async fn options(&self) -> Result<LoginOptions, Outage> {
        let (account, login) = (self.browser.account()?, self.browser.login()?);
        Ok(self.app.verifier.options(&account, &login, self.now).await?)
    }

    /// Shows the page of the way that the person chose, or the choice. A login at a service ends if all ways are
    /// closed.
    pub(crate) async fn show_second_factor(&mut self) -> Answer {
        let options = self.options().await?;
        if self.browser.session.request.is_some()
            && let Some(refusal) = blocked(&options)
        {
            return self.end_until(OutcomeCode::Suspended, refusal.retry_at()).await;
        }
        let ways = Ways::of(&options);
        let chosen = self.browser.session.step.filter(|step| ways.offers(*step));
        let Some(step) = chosen.or_else(|| ways.only()) else { return Ok(self.show_choice(&options)) };
        let refusal = match step {
            Step::Recovery => options.recovery_codes.and_then(|codes| codes.refusal),
            Step::Code | Step::Sms(_) => options.refusal,
        };
        let alert = refusal.map(|refusal| self.alert(refusal));
        let form = pages::Attempt {
            left: options.remaining,
            is_open: !is_closed(refusal),
            has_others: ways.has_others(step),
            alert: alert.as_ref(),
        };
        Ok(self.show(StatusCode::OK, |page| match step {
            Step::Code => pages::code(page, &form),
            Step::Sms(to) => {
                let number = ways.number(to.number);
                pages::sms(page, &form, to, number.as_ref().map_or("", MaskedDestination::as_str), self.now)
            }
            Step::Recovery => pages::recovery(page, &form, &losable(&options)),
        }))
    }

    fn show_choice(&self, options: &LoginOptions) -> Response {
        let ways = Ways::of(options);
        let alert = options.refusal.map(|refusal| self.alert(refusal));
        self.show(StatusCode::OK, |page| {
            pages::choice(page, self.app.config.ways, &ways, options.remaining, alert.as_ref())
        })
    }
}
