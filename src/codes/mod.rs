//! The computation of codes: prepared keys, HMACs side by side, and the search for a code among many counters.

pub(crate) mod batch;
mod joined;
pub(crate) mod key;
pub(crate) mod lanes;
pub(crate) mod mac;
pub(crate) mod search;

pub use key::Key;
