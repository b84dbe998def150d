use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::{HeaderMap, header};
use base64ct::{Base64, Encoding};
use secondo::UnixTime;
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::clients::{Client, Credential};
use super::error::{Code, Refused, TokenError};
use super::parameters::Parameters;
use super::signed::{Signed, Used};
use crate::app::App;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Authenticates the client of a request, by the one means that it is registered with.
pub(super) async fn authenticate<'a>(
    app: &'a App,
    headers: &HeaderMap,
    form: &Parameters,
    now: UnixTime,
) -> Result<&'a Client, TokenError> {
    let refused = Refused(Code::InvalidClient, "the client is not authenticated");
    let basic = match headers.get(header::AUTHORIZATION) {
        Some(value) => Some(value.to_str().ok().and_then(basic).ok_or(refused)?),
        None => None,
    };
    let assertion = form.get("client_assertion");
    let posted = form.get("client_secret");
    if [basic.is_some(), assertion.is_some(), posted.is_some()].iter().filter(|is_used| **is_used).count() > 1 {
        return Err(Refused(Code::InvalidRequest, "the client uses several means to authenticate").into());
    }
    // An assertion names the client by itself. It is not believed before it is verified.
    let named = form.get("client_id").map(ToOwned::to_owned);
    let id = match (&basic, assertion) {
        (Some((id, _)), _) if named.as_ref().is_none_or(|named| named == id) => Some(id.clone()),
        (Some(_), _) => None,
        (None, Some(token)) => named.or_else(|| issuer(token)),
        (None, None) => named,
    };
    let client = id.and_then(|id| app.oidc.clients.get(&id)).ok_or(refused)?;
    match (&client.credential, basic.as_ref().map(|(_, secret)| secret.as_str()).or(posted), assertion) {
        (Credential::Keys(_), None, Some(token)) if form.get("client_assertion_type") == Some(ASSERTION) => {
            let endpoint = format!("{}/token", app.origin);
            let types = ["JWT", "client-authentication+jwt"];
            let refused = |reason| Refused(Code::InvalidClient, reason);
            let signed = Signed::verify(token, client, &endpoint, types, now).map_err(refused)?;
            // An assertion for several recipients could be used here by one of the others.
            if !is_only(&signed, &endpoint) || signed.text("sub") != Some(&client.id) {
                return Err(refused("aud must be the token endpoint alone, and sub the client").into());
            }
            let id = signed.text("jti").ok_or(refused("jti is missing"))?;
            let name = format!("assertion {} {id}", client.id);
            if !signed.first_use(&name, &Used::default(), &app.records, now).await? {
                return Err(refused("the assertion was used before").into());
            }
            Ok(client)
        }
        (Credential::Secret(expected), Some(secret), None) => {
            verify_slices_are_equal(expected, &Sha256::digest(secret)).map_err(|_| refused)?;
            Ok(client)
        }
        (Credential::None, None, None) => Ok(client),
        _ => Err(refused.into()),
    }
}

/// Reads the user name and password of the scheme Basic, which OAuth encodes as forms first (RFC 6749 section 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, value) = header.split_once(' ')?;
    let decoded = String::from_utf8(Base64::decode_vec(value.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    // Many clients do not encode the signs of equality at the end of a secret.
    let decode = |text: &str| Some(form_urlencoded::parse(format!("value={text}").as_bytes()).next()?.1.into_owned());
    Some((decode(id)?, decode(secret)?))
}

/// Returns the issuer that a token names.
fn issuer(token: &str) -> Option<String> {
    let claims: Value = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    claims.get("iss")?.as_str().map(ToOwned::to_owned)
}

fn is_only(signed: &Signed, audience: &str) -> bool {
    match signed.claims.get("aud") {
        Some(Value::String(only)) => only == audience,
        Some(Value::Array(list)) => list.len() == 1,
        _ => false,
    }
}
