//! Import of authenticators from other systems, with their state: a code that was used there is rejected here.
//!
//! The state includes the *watermark*: the last used time step or counter. Only codes above it are accepted.
//!
//! | source | reader |
//! |---|---|
//! | liboath and `pam_oath` | [`usersfile`] |
//! | google-authenticator-libpam | [`google_authenticator`] |
//! | PSKC key files of token vendors (RFC 6030) | `pskc` (feature `pskc`) |
//! | a database: privacyIDEA, django-otp, Keycloak, yours | `json` (feature `json`) |
//! | recovery codes in a database: django-otp, Keycloak, yours | `recovery_codes` (feature `verifier`) |
//!
//! Key URIs and the exports of apps, which [`otpauth`] reads, do not record the last used time step.
//!
//! The readers of files with one authenticator per line are iterators that continue after a bad line. Their items form
//! a report: each line is either a complete [`Imported`], or an [`ImportError`] with the line number and the reason.
//! Nothing is guessed, and nothing is dropped silently: a [`Note`] names each thing that was not imported.
//!
//! ```
//! # #[cfg(feature = "alloc")] {
//! use secondo::formats::usersfile;
//! use secondo::UnixTime;
//!
//! let file = b"HOTP/E/6\talice\t-\t3132333435363738393031323334353637383930\t7\t162583\t2026-11-23T20:36:02L\n\
//!              HOTP/E/5\tbob\t-\t3132333435363738393031323334353637383930\n";
//! let moved_at = UnixTime::from_secs(1_795_500_000)?;
//! let report: Vec<_> = usersfile::read(file, moved_at)
//!     .map(|line| match line {
//!         // Here: verifier.import(&id, &[(imported.authenticator.into(), imported.state.confirmed())], …).await
//!         Ok(imported) => format!("line {}: {} imported, {:?}", imported.line, imported.name, imported.notes),
//!         Err(error) => format!("not imported: {error}"),
//!     })
//!     .collect();
//! assert_eq!(report[0], "line 1: alice imported, []");
//! assert!(report[1].starts_with("not imported: line 2: TYPE has an invalid value"));
//! # }
//! # Ok::<(), secondo::types::TimeError>(())
//! ```
//!
//! # The time of the move
//!
//! Stop the old system first: a code that it accepts after its data was read stays valid here. The readers that return
//! [`Imported`] take `now`, a time after the old system has stopped.
//!
//! If a TOTP source does not record the last used time step, every step that it may have accepted until `now` counts as
//! used: up to the current step, plus the steps that the source looked ahead, or 10 if that number is unknown.
//! [`Note::LastUseUnknown`] reports this. Until those steps have passed, codes are refused with
//! [`Refusal::ClockBehind`](crate::Refusal::ClockBehind) or as replayed.
//!
//! # Names
//!
//! A name is the source's name for the authenticator or its owner. It may occur twice, if a subscriber has two tokens,
//! and it may be personal data: choose the [`AccountId`](crate::AccountId) yourself. If two lines have the same secret,
//! import only one of them: an account refuses the second, and of two accounts each accepts every code once.
//!
//! # Secrets
//!
//! Every reader rejects a secret of fewer than 10 or more than 128 bytes. Imported secrets are wiped on drop. Wiping
//! the file is the job of the caller. Enroll each authenticator as soon as the reader returns it: a `Vec` that grows
//! leaves copies of the secrets in its old memory.

#[cfg(feature = "alloc")]
mod algorithm;
#[cfg(feature = "alloc")]
mod date;
#[cfg(feature = "alloc")]
pub mod google_authenticator;
#[cfg(feature = "alloc")]
mod imported;
#[cfg(feature = "json")]
pub mod json;
#[cfg(feature = "alloc")]
mod may_be_secret;
#[cfg(feature = "alloc")]
mod number;
pub mod otpauth;
#[cfg(feature = "pskc")]
pub mod pskc;
#[cfg(feature = "verifier")]
pub mod recovery_codes;
#[cfg(feature = "alloc")]
pub mod usersfile;

#[cfg(feature = "alloc")]
pub use imported::{ImportError, Imported, MAX_LINE, Note, Problem};
#[cfg(feature = "alloc")]
pub use may_be_secret::may_be_secret;
