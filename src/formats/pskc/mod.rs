//! PSKC documents ([RFC 6030](https://www.rfc-editor.org/rfc/rfc6030)), the key files of token vendors: reading and
//! writing.
//!
//! [`Reader`] is an iterator over the tokens of a document of any length, in bounded memory. [`Writer`] writes a
//! document.
//!
//! # Reading
//!
//! A document is read as a stream: tokens are returned before the rest of the document has been checked. Read it twice,
//! first to check it and then to enroll, so that an invalid document is not half imported:
//!
//! ```
//! # pollster::block_on(async {
//! use secondo::account::AccountError;
//! use secondo::audit::Operator;
//! use secondo::formats::pskc::{Credential, PskcError, Reader, Signature};
//! use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
//! use secondo::store::Memory;
//! use secondo::{AccountId, Policy, UnixTime, Verifier, VerifierError};
//!
//! # let master = LocalMasterKey::from_hex(&"0f".repeat(32))?;
//! # let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
//! # let file = r#"<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc"><KeyPackage>
//! #     <DeviceInfo><SerialNo>987654321</SerialNo></DeviceInfo>
//! #     <Key Id="12345678" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp">
//! #     <AlgorithmParameters><ResponseFormat Length="8" Encoding="DECIMAL"/></AlgorithmParameters>
//! #     <Data><Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>
//! #     <Counter><PlainValue>7</PlainValue></Counter></Data></Key></KeyPackage></KeyContainer>"#.as_bytes();
//! # let now = UnixTime::from_secs(1_795_500_000)?;
//! let credential = Credential::None; // or the passphrase or key that the vendor sent over another channel
//!
//! let mut reader = Reader::new(file, credential, now);
//! for token in &mut reader {
//!     token?;
//! }
//! if reader.signature() == Signature::NotVerified {
//!     // Verify it with a tool for XML signatures before you continue.
//! }
//!
//! # let owner = |serial: &str| match serial { "987654321" => "f81d4fae", _ => "" };
//! let verifier = Verifier::new(Memory::new(), keys, Policy::default());
//! let operator = Operator::new("stock", "tokens delivered in November");
//! let mut progress = 0;
//! for token in Reader::new(file, credential, now).with_progress(|read| progress = read.keys) {
//!     let token = token?;
//!     let serial = token.device.serial.as_deref().unwrap_or(&token.key_id);
//!     let id = AccountId::new(owner(serial))?; // the person who got the token, from your own list
//!     let imported = [(token.authenticator.into(), token.state.confirmed())];
//!     match verifier.import(&id, &imported, operator, now).await {
//!         // Imported before: the token stays unchanged.
//!         Err(VerifierError::Account(AccountError::SecretInUse(_))) => println!("{id} already has it"),
//!         result => result?,
//!     }
//! }
//! # assert_eq!(progress, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The states of imported tokens are not confirmed. Confirm them ([`State::confirmed`]) only for a person who was given
//! the token, since [`Verifier::import`] makes it usable for logins at once. An interrupted import can be run again: it
//! returns an error for a token that the account already has, and changes nothing.
//!
//! # Limits
//!
//! RFC 6030 leaves many choices to implementations. [`Reader`] makes these:
//!
//! - HOTP and TOTP keys are read. A key of another algorithm, such as OCRA, a PIN or a vendor's own, a key with other
//!   than 6 to 9 decimal digits or with a check digit, and a secret of fewer than 10 or more than 128 bytes are
//!   rejected. So is a key without a secret, since another system must then derive it. An `Id`, an `Algorithm` and the
//!   number of digits must be given. Other parameters have the defaults of the RFCs: SHA-1, 30 seconds, counter 0. A
//!   period is at most a day. An unknown parameter, or the format of a challenge, is rejected.
//! - `Counter` is the next counter to be accepted. `Time` is the number of time steps since 1970: no earlier step is
//!   accepted, and 0 sets no limit. The `Counter` of a TOTP key is its last used time step, as privacyIDEA writes it,
//!   with [`Note::CounterIsLastStep`]. A TOTP key with neither has [`Note::LastUseUnknown`], and every step until now
//!   counts as used. A step more than two days ahead of now is rejected. `TimeDrift` is the drift in time steps,
//!   positive if the token's clock is ahead, and at most [`Policy::MAX_DRIFT`] either way.
//! - privacyIDEA writes the names of all elements and attributes in lower case, which is accepted if the root element
//!   is in lower case too. `TimeDrift` is in seconds there. Its old versions write a text in place of the MAC; their
//!   secrets are rejected.
//! - `Suite` is the name of an algorithm in any usual form, also in an attribute `hashalgo`. `TimeInterval` is ignored
//!   for HOTP.
//! - A number is decimal digits; digits, or four or eight big-endian bytes, in base64; or, if it is encrypted, digits
//!   or at most eight big-endian bytes. In the last three forms, one or two digits could also be a big-endian number,
//!   and are rejected.
//! - A key that has expired is rejected. A start, an expiry to come or a limit of uses gives [`Note::UseIsLimited`].
//! - A key is rejected, as RFC 6030 section 5 requires, if its policy does not permit one-time passwords, makes a PIN a
//!   part of the code, or has an unknown element. Other policies are in [`KeyPolicy`], for the caller to enforce.
//! - AES-CBC and AES key wrap (RFC 3394, and RFC 5649 for secrets that are not whole blocks) are supported with keys of
//!   128, 192 or 256 bits. So are HMAC with SHA-1 or SHA-2, and PBKDF2 with at most [`MAX_ITERATIONS`], unless
//!   [`Reader::with_max_iterations`] sets another limit. RSA, Triple DES, Camellia and other algorithms are not.
//! - With a credential, a secret in plain text is rejected, unless [`Reader::with_plain_secrets`] is called.
//! - A value that is encrypted with AES-CBC must have a MAC, which is verified before anything is decrypted. The MAC
//!   covers only that value: an attacker who can change the document can change digits, counters and serial numbers,
//!   and exchange the secrets of tokens. The MAC of a decrypted value is accepted only in drafts.
//! - A document that is cut off is rejected where it ends, after the keys before that place. The root element must be a
//!   `KeyContainer` of `Version` 1.0, or of a draft. A document of another version is rejected unread.
//! - XML signatures are not verified, and [`Reader::signature`] says so.
//! - A document type declaration is rejected unread, and so is every entity that XML itself does not define. Encodings
//!   other than UTF-8, tags and texts longer than 64 KiB, values longer than 4 KiB, and elements deeper than 32 levels
//!   are rejected too.
//! - Documents of the drafts before the RFC, which the files of old tokens use, are read: `Device` with one key or
//!   more, `KeyId` and `KeyAlgorithm`, `Usage` in place of the parameters, and the named values of
//!   draft-hoyer-keyprov-portable-symmetric-key-container, as in the files of `ActivIdentity`. There, AES-CBC has one
//!   IV, and `ValueDigest` is the MAC of the decrypted value with the encryption key. An encrypted secret must have
//!   one. The digest of a value that is not encrypted has no key, and is not verified. A named value that is not known
//!   is rejected. An `Expiry` is a date in an unknown order of day and month, and gives [`Note::UseIsLimited`]. In
//!   draft-ietf-keyprov-pskc-02, a `MACAlgorithm` is that of the encrypted or of the decrypted value. Encryption with a
//!   password in these drafts, which is Triple DES, and PBES2 are not supported.
//! - An element of RFC 6030's namespace that the RFC does not have there is rejected: it could be a misspelled
//!   `Counter` or `Policy`. Elements of other namespaces are skipped. So are unknown elements of the drafts, except
//!   where the codes could depend on them.
//! - `Extensions` are skipped, except among the parameters of an algorithm or in a policy, where they are rejected.
//!
//! [`Policy::MAX_DRIFT`]: crate::Policy::MAX_DRIFT
//! [`Verifier::import`]: crate::Verifier::import
//! [`State::confirmed`]: crate::State::confirmed
//! [`Note::CounterIsLastStep`]: crate::formats::Note::CounterIsLastStep
//! [`Note::LastUseUnknown`]: crate::formats::Note::LastUseUnknown
//! [`Note::UseIsLimited`]: crate::formats::Note::UseIsLimited

mod credential;
mod data;
mod draft;
mod error;
mod markup;
mod name;
mod package;
mod protection;
mod reader;
mod token;
mod writer;
mod xml;

pub use credential::{Credential, MAX_ITERATIONS, Protection};
pub use error::{PskcError, PskcErrorKind, PskcWriteError};
pub use name::DocumentName;
pub use reader::{Progress, Reader, Signature};
pub use token::{DeviceInfo, KeyPolicy, Token};
pub use writer::Writer;
