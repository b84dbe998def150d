use zeroize::Zeroize;

use crate::codes::lanes::{self, Job};
use crate::types::{Code, Digits};

/// The maximum number of HMACs computed at once.
const JOBS: usize = 64;

/// Returns the code of each job, in the jobs' order. Codes are computed side by side, up to [`JOBS`] at once.
pub(crate) fn codes<'k>(jobs: impl Iterator<Item = Job<'k>>, digits: Digits) -> impl Iterator<Item = Code> {
    let truncated = Truncated { jobs, values: [0; JOBS], computed: 0, next: 0 };
    truncated.map(move |truncated| Code::from_truncated(truncated, digits))
}

struct Truncated<I> {
    jobs: I,
    values: [u32; JOBS],
    computed: usize,
    next: usize,
}

impl<'k, I: Iterator<Item = Job<'k>>> Truncated<I> {
    fn fill(&mut self) {
        self.next = 0;
        self.computed = 0;
        let jobs = self.jobs.by_ref().take(JOBS).inspect(|_| self.computed += 1);
        lanes::each(jobs, &mut self.values);
    }
}

impl<'k, I: Iterator<Item = Job<'k>>> Iterator for Truncated<I> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.next == self.computed {
            self.fill();
        }
        let value = self.values.get(..self.computed)?.get(self.next).copied();
        self.next += 1;
        value
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let ready = self.computed.saturating_sub(self.next);
        let (least, most) = self.jobs.size_hint();
        (least.saturating_add(ready), most.and_then(|most| most.checked_add(ready)))
    }
}

impl<I> Drop for Truncated<I> {
    fn drop(&mut self) {
        self.values.as_mut_slice().zeroize();
    }
}
