use core::future::Future;

use super::{CodeMessage, Destination};

/// A way to send codes, which the provider implements over its gateway.
///
/// The library never sends. [`Verifier::send_code`](crate::Verifier::send_code) asks [`Self::screen`] first and returns
/// the message, which the provider passes to [`Self::send`]. If sending fails, the page can ask for another code from
/// [`CodeMessage::next_at`] on. No failure of the subscriber is counted, but the code counts on the limits.
/// `examples/sms.rs` has a transport over an HTTP gateway.
pub trait Transport {
    /// The error of a gateway or of a service that screens destinations.
    type Error: core::error::Error + Send + Sync + 'static;

    /// Returns `true` if a code may be sent to this destination. The default returns `true` for every destination.
    ///
    /// A provider can refuse countries here, or ask the operator of a mobile network if the SIM was swapped or the
    /// number was forwarded lately (NIST SP 800-63B-4 section 3.1.3.3).
    ///
    /// # Errors
    ///
    /// Returns an error if the answer is not known. No code is sent then, and the error is an outage.
    fn screen(&self, destination: &Destination) -> impl Future<Output = Result<bool, Self::Error>> + Send {
        let _ = destination;
        core::future::ready(Ok(true))
    }

    /// Sends a code.
    ///
    /// # Errors
    ///
    /// Returns the error of the gateway.
    fn send(&self, message: &CodeMessage) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
