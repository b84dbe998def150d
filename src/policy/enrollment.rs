use core::fmt;
use core::num::{NonZeroU8, NonZeroU32};
use core::time::Duration;

use super::lock::{Lock, whole_secs};
#[cfg(feature = "verifier")]
use crate::types::UnixTime;

/// A limit of the enrollments that may begin in an account: some at once, and one more after each interval.
///
/// Each enrollment takes as many wrong first codes as the failure cap permits. The limit bounds the guesses of somebody
/// who knows the password and enrolls a token that another person holds. It also bounds the changes that such a person
/// can make to the account in a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrollmentLimit {
    at_once: NonZeroU8,
    interval: NonZeroU32,
}

impl EnrollmentLimit {
    pub(super) const DEFAULT: Self = Self {
        at_once: const { NonZeroU8::new(8).unwrap() },
        interval: const { NonZeroU32::new(12 * 60 * 60).unwrap() },
    };

    /// Creates a limit of `at_once` enrollments, and one more after each `interval`, rounded up to whole seconds.
    ///
    /// # Errors
    ///
    /// Returns [`EnrollmentLimitError`] if the number is 0, or the interval is 0 or, rounded up, more than
    /// [`Lock::MAX_SECS`](super::Lock::MAX_SECS) seconds.
    pub const fn new(at_once: u8, interval: Duration) -> Result<Self, EnrollmentLimitError> {
        match (NonZeroU8::new(at_once), whole_secs(interval)) {
            (Some(at_once), Ok(interval)) => Ok(Self { at_once, interval }),
            _ => Err(EnrollmentLimitError),
        }
    }

    /// Returns the number of enrollments that may begin at once.
    #[cfg(feature = "verifier")]
    pub(super) const fn at_once(&self) -> u8 {
        self.at_once.get()
    }

    /// Admits an enrollment. `full_again` is the time from which all enrollments are available again.
    ///
    /// Returns this time after the enrollment, or the time from which one can begin as the error.
    #[cfg(feature = "verifier")]
    pub(crate) fn admit(&self, full_again: UnixTime, now: UnixTime) -> Result<UnixTime, UnixTime> {
        let interval = u64::from(self.interval.get());
        let next = full_again.max(now).as_secs() + interval;
        let from = next.saturating_sub(u64::from(self.at_once.get()) * interval);
        // Beyond the last time that there is, the limit could not be kept.
        let (from, next) = (UnixTime::from_secs(from).unwrap_or(UnixTime::MAX), UnixTime::from_secs(next));
        if now < from { Err(from) } else { next.map_err(|_| UnixTime::MAX) }
    }
}

/// A limit of enrollments whose number is 0, or whose interval is 0 or more than
/// [`Lock::MAX_SECS`](super::Lock::MAX_SECS) seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrollmentLimitError;

impl EnrollmentLimitError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "enrollment_limit"
    }
}

impl fmt::Display for EnrollmentLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a limit of enrollments needs a number of at least 1, and an interval of 1 to {} s", Lock::MAX_SECS)
    }
}

impl core::error::Error for EnrollmentLimitError {}
