//! Keys of [`secondo`] in a hardware security module, over PKCS #11.
//!
//! | in the module | what leaves it | from |
//! |---|---|---|
//! | the seeds of authenticators | HMACs of counters, of which codes are made | [`TokenHsm`], for [`Verifier::with_hsm`](secondo::Verifier::with_hsm) |
//! | the master key of sealed records | the sealing keys, once at the start | [`Token::master_key`], for [`SealingKey::derive`](secondo::seal::SealingKey::derive) |
//!
//! With the first, who reads the store and the memory of the provider has no seed; with the second, who reads the store
//! and the provider's files has none. Whoever may use the module as the provider does can have codes in both cases, for as
//! long as they may.
//!
//! # Use
//!
//! ```no_run
//! # pollster::block_on(async {
//! use secondo::hsm::HsmKey;
//! use secondo::seal::{Deployment, KeyId, KeyRing, SealingKey};
//! use secondo::store::Memory;
//! use secondo::{Algorithm, Authenticator, AuthenticatorId, Policy, Secret, State, Totp, UnixTime, Verifier};
//! use secondo_pkcs11::{Token, Workers};
//!
//! # let pin = "1234";
//! let token = Token::open("/usr/lib/softhsm/libsofthsm2.so", "verifier", pin)?;
//! let master = token.master_key(HsmKey::new(&[1])?);
//! let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
//! let verifier = Verifier::new(Memory::new(), keys, Policy::default()).with_hsm(Workers::new().start(&token)?);
//!
//! // A seed that came from elsewhere moves in, and is forgotten here.
//! let key = HsmKey::new(b"rossi-1")?;
//! let secret = Secret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")?;
//! token.import(&key, &secret, Algorithm::Sha1)?;
//! drop(secret);
//!
//! let id = AuthenticatorId::new("rossi")?;
//! verifier.enroll(&id, &Authenticator::in_hsm(Totp::default(), Algorithm::Sha1, key), State::new()).await?;
//! verifier.confirm(&id, "081804", UnixTime::from_secs(1_111_111_109)?).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What the token needs
//!
//! A user PIN, the mechanisms `CKM_SHA_1_HMAC`, `CKM_SHA256_HMAC` and `CKM_SHA512_HMAC` as far as they are used, and
//! a session for each worker. Keys are secret keys on the token that may sign, each under a `CKA_ID` of its own.
//! `pkcs11-tool`, of the Debian package `opensc`, makes a master key:
//!
//! ```text
//! pkcs11-tool --module MODULE --token-label verifier --login \
//!     --keygen --key-type GENERIC:32 --sensitive --usage-sign --id 01 --label master
//! ```
//!
//! # In one process
//!
//! PKCS #11 logs in programs, not sessions: while any part of this process is logged in to the token, all of it is, and a
//! wrong PIN goes unnoticed. The module is initialized where nobody did it yet, and never finalized. Parts of the process
//! that finalize it, close all sessions or log out make calls fail, which then connect anew.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

mod connection;
mod error;
mod hsm;
mod token;

pub use error::TokenError;
pub use hsm::{TokenHsm, Workers};
pub use token::{Token, TokenMasterKey};
