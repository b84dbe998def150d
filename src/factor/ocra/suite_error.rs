use core::fmt;

/// A text that is not an OCRA suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuiteError {
    /// The byte position of the first part that is wrong, from 0.
    pub position: usize,
    /// The part of a suite that belongs at this position.
    pub expected: Expected,
}

impl SuiteError {
    /// Returns a short name of the part that was expected, for use as a metric label. It does not change between
    /// versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self.expected {
            Expected::Version => "version",
            Expected::Function => "function",
            Expected::Hash => "hash",
            Expected::Hyphen => "hyphen",
            Expected::Digits => "digits",
            Expected::Colon => "colon",
            Expected::Question => "question",
            Expected::QuestionKind => "question_kind",
            Expected::QuestionLength => "question_length",
            Expected::SessionLength => "session_length",
            Expected::TimeStep => "time_step",
            Expected::End => "end",
        }
    }
}

impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an OCRA suite must have {} at byte {}", self.expected, self.position)
    }
}

impl core::error::Error for SuiteError {}

/// A part of an OCRA suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// The version of OCRA: `OCRA-1:`.
    Version,
    /// The cryptographic function: `HOTP-`.
    Function,
    /// A hash function of this build: `SHA1`, and with the feature `sha2` also `SHA256` and `SHA512`.
    Hash,
    /// The hyphen before the number of digits.
    Hyphen,
    /// The number of digits of a response: 0, or 4 to 10.
    Digits,
    /// The colon before the data inputs.
    Colon,
    /// The question, before which only the counter `C-` may stand.
    Question,
    /// The kind of the question's characters: `A`, `N` or `H`.
    QuestionKind,
    /// The maximum length of the question: `04` to `64`, or one digit as in the RFC's example `QH8`.
    QuestionLength,
    /// The length of the session's data in bytes: `001` to `512`.
    SessionLength,
    /// The time step: `1S` to `59S`, `1M` to `59M`, or `1H` to `48H`.
    TimeStep,
    /// The end of the suite, or a further input in the order `-P`, `-S`, `-T`.
    End,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "OCRA-1:",
            Self::Function => "HOTP-",
            Self::Hash if cfg!(feature = "sha2") => "SHA1, SHA256 or SHA512",
            Self::Hash => "SHA1",
            Self::Hyphen => "a hyphen",
            Self::Digits => "0 or 4 to 10",
            Self::Colon => "a colon",
            Self::Question => "the question, such as QN08,",
            Self::QuestionKind => "A, N or H",
            Self::QuestionLength => "04 to 64",
            Self::SessionLength => "001 to 512",
            Self::TimeStep => "a time step, such as 1M,",
            Self::End => "its end, or a further input in the order -P, -S, -T,",
        })
    }
}
