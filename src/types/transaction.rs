use core::fmt;

use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Code;
use super::entered::for_each_character;
use crate::ct::declassify::public;
use crate::ct::select::is_equal;

const LABEL: &[u8] = b"secondo login";

/// One login of a subscriber, from the password to the verdict on the second factor, or one enrollment.
///
/// The provider creates 128 random bits or more for each login, and keeps them in the session that waits for the second
/// factor. They are secret: whoever has them can find out the outcome of a code that was submitted in this login.
///
/// A verifier recognizes an answer that is submitted again in the same transaction, for example by a double click: see
/// [`Repeated`](crate::verifier::Repeated).
///
/// ```
/// use secondo::types::TransactionBytesError;
/// use secondo::Transaction;
///
/// let session_bytes = [7; 16]; // from the provider's random number generator
/// let login = Transaction::new(&session_bytes)?;
/// assert_eq!(Transaction::new(&[7; 15]).unwrap_err(), TransactionBytesError { found: 15 });
/// # Ok::<(), TransactionBytesError>(())
/// ```
#[derive(Clone)]
pub struct Transaction {
    tag: Tag,
    key: [u8; 16],
}

/// The hash of a transaction.
pub(crate) type Tag = [u8; 16];

impl Transaction {
    /// The minimum number of bytes.
    pub const MIN_LEN: usize = 16;
    /// The maximum number of bytes.
    pub const MAX_LEN: usize = 64;
    /// The number of codes, and of bytes of each, that are read. They bound the work that a hostile answer causes.
    const CODES: usize = 4;
    const CODE_LEN: usize = 256;

    /// Creates a transaction from the random bytes of a session.
    ///
    /// # Errors
    ///
    /// Returns [`TransactionBytesError`] if the number of bytes is not [`Self::MIN_LEN`] to [`Self::MAX_LEN`].
    pub fn new(bytes: &[u8]) -> Result<Self, TransactionBytesError> {
        if !(Self::MIN_LEN..=Self::MAX_LEN).contains(&bytes.len()) {
            return Err(TransactionBytesError { found: bytes.len() });
        }
        // Two halves of one hash: the stored tag does not reveal the key.
        let mut halves = [0; 32];
        Sha256::new().chain_update(LABEL).chain_update(bytes).finalize_into((&mut halves).into());
        let mut transaction = Self { tag: [0; 16], key: [0; 16] };
        if let ([tag, key], []) = halves.as_chunks() {
            (transaction.tag, transaction.key) = (*tag, *key);
        }
        halves.as_mut_slice().zeroize();
        Ok(transaction)
    }

    /// Returns a hash of the transaction. It is not secret, because the transaction's bytes cannot be computed from it.
    ///
    /// A provider that stores it as the unique key of the session that a login opens has one session for each
    /// transaction, however often the form is sent.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 16] {
        &self.tag
    }

    /// Returns `true` if this is the hash of the transaction. Only the answer is public.
    pub(crate) fn is(&self, hash: &Tag) -> bool {
        public(is_equal(&self.tag, hash) != 0)
    }

    /// Returns the keyed hash of an answer. `purpose` tells apart answers to different questions.
    ///
    /// All spellings of a [`SubmittedCode`](crate::SubmittedCode) have the same hash. It is truncated and never
    /// leaves the record, so the key before the answer is as good as HMAC, and a third of the work.
    pub(crate) fn answer<'a>(&self, purpose: &[u8; 5], codes: impl IntoIterator<Item = &'a str>) -> [u8; 8] {
        let mut hash = Sha256::new().chain_update(self.key).chain_update(purpose);
        for code in codes.into_iter().take(Self::CODES) {
            // Of a text that is too long for a code, the start and the length suffice.
            let rest = code.len().saturating_sub(Self::CODE_LEN);
            match code.as_bytes().get(..Self::CODE_LEN).filter(|_| rest > 0) {
                Some(start) => hash.update(start),
                None => for_each_character(code, |_, character| hash.update(character.encode_utf8(&mut [0; 4]))),
            }
            // A byte that no text contains ends it.
            hash.update([0xff]);
            hash.update(rest.to_le_bytes());
        }
        hash.finalize().first_chunk().copied().unwrap_or_default()
    }
}

impl Transaction {
    /// Returns the keyed hash of a code that is sent in this transaction. No digit decides its time.
    pub(crate) fn hash_of_code(&self, code: &Code) -> [u8; 8] {
        // The purposes of answers are below 0xff.
        let hash = Sha256::new().chain_update(self.key).chain_update([0xff]).chain_update(code.as_bytes());
        hash.finalize().first_chunk().copied().unwrap_or_default()
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.key.as_mut_slice().zeroize();
        self.tag.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for Transaction {}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transaction(..)")
    }
}

/// A transaction that is not made of 16 to 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionBytesError {
    /// The number of bytes.
    pub found: usize,
}

impl TransactionBytesError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "transaction"
    }
}

impl fmt::Display for TransactionBytesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (min, max) = (Transaction::MIN_LEN, Transaction::MAX_LEN);
        write!(f, "a transaction must have {min} to {max} random bytes, not {}", self.found)
    }
}

impl core::error::Error for TransactionBytesError {}
