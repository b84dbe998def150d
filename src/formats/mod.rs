//! Authenticators moved in from other systems, with what was used there: a code accepted yesterday is refused here.
//!
//! | source | reader |
//! |---|---|
//! | liboath and `pam_oath` | [`usersfile`] |
//! | google-authenticator-libpam | [`google_authenticator`] |
//! | PSKC key files of token vendors (RFC 6030) | `pskc` (feature `pskc`) |
//! | a database: privacyIDEA, django-otp, Keycloak, yours | `json` (feature `json`) |
//!
//! Readers of files with an authenticator a line are iterators that go on after a bad line, so what they give is the
//! report: each line is [`Imported`] wholly, or refused with an [`ImportError`] that says where and why. Nothing is guessed
//! and nothing is left out silently: what does not come along is a [`Note`].
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
//!         // Here: verifier.enroll(&id, &imported.authenticator, imported.state).await
//!         Ok(imported) => format!("line {}: {} imported, {:?}", imported.line, imported.name, imported.notes),
//!         Err(error) => format!("not imported: {error}"),
//!     })
//!     .collect();
//! assert_eq!(report[0], "line 1: alice imported, []");
//! assert_eq!(report[1], "not imported: line 2: TYPE has an impossible value");
//! # }
//! # Ok::<(), secondo::types::TimeError>(())
//! ```
//!
//! # The time of the move
//!
//! Stop the old system first: what it accepts after it was read is not known here. `now`, which every reader takes, is a
//! time when it had stopped. Where a TOTP source does not say which step was used last, every step that it may have
//! accepted until `now` counts as used: up to the current one, and as many more as the source looked ahead, 10 if it does
//! not tell. That is [`Note::LastUseUnknown`]; until those steps have passed the next codes are refused, with
//! [`Refusal::ClockBehind`](crate::Refusal::ClockBehind) or as replayed.
//!
//! # Names
//!
//! A name is what the source calls the authenticator or its owner. It may come twice, for a person with two tokens, and
//! may be personal data: choose the [`AuthenticatorId`](crate::AuthenticatorId) yourself. Of two lines with one secret
//! enroll one only, or a code is good once for each.
//!
//! # Secrets
//!
//! What is read is wiped on drop, but the file is yours to wipe. Enroll each authenticator as it comes: a `Vec` that grows
//! leaves copies of them where it was.

#[cfg(feature = "alloc")]
mod date;
#[cfg(feature = "alloc")]
pub mod google_authenticator;
#[cfg(feature = "alloc")]
mod imported;
#[cfg(feature = "json")]
pub mod json;
#[cfg(feature = "alloc")]
mod number;
pub mod otpauth;
#[cfg(feature = "pskc")]
pub mod pskc;
#[cfg(feature = "alloc")]
pub mod usersfile;

#[cfg(feature = "alloc")]
pub use imported::{ImportError, Imported, MAX_LINE, Note, Problem};
