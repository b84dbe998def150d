//! The documented limits of guesses: the numbers in SECURITY.md and in the docs of the policy.

use secondo::UnixTime;

use super::{ENROLLMENTS, GUESSES};

pub(super) const DAY: u64 = 24 * 60 * 60;

/// The kinds of guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Guess {
    Code,
    TwoCodes,
    SentCode,
    Number,
    RecoveryCode,
    FirstCode,
}

impl Guess {
    pub(super) const ALL: [Self; 6] =
        [Self::Code, Self::TwoCodes, Self::SentCode, Self::Number, Self::RecoveryCode, Self::FirstCode];
}

/// The count on which a guess counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Of {
    Account,
    RecoveryCodes,
    /// The enrollment that the thief began, with the number of guesses at its first code so far.
    Enrollment(usize),
}

/// A count of guesses: 5, then a lock of 15 minutes that doubles up to a day, and at most 100 in a row. Each day
/// without a lock halves the next one.
#[derive(Default)]
pub(super) struct Count {
    pub(super) in_a_row: usize,
    since_lock: usize,
    /// The end of the last lock.
    pub(super) locked_until: u64,
    /// The number of times that the first lock doubles for the next one, if that begins when the last one ends.
    doublings: u64,
}

impl Count {
    pub(super) const IN_A_ROW: usize = 100;
    const FIRST_LOCK: u64 = 15 * 60;
    /// 15 minutes are at least a day after this many.
    const MOST_DOUBLINGS: u64 = 7;

    pub(super) fn is_open(&self, now: UnixTime) -> bool {
        self.in_a_row < Self::IN_A_ROW && now.as_secs() >= self.locked_until
    }

    pub(super) fn wrong(&mut self, now: UnixTime) {
        self.in_a_row += 1;
        self.since_lock += 1;
        if self.since_lock == GUESSES {
            let days = (now.as_secs() - self.locked_until) / DAY;
            let doublings = self.doublings.saturating_sub(days);
            self.locked_until = now.as_secs() + (Self::FIRST_LOCK << doublings).min(DAY);
            self.doublings = (doublings + 1).min(Self::MOST_DOUBLINGS);
            self.since_lock = 0;
        }
    }

    pub(super) fn right(&mut self) {
        (self.in_a_row, self.since_lock) = (0, 0);
    }
}

/// The limit of enrollments: 8 at once, and one more every 12 hours.
#[derive(Default)]
pub(super) struct Enrollments {
    /// The time from which 8 can begin again.
    whole_at: u64,
}

impl Enrollments {
    const INTERVAL: u64 = 12 * 60 * 60;

    /// Begins one, if one can begin.
    pub(super) fn begin(&mut self, now: UnixTime) -> bool {
        let next = self.whole_at.max(now.as_secs()) + Self::INTERVAL;
        let is_admitted = next <= now.as_secs() + ENROLLMENTS as u64 * Self::INTERVAL;
        if is_admitted {
            self.whole_at = next;
        }
        is_admitted
    }
}
