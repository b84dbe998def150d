//! The values that codes are made of and compared with. Each is parsed once, and cannot be wrong after.

mod algorithm;
mod code;
#[cfg(feature = "alloc")]
mod id;
mod secret;
#[cfg(feature = "alloc")]
mod secret_text;
mod time;

pub use algorithm::Algorithm;
pub use code::{Code, Digits, MalformedCode};
#[cfg(feature = "alloc")]
pub use id::AuthenticatorId;
#[cfg(feature = "alloc")]
pub(crate) use id::Name;
pub use secret::{Base32, Secret, SecretError};
#[cfg(feature = "alloc")]
pub use secret_text::SecretText;
pub use time::{BeforeT0, Counter, Period, UnixTime};
