//! The second factor of a login: one-time passwords of apps and tokens (HOTP, RFC 4226, and TOTP, RFC 6238), codes by
//! SMS and telephone, push notifications with number matching, responses of tokens to challenges, and recovery codes.
//!
//! Codes are compared in constant time and accepted once, failed attempts are limited, and secrets are sealed at rest.
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! # pollster::block_on(async {
//! use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
//! use secondo::store::Memory;
//! use secondo::{AccountId, Algorithm, Authenticator, Policy, Secret, Totp, Transaction, UnixTime, Verifier};
//!
//! let master = LocalMasterKey::from_hex("c7d9b3f0e15a48d26f81e4b7a90c3d5e6f12a8b4c7d0e9f3a1b5c8d2e6f7a094")?;
//! let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
//! let verifier = Verifier::new(Memory::new(), keys, Policy::default());
//!
//! let maria = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
//! let secret = Secret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")?;
//! let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
//! let (login, now) = (Transaction::new(&[1; 16])?, UnixTime::from_secs(1_111_111_109)?); // 16 random bytes a login
//! let enrolled = verifier.enroll_first(&maria, &login, phone.named("telefono")?, now).await?;
//! verifier.confirm(&maria, &login, enrolled.number, "081804", now).await?; // the first code
//!
//! let (login, now) = (Transaction::new(&[2; 16])?, UnixTime::from_secs(1_111_111_111)?);
//! assert!(verifier.verify(&maria, &login, "050 471", now).await.is_ok()); // with any of her authenticators
//! let other = Transaction::new(&[3; 16])?;
//! assert!(verifier.verify(&maria, &other, "050 471", now).await.is_err()); // a code is accepted once
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Getting started
//!
//! - An identity provider uses a [`Verifier`] on a [`store::Store`], which holds one account for each subscriber. The
//!   [`guide`] explains each step, and [`factor`] has all kinds of authenticators.
//!   [`formats::otpauth`] writes key URIs for authenticator apps, and [`formats`] imports authenticators from other
//!   systems.
//! - Firmware that verifies codes, or a provider that keeps states in its own table, uses a [`Method`] with a [`State`]
//!   and a [`Policy`].
//! - [`Totp::generate`] and [`Hotp::generate`] compute codes from a [`Key`], for example in the firmware of a token.
//! - [`factor::ocra`] has tokens that answer challenges (OCRA, RFC 6287), and signatures of transactions.
//! - [`factor::verify_batch`], [`Totp::generate_batch`] and [`Hotp::generate_batch`] process many codes at once, faster
//!   than one by one.
//!
//! The [`benchmarks`] compare the crate's speed with that of other libraries. The [`standards`] page lists what RFCs,
//! NIST SP 800-63B-4, OWASP ASVS and SPID ask for, with the code and the test for each demand.
//! The [`design`] page says why the crate is as it is, and [`guide::adopting`] what a provider takes on, in numbers.
//!
//! # Guarantees
//!
//! - A code is accepted once, and no earlier code is accepted after it. Every guess at a login that is evaluated is
//!   counted once, on the subscriber's account, however many authenticators it is compared with, or on the set of
//!   recovery codes; one at a first code is counted on its enrollment. Only the right code of a used step may be refused
//!   without being counted ([`Refusal::ClockBehind`]). This holds across all threads, processes and machines that share
//!   a store, if the store keeps its contract.
//! - No verdict is returned before the state that records it is stored, neither by the [`Verifier`] nor by
//!   [`Decision::commit`](decision::Decision::commit).
//! - `Ok` means an accepted code. A refusal, an outage and an unreadable record are different errors.
//! - Every step of a window is evaluated. Until the verdict is returned, no branch, memory address or division depends
//!   on a secret or on the outcome: a right, wrong or used code, or the authenticator and the step that
//!   matched. This is checked on the machine code of the release builds that SECURITY.md lists.
//! - A record that the [`Verifier`] stores is encrypted and bound to its [`AccountId`]. A changed byte is
//!   detected. ([`Verifier::unsealed`] is the exception.)
//! - Secrets, keys and codes are wiped on drop. They implement none of `Clone`, `PartialEq`, `Display` and `Serialize`,
//!   and their `Debug` output does not show them.
//! - Malformed input gives an error and no panic, and errors contain no code, no secret and no text that was submitted.
//!
//! A [table](guide::threats#claims) has the test of each.
//!
//! # Limits
//!
//! - A one-time password does not resist phishing: within its window, an attacker can use a code that the subscriber
//!   was tricked into typing elsewhere. A provider at AAL2 (NIST SP 800-63B-4 section 2.2) must offer a
//!   phishing-resistant option as well, which this crate does not provide.
//! - Anyone who can write to the store can restore an older record. Anyone who can read the store and has the sealing
//!   keys can compute every code, except the codes of secrets in an [HSM](hsm).
//! - A secret that is moved may leave a copy on the stack, as any value in Rust may.
//! - No decision reads a clock or generates random numbers. The caller supplies both, and must supply correct ones.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `std` | yes | vector instructions chosen at run time, [`store::Memory`], [`store::conformance`], the system's time as [`UnixTime`]; implies `verifier` |
//! | `verifier` | by `std` | [`Verifier`], [`account`], [`assurance`], [`audit`], [`store`], [`seal`], [`hsm`]; implies `alloc` |
//! | `alloc` | by `verifier` | [`formats`]; implies `sha2` |
//! | `sha2` | by `alloc` | [`Algorithm::Sha256`], [`Algorithm::Sha512`] |
//! | `rand` | no | `Secret::generate` |
//! | `qr` | no | `formats::otpauth::Qr`: a key URI as a QR code, as modules, as SVG, or for a terminal |
//! | `png` | no | `formats::otpauth::Png`: the QR code as a PNG file; implies `qr` and `std` |
//! | `pskc` | no | `formats::pskc`: reading and writing key files of token vendors (RFC 6030); implies `std` and `rand` |
//! | `serde` | no | `Serialize` and `Deserialize` for [`State`] and ids |
//! | `tracing` | no | `audit::Tracing`: events of a verifier as events of the crate `tracing`; implies `verifier` |
//! | `push` | no | `push`: an app that signs the answers to notifications, the phone's side included; implies `alloc` |
//! | `json` | no | `formats::json`: reading and writing authenticators as lines of JSON; implies `alloc` |
//!
//! Without features the crate is `no_std` and does not allocate. Enabling a feature does not change the behavior of
//! other code.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
// Input from a caller or an attacker must not cause a panic.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")
)]

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(all(any(doc, doctest), feature = "std"))]
pub mod guide;

#[cfg(all(any(doc, doctest), feature = "std"))]
#[doc = include_str!("design.md")]
pub mod design {}

#[cfg(all(any(doc, doctest), feature = "std"))]
#[doc = include_str!("benchmarks.md")]
pub mod benchmarks {}

#[cfg(all(any(doc, doctest), feature = "std"))]
#[doc = include_str!("dependencies.md")]
pub mod dependencies {}

#[cfg(all(any(doc, doctest), feature = "std"))]
#[doc = include_str!("standards.md")]
pub mod standards {}

#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "verifier")]
pub mod account;
#[cfg(feature = "verifier")]
pub mod assurance;
#[cfg(feature = "verifier")]
pub mod audit;
#[cfg(feature = "std")]
pub mod blocking;
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
#[cfg(feature = "push")]
#[doc(inline)]
pub use factor::push;
#[doc(inline)]
pub use factor::{Authenticator, Hotp, Method, Totp};
#[doc(inline)]
pub use policy::Policy;
#[cfg(feature = "verifier")]
#[doc(inline)]
pub use types::{AccountId, AuthenticatorNumber, Transaction};
#[doc(inline)]
pub use types::{Algorithm, Code, Digits, Secret, SubmittedCode, UnixTime};
#[cfg(feature = "verifier")]
#[doc(inline)]
pub use verifier::{Accepted, Verifier, VerifierError};
