use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secondo::UnixTime;
use serde_json::{Map, Value};

use super::answer::names;
use super::code::Grant;
use crate::app::App;
use crate::audit::Line;
use crate::http::Answer;
use crate::outage::Outage;

/// Returns the attributes that the person consented to.
pub(super) async fn userinfo(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let now = UnixTime::now()?;
    let Some(token) = bearer(&headers) else {
        // RFC 6750 section 3.1: a request without a token gets no error code.
        return Ok(unauthorized("Bearer"));
    };
    let invalid = || Ok(unauthorized("Bearer error=\"invalid_token\""));
    let audience = format!("{}/userinfo", app.origin);
    let Some(claims) = app.oidc.keys.verify(token, "at+jwt", &app.origin, &audience) else { return invalid() };
    let id = claims.get("jti").and_then(Value::as_str).ok_or(Outage("jti"))?;
    // The grant of a code that was used twice is gone.
    let Some(grant) = app.records.load::<Grant>(id, now).await? else { return invalid() };
    let Some(client) = app.oidc.clients.get(&grant.client) else { return invalid() };
    let person = app.persons.load(&grant.person, now).await?;
    let Some(person) = person.filter(|person| person.is_active(now)) else { return invalid() };
    let mut values = Map::new();
    values.insert("sub".into(), app.oidc.subjects.of(&client.sector, &person.id).into());
    values.extend(grant.attributes.iter().filter_map(|attribute| {
        let value = attribute.value(&person)?;
        Some((attribute.claim().to_owned(), value))
    }));
    app.audit.record(Line {
        time: now.as_secs(),
        person: Some(person.id),
        action: "attributes".into(),
        outcome: "done".into(),
        area: client.area.clone(),
        subject: Some(grant.client),
        detail: Some(names(&grant.attributes)),
        ..Line::default()
    });
    Ok(Json(values).into_response())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn unauthorized(challenge: &'static str) -> Response {
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
}
