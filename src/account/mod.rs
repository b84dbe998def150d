//! The subscriber account: all authenticators of one person, the failures that they share, and the last outcomes.
//!
//! An account is one value in the store. Every decision replaces it as a whole, so that a guess counts once, whichever
//! and however many authenticators it was compared with.

mod attempt;
mod browser;
mod bytes;
mod challenge;
mod enroll;
mod enroll_with_code;
mod entry;
mod error;
mod export;
mod manage;
mod options;
mod outcomes;
#[cfg(feature = "push")]
mod push;
mod record;
mod record_error;
mod recover;
pub mod seal;
mod send;
mod subscriber;
mod view;

pub(crate) use attempt::{Hmacs, Refused, Reply, Request, Success};
pub use browser::BrowserView;
pub(crate) use challenge::{Inquiry, Pending};
pub use enroll::Enrolled;
pub(crate) use enroll::Place;
pub(crate) use enroll_with_code::CodedEnrollment;
pub use entry::Status;
pub use error::AccountError;
pub use export::ExportedAuthenticator;
pub use options::LoginOptions;
#[cfg(feature = "push")]
pub(crate) use push::{Ask, Turn};
pub(crate) use record::Record;
pub use record_error::RecordError;
pub(crate) use recover::{Recovered, Recovery};
pub(crate) use send::Sending;
pub(crate) use subscriber::Account;
pub use view::{AccountView, AuthenticatorView, RecoveryCodesView};
