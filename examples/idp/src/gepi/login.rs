//! The way into the service: by a provider, or by a PIN of older days.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use secondo::types::Level;
use serde::{Deserialize, Serialize};

use super::levels::Way;
use super::notice::Notice;
use super::pages::{self, Problem};
use super::party::{Asked, Identity};
use super::people;
use super::pins::{self, Compared};
use super::token::Invalid;
use super::transport::CallError;
use super::visit::{Answer, Entry, Visit};
use crate::app::{App, random_hex};
use crate::audit::Line;
use crate::monitoring::page_before;
use crate::outage::Outage;
use crate::pages::Language;
use crate::records::{Kept, Record};

/// The seconds for which an answer of the provider is awaited: its own time for a login, and some more.
const LOGIN_SECS: u64 = 15 * 60;
/// The seconds for which the second of two clicks leads to the same session.
const MOVING_SECS: u64 = 10;

/// The path to which the provider sends its answers.
pub(super) const CALLBACK: &str = "/gepi/callback";

/// A login that was begun at the provider, by its state.
#[derive(Clone, Serialize, Deserialize)]
struct Begun {
    /// The browser that began it.
    browser: String,
    asked: Asked,
    /// Random digits, from which the cookie of the session is made.
    salt: String,
    /// The answer came. The second of two clicks brings it again.
    is_answered: bool,
}

impl Record for Begun {
    const KIND: &'static str = "gepi-login";
}

/// Shows the entry of the service.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    if visit.session.entry.is_some() {
        return Ok(visit.go_to("/gepi/cases"));
    }
    Ok(visit.entrance(StatusCode::OK, None))
}

impl Visit {
    pub(super) fn entrance(&self, status: StatusCode, problem: Option<Problem>) -> axum::response::Response {
        let is_compulsory = self.app.config.gepi.is_compulsory(self.now);
        self.show(status, |sheet| pages::entrance(sheet, &self.app.config.name, is_compulsory, problem))
    }

    fn record_login(&self, person: Option<String>, outcome: &str, detail: &str) {
        self.app.audit.record(Line {
            time: self.now.as_secs(),
            action: "gepi_login".into(),
            outcome: outcome.to_owned(),
            operator: person,
            detail: Some(detail.to_owned()),
            ..Line::default()
        });
    }

    /// Opens the session of a person, if their way in is strong enough for their rights.
    async fn admit_person(&mut self, entry: Entry, salt: &str) -> Answer {
        let actor = people::actor(&self.app.records, &entry.fiscal_code, self.now).await?;
        let way = match entry.way {
            Way::Spid(level) => format!("level {level}"),
            Way::Pin => "pin".to_owned(),
        };
        let id = people::id_of(&self.app, &entry.fiscal_code, self.now).await?;
        if let Err(too_weak) = self.admit(&actor, &entry).await? {
            self.record_login(Some(id), "level_required", &way);
            return Err(self.stop(Notice::TooWeak(too_weak)).await);
        }
        self.enter(entry, salt).await?;
        self.record_login(Some(id), "done", &way);
        Ok(self.go_to("/gepi/cases"))
    }
}

fn new_salt() -> Result<String, Outage> {
    Ok(random_hex()?)
}

#[derive(Deserialize)]
pub(super) struct Begin {
    form: String,
    level: u8,
}

/// Sends the browser to the provider with a signed request.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Begin { form, level }): Form<Begin>,
) -> Answer {
    let visit = Visit::of_form(app, &headers).await?;
    visit.check_form(&form)?;
    let asked = Asked::new(if level == 1 { Level::One } else { Level::Two })?;
    let address = visit.app.gepi.address(&asked, visit.language.code(), visit.now)?;
    let state = asked.state.clone();
    let begun = Begun { browser: visit.browser(), asked, salt: new_salt()?, is_answered: false };
    let kept = Kept::until(visit.now.saturating_add(LOGIN_SECS), begun);
    visit.app.records.create(&state, kept, visit.now).await?;
    Ok(visit.go_to(&address))
}

/// The answer of the provider, by the browser.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Callback {
    state: String,
    iss: String,
    code: String,
    error: String,
    error_description: String,
}

/// Takes the answer of the provider. Each is taken once, and from the browser that began the login.
pub(super) async fn callback(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(answer): Query<Callback>,
) -> Answer {
    // The second of two clicks cancels the first one, which must not stop after half of its work.
    let taken = tokio::spawn(take_answer(app, headers, answer));
    taken.await.unwrap_or_else(|_| Err(Outage("callback").into()))
}

async fn take_answer(app: Arc<App>, headers: HeaderMap, answer: Callback) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let (browser, now) = (visit.browser(), visit.now);
    let taken = visit.app.records.change(&answer.state, now, |begun: Option<Begun>| {
        let Some(begun) = begun.filter(|begun| begun.browser == browser) else { return (None, None) };
        let answered = Kept::until(now.saturating_add(MOVING_SECS), Begun { is_answered: true, ..begun.clone() });
        ((!begun.is_answered).then_some(answered), Some(begun))
    });
    let Some(begun) = taken.await? else {
        // An old page of the person's own browser, which is in already.
        if visit.session.entry.is_some() {
            return Ok(visit.go_to("/gepi/cases"));
        }
        return Ok(visit.entrance(StatusCode::BAD_REQUEST, Some(Problem::UnknownAnswer)));
    };
    if begun.is_answered {
        visit.move_on(&begun.salt);
        visit.await_entry().await?;
        return Ok(visit.go_to("/gepi"));
    }
    if !visit.app.gepi.is_issuer(&answer.iss) {
        visit.record_login(None, "iss", "");
        return Ok(visit.entrance(StatusCode::BAD_REQUEST, Some(Problem::UnknownAnswer)));
    }
    if !answer.error.is_empty() {
        let number = answer.error_description.strip_prefix("ErrorCode nr").and_then(|number| number.parse().ok());
        visit.record_login(None, "provider_error", &number.map_or_else(String::new, |number: u8| number.to_string()));
        return Ok(visit.entrance(StatusCode::FORBIDDEN, Some(Problem::Outcome(number))));
    }
    let redeemed = visit.app.gepi.redeem(Arc::clone(&visit.app), &answer.code, &begun.asked, now).await;
    let Identity { fiscal_code, name, level } = match redeemed {
        Ok(identity) => identity,
        Err(CallError::Invalid(Invalid(label))) => {
            visit.record_login(None, label, "");
            return Ok(visit.entrance(StatusCode::BAD_REQUEST, Some(Problem::UnknownAnswer)));
        }
        Err(CallError::Outage(outage)) => return Err(outage.into()),
    };
    visit.admit_person(Entry { fiscal_code, name, way: Way::Spid(level as u8) }, &begun.salt).await
}

#[derive(Deserialize)]
pub(super) struct PinForm {
    form: String,
    fiscal_code: String,
    pin: String,
}

/// Takes a PIN of older days.
pub(super) async fn take_pin(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(PinForm { form, fiscal_code, pin }): Form<PinForm>,
) -> Answer {
    let mut visit = Visit::of_form(app, &headers).await?;
    visit.check_form(&form)?;
    let holder = fiscal_code.trim().to_ascii_uppercase();
    let (problem, label) = match pins::compare(&visit.app, &holder, pin, &form, visit.now).await? {
        Compared::Right(pin) => {
            let entry = Entry { fiscal_code: holder, name: pin.name, way: Way::Pin };
            return visit.admit_person(entry, &new_salt()?).await;
        }
        Compared::Wrong(left) => (Problem::WrongPin(left), "wrong_pin"),
        Compared::Locked(until) => (Problem::PinLocked(until), "pin_locked"),
    };
    visit.record_login(None, label, "pin");
    Err(visit.stop(Notice::Entrance(problem)).await)
}

#[derive(Deserialize)]
pub(super) struct Token {
    form: String,
}

pub(super) async fn log_out(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Token { form }): Form<Token>,
) -> Answer {
    let mut visit = Visit::of_form(app, &headers).await?;
    visit.check_form(&form)?;
    visit.leave().await?;
    Ok(visit.go_to("/gepi"))
}

/// Chooses a language, and leads back to the page on which it was chosen. An answer of the provider is taken only once.
pub(super) async fn set_language(State(app): State<Arc<App>>, Path(code): Path<String>, asked: Parts) -> Answer {
    let page = page_before(&app, &asked).filter(|page| {
        let path = page.strip_prefix(&app.origin).unwrap_or_default();
        path.starts_with("/gepi/") && !path.starts_with(CALLBACK)
    });
    let visit = Visit::of_form(app, &asked.headers).await?;
    if let Some(language) = Language::of_code(&code) {
        visit.choose(language).await?;
    }
    Ok(visit.go_to(page.as_deref().unwrap_or("/gepi")))
}
