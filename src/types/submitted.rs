use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::entered::for_each_character;
use super::{Code, Digits};

/// A code as a claimant submitted it.
///
/// White space, hyphens, dashes and characters of no width are skipped, so that `123 456` and `123-456` with a line
/// break are codes of six digits. Digits may have any form that Unicode's compatibility form (NFKC) makes ASCII digits,
/// for example the full-width digits of an input method. No text is read as two codes, and all spellings of a used code
/// are that code, so that none opens it again. Every other character makes the text malformed, digits of other scripts
/// included. A verification first checks that the authenticator may be used, and then refuses a malformed text as
/// [`Refusal::Malformed`](crate::Refusal::Malformed).
///
/// The value wipes itself, shows nothing in `Debug`, and cannot be compared: only a verification tells whether the code
/// is correct.
///
/// ```
/// use secondo::types::MalformedCode;
/// use secondo::{Digits, SubmittedCode};
///
/// let submitted = SubmittedCode::new("007 042");
/// assert_eq!(submitted.code(Digits::Six)?.as_str(), "007042");
/// assert_eq!(SubmittedCode::new("\u{200b}００７\u{a0}０４２\n").code(Digits::Six)?.as_str(), "007042");
/// assert_eq!(submitted.code(Digits::Eight).unwrap_err(), MalformedCode::Length { expected: 8, found: 6 });
/// # Ok::<(), MalformedCode>(())
/// ```
pub struct SubmittedCode(Text);

enum Text {
    /// The number that the digits make, and the count of digits. If they are more than 9, the number is meaningless.
    Digits(u32, usize),
    /// The position of a character that is not a digit.
    Character(usize),
}

impl SubmittedCode {
    /// The largest length in bytes of a text that is read, which bounds the work that a hostile text causes.
    const MAX_LEN: usize = 64;

    /// Reads the text that a claimant submitted.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Text::read(text))
    }

    /// Returns the code, if the text is one with this number of digits.
    ///
    /// # Errors
    ///
    /// Returns [`MalformedCode`], which holds a length or a position, if it is not.
    pub fn code(&self, digits: Digits) -> Result<Code, MalformedCode> {
        self.value(digits).map(|value| Code::from_truncated(value, digits))
    }

    /// Returns the code as a number below [`Digits::modulus`], if the text is a code with this number of digits.
    pub(crate) fn value(&self, digits: Digits) -> Result<u32, MalformedCode> {
        match self.0 {
            Text::Digits(value, count) if count == digits.count() => Ok(value),
            Text::Digits(_, found) => Err(MalformedCode::Length { expected: digits.count(), found }),
            Text::Character(position) => Err(MalformedCode::Character { position }),
        }
    }
}

impl Text {
    fn read(text: &str) -> Self {
        if text.len() > SubmittedCode::MAX_LEN {
            return Self::Digits(0, text.len());
        }
        let (mut value, mut count, mut other) = (0_u32, 0, None);
        for_each_character(text, |position, character| {
            let digit = u32::from(character).wrapping_sub('0'.into());
            if digit < 10 {
                value = value.wrapping_mul(10).wrapping_add(digit);
                count += 1;
            } else {
                other = other.or(Some(position));
            }
        });
        other.map_or(Self::Digits(value, count), Self::Character)
    }
}

/// Submits a generated code, as a test of a login does.
impl From<&Code> for SubmittedCode {
    fn from(code: &Code) -> Self {
        Self(Text::Digits(code.value(), code.digits().count()))
    }
}

impl Drop for SubmittedCode {
    fn drop(&mut self) {
        if let Text::Digits(value, _) = &mut self.0 {
            value.zeroize();
        }
    }
}

impl ZeroizeOnDrop for SubmittedCode {}

impl fmt::Debug for SubmittedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubmittedCode(..)")
    }
}

/// The reason that a submitted text is no code. It holds lengths and positions, never the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MalformedCode {
    /// The number of digits is wrong.
    Length {
        /// The number of digits configured.
        expected: usize,
        /// The number of digits submitted; if the text is longer than 64 bytes, its length in bytes.
        found: usize,
    },
    /// A character is neither a digit nor a separator.
    Character {
        /// The position of its first byte, from 0.
        position: usize,
    },
    /// The number of codes for a resynchronization is not the one that the policy asks for.
    Count {
        /// The number of codes that the policy asks for.
        expected: usize,
        /// The number of codes submitted.
        found: usize,
    },
    /// The number of letters and digits of a recovery code is wrong.
    RecoveryLength {
        /// The number of letters and digits of the subscriber's codes; 0 if the codes differ in length.
        expected: usize,
        /// The number submitted; if the text is longer than 64 bytes, its length in bytes.
        found: usize,
    },
    /// A character occurs in no recovery code.
    RecoveryCharacter {
        /// The position of its first byte, from 0, not counting separators. A full-width character counts as one byte.
        position: usize,
    },
    /// The last character of a recovery code does not fit the others: there is a typing error.
    RecoveryCheck,
}

impl MalformedCode {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Length { .. } => "length",
            Self::Character { .. } => "character",
            Self::Count { .. } => "count",
            Self::RecoveryLength { .. } => "recovery_length",
            Self::RecoveryCharacter { .. } => "recovery_character",
            Self::RecoveryCheck => "recovery_check",
        }
    }
}

impl fmt::Display for MalformedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { expected, found } => write!(f, "a code has {expected} digits, not {found}"),
            Self::Character { position } => write!(f, "the character at position {position} is not a digit"),
            Self::Count { expected, found } => {
                write!(f, "resynchronization needs {expected} consecutive codes, not {found}")
            }
            Self::RecoveryLength { expected: 0, .. } => f.write_str("a recovery code has 1 to 64 letters and digits"),
            Self::RecoveryLength { expected, found } => {
                write!(f, "a recovery code has {expected} letters and digits, not {found}")
            }
            Self::RecoveryCharacter { position } => {
                write!(f, "the character at position {position} occurs in no recovery code")
            }
            Self::RecoveryCheck => f.write_str("the recovery code has a typing error"),
        }
    }
}

impl core::error::Error for MalformedCode {}
