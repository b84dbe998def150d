#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails so")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{EncodingKey, Header, encode};
use secondo::UnixTime;
use serde_json::{Value, json};

use super::*;

const EXPECTED: Expected<'_> =
    Expected { issuer: "issuer", client: "client", nonce: "nonce", level: Level::Two, access_token: "access" };

struct Issuer {
    key: EncodingKey,
    keys: JwkSet,
}

impl Issuer {
    fn new() -> Self {
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let key = EncodingKey::from_ec_der(der.as_ref());
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some("key-1".into());
        Self { key, keys: JwkSet { keys: vec![jwk] } }
    }

    fn sign(&self, claims: &Value) -> String {
        encode(&Header { kid: Some("key-1".into()), ..Header::new(Algorithm::ES256) }, claims, &self.key).unwrap()
    }
}

fn claims() -> Value {
    let hash = Sha256::digest("access");
    let now = UnixTime::now().unwrap().as_secs();
    json!({
        "iss": "issuer", "sub": "subject", "aud": "client", "exp": now + 60, "nonce": "nonce",
        "acr": "https://www.spid.gov.it/SpidL2", "at_hash": Base64UrlUnpadded::encode_string(&hash[..16]),
    })
}

#[test]
fn id_token_is_believed_only_as_it_was_asked_for() {
    let issuer = Issuer::new();
    let verified = verify(&issuer.sign(&claims()), &issuer.keys, &EXPECTED).unwrap();
    assert_eq!(verified, Verified { subject: "subject".into(), level: Level::Two });
    let wrong = [
        ("iss", json!("other"), "id_token"),
        ("aud", json!("other"), "id_token"),
        ("aud", json!(["client", "other"]), "id_token_aud"),
        ("exp", json!(UnixTime::now().unwrap().as_secs() - 61), "id_token"),
        ("nonce", json!("other"), "id_token_nonce"),
        ("nonce", Value::Null, "id_token"),
        ("at_hash", json!("other"), "id_token_at_hash"),
        ("acr", json!("https://www.spid.gov.it/SpidL1"), "id_token_acr"),
        ("acr", json!("other"), "id_token_acr"),
    ];
    for (name, value, label) in wrong {
        let mut claims = claims();
        claims[name] = value;
        assert_eq!(verify(&issuer.sign(&claims), &issuer.keys, &EXPECTED), Err(Invalid(label)), "{name}");
    }
    // A higher level may always be the answer.
    let mut higher = claims();
    higher["acr"] = json!("https://www.spid.gov.it/SpidL3");
    assert_eq!(verify(&issuer.sign(&higher), &issuer.keys, &EXPECTED).unwrap().level, Level::Three);
}

#[test]
fn id_token_of_another_key_is_not_believed() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    assert_eq!(verify(&other.sign(&claims()), &issuer.keys, &EXPECTED), Err(Invalid("id_token")));
    let unnamed = encode(&Header::new(Algorithm::ES256), &claims(), &issuer.key).unwrap();
    assert_eq!(verify(&unnamed, &issuer.keys, &EXPECTED), Err(Invalid("id_token_key")));
    // The public key is no secret with which anybody could sign.
    let public = serde_json::to_vec(&issuer.keys).unwrap();
    let header = Header { kid: Some("key-1".into()), ..Header::new(Algorithm::HS256) };
    let confused = encode(&header, &claims(), &EncodingKey::from_secret(&public)).unwrap();
    assert_eq!(verify(&confused, &issuer.keys, &EXPECTED), Err(Invalid("id_token")));
}
