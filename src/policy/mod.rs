//! The policy of a verifier: the codes it accepts, the failures it allows, and the locks that follow.
//!
//! [`Policy::guess_probability`] computes the chances that a policy leaves to an attacker. The watermark of an
//! authenticator is the last counter or time step that was used: no code at or below it is accepted again.

use core::num::{NonZeroU8, NonZeroU32};
use core::time::Duration;

use core::fmt;

mod lock;
mod rate_limit;
#[cfg(feature = "verifier")]
mod sending;
mod window;

pub use lock::{BackOff, Lock, WaitError};
pub(crate) use lock::{Doubling, Wait, whole_secs};
pub use rate_limit::{RateLimit, RateLimitError};
#[cfg(feature = "verifier")]
pub use sending::{Sending, SendingError};
pub use window::{Window, WindowError};

/// The rules by which a verifier accepts codes, counts failures and locks accounts.
///
/// One policy serves all accounts of a verifier. The default policy accepts one past time step (TOTP) and looks 5
/// counters ahead (HOTP). After 5 consecutive failures it locks the account for 15 minutes, doubling up to a day.
/// A replayed code counts as a failure, and a malformed entry does not.
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
    pub(crate) enrollment_secs: NonZeroU32,
    pub(crate) enrollments: RateLimit,
    pub(crate) right_codes: NonZeroU8,
    #[cfg(feature = "verifier")]
    pub(crate) sending: Sending,
}

impl Policy {
    /// The maximum number of consecutive failures (NIST SP 800-63B-4 section 3.2.2 allows no more than 100).
    ///
    /// An account that reaches this number is locked until an operator unlocks it, whatever the lock and the
    /// back-off are.
    pub const CONSECUTIVE_LIMIT: u8 = 100;
    /// The rules by which sets of recovery codes count failures of their own: the default policy.
    ///
    /// A lock that only an operator ends would take the subscriber's last way in. Codes of 64 bits or more need none.
    #[cfg(feature = "verifier")]
    pub(crate) const RECOVERY: Self = Self::new();
    /// The maximum look-ahead of an HOTP login, in counters.
    pub const MAX_LOOK_AHEAD: u8 = Window::MAX;
    /// The maximum drift limit, in time steps each way.
    pub const MAX_DRIFT: u16 = 5_000;
    /// The maximum span of an HOTP resynchronization, in counters.
    pub const MAX_RESYNC_SPAN: u16 = 10_000;

    /// Creates the default policy.
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
            enrollment_secs: const { NonZeroU32::new(60 * 60).unwrap() },
            enrollments: RateLimit::ENROLLMENTS,
            right_codes: const { NonZeroU8::new(16).unwrap() },
            #[cfg(feature = "verifier")]
            sending: Sending::new(),
        }
    }

    /// Sets the time steps that a TOTP login accepts; the current and one past step by default.
    #[must_use]
    pub const fn with_window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// Sets the look-ahead of an HOTP login, in counters (RFC 4226 section 7.4); 5 by default.
    ///
    /// A login accepts the next code even if the token has shown up to this many codes that were never used. Each
    /// counter of the look-ahead makes one more code correct at any moment.
    ///
    /// # Errors
    ///
    /// Returns [`PolicyError::LookAhead`] if `counters` is more than [`Self::MAX_LOOK_AHEAD`].
    pub const fn with_look_ahead(mut self, counters: u8) -> Result<Self, PolicyError> {
        if counters > Self::MAX_LOOK_AHEAD {
            return Err(PolicyError::LookAhead(counters));
        }
        self.look_ahead = counters;
        Ok(self)
    }

    /// Sets the number of failures since the last success or lock that causes a lock; 5 by default.
    ///
    /// Apart from a lock, only an accepted code, a resynchronization or [`State::unlock`](crate::State::unlock) starts
    /// the count again; time does not. A state that already has this many failures, because the cap was higher before,
    /// is locked at the next attempt.
    ///
    /// # Errors
    ///
    /// Returns [`PolicyError::FailureCap`] if `failures` is 0 or more than [`Self::CONSECUTIVE_LIMIT`].
    pub const fn with_failure_cap(mut self, failures: u8) -> Result<Self, PolicyError> {
        match NonZeroU8::new(failures) {
            Some(cap) if failures <= Self::CONSECUTIVE_LIMIT => {
                self.failure_cap = cap;
                Ok(self)
            }
            _ => Err(PolicyError::FailureCap(failures)),
        }
    }

    /// Sets the duration of a lock; 15 minutes by default, doubling up to a day.
    #[must_use]
    pub const fn with_lock(mut self, lock: Lock) -> Self {
        self.lock = lock;
        self
    }

    /// Sets a wait after each failure that grows from one failure to the next; none by default.
    ///
    /// Locks that double slow down patient guessing without it. Locks of a fixed length need a back-off for that.
    #[must_use]
    pub const fn with_back_off(mut self, back_off: BackOff) -> Self {
        self.back_off = Some(back_off);
        self
    }

    /// Sets whether a replayed code counts as a failure; it does by default.
    ///
    /// If it does not, the number of remaining attempts tells the person who entered the code that it was correct once.
    #[must_use]
    pub const fn with_counted_replays(mut self, count: bool) -> Self {
        self.count_replays = count;
        self
    }

    /// Sets whether a malformed entry counts as a failure; it does not by default, because it can never be correct.
    ///
    /// Each submission counts, a repeated one too. Malformed entries for a confirmation never count.
    /// A malformed entry that causes a lock is still refused as malformed. The next attempt is refused as locked.
    #[must_use]
    pub const fn with_counted_malformed(mut self, count: bool) -> Self {
        self.count_malformed = count;
        self
    }

    /// Sets whether an accepted TOTP code moves the window of the next login to follow the authenticator's clock.
    ///
    /// RFC 6238 section 6 describes this. It is off by default.
    ///
    /// The window moves by whole steps within [`Self::with_max_drift`], and always contains the current step. With one
    /// past and one future step, for example, it moves by at most one step either way. One late code can therefore not
    /// lock out an accurate clock. A clock that is further off needs a resynchronization, after which logins follow it
    /// again. If the window has a past step, a code one step behind the expected one counts as late, and not as a sign
    /// of drift. So after a code that once came a step early, the right step is the late one, and codes that are late by
    /// a step more need a window of two past steps.
    #[must_use]
    pub const fn with_learned_drift(mut self, learn: bool) -> Self {
        self.learn_drift = learn;
        self
    }

    /// Sets the maximum drift of an authenticator's clock, in time steps each way; 10 by default.
    ///
    /// The default is five minutes with a period of 30 s. The limit applies to learned drift and to a TOTP
    /// resynchronization.
    ///
    /// # Errors
    ///
    /// Returns [`PolicyError::Drift`] if `steps` is more than [`Self::MAX_DRIFT`].
    pub const fn with_max_drift(mut self, steps: u16) -> Result<Self, PolicyError> {
        if steps > Self::MAX_DRIFT {
            return Err(PolicyError::Drift(steps));
        }
        self.max_drift = steps;
        Ok(self)
    }

    /// Sets the number of counters that an HOTP resynchronization looks ahead; 1000 by default.
    ///
    /// # Errors
    ///
    /// Returns [`PolicyError::ResyncSpan`] if `counters` is 0 or more than [`Self::MAX_RESYNC_SPAN`].
    pub const fn with_resync_span(mut self, counters: u16) -> Result<Self, PolicyError> {
        if counters == 0 || counters > Self::MAX_RESYNC_SPAN {
            return Err(PolicyError::ResyncSpan(counters));
        }
        self.resync_span = counters;
        Ok(self)
    }

    /// Sets the number of consecutive codes that a resynchronization requires (RFC 4226 section 7.4); two by default.
    #[must_use]
    pub const fn with_resync_codes(mut self, codes: ResyncCodes) -> Self {
        self.resync_codes = codes;
        self
    }

    /// Sets whether the code that confirms an authenticator is also a login; it is not by default.
    ///
    /// The code is used up either way.
    #[must_use]
    pub const fn with_confirmation_login(mut self, login: bool) -> Self {
        self.confirmation_login = login;
        self
    }

    /// Sets the distance from the window beyond which an operator may lower a TOTP watermark; a day by default.
    ///
    /// [`Totp::lower_watermark`](crate::Totp::lower_watermark) lowers only a watermark that lies further in the future
    /// than the window and this margin, which is rounded up to whole seconds.
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::Length`] if `time` is 0 or, rounded up, more than [`Lock::MAX_SECS`] seconds.
    pub const fn with_watermark_margin(mut self, time: Duration) -> Result<Self, WaitError> {
        match whole_secs(time) {
            Ok(secs) => self.watermark_margin = secs,
            Err(error) => return Err(error),
        }
        Ok(self)
    }

    /// Sets the time in which a new authenticator of an account must be confirmed; an hour by default.
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::Length`] if `time` is 0 or, rounded up, more than [`Lock::MAX_SECS`] seconds.
    pub const fn with_enrollment_time(mut self, time: Duration) -> Result<Self, WaitError> {
        match whole_secs(time) {
            Ok(secs) => self.enrollment_secs = secs,
            Err(error) => return Err(error),
        }
        Ok(self)
    }

    /// Sets the number of enrollments that may begin in an account; 8 at once and one more every 12 hours by default.
    ///
    /// Every enrollment counts, also one that is replaced, confirmed or revoked, and one of an external authenticator.
    /// Imports do not count. Each enrollment takes as many wrong first codes as the failure cap permits. The limit
    /// bounds the guesses of somebody who knows the password and enrolls a token that another person holds.
    #[must_use]
    pub const fn with_enrollments(mut self, limit: RateLimit) -> Self {
        self.enrollments = limit;
        self
    }

    /// Sets the maximum number of codes of an account that are correct at one moment; 16 by default.
    ///
    /// Each step of the window counts for each TOTP authenticator, the next counter and each one of the look-ahead for
    /// each HOTP authenticator and each token that answers challenges, and each destination for one. A phone and two
    /// tokens with counters fit into 16. An attacker has up to this many chances with each guess. An enrollment beyond
    /// the maximum is refused. A resynchronization may exceed it: if it finds a clock outside of the window, a second
    /// window is compared, which doubles the codes of that authenticator.
    ///
    /// # Errors
    ///
    /// Returns [`PolicyError::RightCodes`] if `codes` is 0.
    pub const fn with_right_codes(mut self, codes: u8) -> Result<Self, PolicyError> {
        match NonZeroU8::new(codes) {
            Some(codes) => {
                self.right_codes = codes;
                Ok(self)
            }
            None => Err(PolicyError::RightCodes),
        }
    }

    /// Sets the rules for codes that are sent to subscribers: see [`Sending`].
    #[cfg(feature = "verifier")]
    #[must_use]
    pub const fn with_sending(mut self, sending: Sending) -> Self {
        self.sending = sending;
        self
    }

    /// Returns the number of changes that somebody who knows the password can make to an account in a burst: wrong
    /// codes and recovery codes up to a lock, enrollments, the wrong first codes of each, codes that are sent, pushes
    /// and challenges.
    #[cfg(feature = "verifier")]
    pub(crate) fn changes_at_once(&self) -> usize {
        /// The maximum number of pushes that are pending.
        const PUSHES: usize = 3;
        /// The maximum number of challenges that are pending.
        const CHALLENGES: usize = 3;

        let cap = usize::from(self.failure_cap.get());
        let of_recovery = usize::from(Self::RECOVERY.failure_cap.get());
        let sends = usize::from(self.sending.per_account.at_once());
        cap + of_recovery + usize::from(self.enrollments.at_once()) * (1 + cap) + sends + PUSHES + CHALLENGES
    }

    /// Returns the wait after this many consecutive failures, `since_lock` of which came after the last lock.
    ///
    /// `doublings` is the number of times that the duration of a lock has doubled.
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
            // A lock is never shorter than the wait that it replaces.
            (false, Some(lock), Some(wait)) => Wait::Locked(lock.after(doublings).max(wait)),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

/// A policy limit that is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// The HOTP look-ahead is more than [`Policy::MAX_LOOK_AHEAD`] counters.
    LookAhead(u8),
    /// The failure cap is not 1 to [`Policy::CONSECUTIVE_LIMIT`].
    FailureCap(u8),
    /// The drift limit is more than [`Policy::MAX_DRIFT`] steps.
    Drift(u16),
    /// The HOTP resynchronization span is not 1 to [`Policy::MAX_RESYNC_SPAN`] counters.
    ResyncSpan(u16),
    /// The maximum number of right codes is 0.
    RightCodes,
}

impl PolicyError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::LookAhead(_) => "look_ahead",
            Self::FailureCap(_) => "failure_cap",
            Self::Drift(_) => "drift",
            Self::ResyncSpan(_) => "resync_span",
            Self::RightCodes => "right_codes",
        }
    }
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
            Self::RightCodes => f.write_str("the maximum number of right codes must not be 0"),
        }
    }
}

impl core::error::Error for PolicyError {}

/// The number of consecutive codes that a resynchronization requires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResyncCodes {
    /// Two codes. With six digits, a guess has a chance of about `span / 10^12`.
    #[default]
    Two = 2,
    /// Three codes. With six digits, a guess has a chance of about `span / 10^18`.
    Three = 3,
}

impl ResyncCodes {
    /// Returns the number of codes.
    #[must_use]
    pub const fn count(self) -> usize {
        self as usize
    }
}
