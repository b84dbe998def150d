//! Keys of [`secondo`] in a hardware security module, over PKCS #11.
//!
//! | key in the module | output of the module | interface |
//! |---|---|---|
//! | the seeds of authenticators | HMACs of counters, from which codes are computed | [`TokenHsm`], for [`Verifier::with_hsm`](secondo::Verifier::with_hsm) |
//! | the master key of sealed records | the sealing keys, once at startup | [`Token::master_key`], for [`SealingKey::derive`](secondo::seal::SealingKey::derive) |
//!
//! If the seeds are in the module, an attacker who reads the provider's store and memory learns no seed. If the master
//! key is in the module, an attacker who reads the provider's store and files learns no seed. An attacker who can use
//! the module as the provider does can compute codes in both cases, for as long as that access lasts.
//!
//! # Use
//!
//! ```no_run
//! # pollster::block_on(async {
//! use secondo::hsm::HsmKey;
//! use secondo::seal::{Deployment, KeyId, KeyRing, SealingKey};
//! use secondo::store::Memory;
//! use secondo::{AccountId, Algorithm, Authenticator, Policy, Secret, Totp, Transaction, UnixTime, Verifier};
//! use secondo_pkcs11::{Token, Workers};
//!
//! # let pin = "1234";
//! let token = Token::open("/usr/lib/softhsm/libsofthsm2.so", "verifier", pin)?;
//! let master = token.master_key(HsmKey::new(&[1])?);
//! let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
//! let verifier = Verifier::new(Memory::new(), keys, Policy::default()).with_hsm(Workers::new().start(&token)?);
//!
//! // Moves an existing seed to the token, and wipes it here.
//! let key = HsmKey::new(b"rossi-1")?;
//! let secret = Secret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")?;
//! token.import(&key, &secret, Algorithm::Sha1)?;
//! drop(secret);
//!
//! let (id, now) = (AccountId::new("rossi")?, UnixTime::from_secs(1_111_111_109)?);
//! # let session_bytes = [7; 16];
//! let login = Transaction::new(&session_bytes)?; // from the provider's random number generator
//! let authenticator = Authenticator::in_hsm(Totp::default(), Algorithm::Sha1, key);
//! let enrolled = verifier.enroll(&id, &login, authenticator, now).await?;
//! verifier.confirm(&id, &login, enrolled.number, "081804", now).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Requirements
//!
//! The token needs a user PIN and one session for each worker thread. It needs those of the mechanisms
//! `CKM_SHA_1_HMAC`, `CKM_SHA256_HMAC` and `CKM_SHA512_HMAC` that are used. The keys are secret keys on the token that
//! may sign, each under a `CKA_ID` of its own. `pkcs11-tool`, from the Debian package `opensc`, creates a master key:
//!
//! ```text
//! pkcs11-tool --module MODULE --token-label verifier --login \
//!     --keygen --key-type GENERIC:32 --sensitive --usage-sign --id 01 --label master
//! ```
//!
//! # Tokens that come and go
//!
//! Many modules see only the tokens that were there when they were initialized. While its token is missing, a call
//! finalizes the module and initializes it again, at most once a second, and looks again. So a token that appears after
//! the start, or that was away for a minute, is found without a restart. The call does this only if this package
//! initialized the module, makes no other call at the moment and has no session with another token of the module.
//! Otherwise, ask for it with [`Token::reinitialize`].
//!
//! | what happened | error | way back |
//! |---|---|---|
//! | the session was closed, the token was pulled, or other code finalized the module during a call | [`TokenError::Lost`] | the next call connects again |
//! | other code logged out | [`TokenError::NotLoggedIn`], or [`TokenError::Module`] for a key that was used before | the next call logs in again |
//! | the token is away | [`TokenError::NoToken`], or [`TokenError::Module`] by some modules | the calls after its return find it |
//! | two tokens have the label | [`TokenError::DuplicateToken`] | [`Token::open_by_serial`] |
//! | the PIN is wrong, expired, not set or locked | [`TokenError::Pin`] | an operator sets the PIN, then [`Token::log_in`]; no PIN is tried twice |
//! | the module does not answer | [`TokenError::Timeout`], then [`TokenError::Busy`] | calls succeed when it answers again; a restart if it never does |
//!
//! No code is accepted and no attempt is counted while a key cannot be used.
//!
//! # Other users of the module in the same process
//!
//! A PKCS #11 login holds for the whole process, not for one session. While any part of the process is logged in to the
//! token, every part is, and a wrong PIN goes unnoticed. This package initializes the module unless that is done
//! already, and finalizes it only [as said above](#tokens-that-come-and-go). Initialize the module before this package
//! does if other parts of the process use it, so that it does not finalize it. If another part of the process finalizes
//! it, closes all sessions or logs out, calls fail, and the calls after them connect again.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

mod connection;
mod error;
mod hsm;
mod module;
mod token;

pub use error::TokenError;
pub use hsm::{TokenHsm, Workers};
pub use token::{Token, TokenMasterKey};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
