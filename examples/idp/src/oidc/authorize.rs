use std::sync::Arc;

use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, StatusCode};
use secondo::types::Level;

use super::parameters::Parameters;
use super::request::{Read, Request, Unread, read};
use crate::app::App;
use crate::audit::Line;
use crate::http::{Answer, Visit};
use crate::outage::Outage;
use crate::pages;
use crate::session::SESSION_SECS;

/// Keeps the request of a service in the browser's session, and begins the login.
pub(crate) async fn authorize(State(app): State<Arc<App>>, headers: HeaderMap, RawForm(form): RawForm) -> Answer {
    let mut visit = Visit::of_service(Arc::clone(&app), &headers).await?;
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
    if let Some(signed) = &signed
        && !signed.first_use(&format!("request {}", request.id), &app.records, visit.now).await?
    {
        return Ok(visit.refuse_request("the request object was used before"));
    }
    app.audit.record(Line {
        time: visit.now.as_secs(),
        action: "request".into(),
        outcome: "done".into(),
        area: client.area.clone(),
        subject: Some(client.id.clone()),
        detail: signed.map(|signed| format!("request object {}", signed.hash)),
        ..Line::default()
    });
    visit.begin(request, language.map(|language| language.code().to_owned())).await?;
    Ok(visit.go_to("/"))
}

impl Visit {
    /// Shows the page of a request that no service gets an answer to.
    fn refuse_request(&self, reason: &'static str) -> axum::response::Response {
        self.show(StatusCode::BAD_REQUEST, |page| pages::refused(page, reason))
    }

    /// Begins a login for a service. A session of Level 1 may be used for another login of Level 1, and for no other.
    async fn begin(&mut self, mut request: Request, language: Option<String>) -> Result<(), Outage> {
        let single = self.browser.session.single.clone();
        if self.browser.session.person.is_some() {
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
            && single.at >= person.sessions_since
            && request.choose(person.second_factor_since.is_some())? == Some(Level::One)
        {
            request.level = Some(Level::One as u8);
            session.person = Some(person.id);
            session.began = single.at;
        }
        session.single = single;
        session.request = Some(request);
        self.browser.keep(&self.app.records, self.now).await
    }
}
