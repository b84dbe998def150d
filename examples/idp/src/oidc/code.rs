//! Codes, and the grants that tokens stand for. The records have only their hashes.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::TOKEN_SECS;
use super::request::{Request, hash, random};
use crate::attributes::Attribute;
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

/// The seconds for which a code is valid.
const CODE_SECS: u64 = 60;

/// A login at a service, with the person's consent.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Login {
    pub(super) person: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) level: u8,
    pub(super) amr: Vec<String>,
    /// The time in seconds of the authentication.
    pub(super) at: u64,
}

/// A code that a service can exchange once.
#[derive(Clone, Serialize, Deserialize)]
struct Issued {
    client: String,
    redirect_uri: String,
    challenge: String,
    nonce: Option<String>,
    scope: String,
    login: Login,
    /// The grant of the tokens, once the code was exchanged.
    used: Option<String>,
}

impl Record for Issued {
    const KIND: &'static str = "code";
}

/// The right to read the attributes of a login. An access token names it.
#[derive(Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) client: String,
    pub(super) person: String,
    pub(super) attributes: Vec<Attribute>,
}

impl Record for Grant {
    const KIND: &'static str = "grant";
}

/// A code that was exchanged.
pub(super) struct Redeemed {
    /// The name of the grant.
    pub(super) grant: String,
    pub(super) login: Login,
    pub(super) nonce: Option<String>,
    pub(super) scope: String,
}

/// Stores a login under a new code.
pub(super) async fn issue(records: &Records, request: &Request, login: Login, now: UnixTime) -> Result<String, Outage> {
    let code = random()?;
    let issued = Issued {
        client: request.client.clone(),
        redirect_uri: request.back.uri.clone(),
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
        scope: request.scope.clone(),
        login,
        used: None,
    };
    records.create(&code, Kept::until(now.saturating_add(CODE_SECS), issued), now).await?;
    Ok(code)
}

/// Exchanges a code. Returns `None` if it is not one of this client, redirect URI and code verifier.
///
/// A code is used up by a wrong verifier as well. A second use revokes the tokens of the first.
pub(super) async fn redeem(
    records: &Records,
    code: &str,
    client: &str,
    redirect_uri: &str,
    verifier: &str,
    now: UnixTime,
) -> Result<Option<Redeemed>, Outage> {
    let Some(issued) = records.load::<Issued>(code, now).await? else { return Ok(None) };
    if issued.client != client {
        return Ok(None);
    }
    // The grant is there before the code is used up, so that a second use finds it.
    let name = random()?;
    let Login { person, attributes, .. } = issued.login.clone();
    let grant = Grant { client: client.to_owned(), person, attributes };
    let until = now.saturating_add(TOKEN_SECS);
    records.create(&name, Kept::until(until, grant), now).await?;
    let is_right = issued.redirect_uri == redirect_uri
        && verify_slices_are_equal(hash(verifier).as_bytes(), issued.challenge.as_bytes()).is_ok();
    let used = records.change(code, now, |issued: Option<Issued>| match issued {
        Some(Issued { used: Some(first), .. }) => (None, Some(first)),
        Some(issued) => {
            let used = Issued { used: Some(name.clone()), ..issued };
            (Some(Kept::until(until, used)), (!is_right).then(|| name.clone()))
        }
        None => (None, Some(name.clone())),
    });
    if let Some(revoked) = used.await? {
        records.remove::<Grant>(&revoked, now).await?;
        records.remove::<Grant>(&name, now).await?;
        return Ok(None);
    }
    Ok(Some(Redeemed { grant: name, login: issued.login, nonce: issued.nonce, scope: issued.scope }))
}
