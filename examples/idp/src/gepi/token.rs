//! The checks of an ID token (OpenID Connect Core section 3.1.3.7).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::jwk::{AlgorithmParameters, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secondo::assurance::{Comparison, Framework};
use secondo::types::Level;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The seconds by which the clocks of the service and of the provider may differ.
const LEEWAY_SECS: u64 = 60;

/// An answer of the provider that is not believed, with a label for the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid(pub(super) &'static str);

/// The claims that an ID token must have.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    pub(super) nonce: &'a str,
    /// The level that was asked for.
    pub(super) level: Level,
    /// The access token that came with it.
    pub(super) access_token: &'a str,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Audience,
    nonce: String,
    acr: String,
    at_hash: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The login that an ID token stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verified {
    pub(super) subject: String,
    pub(super) level: Level,
}

/// Verifies an ID token with the keys that the provider publishes.
pub(super) fn verify(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<Verified, Invalid> {
    let header = decode_header(token).map_err(|_| Invalid("id_token_header"))?;
    let key = header.kid.as_deref().and_then(|id| keys.find(id)).ok_or(Invalid("id_token_key"))?;
    if key.common.public_key_use == Some(PublicKeyUse::Encryption) {
        return Err(Invalid("id_token_key"));
    }
    // The kind of the key decides the algorithm, and never the token.
    let algorithm = match &key.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(_) => Algorithm::ES256,
        _ => return Err(Invalid("id_token_key")),
    };
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY_SECS;
    validation.set_audience(&[expected.client]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_required_spec_claims(&["aud", "exp", "iss"]);
    let key = DecodingKey::from_jwk(key).map_err(|_| Invalid("id_token_key"))?;
    let claims = decode::<Claims>(token, &key, &validation).map_err(|_| Invalid("id_token"))?.claims;
    let is_ours_alone = match &claims.aud {
        Audience::One(client) => client == expected.client,
        Audience::Several(clients) => clients.len() == 1,
    };
    if !is_ours_alone {
        return Err(Invalid("id_token_aud"));
    }
    verify_slices_are_equal(claims.nonce.as_bytes(), expected.nonce.as_bytes())
        .map_err(|_| Invalid("id_token_nonce"))?;
    let hash = Sha256::digest(expected.access_token);
    let (half, _) = hash.split_at(16);
    if claims.at_hash != Base64UrlUnpadded::encode_string(half) {
        return Err(Invalid("id_token_at_hash"));
    }
    let level = Framework::Spid.parse(&claims.acr).map_err(|_| Invalid("id_token_acr"))?;
    if !Comparison::Minimum.permits(Framework::Spid, expected.level, level) {
        return Err(Invalid("id_token_acr"));
    }
    Ok(Verified { subject: claims.sub, level })
}

#[cfg(test)]
mod tests;
