use crate::codes::Key;
use crate::types::Counter;

/// One HMAC to compute.
#[derive(Clone, Copy)]
pub(crate) struct Job<'k> {
    pub(crate) key: &'k Key,
    pub(crate) counter: Counter,
}

/// The truncated values of this counter and those after it, one after the other.
pub(super) fn one_by_one(key: &Key, first: u64, values: &mut [u32]) {
    for (counter, value) in (first..=u64::MAX).zip(values) {
        *value = key.truncated(Counter::new(counter));
    }
}
