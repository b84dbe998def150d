//! The bytes of an account. All numbers are big-endian, times have 5 bytes.
//!
//! | part           | fields, with their lengths in bytes                                                          |
//! |----------------|----------------------------------------------------------------------------------------------|
//! | account        | flags (1), failures (1), failures since the last lock (1), doublings of the lock (1), end of the hold (5), end of the last lock (5), time from which all enrollments are available (5), time from which all sends are available if the flags tell of it (5), last number (4), number of authenticators and browsers (1), these, the outcomes up to the end |
//! | one of these   | kind (1), number (4), status (1), enrollment if it is unconfirmed, added (5), last used (5), length of the name (1), name, length of the kind's own state (2), own state |
//! | enrollment     | hash of the transaction (16), expiry (5), failures (1)                                       |
//! | outcome        | hash of the transaction (16), hash of the answer (8), time (5), verdict (1), number (4) or remaining attempts, hold and its end (1, 1, 5) |
//!
//! A hold is 0 for none, 1 for a back-off, 2 for a lock with an end, and 3 for a lock without. The account's flags are
//! its hold, 4 if it is suspended, and 8 if codes were sent. The codes of kinds are in `factor::joint`, those of
//! statuses and verdicts below.

use alloc::vec::Vec;

use super::entry::{Enrollment, Entry, MAX_ENTRIES, Standing};
use super::outcomes::{Outcome, Outcomes, Verdict};
use super::record_error::RecordError;
use super::subscriber::Account;
use crate::ct::declassify::declassify;
use crate::decision::{Attempts, Hold, HoldPart, Refusal};
use crate::factor::Factor;
use crate::types::{AuthenticatorNumber, DisplayName, UnixTime};

/// The bit of the account's flags that is set if it is suspended.
const SUSPENDED: u8 = 1 << 2;
/// The bit that is set if codes were sent, so that the time of their limit follows.
const SENT: u8 = 1 << 3;

/// The statuses of an authenticator.
const UNCONFIRMED: u8 = 0;
const UNCONFIRMED_FIRST: u8 = 1;
const ACTIVE: u8 = 2;
const INACTIVE: u8 = 3;

/// The verdicts of an outcome.
const ACCEPTED: u8 = 0;
const DONE: u8 = 1;
const WRONG: u8 = 2;
const REPLAYED: u8 = WRONG + 1;

impl Account {
    /// The length of an account without authenticators and outcomes.
    const FIXED_LEN: usize = 1 + 3 + 5 + 5 + 5 + 4 + 1;

    /// The length of the time of the limit of sent codes.
    const SENDS_LEN: usize = 5;

    /// Writes the account.
    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        let Attempts { failures, since_lock, hold, lock_ended, lock_doublings } = self.attempts;
        let (hold, until) = hold.to_parts();
        let suspended = if self.is_suspended { SUSPENDED } else { 0 };
        let sent = if self.has_sent() { SENT } else { 0 };
        bytes.extend_from_slice(&[hold | suspended | sent, failures, since_lock, lock_doublings]);
        bytes.extend_from_slice(&until.to_be_bytes());
        bytes.extend_from_slice(&lock_ended.to_be_bytes());
        bytes.extend_from_slice(&self.enrollments_full.to_be_bytes());
        if self.has_sent() {
            bytes.extend_from_slice(&self.sends_full.to_be_bytes());
        }
        bytes.extend_from_slice(&self.last_number.to_be_bytes());
        bytes.push(u8::try_from(self.entries.len()).unwrap_or(u8::MAX));
        self.entries.iter().for_each(|entry| entry.encode(bytes));
        self.outcomes.iter().for_each(|outcome| outcome.encode(bytes));
    }

    /// Returns the length of the encoded account.
    pub(super) fn encoded_len(&self) -> usize {
        let outcomes = self.outcomes.iter().map(Outcome::encoded_len).sum::<usize>();
        self.len_without_outcomes() + outcomes
    }

    /// Returns the greatest length that the account has after any number of verifications.
    pub(super) fn reserved_len(&self) -> usize {
        let growth = |entry: &Entry| entry.factor.kept().reserved_len() - entry.factor.kept().encoded_len();
        let growth = self.entries.iter().map(growth).sum::<usize>();
        let growth = growth + if self.has_sent() { 0 } else { Self::SENDS_LEN };
        self.len_without_outcomes() + growth + Outcome::MOST * Outcome::MAX_LEN
    }

    fn len_without_outcomes(&self) -> usize {
        let sends = if self.has_sent() { Self::SENDS_LEN } else { 0 };
        Self::FIXED_LEN + sends + self.entries.iter().map(Entry::encoded_len).sum::<usize>()
    }

    fn has_sent(&self) -> bool {
        self.sends_full > UnixTime::EPOCH
    }

    /// Reads an account. `offset` is the offset of the bytes in the record, for errors.
    pub(super) fn decode(bytes: &mut [u8], offset: usize, revision: u64) -> Result<Self, RecordError> {
        let mut reader = Reader { rest: bytes, at: offset };
        let start = reader.at;
        let [flags, failures, since_lock, lock_doublings] = reader.array()?;
        if flags >= SENT << 1 {
            return Err(RecordError::Field { offset: start });
        }
        if since_lock > failures {
            return Err(RecordError::Field { offset: start + 2 });
        }
        let hold = reader.hold(flags & 0b11, start)?;
        let (lock_ended, enrollments_full) = (reader.time()?, reader.time()?);
        let at_sends = reader.at;
        let sends_full = if flags & SENT == 0 { UnixTime::EPOCH } else { reader.time()? };
        // A limit that was never used has no time, so that an account has one form.
        if flags & SENT != 0 && sends_full == UnixTime::EPOCH {
            return Err(RecordError::Field { offset: at_sends });
        }
        let last_number = u32::from_be_bytes(reader.array()?);
        let at_count = reader.at;
        let [count] = reader.array()?;
        if usize::from(count) > MAX_ENTRIES {
            return Err(RecordError::Field { offset: at_count });
        }
        let mut entries = Vec::with_capacity(count.into());
        let mut last = 0;
        for _ in 0..count {
            let at = reader.at;
            let entry = Entry::decode(&mut reader)?;
            // Numbers rise, and none is higher than the last one that was assigned.
            if entry.number.get() <= last || entry.number.get() > last_number {
                return Err(RecordError::Field { offset: at + 1 });
            }
            last = entry.number.get();
            entries.push(entry);
        }
        let mut outcomes = Outcomes::with_room();
        while !reader.rest.is_empty() {
            let length = RecordError::Length(reader.at + reader.rest.len());
            outcomes.add(Outcome::decode(&mut reader)?).ok_or(length)?;
        }
        Ok(Self {
            revision,
            is_suspended: flags & SUSPENDED != 0,
            attempts: Attempts { failures, since_lock, hold, lock_ended, lock_doublings },
            enrollments_full,
            sends_full,
            last_number,
            entries,
            outcomes,
        })
    }
}

impl Entry {
    fn encoded_len(&self) -> usize {
        let enrollment = if self.is_confirmed() { 0 } else { 16 + 5 + 1 };
        1 + 4 + 1 + enrollment + 5 + 5 + 1 + usize::from(self.name.len()) + 2 + self.factor.kept().encoded_len()
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.factor.code());
        bytes.extend_from_slice(&self.number.get().to_be_bytes());
        match self.standing {
            Standing::Unconfirmed => {
                let Enrollment { login, expires, failures, is_first } = self.enrollment;
                bytes.push(if is_first { UNCONFIRMED_FIRST } else { UNCONFIRMED });
                bytes.extend_from_slice(&login);
                bytes.extend_from_slice(&expires.to_be_bytes());
                bytes.push(failures);
            }
            Standing::Active => bytes.push(ACTIVE),
            Standing::Suspended => bytes.push(INACTIVE),
        }
        bytes.extend_from_slice(&self.added.to_be_bytes());
        let [_, _, _, last_used @ ..] = self.last_used.to_be_bytes();
        bytes.extend_from_slice(&last_used);
        bytes.push(self.name.len());
        bytes.extend_from_slice(self.name.as_bytes());
        let at = bytes.len();
        bytes.extend_from_slice(&[0; 2]);
        self.factor.kept().encode(bytes);
        let len = bytes.len() - at - 2;
        if let Some(slot) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *slot = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, RecordError> {
        let at_kind = reader.at;
        let [code] = reader.array()?;
        let number = AuthenticatorNumber::new(u32::from_be_bytes(reader.array()?));
        let at_status = reader.at;
        let [status] = reader.array()?;
        let mut enrollment = Enrollment::NONE;
        let standing = match status {
            UNCONFIRMED | UNCONFIRMED_FIRST => {
                let (login, expires, [failures]) = (reader.array()?, reader.time()?, reader.array()?);
                enrollment = Enrollment { login, expires, failures, is_first: status == UNCONFIRMED_FIRST };
                Standing::Unconfirmed
            }
            ACTIVE => Standing::Active,
            INACTIVE => Standing::Suspended,
            _ => return Err(RecordError::Field { offset: at_status }),
        };
        let added = reader.time()?;
        let last_used = reader.time()?.as_secs();
        let [name_len] = reader.array()?;
        let at_name = reader.at;
        let name = reader.take(name_len.into())?;
        declassify(name);
        let name = core::str::from_utf8(name).ok().and_then(|name| DisplayName::new(name).ok());
        let name = name.ok_or(RecordError::Field { offset: at_name })?;
        let own_len = u16::from_be_bytes(reader.array()?);
        let at_own = reader.at;
        let factor = Factor::decode(code, reader.take(own_len.into())?)
            .map_err(|at| RecordError::Field { offset: at.map_or(at_kind, |at| at_own + at) })?;
        if standing == Standing::Unconfirmed && !factor.kept().is_confirmed_by_answer() {
            return Err(RecordError::Field { offset: at_status });
        }
        Ok(Self { number, standing, enrollment, name, added, last_used, factor })
    }
}

impl Outcome {
    /// The length of the longest outcome.
    const MAX_LEN: usize = 16 + 8 + 5 + 1 + 7;

    fn encoded_len(&self) -> usize {
        match self.verdict {
            Verdict::Accepted(_) | Verdict::Done(_) => Self::MAX_LEN - 3,
            Verdict::Refused(_) => Self::MAX_LEN,
        }
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.login);
        bytes.extend_from_slice(&self.answer);
        bytes.extend_from_slice(&self.at.to_be_bytes());
        match self.verdict {
            Verdict::Refused(refusal) => {
                // A wrong code takes the same path as a used one.
                let (remaining, hold) = match refusal {
                    Refusal::Wrong { remaining, hold } | Refusal::Replayed { remaining, hold } => (remaining, hold),
                    _ => (0, Hold::None),
                };
                let (hold, until) = hold.to_parts();
                let replayed = u8::from(matches!(refusal, Refusal::Replayed { .. }));
                bytes.extend_from_slice(&[WRONG + replayed, remaining, hold]);
                bytes.extend_from_slice(&until.to_be_bytes());
            }
            Verdict::Accepted(number) => {
                bytes.push(ACCEPTED);
                bytes.extend_from_slice(&number.get().to_be_bytes());
            }
            Verdict::Done(number) => {
                bytes.push(DONE);
                bytes.extend_from_slice(&number.get().to_be_bytes());
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, RecordError> {
        let (login, answer, at) = (reader.array()?, reader.array()?, reader.time()?);
        let start = reader.at;
        let [verdict] = reader.array()?;
        let verdict = match verdict {
            ACCEPTED => Verdict::Accepted(AuthenticatorNumber::new(u32::from_be_bytes(reader.array()?))),
            DONE => Verdict::Done(AuthenticatorNumber::new(u32::from_be_bytes(reader.array()?))),
            WRONG | REPLAYED => {
                let [remaining, hold] = reader.array()?;
                let hold = reader.hold(hold, start + 2)?;
                Verdict::Refused(if verdict == WRONG {
                    Refusal::Wrong { remaining, hold }
                } else {
                    Refusal::Replayed { remaining, hold }
                })
            }
            _ => return Err(RecordError::Field { offset: start }),
        };
        Ok(Self { login, answer, at, verdict })
    }
}

/// The bytes that are still to be read, and their offset in the record.
struct Reader<'a> {
    rest: &'a mut [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Takes bytes that may be secret.
    fn take(&mut self, len: usize) -> Result<&'a mut [u8], RecordError> {
        let error = RecordError::Length(self.at + self.rest.len());
        let (taken, rest) = core::mem::take(&mut self.rest).split_at_mut_checked(len).ok_or(error)?;
        (self.rest, self.at) = (rest, self.at + len);
        Ok(taken)
    }

    /// Takes bytes that are not secret.
    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let error = RecordError::Length(self.at);
        let taken = self.take(N)?;
        declassify(taken);
        (&*taken).try_into().map_err(|_| error)
    }

    fn time(&mut self) -> Result<UnixTime, RecordError> {
        let offset = self.at;
        UnixTime::from_be_bytes(self.array()?).ok_or(RecordError::Field { offset })
    }

    /// Reads the end of a hold of this kind. The kind was at `offset`.
    fn hold(&mut self, kind: u8, offset: usize) -> Result<Hold, RecordError> {
        let at = self.at;
        Hold::from_parts(kind, self.time()?).map_err(|part| match part {
            HoldPart::Kind => RecordError::Field { offset },
            HoldPart::Until => RecordError::Field { offset: at },
        })
    }
}
