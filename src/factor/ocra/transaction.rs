use core::fmt;

use sha2::{Digest, Sha256};

use super::format::QuestionFormat;
use super::question::Question;
use crate::types::is_disguise;

/// A transaction that a subscriber signs with a token, such as a transfer: amount, payee and text.
///
/// Its [question](Self::question) depends on all three and on a nonce, so that a response is correct for this
/// transaction only.
///
/// The token must receive the details and the nonce, display at least amount and payee, and compute the question
/// itself. A subscriber who copies a question from a page to a token signs whatever the page asks for, and malware can
/// change the page. This type makes a code that depends on the transaction. It makes no claim about the rules for
/// payments, such as dynamic linking in PSD2, which depend on the token and on the rest of the provider.
///
/// Malware between server and token can give the token another nonce. It can search for one with which the transaction
/// that the token displays has the question of another transaction. Only the length of the question prevents this:
///
/// | format | bits | such a nonce is found |
/// |---|---|---|
/// | `QH64` | 256 | never: the whole hash |
/// | `QH32` | 128 | never |
/// | `QA10` | 51 | with much hardware, within hours |
/// | `QN10` | 33 | within minutes |
/// | `QN08` | 26 | within seconds |
///
/// ```
/// use secondo::factor::ocra::{Inputs, Suite, TransactionDetails};
/// use secondo::{Algorithm, Key, Secret};
///
/// let suite = Suite::parse("OCRA-1:HOTP-SHA256-8:QH64")?;
/// let key = Key::new(Algorithm::Sha256, &Secret::from_bytes(&[7; 32])?);
/// let transfer = TransactionDetails::new("1250.00 EUR", "IT60X0542811101000000123456", "rent")?;
/// let nonce = [9; 16]; // from the server's random number generator
/// let question = transfer.question(suite.question(), &nonce);
/// let signature = suite.response(&key, &Inputs::signature(&question))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TransactionDetails<'a> {
    amount: &'a str,
    payee: &'a str,
    text: &'a str,
}

impl<'a> TransactionDetails<'a> {
    /// The maximum length of an amount with its currency, in bytes.
    pub const MAX_AMOUNT_LEN: usize = 35;
    /// The maximum length of a payee, in bytes.
    pub const MAX_PAYEE_LEN: usize = 140;
    /// The maximum length of the text, in bytes.
    pub const MAX_TEXT_LEN: usize = 140;

    /// Creates the details of a transaction. The text may be empty.
    ///
    /// Server and token must write the same transaction in the same way, to the byte. Control characters, line breaks
    /// and marks that change the direction of the text are not accepted, so that a token displays what it signs.
    ///
    /// # Errors
    ///
    /// Returns [`TransactionDetailsError`] if a detail is empty or too long, or has a character that is not accepted.
    pub fn new(amount: &'a str, payee: &'a str, text: &'a str) -> Result<Self, TransactionDetailsError> {
        for (detail, value, min, max) in [
            (Detail::Amount, amount, 1, Self::MAX_AMOUNT_LEN),
            (Detail::Payee, payee, 1, Self::MAX_PAYEE_LEN),
            (Detail::Text, text, 0, Self::MAX_TEXT_LEN),
        ] {
            let found = value.len();
            if !(min..=max).contains(&found) {
                return Err(TransactionDetailsError::Length { detail, min, max, found });
            }
            if let Some((position, _)) = value.char_indices().find(|(_, character)| is_disguise(*character)) {
                return Err(TransactionDetailsError::Character { detail, position });
            }
        }
        Ok(Self { amount, payee, text })
    }

    /// Returns the amount with its currency.
    #[must_use]
    pub const fn amount(&self) -> &'a str {
        self.amount
    }

    /// Returns the payee.
    #[must_use]
    pub const fn payee(&self) -> &'a str {
        self.payee
    }

    /// Returns the text.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the question of this transaction: the longest of the format, made from a hash.
    ///
    /// The server draws the nonce for each transaction, and sends it to the token with the details.
    ///
    /// The hash is the SHA-256 of these bytes: the ASCII text `secondo transaction`, the nonce, and amount, payee and
    /// text, each after its length in bytes as a 16-bit big-endian number. [`Question::from_random`] turns it into the
    /// question: of `QH64`, it is the hash in upper-case hexadecimal. In the other formats, the hash divided by 2^256
    /// is a fraction whose first digits make the question: in base 10, or in base 36 with the digits `0` to `9` and `A`
    /// to `Z`.
    #[must_use]
    pub fn question(&self, format: QuestionFormat, nonce: &[u8; 16]) -> Question {
        let mut hash = Sha256::new().chain_update(b"secondo transaction").chain_update(nonce);
        for detail in [self.amount, self.payee, self.text] {
            // Details are at most 140 bytes long.
            let [.., high, low] = detail.len().to_be_bytes();
            hash.update([high, low]);
            hash.update(detail);
        }
        Question::from_random(format, &hash.finalize().into())
    }
}

#[cfg(feature = "verifier")]
impl TransactionDetails<'_> {
    /// Returns a hash of the details alone, in hexadecimal.
    pub(crate) fn hash(&self) -> Question {
        self.question(QuestionFormat::HASH, &[0; 16])
    }
}

impl fmt::Debug for TransactionDetails<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransactionDetails(..)")
    }
}

/// A detail of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The amount with its currency.
    Amount,
    /// The payee.
    Payee,
    /// The text.
    Text,
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amount => "amount",
            Self::Payee => "payee",
            Self::Text => "text",
        })
    }
}

/// A detail that is not accepted in a transaction. It holds lengths and positions, never a part of the detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransactionDetailsError {
    /// A detail is empty or too long.
    Length {
        /// The detail.
        detail: Detail,
        /// The minimum number of bytes.
        min: usize,
        /// The maximum number of bytes.
        max: usize,
        /// The number of bytes found.
        found: usize,
    },
    /// A character is a control character, a line separator, or a mark that changes the direction of the text.
    Character {
        /// The detail.
        detail: Detail,
        /// The position of the character's first byte, from 0.
        position: usize,
    },
}

impl TransactionDetailsError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Length { .. } => "length",
            Self::Character { .. } => "character",
        }
    }
}

impl fmt::Display for TransactionDetailsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { detail, min, max, found } => {
                write!(f, "the {detail} of a transaction must have {min} to {max} bytes, not {found}")
            }
            Self::Character { detail, position } => write!(
                f,
                "the {detail} of a transaction must not have control characters or marks of direction, as at byte \
                 {position}"
            ),
        }
    }
}

impl core::error::Error for TransactionDetailsError {}
