use core::fmt;

use super::format::{QuestionFormat, QuestionKind};

/// A question of a suite, also called a challenge: the data that a response answers.
///
/// It has at least 4 characters, and at most as many as its format permits. A question is not secret, but it must be
/// new each time, and nobody must be able to predict it: otherwise a response can be asked of the token in advance.
///
/// RFC 6287 section 5.1 pads the bytes of a question with zeros at the end. Some questions thereby become the same
/// data, and have the same response: numbers of which one is 16, 256 or 4096 times the other, and a hexadecimal
/// question with and without zeros at its end.
///
/// ```
/// use secondo::factor::ocra::{Question, QuestionError, Suite};
///
/// let suite = Suite::parse("OCRA-1:HOTP-SHA1-6:QN08")?;
/// let random_bytes = [7; 32]; // from the verifier's random number generator
/// let question = Question::from_random(suite.question(), &random_bytes);
/// assert_eq!(question.as_str().len(), 8);
///
/// let error = Question::new(suite.question(), "1234x678").unwrap_err();
/// assert_eq!(error, QuestionError::Character { position: 4 });
/// # Ok::<(), secondo::factor::ocra::SuiteError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Question {
    format: QuestionFormat,
    text: [u8; Self::MAX_LEN],
    len: u8,
}

impl Question {
    /// The minimum number of characters.
    pub const MIN_LEN: usize = 4;
    /// The maximum number of characters in any format.
    pub const MAX_LEN: usize = 64;
    /// The number of bytes that a question takes in the data of a response (RFC 6287 section 5.1).
    pub(super) const ENCODED_LEN: usize = 128;

    /// Creates a question from its text.
    ///
    /// # Errors
    ///
    /// Returns [`QuestionError`] if the text is too short or too long for the format, or has another character.
    pub fn new(format: QuestionFormat, text: &str) -> Result<Self, QuestionError> {
        let (found, max) = (text.len(), format.max_len());
        if let Some(position) = text.bytes().position(|byte| !format.kind().has(byte)) {
            return Err(QuestionError::Character { position });
        }
        let mut question = Self { format, text: [0; Self::MAX_LEN], len: u8::try_from(found).unwrap_or(u8::MAX) };
        match question.text.get_mut(..found) {
            Some(slot) if (Self::MIN_LEN..=max).contains(&found) => slot.copy_from_slice(text.as_bytes()),
            _ => return Err(QuestionError::Length { max, found }),
        }
        Ok(question)
    }

    /// Creates the longest question of this format from 32 random bytes, which the caller draws for it.
    ///
    /// Letters are in upper case. A format with more than 256 bits has no more possible questions than 32 bytes have.
    #[must_use]
    pub fn from_random(format: QuestionFormat, bytes: &[u8; 32]) -> Self {
        // The bytes are a fraction below 1. Multiplied by the number of characters, its whole part is the next one.
        let alphabet = format.kind().alphabet();
        let mut fraction = *bytes;
        let mut question = Self { format, text: [0; Self::MAX_LEN], len: 0 };
        for character in question.text.iter_mut().take(format.max_len()) {
            let whole = multiply(&mut fraction, alphabet.len(), 0);
            *character = alphabet.get(usize::from(whole)).copied().unwrap_or_default();
            question.len += 1;
        }
        question
    }

    /// Returns the format of the suite that the question was made for.
    #[must_use]
    pub const fn format(&self) -> QuestionFormat {
        self.format
    }

    /// Returns the text, to be shown to the subscriber or sent to the token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    fn bytes(&self) -> &[u8] {
        self.text.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Returns the bytes that represent this question, or this one followed by another, with zeros after them.
    pub(super) fn encoded(&self, next: Option<&Self>) -> [u8; Self::ENCODED_LEN] {
        let characters = self.bytes().iter().chain(next.map(Self::bytes).unwrap_or_default()).copied();
        match self.format.kind() {
            QuestionKind::Alphanumeric => {
                let mut encoded = [0; Self::ENCODED_LEN];
                encoded.iter_mut().zip(characters).for_each(|(slot, character)| *slot = character);
                encoded
            }
            QuestionKind::Hexadecimal => packed(characters.map(hex_digit)),
            QuestionKind::Numeric => {
                // 128 decimal digits are less than 54 bytes.
                let mut number = [0; 54];
                characters.for_each(|character| _ = multiply(&mut number, 10, (character - b'0').into()));
                packed(number.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).skip_while(|digit| *digit == 0))
            }
        }
    }
}

/// Replaces a big-endian number by `number * factor + add`. Returns the part that does not fit.
///
/// `factor` and `add` must be less than 256.
fn multiply(number: &mut [u8], factor: usize, add: usize) -> u8 {
    let mut carry = add;
    for byte in number.iter_mut().rev() {
        let product = usize::from(*byte) * factor + carry;
        [*byte, ..] = product.to_le_bytes();
        carry = product >> 8;
    }
    carry.to_le_bytes()[0]
}

fn hex_digit(character: u8) -> u8 {
    let value = char::from(character).to_digit(16).unwrap_or_default();
    value.to_le_bytes()[0]
}

/// Returns bytes with two hexadecimal digits each. An odd last digit is the upper half of its byte.
fn packed(mut digits: impl Iterator<Item = u8>) -> [u8; Question::ENCODED_LEN] {
    let mut bytes = [0; Question::ENCODED_LEN];
    for byte in &mut bytes {
        *byte = digits.next().unwrap_or(0) << 4 | digits.next().unwrap_or(0);
    }
    bytes
}

/// A text that is not a question of the format. It holds lengths and positions, never a part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuestionError {
    /// The text is too short or too long.
    Length {
        /// The maximum number of characters of the format.
        max: usize,
        /// The number of bytes found.
        found: usize,
    },
    /// A character does not belong to the format.
    Character {
        /// The position of its first byte, from 0.
        position: usize,
    },
}

impl QuestionError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Length { .. } => "length",
            Self::Character { .. } => "character",
        }
    }
}

impl fmt::Display for QuestionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { max, found } => {
                write!(f, "a question of this suite must have {} to {max} characters, not {found}", Question::MIN_LEN)
            }
            Self::Character { position } => {
                write!(f, "the character at position {position} cannot be in a question of this suite")
            }
        }
    }
}

impl core::error::Error for QuestionError {}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Question({}, ..)", self.format)
    }
}
