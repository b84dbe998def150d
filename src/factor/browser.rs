use alloc::vec::Vec;
use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use cmov::{Cmov, Condition};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::kind::{Kept, Kind};
use crate::ct::declassify::{declassify, public};
use crate::ct::select::is_equal;
use crate::decision::Stage;
use crate::policy::Policy;
use crate::types::{SecretText, UnixTime};

const LABEL: &[u8] = b"secondo browser";

/// A remembered browser, which has a token in a cookie.
///
/// | field                                              | length in bytes |
/// |----------------------------------------------------|-----------------|
/// | hash of the token                                  | 16              |
/// | hash of the token before it                        | 16              |
/// | time until which the token before it is recognized | 5               |
/// | expiry                                             | 5               |
#[derive(Clone, Copy, Debug)]
pub(crate) struct Browser {
    token: TokenHash,
    previous: TokenHash,
    /// The time in seconds, a number that can be replaced without a branch. The token is not replaced before.
    previous_until: u64,
    pub(crate) expires: UnixTime,
}

/// The start of the hash of a token.
type TokenHash = [u8; 16];

/// A token for the cookie of a browser, from 32 random bytes.
pub(crate) struct Token {
    text: SecretText,
    hash: TokenHash,
}

impl Token {
    /// The length in characters of base64url.
    const LEN: usize = 43;

    pub(crate) fn new(random: &[u8; 32]) -> Self {
        let mut ascii = Zeroizing::new([0; Self::LEN]);
        // 32 bytes fill 43 characters, so this cannot fail. A text of another length is never recognized.
        let text = Base64UrlUnpadded::encode(random, ascii.as_mut_slice()).unwrap_or_default();
        Self { text: SecretText::new(text.into()), hash: hash(text) }
    }

    pub(crate) fn into_text(self) -> SecretText {
        self.text
    }
}

/// Returns the start of the hash of a token. 128 bits of it are as hard to match as 128 random bits to guess.
fn hash(token: &str) -> TokenHash {
    let hash = Sha256::new().chain_update(LABEL).chain_update(token).finalize();
    hash.first_chunk().copied().unwrap_or_default()
}

/// The hash of a text that may be the token of a browser.
pub(crate) struct Presented(TokenHash);

impl Presented {
    /// Returns `None` for a text of another length than that of a token.
    pub(crate) fn new(text: &str) -> Option<Self> {
        (text.len() == Token::LEN).then(|| Self(hash(text)))
    }
}

impl Browser {
    /// The number of seconds for which a token is recognized after it was replaced.
    const PREVIOUS_SECS: u64 = 60;

    pub(crate) fn new(token: &Token, days: BrowserDays, now: UnixTime) -> Self {
        let token = token.hash;
        let expires = now.saturating_add(u64::from(days.0) * 24 * 60 * 60);
        Self { token, previous: token, previous_until: now.as_secs(), expires }
    }

    /// Returns 1 if the text is the token, or the one before it while that is recognized, otherwise 0.
    pub(crate) fn has(&self, presented: &Presented, now: UnixTime) -> Condition {
        let is_previous = is_equal(&self.previous, &presented.0) & u8::from(self.has_previous(now));
        is_equal(&self.token, &presented.0) | is_previous
    }

    /// Replaces the token if the text is the token, unless it is one that has just replaced another. Returns 1 if it is
    /// replaced, otherwise 0.
    ///
    /// A second replacement within the minute would end the token before, which another tab may still send.
    pub(crate) fn replace(&mut self, presented: &Presented, next: &Token, now: UnixTime) -> Condition {
        let is_replaced = is_equal(&self.token, &presented.0) & u8::from(!self.has_previous(now));
        let until = now.saturating_add(Self::PREVIOUS_SECS).as_secs();
        self.previous.cmovnz(&self.token, is_replaced);
        self.token.cmovnz(&next.hash, is_replaced);
        self.previous_until.cmovnz(&until, is_replaced);
        is_replaced
    }

    /// Returns `true` if the token before it is still recognized. This is public.
    fn has_previous(&self, now: UnixTime) -> bool {
        // A much longer time comes from a machine whose clock was ahead.
        let most = now.saturating_add(2 * Self::PREVIOUS_SECS).as_secs();
        now.as_secs() < self.previous_until && self.previous_until <= most
    }

    pub(super) const fn copied(&self) -> Self {
        *self
    }
}

impl Kept for Browser {
    fn kind(&self) -> Kind {
        Kind::Browser
    }

    fn encoded_len(&self) -> usize {
        16 + 16 + 5 + 5
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.token);
        bytes.extend(self.previous);
        let [_, _, _, previous_until @ ..] = self.previous_until.to_be_bytes();
        bytes.extend(previous_until);
        bytes.extend(self.expires.to_be_bytes());
    }

    fn decode(bytes: &mut [u8]) -> Result<Self, usize> {
        let (token, rest) = bytes.split_first_chunk_mut().ok_or(0_usize)?;
        let (previous, rest) = rest.split_first_chunk_mut().ok_or(16_usize)?;
        let (token, previous) = (*token, *previous);
        declassify(rest);
        let (previous_until, expires) = rest.split_first_chunk().ok_or(32_usize)?;
        let expires = expires.try_into().map_err(|_| 32_usize)?;
        let previous_until = UnixTime::from_be_bytes(*previous_until).ok_or(32_usize)?.as_secs();
        let expires = UnixTime::from_be_bytes(expires).ok_or(37_usize)?;
        Ok(Self { token, previous, previous_until, expires })
    }

    fn takes(&self, _: Stage) -> bool {
        false
    }

    fn expires(&self) -> Option<UnixTime> {
        Some(self.expires)
    }

    fn is_authenticator(&self) -> bool {
        false
    }

    /// Does nothing: the token of the backup is recognized again. A browser is no second factor.
    fn after_restore(&mut self, _: &Policy, _: UnixTime) {}

    fn shares_secret(&self, other: &Self) -> bool {
        public(is_equal(&self.token, &other.token) != 0)
    }
}

/// The number of days for which a browser is remembered: 1 to 90.
///
/// ```
/// use secondo::factor::{BrowserDays, BrowserDaysError};
///
/// assert_eq!(BrowserDays::new(30)?.get(), 30);
/// assert_eq!(BrowserDays::new(91), Err(BrowserDaysError { found: 91 }));
/// # Ok::<(), BrowserDaysError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrowserDays(u8);

impl BrowserDays {
    /// The largest number of days.
    pub const MAX: u8 = 90;

    /// Creates the value from the number.
    ///
    /// # Errors
    ///
    /// Returns [`BrowserDaysError`] if the number is not 1 to [`Self::MAX`].
    pub const fn new(days: u8) -> Result<Self, BrowserDaysError> {
        match days {
            1..=Self::MAX => Ok(Self(days)),
            _ => Err(BrowserDaysError { found: days }),
        }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A number of days that is not 1 to 90.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrowserDaysError {
    /// The number.
    pub found: u8,
}

impl BrowserDaysError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "browser_days"
    }
}

impl fmt::Display for BrowserDaysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a browser must be remembered for 1 to {} days, not {}", BrowserDays::MAX, self.found)
    }
}

impl core::error::Error for BrowserDaysError {}
