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

mod date;
mod error;
mod markup;
mod package;
mod protection;
mod reader;
mod writer;
mod xml;

use alloc::string::String;
use core::fmt;

pub use error::{PskcError, PskcErrorKind, PskcWriteError};
pub use reader::Reader;
pub use writer::Writer;

use crate::decision::State;
use crate::factor::Authenticator;
use crate::types::UnixTime;

/// The most iterations of PBKDF2 that a document can ask for, so that it cannot ask for hours.
///
/// They take seconds.
pub const MAX_ITERATIONS: u32 = 10_000_000;

/// A token as a PSKC document describes it: what is enrolled, and what is known about it.
///
/// Texts have no white space around them, and are `None` where the document has them empty.
#[derive(Debug)]
#[non_exhaustive]
pub struct Token {
    /// The device that the key is in.
    pub device: DeviceInfo,
    /// `CryptoModuleInfo`: the part of the device that the key is in.
    pub crypto_module: Option<String>,
    /// The key's `Id`, by which sender and recipient know it.
    pub key_id: String,
    /// The party that issued the key.
    pub issuer: Option<String>,
    /// A name of the key for people. Of several, in different languages, the first.
    pub friendly_name: Option<String>,
    /// The user that the key belongs to, as a distinguished name.
    pub user_id: Option<String>,
    /// The secret and the parameters of the codes.
    pub authenticator: Authenticator,
    /// The counter or the drift; not confirmed.
    pub state: State,
    /// What the key may be used for.
    pub policy: KeyPolicy,
}

impl Token {
    /// A token of which nothing else is known.
    #[must_use]
    pub fn new(key_id: impl Into<String>, authenticator: Authenticator, state: State) -> Self {
        Self {
            device: DeviceInfo::default(),
            crypto_module: None,
            key_id: key_id.into(),
            issuer: None,
            friendly_name: None,
            user_id: None,
            authenticator,
            state,
            policy: KeyPolicy::default(),
        }
    }
}

/// The device that a key is in (`DeviceInfo`, RFC 6030 section 4.3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The manufacturer: `oath.` or `iana.` and the name registered there, or what the vendor has put instead.
    pub manufacturer: Option<String>,
    /// The serial number: what is printed on the token.
    pub serial: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// Which issue of the device it is, where a serial number is used again.
    pub issue_no: Option<String>,
    /// What the device was bound to when keys were put into it.
    pub binding: Option<String>,
    /// The device is used from then on.
    pub start: Option<UnixTime>,
    /// The device is used until then.
    pub expiry: Option<UnixTime>,
    /// The user that the device is bound to, as a distinguished name.
    pub user_id: Option<String>,
}

/// What a key may be used for (`Policy`, RFC 6030 section 5), as far as it leaves one-time passwords possible.
///
/// The library does not look at it when codes are verified: the caller does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyPolicy {
    /// The key must not be used before.
    pub start: Option<UnixTime>,
    /// The key must not be used after.
    pub expiry: Option<UnixTime>,
    /// How many times the key may be used.
    pub transactions: Option<u64>,
    /// The device asks for a PIN of its own before it shows a code.
    pub device_pin: bool,
}

/// What the encrypted values of a document are decrypted with.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// For a document without encrypted values.
    None,
    /// The AES key that both sides share: 16, 24 or 32 bytes.
    Key(&'a [u8]),
    /// The passphrase that the document's key is derived from.
    Passphrase(&'a str),
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Key(_) => "Key(..)",
            Self::Passphrase(_) => "Passphrase(..)",
        })
    }
}

/// How secrets are protected in a document that is written.
#[derive(Clone, Copy)]
pub enum Protection<'a> {
    /// They are not.
    Plain,
    /// By an AES key that both sides share.
    Key {
        /// How the other side knows which key it is. It stands in the document.
        name: &'a str,
        /// 16, 24 or 32 bytes.
        key: &'a [u8],
    },
    /// By a key that is derived from a passphrase with PBKDF2.
    Passphrase {
        /// The passphrase. It must be long: whoever has the document can try others without end.
        passphrase: &'a str,
        /// The iterations of PBKDF2, at most [`MAX_ITERATIONS`]: a million takes about a quarter of a second.
        iterations: u32,
    },
}

impl fmt::Debug for Protection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Key { .. } => "Key(..)",
            Self::Passphrase { .. } => "Passphrase(..)",
        })
    }
}

/// Whether a document has an XML signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signature {
    /// None was seen, and the document has not been read to its end.
    NotYetKnown,
    /// It has none.
    Absent,
    /// It has one, which was not verified: this library does not verify XML signatures.
    NotVerified,
}

/// How far a document has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The keys read so far, accepted or refused.
    pub keys: u64,
    /// The bytes read so far.
    pub bytes: u64,
}
