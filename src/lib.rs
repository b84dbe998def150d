//! One-time passwords for identity providers: HOTP (RFC 4226) and TOTP (RFC 6238), verified in constant time, accepted once,
//! and guessed only a counted number of times.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![forbid(unsafe_code)]
// What a caller or an attacker sends must not be able to panic.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")
)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod algorithm;
mod authenticator;
mod code;
mod hotp;
#[cfg(feature = "alloc")]
mod id;
mod key;
mod method;
mod parameter;
mod policy;
#[cfg(feature = "alloc")]
mod record;
mod secret;
mod state;
#[cfg(feature = "alloc")]
pub mod store;
mod time;
mod totp;
mod verdict;
#[cfg(feature = "alloc")]
mod verifier;
mod window;

pub use algorithm::Algorithm;
pub use authenticator::Authenticator;
pub use code::{Code, Digits, MalformedCode};
pub use hotp::Hotp;
#[cfg(feature = "alloc")]
pub use id::AuthenticatorId;
pub use key::Key;
pub use method::Method;
pub use parameter::ParameterError;
pub use policy::{BackOff, GuessProbability, Lock, Policy, ResyncCodes};
#[cfg(feature = "alloc")]
pub use record::RecordError;
pub use secret::{Base32, Secret, SecretError};
pub use state::{Hold, State, StateError};
pub use time::{BeforeT0, Counter, Period, UnixTime};
pub use totp::Totp;
pub use verdict::{Accepted, CommitError, Confirmed, Decision, PublicRefusal, Refusal, Resynchronized};
#[cfg(feature = "alloc")]
pub use verifier::{Verifier, VerifierError};
pub use window::Window;
