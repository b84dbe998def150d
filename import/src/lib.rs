//! Seeds of token vendors and backups of authenticator apps, read for [`secondo`], and a program that shows what a file
//! holds.
//!
//! | source | reader |
//! |---|---|
//! | Entra ID, CSV of hardware tokens | [`entra`] |
//! | Microsoft Graph, JSON of hardware tokens | [`graph`] |
//! | OATH CSV, as privacyIDEA and LinOTP read it | [`oath_csv`] |
//! | Yubico's Personalization Tool and `ykpersonalize`, CSV | [`yubico`] |
//! | SafeNet and Aladdin, XML | [`safenet`] |
//! | Aegis, plain or encrypted | [`aegis`] |
//! | 2FAS, plain or encrypted | [`two_fas`] |
//! | andOTP, plain or encrypted | [`andotp`] |
//! | FreeOTP+ | [`freeotp`] |
//! | Bitwarden, JSON and CSV | [`bitwarden`] |
//! | KeePassXC, CSV and XML; KeePass 2, XML | [`keepassxc`] |
//!
//! [`Format`] recognizes these files and those that `secondo` itself reads: PSKC, lines of JSON, the usersfile of
//! liboath, the state file of google-authenticator-libpam, key URIs, and the export of Google Authenticator.
//!
//! Readers are iterators over a [`BufRead`](std::io::BufRead). Their items form a report: each record is either a
//! complete [`Record`], or an [`ImportError`] with the place and the reason. A reader continues after a bad record;
//! after an error with [`ends_file`](ImportError::ends_file), nothing follows. Every reader rejects a secret of fewer
//! than 10 or more than 128 bytes, and a value that its format's page does not have.
//!
//! ```
//! use secondo::UnixTime;
//! use secondo_import::{Format, Unlock};
//!
//! let file = b"upn,serial number,secret key,time interval,manufacturer,model\n\
//!              rossi@example.com,2300000001,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,30,Example,T1\n";
//! let format = Format::recognize(file).ok_or("an unknown file")?;
//! let moved_at = UnixTime::from_secs(1_795_500_000)?;
//! for record in format.read(&file[..], &Unlock::new(), moved_at) {
//!     match record {
//!         // Here: verifier.import(&id, &[(record.authenticator.into(), record.state.confirmed())], …).await
//!         Ok(record) => println!("{}: {} has {:?}", record.place, record.name, record.serial),
//!         Err(error) => println!("not imported: {error}"),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # State
//!
//! The time of the move, and why the old system must have stopped by then, are explained in [`secondo::formats`]. None
//! of the formats in the table records the last used time step. Every step until `now` counts as used, and so do the
//! ten steps after it, with [`Note::LastUseUnknown`](secondo::formats::Note::LastUseUnknown).
//!
//! # Memory
//!
//! The reader of a CSV file holds one row of at most [`MAX_ROW`] bytes, and the reader of an XML document one tag or
//! text of at most 1 MiB. A JSON document is read as a whole, with at most [`MAX_DOCUMENT`] bytes and [`MAX_ENTRIES`]
//! entries, since an encrypted one can be checked only at its end. The bytes of rows, documents and secrets are wiped.
//! The buffer of the `BufRead` is the caller's, and scrypt leaves its memory as it was.
//!
//! # Files of other projects
//!
//! The table has the sample files of three projects, which were read with the keys and passphrases of their tests: how
//! many tokens are read, and the reasons for the others.
//! `SAMPLES=folder cargo test -p secondo-import --test suite -- --ignored --nocapture samples` reads other files.
//!
//! | project | files | read | not read |
//! |---|---|---|---|
//! | python-pskc 1.4 | `rfc6030` | 5 | 4 expired; a PIN; no secret (figure 4); no number of digits (figure 2); encrypted with a certificate (figure 8) |
//! | | `draft-ietf-keyprov-pskc-02` | 4 | 4 expired; a PIN; no secret (figure 7); encrypted with PBES2 (figure 5) or a certificate (figure 6) |
//! | | `draft-hoyer-keyprov-portable-symmetric-key-container-00` and `-01` | 2 | 2 encrypted with Triple DES |
//! | | `draft-hoyer-keyprov-pskc-algorithm-profiles-01` | 1 | 3 of other algorithms: OCRA, ActivIdentity's and RSA's own |
//! | | `actividentity` | 1 | |
//! | | `feitian` | 6 | 2 expired |
//! | | `multiotp` | 14 | 33 of OCRA, 4 PINs |
//! | | `nagraid` | 0 | 3 of OCRA |
//! | | `yubico` | 0 | 4 of Yubico OTP |
//! | | `encryption` | 0 | all without an `Id`; some with Camellia or Triple DES |
//! | | `misc` | 0 | without an `Id`, or without a number of digits; one of OCRA; one with a period of 172,800 s, beyond a day |
//! | | `invalid` | 0 | each for the error in it |
//! | privacyIDEA 3.14 | `import.oath` | 3 | |
//! | | `ocra.csv` | 0 | 1 of OCRA |
//! | | `pskc-aes.xml`, `pskc-password.xml` | 2 | what would follow in the first one, whose end is missing |
//! | | `yubico.csv`, `yubico-oath.csv` | 6 | 4 of Yubico OTP or a static password |
//! | | `yubico-oath-long.csv` | 0 | 100 with the secret `0` |
//! | liboath | `users.oath`, `expect.oath` | 8 | 42 with secrets of 1 to 4 bytes |
//! | `pam_oath` | `expect.oath` | 0 | 3 with secrets of 1 byte |
#![forbid(unsafe_code)]
// Input from an attacker must not cause a panic.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]

pub mod aegis;
pub mod andotp;
pub mod bitwarden;
mod document;
pub mod entra;
mod error;
mod format;
pub mod freeotp;
pub mod graph;
pub mod keepassxc;
mod lines;
pub mod oath_csv;
mod others;
mod record;
pub mod safenet;
mod table;
pub mod two_fas;
mod unlock;
mod xml;
pub mod yubico;

pub use document::{MAX_DOCUMENT, MAX_ENTRIES};
pub use error::{ImportError, Problem};
pub use format::Format;
pub use record::{Place, Record};
pub use table::MAX_ROW;
pub use unlock::Unlock;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
