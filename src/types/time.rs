use core::fmt;
use core::num::NonZeroU32;

use super::calendar;
use crate::ct::division::{Divisor, quotient, remainder};

/// A time in seconds since 1970-01-01T00:00:00Z, without leap seconds (POSIX time).
///
/// The range is 1970 to the end of the year 9999. Times do not overflow in 2038, as RFC 6238 section 4.2 requires. The
/// current time in milliseconds is out of range, so that a wrong unit returns an error.
///
/// The library never reads a clock by itself: every function that needs the time takes it as an argument. With the
/// feature `std`, `UnixTime::now` reads the system's clock, and a `SystemTime` can be converted.
///
/// ```
/// use secondo::UnixTime;
///
/// let then = UnixTime::from_secs(1_700_000_000)?;
/// assert!(UnixTime::from_secs(1_700_000_000_000).is_err()); // milliseconds
/// # #[cfg(feature = "std")] {
/// use std::time::SystemTime;
///
/// assert!(UnixTime::try_from(SystemTime::now())? > then);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The epoch of POSIX time, 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// The last second of the year 9999, the last one that RFC 3339 can represent.
    pub const MAX: Self = Self(253_402_300_799);

    /// Creates the time that is `secs` seconds after the epoch.
    ///
    /// # Errors
    ///
    /// Returns [`TimeError::TooLate`] if the time is after [`Self::MAX`].
    pub const fn from_secs(secs: u64) -> Result<Self, TimeError> {
        if secs > Self::MAX.0 {
            return Err(TimeError::TooLate(secs));
        }
        Ok(Self(secs))
    }

    /// Returns the whole seconds since the epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Returns the seconds in big-endian order. Five bytes hold every time up to [`Self::MAX`].
    #[cfg(feature = "verifier")]
    pub(crate) const fn to_be_bytes(self) -> [u8; 5] {
        let [_, _, _, secs @ ..] = self.0.to_be_bytes();
        secs
    }

    /// Returns the time of [`Self::to_be_bytes`], or `None` if it is after [`Self::MAX`].
    #[cfg(feature = "verifier")]
    pub(crate) fn from_be_bytes(bytes: [u8; 5]) -> Option<Self> {
        let mut secs = [0; 8];
        if let Some(end) = secs.last_chunk_mut() {
            *end = bytes;
        }
        Self::from_secs(u64::from_be_bytes(secs)).ok()
    }

    /// Returns the time `secs` seconds later, but at most [`Self::MAX`].
    #[must_use]
    pub fn saturating_add(self, secs: u64) -> Self {
        Self(self.0.saturating_add(secs)).min(Self::MAX)
    }
}

/// Converts to seconds in the integer type of databases.
impl From<UnixTime> for i64 {
    fn from(time: UnixTime) -> Self {
        time.0.cast_signed()
    }
}

/// Converts from seconds in the integer type of databases.
impl TryFrom<i64> for UnixTime {
    type Error = TimeError;

    fn try_from(secs: i64) -> Result<Self, TimeError> {
        Self::from_secs(u64::try_from(secs).map_err(|_| TimeError::Before1970)?)
    }
}

/// Writes the time in the format of RFC 3339, in UTC: `2026-11-25T08:30:00Z`.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: u32 = 24 * 60 * 60;

        let [year, month, day] = calendar::date(quotient::<DAY>(self.0));
        let secs = remainder::<DAY>(self.0);
        let (hour, minute, second) =
            (quotient::<3600>(secs), quotient::<60>(remainder::<3600>(secs)), remainder::<60>(secs));
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(feature = "std")]
impl UnixTime {
    /// Returns the system's time. No other function of the library reads a clock.
    ///
    /// # Errors
    ///
    /// Returns [`TimeError`] if the system's time is before 1970 or after [`Self::MAX`].
    pub fn now() -> Result<Self, TimeError> {
        std::time::SystemTime::now().try_into()
    }
}

#[cfg(feature = "std")]
impl TryFrom<std::time::SystemTime> for UnixTime {
    type Error = TimeError;

    /// Converts the system's time, without fractions of a second.
    ///
    /// # Errors
    ///
    /// Returns [`TimeError`] if the time is before 1970 or after [`UnixTime::MAX`].
    fn try_from(time: std::time::SystemTime) -> Result<Self, Self::Error> {
        let elapsed = time.duration_since(std::time::UNIX_EPOCH).map_err(|_| TimeError::Before1970)?;
        Self::from_secs(elapsed.as_secs())
    }
}

/// A time that is before 1970 or after [`UnixTime::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeError {
    /// The time is before 1970.
    Before1970,
    /// The time, in seconds since 1970-01-01T00:00:00Z, is after the year 9999.
    TooLate(u64),
}

impl TimeError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Before1970 => "before_1970",
            Self::TooLate(_) => "too_late",
        }
    }
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before1970 => f.write_str("the time must not be before 1970"),
            Self::TooLate(secs) => {
                write!(f, "the time must be before the year 10000, not {secs} s after 1970; is it in milliseconds?")
            }
        }
    }
}

impl core::error::Error for TimeError {}

/// The length of a TOTP time step in seconds (`X` in RFC 6238 section 4.1): 1 to 86,400, 30 by default.
///
/// Some hardware tokens have steps of an hour or a day. Longer ones are refused: the default window of two steps
/// accepts a code for up to two of them, and a number above a day is more often one in another unit. RFC 6238 section
/// 5.2 advises against long steps: whoever sees an unused code can use it until the window has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period(NonZeroU32);

impl Period {
    /// The maximum period in seconds: one day.
    pub const MAX_SECS: u32 = 86_400;

    /// Creates a period of `secs` seconds.
    ///
    /// Some apps misread periods over 60 s and say nothing: one shows codes of 30 s, another takes 300 s for 60 s.
    ///
    /// # Errors
    ///
    /// Returns [`PeriodError`] if `secs` is 0 or more than [`Self::MAX_SECS`].
    pub const fn from_secs(secs: u64) -> Result<Self, PeriodError> {
        if secs > Self::MAX_SECS as u64 {
            return Err(PeriodError(secs));
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most a day")]
        match NonZeroU32::new(secs as u32) {
            Some(secs) => Ok(Self(secs)),
            None => Err(PeriodError(secs)),
        }
    }

    /// Returns the period in seconds.
    #[must_use]
    pub const fn as_secs(self) -> u32 {
        self.0.get()
    }

    /// Returns the number of whole periods in `secs` seconds.
    pub(crate) fn whole_in(self, secs: u64) -> u64 {
        match self.0.get() {
            // Nearly all authenticators have this period, and its divisor is known at compile time.
            30 => quotient::<30>(secs),
            _ => Divisor::new(self.0).quotient(secs),
        }
    }
}

impl Default for Period {
    /// Creates a period of 30 seconds, the recommendation of RFC 6238 section 5.2.
    fn default() -> Self {
        const { Self(NonZeroU32::new(30).unwrap()) }
    }
}

/// A period in seconds that is not 1 to [`Period::MAX_SECS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodError(pub u64);

impl PeriodError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "period"
    }
}

impl fmt::Display for PeriodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a period must be 1 to {} s, not {}", Period::MAX_SECS, self.0)
    }
}

impl core::error::Error for PeriodError {}

/// The moving factor of a code: the counter `C` in RFC 4226, the time step `T` in RFC 6238.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter(u64);

impl Counter {
    /// Creates a counter with this value.
    ///
    /// Some apps misread a counter from 2<sup>31</sup> in a key URI, show wrong codes and say nothing.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// Returns the value.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A time before `T0`, the start of the first time step (RFC 6238 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeforeT0;

impl BeforeT0 {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "before_t0"
    }
}

impl fmt::Display for BeforeT0 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time is before T0, the start of the first time step")
    }
}

impl core::error::Error for BeforeT0 {}
