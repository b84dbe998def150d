//! The cookie of a session.

use axum::http::{HeaderMap, header};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};

use crate::outage::Outage;

/// A secret of 32 bytes that a browser holds. The records have only its hash.
pub(crate) struct Cookie(pub(crate) [u8; 32]);

impl Cookie {
    pub(crate) fn random() -> Result<Self, Outage> {
        let mut secret = [0; 32];
        SysRng.try_fill_bytes(&mut secret)?;
        Ok(Self(secret))
    }

    /// Returns the cookie with the name for HTTPS or for loopback. On HTTPS, another site of the domain may have set
    /// one with the other name.
    pub(crate) fn read(headers: &HeaderMap, [on_https, on_loopback]: &[&str; 2], is_secure: bool) -> Option<Self> {
        let wanted = if is_secure { on_https } else { on_loopback };
        let cookies = headers.get(header::COOKIE)?.to_str().ok()?.split("; ");
        let value = cookies.filter_map(|cookie| cookie.split_once('=')).find(|(name, _)| name == wanted)?.1;
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

    /// Returns the id of a procedure that a session with this cookie begins.
    pub(crate) fn procedure(&self) -> String {
        self.hash("procedure").chars().take(32).collect()
    }
}
