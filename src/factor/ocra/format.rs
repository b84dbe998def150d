use core::fmt;

/// The characters that questions of a suite consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuestionKind {
    /// Letters of the English alphabet in both cases, and digits: `QA` in a suite.
    Alphanumeric,
    /// Decimal digits: `QN` in a suite.
    Numeric,
    /// Hexadecimal digits in either case: `QH` in a suite.
    Hexadecimal,
}

impl QuestionKind {
    pub(super) const ALL: [Self; 3] = [Self::Alphanumeric, Self::Numeric, Self::Hexadecimal];

    /// Returns the letter that names the kind in a suite.
    pub(super) const fn letter(self) -> u8 {
        match self {
            Self::Alphanumeric => b'A',
            Self::Numeric => b'N',
            Self::Hexadecimal => b'H',
        }
    }

    pub(super) const fn has(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Numeric => byte.is_ascii_digit(),
            Self::Hexadecimal => byte.is_ascii_hexdigit(),
        }
    }

    /// Returns the characters of the questions that this crate makes. Letters of one case are easier to type.
    pub(super) const fn alphabet(self) -> &'static [u8] {
        match self {
            Self::Alphanumeric => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::Numeric => b"0123456789",
            Self::Hexadecimal => b"0123456789ABCDEF",
        }
    }
}

/// The format of the questions of a suite: their characters, and their maximum length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QuestionFormat {
    kind: QuestionKind,
    max_len: u8,
}

impl QuestionFormat {
    /// The limits of the maximum length (RFC 6287 section 6.3).
    pub(super) const MAX_LENS: core::ops::RangeInclusive<u8> = 4..=64;

    /// The format of a whole hash.
    #[cfg(feature = "verifier")]
    pub(super) const HASH: Self = Self { kind: QuestionKind::Hexadecimal, max_len: 64 };

    /// Creates a format. `max_len` must be one of [`Self::MAX_LENS`].
    pub(super) const fn new(kind: QuestionKind, max_len: u8) -> Self {
        Self { kind, max_len }
    }

    /// Returns the kind of characters.
    #[must_use]
    pub const fn kind(self) -> QuestionKind {
        self.kind
    }

    /// Returns the maximum number of characters: 4 to 64.
    #[must_use]
    pub const fn max_len(self) -> usize {
        self.max_len as usize
    }
}

/// Writes the format as in a suite, with two digits: `QN08`.
impl fmt::Display for QuestionFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Q{}{:02}", char::from(self.kind.letter()), self.max_len)
    }
}
