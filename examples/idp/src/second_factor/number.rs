//! The mobile number of a person, as a way to get codes: its first confirmation, and its change.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use secondo::account::AccountError;
use secondo::audit::Operator;
use secondo::factor::{Destination, Kind};
use secondo::{AuthenticatorNumber, Refusal, VerifierError};
use serde::{Deserialize, Serialize};

use super::SentTo;
use crate::app::App;
use crate::audit::Line;
use crate::http::{Answer, Visit};
use crate::messages::Notice;
use crate::outage::Outage;
use crate::pages::{self, Alert, NOT_A_MOBILE, NUMBER_IN_USE, NUMBER_REFUSED, START_AGAIN, Text, UNSENT};

const NUMBER: &str = "/security/number";

/// A number that waits for its first code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NewNumber {
    /// The number, such as `+393331234567`.
    mobile: String,
    to: SentTo,
}

/// Shows the page of the number.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    if let Some(NewNumber { mobile, to }) = &visit.browser.session.number {
        return Ok(visit.show(StatusCode::OK, |page| pages::confirm_number(page, mobile, *to, visit.now)));
    }
    match visit.fresh_owner(NUMBER) {
        Ok(person) => Ok(visit.show(StatusCode::OK, |page| pages::number(page, &person.mobile))),
        Err(stopped) => Ok(*stopped),
    }
}

#[derive(Deserialize)]
pub(super) struct Number {
    form: String,
    number: String,
}

/// Takes a number, and sends the first code to it.
pub(super) async fn take(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Number { form, number }): Form<Number>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if let Err(stopped) = visit.fresh_owner(NUMBER) {
        return Ok(*stopped);
    }
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(NUMBER));
    }
    let alert = visit.begin_number(&number).await?;
    visit.after(alert).await
}

#[derive(Deserialize)]
pub(super) struct Click {
    form: String,
}

/// Sends another code to the number.
pub(super) async fn send(State(app): State<Arc<App>>, headers: HeaderMap, Form(Click { form }): Form<Click>) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(NUMBER));
    }
    let alert = visit.send_to_number().await?;
    visit.after(alert).await
}

/// Forgets a number that is not confirmed.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Click { form }): Form<Click>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if form == visit.browser.form_token() {
        visit.forget_number().await?;
    }
    Ok(visit.go_to("/"))
}

#[derive(Deserialize)]
pub(super) struct FirstCode {
    form: String,
    code: String,
}

/// Takes the first code of a number, which replaces the one before.
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(FirstCode { form, code }): Form<FirstCode>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let Some(NewNumber { mobile, to }) =
        visit.browser.session.number.clone().filter(|_| form == visit.browser.form_token())
    else {
        return Ok(visit.go_to(NUMBER));
    };
    let (account, login) = (visit.browser.account()?, visit.browser.login()?);
    let number = AuthenticatorNumber::new(to.number);
    let is_new = match visit.app.verifier.confirm(&account, &login, number, &code, visit.now).await {
        Ok(_) => true,
        // The provider stopped before the change was whole, or the other one of two clicks makes it.
        Err(VerifierError::Repeated(_) | VerifierError::Refused(Refusal::AlreadyConfirmed)) => false,
        Err(VerifierError::Refused(refusal)) => {
            let mut alert = visit.alert(refusal.public());
            // The last wrong code has ended the enrollment.
            if matches!(refusal, Refusal::Wrong { remaining: 0, .. }) {
                visit.browser.session.number = None;
                visit.browser.keep(&visit.app.records, visit.now).await?;
                alert = visit.warning(START_AGAIN);
            }
            return visit.refuse(NUMBER, alert).await;
        }
        Err(error) if error.is_outage() => return Err(error.into()),
        Err(_) => {
            visit.forget_number().await?;
            return visit.refuse(NUMBER, visit.warning(START_AGAIN)).await;
        }
    };
    visit.replace_number(&mobile, number, is_new).await?;
    Ok(visit.go_to("/"))
}

impl Visit {
    /// Begins the confirmation of a mobile number of the person, and sends a code to it. The page `/security/number`
    /// takes the code. Returns the reason if none was sent.
    ///
    /// The caller has seen a second factor of the last minutes.
    pub(crate) async fn begin_number(&mut self, number: &str) -> Result<Option<Alert>, Outage> {
        let language = self.language;
        let say = |text: Text| Some(Alert(text.in_language(language).to_owned()));
        let Some(destination) = mobile(number) else { return Ok(say(NOT_A_MOBILE)) };
        let mobile = destination.address().to_owned();
        if self.browser.session.number.as_ref().is_some_and(|pending| pending.mobile == mobile) {
            return self.send_to_number().await;
        }
        self.forget_number().await?;
        let (account, login) = (self.browser.account()?, self.browser.login()?);
        match self.app.verifier.enroll_beside(&account, &login, destination, self.now).await {
            Ok(enrolled) => {
                let to = SentTo::nothing(enrolled.number);
                self.browser.session.number = Some(NewNumber { mobile, to });
                self.send_to_number().await
            }
            // The other one of two clicks sends the code.
            Err(VerifierError::Account(AccountError::Unconfirmed(_))) => Ok(None),
            Err(VerifierError::Account(AccountError::SecretInUse(_))) => Ok(say(NUMBER_IN_USE)),
            Err(error) if error.is_outage() => Err(error.into()),
            Err(error) => Ok(Some(self.alert(error.public()))),
        }
    }

    /// Sends a code to the number that waits for one. Returns the reason if none was sent.
    async fn send_to_number(&mut self) -> Result<Option<Alert>, Outage> {
        let Some(NewNumber { mobile, to }) = self.browser.session.number.clone() else { return Ok(None) };
        let alert = match self.send_code(to).await {
            Ok(to) => {
                self.browser.session.number = Some(NewNumber { mobile, to });
                (!to.is_sent).then(|| self.warning(UNSENT))
            }
            Err(error) if error.is_outage() => return Err(error.into()),
            Err(VerifierError::Account(AccountError::DestinationRefused)) => {
                self.forget_number().await?;
                return Ok(Some(self.warning(NUMBER_REFUSED)));
            }
            // The enrollment has ended.
            Err(VerifierError::Account(
                AccountError::Expired | AccountError::OtherTransaction | AccountError::UnknownAuthenticator(_),
            )) => {
                self.browser.session.number = None;
                Some(self.warning(START_AGAIN))
            }
            Err(error) => Some(self.alert(error.public())),
        };
        self.browser.keep(&self.app.records, self.now).await?;
        Ok(alert)
    }

    /// Ends the enrollment of a number that is not confirmed.
    async fn forget_number(&mut self) -> Result<(), Outage> {
        let Some(NewNumber { to, .. }) = self.browser.session.number.take() else { return Ok(()) };
        let account = self.browser.account()?;
        let by = Operator::new(account.as_str(), "another number");
        match self.app.verifier.revoke(&account, AuthenticatorNumber::new(to.number), by, self.now).await {
            // It has ended by itself, or is confirmed and the only one.
            Ok(()) | Err(VerifierError::Account(_)) => self.browser.keep(&self.app.records, self.now).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a confirmed number the person's, ends the codes of the one before, and tells both.
    async fn replace_number(&mut self, mobile: &str, number: AuthenticatorNumber, is_new: bool) -> Result<(), Outage> {
        let (account, now) = (self.browser.account()?, self.now);
        let mut before = String::new();
        let change = |person: &mut crate::person::Person| {
            before = std::mem::replace(&mut person.mobile, mobile.to_owned());
            person.note_second_factor(now);
        };
        self.app.persons.change(account.as_str(), now, change).await?;
        let view = self.app.verifier.view(&account, now).await?;
        let by = Operator::new(account.as_str(), "another number");
        for old in view.authenticators.iter().filter(|old| old.kind == Kind::Sms && old.number != number) {
            match self.app.verifier.revoke(&account, old.number, by, now).await {
                Ok(()) | Err(VerifierError::Account(AccountError::UnknownAuthenticator(_))) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let is_other = before != mobile;
        if is_new || is_other {
            self.app.audit.record(Line {
                time: now.as_secs(),
                person: Some(account.to_string()),
                action: "confirm_mobile".into(),
                outcome: "done".into(),
                authenticator: Some(number.get()),
                detail: Some(if is_other { "another number" } else { "same number" }.into()),
                ..Line::default()
            });
            self.notify(CONFIRMED).await?;
        }
        if is_other && let Err(Outage(label)) = self.app.messages.sms(&before, self.replaced_text(), now).await {
            // The mail has told the person, and the number may be out of use.
            eprintln!("sms: {label}");
        }
        self.browser.session.number = None;
        self.browser.keep(&self.app.records, now).await
    }

    const fn replaced_text(&self) -> &'static str {
        REPLACED.in_language(self.language)
    }

    async fn after(&self, alert: Option<Alert>) -> Answer {
        match alert {
            None => Ok(self.go_to(NUMBER)),
            Some(alert) => self.refuse(NUMBER, alert).await,
        }
    }
}

/// Reads a mobile number. One without a country code is Italian.
fn mobile(text: &str) -> Option<Destination> {
    let text = text.trim();
    let is_italian = text.starts_with('3');
    Destination::sms(&if is_italian { format!("+39{text}") } else { text.to_owned() }).ok()
}

const CONFIRMED: Notice = Notice {
    subject: Text("Numero di cellulare confermato", "Mobile number confirmed"),
    text: Text(
        "Un numero di cellulare è stato confermato per la tua identità digitale: i codici di accesso possono arrivare \
            lì, e non più al numero di prima.",
        "A mobile number was confirmed for your digital identity: codes for sign-ins can be sent to it, and no longer to \
            the number before.",
    ),
};
const REPLACED: Text = Text(
    "Il numero di cellulare della tua identità digitale è stato cambiato: questo non vale più. Se non sei stato tu, \
        chiama subito l'assistenza.",
    "The mobile number of your digital identity was changed: this one is no longer valid. If this was not you, call \
        the help desk at once.",
);
