use alloc::string::String;
use core::fmt;

use zeroize::{ZeroizeOnDrop, Zeroizing};

/// A text that contains a secret, such as a key URI or a code; wiped on drop.
///
/// Anybody who has the text has the secret. Keep it out of logs, URLs of web pages and caches.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Creates a secret text from a string that was never reallocated.
    ///
    /// The caller has to guarantee this: a reallocation leaves a copy that is not wiped.
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ZeroizeOnDrop for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}
