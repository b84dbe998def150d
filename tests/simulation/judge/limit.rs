//! The limits of what may happen how often, as the documentation of the policy describes them.

use secondo::UnixTime;

const HOUR: u64 = 60 * 60;

/// A limit of some at once, and one more after each interval.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    at_once: u64,
    interval: u64,
    /// The time from which all are available again.
    full_again: u64,
    /// `true` if one is available, and no more, after a clock that was ahead has used the limit up.
    recovers: bool,
}

impl Limit {
    pub(super) const SENDS: Self = Self::new(5, 2 * HOUR, true);
    pub(super) const SENDS_TO_DESTINATION: Self = Self::new(10, HOUR, true);
    pub(super) const ENROLLMENTS: Self = Self::new(8, 12 * HOUR, false);

    const fn new(at_once: u64, interval: u64, recovers: bool) -> Self {
        Self { at_once, interval, full_again: 0, recovers }
    }

    /// Returns the time from which all are available again, as far as clocks can be believed, which may differ by ten
    /// minutes.
    fn believed(&self, now: u64) -> u64 {
        let farthest = now + self.at_once * self.interval + 10 * 60;
        if self.recovers && self.full_again > farthest {
            now + (self.at_once - 1) * self.interval
        } else {
            self.full_again
        }
    }

    /// Returns the time from which one is available, if none is.
    pub(super) fn used_up(&self, now: UnixTime) -> Option<UnixTime> {
        let full_again = self.believed(now.as_secs());
        let used = full_again.saturating_sub(now.as_secs()).div_ceil(self.interval);
        let from = full_again.saturating_sub((self.at_once - 1) * self.interval);
        (used >= self.at_once).then(|| UnixTime::from_secs(from).unwrap())
    }

    /// Counts one.
    pub(super) fn count(&mut self, now: UnixTime) {
        assert_eq!(self.used_up(now), None, "a limit is exceeded");
        self.full_again = self.believed(now.as_secs()).max(now.as_secs()) + self.interval;
    }

    /// Makes all available again.
    pub(super) fn restart(&mut self) {
        self.full_again = 0;
    }
}
