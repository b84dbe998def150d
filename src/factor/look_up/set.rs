use alloc::vec::Vec;
use core::fmt;

use cmov::Cmov;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use super::hash::{Hash, Hashing};
use super::left::RecoveryCodesLeft;
use super::text::Entered;
use crate::codes::search::Match;
use crate::ct::declassify::declassify;
use crate::ct::select::is_equal;
use crate::decision::{Attempts, Hold, HoldPart, Stage};
use crate::factor::kind::{Kept, Kind};
use crate::policy::Policy;
use crate::types::{MalformedCode, UnixTime};

/// A set of recovery codes in an account.
///
/// | field                                                        | length in bytes |
/// |--------------------------------------------------------------|-----------------|
/// | form of the codes                                            | 1               |
/// | characters of each code, or 0 if the codes differ in length  | 1               |
/// | bits of entropy of each code                                 | 1               |
/// | iterations of PBKDF2, or 0 for a fast hash                   | 4               |
/// | failures, failures since the last lock, doublings, hold      | 1, 1, 1, 1      |
/// | end of the hold, end of the last lock                        | 5, 5            |
/// | used codes, a bit for each, the first code's lowest          | 2               |
/// | salt                                                         | 16              |
/// | hash of each code                                            | 16 each         |
///
/// The account does not compare answers for logins with it: see `account::recover`.
pub(crate) struct LookUp {
    form: Form,
    len: u8,
    bits: u8,
    hashing: Hashing,
    /// The failures of a set that has a count of its own. Otherwise the account counts.
    pub(crate) attempts: Attempts,
    used: u16,
    /// The hashes, or none if the set has ended.
    hashes: Zeroizing<Vec<Hash>>,
}

/// The form in which codes are hashed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The text of a code with a check symbol.
    Checked = 0,
    /// The text of a code of another system.
    Text = 1,
    /// The SHA-512 hash of the text.
    Sha512 = 2,
}

impl LookUp {
    /// The maximum number of codes in a set.
    pub(super) const MAX_CODES: usize = 16;
    /// The entropy in bits from which a set has a count of its own (NIST SP 800-63B-4 section 3.1.2.2).
    const COUNT_BITS: u8 = 64;
    /// The length of the stored form without hashes.
    const FIXED_LEN: usize = 3 + 4 + 4 + 5 + 5 + 2 + 16;

    pub(super) fn new(form: Form, len: usize, bits: u8, hashing: Hashing, hashes: impl Iterator<Item = Hash>) -> Self {
        let len = u8::try_from(len).unwrap_or(0);
        Self { form, len, bits, hashing, attempts: Attempts::NONE, used: 0, hashes: kept(hashes) }
    }

    /// Returns `true` if the set counts failures by itself. Shorter codes count on the account.
    pub(crate) const fn has_own_count(&self) -> bool {
        self.bits >= Self::COUNT_BITS
    }

    /// Returns the rules by which failures count, and the count: the set's own, or that of the account.
    pub(crate) const fn count<'a>(
        &'a self,
        policy: &'a Policy,
        of_account: &'a Attempts,
    ) -> (&'a Policy, &'a Attempts) {
        if self.has_own_count() { (&Policy::RECOVERY, &self.attempts) } else { (policy, of_account) }
    }

    /// Compares a code with all codes of the set, used ones included. It is hashed once.
    pub(crate) fn search(&self, entered: &Entered) -> Result<Match, MalformedCode> {
        let hash = self.hash(entered)?;
        let mut found = Match::default();
        for (at, kept) in (0..).zip(&*self.hashes) {
            found.add(at, is_equal(kept, &hash), self.is_used(at));
        }
        Ok(found)
    }

    fn hash(&self, entered: &Entered) -> Result<Hash, MalformedCode> {
        let len = usize::from(self.len);
        if self.form == Form::Checked {
            let canonical = entered.checked(len)?;
            return Ok(self.hashing.hash(canonical.get(..len).unwrap_or_default()));
        }
        let characters = entered.characters();
        if characters.is_empty() || self.len != 0 && characters.len() != len {
            return Err(MalformedCode::RecoveryLength { expected: len, found: entered.len() });
        }
        Ok(match self.form {
            Form::Sha512 => self.hashing.hash(&Sha512::digest(characters)),
            Form::Checked | Form::Text => self.hashing.hash(characters),
        })
    }

    /// Marks the code of a fresh match as used. Neither a branch nor a memory address depends on the match.
    pub(crate) fn use_up(&mut self, found: &Match) {
        for at in 0..Self::MAX_CODES as u64 {
            let used = self.used | 1 << at;
            self.used.cmovnz(&used, found.fresh() & u8::from(found.counter().get() == at));
        }
    }

    /// Returns the number of codes that are not used. Which ones they are stays secret.
    pub(crate) fn codes_left(&self) -> RecoveryCodesLeft {
        let mut left = [0];
        for (at, _) in (0..).zip(&*self.hashes) {
            left = left.map(|left: u8| left + (self.is_used(at) ^ 1));
        }
        declassify(&mut left);
        let [left] = left;
        RecoveryCodesLeft(left)
    }

    /// Erases all codes.
    pub(crate) fn end(&mut self) {
        self.hashes = Zeroizing::new(Vec::new());
        self.used = 0;
    }

    pub(crate) fn copied(&self) -> Self {
        Self { hashes: kept(self.hashes.iter().copied()), ..*self }
    }

    /// Returns 1 if the code at this place is used, otherwise 0. It is still secret.
    fn is_used(&self, at: u64) -> u8 {
        (self.used >> at & 1).to_le_bytes()[0]
    }
}

/// Collects hashes. Reallocation would leave copies behind.
fn kept(hashes: impl Iterator<Item = Hash>) -> Zeroizing<Vec<Hash>> {
    let mut kept = Zeroizing::new(Vec::with_capacity(LookUp::MAX_CODES));
    kept.extend(hashes.take(LookUp::MAX_CODES));
    kept
}

impl Kept for LookUp {
    fn kind(&self) -> Kind {
        Kind::LookUp
    }

    fn encoded_len(&self) -> usize {
        Self::FIXED_LEN + self.hashes.as_flattened().len()
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        let Attempts { failures, since_lock, hold, lock_ended, lock_doublings } = self.attempts;
        let (hold, until) = hold.to_parts();
        bytes.extend([self.form as u8, self.len, self.bits]);
        bytes.extend(self.hashing.rounds.to_be_bytes());
        bytes.extend([failures, since_lock, lock_doublings, hold]);
        bytes.extend(until.to_be_bytes());
        bytes.extend(lock_ended.to_be_bytes());
        bytes.extend(self.used.to_be_bytes());
        bytes.extend(self.hashing.salt);
        bytes.extend(self.hashes.as_flattened());
    }

    fn decode(bytes: &mut [u8]) -> Result<Self, usize> {
        let length = bytes.len();
        let (parameters, rest) = bytes.split_first_chunk_mut::<11>().ok_or(length)?;
        declassify(parameters);
        let [form, len, bits, rounds @ .., failures, since_lock, lock_doublings, hold] = *parameters;
        let form = match form {
            0 => Form::Checked,
            1 => Form::Text,
            2 => Form::Sha512,
            _ => return Err(0),
        };
        let rounds = u32::from_be_bytes(rounds);
        if rounds > Hashing::MAX_ROUNDS {
            return Err(3);
        }
        if since_lock > failures {
            return Err(8);
        }
        let (times, rest) = rest.split_first_chunk_mut::<10>().ok_or(length)?;
        declassify(times);
        let [u0, u1, u2, u3, u4, ended @ ..] = *times;
        let until = UnixTime::from_be_bytes([u0, u1, u2, u3, u4]).ok_or(11_usize)?;
        let hold = Hold::from_parts(hold, until).map_err(|part| match part {
            HoldPart::Kind => 10_usize,
            HoldPart::Until => 11,
        })?;
        let lock_ended = UnixTime::from_be_bytes(ended).ok_or(16_usize)?;
        let (used, rest) = rest.split_first_chunk().ok_or(length)?;
        let (salt, rest) = rest.split_first_chunk().ok_or(length)?;
        let (hashes, []) = rest.as_chunks() else { return Err(length) };
        if hashes.len() > Self::MAX_CODES {
            return Err(length);
        }
        Ok(Self {
            form,
            len,
            bits,
            hashing: Hashing { salt: *salt, rounds },
            attempts: Attempts { failures, since_lock, hold, lock_ended, lock_doublings },
            used: u16::from_be_bytes(*used),
            hashes: kept(hashes.iter().copied()),
        })
    }

    fn counts_for_aal2(&self) -> bool {
        /// The entropy in bits of six decimal digits, which a look-up secret needs (NIST SP 800-63B-4 section 3.1.2.1).
        const LEAST_BITS: u8 = 20;

        self.bits >= LEAST_BITS
    }

    fn takes(&self, _: Stage) -> bool {
        false
    }

    fn can_be_last(&self) -> bool {
        false
    }

    fn is_single(&self) -> bool {
        true
    }

    /// Does nothing: which codes were used since the backup cannot be known, and a set without codes would be no
    /// recovery.
    fn after_restore(&mut self, _: &Policy, _: UnixTime) {}

    fn restart(&mut self) {
        // A set that has ended stays locked: it has no codes that could be compared.
        if !self.hashes.is_empty() {
            self.attempts.restart();
        }
    }

    /// Returns `false`: an account has one set only.
    fn shares_secret(&self, _: &Self) -> bool {
        false
    }
}

impl fmt::Debug for LookUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LookUp({} codes of {} bits)", self.hashes.len(), self.bits)
    }
}
