//! The HMACs of many jobs at once: side by side in vectors where that is faster, else one after the other.

#[cfg(feature = "std")]
#[expect(clippy::inline_always, reason = "must become part of the function that has the instruction set enabled")]
mod hash;
mod job;
#[cfg(feature = "std")]
#[expect(clippy::inline_always, reason = "as in `hash`")]
mod vectors;

pub(crate) use job::Job;

use crate::codes::Key;
use crate::types::Counter;

/// The truncated values (RFC 4226 section 5.3) of this counter and those after it.
pub(crate) fn consecutive(key: &Key, first: Counter, values: &mut [u32]) {
    #[cfg(feature = "std")]
    vectors::consecutive(key, first, values);
    #[cfg(not(feature = "std"))]
    job::one_by_one(key, first.get(), values);
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
