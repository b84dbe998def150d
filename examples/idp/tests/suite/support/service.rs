//! A service of SPID, written by hand: its keys, its requests and its calls.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair};
use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use pem::Pem;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded::Serializer;

use crate::support::browser::{Browser, agent};
use crate::support::provider::Provider;

pub(crate) const ID: &str = "https://service.example/";
pub(crate) const CALLBACK: &str = "https://service.example/callback?from=idp";
pub(crate) const VERIFIER: &str = "a-code-verifier-of-forty-three-characters-or-more";
pub(crate) const STATE: &str = "state-of-thirty-two-characters-or-more";
pub(crate) const NONCE: &str = "nonce-of-thirty-two-characters-or-more";
pub(crate) const LEVEL_1: &str = "https://www.spid.gov.it/SpidL1";
pub(crate) const LEVEL_2: &str = "https://www.spid.gov.it/SpidL2";
pub(crate) const LEVEL_3: &str = "https://www.spid.gov.it/SpidL3";
pub(crate) const FISCAL_NUMBER: &str = "https://attributes.eid.gov.it/fiscal_number";

pub(crate) struct Service {
    pub(crate) pem: String,
    pub(crate) key: EncodingKey,
    algorithm: Algorithm,
}

/// The answer of an endpoint.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Service {
    pub(crate) fn new() -> Self {
        let der: Pkcs8V1Der<'_> = RsaKeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
        let pem = pem::encode(&Pem::new("PRIVATE KEY", der.as_ref().to_vec()));
        Self { key: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(), pem, algorithm: Algorithm::RS256 }
    }

    /// Returns a service with a key of the curve P-256.
    pub(crate) fn with_curve() -> Self {
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pem = pem::encode(&Pem::new("PRIVATE KEY", der.as_ref().to_vec()));
        Self { key: EncodingKey::from_ec_pem(pem.as_bytes()).unwrap(), pem, algorithm: Algorithm::ES256 }
    }

    /// Logs in at the service with a password, and gives consent.
    pub(crate) fn log_in(&self, provider: &Provider) -> Browser {
        let mut browser = Browser::new(provider);
        browser.open(&self.url(provider, &request_object(provider, LEVEL_1)));
        browser.give_password(provider);
        browser.consent();
        browser
    }

    /// Returns the registration of the service.
    pub(crate) fn registration(&self) -> String {
        self.registration_of(ID, CALLBACK, "sector = \"service.example\"")
    }

    /// Returns the registration of a service with this service's key.
    pub(crate) fn registration_of(&self, id: &str, callback: &str, more: &str) -> String {
        let jwk = serde_json::to_value(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap()).unwrap();
        let jwk = jwk.as_object().unwrap().iter().map(|(name, value)| format!("{name} = {value}"));
        let jwk = jwk.collect::<Vec<_>>().join(", ");
        format!(
            r#"
            [[client]]
            id = "{id}"
            name = "Comune di Esempio"
            redirect_uris = ["{callback}"]
            area = "Roma"
            attributes = ["given_name", "family_name", "email", "place_of_birth", "{FISCAL_NUMBER}"]
            jwks = {{ keys = [{{ kid = "key-1", {jwk} }}] }}
            {more}
            "#
        )
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some("key-1".into()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.key).unwrap()
    }

    /// Returns the address of a request with this object.
    pub(crate) fn url(&self, provider: &Provider, claims: &Value) -> String {
        let id = claims["client_id"].as_str().unwrap();
        let token = self.sign(claims);
        let query = [("client_id", id), ("response_type", "code"), ("scope", "openid"), ("request", &token)];
        url(provider, &query)
    }

    /// Exchanges a code.
    pub(crate) fn exchange(&self, provider: &Provider, code: &str) -> Reply {
        redeem(provider, &self.sign(&client_assertion(provider)), code, CALLBACK, VERIFIER)
    }
}

/// Returns the claims of a request object for this level.
pub(crate) fn request_object(provider: &Provider, acr_values: &str) -> Value {
    let names =
        json!({ "given_name": null, FISCAL_NUMBER: { "essential": true }, "place_of_birth": null, "gender": null });
    json!({
        "iss": ID, "aud": provider.origin, "iat": now(), "exp": now() + 60, "jti": unique(),
        "client_id": ID, "response_type": "code", "scope": "openid", "redirect_uri": CALLBACK,
        "state": STATE, "nonce": NONCE, "prompt": "consent", "acr_values": acr_values,
        "code_challenge": challenge(VERIFIER), "code_challenge_method": "S256",
        "claims": { "userinfo": names },
    })
}

/// Returns the claims by which the service authenticates.
pub(crate) fn client_assertion(provider: &Provider) -> Value {
    let audience = format!("{}/token", provider.origin);
    json!({ "iss": ID, "sub": ID, "aud": audience, "iat": now(), "exp": now() + 60, "jti": unique() })
}

/// Exchanges a code with this assertion, redirect URI and verifier.
pub(crate) fn redeem(provider: &Provider, assertion: &str, code: &str, uri: &str, verifier: &str) -> Reply {
    token(
        provider,
        &[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", uri),
            ("code_verifier", verifier),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ],
    )
}

/// Sends a form to the token endpoint.
pub(crate) fn token(provider: &Provider, form: &[(&str, &str)]) -> Reply {
    let body = Serializer::new(String::new()).extend_pairs(form).finish();
    let request = agent().post(format!("{}/token", provider.origin));
    reply(request.content_type("application/x-www-form-urlencoded").send(body).unwrap())
}

pub(crate) fn userinfo(provider: &Provider, access_token: &str) -> Reply {
    let request = agent().get(format!("{}/userinfo", provider.origin));
    reply(request.header("Authorization", format!("Bearer {access_token}")).call().unwrap())
}

pub(crate) fn get(provider: &Provider, path: &str) -> Reply {
    reply(agent().get(format!("{}{path}", provider.origin)).call().unwrap())
}

fn reply(mut response: ureq::http::Response<ureq::Body>) -> Reply {
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string().unwrap();
    Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}

pub(crate) fn url(provider: &Provider, query: &[(&str, &str)]) -> String {
    let mut url = format!("{}/authorize?", provider.origin);
    write!(url, "{}", Serializer::new(String::new()).extend_pairs(query).finish()).unwrap();
    url
}

/// Returns the claims of a token of the provider, verified with its published keys.
pub(crate) fn claims(provider: &Provider, token: &str, audience: &str) -> (Header, Map<String, Value>) {
    let keys: JwkSet = serde_json::from_value(get(provider, "/jwks").body).unwrap();
    let header = decode_header(token).unwrap();
    let key = keys.find(header.kid.as_ref().unwrap()).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[&provider.origin]);
    let claims = decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims;
    (header, claims)
}

pub(crate) fn challenge(verifier: &str) -> String {
    Base64UrlUnpadded::encode_string(&Sha256::digest(verifier))
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Returns a text that no other call returns.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{}", COUNT.fetch_add(1, Ordering::Relaxed))
}
