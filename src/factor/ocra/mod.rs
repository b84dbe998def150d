//! The OATH challenge-response algorithm (OCRA, RFC 6287): responses to challenges, and signatures of transactions.
//!
//! A verifier asks a [`Question`], also called a challenge. A token that holds the key computes a [`Response`] to it.
//! Token and verifier share a [`Suite`], which names the hash function, the length of the response, and the data that
//! the response is computed from besides the question: a counter, the hash of a PIN, data of the session, and the time.
//!
//! ```
//! use secondo::factor::ocra::{Inputs, Question, Suite};
//! use secondo::{Algorithm, Key, Policy, Secret};
//!
//! // RFC 6287, appendix C.1. A verifier draws a new question each time: see `Question::from_random`.
//! let suite = Suite::parse("OCRA-1:HOTP-SHA1-6:QN08")?;
//! let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890")?);
//! let question = Question::new(suite.question(), "11111111")?;
//! let inputs = Inputs::one_way(&question);
//!
//! let response = suite.response(&key, &inputs)?; // the token
//! assert_eq!(response.as_str(), "243178");
//! assert!(suite.verify(&key, &inputs, "243 178", &Policy::default()).is_ok()); // the verifier
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Modes
//!
//! | mode (RFC 6287 section 7) | the verifier computes | the token computes |
//! |---|---|---|
//! | one-way challenge and response | | [`Inputs::one_way`] |
//! | mutual challenge and response | [`Inputs::of_server`], which the token verifies | [`Inputs::of_client`] |
//! | signature | | [`Inputs::signature`] |
//! | signature with server authentication | [`Inputs::of_server`], which the token verifies | [`Inputs::of_client`] |
//!
//! The side that receives a response verifies it with [`Suite::verify`] and the same inputs.
//!
#![cfg_attr(feature = "sha2", doc = "# Transactions")]
#![cfg_attr(feature = "sha2", doc = "")]
#![cfg_attr(feature = "sha2", doc = "[`TransactionDetails`] makes the question of a transaction, such as a transfer.")]
#![cfg_attr(feature = "sha2", doc = "")]
#![cfg_attr(feature = "verifier", doc = "# Accounts")]
#![cfg_attr(feature = "verifier", doc = "")]
#![cfg_attr(
    feature = "verifier",
    doc = "A [`Token`] is an authenticator of an account, which keeps what a response needs."
)]
#![cfg_attr(feature = "verifier", doc = "")]
//! # Limits
//!
//! [`Suite::verify`] keeps no state. Its caller accepts each question once and each counter once, ends a question after
//! some time, and limits the attempts. Without this, a response can be used again, and guessed.
//!
//! A response answers the same question wherever it is asked. Services that do not trust each other need keys of their
//! own.

#[cfg(feature = "verifier")]
mod asked;
#[cfg(feature = "verifier")]
mod challenge;
mod format;
mod inputs;
#[cfg(feature = "verifier")]
mod kept;
mod message;
mod pin_hash;
mod question;
#[cfg(feature = "verifier")]
mod refusal;
mod response;
mod suite;
mod suite_error;
#[cfg(feature = "verifier")]
mod token;
#[cfg(feature = "sha2")]
mod transaction;
mod verify;

#[cfg(feature = "verifier")]
pub(crate) use asked::{Asked, Subject};
#[cfg(feature = "verifier")]
pub use challenge::{Challenge, SignatureChallenge};
pub use format::{QuestionFormat, QuestionKind};
pub use inputs::{Input, InputError, Inputs};
#[cfg(feature = "verifier")]
pub(crate) use kept::Ocra;
pub use pin_hash::{PinHash, PinHashError};
pub use question::{Question, QuestionError};
#[cfg(feature = "verifier")]
pub use refusal::ChallengeRefusal;
pub use response::Response;
pub use suite::{ResponseDigits, Suite};
pub use suite_error::{Expected, SuiteError};
#[cfg(feature = "verifier")]
pub use token::{Token, TokenSuiteError};
#[cfg(feature = "sha2")]
pub use transaction::{Detail, TransactionDetails, TransactionDetailsError};
pub use verify::ResponseError;
