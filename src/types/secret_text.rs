use alloc::string::String;
use core::fmt;

use zeroize::{ZeroizeOnDrop, Zeroizing};

/// A text that holds a secret, such as a key URI; wiped on drop.
///
/// Whoever has it has every code, so it belongs in no log, no URL of a web page and no cache.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Keeps a text that was built in place: whoever built it answers for its never having been reallocated.
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text.
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
