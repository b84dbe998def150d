use core::fmt;
use core::num::NonZeroU32;
use core::time::Duration;

pub(crate) enum Wait {
    None,
    Throttled(NonZeroU32),
    Locked(NonZeroU32),
    Forever,
}

/// The duration of a lock after too many failures (throttling, RFC 4226 section 7.3).
///
/// No attempt is admitted during a lock. [`Policy::with_failure_cap`](crate::Policy::with_failure_cap) sets the number
/// of failures that cause one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock(pub(crate) Option<Doubling>);

impl Lock {
    /// A lock that lasts until an operator [unlocks](crate::Verifier::unlock) the account.
    ///
    /// Anybody who knows the password can then lock the subscriber out by submitting wrong codes up to the failure cap.
    pub const UNTIL_UNLOCKED: Self = Self(None);
    /// The maximum duration of a lock, a back-off or a watermark margin in seconds: about 136 years.
    pub const MAX_SECS: u32 = u32::MAX;
    /// The default lock: 15 minutes, doubling up to a day.
    pub(super) const DEFAULT: Self = Self(Some(Doubling {
        first: const { NonZeroU32::new(15 * 60).unwrap() },
        longest: const { NonZeroU32::new(24 * 60 * 60).unwrap() },
    }));
    /// The time without a lock, in seconds, that halves the next lock.
    pub(crate) const EASING_SECS: u32 = 24 * 60 * 60;

    /// Creates a lock that always lasts `time`, rounded up to whole seconds.
    ///
    /// If the wait of the back-off is longer, the lock lasts as long as that wait. The next lock comes after the same
    /// number of failures again. The lock after [`Policy::CONSECUTIVE_LIMIT`](crate::Policy::CONSECUTIVE_LIMIT)
    /// failures in a row lasts until an operator unlocks the account.
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::Length`] if `time` is 0 or, rounded up, more than [`Lock::MAX_SECS`] seconds.
    pub const fn lasting(time: Duration) -> Result<Self, WaitError> {
        Self::doubling(time, time)
    }

    /// Creates a lock that lasts `first`, and then twice as long each time, up to `longest`.
    ///
    /// Both are rounded up to whole seconds. Each day without a lock halves the next lock. A success does not shorten
    /// it, because an attacker who guesses between the subscriber's daily logins would then get almost nine times as
    /// many guesses. In all other respects the lock works like one from [`Self::lasting`].
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::Length`] if a duration is 0 or, rounded up, more than [`Lock::MAX_SECS`] seconds, and
    /// [`WaitError::Doubling`] if `longest` is shorter than `first`.
    pub const fn doubling(first: Duration, longest: Duration) -> Result<Self, WaitError> {
        match Doubling::new(first, longest) {
            Ok(doubling) => Ok(Self(Some(doubling))),
            Err(error) => Err(error),
        }
    }
}

/// A wait after each failure, which doubles from one failure to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff(pub(crate) Doubling);

impl BackOff {
    /// Creates a back-off from the wait after the first failure and the longest wait.
    ///
    /// Both are rounded up to whole seconds.
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::Length`] if a duration is 0 or, rounded up, more than [`Lock::MAX_SECS`] seconds, and
    /// [`WaitError::Doubling`] if `longest` is shorter than `first`.
    pub const fn new(first: Duration, longest: Duration) -> Result<Self, WaitError> {
        match Doubling::new(first, longest) {
            Ok(doubling) => Ok(Self(doubling)),
            Err(error) => Err(error),
        }
    }
}

/// A duration that doubles from one use to the next, up to a longest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Doubling {
    first: NonZeroU32,
    longest: NonZeroU32,
}

impl Doubling {
    const fn new(first: Duration, longest: Duration) -> Result<Self, WaitError> {
        match (whole_secs(first), whole_secs(longest)) {
            (Ok(first), Ok(longest)) if first.get() <= longest.get() => Ok(Self { first, longest }),
            (Ok(_), Ok(_)) => Err(WaitError::Doubling),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    pub(crate) fn after(self, doublings: u8) -> NonZeroU32 {
        let factor = 1_u32.checked_shl(doublings.into()).and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }

    /// Returns the number of doublings after which the longest duration is reached.
    pub(crate) fn most(self) -> u8 {
        let mut doublings = 0;
        while self.after(doublings) < self.longest {
            doublings += 1;
        }
        doublings
    }
}

pub(crate) const fn whole_secs(time: Duration) -> Result<NonZeroU32, WaitError> {
    let secs = time.as_secs().saturating_add((time.subsec_nanos() > 0) as u64);
    if secs > Lock::MAX_SECS as u64 {
        return Err(WaitError::Length);
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most Lock::MAX_SECS")]
    match NonZeroU32::new(secs as u32) {
        Some(secs) => Ok(secs),
        None => Err(WaitError::Length),
    }
}

/// An invalid duration of a lock, a back-off or a watermark margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitError {
    /// The duration is 0 or, rounded up, more than [`Lock::MAX_SECS`] seconds.
    Length,
    /// The longest duration is shorter than the first one.
    Doubling,
}

impl WaitError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Doubling => "doubling",
        }
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => write!(f, "a lock, a back-off or a watermark margin must last 1 to {} s", Lock::MAX_SECS),
            Self::Doubling => f.write_str("the longest lock or back-off must not be shorter than the first"),
        }
    }
}

impl core::error::Error for WaitError {}
