use alloc::vec::Vec;

use super::enrollment_code::EnrollmentCode;
use super::set::LookUp;
use crate::ct::declassify::declassify;
use crate::decision::Stage;
use crate::factor::kind::{Kept, Kind};
use crate::types::{Tag, Transaction, UnixTime};

/// An enrollment code in an account.
///
/// | field                                              | length in bytes |
/// |----------------------------------------------------|-----------------|
/// | expiry                                             | 5               |
/// | 0 before the code was used, 1 after                | 1               |
/// | hash of the transaction in which it was used       | 16              |
/// | set of one code                                    | see [`LookUp`]  |
///
/// The account does not compare answers for logins with it: see `account::enroll_with_code`.
#[derive(Debug)]
pub(crate) struct IssuedCode {
    pub(crate) set: LookUp,
    pub(crate) expires: UnixTime,
    /// The transaction in which it was used.
    login: Option<Tag>,
}

impl IssuedCode {
    const FIXED_LEN: usize = 5 + 1 + 16;

    pub(crate) fn new(code: &EnrollmentCode, now: UnixTime) -> Self {
        Self { set: code.to_set(), expires: now.saturating_add(code.validity_secs.into()), login: None }
    }

    /// Returns `true` if the code was used in another transaction.
    pub(crate) fn is_used_elsewhere(&self, login: &Transaction) -> bool {
        self.login.is_some_and(|used_in| !login.is(&used_in))
    }

    /// Binds the code to the transaction in which it is used.
    pub(crate) fn use_in(&mut self, login: &Transaction) {
        self.login = Some(*login.hash());
    }

    /// Erases the code.
    pub(crate) fn end(&mut self) {
        self.set.end();
        self.expires = UnixTime::EPOCH;
    }

    pub(crate) fn copied(&self) -> Self {
        Self { set: self.set.copied(), ..*self }
    }
}

impl Kept for IssuedCode {
    fn kind(&self) -> Kind {
        Kind::EnrollmentCode
    }

    fn encoded_len(&self) -> usize {
        Self::FIXED_LEN + self.set.encoded_len()
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.expires.to_be_bytes());
        bytes.push(u8::from(self.login.is_some()));
        bytes.extend(self.login.unwrap_or_default());
        self.set.encode(bytes);
    }

    fn decode(bytes: &mut [u8]) -> Result<Self, usize> {
        let (fixed, set) = bytes.split_first_chunk_mut::<{ Self::FIXED_LEN }>().ok_or(0_usize)?;
        declassify(fixed);
        let [e0, e1, e2, e3, e4, is_used, login @ ..] = *fixed;
        let expires = UnixTime::from_be_bytes([e0, e1, e2, e3, e4]).ok_or(0_usize)?;
        let login = match is_used {
            0 => None,
            1 => Some(login),
            _ => return Err(5),
        };
        let set = LookUp::decode(set).map_err(|at| Self::FIXED_LEN + at)?;
        Ok(Self { set, expires, login })
    }

    /// Ends the code when the authenticator is confirmed that was enrolled with it.
    fn end_questions(&mut self, login: &Transaction) {
        if self.login.is_some_and(|used_in| login.is(&used_in)) {
            self.end();
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

    fn restart(&mut self) {
        self.set.restart();
    }

    /// Returns `false`: an account has one code only.
    fn shares_secret(&self, _: &Self) -> bool {
        false
    }
}
