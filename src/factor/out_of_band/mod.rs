//! Codes that are sent to the subscriber over another channel (NIST SP 800-63B-4 section 3.1.3).
//!
//! A [`Destination`] is enrolled like any authenticator, and confirmed by the first code that is sent to it.
//! [`Verifier::send_code`](crate::Verifier::send_code) makes a code for one login, and returns the [`CodeMessage`] to
//! send. The provider sends it, over its own [`Transport`]. The account keeps only a hash of the code, whose key is the
//! login's [`Transaction`](crate::Transaction).
//!
//! SMS and voice calls are restricted authenticators (section 3.2.9): telephone numbers are taken over, and messages
//! are read on the way. A provider must offer another authenticator as well; see
//! [`AccountView::needs_alternative`](crate::account::AccountView::needs_alternative). A mail address can be confirmed,
//! but codes by mail are no second factor (section 3.1.3.1): [`Verifier::verify`](crate::Verifier::verify) never takes
//! one.

mod destination;
mod kept;
mod message;
mod transport;

pub use destination::{Channel, Destination, DestinationError, MaskedDestination};
pub(crate) use kept::{OutOfBand, SentCode};
pub use message::CodeMessage;
pub use transport::Transport;
