use crate::decision::Verified;
use crate::types::{AuthenticatorId, Counter};

/// Proof of a second factor: a code of this authenticator was correct, unused and permitted, and this is stored.
///
/// Only the [`Verifier`](crate::Verifier) makes one. Compare [`Self::id`] with the person whose password was checked.
#[derive(Debug)]
#[must_use = "this is the proof of the second factor; a login that does not look at it accepts nothing"]
pub struct Accepted {
    pub(super) id: AuthenticatorId,
    pub(super) verified: Verified,
}

impl Accepted {
    /// Returns the authenticator whose code it was.
    #[must_use]
    pub fn id(&self) -> &AuthenticatorId {
        &self.id
    }

    /// Returns the time step (TOTP) or counter (HOTP) of the code.
    #[must_use]
    pub fn counter(&self) -> Counter {
        self.verified.counter()
    }

    /// Returns how many whole time steps the code is ahead of the verifier's clock; behind, if negative. 0 for HOTP.
    #[must_use]
    pub fn drift(&self) -> i64 {
        self.verified.drift()
    }
}

/// Tells whether an enrolment took the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolled {
    /// There was nothing under this id.
    New,
    /// An authenticator that was never confirmed was under this id, and is gone. Where that was not expected, two
    /// authenticators have one id.
    Replaced,
}
