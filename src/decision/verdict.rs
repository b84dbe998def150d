use crate::types::Counter;

/// Proof that a code was correct, unused and permitted, and that this is stored.
///
/// Only [`Decision::commit`](crate::decision::Decision::commit) makes one, after the caller's closure has stored the
/// next state. The proof does not name the subscriber: the caller knows whose state it stored. With a store, the
/// `Verifier` returns an `Accepted` instead, which names the authenticator.
#[derive(Debug)]
#[must_use = "this is the proof of the second factor; do not grant a login without it"]
pub struct Verified {
    pub(crate) counter: Counter,
    pub(crate) drift: i64,
}

impl Verified {
    /// Returns the time step (TOTP) or counter (HOTP) of the code.
    #[must_use]
    pub fn counter(&self) -> Counter {
        self.counter
    }

    /// Returns the number of time steps that the code is ahead of the verifier's clock; negative if it is behind.
    ///
    /// It is 0 for HOTP.
    #[must_use]
    pub fn drift(&self) -> i64 {
        self.drift
    }
}

/// Proof that a new authenticator's first code was correct, and that the authenticator is now confirmed.
#[derive(Debug)]
pub struct Confirmed<L = Verified> {
    pub(crate) login: Option<L>,
}

impl<L> Confirmed<L> {
    /// Returns the login, if the policy lets the confirming code log the subscriber in
    /// ([`Policy::with_confirmation_login`](crate::Policy::with_confirmation_login)).
    #[must_use]
    pub fn into_login(self) -> Option<L> {
        self.login
    }
}

/// The counter or time step that a resynchronization found. It is not a login.
#[derive(Debug)]
#[non_exhaustive]
pub struct Resynchronized {
    /// The time step (TOTP) or counter (HOTP) of the last of the codes.
    pub counter: Counter,
    /// The number of time steps that this code is ahead of the verifier's clock; negative if it is behind. 0 for HOTP.
    pub drift: i64,
}
