use cmov::Cmov;

use crate::ct::select::{clamp, is_zero};
use crate::policy::Policy;

impl Policy {
    /// Returns the drift after a resynchronization with a code this number of steps ahead.
    ///
    /// The drift does not change if the code fits the known one. If the window has a past step, a code may arrive one
    /// step late (RFC 6238 section 5.2). A late code must not move the window away from the codes of an accurate clock.
    pub(crate) fn resynchronized(&self, known: i16, ahead: i64) -> i16 {
        let (delay, ahead) = (i32::from(self.window.past().min(1)), near(ahead));
        self.clamp_drift(clamp(known.into(), ahead, ahead.wrapping_add(delay)))
    }

    /// Returns the drift after a login with a code this number of steps ahead.
    ///
    /// A learned drift keeps the current step in the window, so that codes of an accurate clock stay correct. Only a
    /// resynchronization moves the window further. If one has done so, a code from the window around the current step
    /// shows an accurate clock, and the drift is learned from 0 again.
    pub(crate) fn learned(&self, known: i16, ahead: i64) -> i16 {
        let known = self.known_drift(known);
        let (past, future) = (i32::from(self.window.past()), i32::from(self.window.future()));
        let mut new = self.resynchronized(known, ahead);
        if self.window.reaches(known) {
            return self.clamp_drift(clamp(new.into(), -future, past));
        }
        // No branch here: the place of the code is secret.
        let in_window = clamp(near(ahead), -past, future);
        let from_exact = clamp(self.resynchronized(0, ahead).into(), -future, past);
        new.cmovnz(&self.clamp_drift(from_exact), is_zero(in_window.wrapping_sub(near(ahead))));
        new
    }

    /// Limits the drift in a state, which is not secret, to the policy's maximum.
    pub(crate) fn known_drift(&self, known: i16) -> i16 {
        let limit = self.max_drift.cast_signed();
        known.clamp(-limit, limit)
    }

    /// Limits a new drift, which is still secret, to the policy's maximum.
    fn clamp_drift(&self, steps: i32) -> i16 {
        let limit = i32::from(self.max_drift);
        #[expect(clippy::cast_possible_truncation, reason = "the limit is at most MAX_DRIFT")]
        let clamped = clamp(steps, -limit, limit) as i16;
        clamped
    }
}

/// Returns the number of steps in 32 bits. If no code was found it is arbitrary, and its result is not used.
#[expect(clippy::cast_possible_truncation, reason = "a code is found within MAX_DRIFT steps and a window")]
fn near(ahead: i64) -> i32 {
    ahead as i32
}
