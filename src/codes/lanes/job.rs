use crate::codes::Key;
use crate::types::Counter;

/// An HMAC to compute: its key and its counter.
#[derive(Clone, Copy)]
pub(crate) struct Job<'k> {
    pub(crate) key: &'k Key,
    pub(crate) counter: Counter,
}

/// Computes the truncated values of the counters from `first` on, one after the other.
pub(super) fn one_by_one(key: &Key, first: u64, values: &mut [u32]) {
    for (counter, value) in (first..=u64::MAX).zip(values) {
        *value = key.truncated(Counter::new(counter));
    }
}
