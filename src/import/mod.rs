//! Authenticators that come from elsewhere, with the counters and drift that they have.

#[cfg(feature = "pskc")]
pub mod pskc;
