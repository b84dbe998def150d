//! The chances of an attacker who knows the password and guesses codes.

use core::num::NonZeroU32;

use crate::ct::division::Divisor;
use crate::policy::{Lock, Policy, Wait};
use crate::types::Digits;

/// The number of possible lengths of a code.
const LENGTHS: usize = Digits::Nine as usize - Digits::Six as usize + 1;

/// The length of a year in seconds.
const YEAR: u64 = 365 * 24 * 3600;

/// The probabilities, from 0 to 1, that an attacker guesses a code. See [`Policy::guess_probability`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuessProbability {
    /// The probability that at least one of the guesses before a lock is correct.
    pub per_lock: f64,
    /// The probability that at least one of the guesses in a year is correct; an upper bound.
    pub per_year: f64,
}

impl Policy {
    /// Returns the probabilities if these numbers of codes are correct at any moment.
    ///
    /// A guess has one length, so it can match only the codes of that length. The attacker guesses the likeliest one.
    pub(crate) fn guess(
        &self,
        right_codes: impl Iterator<Item = (Digits, u8)>,
        resets_per_year: u32,
    ) -> GuessProbability {
        let mut by_length = [0.0; LENGTHS];
        for (digits, right) in right_codes {
            if let Some(guess) = by_length.get_mut(usize::from(digits as u8 - Digits::Six as u8)) {
                *guess += f64::from(right) * most_likely(digits);
            }
        }
        let guess = by_length.into_iter().fold(0.0, f64::max).min(1.0);
        GuessProbability {
            per_lock: at_least_once(guess, u64::from(self.failure_cap.get())),
            per_year: at_least_once(guess, self.guesses_per_year(u64::from(resets_per_year) + 1)),
        }
    }

    /// Returns an upper bound of the number of guesses in a year with this many runs.
    ///
    /// A run is a sequence of failures up to a reset of the count, or up to the end of the year.
    fn guesses_per_year(&self, runs: u64) -> u64 {
        self.guesses_by_waits(runs).min(self.guesses_by_locks(runs))
    }

    /// Bounds the guesses of a year by its locks.
    ///
    /// The failures of a run that did not lead to a lock are at most one less than the cap.
    ///
    /// The number of locks is bounded for each number of doublings `n`. At most `n` locks have fewer doublings, and one
    /// more for each day spent without a lock. All other locks last at least as long as a lock of `n` doublings. The
    /// very last lock need not end within the year.
    fn guesses_by_locks(&self, runs: u64) -> u64 {
        let Some(lock) = self.lock.0 else { return u64::MAX };
        let day = NonZeroU32::new(Lock::EASING_SECS).unwrap_or(NonZeroU32::MIN);
        let locks = (0..=lock.most()).map(|n| u64::from(n) + Divisor::new(lock.after(n).min(day)).quotient(YEAR)).min();
        let cap = u64::from(self.failure_cap.get());
        (locks.unwrap_or(YEAR) + 1).saturating_mul(cap).saturating_add(runs.saturating_mul(cap - 1))
    }

    /// Bounds the guesses of a year by the waits between them, with every lock at its first length.
    ///
    /// The first `n` guesses of a run take as long as the waits between them, which gives a point `(waits, n)`. Between
    /// two points the bound is a straight line, because runs of different lengths can be mixed in any proportion. All
    /// runs may therefore be assumed to last equally long.
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
                // A difference that does not fit is taken to be smaller, which can only raise the bound.
                let between = u32::try_from(late - early).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
                let rest = Divisor::new(between).quotient((many - few) * (YEAR - runs * early));
                most = most.max(runs * few + rest);
            }
        }
        most
    }
}

/// Returns the probability of the most likely code.
///
/// Codes are not equally likely, because the 2^31 truncated values do not divide evenly among them.
fn most_likely(digits: Digits) -> f64 {
    const VALUES: u32 = 1 << 31;

    f64::from(digits.divide(VALUES - 1).0 + 1) / f64::from(VALUES)
}

/// Computes `1 - (1 - probability)^times` by repeated doubling.
///
/// `core` has no powers of floats, and the difference from 1 would lose the digits of a small probability.
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
