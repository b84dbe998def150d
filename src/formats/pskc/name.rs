use core::fmt;

/// A name in a document, for messages: that of an element, of a value or of an algorithm.
///
/// It has the first 64 characters at most. Characters that names of these formats do not have are shown as `?`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DocumentName {
    ascii: [u8; Self::MAX_LEN],
    len: usize,
}

impl DocumentName {
    const MAX_LEN: usize = 64;

    pub(super) fn new(name: &str) -> Self {
        let mut ascii = [b'?'; Self::MAX_LEN];
        let mut len = 0;
        for (slot, character) in ascii.iter_mut().zip(name.chars()) {
            if let 'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | ':' | '/' | '#' = character {
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
