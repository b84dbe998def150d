use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

#[cfg(feature = "verifier")]
use crate::ct::declassify::public;
#[cfg(feature = "verifier")]
use crate::ct::division::remainder;

/// The number of digits of a code: 6 to 9.
///
/// RFC 4226 section 5.3 asks for at least 6. Each further digit makes a correct guess ten times less likely, except the
/// ninth: a truncated value has 31 bits, so that a 9-digit code that starts with 0 or 1 is up to 1.5 times as likely as
/// another. [`Policy::guess_probability`](crate::Policy::guess_probability) takes this into account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Digits {
    /// Six digits, as authenticator apps show by default.
    #[default]
    Six = 6,
    /// Seven digits.
    Seven = 7,
    /// Eight digits, usual on hardware tokens.
    Eight = 8,
    /// Nine digits, the most that a 31-bit value fills. Some apps show fewer, or other ones, and say nothing.
    Nine = 9,
}

impl Digits {
    /// The largest number of digits of a code.
    pub const MAX: usize = 9;

    /// Returns the number of digits.
    #[must_use]
    pub const fn count(self) -> usize {
        self as usize
    }

    /// Returns the number of different codes: 10 to the power of the number of digits.
    #[must_use]
    pub const fn modulus(self) -> u32 {
        match self {
            Self::Six => 1_000_000,
            Self::Seven => 10_000_000,
            Self::Eight => 100_000_000,
            Self::Nine => 1_000_000_000,
        }
    }

    /// Returns a 31-bit value modulo [`Self::modulus`].
    pub(crate) const fn reduce(self, truncated: u32) -> u32 {
        self.divide(truncated).1
    }

    /// Divides a 31-bit value by [`Self::modulus`], and returns the quotient and the remainder.
    ///
    /// The value is secret, and on many processors the time of a division depends on its operands. The value is
    /// therefore multiplied by `ceil(2^shift / modulus)`.
    pub(crate) const fn divide(self, truncated: u32) -> (u32, u32) {
        let (factor, shift) = match self {
            Self::Six => (2_251_799_814_u64, 51),
            Self::Seven => (3_602_879_702, 55),
            Self::Eight => (2_882_303_762, 58),
            Self::Nine => (2_305_843_010, 61),
        };
        #[expect(clippy::cast_possible_truncation, reason = "the quotient of 31 bits by the modulus")]
        let quotient = ((truncated as u64 * factor) >> shift) as u32;
        (quotient, truncated - quotient * self.modulus())
    }
}

impl TryFrom<u8> for Digits {
    type Error = DigitsError;

    fn try_from(count: u8) -> Result<Self, DigitsError> {
        match count {
            6 => Ok(Self::Six),
            7 => Ok(Self::Seven),
            8 => Ok(Self::Eight),
            9 => Ok(Self::Nine),
            _ => Err(DigitsError(count)),
        }
    }
}

/// A number of digits that is not 6 to 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigitsError(pub u8);

impl DigitsError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "digits"
    }
}

impl fmt::Display for DigitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a code must have 6 to 9 digits, not {}", self.0)
    }
}

impl core::error::Error for DigitsError {}

/// A one-time password: as many ASCII digits as configured, with leading zeros.
///
/// The code wipes itself, shows nothing in `Debug`, and cannot be compared: only a verification tells whether a
/// [`SubmittedCode`](crate::SubmittedCode) is correct.
pub struct Code {
    /// The code's digits are the last ones of these. The bytes before them are not part of the code.
    ascii: [u8; Digits::MAX],
    digits: Digits,
}

impl Code {
    /// Draws a code from random bytes. Every code is equally likely.
    ///
    /// Returns `None` if no part of the bytes can be used, which random bytes do once in 2^120 calls or less often.
    #[cfg(feature = "verifier")]
    pub(crate) fn draw(digits: Digits, random: &[u8; 32]) -> Option<Self> {
        let code = match digits {
            Digits::Six => draw_below::<1_000_000>(random),
            Digits::Seven => draw_below::<10_000_000>(random),
            Digits::Eight => draw_below::<100_000_000>(random),
            Digits::Nine => draw_below::<1_000_000_000>(random),
        };
        code.map(|code| Self::from_truncated(code, digits))
    }

    /// Reads exactly this number of ASCII digits, with nothing before, between or after them.
    #[cfg(feature = "alloc")]
    pub(crate) fn parse(text: &str, digits: Digits) -> Option<Self> {
        let is_code = text.len() == digits.count() && text.bytes().all(|byte| byte.is_ascii_digit());
        let value = text.parse().ok().filter(|_| is_code)?;
        Some(Self::from_truncated(value, digits))
    }

    /// Creates the code from the last digits of a truncated value (RFC 4226 section 5.3, step 3).
    pub(crate) fn from_truncated(truncated: u32, digits: Digits) -> Self {
        Self { ascii: nine_digits(truncated), digits }
    }

    /// Returns the number of digits.
    #[must_use]
    pub fn digits(&self) -> Digits {
        self.digits
    }

    /// Returns the digits, to be shown or sent to the subscriber.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.shown()).unwrap_or_default()
    }

    /// Returns the digits in ASCII. Reading them as text would compare each.
    #[cfg(feature = "verifier")]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.shown()
    }

    /// Returns the digits as a number below [`Digits::modulus`].
    pub(crate) fn value(&self) -> u32 {
        self.shown().iter().fold(0, |value, byte| value * 10 + u32::from(byte - b'0'))
    }

    fn shown(&self) -> &[u8] {
        self.ascii.get(Digits::MAX - self.digits.count()..).unwrap_or_default()
    }
}

/// Draws a number below `N` from random bytes, each number equally likely.
#[cfg(feature = "verifier")]
fn draw_below<const N: u32>(random: &[u8; 32]) -> Option<u32> {
    let (numbers, _) = random.as_chunks();
    // Those in the last, incomplete multiple of N would make some results more likely. They tell nothing about others.
    let is_usable = |number: &u64| public(*number < const { u64::MAX - u64::MAX % N as u64 });
    let number = numbers.iter().map(|bytes| u64::from_be_bytes(*bytes)).find(is_usable)?;
    #[expect(clippy::cast_possible_truncation, reason = "the remainder of a division by a number of 32 bits")]
    let drawn = remainder::<N>(number) as u32;
    Some(drawn)
}

/// Returns the last nine digits of a 31-bit value in ASCII.
///
/// The halves, quarters and eighths of eight digits lie side by side in one number, and are split by one multiplication
/// each. [`Digits::divide`] says why no division is used.
pub(crate) fn nine_digits(value: u32) -> [u8; Digits::MAX] {
    let (first, last) = Digits::Eight.divide(value);
    let first = first - ((first * 205) >> 11) * 10;
    let fours = (u64::from(last) * 0xd1b7_1759) >> 45;
    let fours = fours | (u64::from(last) - fours * 10_000) << 32;
    let twos = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let twos = twos | (fours - twos * 100) << 16;
    let ones = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    let ones = ones | (twos - ones * 10) << 8;
    let mut ascii = [b'0' + first.to_le_bytes()[0]; Digits::MAX];
    if let Some(eight) = ascii.last_chunk_mut() {
        *eight = (ones | 0x3030_3030_3030_3030).to_le_bytes();
    }
    ascii
}

impl Drop for Code {
    fn drop(&mut self) {
        self.ascii.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for Code {}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Digits; 4] = [Digits::Six, Digits::Seven, Digits::Eight, Digits::Nine];

    #[test]
    fn multiplication_divides_exactly() {
        for digits in ALL {
            let modulus = digits.modulus();
            let near_multiples =
                (0..=(1 << 31) / modulus).flat_map(|q| (q * modulus).saturating_sub(2)..=q * modulus + 2);
            let spread = (0..1 << 31).step_by(10_007);
            let ends = [0, 1, (1 << 31) - 2, (1 << 31) - 1];
            for value in near_multiples.chain(spread).chain(ends).filter(|v| *v < 1 << 31) {
                assert_eq!(digits.reduce(value), value % modulus, "{value} mod {modulus}");
                let code = Code::from_truncated(value, digits);
                assert_eq!(code.value(), value % modulus, "digits of {value}");
            }
        }
    }
}
