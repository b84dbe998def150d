//! The answers to services, by redirects of the browser.

use axum::http::StatusCode;
use axum::response::Response;
use secondo::assurance::OutcomeCode;
use secondo::types::Level;
use secondo::{PublicRefusal, UnixTime};
use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;

use super::clients::Client;
use super::code::{Login, issue};
use super::error::{Code, Refused};
use super::request::Request;
use crate::attributes::Attribute;
use crate::audit::Line;
use crate::http::{Answer, Visit};
use crate::outage::Outage;
use crate::pages;
use crate::records::Kept;
use crate::session::Session;

/// The place in a service that an answer goes to.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Return {
    pub(crate) uri: String,
    pub(crate) state: Option<String>,
}

/// An answer that was given. The second of two clicks gets it again.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Given {
    /// The name of the request.
    pub(crate) request: String,
    location: String,
    /// Present if the person reads about the outcome.
    page: Option<Ended>,
}

/// A login that ended without success.
#[derive(Clone, Serialize, Deserialize)]
struct Ended {
    /// The number of the outcome.
    outcome: u8,
    /// The name of the service.
    service: String,
    /// The time in seconds from which the person can try again, if it is known.
    retry_at: Option<u64>,
}

/// A login of Level 1, which another one of Level 1 may use.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Single {
    pub(crate) person: String,
    /// The time in seconds at which the person gave the password.
    pub(crate) at: u64,
    /// The number of times that the person's sessions had been ended before.
    #[serde(default)]
    pub(crate) ends_before: u64,
}

impl Return {
    pub(super) fn refused(&self, issuer: &str, Refused(code, description): Refused) -> String {
        self.with(issuer, &[("error", code.name()), ("error_description", description)])
    }

    fn outcome(&self, issuer: &str, outcome: OutcomeCode) -> String {
        let description = format!("ErrorCode nr{}", outcome.number());
        self.with(issuer, &[("error", Code::AccessDenied.name()), ("error_description", &description)])
    }

    /// Adds parameters to the redirect URI, which stays as it is registered. The issuer is always named (RFC 9207).
    fn with(&self, issuer: &str, parameters: &[(&str, &str)]) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(parameters).append_pair("iss", issuer);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        let separator = if self.uri.contains('?') { '&' } else { '?' };
        format!("{}{separator}{}", self.uri, query.finish())
    }
}

impl Visit {
    /// Returns the service that the browser logs in to.
    pub(crate) fn client(&self) -> Option<&Client> {
        let request = self.browser.session.request.as_ref()?;
        self.app.oidc.clients.get(&request.client)
    }

    /// Sends the browser back with a code, after consent.
    pub(crate) async fn grant(&mut self) -> Answer {
        let (request, line) = self.take_request("consent")?;
        let session = &self.browser.session;
        let person = session.person.clone().ok_or(Outage("no_person"))?;
        let (level, at, amr) = match &session.second {
            Some(second) => (second.level, second.at, second.amr.clone()),
            None => (Level::One as u8, session.began, vec!["pwd".to_owned()]),
        };
        let line = Line { outcome: "done".into(), detail: Some(names(&request.attributes)), ..line };
        let login = Login { person: person.clone(), attributes: request.attributes.clone(), level, amr, at };
        let code = issue(&self.app.records, &request, login, self.now).await?;
        // Higher levels leave no session behind: the second factor is asked for every time.
        let single = (level == Level::One as u8).then_some(Single { person, at, ends_before: session.ends_before });
        let location = request.back.with(&self.app.origin, &[("code", &code)]);
        if self.leave(Given { request: request.id, location, page: None }, single).await? {
            self.app.audit.record(line.clone());
            let detail = Some(format!("level {level}"));
            self.app.audit.record(Line { action: "service_login".into(), detail, ..line });
        }
        self.given_last().ok_or(Outage("no_answer"))
    }

    /// Ends the login with an outcome that the service gets. The person reads about those that were not their choice.
    pub(crate) async fn end(&mut self, outcome: OutcomeCode) -> Answer {
        self.end_until(outcome, None).await
    }

    /// Ends the login, as [`Self::end`] does. The person reads from when they can try again.
    pub(crate) async fn end_until(&mut self, outcome: OutcomeCode, retry_at: Option<UnixTime>) -> Answer {
        let (request, line) = self.take_request("service_login")?;
        let location = request.back.outcome(&self.app.origin, outcome);
        // A session of Level 1 is left as it is, unless the identity has ended.
        let single = self.browser.session.single.take().filter(|_| outcome != OutcomeCode::Suspended);
        let page = self.language.outcome(outcome).map(|_| Ended {
            outcome: outcome.number(),
            service: self.app.oidc.clients.get(&request.client).map_or_else(String::new, |client| client.name.clone()),
            retry_at: retry_at.map(UnixTime::as_secs),
        });
        if self.leave(Given { request: request.id, location, page }, single).await? {
            self.app.audit.record(Line { outcome: format!("outcome_{}", outcome.number()), ..line });
        }
        self.given_last().ok_or(Outage("no_answer"))
    }

    /// Shows the outcome of the last login at a service, if the person reads about it.
    pub(crate) fn show_ended(&self) -> Option<Response> {
        let Given { location, page, .. } = self.browser.session.given.as_ref()?;
        let Ended { outcome, service, retry_at } = page.as_ref()?;
        let until = retry_at.and_then(|secs| UnixTime::from_secs(secs).ok());
        let text = if until.is_some() {
            self.language.refusal(PublicRefusal::Locked { until })
        } else {
            let outcome = SHOWN.into_iter().find(|shown| shown.number() == *outcome)?;
            self.language.outcome(outcome)?.to_owned()
        };
        Some(self.show(StatusCode::OK, |page| pages::ended(page, &text, service, location)))
    }

    /// Returns the answer that a request got, for the second of two clicks.
    pub(crate) fn given(&self, request: Option<&str>) -> Option<Response> {
        let given = self.browser.session.given.as_ref()?;
        self.given_last().filter(|_| request == Some(&given.request))
    }

    fn given_last(&self) -> Option<Response> {
        let Given { location, page, .. } = self.browser.session.given.as_ref()?;
        Some(self.go_to(if page.is_some() { ENDED } else { location }))
    }

    fn take_request(&mut self, action: &str) -> Result<(Request, Line), Outage> {
        let line = Line {
            time: self.now.as_secs(),
            person: self.browser.session.person.clone(),
            action: action.to_owned(),
            area: self.client().and_then(|client| client.area.clone()),
            subject: self.client().map(|client| client.id.clone()),
            ..Line::default()
        };
        let request = self.browser.session.request.take().ok_or(Outage("no_request"))?;
        Ok((request, line))
    }

    /// Forgets the login, except its answer. Returns `false` if the other one of two clicks was faster, whose answer
    /// stays.
    async fn leave(&mut self, given: Given, single: Option<Single>) -> Result<bool, Outage> {
        let mut left = self.browser.session.empty();
        let request = given.request.clone();
        left.language = self.browser.session.language.take();
        (left.given, left.single) = (Some(given), single);
        let leave = |held: Option<Session>| match held {
            Some(held) if held.given.as_ref().is_some_and(|given| given.request == request) => (None, Some(held)),
            // A session that was ended meanwhile stays so.
            held => (held.map(|_| Kept::until(left.end(self.now), left.clone())), None),
        };
        let faster = self.app.records.change(&self.browser.name(), self.now, leave).await?;
        let is_first = faster.is_none();
        self.browser.session = faster.unwrap_or(left);
        Ok(is_first)
    }
}

/// The page with the outcome of a login.
const ENDED: &str = "/ended";

/// The outcomes that the person reads about.
const SHOWN: [OutcomeCode; 4] =
    [OutcomeCode::TooManyAttempts, OutcomeCode::NoCredential, OutcomeCode::TimedOut, OutcomeCode::Suspended];

/// Returns the names of attributes for the audit log.
pub(super) fn names(attributes: &[Attribute]) -> String {
    attributes.iter().map(|attribute| attribute.claim()).collect::<Vec<_>>().join(" ")
}
