//! The keys that sign tokens: made at the first start, sealed in records, and replaced in time.
//!
//! The next key of each algorithm is published as soon as the one before it is used. An old key stays published until
//! the last token that it signed has expired. Keys that others may know are replaced at once, with [`Keys::replace`].

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use pem::Pem;
use secondo::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::TOKEN_SECS;
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

const ALGORITHMS: [Algorithm; 2] = [Algorithm::RS256, Algorithm::ES256];
/// The seconds for which a key signs.
const PERIOD_SECS: u64 = 90 * DAY;
/// The seconds at least between the publication of a key and its use, of which services know.
const AHEAD_SECS: u64 = DAY;
const DAY: u64 = 24 * 60 * 60;
/// The time between two looks at the list, which another machine may have changed.
pub(super) const LOOK: Duration = Duration::from_secs(60);

/// A key of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Listed {
    id: String,
    algorithm: Algorithm,
    /// The time in seconds from which the key signs.
    from: u64,
}

/// The keys that are published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct List {
    keys: Vec<Listed>,
}

impl Record for List {
    const KIND: &'static str = "signing-keys";
}

/// A private key in PKCS#8.
#[derive(Serialize, Deserialize)]
struct Private {
    pem: String,
}

impl Record for Private {
    const KIND: &'static str = "signing-key";
}

impl List {
    const NAME: &'static str = "list";

    fn of(&self, algorithm: Algorithm) -> impl Iterator<Item = &Listed> {
        self.keys.iter().filter(move |key| key.algorithm == algorithm)
    }

    /// Returns the next key to make, as its algorithm and the time of its first use.
    fn missing(&self, now: u64) -> Option<(Algorithm, u64)> {
        ALGORITHMS.into_iter().find_map(|algorithm| match self.of(algorithm).map(|key| key.from).max() {
            None => Some((algorithm, now)),
            Some(last) if last <= now => Some((algorithm, (last + PERIOD_SECS).max(now + AHEAD_SECS))),
            Some(_) => None,
        })
    }

    /// Returns `true` if no token of the key is valid any more.
    fn is_over(&self, key: &Listed, now: u64) -> bool {
        let next = self.of(key.algorithm).map(|other| other.from).filter(|from| *from > key.from).min();
        // Clients may have clocks that are behind, and read the list late.
        next.is_some_and(|next| next + TOKEN_SECS + DAY < now)
    }
}

/// A key that is ready for use.
struct Key {
    listed: Listed,
    private: EncodingKey,
    public: DecodingKey,
    jwk: Jwk,
}

/// The signing keys.
#[derive(Clone)]
pub(crate) struct Keys {
    records: Records,
    ready: Arc<RwLock<Arc<Vec<Key>>>>,
    /// Held during a look, so that an older list does not follow a newer one.
    looking: Arc<Mutex<()>>,
}

impl Keys {
    /// Loads the keys, and looks after them at this interval until the provider stops.
    pub(super) async fn open(records: Records, interval: Duration) -> Result<Self, Outage> {
        let keys = Self { records, ready: Arc::default(), looking: Arc::default() };
        keys.look().await?;
        tokio::spawn(keys.clone().maintain(interval));
        Ok(keys)
    }

    async fn maintain(self, interval: Duration) {
        loop {
            tokio::time::sleep(interval).await;
            if let Err(Outage(label)) = self.look().await {
                eprintln!("signing keys: {label}");
            }
        }
    }

    /// Makes the keys that are missing, removes those that are over, and loads the rest.
    async fn look(&self) -> Result<(), Outage> {
        let _looking = self.looking.lock().await;
        let now = UnixTime::now()?;
        let load = async || Ok::<_, Outage>(self.records.load::<List>(List::NAME, now).await?.unwrap_or_default());
        let mut list = load().await?;
        while let Some((algorithm, from)) = list.missing(now.as_secs()) {
            let key = tokio::task::spawn_blocking(move || make(algorithm)).await??;
            let listed = Listed { id: key.0, algorithm, from };
            self.records.create(&listed.id, Kept::forever(key.1), now).await?;
            let added = self.records.change(List::NAME, now, |list: Option<List>| {
                let mut list = list.unwrap_or_default();
                // Another machine may have been first.
                if list.missing(now.as_secs()) != Some((algorithm, from)) {
                    return (None, false);
                }
                list.keys.push(listed.clone());
                (Some(Kept::forever(list)), true)
            });
            if !added.await? {
                self.records.remove::<Private>(&listed.id, now).await?;
            }
            list = load().await?;
        }
        if list.keys.iter().any(|key| list.is_over(key, now.as_secs())) {
            let split = |list: Option<List>| {
                let list = list.unwrap_or_default();
                let (over, keys) = list.keys.iter().cloned().partition(|key| list.is_over(key, now.as_secs()));
                (Some(Kept::forever(List { keys })), over)
            };
            let over: Vec<Listed> = self.records.change(List::NAME, now, split).await?;
            for key in over {
                self.records.remove::<Private>(&key.id, now).await?;
            }
            list = load().await?;
        }
        if self.ready().iter().map(|key| &key.listed).eq(&list.keys) {
            return Ok(());
        }
        let mut ready = Vec::new();
        for listed in list.keys {
            let private: Private = self.records.load(&listed.id, now).await?.ok_or(Outage("missing_signing_key"))?;
            ready.push(Key::new(listed, &private)?);
        }
        *self.ready.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ready);
        Ok(())
    }

    /// Replaces all keys at once, the next ones too: whoever has read one of them may have read all. Returns the number
    /// of those that no longer verify.
    pub(super) async fn replace(&self) -> Result<usize, Outage> {
        let now = UnixTime::now()?;
        let mut list = List::default();
        while let Some((algorithm, from)) = list.missing(now.as_secs()) {
            let (id, private) = tokio::task::spawn_blocking(move || make(algorithm)).await??;
            self.records.create(&id, Kept::forever(private), now).await?;
            list.keys.push(Listed { id, algorithm, from });
        }
        let swap = |held: Option<List>| (Some(Kept::forever(list.clone())), held.unwrap_or_default().keys);
        let old = self.records.change(List::NAME, now, swap).await?;
        self.look().await?;
        for key in &old {
            self.records.remove::<Private>(&key.id, now).await?;
        }
        Ok(old.len())
    }

    fn ready(&self) -> Arc<Vec<Key>> {
        Arc::clone(&self.ready.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs claims with the key that is in use.
    pub(super) fn sign(
        &self,
        algorithm: Algorithm,
        typ: &str,
        claims: &Value,
        now: UnixTime,
    ) -> Result<String, Outage> {
        let ready = self.ready();
        let usable = ready.iter().filter(|key| key.listed.algorithm == algorithm && key.listed.from <= now.as_secs());
        let key = usable.max_by_key(|key| key.listed.from).ok_or(Outage("no_signing_key"))?;
        let typ = Some(typ.to_owned());
        let header = Header { typ, kid: Some(key.listed.id.clone()), ..Header::new(algorithm) };
        Ok(encode(&header, claims, &key.private)?)
    }

    /// Returns the claims of a token that this provider signed, and that is valid now.
    pub(super) fn verify(&self, token: &str, typ: &str, issuer: &str, audience: &str) -> Option<Map<String, Value>> {
        let header = decode_header(token).ok().filter(|header| header.typ.as_deref() == Some(typ))?;
        let ready = self.ready();
        let key = ready.iter().find(|key| Some(&key.listed.id) == header.kid.as_ref())?;
        let mut validation = Validation::new(key.listed.algorithm);
        validation.leeway = 0;
        validation.set_audience(&[audience]);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["aud", "exp", "iss"]);
        Some(decode(token, &key.public, &validation).ok()?.claims)
    }

    /// Returns the public keys.
    pub(super) fn published(&self) -> JwkSet {
        JwkSet { keys: self.ready().iter().map(|key| key.jwk.clone()).collect() }
    }
}

impl Key {
    fn new(listed: Listed, Private { pem }: &Private) -> Result<Self, Outage> {
        let private = match listed.algorithm {
            Algorithm::RS256 => EncodingKey::from_rsa_pem(pem.as_bytes())?,
            _ => EncodingKey::from_ec_pem(pem.as_bytes())?,
        };
        let mut jwk = Jwk::from_encoding_key(&private, listed.algorithm)?;
        jwk.common.key_id = Some(listed.id.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        let public = DecodingKey::from_jwk(&jwk)?;
        Ok(Self { listed, private, public, jwk })
    }
}

/// Makes a private key, whose id is the hash of the public one (RFC 7638).
fn make(algorithm: Algorithm) -> Result<(String, Private), Outage> {
    let pkcs8 = match algorithm {
        Algorithm::RS256 => {
            let der: Pkcs8V1Der<'_> = RsaKeyPair::generate(KeySize::Rsa2048)?.as_der()?;
            der.as_ref().to_vec()
        }
        _ => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())?.as_ref().to_vec(),
    };
    let private = Private { pem: pem::encode(&Pem::new("PRIVATE KEY", pkcs8)) };
    let key = Key::new(Listed { id: String::new(), algorithm, from: 0 }, &private)?;
    Ok((key.jwk.thumbprint(ThumbprintHash::SHA256)?, private))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails so")]
mod tests {
    use secondo::store::{Boxed, Memory};

    use super::*;

    fn added(list: &mut List, now: u64) -> Vec<(Algorithm, u64)> {
        let mut added = Vec::new();
        while let Some((algorithm, from)) = list.missing(now) {
            list.keys.push(Listed { id: format!("{algorithm:?} {from}"), algorithm, from });
            added.push((algorithm, from));
        }
        added
    }

    #[test]
    fn next_key_is_published_before_its_use() {
        let start = 1_700_000_000;
        let mut list = List::default();
        let next = start + PERIOD_SECS;
        let both = |from| ALGORITHMS.map(|algorithm| (algorithm, from));
        assert_eq!(added(&mut list, start).len(), 4);
        for (algorithm, from) in both(start).into_iter().chain(both(next)) {
            assert!(list.of(algorithm).any(|key| key.from == from));
        }
        assert_eq!(added(&mut list, next - 1), []);
        assert_eq!(added(&mut list, next), both(next + PERIOD_SECS));
        // A provider that was away for a year publishes a key a day before its use, too.
        let late = next + 5 * PERIOD_SECS;
        assert_eq!(added(&mut list, late), both(late + AHEAD_SECS));
    }

    #[test]
    fn old_key_stays_until_its_last_token_expired() {
        let key = |from| Listed { id: String::new(), algorithm: Algorithm::ES256, from };
        let list = List { keys: vec![key(1000), key(2000), key(3000)] };
        assert!(!list.is_over(&key(1000), 2000 + TOKEN_SECS));
        assert!(list.is_over(&key(1000), 2001 + TOKEN_SECS + DAY));
        assert!(!list.is_over(&key(2000), 2001 + TOKEN_SECS + DAY));
        assert!(!list.is_over(&key(3000), u64::MAX));
    }

    /// Two machines on one store, one of which is told that somebody knows the keys.
    #[tokio::test]
    async fn other_machine_follows() {
        let store = Boxed::new(Memory::new());
        let open = || Keys::open(Records::new(store.clone(), &[(1, [7; 32])]), Duration::from_millis(1));
        let (one, other) = (open().await.unwrap(), open().await.unwrap());
        let old = one.published();
        assert_eq!(other.published(), old);
        one.replace().await.unwrap();
        assert_ne!(one.published(), old);
        let follow = async {
            while other.published() != one.published() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(180), follow).await.unwrap();
    }
}
