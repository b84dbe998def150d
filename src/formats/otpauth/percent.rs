//! Percent-encoding (RFC 3986 section 2.1) of the parts of a URI.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

/// The maximum number of bytes that one byte is encoded as.
pub(super) const EXPANSION: usize = 3;

/// Appends a text, with all but the unreserved characters (RFC 3986 section 2.3) encoded. Every app can read this.
pub(super) fn encode(text: &str, into: &mut String) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |n: u8| HEX.get(usize::from(n)).copied().unwrap_or_default();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            into.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// A part of a URI, with its byte position in the URI.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl Part<'_> {
    /// Splits the part at the first occurrence of an ASCII character, and returns the text before and after it.
    pub(super) fn split_once(self, at: char) -> Option<(Self, Self)> {
        let (before, after) = self.text.split_once(at)?;
        Some((Self { text: before, at: self.at }, Self { text: after, at: self.at + before.len() + 1 }))
    }

    /// Returns the empty part at the end of this one.
    pub(super) fn end(self) -> Self {
        Self { text: "", at: self.at + self.text.len() }
    }

    /// Returns the parameters of a query: their names, and their values if there is an equals sign.
    pub(super) fn parameters(self) -> impl Iterator<Item = (Self, Option<Self>)> {
        let mut at = self.at;
        self.text.split('&').map(move |text| {
            let part = Part { text, at };
            at += text.len() + 1;
            part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)))
        })
    }

    /// Decodes the part to text.
    ///
    /// On failure, returns the byte position of invalid percent-encoding, of bytes that are not UTF-8, or of a control
    /// character.
    pub(super) fn decode(self) -> Result<String, usize> {
        let bytes = self.decode_bytes()?;
        let text = core::str::from_utf8(&bytes).map_err(|error| self.origin(error.valid_up_to()))?;
        match text.find(char::is_control) {
            Some(index) => Err(self.origin(index)),
            None => Ok(text.into()),
        }
    }

    /// Decodes the part to bytes, which are wiped on drop.
    ///
    /// On failure, returns the byte position of invalid percent-encoding. Branches depend only on the positions of
    /// percent signs and the digits after them, never on other bytes of a secret.
    pub(super) fn decode_bytes(self) -> Result<Zeroizing<Vec<u8>>, usize> {
        // Large enough from the start: reallocation would leave a copy behind.
        let mut decoded = Zeroizing::new(Vec::with_capacity(self.text.len()));
        let mut rest = self.text.as_bytes();
        while let [first, after @ ..] = rest {
            let (byte, after) = match (first, after) {
                (b'%', [high, low, after @ ..]) => {
                    (hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low), after)
                }
                (b'%', _) => (None, after),
                _ => (Some(*first), after),
            };
            decoded.push(byte.ok_or(self.at + self.text.len() - rest.len())?);
            rest = after;
        }
        Ok(decoded)
    }

    /// Returns the byte position in the URI that the decoded byte at this index comes from.
    pub(super) fn origin(self, index: usize) -> usize {
        let encoded = self.text.as_bytes();
        let length = |at: usize| if encoded.get(at) == Some(&b'%') { EXPANSION } else { 1 };
        self.at + (0..index).fold(0, |at, _| at + length(at))
    }
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
