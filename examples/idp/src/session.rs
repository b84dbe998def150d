//! The sessions of browsers.

use axum::http::{HeaderMap, header};
use rand::TryRng;
use rand::rngs::SysRng;
use secondo::{AccountId, Transaction, UnixTime};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::oidc::{Given, Request, Single};
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

/// The names of the cookie on HTTPS, where no other site of the domain can set it, and on loopback.
const NAMES: [&str; 2] = ["__Host-idp", "idp"];

/// The seconds for which a login may take, and a session may last.
const LOGIN_SECS: u64 = 10 * 60;
pub(crate) const SESSION_SECS: u64 = 60 * 60;
/// The seconds for which an old cookie leads to the session of the next one.
const MOVING_SECS: u64 = 10;

/// A secret of 32 bytes that a browser holds. The records have only its hash.
pub(crate) struct Cookie([u8; 32]);

impl Cookie {
    pub(crate) fn random() -> Result<Self, Outage> {
        let mut secret = [0; 32];
        SysRng.try_fill_bytes(&mut secret)?;
        Ok(Self(secret))
    }

    /// Returns the cookie with one of these names.
    pub(crate) fn read(headers: &HeaderMap, names: &[&str; 2]) -> Option<Self> {
        let cookies = headers.get(header::COOKIE)?.to_str().ok()?.split("; ");
        let value = cookies.filter_map(|cookie| cookie.split_once('=')).find(|(name, _)| names.contains(name))?.1;
        let mut secret = [0; 32];
        let decoded = base16ct::lower::decode(value, &mut secret).ok()?;
        (decoded.len() == 32).then_some(Self(secret))
    }

    /// Returns the header that sets the cookie in the browser.
    pub(crate) fn header(&self, [on_https, on_loopback]: &[&str; 2], is_secure: bool) -> String {
        let [name, secure] = if is_secure { [*on_https, "; Secure"] } else { [*on_loopback, ""] };
        format!("{name}={}; Path=/; HttpOnly; SameSite=Lax{secure}", base16ct::lower::encode_string(&self.0))
    }

    /// Returns the cookie that follows from this one and the salt.
    pub(crate) fn next(&self, salt: &str) -> Self {
        Self(Sha256::new().chain_update("next").chain_update(self.0).chain_update(salt).finalize().into())
    }

    /// Returns a hash for one purpose, in hexadecimal digits.
    pub(crate) fn hash(&self, purpose: &str) -> String {
        base16ct::lower::encode_string(&Sha256::new().chain_update(purpose).chain_update(self.0).finalize())
    }
}

/// A session as the records have it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Random digits, from which the next cookie is made.
    salt: String,
    /// The time in seconds at which the session moved to the next cookie.
    moved: Option<u64>,
    /// The person, once the password was right.
    pub(crate) person: Option<String>,
    /// The second factor, once it was shown.
    pub(crate) second: Option<Second>,
    /// The authenticator that is being enrolled.
    pub(crate) enrolling: Option<u32>,
    /// The code of the language that the person chose.
    pub(crate) language: Option<String>,
    /// The time in seconds at which the person gave the password.
    pub(crate) began: u64,
    /// The request of the service that the person logs in to.
    pub(crate) request: Option<Request>,
    /// The last answer to a service.
    pub(crate) given: Option<Given>,
    /// A login of Level 1 at a service.
    pub(crate) single: Option<Single>,
}

impl Session {
    /// Returns a session of the same cookie, in which nothing was done.
    pub(crate) fn empty(&self) -> Self {
        Self { salt: self.salt.clone(), ..Self::default() }
    }
}

/// A second factor that was shown in a session.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Second {
    pub(crate) authenticator: u32,
    pub(crate) at: u64,
    /// The level of the login: 1 to 3.
    pub(crate) level: u8,
    pub(crate) amr: Vec<String>,
}

impl Record for Session {
    const KIND: &'static str = "session";
}

fn new_salt() -> Result<String, Outage> {
    Ok(base16ct::lower::encode_string(&Cookie::random()?.0))
}

/// A session with the cookie of its browser.
pub(crate) struct Browser {
    cookie: Cookie,
    pub(crate) session: Session,
}

impl Browser {
    /// Returns the session of a request, or a new one.
    ///
    /// A session in which nothing was done is not stored. Its cookie is enough for the forms of its pages, and is
    /// replaced after the password.
    pub(crate) async fn of(records: &Records, headers: &HeaderMap, now: UnixTime) -> Result<Self, Outage> {
        let mut cookie = Cookie::read(headers, &NAMES);
        while let Some(held) = cookie.take() {
            let Some(session) = records.load::<Session>(&held.hash("session"), now).await? else {
                return Self::start(held);
            };
            match session.moved {
                None => return Ok(Self { cookie: held, session }),
                Some(at) if now.as_secs().saturating_sub(at) <= MOVING_SECS => cookie = Some(held.next(&session.salt)),
                Some(_) => {}
            }
        }
        Self::start(Cookie::random()?)
    }

    fn start(cookie: Cookie) -> Result<Self, Outage> {
        Ok(Self { cookie, session: Session { salt: new_salt()?, ..Session::default() } })
    }

    /// Starts a session with another cookie. Only the language stays.
    pub(crate) fn start_again(&mut self) -> Result<(), Outage> {
        let language = self.session.language.take();
        *self = Self::start(Cookie::random()?)?;
        self.session.language = language;
        Ok(())
    }

    /// Stores the session.
    pub(crate) async fn keep(&self, records: &Records, now: UnixTime) -> Result<(), Outage> {
        // The request of a login that takes too long is needed for the answer to the service.
        let is_long = self.session.second.is_some() || self.session.single.is_some() || self.session.request.is_some();
        let secs = if is_long { SESSION_SECS } else { LOGIN_SECS };
        let session = &self.session;
        let keep = |_: Option<Session>| (Some(Kept::until(now.saturating_add(secs), session.clone())), ());
        records.change(&self.cookie.hash("session"), now, keep).await
    }

    /// Stores the session under another cookie, after a step that proves something: whoever knows the old cookie does not
    /// have the new session.
    ///
    /// The next cookie follows from the old one and its salt. The second of two clicks therefore leads to the same
    /// session, for some seconds.
    pub(crate) async fn renew(&mut self, records: &Records, now: UnixTime) -> Result<(), Outage> {
        let old = self.cookie.hash("session");
        self.cookie = self.cookie.next(&self.session.salt);
        let moved = Session {
            salt: std::mem::replace(&mut self.session.salt, new_salt()?),
            moved: Some(now.as_secs()),
            ..Session::default()
        };
        self.keep(records, now).await?;
        let keep = |_: Option<Session>| (Some(Kept::until(now.saturating_add(MOVING_SECS + 1), moved.clone())), ());
        records.change(&old, now, keep).await
    }

    pub(crate) async fn end(&self, records: &Records, now: UnixTime) -> Result<(), Outage> {
        records.remove::<Session>(&self.cookie.hash("session"), now).await
    }

    /// Returns the account of the person.
    pub(crate) fn account(&self) -> Result<AccountId, Outage> {
        let person = self.session.person.as_deref().ok_or(Outage("no_person"))?;
        Ok(AccountId::new(person)?)
    }

    /// Returns the login of this session. It has a secret of its own, since the cookie travels with each request.
    pub(crate) fn login(&self) -> Result<Transaction, Outage> {
        Ok(Transaction::new(self.cookie.hash("transaction").as_bytes())?)
    }

    /// Returns the value that each form of this session has, so that no other site can send one.
    pub(crate) fn form_token(&self) -> String {
        self.cookie.hash("form")
    }

    pub(crate) fn header(&self, is_secure: bool) -> String {
        self.cookie.header(&NAMES, is_secure)
    }
}
