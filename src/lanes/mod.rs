//! The HMACs of many jobs at once: side by side in vectors where that is faster, else one after the other.

#[cfg(feature = "std")]
#[expect(clippy::inline_always, reason = "must become part of the function that has the instruction set enabled")]
mod hash;
#[cfg(feature = "std")]
#[expect(clippy::inline_always, reason = "as in `hash`")]
mod vectors;

use crate::{Counter, Key};

/// The truncated values (RFC 4226 section 5.3) of this counter and those after it.
pub(crate) fn consecutive(key: &Key, first: Counter, values: &mut [u32]) {
    #[cfg(feature = "std")]
    vectors::consecutive(key, first, values);
    #[cfg(not(feature = "std"))]
    one_by_one(key, first.get(), values);
}

/// One HMAC to compute.
#[derive(Clone, Copy)]
pub(crate) struct Job<'k> {
    pub(crate) key: &'k Key,
    pub(crate) counter: Counter,
}

/// The truncated value of each job.
pub(crate) fn each<'k>(jobs: impl Iterator<Item = Job<'k>>, values: &mut [u32]) {
    #[cfg(feature = "std")]
    vectors::each(jobs, values);
    #[cfg(not(feature = "std"))]
    for (job, value) in jobs.zip(values) {
        *value = job.key.truncated(job.counter);
    }
}

fn one_by_one(key: &Key, first: u64, values: &mut [u32]) {
    for (counter, value) in (first..=u64::MAX).zip(values) {
        *value = key.truncated(Counter::new(counter));
    }
}

/// The bytes of two numbers, big-endian.
#[inline]
pub(crate) fn joined(first: u64, second: u64) -> [u8; 16] {
    #[cfg(feature = "std")]
    return vectors::joined(first, second);
    #[cfg(not(feature = "std"))]
    (u128::from(first) << 64 | u128::from(second)).to_be_bytes()
}
