//! What an issuer hands to an authenticator app: a key URI, shown as a QR code.

#[cfg(feature = "png")]
mod png;
#[cfg(feature = "qr")]
mod qr;

#[cfg(feature = "png")]
pub use png::Png;
#[cfg(feature = "qr")]
pub use qr::{Qr, QrError};
