use cmov::Cmov;

use super::attempt::Refused;
use super::entry::{MAX_BROWSERS, Status};
use super::error::AccountError;
use super::subscriber::Account;
use crate::ct::declassify::public;
use crate::decision::Refusal;
use crate::factor::{Browser, Factor, NewAuthenticator, Presented, Token};
use crate::policy::Policy;
use crate::types::{AuthenticatorNumber, DisplayName, UnixTime};

/// A browser that an account remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrowserView {
    /// Its number in the account, by which it can be renamed, suspended and revoked like an authenticator.
    pub number: AuthenticatorNumber,
    /// The name that the provider gave it.
    pub name: DisplayName,
    /// Its status, which is never unconfirmed.
    pub status: Status,
    /// The time at which it was remembered.
    pub added: UnixTime,
    /// The time at which it was remembered or its token was last replaced.
    pub last_used: UnixTime,
    /// The time from which it is not recognized.
    pub expires: UnixTime,
}

/// A browser that was recognized.
pub(crate) struct Recalled {
    pub(crate) number: AuthenticatorNumber,
    /// The time in seconds.
    pub(crate) expires: u64,
    /// `true` if the token was replaced, so that the account must be stored.
    pub(crate) is_replaced: bool,
}

impl Account {
    /// Adds a browser, and returns its number and that of the browser that gave way to it.
    pub(crate) fn remember(
        &mut self,
        browser: Browser,
        name: DisplayName,
        policy: &Policy,
        now: UnixTime,
    ) -> Result<(AuthenticatorNumber, Option<AuthenticatorNumber>), AccountError> {
        self.end_expired(now);
        let browsers = || self.entries.iter().filter(|entry| matches!(*entry.factor, Factor::Browser(_)));
        let oldest = browsers().min_by_key(|entry| entry.last_used).filter(|_| browsers().count() >= MAX_BROWSERS);
        let replaced = oldest.map(|entry| entry.number);
        self.entries.retain(|entry| Some(entry.number) != replaced);
        let mut entry = self.new_entry(&NewAuthenticator { factor: Factor::Browser(browser), name }, now)?;
        entry.last_used = now.as_secs();
        let number = self.add(entry, policy)?;
        self.changed();
        Ok((number, replaced))
    }

    /// Recognizes a browser by its token, and replaces the token by the next one.
    ///
    /// Until the verdict, neither a branch nor a memory address depends on the browser that has the token. Suspensions
    /// and expiries are public.
    pub(crate) fn recall(
        &mut self,
        presented: Option<&Presented>,
        next: &Token,
        now: UnixTime,
    ) -> Result<Recalled, Refused> {
        if self.is_suspended {
            return Err(Refused::Refusal(Refusal::Suspended));
        }
        let presented = presented.ok_or(Refused::Account(AccountError::UnknownBrowser))?;
        let (mut number, mut expires) = (0, 0);
        let (mut is_known, mut is_replaced, mut is_suspended, mut is_expired) = (0, 0, 0, 0);
        for entry in &mut self.entries {
            let is_active = entry.is_active();
            let Factor::Browser(browser) = &mut *entry.factor else { continue };
            let has_token = browser.has(presented, now);
            if !is_active {
                is_suspended |= has_token;
            } else if now >= browser.expires {
                is_expired |= has_token;
            } else {
                let replaces = browser.replace(presented, next, now);
                entry.last_used.cmovnz(&now.as_secs(), replaces);
                number.cmovnz(&entry.number.get(), has_token);
                expires.cmovnz(&browser.expires.as_secs(), has_token);
                is_known |= has_token;
                is_replaced |= replaces;
            }
        }
        if public(is_known != 0) {
            let is_replaced = public(is_replaced != 0);
            if is_replaced {
                self.changed();
            }
            return Ok(Recalled { number: AuthenticatorNumber::new(number), expires, is_replaced });
        }
        Err(match (public(is_suspended != 0), public(is_expired != 0)) {
            (true, _) => Refused::Refusal(Refusal::Suspended),
            (false, true) => Refused::Account(AccountError::BrowserExpired),
            (false, false) => Refused::Account(AccountError::UnknownBrowser),
        })
    }
}
