//! Key URIs, their QR codes, and the exports of Google Authenticator, which move secrets into apps and out of them.
//!
//! No standard defines key URIs or exports. Key URIs follow the page [Key Uri Format] of Google Authenticator's wiki;
//! exports follow the data that versions of that app write. All of these hold secrets in plain text: show them once,
//! over TLS, to the subscriber who enrolls.
//!
//! [Key Uri Format]: https://github.com/google/google-authenticator/wiki/Key-Uri-Format

#[cfg(feature = "alloc")]
mod batches;
#[cfg(all(feature = "alloc", feature = "qr"))]
mod data_uri;
#[cfg(feature = "alloc")]
mod key_uri;
#[cfg(feature = "alloc")]
mod label;
#[cfg(feature = "alloc")]
mod migration;
#[cfg(feature = "alloc")]
mod migration_error;
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
pub use migration::{Migration, UnknownField};
#[cfg(feature = "alloc")]
pub use migration_error::{MigrationAccountError, MigrationError};
#[cfg(feature = "png")]
pub use png::Png;
#[cfg(feature = "qr")]
pub use qr::{Qr, QrError};
