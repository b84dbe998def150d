//! The chances of somebody who knows the password and guesses codes.

use core::num::NonZeroU32;

use crate::ct::division::Divisor;
use crate::policy::{Lock, Policy, Wait};
use crate::types::Digits;

/// In seconds.
const YEAR: u64 = 365 * 24 * 3600;

/// The chances of a guess, from 0 to 1: see [`Policy::guess_probability`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuessProbability {
    /// That one of the guesses made before a lock is right.
    pub per_lock: f64,
    /// That one of the guesses made in a year is right.
    pub per_year: f64,
}

impl Policy {
    /// Returns the chances where so many codes are right at any moment.
    pub(crate) fn guess(&self, right: u8, digits: Digits, resets_per_year: u32) -> GuessProbability {
        let guess = f64::from(right) * most_likely(digits);
        GuessProbability {
            per_lock: at_least_once(guess, u64::from(self.failure_cap.get())),
            per_year: at_least_once(guess, self.guesses_per_year(u64::from(resets_per_year) + 1)),
        }
    }

    /// Returns how many guesses a year of so many runs of failures has room for, at most.
    fn guesses_per_year(&self, runs: u64) -> u64 {
        self.guesses_by_waits(runs).min(self.guesses_by_locks(runs))
    }

    /// Bounds the guesses of a year by its locks: a run has at most one failure less than the cap besides those that
    /// ended with a lock.
    ///
    /// The locks are bounded for each number of doublings `n`: those that had fewer doublings are at most `n`, and one
    /// more for each day waited without a lock; the others last at least as long as a lock of `n` doublings. The very
    /// last lock need not end within the year.
    fn guesses_by_locks(&self, runs: u64) -> u64 {
        let Some(lock) = self.lock.0 else { return u64::MAX };
        let day = NonZeroU32::new(Lock::EASING_SECS).unwrap_or(NonZeroU32::MIN);
        let locks = (0..=lock.most()).map(|n| u64::from(n) + Divisor::new(lock.after(n).min(day)).quotient(YEAR)).min();
        let cap = u64::from(self.failure_cap.get());
        (locks.unwrap_or(YEAR) + 1).saturating_mul(cap).saturating_add(runs.saturating_mul(cap - 1))
    }

    /// Bounds the guesses of a year by the waits between them, with every lock at its first length.
    ///
    /// In one run, `n` guesses take the waits between them. Between the points `(waits, n)` the bound is the straight line,
    /// since runs of different length make up any mix of them; so every run may be taken to last equally long.
    fn guesses_by_waits(&self, runs: u64) -> u64 {
        let mut points = [(0, 0); Self::CONSECUTIVE_LIMIT as usize];
        let (mut waits, mut since_lock) = (0, 0);
        for (guesses, point) in (1..).zip(&mut points) {
            *point = (waits, u64::from(guesses));
            since_lock = if since_lock == self.failure_cap.get() { 1 } else { since_lock + 1 };
            match self.wait_after(guesses, since_lock, 0) {
                Wait::Forever => break,
                Wait::None => {}
                Wait::Throttled(wait) | Wait::Locked(wait) => waits += u64::from(wait.get()),
            }
        }
        let fits = |waits: u64| runs.saturating_mul(waits) <= YEAR;
        let mut most = 0;
        for (early, few) in points.into_iter().filter(|(waits, _)| fits(*waits)) {
            most = most.max(runs * few);
            for (late, many) in points.into_iter().filter(|(waits, _)| !fits(*waits)) {
                // Longer waits are taken for shorter ones: the bound stays one.
                let between = u32::try_from(late - early).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
                let rest = Divisor::new(between).quotient((many - few) * (YEAR - runs * early));
                most = most.max(runs * few + rest);
            }
        }
        most
    }
}

/// The probability of the most likely code: 31 bits do not divide evenly among the codes.
fn most_likely(digits: Digits) -> f64 {
    const VALUES: u32 = 1 << 31;

    f64::from(digits.divide(VALUES - 1).0 + 1) / f64::from(VALUES)
}

/// `1 - (1 - probability)^times`, by repeated doubling: powers of floats are not in `core`, and the difference from 1
/// would lose the digits of a small probability.
fn at_least_once(probability: f64, mut times: u64) -> f64 {
    let either = |a: f64, b: f64| a + b - a * b;
    let mut doubled = probability;
    let mut total = 0.0;
    while times > 0 {
        if times & 1 == 1 {
            total = either(total, doubled);
        }
        doubled = either(doubled, doubled);
        times >>= 1;
    }
    total
}
