//! The values that codes are computed from and compared with.
//!
//! Each value is checked once, when it is created, and is valid from then on.

mod algorithm;
pub(crate) mod calendar;
mod code;
mod entered;
#[cfg(feature = "verifier")]
mod id;
#[cfg(feature = "verifier")]
mod level;
#[cfg(feature = "sha2")]
mod printable;
mod secret;
#[cfg(feature = "alloc")]
mod secret_text;
mod submitted;
#[cfg(feature = "verifier")]
mod text;
mod time;
#[cfg(feature = "verifier")]
mod transaction;

pub use algorithm::Algorithm;
pub(crate) use code::nine_digits;
pub use code::{Code, Digits, DigitsError};
pub(crate) use entered::for_each_character;
#[cfg(feature = "verifier")]
pub(crate) use id::Name;
#[cfg(feature = "verifier")]
pub use id::{AccountId, AuthenticatorNumber, IdError};
#[cfg(feature = "verifier")]
pub use level::Level;
#[cfg(feature = "sha2")]
pub(crate) use printable::is_disguise;
pub use secret::{Base32, Secret, SecretError};
#[cfg(feature = "alloc")]
pub use secret_text::SecretText;
pub use submitted::{MalformedCode, SubmittedCode};
#[cfg(feature = "verifier")]
pub use text::{DisplayName, DisplayNameError};
pub use time::{BeforeT0, Counter, Period, PeriodError, TimeError, UnixTime};
#[cfg(feature = "verifier")]
pub(crate) use transaction::Tag;
#[cfg(feature = "verifier")]
pub use transaction::{Transaction, TransactionBytesError};
