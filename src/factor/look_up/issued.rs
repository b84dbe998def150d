use alloc::vec::Vec;

use super::enrollment_code::EnrollmentCode;
use super::hash::{Hash, Hashing};
use super::text::Entered;
use crate::ct::declassify::{declassify, public};
use crate::ct::select::is_equal;
use crate::decision::Stage;
use crate::factor::kind::{Kept, Kind};
use crate::policy::Policy;
use crate::types::{MalformedCode, Tag, Transaction, UnixTime};

/// An enrollment code in an account.
///
/// | field                                              | length in bytes |
/// |----------------------------------------------------|-----------------|
/// | expiry                                             | 5               |
/// | 0 before the code was used, 1 after                | 1               |
/// | hash of the transaction in which it was used       | 16              |
/// | salt                                               | 16              |
/// | hash of the code                                   | 16              |
///
/// The account does not compare answers for logins with it: see `account::enroll_with_code`.
pub(crate) struct IssuedCode {
    pub(crate) expires: UnixTime,
    /// The transaction in which it was used.
    login: Option<Tag>,
    hashing: Hashing,
    hash: Hash,
}

impl IssuedCode {
    pub(crate) fn new(code: &EnrollmentCode, now: UnixTime) -> Self {
        let (hashing, hash) = code.hashed();
        Self { expires: now.saturating_add(code.validity_secs.into()), login: None, hashing, hash }
    }

    /// Returns `true` if the code can be used.
    ///
    /// One that would last longer than any comes from a clock that was ahead.
    pub(crate) fn is_live(&self, now: UnixTime) -> bool {
        /// The number of seconds by which the clocks of machines may differ.
        const SKEW: u64 = 60;

        now < self.expires && self.expires <= now.saturating_add(EnrollmentCode::MAX_VALIDITY.as_secs() + SKEW)
    }

    /// Returns `true` if the text is the code.
    pub(crate) fn is(&self, entered: &Entered) -> Result<bool, MalformedCode> {
        let canonical = entered.checked(EnrollmentCode::LEN)?;
        let code = canonical.get(..EnrollmentCode::LEN).unwrap_or_default();
        Ok(public(is_equal(&self.hashing.hash(code), &self.hash) != 0))
    }

    /// Returns the hash of the transaction in which the code was used.
    pub(crate) const fn used_in(&self) -> Option<&Tag> {
        self.login.as_ref()
    }

    /// Binds the code to the transaction in which it is used.
    pub(crate) fn use_in(&mut self, login: &Transaction) {
        self.login = Some(*login.hash());
    }

    pub(crate) const fn copied(&self) -> Self {
        Self { ..*self }
    }
}

impl Kept for IssuedCode {
    fn kind(&self) -> Kind {
        Kind::EnrollmentCode
    }

    fn encoded_len(&self) -> usize {
        5 + 1 + 16 + 16 + 16
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.expires.to_be_bytes());
        bytes.push(u8::from(self.login.is_some()));
        bytes.extend(self.login.unwrap_or_default());
        bytes.extend(self.hashing.salt);
        bytes.extend(self.hash);
    }

    fn decode(bytes: &mut [u8]) -> Result<Self, usize> {
        let length = bytes.len();
        let (public, hash) = bytes.split_first_chunk_mut::<38>().ok_or(length)?;
        declassify(public);
        let [e0, e1, e2, e3, e4, is_used, rest @ ..] = *public;
        let ([login, salt], []) = rest.as_chunks::<16>() else { return Err(length) };
        let expires = UnixTime::from_be_bytes([e0, e1, e2, e3, e4]).ok_or(0_usize)?;
        let login = match is_used {
            0 => None,
            1 => Some(*login),
            _ => return Err(5),
        };
        let hash = (&*hash).try_into().map_err(|_| length)?;
        Ok(Self { expires, login, hashing: EnrollmentCode::hashing(*salt), hash })
    }

    /// Ends the code when the authenticator is confirmed that was enrolled with it.
    fn end_questions(&mut self, login: &Transaction) {
        if self.login.is_some_and(|used_in| login.is(&used_in)) {
            self.expires = UnixTime::EPOCH;
        }
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

    fn is_single(&self) -> bool {
        true
    }

    /// Does nothing: the account ends the code, with the enrollment that it began.
    fn after_restore(&mut self, _: &Policy, _: UnixTime) {}

    /// Returns `false`: an account has one code only.
    fn shares_secret(&self, _: &Self) -> bool {
        false
    }
}

impl core::fmt::Debug for IssuedCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("IssuedCode(..)")
    }
}
