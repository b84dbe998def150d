//! How a secret gets into an authenticator app, and out of one: key URIs, and the payload in which an app exports its
//! accounts.
//!
//! No standard defines either. Key URIs follow the page [Key Uri Format] of Google Authenticator's wiki; the export is
//! what that app's versions write. Both hold secrets as they are: show them once, over TLS, to the person who enrolls.
//!
//! [Key Uri Format]: https://github.com/google/google-authenticator/wiki/Key-Uri-Format

mod key_uri;
mod label;
mod parse;
mod percent;

pub use key_uri::{KeyUri, KeyUriError, Parameter};
