use super::question::Question;
use crate::types::UnixTime;

/// A challenge for a login or a confirmation: the question to show to the subscriber, who types it into the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the subscriber needs the question"]
pub struct Challenge {
    pub(crate) question: Question,
    pub(crate) expires: UnixTime,
}

impl Challenge {
    /// Returns the question.
    #[must_use]
    pub const fn question(&self) -> &Question {
        &self.question
    }

    /// Returns the time from which a response is no longer accepted.
    #[must_use]
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }
}

/// A challenge to sign a transaction: the nonce to deliver to the token with the details of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the token needs the nonce"]
pub struct SignatureChallenge {
    pub(crate) question: Question,
    pub(crate) nonce: [u8; 16],
    pub(crate) expires: UnixTime,
}

impl SignatureChallenge {
    /// Returns the nonce, from which and from the details the token computes the question itself:
    /// [`TransactionDetails::question`](super::TransactionDetails::question).
    #[must_use]
    pub const fn nonce(&self) -> &[u8; 16] {
        &self.nonce
    }

    /// Returns the question, for a token without a display.
    ///
    /// A subscriber who copies it to a token does not see what the token signs.
    #[must_use]
    pub const fn question(&self) -> &Question {
        &self.question
    }

    /// Returns the time from which a response is no longer accepted.
    #[must_use]
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }
}
