//! The tokens that clients sign: request objects and assertions. Each is taken once.

use jsonwebtoken::{Validation, decode, decode_header};
use secondo::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::clients::{Client, Credential};
use super::request::hash;
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

/// The seconds by which the clocks of a client and of the provider may differ.
const LEEWAY_SECS: u64 = 60;
/// The longest life of a token of a client.
const LONGEST_SECS: u64 = 60 * 60;

/// The claims of a token that a client signed for the provider, and that is valid now.
pub(crate) struct Signed {
    pub(crate) claims: Map<String, Value>,
    /// The hash by which the audit log names the token.
    pub(crate) hash: String,
    until: UnixTime,
}

impl Signed {
    /// Verifies the signature with a key of the client, and the claims about the client, the provider and the time.
    ///
    /// The reason of a refusal is for the developers of the client.
    pub(crate) fn verify(
        token: &str,
        client: &Client,
        audience: &str,
        types: [&str; 2],
        now: UnixTime,
    ) -> Result<Self, &'static str> {
        let Credential::Keys(keys) = &client.credential else { return Err("the client has no keys") };
        let header = decode_header(token).map_err(|_| "the token is malformed, or its algorithm is not supported")?;
        if header.typ.as_deref().is_some_and(|typ| !types.contains(&typ)) || header.crit.is_some() {
            return Err("the token is of another type");
        }
        let key = match (&header.kid, keys.as_slice()) {
            (None, [key]) => Some(key),
            (id, keys) => keys.iter().find(|key| id.is_some() && key.id == *id),
        };
        let key = key.ok_or("the client has no key of this id")?;
        let mut validation = Validation::new(key.algorithm);
        validation.leeway = LEEWAY_SECS;
        validation.validate_nbf = true;
        validation.set_audience(&[audience]);
        validation.set_issuer(&[&client.id]);
        validation.set_required_spec_claims(&["aud", "exp", "iss"]);
        let claims = decode::<Map<String, Value>>(token, &key.key, &validation);
        let claims = claims.map_err(|_| "the token's signature, issuer, audience or time is not right")?.claims;
        let time = |name| claims.get(name).and_then(Value::as_u64).ok_or("the token needs iat and exp, in seconds");
        let (issued, expires) = (time("iat")?, time("exp")?);
        let now = now.as_secs();
        if issued > now + LEEWAY_SECS || expires > now + LONGEST_SECS + LEEWAY_SECS {
            return Err("the token is of the future, or lives too long");
        }
        let until = UnixTime::from_secs(expires + LEEWAY_SECS + 1).map_err(|_| "the token's time is not right")?;
        Ok(Self { claims, hash: hash(token), until })
    }

    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// Notes that the token with this name was used. Returns `false` if it was used before.
    pub(crate) async fn first_use(
        &self,
        name: &str,
        used: &Used,
        records: &Records,
        now: UnixTime,
    ) -> Result<bool, Outage> {
        records.create(name, Kept::until(self.until, used.clone()), now).await
    }

    /// Takes away the session in which the request object with this name has begun a login, for another one to be
    /// noted. Of several clicks, one gets it. A session of this name is left.
    pub(crate) async fn take_session(
        &self,
        name: &str,
        own: &str,
        records: &Records,
        now: UnixTime,
    ) -> Result<Option<String>, Outage> {
        let take = |used: Option<Used>| {
            let Some(Used { session: Some(session), .. }) = &used else { return (None, None) };
            let session = session.clone();
            let left = used.filter(|_| session != own).map(|used| Used { session: None, ..used });
            (left.map(|left| Kept::until(self.until, left)), Some(session))
        };
        records.change(name, now, take).await
    }

    /// Notes the session in which the request object with this name has begun a login.
    pub(crate) async fn note_session(
        &self,
        name: &str,
        session: &str,
        records: &Records,
        now: UnixTime,
    ) -> Result<(), Outage> {
        let note = |used: Option<Used>| {
            let noted = used.map(|used| Used { session: Some(session.to_owned()), ..used });
            (noted.map(|noted| Kept::until(self.until, noted)), ())
        };
        records.change(name, now, note).await
    }
}

/// The fact that a token of a client was used. The details are those of a request object.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Used {
    /// The time in seconds of the first use.
    pub(crate) at: u64,
    /// The hash by which the second of two clicks is known.
    pub(crate) click: String,
    /// The name of the session in which the login was begun, once it is stored, until another click takes it.
    pub(crate) session: Option<String>,
}

/// Of its own kind: the names of used forms come from browsers, which must not use up a token.
impl Record for Used {
    const KIND: &'static str = "used-token";
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails so")]
mod tests {
    use secondo::store::{Boxed, Memory};

    use super::*;

    #[tokio::test]
    async fn form_does_not_use_up_a_token() {
        let records = Records::new(Boxed::new(Memory::new()), &[(1, [7; 32])]);
        let now = UnixTime::from_secs(1_800_000_000).unwrap();
        let token = Signed { claims: Map::new(), hash: String::new(), until: now.saturating_add(60) };
        let name = "assertion https://service.example 1";
        assert!(records.first_use(name, now).await.unwrap());
        assert!(token.first_use(name, &Used::default(), &records, now).await.unwrap());
        assert!(!token.first_use(name, &Used::default(), &records, now).await.unwrap());
    }
}
