//! The kinds of authenticators.

mod authenticator;
mod otp;

pub use authenticator::Authenticator;
#[cfg(feature = "verifier")]
pub(crate) use authenticator::Material;
pub use otp::{Attempt, Hotp, Method, Totp, verify_batch};
