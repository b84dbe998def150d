use core::fmt;
use core::num::{NonZeroU8, NonZeroU32};
use core::time::Duration;

use super::lock::whole_secs;
#[cfg(feature = "verifier")]
use crate::types::UnixTime;

/// A limit of the enrollments that may begin in an account: some at once, and one more after each interval.
///
/// Each enrollment takes as many wrong codes as the failure cap permits. This limit bounds the guesses at the first code
/// of an authenticator whose secret somebody else holds. It also bounds the changes that one person can make to an
/// account at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrollmentLimit {
    at_once: NonZeroU8,
    interval: NonZeroU32,
}

impl EnrollmentLimit {
    pub(super) const DEFAULT: Self = Self {
        at_once: const { NonZeroU8::new(8).unwrap() },
        interval: const { NonZeroU32::new(3 * 60 * 60).unwrap() },
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

    /// Admits an enrollment. `full_again` is the time from which all enrollments are available again.
    ///
    /// Returns this time after the enrollment, or the time from which one can begin as the error.
    #[cfg(feature = "verifier")]
    pub(crate) fn admit(&self, full_again: UnixTime, now: UnixTime) -> Result<UnixTime, UnixTime> {
        let interval = u64::from(self.interval.get());
        let next = full_again.max(now).saturating_add(interval);
        let most = u64::from(self.at_once.get()) * interval;
        let from = UnixTime::from_secs(next.as_secs().saturating_sub(most)).unwrap_or(UnixTime::EPOCH);
        if now < from { Err(from) } else { Ok(next) }
    }
}

/// A limit of enrollments whose number is 0, or whose interval is 0 or more than 136 years.
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
        f.write_str("a limit of enrollments needs a number of at least 1, and an interval of at least 1 s")
    }
}

impl core::error::Error for EnrollmentLimitError {}
