use core::fmt;

use base32ct::{Base32UpperUnpadded, Encoding};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::ct::declassify::public;
use crate::ct::division::quotient;
#[cfg(feature = "rand")]
use crate::types::Algorithm;

/// The secret that an authenticator and its verifier share (`K` in RFC 4226): 16 to 128 bytes.
///
/// 128 bits is the minimum of RFC 4226 section 4 (R6), and 128 bytes is one SHA-512 block. [`Self::import_short`]
/// accepts secrets of other issuers that have at least 10 bytes.
///
/// The bytes are held in a fixed buffer that is wiped on drop. A secret cannot be cloned, compared or serialized, and
/// `Debug` shows no part of it.
///
/// ```
/// use secondo::types::SecretError;
/// use secondo::Secret;
///
/// let secret = Secret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")?;
/// assert_eq!(secret.expose(), b"12345678901234567890");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// # Ok::<(), SecretError>(())
/// ```
pub struct Secret {
    bytes: [u8; Self::MAX_LEN],
    len: usize,
}

impl Secret {
    /// The minimum length of a secret in bytes, except with the `import_short` constructors.
    pub const MIN_LEN: usize = 16;
    /// The maximum length of a secret in bytes.
    pub const MAX_LEN: usize = 128;
    /// The minimum length in bytes that the `import_short` constructors accept.
    pub const SHORT_LEN: usize = 10;

    /// Creates a secret from its raw bytes.
    ///
    /// # Errors
    ///
    /// Returns [`SecretError::Length`] if `bytes` does not have [`Self::MIN_LEN`] to [`Self::MAX_LEN`] bytes.
    #[inline]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        Self::at_least(Self::MIN_LEN, bytes)
    }

    /// Creates a secret from RFC 4648 base32, in upper or lower case, with or without padding.
    ///
    /// No other characters are accepted. Bits left over in the last character are ignored, as authenticator apps do.
    ///
    /// Decoding is in constant time: no branch and no memory address depends on the characters of a valid text, except
    /// on which of them are padding or separators.
    ///
    /// # Errors
    ///
    /// Returns [`SecretError`] if the text is not the base32 of [`Self::MIN_LEN`] to [`Self::MAX_LEN`] bytes.
    pub fn from_base32(text: &str) -> Result<Self, SecretError> {
        Self::decode(text, Self::MIN_LEN, Form::Strict)
    }

    /// Creates a secret from base32 in groups, as web pages show it to be typed.
    ///
    /// Spaces and hyphens are skipped. In all other respects this is [`Self::from_base32`].
    ///
    /// # Errors
    ///
    /// Returns [`SecretError`] if the text is not the base32 of [`Self::MIN_LEN`] to [`Self::MAX_LEN`] bytes.
    pub fn from_base32_grouped(text: &str) -> Result<Self, SecretError> {
        Self::decode(text, Self::MIN_LEN, Form::Grouped)
    }

    /// Creates a secret of 80 bits or more, to import one that another issuer handed out.
    ///
    /// Many issuers hand out 80 bits, less than RFC 4226 requires. Such a secret is safe only as long as nobody has a
    /// few of its codes and the means to search all secrets of this length. Enroll the subscriber again with a longer
    /// secret when you can.
    ///
    /// # Errors
    ///
    /// Returns [`SecretError::Length`] if `bytes` does not have [`Self::SHORT_LEN`] to [`Self::MAX_LEN`] bytes.
    #[inline]
    pub fn import_short(bytes: &[u8]) -> Result<Self, SecretError> {
        Self::at_least(Self::SHORT_LEN, bytes)
    }

    /// Creates a secret of 80 bits or more from base32, in groups or not: see [`Self::import_short`].
    ///
    /// As in authenticator apps, bits after the last whole byte are ignored: 17 symbols are ten bytes.
    ///
    /// # Errors
    ///
    /// Returns [`SecretError`] if the text is not the base32 of [`Self::SHORT_LEN`] to [`Self::MAX_LEN`] bytes.
    pub fn import_short_base32(text: &str) -> Result<Self, SecretError> {
        Self::decode(text, Self::SHORT_LEN, Form::Imported)
    }

    /// Creates a secret as [`Self::import_short_base32`] does, from a text in which 0, 1 and 8 stand for O, L and B.
    #[cfg(feature = "alloc")]
    pub(crate) fn import_mistyped_base32(text: &str) -> Result<Self, SecretError> {
        Self::decode(text, Self::SHORT_LEN, Form::Mistyped)
    }

    /// Creates a random secret as long as the algorithm's output, with the caller's random number generator.
    ///
    /// # Errors
    ///
    /// Returns the generator's own error if it fails; no secret is created then. The error type of a generator that
    /// cannot fail is [`Infallible`](core::convert::Infallible).
    ///
    /// ```
    /// use rand::rngs::SysRng;
    /// use secondo::{Algorithm, Secret};
    ///
    /// let secret = Secret::generate(&mut SysRng, Algorithm::Sha1)?;
    /// assert_eq!(secret.expose().len(), 20);
    /// # Ok::<(), rand::rngs::SysError>(())
    /// ```
    #[cfg(feature = "rand")]
    pub fn generate<R: rand_core::TryCryptoRng + ?Sized>(rng: &mut R, algorithm: Algorithm) -> Result<Self, R::Error> {
        let mut secret = Self { bytes: [0; Self::MAX_LEN], len: algorithm.output_len() };
        let (seed, _) = secret.bytes.split_at_mut(secret.len);
        rng.try_fill_bytes(seed)?;
        Ok(secret)
    }

    /// Returns the raw bytes, to compute codes from them or to store them.
    ///
    /// Anybody who has them can compute every code.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    #[cfg(feature = "verifier")]
    pub(crate) const fn copied(&self) -> Self {
        Self { bytes: self.bytes, len: self.len }
    }

    /// Returns the raw bytes with zeros after them.
    pub(crate) fn padded(&self) -> &[u8; Self::MAX_LEN] {
        &self.bytes
    }

    /// Returns the secret in base32, upper case and unpadded, as key URIs and authenticator apps expect it.
    #[must_use]
    pub fn to_base32(&self) -> Base32 {
        let mut bytes = Zeroizing::new([[0; 5]; Base32::GROUPS]);
        for (slot, byte) in bytes.as_flattened_mut().iter_mut().zip(self.expose()) {
            *slot = *byte;
        }
        let mut text = Base32 { ascii: [[0; 8]; Base32::GROUPS], len: Base32::len_of(self.len) };
        for (symbols, bytes) in text.ascii.iter_mut().zip(&*bytes) {
            // Five bytes fill eight symbols, so this cannot fail.
            let _ = Base32UpperUnpadded::encode(bytes, symbols);
        }
        text
    }

    #[inline]
    fn at_least(min: usize, bytes: &[u8]) -> Result<Self, SecretError> {
        let len = bytes.len();
        let mut secret = Self { bytes: [0; Self::MAX_LEN], len };
        match secret.bytes.get_mut(..len) {
            Some(slot) if len >= min => slot.copy_from_slice(bytes),
            _ => return Err(SecretError::Length { min, found: len }),
        }
        Ok(secret)
    }

    fn decode(text: &str, min: usize, form: Form) -> Result<Self, SecretError> {
        let is_separator = |byte: u8| form != Form::Strict && (public(byte == b' ') || public(byte == b'-'));
        let mut symbols = Zeroizing::new([[0; 8]; Base32::GROUPS]);
        let mut len = 0;
        for byte in text.bytes().filter(|byte| !is_separator(*byte)) {
            *symbols.as_flattened_mut().get_mut(len).ok_or(SecretError::Base32Length)? = form.symbol(byte);
            len += 1;
        }
        let padded = symbols.as_flattened().get(..len).unwrap_or_default();
        let padding = padded.iter().rev().take_while(|byte| public(**byte == b'=')).count();
        if padding > 0 && (!len.is_multiple_of(8) || padding > 6) {
            return Err(SecretError::Base32Length);
        }
        // Only whole groups are decoded: the compiler knows their length, so that the decoder needs no division.
        let len = len - padding;
        let mut is_base32 = form.takes_spare_bits() || !matches!(len % 8, 1 | 3 | 6);
        symbols.as_flattened_mut().iter_mut().skip(len).for_each(|unused| *unused = b'A');
        let mut bytes = Zeroizing::new([[0; 5]; Base32::GROUPS]);
        for (symbols, bytes) in symbols.iter().zip(&mut *bytes).take(len.div_ceil(8)) {
            is_base32 &= public(Base32UpperUnpadded::decode(symbols, bytes).is_ok());
        }
        if !is_base32 {
            // A branch on each character is permitted here, because this text is not a secret.
            let is_symbol = |byte: u8| matches!(form.symbol(byte), b'A'..=b'Z' | b'2'..=b'7');
            let padding_from = text.trim_end_matches(|c| c == '=' || u8::try_from(c).is_ok_and(is_separator)).len();
            let wrong = |(at, byte): (usize, u8)| !(is_symbol(byte) || is_separator(byte) || at >= padding_from);
            return Err(match text.bytes().enumerate().position(wrong) {
                Some(position) => SecretError::Base32Character { position },
                None => SecretError::Base32Length,
            });
        }
        Self::at_least(min, bytes.as_flattened().get(..len * 5 / 8).unwrap_or_default())
    }
}

/// The forms of base32 text that are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Strict,
    /// With spaces and hyphens.
    Grouped,
    /// Grouped, and with bits after the last whole byte.
    Imported,
    /// Imported, and with symbols that were mistyped, as google-authenticator-libpam takes them.
    #[cfg(feature = "alloc")]
    Mistyped,
}

impl Form {
    const fn takes_spare_bits(self) -> bool {
        !matches!(self, Self::Strict | Self::Grouped)
    }

    /// Returns the symbol in upper case, without a branch on it.
    fn symbol(self, byte: u8) -> u8 {
        let upper = to_upper(byte);
        match self {
            Self::Strict | Self::Grouped | Self::Imported => upper,
            #[cfg(feature = "alloc")]
            Self::Mistyped => replace(replace(replace(upper, b'0', b'O'), b'1', b'L'), b'8', b'B'),
        }
    }
}

/// Converts a byte to ASCII upper case, without a branch on it.
fn to_upper(byte: u8) -> u8 {
    let wide = i16::from(byte);
    let is_lower = ((0x60 - wide) & (wide - 0x7b)) >> 8;
    byte ^ (is_lower & 0x20).to_le_bytes()[0]
}

/// Returns `meant` in the place of `typed`, and any other byte as it is, without a branch on it.
#[cfg(feature = "alloc")]
fn replace(byte: u8, typed: u8, meant: u8) -> u8 {
    let is_typed = (i16::from(byte ^ typed) - 1) >> 8;
    byte ^ (is_typed & i16::from(typed ^ meant)).to_le_bytes()[0]
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.bytes.as_mut_slice().zeroize();
        self.len.zeroize();
    }
}

impl ZeroizeOnDrop for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The base32 text of a secret, as secret as the secret itself; wiped on drop.
pub struct Base32 {
    ascii: [[u8; 8]; Self::GROUPS],
    len: usize,
}

impl Base32 {
    #[cfg(feature = "alloc")]
    pub(crate) const MAX_LEN: usize = Self::len_of(Secret::MAX_LEN);
    /// The number of groups of eight symbols, each for five bytes, in the longest text.
    const GROUPS: usize = Secret::MAX_LEN.div_ceil(5);

    /// Returns the length of the text for a secret of this many bytes.
    const fn len_of(bytes: usize) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "at most MAX_LEN")]
        let len = quotient::<5>(bytes as u64 * 8 + 4) as usize;
        len
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.ascii.as_flattened().get(..self.len).unwrap_or_default()).unwrap_or_default()
    }
}

impl Drop for Base32 {
    fn drop(&mut self) {
        self.ascii.as_flattened_mut().zeroize();
    }
}

impl ZeroizeOnDrop for Base32 {}

impl fmt::Debug for Base32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Base32(..)")
    }
}

/// An error from the constructors of [`Secret`]. It holds lengths and positions, never a part of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// The secret is too short or too long.
    Length {
        /// The minimum number of bytes that the constructor accepts.
        min: usize,
        /// The number of bytes found.
        found: usize,
    },
    /// The text has a length or padding that no base32 text of a secret can have.
    Base32Length,
    /// A character is not in the base32 alphabet.
    Base32Character {
        /// The byte position of the character in the text, from 0.
        position: usize,
    },
}

impl SecretError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Length { .. } => "length",
            Self::Base32Length => "base32_length",
            Self::Base32Character { .. } => "base32_character",
        }
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { min, found } => {
                write!(f, "a secret must have {min} to {} bytes, not {found}", Secret::MAX_LEN)
            }
            Self::Base32Length => f.write_str("a secret in base32 cannot have this length or padding"),
            Self::Base32Character { position } => {
                write!(f, "the secret's character at position {position} is not a base32 character")
            }
        }
    }
}

impl core::error::Error for SecretError {}
