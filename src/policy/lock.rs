use core::fmt;
use core::num::NonZeroU32;
use core::time::Duration;

pub(crate) enum Wait {
    None,
    Throttled(NonZeroU32),
    Locked(NonZeroU32),
    Forever,
}

/// How long a lock lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock(pub(crate) Option<Doubling>);

impl Lock {
    /// Until an operator [unlocks](crate::State::unlock) the authenticator. Whoever knows the password can then shut the person
    /// out, with as many wrong codes as the cap allows.
    pub const UNTIL_UNLOCKED: Self = Self(None);
    /// The longest lock, back-off or margin in seconds: about 136 years.
    pub const MAX_SECS: u32 = u32::MAX;
    /// 15 minutes, doubling up to a day.
    pub(super) const DEFAULT: Self = Self(Some(Doubling {
        first: const { NonZeroU32::new(15 * 60).unwrap() },
        longest: const { NonZeroU32::new(24 * 60 * 60).unwrap() },
    }));
    /// The time without a lock that halves the length of the next one.
    pub(crate) const EASING_SECS: u32 = 24 * 60 * 60;

    /// Creates a lock that lasts this time, rounded up to whole seconds, or as long as the back-off's wait if that is
    /// longer.
    ///
    /// The next lock comes after as many failures again. The last one, at [`Policy::CONSECUTIVE_LIMIT`](crate::Policy::CONSECUTIVE_LIMIT) failures in a row,
    /// lasts until an operator unlocks the authenticator.
    ///
    /// # Errors
    ///
    /// [`WaitError::Length`] for no time or more than [`Lock::MAX_SECS`].
    pub const fn lasting(time: Duration) -> Result<Self, WaitError> {
        Self::doubling(time, time)
    }

    /// Creates a lock that lasts `first`, and each time twice as long as the last time, up to `longest`.
    ///
    /// A success does not shorten the next lock. Each day without a lock halves it: otherwise an attacker who guesses
    /// between the person's daily logins would get ten times as many guesses. Otherwise as [`Self::lasting`].
    ///
    /// # Errors
    ///
    /// [`WaitError::Length`] for no time or more than [`Lock::MAX_SECS`]; [`WaitError::Doubling`] if the
    /// longest is shorter than the first.
    pub const fn doubling(first: Duration, longest: Duration) -> Result<Self, WaitError> {
        match Doubling::new(first, longest) {
            Ok(doubling) => Ok(Self(Some(doubling))),
            Err(error) => Err(error),
        }
    }
}

/// A wait after each failure that doubles from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff(pub(crate) Doubling);

impl BackOff {
    /// Creates a back-off from the wait after the first failure and the longest wait; both rounded up to whole seconds.
    ///
    /// # Errors
    ///
    /// [`WaitError::Length`] for no time or more than [`Lock::MAX_SECS`]; [`WaitError::Doubling`] if the
    /// longest is shorter than the first.
    pub const fn new(first: Duration, longest: Duration) -> Result<Self, WaitError> {
        match Doubling::new(first, longest) {
            Ok(doubling) => Ok(Self(doubling)),
            Err(error) => Err(error),
        }
    }
}

/// A time that doubles up to a longest one.
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

    /// Returns how many doublings reach the longest time.
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
    #[expect(clippy::cast_possible_truncation, reason = "at most MAX_WAIT_SECS")]
    match NonZeroU32::new(secs as u32) {
        Some(secs) => Ok(secs),
        None => Err(WaitError::Length),
    }
}

/// A time that a lock, a back-off or a margin cannot last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitError {
    /// It is no time at all, or more than [`Lock::MAX_SECS`].
    Length,
    /// The longest time is shorter than the first one.
    Doubling,
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => write!(f, "a lock, a back-off or a margin must be 1 to {} s", Lock::MAX_SECS),
            Self::Doubling => f.write_str("the longest lock or wait must not be shorter than the first"),
        }
    }
}

impl core::error::Error for WaitError {}
