//! The second factor of a login: one-time passwords by counter (HOTP, RFC 4226) and by time (TOTP, RFC 6238), verified in
//! constant time, accepted once, and guessed only a counted number of times.
//!
//! # Where to start
//!
//! - An identity provider: [`Verifier`] on a [`store::Store`], with records that are [sealed](seal); the [`guide`] goes
//!   through it. [`formats::otpauth`] hands out secrets, and the other
//!   [`formats`] take over authenticators from elsewhere.
//! - Firmware of a token, or a verifier with a table of its own: [`Hotp`] and [`Totp`], which decide on a [`State`] under a
//!   [`Policy`].
//! - Codes alone: [`Totp::generate`] and [`Hotp::generate`] from a [`Key`].
//! - Many at once: [`factor::verify_batch`], [`Totp::generate_batch`] and [`Hotp::generate_batch`], faster than one by one.
//!
//! The [`benchmarks`] say how fast that is, beside other libraries.
//!
//! # What it guarantees
//!
//! - A code is accepted once, and with it every code before it becomes unusable. Every guess that is evaluated is counted.
//!   Both hold for all threads, processes and machines that share a store which keeps its contract.
//! - No verdict is out before the state that remembers it is stored: not from the [`Verifier`], and not from
//!   [`Decision::commit`](decision::Decision::commit).
//! - `Ok` is an accepted code. A refusal, an outage and an unreadable record are errors of different kinds.
//! - Every step of a window is evaluated, and no branch, memory address or division depends on a secret, or on whether a code
//!   is right, at which step, or used before, until the verdict is told: checked on the machine code.
//! - What the [`Verifier`] stores is encrypted, and bound to its id; a byte that was changed is noticed.
//! - Secrets, keys and codes are wiped on drop, and cannot be cloned, compared, printed or serialized.
//! - Input cannot make it panic, and errors hold no part of it.
//!
//! # What it does not
//!
//! - A one-time password can be passed on by whoever is tricked into typing it elsewhere, within its window.
//! - Who can write to the store can turn back time with an older record; who has the sealing keys as well has every code.
//! - Values leave copies on the stack when they are moved, like all values in Rust.
//! - It reads no clock and makes no random numbers: wrong ones from the caller are wrong here too.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `std` | yes | vectors chosen at run time, [`store::Memory`], [`store::conformance`], [`UnixTime`] from `SystemTime`; implies `verifier` |
//! | `verifier` | by `std` | [`Verifier`], [`store`], [`seal`], [`hsm`]; implies `alloc` |
//! | `alloc` | by `verifier` | [`formats`]; implies `sha2` |
//! | `sha2` | by `alloc` | [`Algorithm::Sha256`], [`Algorithm::Sha512`] |
//! | `rand` | no | `Secret::generate` |
//! | `qr` | no | `formats::otpauth::Qr`: a key URI as a QR code, in modules, as SVG, or for a terminal |
//! | `png` | no | `formats::otpauth::Png`: the QR code as a file; implies `qr` and `std` |
//! | `pskc` | no | `formats::pskc`, key files of token vendors (RFC 6030); implies `std` and `rand` |
//! | `serde` | no | `Serialize` and `Deserialize` for [`State`] |
//! | `json` | no | `formats::json`; implies `alloc` |
//!
//! Without features the crate is `no_std` and does not allocate. A feature only adds.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
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

#[cfg(all(any(doc, doctest), feature = "std"))]
#[doc = include_str!("guide.md")]
pub mod guide {}

#[cfg(all(any(doc, doctest), feature = "std"))]
#[doc = include_str!("benchmarks.md")]
pub mod benchmarks {}

#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "verifier")]
pub mod account;
pub mod codes;
mod ct;
pub mod decision;
pub mod factor;
#[cfg(any(feature = "alloc", feature = "qr"))]
pub mod formats;
pub mod guess;
#[cfg(feature = "verifier")]
pub mod hsm;
pub mod policy;
#[cfg(feature = "verifier")]
pub mod store;
pub mod types;
#[cfg(feature = "verifier")]
pub mod verifier;

#[cfg(feature = "verifier")]
pub use account::seal;
#[doc(inline)]
pub use codes::Key;
#[cfg(secondo_taint)]
#[doc(hidden)]
pub use ct::declassify;
#[doc(inline)]
pub use decision::{PublicRefusal, Refusal, State};
#[doc(inline)]
pub use factor::{Authenticator, Hotp, Method, Totp};
#[doc(inline)]
pub use policy::Policy;
#[cfg(feature = "verifier")]
#[doc(inline)]
pub use types::AuthenticatorId;
#[doc(inline)]
pub use types::{Algorithm, Code, Digits, Secret, SubmittedCode, UnixTime};
#[cfg(feature = "verifier")]
#[doc(inline)]
pub use verifier::{Accepted, Verifier, VerifierError};
