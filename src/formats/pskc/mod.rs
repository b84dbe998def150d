//! Key files of token vendors: PSKC documents ([RFC 6030](https://www.rfc-editor.org/rfc/rfc6030)), read and written.
//!
//! [`Reader`] is an iterator over the tokens of a document of any length, in little memory; [`Writer`] writes one.
//!
//! # Reading
//!
//! A document is read as it comes, so tokens are handed out before it is known whether all of it is in order. Read it
//! twice, once to check it and once to enroll, and nothing is half done:
//!
//! ```
//! # pollster::block_on(async {
//! use secondo::formats::pskc::{Credential, PskcError, Reader, Signature};
//! use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
//! use secondo::store::Memory;
//! use secondo::{AuthenticatorId, Policy, Verifier, VerifierError};
//!
//! # let master = LocalMasterKey::from_hex(&"0f".repeat(32))?;
//! # let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
//! # let file = r#"<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc"><KeyPackage>
//! #     <DeviceInfo><SerialNo>987654321</SerialNo></DeviceInfo>
//! #     <Key Id="12345678" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp">
//! #     <AlgorithmParameters><ResponseFormat Length="8" Encoding="DECIMAL"/></AlgorithmParameters>
//! #     <Data><Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>
//! #     <Counter><PlainValue>7</PlainValue></Counter></Data></Key></KeyPackage></KeyContainer>"#.as_bytes();
//! let credential = Credential::Passphrase("qwerty"); // what the vendor sent by another way
//!
//! let mut reader = Reader::new(file, credential);
//! for token in &mut reader {
//!     token?;
//! }
//! if reader.signature() == Signature::NotVerified {
//!     // Verify it with a tool for XML signatures before going on.
//! }
//!
//! let verifier = Verifier::new(Memory::new(), keys, Policy::default());
//! let mut progress = 0;
//! for token in Reader::new(file, credential).with_progress(|now| progress = now.keys) {
//!     let token = token?;
//!     // Two vendors may give one serial number to two tokens.
//!     let vendor = token.device.manufacturer.as_deref().unwrap_or("unknown");
//!     let id = format!("{vendor}/{}", token.device.serial.as_deref().unwrap_or(&token.key_id));
//!     match verifier.enroll_new(&AuthenticatorId::new(&id)?, &token.authenticator, token.state).await {
//!         // From an earlier import, or another token of the same name: it is left as it is.
//!         Err(VerifierError::AlreadyEnrolled) => println!("{id} is there already"),
//!         result => result?,
//!     }
//! }
//! # assert_eq!(progress, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Imported tokens are not confirmed: their bearers show with a first code that they have them ([`Verifier::confirm`]), or
//! [`State::confirmed`] says that it was shown elsewhere. An import that was interrupted can be run again:
//! [`Verifier::enroll_new`] leaves alone what is there, and says so. [`Verifier::enroll`] would replace tokens that nobody
//! has confirmed, other tokens of the same id too.
//!
//! What RFC 6030 leaves open, and what is refused:
//!
//! - HOTP and TOTP keys are read. A key of another algorithm, or with other than 6 to 9 decimal digits, is refused, as is a
//!   secret of fewer than 10 bytes. The digits must be given; where the other parameters are not, the RFCs' defaults hold:
//!   SHA-1, 30 seconds, counter 0.
//! - `Counter` is the next counter that is accepted. `Time` is the number of time steps that have passed since 1970, and no
//!   step before it is accepted; 0 says nothing. `TimeDrift` is the drift in time steps, positive if the clock is ahead.
//! - A policy that is not understood refuses the key, as RFC 6030 section 5 asks: use for other things than one-time
//!   passwords alone, a PIN that is part of the code, an unknown element. The rest is in [`KeyPolicy`], for the caller to
//!   enforce.
//! - AES-CBC and AES key wrap (RFC 3394, and RFC 5649 for secrets that are not whole blocks), keys of 128 to 256 bits,
//!   HMAC over SHA-1, SHA-256 or SHA-512, PBKDF2 with as many as [`MAX_ITERATIONS`]. Not: RSA, Triple DES, Camellia.
//! - A value that is encrypted with AES-CBC must have a MAC, which is verified before anything is decrypted. The MAC is
//!   over that value alone: digits, counters and serial numbers can be changed by whoever can change the document, and
//!   tokens' secrets exchanged.
//! - XML signatures are not verified, and [`Reader::signature`] says so.
//! - A document type declaration is refused unread, and with it every entity that is not XML's own; so are encodings other
//!   than UTF-8, tags and texts longer than 64 KiB, values longer than 4 KiB, and elements deeper than 32.
//! - `Extensions` are passed over, except for those among an algorithm's parameters or in a policy.
//!
//! [`Verifier::confirm`]: crate::Verifier::confirm
//! [`Verifier::enroll`]: crate::Verifier::enroll
//! [`Verifier::enroll_new`]: crate::Verifier::enroll_new
//! [`State::confirmed`]: crate::State::confirmed

mod credential;
mod error;
mod markup;
mod package;
mod protection;
mod reader;
mod token;
mod writer;
mod xml;

pub use credential::{Credential, MAX_ITERATIONS, Protection};
pub use error::{PskcError, PskcErrorKind, PskcWriteError};
pub use reader::{Progress, Reader, Signature};
pub use token::{DeviceInfo, KeyPolicy, Token};
pub use writer::Writer;
