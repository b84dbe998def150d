//! One-time passwords: by counter (HOTP, RFC 4226) and by time (TOTP, RFC 6238).

mod batch;
mod drift;
mod hotp;
#[cfg(feature = "verifier")]
mod kept;
mod method;
mod totp;

pub use batch::{Attempt, verify_batch};
pub use hotp::Hotp;
#[cfg(feature = "verifier")]
pub(crate) use kept::Otp;
pub use method::Method;
pub use totp::Totp;
