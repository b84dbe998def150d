//! The bytes that are hashed and signed. They are not the text of a message, which can be written in several ways.

use alloc::vec::Vec;

/// Bytes of one purpose. A part without a fixed length has its length before it, so that no two contents have the same
/// bytes.
pub(super) struct Signed(Vec<u8>);

impl Signed {
    pub(super) fn new(purpose: &str) -> Self {
        Self(Vec::with_capacity(512)).text(purpose).bytes(&[1])
    }

    /// Adds a text with its length in two bytes.
    pub(super) fn text(self, text: &str) -> Self {
        // Every text is shorter: the messages bound them.
        let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
        self.bytes(&len.to_be_bytes()).bytes(text.as_bytes())
    }

    /// Adds a part of a fixed length.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}
