//! The kinds of authenticators.

mod authenticator;
#[cfg(feature = "verifier")]
mod browser;
#[cfg(feature = "verifier")]
mod external;
#[cfg(feature = "verifier")]
mod joint;
#[cfg(feature = "verifier")]
mod kind;
#[cfg(feature = "verifier")]
mod look_up;
#[cfg(feature = "verifier")]
mod new;
pub mod ocra;
mod otp;
#[cfg(feature = "verifier")]
pub mod out_of_band;
#[cfg(feature = "push")]
pub mod push;
#[cfg(all(test, feature = "std"))]
pub(crate) mod words;

pub use authenticator::Authenticator;
#[cfg(feature = "verifier")]
pub(crate) use authenticator::Material;
#[cfg(feature = "verifier")]
pub(crate) use browser::{Browser, Presented, Token};
#[cfg(feature = "verifier")]
pub use browser::{BrowserDays, BrowserDaysError};
#[cfg(feature = "verifier")]
pub use external::{External, ExternalError};
#[cfg(feature = "verifier")]
pub(crate) use joint::Factor;
#[cfg(feature = "verifier")]
pub use kind::Kind;
#[cfg(feature = "verifier")]
pub(crate) use kind::{Answer, Comparison, Computation, Kept};
#[cfg(feature = "verifier")]
pub use look_up::{
    EnrollmentCode, EnrollmentCodeError, ImportedRecoveryCodes, RecoveryCodes, RecoveryCodesError, RecoveryCodesLeft,
};
#[cfg(feature = "verifier")]
pub(crate) use look_up::{Entered, IssuedCode};
#[cfg(feature = "verifier")]
pub use new::NewAuthenticator;
#[cfg(feature = "verifier")]
pub(crate) use otp::Otp;
pub use otp::{Attempt, Hotp, Method, Totp, verify_batch};
#[cfg(feature = "verifier")]
pub use out_of_band::{Channel, CodeMessage, Destination, DestinationError, MaskedDestination, Transport};
#[cfg(feature = "verifier")]
pub(crate) use out_of_band::{OutOfBand, SentCode};
