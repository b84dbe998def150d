use core::fmt;
use core::num::NonZeroU32;
use core::time::Duration;

use super::RateLimit;
use super::lock::whole_secs;
use crate::types::{Digits, UnixTime};

/// The rules for codes that are sent to subscribers by SMS, by telephone or by mail.
///
/// By default a code has six digits and is valid for 5 minutes. A page can ask for the next code after 30 seconds. Each
/// account can have 5 codes sent at once and one more every 2 hours, and each destination 10 and one more every hour,
/// so that nobody can run up the provider's costs through many accounts. Destinations that are not confirmed yet are
/// counted apart, so that somebody who enrolls another person's number cannot use up the codes of that person's logins.
///
/// ```
/// use core::time::Duration;
/// use secondo::policy::{RateLimit, Sending};
/// use secondo::{Digits, Policy};
///
/// let sending = Sending::new()
///     .with_digits(Digits::Eight)
///     .with_validity(Duration::from_secs(3 * 60))?
///     .with_account_limit(RateLimit::new(3, Duration::from_secs(60 * 60))?);
/// let policy = Policy::new().with_sending(sending);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    pub(crate) digits: Digits,
    pub(crate) validity: NonZeroU32,
    pub(crate) pause: NonZeroU32,
    pub(crate) per_account: RateLimit,
    pub(crate) per_destination: RateLimit,
}

impl Sending {
    /// The maximum validity of a code in seconds: 10 minutes (NIST SP 800-63B-4 section 3.1.3.2).
    pub const MAX_VALIDITY_SECS: u32 = 10 * 60;

    /// Creates the default rules.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            digits: Digits::Six,
            validity: const { NonZeroU32::new(5 * 60).unwrap() },
            pause: const { NonZeroU32::new(30).unwrap() },
            per_account: RateLimit::SENDS,
            per_destination: RateLimit::SENDS_TO_DESTINATION,
        }
    }

    /// Sets the number of digits of a code; six by default.
    #[must_use]
    pub const fn with_digits(mut self, digits: Digits) -> Self {
        self.digits = digits;
        self
    }

    /// Sets the time for which a code is valid after it is made; 5 minutes by default.
    ///
    /// # Errors
    ///
    /// Returns [`SendingError`] if `time` is 0 or, rounded up to seconds, more than [`Self::MAX_VALIDITY_SECS`].
    pub const fn with_validity(mut self, time: Duration) -> Result<Self, SendingError> {
        match whole_secs(time) {
            Ok(secs) if secs.get() <= Self::MAX_VALIDITY_SECS => {
                self.validity = secs;
                Ok(self)
            }
            _ => Err(SendingError { found: time }),
        }
    }

    /// Sets the time after which a page can ask for another code in the same login; 30 seconds by default.
    ///
    /// # Errors
    ///
    /// Returns [`SendingError`] if `time` is 0 or, rounded up to seconds, more than [`Self::MAX_VALIDITY_SECS`].
    pub const fn with_pause(mut self, time: Duration) -> Result<Self, SendingError> {
        match whole_secs(time) {
            Ok(secs) if secs.get() <= Self::MAX_VALIDITY_SECS => {
                self.pause = secs;
                Ok(self)
            }
            _ => Err(SendingError { found: time }),
        }
    }

    /// Sets the number of codes that are sent in an account, to all its destinations; 5 at once and one more every 2
    /// hours by default.
    #[must_use]
    pub const fn with_account_limit(mut self, limit: RateLimit) -> Self {
        self.per_account = limit;
        self
    }

    /// Sets the number of codes that are sent to a destination, by all accounts; 10 at once and one more every hour by
    /// default.
    #[must_use]
    pub const fn with_destination_limit(mut self, limit: RateLimit) -> Self {
        self.per_destination = limit;
        self
    }
}

impl Sending {
    /// Returns the limit of an account, whose sends are all available again at this time, after one more send. The
    /// error is the time from which one is available.
    pub(crate) fn admit_in_account(&self, full_again: UnixTime, now: UnixTime) -> Result<UnixTime, UnixTime> {
        self.per_account.admit(self.per_account.plausible(full_again, now), now)
    }

    /// Returns the limit of a destination after one more send, as [`Self::admit_in_account`] does.
    pub(crate) fn admit_to_destination(&self, full_again: UnixTime, now: UnixTime) -> Result<UnixTime, UnixTime> {
        self.per_destination.admit(self.per_destination.plausible(full_again, now), now)
    }

    /// Returns the number of sends that are available in an account now.
    pub(crate) fn left(&self, full_again: UnixTime, now: UnixTime) -> u8 {
        self.per_account.left(self.per_account.plausible(full_again, now), now)
    }
}

impl Default for Sending {
    fn default() -> Self {
        Self::new()
    }
}

/// A time that is 0 or more than [`Sending::MAX_VALIDITY_SECS`] seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendingError {
    /// The time.
    pub found: Duration,
}

impl SendingError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "sending"
    }
}

impl fmt::Display for SendingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the time must be 1 to {} s, not {:?}", Sending::MAX_VALIDITY_SECS, self.found)
    }
}

impl core::error::Error for SendingError {}
