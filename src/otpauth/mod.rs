//! How a secret gets into an authenticator app, and out of one: key URIs, and the payload in which an app exports its
//! accounts.
//!
//! No standard defines either. Key URIs follow the page [Key Uri Format] of Google Authenticator's wiki; the export is
//! what that app's versions write. Both hold secrets as they are: show them once, over TLS, to the person who enrolls.
//!
//! [Key Uri Format]: https://github.com/google/google-authenticator/wiki/Key-Uri-Format

mod batches;
mod key_uri;
mod label;
mod migration;
mod parse;
mod percent;
mod protobuf;

pub use batches::{Batches, BatchesError};
pub use key_uri::{KeyUri, KeyUriError, Parameter};
pub use migration::{AccountError, Migration, MigrationError, UnknownField};
