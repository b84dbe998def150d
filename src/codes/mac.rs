use zeroize::Zeroize;

use crate::ct::truncate::truncate;

/// The HMAC of a message. It is secret, and wiped on drop.
pub(crate) struct Mac {
    words: [u32; 16],
    /// The number of words that the algorithm fills.
    count: usize,
}

impl Mac {
    pub(super) fn new(words: [u32; 16], count: usize) -> Self {
        Self { words, count }
    }

    /// Returns the dynamic truncation of RFC 4226 section 5.3, a value of 31 bits.
    pub(crate) fn truncated(&self) -> u32 {
        let first = self.words.first_chunk().copied().unwrap_or_default();
        truncate(first, self.words().last().copied().unwrap_or_default())
    }

    /// Returns the words of the HMAC, in its order.
    pub(crate) fn words(&self) -> &[u32] {
        self.words.get(..self.count).unwrap_or_default()
    }
}

impl Drop for Mac {
    fn drop(&mut self) {
        self.words.as_mut_slice().zeroize();
    }
}
