use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::RawFormRejection;
use axum::extract::{RawForm, State};
use axum::http::HeaderMap;
use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::Algorithm;
use secondo::UnixTime;
use secondo::assurance::Framework;
use secondo::types::Level;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::TOKEN_SECS;
use super::authentication::authenticate;
use super::code::{Redeemed, redeem};
use super::error::{Code, Refused, TokenError};
use super::parameters::Parameters;
use super::request::{hash, random};
use crate::app::App;
use crate::audit::Line;
use crate::outage::Outage;

/// Exchanges a code for an ID token and an access token.
pub(super) async fn token(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    form: Result<RawForm, RawFormRejection>,
) -> Result<Json<Value>, TokenError> {
    let RawForm(form) = form.map_err(|rejection| match rejection {
        RawFormRejection::InvalidFormContentType(_) => {
            Refused(Code::InvalidRequest, "the body must be application/x-www-form-urlencoded").into()
        }
        _ => TokenError::TooLarge,
    })?;
    let now = UnixTime::now().map_err(Outage::from)?;
    let form =
        Parameters::of_form(&form).ok_or(Refused(Code::InvalidRequest, "a parameter is there more than once"))?;
    let client = authenticate(&app, &headers, &form, now).await?;
    if form.get("grant_type") != Some("authorization_code") {
        return Err(Refused(Code::UnsupportedGrantType, "grant_type must be authorization_code").into());
    }
    let parameter = |name, reason| form.get(name).ok_or(Refused(Code::InvalidRequest, reason));
    let code = parameter("code", "code is missing")?;
    let uri = parameter("redirect_uri", "redirect_uri is missing")?;
    let verifier = parameter("code_verifier", "code_verifier is missing")?;
    let redeemed = redeem(&app.records, code, &client.id, uri, verifier, now).await?;
    let line = Line {
        time: now.as_secs(),
        action: "token".into(),
        area: client.area.clone(),
        subject: Some(client.id.clone()),
        ..Line::default()
    };
    let Some(Redeemed { grant, login, nonce, scope }) = redeemed else {
        app.audit.record(Line { outcome: "invalid_grant".into(), ..line });
        return Err(Refused(Code::InvalidGrant, "the code is not valid for this request").into());
    };
    // The identity may have been suspended since the consent.
    let person = app.persons.load(&login.person, now).await?;
    if person.is_none_or(|person| !person.is_active(now)) {
        app.audit.record(Line { outcome: "invalid_grant".into(), person: Some(login.person), ..line });
        return Err(Refused(Code::InvalidGrant, "the code is not valid for this request").into());
    }
    let subject = app.oidc.subjects.of(&client.sector, &login.person);
    let level = Level::try_from(login.level).map_err(|_| Outage("level"))?;
    let (issued, expires) = (now.as_secs(), now.as_secs() + TOKEN_SECS);
    // RFC 9068. The only audience is the provider's own endpoint.
    let access = json!({
        "iss": app.origin, "sub": subject, "aud": format!("{}/userinfo", app.origin), "client_id": client.id,
        "iat": issued, "exp": expires, "jti": grant, "scope": scope,
    });
    let access = app.oidc.keys.sign(Algorithm::RS256, "at+jwt", &access, now)?;
    let digest = Sha256::digest(&access);
    let (half, _) = digest.split_at(16);
    let mut claims = json!({
        "iss": app.origin, "sub": subject, "aud": client.id, "iat": issued, "exp": expires, "auth_time": login.at,
        "acr": Framework::Spid.name(level), "amr": login.amr, "jti": random()?,
        "at_hash": Base64UrlUnpadded::encode_string(half),
    });
    if let (Some(nonce), Value::Object(claims)) = (nonce, &mut claims) {
        claims.insert("nonce".into(), nonce.into());
    }
    let id_token = app.oidc.keys.sign(client.id_token_alg, "JWT", &claims, now)?;
    let detail = Some(format!("ID token {}", hash(&id_token)));
    app.audit.record(Line { outcome: "done".into(), person: Some(login.person), detail, ..line });
    Ok(Json(json!({
        "access_token": access, "token_type": "Bearer", "expires_in": TOKEN_SECS, "id_token": id_token, "scope": scope,
    })))
}
