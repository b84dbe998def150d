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
//! | KeePassXC and KeePass 2, CSV and XML | [`keepassxc`] |
//!
//! [`Format`] recognizes these files and those that `secondo` itself reads: PSKC, lines of JSON, the usersfile of
//! liboath, the state file of google-authenticator-libpam, key URIs, and the export of Google Authenticator.
//!
//! Readers are iterators over a [`BufRead`](std::io::BufRead). Their items form a report: each record is either a
//! complete [`Record`], or an [`ImportError`] with the place and the reason. A reader continues after a bad record;
//! after an error with [`ends_file`](ImportError::ends_file), nothing follows. Every reader rejects a secret of fewer than
//! 10 or more than 128 bytes, and a value that its format's page does not list.
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
//! of the formats here records the last used time step. Every step until `now` counts as used, and so do the ten steps
//! after it, with [`Note::LastUseUnknown`](secondo::formats::Note::LastUseUnknown).
//!
//! # Memory
//!
//! The reader of a CSV file holds one row of at most [`MAX_ROW`] bytes, and the reader of an XML document one tag or text
//! of at most 1 MiB. A JSON document is read as a whole, with at most [`MAX_DOCUMENT`] bytes and [`MAX_ENTRIES`] entries,
//! since an encrypted one can be checked only at its end. The bytes of rows, documents and secrets are wiped. The buffer
//! of the `BufRead` is the caller's, and scrypt leaves its memory as it was.
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
