//! The values that codes are computed from and compared with.
//!
//! Each value is checked once, when it is created, and is valid from then on.

mod algorithm;
pub(crate) mod calendar;
mod code;
#[cfg(feature = "verifier")]
mod id;
mod secret;
#[cfg(feature = "alloc")]
mod secret_text;
mod submitted;
mod time;

pub use algorithm::Algorithm;
pub use code::{Code, Digits, DigitsError};
#[cfg(feature = "verifier")]
pub(crate) use id::Name;
#[cfg(feature = "verifier")]
pub use id::{AccountId, IdError};
pub use secret::{Base32, Secret, SecretError};
#[cfg(feature = "alloc")]
pub use secret_text::SecretText;
pub use submitted::{MalformedCode, SubmittedCode};
pub use time::{BeforeT0, Counter, Period, PeriodError, TimeError, UnixTime};
