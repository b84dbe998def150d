use crate::codes::Key;
use crate::types::Counter;

/// An HMAC to compute: its key and its counter.
#[derive(Clone, Copy)]
pub(crate) struct Job<'k> {
    pub(crate) key: &'k Key,
    pub(crate) counter: Counter,
}
