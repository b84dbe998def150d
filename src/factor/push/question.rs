use alloc::format;
use alloc::string::String;

use super::answer::Answer;
use super::details::Details;
use super::matching::Matching;
use crate::codes::search::Match;
use crate::ct::declassify::declassify;
use crate::ct::select::is_equal;
use crate::types::{Tag, UnixTime};

/// A challenge as the account keeps it.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) id: [u8; 16],
    /// The hash of the whole challenge.
    pub(crate) digest: [u8; 32],
    /// The transaction that asked.
    pub(crate) login: Tag,
    pub(super) number: Number,
    pub(crate) matching: Matching,
    pub(crate) status: Status,
    /// The time at which it ends. An approval that the page has not fetched ends then as well.
    pub(crate) expires: UnixTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Approved,
    Denied,
    NotMe,
    Wrong,
    /// The approval became a login.
    Used,
}

impl Question {
    /// The length of the stored form.
    pub(super) const LEN: usize = Self::NUMBER_AT + 4 + 1 + 1 + 5;
    pub(super) const NUMBER_AT: usize = 16 + 32 + 16;

    /// Returns `true` if it can become a login.
    ///
    /// One that would last longer than any comes from a clock that was ahead.
    pub(crate) fn is_live(&self, now: UnixTime) -> bool {
        /// The number of seconds by which the clocks of machines may differ.
        const SKEW: u64 = 60;

        let most = now.saturating_add(u64::from(Details::MAX_SECS) + SKEW);
        self.status.is_open() && now < self.expires && self.expires <= most
    }

    /// Returns `true` if an answer is to exactly this challenge.
    pub(crate) fn is_to(&self, answer: &Answer) -> bool {
        self.digest == answer.digest
    }

    /// Compares the number that the person typed, without a branch on the number.
    pub(crate) fn compare(&self, answer: &Answer) -> Match {
        let mut found = Match::default();
        let is_right = if self.matching.is_typed() {
            let typed = answer.number.parse::<u32>().ok().filter(|_| answer.number.len() == self.matching.digits());
            typed.map_or(0, |typed| is_equal(&self.number.0, &typed.to_be_bytes()))
        } else {
            u8::from(answer.number.is_empty())
        };
        found.add(0, is_right, 0);
        found
    }

    /// Returns the number as the page shows it.
    pub(super) fn shown(&self) -> String {
        let mut number = self.number.0;
        declassify(&mut number);
        format!("{:0digits$}", u32::from_be_bytes(number), digits = self.matching.digits())
    }

    pub(super) fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let parts: [&[u8]; 7] = [
            &self.id,
            &self.digest,
            &self.login,
            &self.number.0,
            &[self.matching.code()],
            &[Status::ALL.iter().position(|status| *status == self.status).unwrap_or(0).to_le_bytes()[0]],
            &self.expires.to_be_bytes(),
        ];
        for (slot, byte) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *slot = *byte;
        }
        bytes
    }

    /// Reads the stored form. The error is the offset of the first invalid byte.
    pub(super) fn decode(bytes: &[u8; Self::LEN]) -> Result<Self, usize> {
        let (id, rest) = bytes.split_first_chunk().ok_or(0_usize)?;
        let (digest, rest) = rest.split_first_chunk().ok_or(16_usize)?;
        let (login, rest) = rest.split_first_chunk().ok_or(48_usize)?;
        let (number, rest) = rest.split_first_chunk().ok_or(64_usize)?;
        let ([matching, status], rest) = rest.split_first_chunk().ok_or(68_usize)?;
        let matching = Matching::ALL.into_iter().find(|known| known.code() == *matching).ok_or(68_usize)?;
        let status = Status::ALL.get(usize::from(*status)).copied().ok_or(69_usize)?;
        let expires = rest.try_into().ok().and_then(UnixTime::from_be_bytes).ok_or(70_usize)?;
        let number = Number(*number);
        Ok(Self { id: *id, digest: *digest, login: *login, number, matching, status, expires })
    }
}

impl Status {
    /// Returns `true` if it can still become a login.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Approved)
    }

    /// All statuses, in the order of their codes.
    const ALL: [Self; 6] = [Self::Pending, Self::Approved, Self::Denied, Self::NotMe, Self::Wrong, Self::Used];
}

/// A number that a page shows, big-endian.
pub(super) struct Number(pub(super) [u8; 4]);

impl Number {
    /// Draws a number from random bytes.
    ///
    /// The numbers of a range differ in their probability by 2^-44 of it at most.
    pub(super) fn draw(random: [u8; 8], matching: Matching) -> Self {
        let count: u128 = if matching.digits() == 2 { 100 } else { 1_000_000 };
        let [.., a, b, c, d] = ((u128::from(u64::from_be_bytes(random)) * count) >> 64).to_be_bytes();
        Self([a, b, c, d])
    }
}

impl core::fmt::Debug for Number {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Number(..)")
    }
}
