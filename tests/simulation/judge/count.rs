//! The count of failures and the locks, as the documentation of the policy describes them.

use secondo::UnixTime;
use secondo::decision::Hold;

/// The failures after which the default policy locks, and after which only an operator unlocks.
const CAP: u8 = 5;
const LIMIT: u8 = 100;
const DAY: u64 = 24 * 60 * 60;

/// A count of failures, as the default policy describes it.
#[derive(Clone, Debug)]
pub(super) struct Count {
    pub(super) in_a_row: u8,
    since_lock: u8,
    pub(super) hold: Hold,
    lock_ended: u64,
    /// The length of the next lock, unless days without a lock shorten it.
    next_lock: u64,
}

impl Count {
    pub(super) const NONE: Self =
        Self { in_a_row: 0, since_lock: 0, hold: Hold::None, lock_ended: 0, next_lock: 15 * 60 };

    /// Counts a failure. Returns the attempts that are left, and the hold that follows.
    pub(super) fn fail(&mut self, now: UnixTime) -> (u8, Hold) {
        self.in_a_row += 1;
        self.since_lock += 1;
        if self.in_a_row == LIMIT {
            (self.since_lock, self.hold) = (0, Hold::Locked);
            return (0, self.hold);
        }
        if self.since_lock < CAP {
            self.hold = Hold::None;
            return ((CAP - self.since_lock).min(LIMIT - self.in_a_row), Hold::None);
        }
        // 15 minutes, twice as long after each lock up to a day, and half as long after each day without.
        let mut length = self.next_lock;
        for _ in 0..(now.as_secs().saturating_sub(self.lock_ended) / DAY).min(10) {
            length = (length / 2).max(15 * 60);
        }
        let until = now.saturating_add(length.min(DAY));
        *self = Self {
            since_lock: 0,
            hold: Hold::LockedUntil(until),
            lock_ended: until.as_secs(),
            // 32 hours at most, of which a lock takes a day. A day later they are 16.
            next_lock: (2 * length).min((15 * 60) << 7),
            ..self.clone()
        };
        (0, self.hold)
    }

    pub(super) fn restart(&mut self) {
        (self.in_a_row, self.since_lock, self.hold) = (0, 0, Hold::None);
    }
}
