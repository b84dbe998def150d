use axum::http::{HeaderMap, header};
use deadpool_postgres::Pool;
use rand::TryRng;
use rand::rngs::SysRng;
use secondo::{AccountId, AuthenticatorNumber, UnixTime};
use sha2::{Digest, Sha256};

use crate::outage::Outage;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS person (
        name text PRIMARY KEY,
        account text NOT NULL UNIQUE,
        password text NOT NULL, -- argon2id
        second_factor_since bigint -- the fact beside the password: with it, a missing account is an outage
    );
    CREATE TABLE IF NOT EXISTS session (
        cookie bytea PRIMARY KEY, -- a hash of the cookie, which after the code is a hash of the transaction
        account text NOT NULL REFERENCES person (account),
        device bigint, -- the device of the login; null from the password to the code
        enrolling bigint, -- the first device, which is to be confirmed
        salt text NOT NULL DEFAULT gen_random_uuid(),
        expires bigint NOT NULL
    );";

/// The names of the cookie on HTTPS, where no other site of the domain can set it, and on loopback.
const NAMES: [&str; 2] = ["__Host-login", "login"];

/// A secret of 32 bytes that a browser holds. The database has only its hash.
pub(crate) struct Cookie(pub(crate) [u8; 32]);

impl Cookie {
    pub(crate) fn random() -> Result<Self, Outage> {
        let mut secret = [0; 32];
        SysRng.try_fill_bytes(&mut secret)?;
        Ok(Self(secret))
    }

    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let cookies = headers.get(header::COOKIE)?.to_str().ok()?.split("; ");
        let value = cookies.filter_map(|cookie| cookie.split_once('=')).find(|(name, _)| NAMES.contains(name))?.1;
        let mut secret = [0; 32];
        let decoded = base16ct::lower::decode(value, &mut secret).ok()?;
        (decoded.len() == 32).then_some(Self(secret))
    }

    /// Returns the header that sets the cookie in the browser.
    pub(crate) fn header(&self, is_secure: bool) -> String {
        let [name, secure] = if is_secure { [NAMES[0], "; Secure"] } else { [NAMES[1], ""] };
        format!("{name}={}; Path=/; HttpOnly; SameSite=Lax{secure}", base16ct::lower::encode_string(&self.0))
    }

    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0).to_vec()
    }
}

/// A session of a browser: a person whose password was right and, once there is a device, also the code.
pub(crate) struct Session {
    pub(crate) cookie: Cookie,
    pub(crate) name: String,
    pub(crate) account: AccountId,
    pub(crate) device: Option<AuthenticatorNumber>,
    pub(crate) enrolling: Option<AuthenticatorNumber>,
    salt: String,
}

impl Session {
    pub(crate) async fn load(pool: &Pool, headers: &HeaderMap, now: UnixTime) -> Result<Option<Self>, Outage> {
        let Some(cookie) = Cookie::read(headers) else { return Ok(None) };
        let select = "SELECT name, account, device, enrolling, salt FROM session JOIN person USING (account)
            WHERE cookie = $1 AND expires > $2";
        let Some(row) = pool.get().await?.query_opt(select, &[&cookie.hash(), &after(now, 0)]).await? else {
            return Ok(None);
        };
        let number = |number: Option<i64>| number.map(AuthenticatorNumber::try_from).transpose();
        Ok(Some(Self {
            cookie,
            name: row.try_get(0)?,
            account: AccountId::new(row.try_get(1)?)?,
            device: number(row.try_get(2)?)?,
            enrolling: number(row.try_get(3)?)?,
            salt: row.try_get(4)?,
        }))
    }

    /// Returns the cookie of the session that the code opens.
    ///
    /// It is a hash of the transaction, so a form that is sent twice leads to one session. Because of the salt, the
    /// cookie of before does not suffice to compute it.
    pub(crate) fn next_cookie(&self) -> Cookie {
        Cookie(Sha256::new().chain_update(self.cookie.0).chain_update(&self.salt).finalize().into())
    }
}

/// Returns a time in seconds, as the tables have it.
pub(crate) fn after(now: UnixTime, secs: i64) -> i64 {
    i64::from(now) + secs
}
