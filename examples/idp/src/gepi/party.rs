//! The service as a client of the provider: its key, its requests and its calls.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::body::Body;
use axum::http::{Request, header};
use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::jwk::{Jwk, JwkSet, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use pem::Pem;
use secondo::UnixTime;
use secondo::assurance::Framework;
use secondo::types::Level;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded::Serializer;

use super::login::CALLBACK;
use super::token::{Expected, Invalid, Verified, verify};
use super::transport::{CallError, Transport};
use crate::app::{App, random_hex};
use crate::attributes::Attribute;
use crate::oidc::Registration;
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

/// The seconds for which a signed request or assertion is valid.
const TOKEN_SECS: u64 = 60;
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The attributes that GePI asks for: eleven, of which OpenID Connect has the place and the province of birth in one.
const ATTRIBUTES: [Attribute; 10] = [
    Attribute::SpidCode,
    Attribute::FiscalNumber,
    Attribute::GivenName,
    Attribute::FamilyName,
    Attribute::Gender,
    Attribute::DateOfBirth,
    Attribute::PlaceOfBirth,
    Attribute::MobilePhone,
    Attribute::Email,
    Attribute::DigitalAddress,
];

/// The private key in PKCS#8, made at the first start.
#[derive(Serialize, Deserialize)]
struct Private {
    pem: String,
}

impl Record for Private {
    const KIND: &'static str = "gepi-key";
}

/// The service, as the provider knows it.
pub(crate) struct Party {
    issuer: String,
    id: String,
    key: EncodingKey,
    key_id: String,
    jwk: Jwk,
}

/// The secrets of a request that the answer is compared with.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) state: String,
    nonce: String,
    verifier: String,
    level: u8,
}

impl Asked {
    pub(super) fn new(level: Level) -> Result<Self, Outage> {
        Ok(Self { state: random_hex()?, nonce: random_hex()?, verifier: random_hex()?, level: level as u8 })
    }
}

/// A person, as the provider describes them.
pub(super) struct Identity {
    pub(super) fiscal_code: String,
    pub(super) name: String,
    pub(super) level: Level,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: String,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(rename = "https://attributes.eid.gov.it/fiscal_number")]
    fiscal_number: String,
    given_name: String,
    family_name: String,
}

/// Returns the id of the service at the provider with this origin.
pub(crate) fn client_id(origin: &str) -> String {
    format!("{origin}/gepi")
}

impl Party {
    /// Loads the key, or makes it at the first start.
    pub(crate) async fn open(records: &Records, issuer: &str) -> Result<Self, Outage> {
        let now = UnixTime::now()?;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())?;
        let made = Private { pem: pem::encode(&Pem::new("PRIVATE KEY", pkcs8.as_ref().to_vec())) };
        records.create("key", Kept::forever(made), now).await?;
        let Private { pem } = records.load("key", now).await?.ok_or(Outage("missing_gepi_key"))?;
        let key = EncodingKey::from_ec_pem(pem.as_bytes())?;
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256)?;
        let key_id = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.key_id = Some(key_id.clone());
        Ok(Self { issuer: issuer.to_owned(), id: client_id(issuer), key, key_id, jwk })
    }

    /// Returns the registration of the service at the provider.
    pub(crate) fn registration(&self) -> Result<Registration, Outage> {
        Ok(serde_json::from_value(json!({
            "id": self.id,
            "name": "GePI",
            "redirect_uris": [self.redirect_uri()],
            "jwks": { "keys": [self.jwk] },
            "attributes": ATTRIBUTES.map(Attribute::claim),
        }))?)
    }

    fn redirect_uri(&self) -> String {
        format!("{}{CALLBACK}", self.issuer)
    }

    /// Returns `true` for the issuer of the provider that was asked (RFC 9207).
    pub(super) fn is_issuer(&self, issuer: &str) -> bool {
        self.issuer == issuer
    }

    /// Returns the address at the provider to which the browser goes.
    pub(super) fn address(&self, asked: &Asked, language: &str, now: UnixTime) -> Result<String, Outage> {
        let level = Level::try_from(asked.level).map_err(|_| Outage("level"))?;
        let userinfo: serde_json::Map<_, _> =
            ATTRIBUTES.iter().map(|attribute| (attribute.claim().to_owned(), json!({ "essential": true }))).collect();
        let challenge = Base64UrlUnpadded::encode_string(&Sha256::digest(&asked.verifier));
        let request = self.sign(
            &self.issuer,
            json!({
                "client_id": self.id, "response_type": "code", "scope": "openid",
                "redirect_uri": self.redirect_uri(), "state": asked.state, "nonce": asked.nonce, "prompt": "consent",
                "acr_values": Framework::Spid.name(level), "ui_locales": language,
                "code_challenge": challenge, "code_challenge_method": "S256", "claims": { "userinfo": userinfo },
            }),
            now,
        )?;
        let mut query = Serializer::new(String::new());
        query.append_pair("client_id", &self.id).append_pair("response_type", "code");
        query.append_pair("scope", "openid").append_pair("request", &request);
        Ok(format!("{}/authorize?{}", self.issuer, query.finish()))
    }

    /// Exchanges a code, checks the ID token, and reads the attributes.
    pub(super) async fn redeem(
        &self,
        app: Arc<App>,
        code: &str,
        asked: &Asked,
        now: UnixTime,
    ) -> Result<Identity, CallError> {
        let provider = Transport::new(app);
        let audience = format!("{}/token", self.issuer);
        let assertion = self.sign(&audience, json!({ "sub": self.id }), now)?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri()),
            ("code_verifier", &asked.verifier),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", &assertion),
        ];
        let form = Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post("/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let Tokens { id_token, access_token } =
            provider.send(request.body(Body::from(form)).map_err(Outage::from)?).await?;
        let get = |path| Request::get(path).header(header::AUTHORIZATION, format!("Bearer {access_token}"));
        let keys: JwkSet = provider.send(Request::get("/jwks").body(Body::empty()).map_err(Outage::from)?).await?;
        let expected = Expected {
            issuer: &self.issuer,
            client: &self.id,
            nonce: &asked.nonce,
            level: Level::try_from(asked.level).map_err(|_| Outage("level"))?,
            access_token: &access_token,
        };
        let Verified { subject, level } = verify(&id_token, &keys, &expected)?;
        let person: UserInfo = provider.send(get("/userinfo").body(Body::empty()).map_err(Outage::from)?).await?;
        // Attributes of another person would come with another subject.
        if person.sub != subject {
            return Err(Invalid("userinfo_sub").into());
        }
        let fiscal_code = person.fiscal_number.strip_prefix("TINIT-").ok_or(Invalid("userinfo_fiscal_number"))?;
        let name = format!("{} {}", person.given_name, person.family_name);
        Ok(Identity { fiscal_code: fiscal_code.to_owned(), name, level })
    }

    /// Signs claims of the service for one recipient.
    fn sign(&self, audience: &str, mut claims: Value, now: UnixTime) -> Result<String, Outage> {
        if let Value::Object(claims) = &mut claims {
            let (issued, expires) = (now.as_secs(), now.as_secs() + TOKEN_SECS);
            claims.extend([
                ("iss".to_owned(), json!(self.id)),
                ("aud".to_owned(), json!(audience)),
                ("iat".to_owned(), json!(issued)),
                ("exp".to_owned(), json!(expires)),
                ("jti".to_owned(), json!(random_hex()?)),
            ]);
        }
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::ES256) };
        Ok(encode(&header, &claims, &self.key)?)
    }
}
