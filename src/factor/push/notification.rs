use alloc::string::String;
use core::fmt;

use crate::types::{AuthenticatorNumber, DisplayName, UnixTime};

/// A challenge to be sent to the app, and the number for the page.
#[derive(Clone)]
#[non_exhaustive]
pub struct Notification {
    /// The number that the page shows: six digits by default.
    pub number: String,
    /// The message that the provider delivers to the app.
    pub message: String,
    /// The number of the authenticator whose app gets the message.
    pub authenticator: AuthenticatorNumber,
    /// The name that the subscriber chose for it.
    pub name: DisplayName,
    /// The time at which the challenge ends.
    pub expires: UnixTime,
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notification(for authenticator {}, until {})", self.authenticator, self.expires)
    }
}
