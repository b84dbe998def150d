use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse, RSAKeyParameters};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::{Host, Origin, Url};

use crate::attributes::Attribute;

/// The registration of a service: a table `[[client]]` of the configuration.
///
/// ```toml
/// [[client]]
/// id = "https://service.example/"
/// name = "Comune di Esempio"
/// redirect_uris = ["https://service.example/callback"]
/// jwks_file = "service.json"
/// area = "Roma"
/// attributes = ["given_name", "https://attributes.eid.gov.it/fiscal_number"]
///
/// [[client]]
/// id = "wiki"
/// name = "Wiki"
/// profile = "plain"
/// secret = "…"
/// redirect_uris = ["https://wiki.example/callback"]
/// attributes = ["email"]
/// ```
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    id: String,
    /// The name on pages.
    name: String,
    redirect_uris: Vec<String>,
    #[serde(default)]
    profile: Profile,
    /// The public keys of the service, here or in a file.
    jwks: Option<JwkSet>,
    jwks_file: Option<PathBuf>,
    /// The secret of a plain client. Without one and without keys, PKCE alone protects it.
    secret: Option<String>,
    /// The name under which services share the identifiers of persons. Without it: the host of the redirect URIs.
    sector: Option<String>,
    /// The territorial area of the service, for the audit log.
    area: Option<String>,
    /// The claims that the service may ask for.
    #[serde(default)]
    attributes: Vec<String>,
    /// The algorithm of ID tokens: RS256 or ES256.
    id_token_alg: Option<Algorithm>,
}

/// The rules for a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Profile {
    /// SPID's: signed requests, and keys in place of secrets.
    #[default]
    Spid,
    /// Those of everyday clients. PKCE is needed here too.
    Plain,
}

/// A public key of a client.
pub(crate) struct ClientKey {
    pub(crate) id: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

/// The means by which a client shows that it is the one.
pub(crate) enum Credential {
    Keys(Vec<ClientKey>),
    /// The hash of the secret.
    Secret([u8; 32]),
    None,
}

/// A registered service.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) profile: Profile,
    pub(crate) credential: Credential,
    pub(crate) sector: String,
    pub(crate) area: Option<String>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) id_token_alg: Algorithm,
}

/// The registered services, by id.
pub(crate) struct Clients(BTreeMap<String, Client>);

impl Clients {
    /// Checks the registrations. The error names the one at fault.
    pub(crate) fn new(registrations: &[Registration]) -> Result<Self, String> {
        let mut clients = BTreeMap::new();
        for registration in registrations {
            let problem = |problem| format!("client {}: {problem}", registration.id);
            let client = Client::new(registration).map_err(problem)?;
            if clients.insert(client.id.clone(), client).is_some() {
                return Err(problem("the id is registered twice".to_owned()));
            }
        }
        Ok(Self(clients))
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Client> {
        self.0.get(id)
    }
}

impl Client {
    fn new(registration: &Registration) -> Result<Self, String> {
        let Registration { id, name, redirect_uris, profile, jwks, jwks_file, secret, .. } = registration;
        if id.len() > 256 || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("id must be at most 256 visible characters of ASCII".into());
        }
        let hosts: Vec<_> = redirect_uris.iter().map(|uri| host(uri)).collect::<Result<_, _>>()?;
        let first = hosts.first().ok_or("redirect_uris is empty")?;
        let sector = match &registration.sector {
            Some(sector) => sector.clone(),
            None if hosts.iter().all(|host| host == first) => first.clone(),
            None => return Err("redirect_uris of several hosts need a sector".into()),
        };
        let keys = match (jwks, jwks_file) {
            (Some(keys), None) => Some(keys.clone()),
            (None, Some(path)) => {
                let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
                Some(serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?)
            }
            (None, None) => None,
            (Some(_), Some(_)) => return Err("jwks and jwks_file exclude each other".into()),
        };
        let credential = match (keys, secret, profile) {
            (Some(keys), None, _) => Credential::Keys(client_keys(&keys)?),
            (_, _, Profile::Spid) => return Err("SPID's profile needs keys, and no secret".into()),
            (None, Some(secret), _) if secret.len() < 32 => return Err("secret must have 32 characters or more".into()),
            (None, Some(secret), _) => Credential::Secret(Sha256::digest(secret).into()),
            (None, None, _) => Credential::None,
            (Some(_), Some(_), _) => return Err("jwks and secret exclude each other".into()),
        };
        let attribute = |claim: &String| Attribute::of_claim(claim).ok_or_else(|| format!("{claim} is no attribute"));
        let id_token_alg = registration.id_token_alg.unwrap_or(Algorithm::RS256);
        if !matches!(id_token_alg, Algorithm::RS256 | Algorithm::ES256) {
            return Err("id_token_alg must be RS256 or ES256".into());
        }
        Ok(Self {
            id: id.clone(),
            name: name.clone(),
            redirect_uris: redirect_uris.clone(),
            profile: *profile,
            credential,
            sector,
            area: registration.area.clone(),
            attributes: registration.attributes.iter().map(attribute).collect::<Result<_, _>>()?,
            id_token_alg,
        })
    }
}

/// Checks a redirect URI, and returns its host, or its scheme if it is an app's own.
fn host(uri: &str) -> Result<String, String> {
    let problem = |text| format!("{uri} {text}");
    if uri.len() > 512 || !uri.is_ascii() || uri.contains('#') {
        return Err(problem("must be ASCII, without a fragment, and of at most 512 characters"));
    }
    let url = Url::parse(uri).map_err(|_| problem("is not a URI"))?;
    match (url.scheme(), url.host()) {
        ("https", Some(host)) => Ok(host.to_string()),
        ("http", Some(Host::Domain("localhost"))) => Ok("localhost".into()),
        ("http", Some(Host::Ipv4(address))) if address.is_loopback() => Ok(address.to_string()),
        // RFC 8252 section 7.1: the reversed name of a domain, whose dot tells it from the schemes of browsers.
        (scheme, None) if scheme.contains('.') => Ok(scheme.into()),
        _ => Err(problem("must have https, or http on loopback, or the scheme of an app")),
    }
}

/// Returns the source of a redirect URI for the directive `form-action`. Browsers compare each redirect after a form.
pub(crate) fn form_target(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    Some(match url.origin() {
        Origin::Opaque(_) => format!("{}:", url.scheme()),
        origin @ Origin::Tuple(..) => origin.ascii_serialization(),
    })
}

fn client_keys(keys: &JwkSet) -> Result<Vec<ClientKey>, String> {
    let is_signing = |key: &&Jwk| key.common.public_key_use != Some(PublicKeyUse::Encryption);
    let keys: Vec<_> = keys.keys.iter().filter(is_signing).map(client_key).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err("jwks has no key for signatures".into());
    }
    Ok(keys)
}

/// Reads a key. Its kind decides the algorithm, and never the token.
fn client_key(jwk: &Jwk) -> Result<ClientKey, String> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(RSAKeyParameters { n, .. }) => {
            let bits = bits(n).ok_or(MALFORMED)?;
            if bits < LEAST_RSA_BITS {
                let name = jwk.common.key_id.as_deref().unwrap_or("without kid");
                return Err(format!("the RSA key {name} of jwks has {bits} bits, and needs {LEAST_RSA_BITS}"));
            }
            Algorithm::RS256
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        _ => return Err("keys must be RSA, or of the curve P-256".into()),
    };
    let key = DecodingKey::from_jwk(jwk).map_err(|_| MALFORMED)?;
    Ok(ClientKey { id: jwk.common.key_id.clone(), algorithm, key })
}

/// Returns the number of bits of a modulus, which can begin with zeros, or `None` if it is not in base64url.
fn bits(modulus: &str) -> Option<usize> {
    let modulus = Base64UrlUnpadded::decode_vec(modulus).ok()?;
    let zeros: usize = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(zeros).map_or(0, |byte| byte.leading_zeros() as usize);
    Some(8 * (modulus.len() - zeros) - first)
}

const MALFORMED: &str = "a key of jwks is malformed";
/// The least length of an RSA key (RFC 7518 section 3.3).
const LEAST_RSA_BITS: usize = 2048;
