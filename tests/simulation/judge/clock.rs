//! The window of an authenticator by time, which follows its clock, as the documentation of the policy describes it.

use std::ops::RangeInclusive;

use secondo::UnixTime;

use crate::token::Clock;

/// The steps of the window before and after the current one, and the maximum drift in steps.
pub(crate) const PAST: i64 = 2;
pub(crate) const FUTURE: i64 = 1;
const MAX_DRIFT: i64 = 10;

/// The progress of an authenticator by time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Followed {
    /// The last step that was accepted.
    last: Option<u64>,
    /// The known drift in steps.
    drift: i64,
}

/// Returns the drift after a code this number of steps ahead. One that is a step behind may only be late.
fn followed(drift: i64, ahead: i64) -> i64 {
    drift.clamp(ahead, ahead + 1)
}

/// Returns a drift with which the window contains the current step.
fn near(drift: i64) -> i64 {
    drift.clamp(-FUTURE, PAST)
}

fn window(drift: i64) -> RangeInclusive<i64> {
    drift - PAST..=drift + FUTURE
}

/// Returns the current step.
fn current(now: UnixTime) -> i64 {
    (now.as_secs() / 30).cast_signed()
}

/// Returns `true` if the window of an accurate clock contains this step.
pub(super) fn is_usual(step: u64, now: UnixTime) -> bool {
    window(0).contains(&(step.cast_signed() - current(now)))
}

impl Followed {
    /// Returns the progress after a login with this code, or `None` if it is not accepted.
    pub(super) fn log_in(self, clock: &Clock, code: &str, now: UnixTime) -> Option<Self> {
        // A window that was resynchronized far away is compared beside the one of an accurate clock.
        let is_far = near(self.drift) != self.drift;
        let ahead = self.find(&(-MAX_DRIFT - PAST..=MAX_DRIFT + FUTURE), now, |ahead, step| {
            let is_in_reach = window(self.drift).contains(&ahead) || is_far && window(0).contains(&ahead);
            is_in_reach && clock.code_of(step) == code
        })?;
        let drift = if !is_far {
            near(followed(self.drift, ahead))
        } else if window(0).contains(&ahead) {
            // The clock was set right.
            near(followed(0, ahead))
        } else {
            followed(self.drift, ahead).clamp(-MAX_DRIFT, MAX_DRIFT)
        };
        Some(Self { last: (current(now) + ahead).try_into().ok(), drift })
    }

    /// Returns the progress after a resynchronization with two codes in a row, or `None` if they are not accepted.
    pub(super) fn resync(self, clock: &Clock, codes: &[String; 2], now: UnixTime) -> Option<Self> {
        let [first, second] = codes;
        let ahead = 1 + self.find(&(-MAX_DRIFT - 1..=MAX_DRIFT - 1), now, |_, step| {
            clock.code_of(step) == *first && clock.code_of(step + 1) == *second
        })?;
        let drift = followed(self.drift, ahead).clamp(-MAX_DRIFT, MAX_DRIFT);
        Some(Self { last: (current(now) + ahead).try_into().ok(), drift })
    }

    /// Returns `true` if the known drift is that of a clock that was always right to the step.
    pub(super) fn is_right(&self) -> bool {
        (0..=1).contains(&self.drift)
    }

    /// Returns the first step that was not used and is right, as the number of steps ahead.
    fn find(self, within: &RangeInclusive<i64>, now: UnixTime, is_right: impl Fn(i64, u64) -> bool) -> Option<i64> {
        within.clone().find(|ahead| {
            let step = u64::try_from(current(now) + ahead).unwrap();
            Some(step) > self.last && is_right(*ahead, step)
        })
    }

    /// Marks all steps as used that may have been accepted before a restore.
    pub(super) fn raise(&mut self, now: UnixTime) {
        let farthest = u64::try_from(current(now) + MAX_DRIFT + FUTURE).unwrap();
        self.last = self.last.max(Some(farthest));
    }
}
