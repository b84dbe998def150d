//! HMACs of many jobs at once: side by side in vectors if that is faster, otherwise one after the other.

#[cfg(feature = "std")]
#[expect(clippy::inline_always, reason = "must be inlined into the function that enables the instruction set")]
mod hash;
mod job;
#[cfg(feature = "std")]
#[expect(clippy::inline_always, reason = "as in `hash`")]
mod vectors;

pub(crate) use job::Job;

use crate::codes::Key;
use crate::types::Counter;

/// Computes the truncated values (RFC 4226 section 5.3) of the counters from `first` on.
pub(crate) fn consecutive(key: &Key, first: Counter, values: &mut [u32]) {
    #[cfg(feature = "std")]
    vectors::consecutive(key, first, values);
    #[cfg(not(feature = "std"))]
    for (counter, value) in (first.get()..=u64::MAX).zip(values) {
        *value = key.truncated(Counter::new(counter));
    }
}

/// Computes the truncated value of each job, in the jobs' order.
pub(crate) fn each<'k>(jobs: impl Iterator<Item = Job<'k>>, values: &mut [u32]) {
    #[cfg(feature = "std")]
    vectors::each(jobs, values);
    #[cfg(not(feature = "std"))]
    for (job, value) in jobs.zip(values) {
        *value = job.key.truncated(job.counter);
    }
}
