use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawForm, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use secondo::types::Level;

use super::parameters::Parameters;
use super::request::{Read, Request, Unread, hash, read};
use super::signed::{Signed, Used};
use crate::app::App;
use crate::audit::Line;
use crate::clicks::await_first;
use crate::http::{Answer, Visit};
use crate::limits::counted;
use crate::outage::Outage;
use crate::pages;
use crate::session::{AGAIN_SECS, SESSION_SECS, end_untouched};

/// Keeps the request of a service in the browser's session, and begins the login.
pub(crate) async fn authorize(State(app): State<Arc<App>>, asked: Parts, RawForm(form): RawForm) -> Answer {
    // The second of two clicks cancels the first one, which must not stop after half of its work.
    let begun = tokio::spawn(begin(app, asked, form));
    begun.await.unwrap_or(Err(Outage("authorize")))
}

async fn begin(app: Arc<App>, asked: Parts, form: Bytes) -> Answer {
    let mut visit = Visit::of_service(Arc::clone(&app), &asked.headers).await?;
    let read = match Parameters::of_form(&form) {
        Some(parameters) => read(&app.oidc.clients, &app.origin, parameters, visit.now),
        None => Err(Unread::Page("a parameter is there more than once")),
    };
    let Read { request, client, signed, language } = match read {
        Ok(read) => read,
        Err(Unread::Page(reason)) => return Ok(visit.refuse_request(reason)),
        Err(Unread::Back(back, refused)) => return Ok(visit.go_to(&back.refused(&app.origin, refused))),
        Err(Unread::Outage(outage)) => return Err(outage),
    };
    // The second of two clicks, or a page that is loaded again.
    if visit.browser.session.request.as_ref().is_some_and(|pending| pending.id == request.id) {
        return Ok(visit.go_to("/"));
    }
    let name = format!("request {}", request.id);
    let used = Used { at: visit.now.as_secs(), click: click(&app, &asked, &form), session: None };
    let is_first = match &signed {
        Some(signed) => signed.first_use(&name, &used, &app.records, visit.now).await?,
        None => true,
    };
    if is_first {
        app.audit.record(Line {
            time: visit.now.as_secs(),
            action: "request".into(),
            outcome: "done".into(),
            area: client.area.clone(),
            subject: Some(client.id.clone()),
            detail: signed.as_ref().map(|signed| format!("request object {}", signed.hash)),
            ..Line::default()
        });
    } else if let Some(signed) = &signed {
        match visit.session_of_first(signed, &name, &used).await? {
            // The first click came with the same cookie, and has stored the login a moment ago.
            Some(session) if session == visit.browser.name() => return Ok(visit.go_to("/")),
            Some(session) if end_untouched(&app.records, &session, &request.id, visit.now).await? => {}
            _ => return Ok(visit.show(StatusCode::BAD_REQUEST, pages::request_used)),
        }
    }
    visit.begin(request, language.map(|language| language.code().to_owned())).await?;
    if let Some(signed) = &signed {
        signed.note_session(&name, &visit.browser.name(), &app.records, visit.now).await?;
    }
    Ok(visit.go_to("/"))
}

/// Returns a hash by which the second of two clicks is known: of the whole request, and of the address and the program
/// that sent it.
fn click(app: &App, asked: &Parts, form: &Bytes) -> String {
    let (address, program) = (counted(asked, app.config.trusted_proxy), asked.headers.get(header::USER_AGENT));
    hash(&format!("{address:?} {program:?} {form:?}"))
}

impl Visit {
    /// Returns the name of the session in which the first of two clicks has begun the login, or `None` if the request
    /// object was used otherwise. Of more clicks, each follows the one before.
    ///
    /// In a browser that had no cookie, nothing proves that both requests are of one click. The second one therefore
    /// gets nothing of the first one's session. It begins a login of its own, and the first one's ends, so that a
    /// request object is one login at a time. This is possible for some seconds, by the same bytes from the same
    /// address and program, and before anybody has given a password. Whoever repeats the request of somebody else is
    /// too late, or gets no more than a request object of their own would give.
    async fn session_of_first(&self, signed: &Signed, name: &str, used: &Used) -> Result<Option<String>, Outage> {
        let load = || self.app.records.load::<Used>(name, self.now);
        let is_click = |first: Used| first.click == used.click && used.at.abs_diff(first.at) <= AGAIN_SECS;
        if !load().await?.is_some_and(is_click) {
            return Ok(None);
        }
        while await_first(|| async { Ok(load().await?.is_some_and(|first| first.session.is_some())) }).await? {
            let session = signed.take_session(name, &self.browser.name(), &self.app.records, self.now).await?;
            // If another click was faster, its session comes next.
            if session.is_some() {
                return Ok(session);
            }
        }
        Ok(None)
    }

    /// Shows the page of a request that no service gets an answer to.
    fn refuse_request(&self, reason: &'static str) -> Response {
        self.show(StatusCode::BAD_REQUEST, |page| pages::refused(page, reason))
    }

    /// Begins a login for a service. A session of Level 1 may be used for another login of Level 1, and for no other.
    async fn begin(&mut self, mut request: Request, language: Option<String>) -> Result<(), Outage> {
        let single = self.browser.session.single.clone();
        // A session of Level 1 that is used again keeps its cookie, by which the second of two clicks finds the login.
        if self.browser.session.person.take().is_some() && single.is_none() {
            // Another login.
            self.browser.end(&self.app.records, self.now).await?;
            self.browser.start_again()?;
        }
        let session = &mut self.browser.session;
        session.language = language.or(session.language.take());
        // The login ends at the service, and not at a page of the provider.
        (session.given, session.next) = (None, None);
        if let Some(single) = &single
            && !request.is_fresh
            && self.now.as_secs().saturating_sub(single.at) <= request.max_age.unwrap_or(SESSION_SECS).min(SESSION_SECS)
            && let Some(person) = self.app.persons.load(&single.person, self.now).await?
            && person.is_active(self.now)
            && single.ends_before == person.session_ends
            && request.choose(person.second_factor_since.is_some())? == Some(Level::One)
        {
            request.level = Some(Level::One as u8);
            self.browser.sign_in(&person, single.at);
        }
        (self.browser.session.single, self.browser.session.request) = (single, Some(request));
        self.browser.keep(&self.app.records, self.now).await
    }
}
