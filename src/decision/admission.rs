use core::num::NonZeroU32;

use crate::ct::division::quotient;
use crate::decision::{Attempts, Hold, Refusal, State};
use crate::policy::{Doubling, Lock, Policy, Wait};
use crate::types::UnixTime;

impl Policy {
    /// Returns the number of attempts left before the lock; 0 if the authenticator is locked.
    #[must_use]
    pub fn remaining(&self, state: &State, now: UnixTime) -> u8 {
        self.remaining_of(&state.attempts, now)
    }

    pub(crate) fn remaining_of(&self, attempts: &Attempts, now: UnixTime) -> u8 {
        match attempts.hold {
            Hold::Locked => 0,
            Hold::LockedUntil(until) if now < until => 0,
            _ => self.left(attempts),
        }
    }

    /// Returns the number of attempts left before the next lock, 0 in a lock, and the hold that is in force.
    #[cfg(feature = "verifier")]
    pub(crate) fn left_now(&self, attempts: &Attempts, now: UnixTime) -> (u8, Hold) {
        (self.remaining_of(attempts, now), attempts.hold.in_force(now))
    }

    /// Returns the number of attempts left to confirm an authenticator.
    #[cfg(feature = "verifier")]
    pub(crate) fn left_to_confirm(&self, failures: u8) -> u8 {
        self.failure_cap.get().saturating_sub(failures)
    }

    /// Returns the number of attempts left before the next lock, if none is in force.
    pub(super) fn left(&self, attempts: &Attempts) -> u8 {
        let before_lock = self.failure_cap.get().saturating_sub(attempts.since_lock);
        before_lock.min(Self::CONSECUTIVE_LIMIT.saturating_sub(attempts.failures))
    }

    /// Returns `true` if the failures require a lock that was never made, because the cap was lowered or the count
    /// imported.
    pub(super) fn owes_lock(&self, attempts: &Attempts, now: UnixTime) -> bool {
        !attempts.hold.is_in_force(now) && self.left(attempts) == 0
    }

    /// Checks that the state admits an attempt.
    pub(crate) fn admit(&self, state: &State, now: UnixTime, stage: Stage) -> Result<(), Refusal> {
        if state.suspended {
            return Err(Refusal::Suspended);
        }
        match (stage, state.confirmed) {
            (Stage::Login, false) => return Err(Refusal::Unconfirmed),
            (Stage::Confirmation, true) => return Err(Refusal::AlreadyConfirmed),
            (Stage::Login, true) | (Stage::Confirmation, false) | (Stage::Resynchronization, _) => {}
        }
        self.admit_attempt(&state.attempts, now)
    }

    /// Checks that no lock or back-off holds attempts off.
    pub(crate) fn admit_attempt(&self, attempts: &Attempts, now: UnixTime) -> Result<(), Refusal> {
        match attempts.hold {
            Hold::Locked => Err(Refusal::Locked { until: None }),
            Hold::LockedUntil(until) if now < until => Err(Refusal::Locked { until: Some(until) }),
            Hold::Throttled(retry_at) if now < retry_at => Err(Refusal::Throttled { retry_at }),
            // The decision makes the lock, and with it the time at which it ends.
            _ if self.owes_lock(attempts, now) => Err(Refusal::Locked { until: None }),
            _ => Ok(()),
        }
    }

    /// Counts failures, and sets the back-off or the lock that they require. Returns the number of attempts left.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "a call would write the decision to memory, from where it would then be moved"
    )]
    pub(super) fn count(&self, failures: u8, attempts: &mut Attempts, now: UnixTime) -> u8 {
        attempts.failures = attempts.failures.saturating_add(failures);
        attempts.since_lock = attempts.since_lock.saturating_add(failures);
        let days_since = quotient::<{ Lock::EASING_SECS }>(now.as_secs().saturating_sub(attempts.lock_ended.as_secs()));
        let doublings = u64::from(attempts.lock_doublings).saturating_sub(days_since).to_le_bytes()[0];
        let until = |wait: NonZeroU32| now.saturating_add(u64::from(wait.get()));
        attempts.hold = match self.wait_after(attempts.failures, attempts.since_lock, doublings) {
            Wait::None => Hold::None,
            Wait::Throttled(wait) => Hold::Throttled(until(wait)),
            Wait::Locked(wait) => {
                attempts.since_lock = 0;
                attempts.lock_ended = until(wait);
                attempts.lock_doublings = self.lock.0.map_or(0, Doubling::most).min(doublings.saturating_add(1));
                Hold::LockedUntil(attempts.lock_ended)
            }
            Wait::Forever => {
                attempts.since_lock = 0;
                Hold::Locked
            }
        };
        match attempts.hold {
            Hold::Locked | Hold::LockedUntil(_) => 0,
            Hold::None | Hold::Throttled(_) => self.left(attempts),
        }
    }
}

/// The purpose of an attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Confirmation,
    Login,
    Resynchronization,
}
