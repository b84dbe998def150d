//! How a secret gets into an authenticator app, and out of one: key URIs, their QR codes, and the payload in which an app
//! exports its accounts.
//!
//! No standard defines key URIs or exports. Key URIs follow the page [Key Uri Format] of Google Authenticator's wiki; the
//! export is what that app's versions write. All of them hold secrets as they are: show them once, over TLS, to the person
//! who enrolls.
//!
//! [Key Uri Format]: https://github.com/google/google-authenticator/wiki/Key-Uri-Format

#[cfg(feature = "alloc")]
mod batches;
#[cfg(feature = "alloc")]
mod key_uri;
#[cfg(feature = "alloc")]
mod label;
#[cfg(feature = "alloc")]
mod migration;
#[cfg(feature = "alloc")]
mod parse;
#[cfg(feature = "alloc")]
mod percent;
#[cfg(feature = "png")]
mod png;
#[cfg(feature = "alloc")]
mod protobuf;
#[cfg(feature = "qr")]
mod qr;

#[cfg(feature = "alloc")]
pub use batches::{Batches, BatchesError};
#[cfg(feature = "alloc")]
pub use key_uri::{KeyUri, KeyUriError, Parameter};
#[cfg(feature = "alloc")]
pub use migration::{AccountError, Migration, MigrationError, UnknownField};
#[cfg(feature = "png")]
pub use png::Png;
#[cfg(feature = "qr")]
pub use qr::{Qr, QrError};
