use core::fmt;

use crate::formats::may_be_secret;

/// A name in a document, for messages: that of an element, of a value or of an algorithm.
///
/// It has the first 64 characters at most. Characters that names of these formats do not have are shown as `?`. A name
/// that may be a secret is not shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DocumentName {
    ascii: [u8; Self::MAX_LEN],
    len: usize,
}

impl DocumentName {
    const MAX_LEN: usize = 64;

    pub(super) fn new(name: &str) -> Self {
        let is_hidden = may_be_secret(name);
        let shown = if is_hidden { "(not shown: it may be a secret)" } else { name };
        let (mut ascii, mut len) = ([b'?'; Self::MAX_LEN], 0);
        for (slot, character) in ascii.iter_mut().zip(shown.chars()) {
            let is_usual = matches!(character, 'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | ':' | '/' | '#');
            if is_hidden || is_usual {
                *slot = u8::try_from(character).unwrap_or(b'?');
            }
            len += 1;
        }
        Self { ascii, len }
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.ascii.get(..self.len).and_then(|name| str::from_utf8(name).ok()).unwrap_or_default()
    }
}

impl fmt::Display for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}
