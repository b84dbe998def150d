use core::fmt;

use super::inputs::{Input, InputError};
use super::pin_hash::PinHash;
use super::suite::{ResponseDigits, Suite};
use crate::types::Secret;

/// A token or an app that answers challenges, to be [enrolled](crate::Verifier::enroll): its suite, its secret, and the
/// hash of the subscriber's PIN if the suite has one.
///
/// It is confirmed by its first response: [`Verifier::challenge`](crate::Verifier::challenge) makes the question.
/// Responses in accounts are those of the one-way and the signature mode. For the modes with server authentication, use
/// [`Suite::response`] and [`Suite::verify`].
///
/// Prefer a suite with a counter or the time. In a suite with neither, the response to a question that comes again is
/// the same, so that the questions must have eight characters or more. Responses must have six digits or more.
///
/// A counter moves on with each accepted response, and may be ahead by as much as the policy's look-ahead
/// ([`Policy::with_look_ahead`](crate::Policy::with_look_ahead)). There is no resynchronization, for which several
/// questions would have to be answered in a row: revoke the token, and enroll it again with its counter.
///
/// ```
/// use secondo::factor::NewAuthenticator;
/// use secondo::factor::ocra::{PinHash, Suite, Token};
/// use secondo::types::Counter;
/// use secondo::{Algorithm, Secret};
///
/// let suite = Suite::parse("OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1")?;
/// let secret = Secret::from_bytes(b"12345678901234567890123456789012")?;
/// let token = Token::new(suite, secret, Some(PinHash::new(Algorithm::Sha1, "1234")))?;
/// let token = token.named("token")?.starting_at(Counter::new(7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Token {
    pub(super) suite: Suite,
    pub(super) secret: Secret,
    /// [`PinHash::NONE`] if the suite has none. An `Option` would leave bytes unused that may hold old contents of the
    /// stack.
    pub(super) pin_hash: PinHash,
}

impl Token {
    /// The minimum length of the questions of a suite that has neither a counter nor the time, in characters.
    pub const MIN_QUESTION_LEN: usize = 8;

    /// Creates a token. The hash of the PIN must be there exactly if the suite has one.
    ///
    /// # Errors
    ///
    /// Returns [`TokenSuiteError`] if the hash of the PIN does not fit the suite, if the suite's responses have four or
    /// five digits, or if its questions are shorter than its responses or too short.
    pub fn new(suite: Suite, secret: Secret, pin_hash: Option<PinHash>) -> Result<Self, TokenSuiteError> {
        if matches!(suite.digits(), ResponseDigits::Four | ResponseDigits::Five) {
            return Err(TokenSuiteError::Digits(suite.digits()));
        }
        let moves = suite.has_counter() || suite.time_step_secs().is_some();
        // A shorter question has fewer responses than there are of these digits (RFC 6287 section 8.2).
        let digits = usize::from(suite.digits() as u8);
        let min = if moves { digits } else { digits.max(Self::MIN_QUESTION_LEN) };
        let found = suite.question().max_len();
        if found < min {
            return Err(TokenSuiteError::Question { found, min });
        }
        let pin_hash = match (suite.pin_hash(), pin_hash) {
            (None, None) => PinHash::NONE,
            (Some(algorithm), Some(hash)) if algorithm == hash.algorithm() => hash,
            (Some(_), Some(_)) => return Err(TokenSuiteError::Pin(InputError::PinHash)),
            (Some(_), None) => return Err(TokenSuiteError::Pin(InputError::Missing(Input::PinHash))),
            (None, Some(_)) => return Err(TokenSuiteError::Pin(InputError::Unexpected(Input::PinHash))),
        };
        Ok(Self { suite, secret, pin_hash })
    }

    /// Returns the suite.
    #[must_use]
    pub const fn suite(&self) -> &Suite {
        &self.suite
    }

    pub(super) const fn copied(&self) -> Self {
        Self { suite: self.suite, secret: self.secret.copied(), pin_hash: self.pin_hash.copied() }
    }
}

/// A suite that a token in an account cannot have, or that does not fit the rest of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenSuiteError {
    /// The responses have four or five digits, which are guessed too easily.
    Digits(ResponseDigits),
    /// The questions are too short. They need as many characters as the responses have digits (RFC 6287 section 8.2),
    /// and without a counter or the time at least [`Token::MIN_QUESTION_LEN`]: somebody who has seen a response could
    /// wait until its question comes again.
    Question {
        /// The length of the longest question of the suite.
        found: usize,
        /// The minimum.
        min: usize,
    },
    /// The hash of the PIN is missing, has no place in the suite, or is of another hash function than the suite names.
    Pin(InputError),
}

impl TokenSuiteError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Digits(_) => "digits",
            Self::Question { .. } => "question_length",
            Self::Pin(error) => error.label(),
        }
    }
}

impl fmt::Display for TokenSuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits(digits) => {
                write!(f, "the responses of a token must have 6 digits or more, not {}", *digits as u8)
            }
            Self::Question { found, min } => {
                write!(f, "the questions of this suite must have {min} characters or more, not {found}")
            }
            Self::Pin(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for TokenSuiteError {}
