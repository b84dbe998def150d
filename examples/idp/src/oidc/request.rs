use base64ct::{Base64UrlUnpadded, Encoding};
use rand::TryRng;
use rand::rngs::SysRng;
use secondo::UnixTime;
use secondo::assurance::{AcrValues, Framework};
use secondo::types::Level;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::answer::Return;
use super::clients::{Client, Clients, Profile};
use super::error::{Code, Refused};
use super::parameters::Parameters;
use super::signed::Signed;
use crate::attributes::Attribute;
use crate::outage::Outage;
use crate::pages::Language;

/// The seconds until a login must be done.
const LOGIN_SECS: u64 = 10 * 60;
/// The greatest lengths of what the session keeps, so that it fits into a record even if JSON doubles each character.
const LONGEST_STATE: usize = 512;
const LONGEST_NONCE: usize = 256;
const LONGEST_USER: usize = 128;
/// The least length of `state` and `nonce` for SPID.
const SHORTEST: usize = 32;
/// The scopes with a meaning. Others are ignored (OpenID Connect Core section 3.1.2.1).
pub(super) const SCOPES: [&str; 4] = ["openid", "profile", "email", "phone"];

/// The request of a service, as the session of the browser keeps it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    /// A name of the request. That of a signed one follows from its token.
    pub(crate) id: String,
    pub(crate) client: String,
    pub(crate) back: Return,
    pub(crate) nonce: Option<String>,
    /// The SHA-256 hash of the code verifier (RFC 7636).
    pub(crate) challenge: String,
    acr_values: String,
    pub(crate) scope: String,
    /// The person has to authenticate, even if a session could be used.
    pub(crate) is_fresh: bool,
    pub(crate) max_age: Option<u64>,
    pub(crate) user: Option<String>,
    pub(crate) attributes: Vec<Attribute>,
    began: u64,
    /// The level to reach, once the person is known.
    pub(crate) level: Option<u8>,
}

impl Request {
    /// Returns the level to reach for a person, or `None` if the person has no credential for the request.
    pub(crate) fn choose(&self, has_second_factor: bool) -> Result<Option<Level>, Outage> {
        let available: &[_] = if has_second_factor { &[Level::One, Level::Two] } else { &[Level::One] };
        Ok(AcrValues::parse(&self.acr_values, Framework::Spid)?.choose(available))
    }

    pub(crate) fn needs(&self, level: Level) -> bool {
        self.level == Some(level as u8)
    }

    /// Returns `true` if a login of this level is enough for the service.
    pub(crate) fn is_reached_by(&self, level: u8) -> bool {
        self.level.is_some_and(|wanted| level >= wanted)
    }

    pub(crate) fn is_late(&self, now: UnixTime) -> bool {
        now.as_secs() > self.began + LOGIN_SECS
    }
}

/// A request that was read, and what concerns only its start.
pub(crate) struct Read<'a> {
    pub(crate) request: Request,
    pub(crate) client: &'a Client,
    pub(crate) signed: Option<Signed>,
    pub(crate) language: Option<Language>,
}

/// A request that is not begun.
pub(crate) enum Unread {
    /// The client or its redirect URI is not verified. The browser is sent nowhere.
    Page(&'static str),
    /// The service gets the error.
    Back(Box<Return>, Refused),
    Outage(Outage),
}

impl From<Outage> for Unread {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage)
    }
}

/// Reads the parameters of an authorization request. Those inside a signed request object count.
pub(crate) fn read<'a>(
    clients: &'a Clients,
    issuer: &str,
    outer: Parameters,
    now: UnixTime,
) -> Result<Read<'a>, Unread> {
    let client = outer.get("client_id").and_then(|id| clients.get(id)).ok_or(Unread::Page("unknown client_id"))?;
    let object = outer.get("request").map(|token| {
        let types = ["JWT", "oauth-authz-req+jwt"];
        let signed = Signed::verify(token, client, issuer, types, now)?;
        let is_of_client = signed.text("client_id").is_none_or(|id| id == client.id);
        if is_of_client { Ok((signed, token)) } else { Err("the request object is of another client") }
    });
    let (signed, id) = match object.transpose().map_err(Unread::Page)? {
        // Without the signature, of which a token can have several.
        Some((signed, token)) => (Some(signed), hash(token.rsplit_once('.').map_or(token, |(claims, _)| claims))),
        None => (None, random()?),
    };
    let has_uri = outer.get("request_uri").is_some();
    let outer_type = outer.get("response_type").map(ToOwned::to_owned);
    let parameters = match &signed {
        Some(signed) => Parameters::of_claims(signed.claims.clone()),
        None => outer,
    };

    let uri = parameters.get("redirect_uri").filter(|uri| client.redirect_uris.iter().any(|known| known == uri));
    let uri = uri.ok_or(Unread::Page("redirect_uri is not registered"))?;
    let state = parameters.get("state").filter(|state| is_visible(state, LONGEST_STATE));
    let back = Return { uri: uri.to_owned(), state: state.map(ToOwned::to_owned) };
    let refused = |refused| Unread::Back(Box::new(back.clone()), refused);
    if has_uri {
        return Err(refused(Refused(Code::RequestUriNotSupported, "request_uri is not supported")));
    }
    if outer_type.is_some_and(|outer| Some(outer.as_str()) != parameters.get("response_type")) {
        return Err(refused(Refused(Code::InvalidRequest, "response_type differs from that of the request object")));
    }
    let request = check(&parameters, client, signed.is_some(), &back, id, now).map_err(refused)?;
    let language = parameters.words("ui_locales").find_map(Language::of_code);
    Ok(Read { request, client, signed, language })
}

/// Checks the parameters of a client that is verified.
fn check(
    parameters: &Parameters,
    client: &Client,
    is_signed: bool,
    back: &Return,
    id: String,
    now: UnixTime,
) -> Result<Request, Refused> {
    let invalid = |reason| Err(Refused(Code::InvalidRequest, reason));
    let is_spid = client.profile == Profile::Spid;
    if is_spid && !is_signed {
        return invalid("a signed request object is required");
    }
    match parameters.get("response_type") {
        Some("code") => {}
        Some(_) => return Err(Refused(Code::UnsupportedResponseType, "response_type must be code")),
        None => return invalid("response_type is missing"),
    }
    if parameters.get("response_mode").is_some_and(|mode| mode != "query") {
        return invalid("response_mode must be query");
    }
    let has_scope = |name: &str| parameters.words("scope").any(|scope| scope == name);
    if !has_scope("openid") {
        return Err(Refused(Code::InvalidScope, "scope must have openid"));
    }
    let nonce = parameters.get("nonce");
    for (value, longest) in [(parameters.get("state"), LONGEST_STATE), (nonce, LONGEST_NONCE)] {
        let is_long = value.is_some_and(|value| value.len() >= SHORTEST);
        if is_spid && !is_long || !value.is_none_or(|value| is_visible(value, longest)) {
            return invalid(
                "state (of 512 characters at most) and nonce (of 256) must be ASCII, of 32 or more for SPID",
            );
        }
    }
    let challenge = match (parameters.get("code_challenge"), parameters.get("code_challenge_method")) {
        (Some(challenge), Some("S256")) if is_hash(challenge) => challenge.to_owned(),
        _ => return invalid("code_challenge with the method S256 is required"),
    };
    let acr_values = match parameters.get("acr_values") {
        // Three levels have 92 characters.
        Some(values) if values.len() < 100 && AcrValues::parse(values, Framework::Spid).is_ok() => values,
        None if !is_spid => Framework::Spid.name(Level::Two),
        _ => return invalid("acr_values must be the levels of SPID"),
    };
    let prompts: Vec<_> = parameters.words("prompt").collect();
    match prompts.as_slice() {
        ["none"] if !is_spid => return Err(Refused(Code::ConsentRequired, "the person is always asked for consent")),
        [] | ["consent"] | ["consent", "login"] | ["login", "consent"] => {}
        ["login" | "select_account"] if !is_spid => {}
        _ => return invalid("prompt must be consent, or consent login"),
    }
    let Ok(max_age) = parameters.get("max_age").map(str::parse).transpose() else {
        return invalid("max_age must be a number of seconds");
    };
    Ok(Request {
        id,
        client: client.id.clone(),
        back: back.clone(),
        nonce: nonce.map(ToOwned::to_owned),
        challenge,
        acr_values: acr_values.to_owned(),
        scope: SCOPES.into_iter().filter(|scope| has_scope(scope)).collect::<Vec<_>>().join(" "),
        // The age 0 is like the prompt `login`, also for a session of this second (OpenID Connect Core section
        // 3.1.2.1).
        is_fresh: max_age == Some(0) || prompts.iter().any(|prompt| matches!(*prompt, "login" | "select_account")),
        max_age,
        user: parameters.get("login_hint").filter(|user| is_visible(user, LONGEST_USER)).map(ToOwned::to_owned),
        attributes: attributes(parameters, client)?,
        began: now.as_secs(),
        level: None,
    })
}

/// Returns the attributes that the request names, and that the client is registered for.
fn attributes(parameters: &Parameters, client: &Client) -> Result<Vec<Attribute>, Refused> {
    let claims = match parameters.get("claims").map(serde_json::from_str::<Value>) {
        None => None,
        Some(Ok(Value::Object(claims))) => Some(claims),
        Some(_) => return Err(Refused(Code::InvalidRequest, "claims must be a JSON object")),
    };
    let userinfo = claims.as_ref().and_then(|claims| claims.get("userinfo")).and_then(Value::as_object);
    let is_asked = |attribute: &Attribute| {
        let is_named = userinfo.is_some_and(|names| names.contains_key(attribute.claim()));
        let by_scope = client.profile == Profile::Plain;
        is_named || by_scope && parameters.words("scope").any(|scope| attribute.is_of_scope(scope))
    };
    let is_asked = |attribute: &Attribute| client.attributes.contains(attribute) && is_asked(attribute);
    Ok(Attribute::ALL.into_iter().filter(is_asked).collect())
}

/// Returns `true` for a text of the characters that RFC 6749 permits in `state`, up to this length.
fn is_visible(value: &str, longest: usize) -> bool {
    value.len() <= longest && value.bytes().all(|byte| matches!(byte, 0x20..=0x7E))
}

/// Returns `true` if the text has the form of a SHA-256 hash in base64url.
fn is_hash(text: &str) -> bool {
    Base64UrlUnpadded::decode(text, &mut [0; 32]).is_ok_and(|hash| hash.len() == 32)
}

/// Returns the hash of a text in base64url.
pub(super) fn hash(text: &str) -> String {
    Base64UrlUnpadded::encode_string(&Sha256::digest(text))
}

/// Returns 32 random bytes in base64url.
pub(super) fn random() -> Result<String, Outage> {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes)?;
    Ok(Base64UrlUnpadded::encode_string(&bytes))
}
