//! The kinds of authenticators.

mod authenticator;
#[cfg(feature = "verifier")]
mod external;
#[cfg(feature = "verifier")]
mod joint;
#[cfg(feature = "verifier")]
mod kind;
#[cfg(feature = "verifier")]
mod new;
mod otp;
#[cfg(feature = "push")]
pub mod push;
#[cfg(all(test, feature = "std"))]
pub(crate) mod words;

pub use authenticator::Authenticator;
#[cfg(feature = "verifier")]
pub(crate) use authenticator::Material;
#[cfg(feature = "verifier")]
pub use external::{External, ExternalError};
#[cfg(feature = "verifier")]
pub(crate) use joint::Factor;
#[cfg(feature = "verifier")]
pub use kind::Kind;
#[cfg(feature = "verifier")]
pub(crate) use kind::{Answer, Comparison, Computation};
#[cfg(feature = "verifier")]
pub use new::NewAuthenticator;
#[cfg(feature = "verifier")]
pub(crate) use otp::Otp;
pub use otp::{Attempt, Hotp, Method, Totp, verify_batch};
