//! A request of a browser to the service: its session, its language and the person's rights.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use maud::Markup;
use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::calendar::day;
use super::levels::{TooWeak, Way};
use super::notice::Notice;
use super::pages::Sheet;
use super::people;
use super::pins::Pin;
use super::rules::Actor;
use crate::app::App;
use crate::clicks::await_first;
use crate::cookie::Cookie;
use crate::outage::Outage;
use crate::pages::Language;
use crate::records::{Kept, Record};
use crate::session::SESSION_SECS;

/// The names of the cookie on HTTPS and on loopback.
const COOKIE: [&str; 2] = ["__Host-gepi", "gepi"];

/// A session of the service.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Session {
    /// The person, once they came in.
    pub(super) entry: Option<Entry>,
    /// The code of the language that the person chose.
    pub(super) language: Option<String>,
    /// The reason for which the last form was refused, until it is shown.
    #[serde(default)]
    pub(super) notice: Option<Notice>,
}

impl Record for Session {
    const KIND: &'static str = "gepi-session";
}

/// A person who came in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) fiscal_code: String,
    pub(super) name: String,
    pub(super) way: Way,
}

/// The end of a handler without its usual page.
pub(super) enum Stop {
    Page(Box<Response>),
    Outage(Outage),
}

impl From<Outage> for Stop {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage)
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        match self {
            Self::Page(page) => *page,
            Self::Outage(outage) => outage.into_response(),
        }
    }
}

/// The result of a handler of the service.
pub(super) type Answer = Result<Response, Stop>;

pub(super) struct Visit {
    pub(super) app: Arc<App>,
    pub(super) session: Session,
    pub(super) language: Language,
    pub(super) now: UnixTime,
    pub(super) today: Date,
    /// The request is a form, whose answer is never a page.
    pub(super) is_form: bool,
    cookie: Cookie,
}

impl Visit {
    pub(super) async fn of(app: Arc<App>, headers: &HeaderMap) -> Result<Self, Outage> {
        let now = UnixTime::now()?;
        let cookie = match Cookie::read(headers, &COOKIE, app.is_secure()) {
            Some(cookie) => cookie,
            None => Cookie::random()?,
        };
        let session: Session = app.records.load(&cookie.hash("gepi"), now).await?.unwrap_or_default();
        let chosen = session.language.as_deref().and_then(Language::of_code);
        let language = chosen.unwrap_or_else(|| Language::accepted(headers));
        Ok(Self { app, session, language, now, today: day(now), is_form: false, cookie })
    }

    pub(super) async fn of_form(app: Arc<App>, headers: &HeaderMap) -> Result<Self, Outage> {
        Ok(Self { is_form: true, ..Self::of(app, headers).await? })
    }

    /// Returns the person with the rights that they have now. Other browsers are sent to the entry.
    pub(super) async fn actor(&self) -> Result<Actor, Stop> {
        let Some(entry) = &self.session.entry else { return Err(Stop::Page(Box::new(self.go_to("/gepi")))) };
        let actor = people::actor(&self.app.records, &entry.fiscal_code, self.now).await?;
        // The day of compulsion, or an accreditation, may have come since the login.
        match self.admit(&actor, entry).await? {
            Ok(()) => Ok(actor),
            Err(too_weak) => Err(self.stop(Notice::TooWeak(too_weak)).await),
        }
    }

    /// Decides if a login is strong enough for the rights that the person has.
    pub(super) async fn admit(&self, actor: &Actor, entry: &Entry) -> Result<Result<(), TooWeak>, Outage> {
        let pin: Option<Pin> = self.app.records.load(&entry.fiscal_code, self.now).await?;
        self.app.config.gepi.admit(actor, entry.way, pin.map(|pin| pin.terms), self.now)
    }

    /// Stops a form that another site may have sent, or that is of an older session.
    pub(super) fn check_form(&self, token: &str) -> Result<(), Stop> {
        if token == self.form_token() { Ok(()) } else { Err(Stop::Page(Box::new(self.go_to("/gepi")))) }
    }

    fn form_token(&self) -> String {
        self.cookie.hash("gepi form")
    }

    /// Returns the name under which the answers to this browser's logins are known.
    pub(super) fn browser(&self) -> String {
        self.cookie.hash("gepi browser")
    }

    async fn keep(&self) -> Result<(), Outage> {
        let kept =
            |_: Option<Session>| (Some(Kept::until(self.now.saturating_add(SESSION_SECS), self.session.clone())), ());
        self.app.records.change(&self.cookie.hash("gepi"), self.now, kept).await
    }

    /// Stores the reason for which a form is refused, or that it was shown, and nothing else.
    pub(super) async fn note(&self, notice: Option<Notice>) -> Result<(), Outage> {
        self.change(|held| held.notice.clone_from(&notice)).await
    }

    /// Stores the language that the person chose, and nothing else.
    pub(super) async fn choose(&self, language: Language) -> Result<(), Outage> {
        self.change(|held| held.language = Some(language.code().to_owned())).await
    }

    /// Changes a part of the session. A session that was ended meanwhile stays so.
    async fn change(&self, mut change: impl FnMut(&mut Session) + Send) -> Result<(), Outage> {
        let change = |held: Option<Session>| {
            let held = held.or_else(|| self.session.entry.is_none().then(|| self.session.clone()));
            let changed = held.map(|mut held| {
                change(&mut held);
                Kept::until(self.now.saturating_add(SESSION_SECS), held)
            });
            (changed, ())
        };
        self.app.records.change(&self.cookie.hash("gepi"), self.now, change).await
    }

    /// Moves to the cookie of a session that begins or began with this salt.
    pub(super) fn move_on(&mut self, salt: &str) {
        self.cookie = self.cookie.next(salt);
    }

    /// Waits for the session that the first of two clicks opens at this moment.
    pub(super) async fn await_entry(&self) -> Result<(), Outage> {
        let is_in = || async move {
            let session: Option<Session> = self.app.records.load(&self.cookie.hash("gepi"), self.now).await?;
            Ok(session.is_some_and(|session| session.entry.is_some()))
        };
        await_first(is_in).await?;
        Ok(())
    }

    /// Opens the session of a person under another cookie, and ends that of this one.
    pub(super) async fn enter(&mut self, entry: Entry, salt: &str) -> Result<(), Outage> {
        self.app.records.remove::<Session>(&self.cookie.hash("gepi"), self.now).await?;
        self.move_on(salt);
        self.session.entry = Some(entry);
        self.keep().await
    }

    /// Ends the session.
    pub(super) async fn leave(&mut self) -> Result<(), Outage> {
        self.app.records.remove::<Session>(&self.cookie.hash("gepi"), self.now).await?;
        self.cookie = Cookie::random()?;
        Ok(())
    }

    pub(super) fn show(&self, status: StatusCode, page: impl FnOnce(&Sheet<'_>) -> Markup) -> Response {
        (status, self.set_cookie(), self.render(page)).into_response()
    }

    /// Returns the markup of a page for this browser.
    pub(super) fn render(&self, page: impl FnOnce(&Sheet<'_>) -> Markup) -> Markup {
        let form_token = self.form_token();
        let name = self.session.entry.as_ref().map(|entry| entry.name.as_str());
        page(&Sheet { language: self.language, form_token: &form_token, name })
    }

    /// Sends the browser to another page, after a form.
    pub(super) fn go_to(&self, path: &str) -> Response {
        (self.set_cookie(), Redirect::to(path)).into_response()
    }

    fn set_cookie(&self) -> [(header::HeaderName, String); 1] {
        [(header::SET_COOKIE, self.cookie.header(&COOKIE, self.app.is_secure()))]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use super::*;
    use crate::test_browser::{self, Browser};

    #[tokio::test]
    async fn choice_of_a_language_brings_no_session_back_that_was_ended() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let mut browser = Browser::new(&app);
        browser.send("GET", "/gepi", String::new(), None).await;
        let visit = async || Visit::of(Arc::clone(&app), &browser.headers()).await.unwrap();
        let mut first = visit().await;
        first.session.entry =
            Some(Entry { fiscal_code: "RSSMRA80B69H501U".into(), name: "Maria Rossi".into(), way: Way::Spid(2) });
        first.keep().await.unwrap();
        let choosing = visit().await;
        choosing.choose(Language::English).await.unwrap();
        let chosen = visit().await;
        assert!(chosen.session.entry.is_some() && chosen.language == Language::English);
        // Another tab ends the session before the language is stored.
        visit().await.leave().await.unwrap();
        choosing.choose(Language::Italian).await.unwrap();
        assert!(visit().await.session.entry.is_none());
    }
}
