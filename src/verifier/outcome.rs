use crate::decision::Verified;
use crate::types::{AccountId, Counter};

/// Proof of a second factor: a code of this authenticator was correct, unused and permitted, and this is stored.
///
/// Only a [`Verifier`](crate::Verifier) creates one. Check that [`Self::id`] belongs to the subscriber whose password
/// was verified.
#[derive(Debug)]
#[must_use = "this is the proof of the second factor; do not grant a login without it"]
pub struct Accepted {
    pub(super) id: AccountId,
    pub(super) verified: Verified,
}

impl Accepted {
    /// Returns the id of the authenticator whose code was accepted.
    #[must_use]
    pub fn id(&self) -> &AccountId {
        &self.id
    }

    /// Returns the time step (TOTP) or counter (HOTP) of the code.
    #[must_use]
    pub fn counter(&self) -> Counter {
        self.verified.counter()
    }

    /// Returns the number of time steps that the code is ahead of the verifier's clock.
    ///
    /// The number is negative if the code is behind, and 0 for HOTP.
    #[must_use]
    pub fn drift(&self) -> i64 {
        self.verified.drift()
    }
}

/// The result of an enrollment: a new record, or a replaced one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolled {
    /// The id had no record.
    New,
    /// The id had an authenticator that was never confirmed, and the new one replaced it.
    ///
    /// If this is unexpected, two authenticators were given the same id.
    Replaced,
}
