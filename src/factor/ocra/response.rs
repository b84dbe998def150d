use core::fmt;

use cmov::{Cmov, Condition};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::suite::ResponseDigits;
use crate::codes::mac::Mac;
use crate::ct::declassify::public;
use crate::ct::select::{is_equal, is_less_wide, is_not_zero};
use crate::types::{Digits, MalformedCode, for_each_character, nine_digits};

/// A response to a question: decimal digits with leading zeros, or a whole HMAC in lower-case hexadecimal.
///
/// The response wipes itself, shows nothing in `Debug`, and cannot be compared: only a verification tells whether a
/// submitted one is correct.
pub struct Response {
    ascii: [u8; Self::MAX_LEN],
    len: usize,
}

impl Response {
    const MAX_LEN: usize = 128;
    /// The largest length in bytes of a text that is read, which bounds the work that a hostile text causes.
    const MAX_TEXT_LEN: usize = 256;

    /// Creates the response that an HMAC makes.
    pub(super) fn new(digits: ResponseDigits, mac: &Mac) -> Self {
        let mut response = Self { ascii: [0; Self::MAX_LEN], len: 0 };
        if digits == ResponseDigits::Whole {
            let bytes = mac.words().iter().flat_map(|word| word.to_be_bytes());
            response.fill(bytes.flat_map(|byte| [hex(byte >> 4), hex(byte & 0xf)]));
        } else {
            let truncated = mac.truncated();
            let (tenth, _) = Digits::Nine.divide(truncated);
            let first = [b'0' + tenth.to_le_bytes()[0]];
            let mut nine = nine_digits(truncated);
            response.fill(first.iter().chain(&nine).copied().skip(10 - digits as usize));
            nine.as_mut_slice().zeroize();
        }
        response
    }

    /// Reads a submitted response in any spelling that a [`SubmittedCode`](crate::SubmittedCode) may have.
    ///
    /// No branch and no address depends on the digits, or tells hexadecimal letters from decimal digits.
    pub(super) fn read(text: &str, digits: ResponseDigits, expected: usize) -> Result<Self, MalformedCode> {
        let mut response = Self { ascii: [0; Self::MAX_LEN], len: 0 };
        if text.len() > Self::MAX_TEXT_LEN {
            return Err(MalformedCode::Length { expected, found: text.len() });
        }
        let has_letters = u8::from(digits == ResponseDigits::Whole);
        let (mut found, mut other) = (0, None);
        for_each_character(text, |position, character| {
            // In ASCII, this bit makes a letter lower-case, and every digit has it.
            let lower = u32::from(character) | 0x20;
            let is_digit = is_less_wide(u32::from(character).wrapping_sub('0'.into()).into(), 10);
            let is_letter = is_less_wide(lower.wrapping_sub('a'.into()).into(), 6) & has_letters;
            if !public(is_digit | is_letter != 0) {
                other = other.or(Some(position));
            } else if let Some(slot) = response.ascii.get_mut(found) {
                *slot = lower.to_le_bytes()[0];
            }
            found += 1;
        });
        if let Some(position) = other {
            return Err(MalformedCode::Character { position });
        }
        if found != expected {
            return Err(MalformedCode::Length { expected, found });
        }
        response.len = found;
        Ok(response)
    }

    /// Returns the response, to be shown or sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    /// Returns 1 if both are the same, otherwise 0. Only the lengths decide the time.
    pub(super) fn is_equal(&self, other: &Self) -> Condition {
        is_equal(self.bytes(), other.bytes())
    }

    fn bytes(&self) -> &[u8] {
        self.ascii.get(..self.len).unwrap_or_default()
    }

    fn fill(&mut self, ascii: impl Iterator<Item = u8>) {
        for (slot, byte) in self.ascii.iter_mut().zip(ascii) {
            *slot = byte;
            self.len += 1;
        }
    }
}

/// Returns the hexadecimal digit of a number below 16, without a branch on it or a table.
fn hex(value: u8) -> u8 {
    let mut digit = b'0' + value;
    let letter = b'a' - 10 + value;
    // The sum has this bit if the number is 10 or more. A compiler turned a mask made of it into a branch.
    digit.cmovnz(&letter, is_not_zero(u32::from(value + 6) & 0x10));
    digit
}

impl Drop for Response {
    fn drop(&mut self) {
        self.ascii.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for Response {}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Response(..)")
    }
}
