use core::fmt;
use core::num::{NonZeroU8, NonZeroU32};
use core::time::Duration;

use super::lock::{Lock, whole_secs};
#[cfg(feature = "verifier")]
use crate::ct::division::Divisor;
#[cfg(feature = "verifier")]
use crate::types::UnixTime;

/// A limit of the number of times that something may happen: some at once, and one more after each interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    at_once: NonZeroU8,
    interval: NonZeroU32,
}

impl RateLimit {
    /// The default limit of enrollments.
    pub(super) const ENROLLMENTS: Self = Self {
        at_once: const { NonZeroU8::new(8).unwrap() },
        interval: const { NonZeroU32::new(12 * 60 * 60).unwrap() },
    };
    /// The default limit of codes that are sent in an account.
    #[cfg(feature = "verifier")]
    pub(super) const SENDS: Self = Self {
        at_once: const { NonZeroU8::new(5).unwrap() },
        interval: const { NonZeroU32::new(2 * 60 * 60).unwrap() },
    };
    /// The default limit of codes that are sent to a destination.
    #[cfg(feature = "verifier")]
    pub(super) const SENDS_TO_DESTINATION: Self =
        Self { at_once: const { NonZeroU8::new(10).unwrap() }, interval: const { NonZeroU32::new(60 * 60).unwrap() } };

    /// Creates a limit of `at_once` times, and one more after each `interval`, rounded up to whole seconds.
    ///
    /// # Errors
    ///
    /// Returns [`RateLimitError`] if the number is 0, or the interval is 0 or, rounded up, more than
    /// [`Lock::MAX_SECS`](super::Lock::MAX_SECS) seconds.
    pub const fn new(at_once: u8, interval: Duration) -> Result<Self, RateLimitError> {
        match (NonZeroU8::new(at_once), whole_secs(interval)) {
            (Some(at_once), Ok(interval)) => Ok(Self { at_once, interval }),
            _ => Err(RateLimitError { at_once, interval }),
        }
    }

    /// Returns the number of times at once.
    #[cfg(feature = "verifier")]
    pub(super) const fn at_once(&self) -> u8 {
        self.at_once.get()
    }

    /// Admits one more. `full_again` is the time from which all are available again.
    ///
    /// Returns this time after it, or the time from which one is available as the error.
    #[cfg(feature = "verifier")]
    pub(crate) fn admit(&self, full_again: UnixTime, now: UnixTime) -> Result<UnixTime, UnixTime> {
        let interval = u64::from(self.interval.get());
        let next = full_again.max(now).as_secs() + interval;
        let from = next.saturating_sub(u64::from(self.at_once.get()) * interval);
        // Beyond the last time that there is, the limit could not be kept.
        let (from, next) = (UnixTime::from_secs(from).unwrap_or(UnixTime::MAX), UnixTime::from_secs(next));
        if now < from { Err(from) } else { next.map_err(|_| UnixTime::MAX) }
    }

    /// Returns the time from which all are available again, corrected if only a wrong clock can have set it.
    ///
    /// A limit that is used up is full again after a time that is known. A later time comes from a machine whose clock
    /// was ahead. One more is admitted then, so that the limit recovers.
    #[cfg(feature = "verifier")]
    pub(crate) fn plausible(&self, full_again: UnixTime, now: UnixTime) -> UnixTime {
        /// The number of seconds by which the clocks of machines may differ.
        const SKEW: u64 = 10 * 60;

        let interval = u64::from(self.interval.get());
        let longest = u64::from(self.at_once.get()) * interval;
        if full_again > now.saturating_add(longest + SKEW) {
            now.saturating_add(longest - interval)
        } else {
            full_again
        }
    }

    /// Returns the number that is available now. `full_again` is the time from which all are.
    #[cfg(feature = "verifier")]
    pub(crate) fn left(&self, full_again: UnixTime, now: UnixTime) -> u8 {
        let missing = full_again.as_secs().saturating_sub(now.as_secs());
        let secs = (u64::from(self.at_once.get()) * u64::from(self.interval.get())).saturating_sub(missing);
        Divisor::new(self.interval).quotient(secs).to_le_bytes()[0]
    }
}

/// A rate limit whose number is 0, or whose interval is 0 or more than
/// [`Lock::MAX_SECS`](super::Lock::MAX_SECS) seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitError {
    /// The number of times at once.
    pub at_once: u8,
    /// The interval.
    pub interval: Duration,
}

impl RateLimitError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "rate_limit"
    }
}

impl fmt::Display for RateLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at_once, interval } = self;
        let most = Lock::MAX_SECS;
        write!(
            f,
            "a rate limit needs 1 or more at once and an interval of 1 to {most} s, not {at_once} and {interval:?}"
        )
    }
}

impl core::error::Error for RateLimitError {}
