//! What a verifier allows, and what that gives to an attacker.

use core::num::{NonZeroU8, NonZeroU32};
use core::time::Duration;

use core::fmt;

mod lock;
mod window;

pub use lock::{BackOff, Lock, WaitError};
pub(crate) use lock::{Doubling, Wait, whole_secs};
pub use window::{Window, WindowError};

/// What is accepted, how many failures are allowed, and what happens then: one value for all authenticators of a kind.
///
/// The default: one past time step, a look-ahead of 5 counters, a lock after 5 consecutive failures that lasts 15 minutes
/// and doubles up to a day, a replayed code counted as a failure, a malformed entry not.
///
/// ```
/// use core::time::Duration;
/// use secondo::policy::{BackOff, Lock};
/// use secondo::Policy;
///
/// let policy = Policy::new()
///     .with_failure_cap(5)?
///     .with_lock(Lock::doubling(Duration::from_secs(60), Duration::from_secs(8 * 60 * 60))?)
///     .with_back_off(BackOff::new(Duration::from_secs(2), Duration::from_secs(3600))?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent choices, each set by a method that names it")]
pub struct Policy {
    pub(crate) window: Window,
    pub(crate) look_ahead: u8,
    pub(crate) failure_cap: NonZeroU8,
    pub(crate) lock: Lock,
    pub(crate) back_off: Option<BackOff>,
    pub(crate) count_replays: bool,
    pub(crate) count_malformed: bool,
    pub(crate) learn_drift: bool,
    pub(crate) max_drift: u16,
    pub(crate) resync_span: u16,
    pub(crate) resync_codes: ResyncCodes,
    pub(crate) confirmation_login: bool,
    pub(crate) watermark_margin: NonZeroU32,
}

impl Policy {
    /// The most consecutive failures: an authenticator that reaches them is locked until an operator unlocks it, whatever
    /// the lock and the back-off (NIST SP 800-63B-4 section 3.2.2 allows no more than 100).
    pub const CONSECUTIVE_LIMIT: u8 = 100;
    /// The furthest HOTP look-ahead of a login.
    pub const MAX_LOOK_AHEAD: u8 = Window::MAX;
    /// The widest drift limit in time steps.
    pub const MAX_DRIFT: u16 = 5_000;
    /// The widest HOTP resynchronization in counters.
    pub const MAX_RESYNC_SPAN: u16 = 10_000;

    /// The default policy.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            window: Window::DEFAULT,
            look_ahead: 5,
            failure_cap: const { NonZeroU8::new(5).unwrap() },
            lock: Lock::DEFAULT,
            back_off: None,
            count_replays: true,
            count_malformed: false,
            learn_drift: false,
            max_drift: 10,
            resync_span: 1_000,
            resync_codes: ResyncCodes::Two,
            confirmation_login: false,
            watermark_margin: const { NonZeroU32::new(24 * 60 * 60).unwrap() },
        }
    }

    /// The time steps that a TOTP login accepts.
    #[must_use]
    pub const fn with_window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// How many codes an HOTP token may have shown without their being used, for a login still to find the next
    /// (RFC 4226 section 7.4); 5 by default. Each is one more code that is right at this moment.
    ///
    /// # Errors
    ///
    /// [`PolicyError::LookAhead`] for more than [`Self::MAX_LOOK_AHEAD`].
    pub const fn with_look_ahead(mut self, counters: u8) -> Result<Self, PolicyError> {
        if counters > Self::MAX_LOOK_AHEAD {
            return Err(PolicyError::LookAhead(counters));
        }
        self.look_ahead = counters;
        Ok(self)
    }

    /// Sets how many failures after the last success or lock bring a lock; 5 by default.
    ///
    /// Only an accepted code, a resynchronization or [`State::unlock`](crate::State::unlock) starts the count again; time does not. A state that
    /// has as many failures already, because the cap was higher before, is locked at the next attempt.
    ///
    /// # Errors
    ///
    /// [`PolicyError::FailureCap`] for 0 or more than [`Self::CONSECUTIVE_LIMIT`].
    pub const fn with_failure_cap(mut self, failures: u8) -> Result<Self, PolicyError> {
        match NonZeroU8::new(failures) {
            Some(cap) if failures <= Self::CONSECUTIVE_LIMIT => {
                self.failure_cap = cap;
                Ok(self)
            }
            _ => Err(PolicyError::FailureCap(failures)),
        }
    }

    /// Sets how long a lock lasts; 15 minutes by default, doubling up to a day.
    #[must_use]
    pub const fn with_lock(mut self, lock: Lock) -> Self {
        self.lock = lock;
        self
    }

    /// A growing wait after each failure; none by default. With a lock that ends by itself, it is what makes slow guessing
    /// slower.
    #[must_use]
    pub const fn with_back_off(mut self, back_off: BackOff) -> Self {
        self.back_off = Some(back_off);
        self
    }

    /// Whether a replayed code counts as a failure; it does by default. If it does not, the attempts shown as remaining
    /// tell the person that the code was right once.
    #[must_use]
    pub const fn with_counted_replays(mut self, count: bool) -> Self {
        self.count_replays = count;
        self
    }

    /// Whether an entry that is no code counts as a failure; it does not by default, as it can never be right. One that
    /// locks is refused as malformed like the others; the next attempt meets the lock.
    #[must_use]
    pub const fn with_counted_malformed(mut self, count: bool) -> Self {
        self.count_malformed = count;
        self
    }

    /// Sets whether an accepted TOTP code moves the window of the next login towards where the authenticator's clock
    /// stands (RFC 6238 section 6); off by default.
    ///
    /// The window moves by whole steps within [`Self::with_max_drift`], and only as far as it keeps the current step: one
    /// late code must not shut out an accurate clock. A clock that is further off needs a resynchronization, and is
    /// followed from there. Where the window has a past step, a code one step behind the expected one has come late, and
    /// is no drift.
    #[must_use]
    pub const fn with_learned_drift(mut self, learn: bool) -> Self {
        self.learn_drift = learn;
        self
    }

    /// How many time steps an authenticator's clock may be off, each way, for learning and for a TOTP
    /// resynchronization; 10 by default, five minutes with a period of 30 s.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Drift`] for more than [`Self::MAX_DRIFT`].
    pub const fn with_max_drift(mut self, steps: u16) -> Result<Self, PolicyError> {
        if steps > Self::MAX_DRIFT {
            return Err(PolicyError::Drift(steps));
        }
        self.max_drift = steps;
        Ok(self)
    }

    /// How many counters an HOTP resynchronization looks ahead; 1000 by default.
    ///
    /// # Errors
    ///
    /// [`PolicyError::ResyncSpan`] for 0 or more than [`Self::MAX_RESYNC_SPAN`].
    pub const fn with_resync_span(mut self, counters: u16) -> Result<Self, PolicyError> {
        if counters == 0 || counters > Self::MAX_RESYNC_SPAN {
            return Err(PolicyError::ResyncSpan(counters));
        }
        self.resync_span = counters;
        Ok(self)
    }

    /// How many consecutive codes a resynchronization wants (RFC 4226 section 7.4); two by default.
    #[must_use]
    pub const fn with_resync_codes(mut self, codes: ResyncCodes) -> Self {
        self.resync_codes = codes;
        self
    }

    /// Whether the code that confirms an authenticator is a login too; it is not by default. It is used up either way.
    #[must_use]
    pub const fn with_confirmation_login(mut self, login: bool) -> Self {
        self.confirmation_login = login;
        self
    }

    /// Sets how far beyond the window the watermark of a TOTP authenticator must lie before an operator may lower it
    /// ([`Totp::lower_watermark`](crate::Totp::lower_watermark)); a day by default, rounded up to whole seconds.
    ///
    /// # Errors
    ///
    /// [`WaitError::Length`] for no time or more than [`Lock::MAX_SECS`].
    pub const fn with_watermark_margin(mut self, time: Duration) -> Result<Self, WaitError> {
        match whole_secs(time) {
            Ok(secs) => self.watermark_margin = secs,
            Err(error) => return Err(error),
        }
        Ok(self)
    }

    /// Returns the wait that so many failures bring, where a lock's length has been doubled so many times.
    pub(crate) fn wait_after(&self, failures: u8, since_lock: u8, doublings: u8) -> Wait {
        if failures >= Self::CONSECUTIVE_LIMIT {
            return Wait::Forever;
        }
        let back_off = self.back_off.map(|back_off| back_off.0.after(failures.saturating_sub(1)));
        match (since_lock < self.failure_cap.get(), self.lock.0, back_off) {
            (true, _, None) => Wait::None,
            (true, _, Some(wait)) => Wait::Throttled(wait),
            (false, None, _) => Wait::Forever,
            (false, Some(lock), None) => Wait::Locked(lock.after(doublings)),
            // A lock never shortens the wait that it takes the place of.
            (false, Some(lock), Some(wait)) => Wait::Locked(lock.after(doublings).max(wait)),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

/// A limit that a policy cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// The HOTP look-ahead is more than [`Policy::MAX_LOOK_AHEAD`].
    LookAhead(u8),
    /// The cap on failures is not 1 to [`Policy::CONSECUTIVE_LIMIT`].
    FailureCap(u8),
    /// The drift limit is more than [`Policy::MAX_DRIFT`] steps.
    Drift(u16),
    /// The resynchronization span is not 1 to [`Policy::MAX_RESYNC_SPAN`].
    ResyncSpan(u16),
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LookAhead(n) => write!(f, "the look-ahead must be at most {}, not {n}", Policy::MAX_LOOK_AHEAD),
            Self::FailureCap(n) => write!(f, "the failure cap must be 1 to {}, not {n}", Policy::CONSECUTIVE_LIMIT),
            Self::Drift(n) => write!(f, "the drift limit must be at most {} steps, not {n}", Policy::MAX_DRIFT),
            Self::ResyncSpan(n) => {
                write!(f, "the resynchronization span must be 1 to {} counters, not {n}", Policy::MAX_RESYNC_SPAN)
            }
        }
    }
}

impl core::error::Error for PolicyError {}

/// How many consecutive codes a resynchronization wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResyncCodes {
    /// Two: a chance of about `span / 10^12` for a guess with six digits.
    #[default]
    Two = 2,
    /// Three.
    Three = 3,
}

impl ResyncCodes {
    /// The number of codes.
    #[must_use]
    pub const fn count(self) -> usize {
        self as usize
    }
}
