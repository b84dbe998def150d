use crate::account::Success;
use crate::types::{AccountId, AuthenticatorNumber, Counter, UnixTime};

/// Proof of a second factor: a code of this account was correct, unused and permitted, and this is stored.
///
/// Only a [`Verifier`](crate::Verifier) creates one. Check that [`Self::account`] is the subscriber whose password was
/// verified.
#[derive(Debug)]
#[must_use = "this is the proof of the second factor; do not grant a login without it"]
pub struct Accepted {
    pub(super) id: AccountId,
    pub(super) success: Success,
}

impl Accepted {
    /// Returns the id of the account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.id
    }

    /// Returns the number of the authenticator whose code was accepted.
    ///
    /// If the code matched on several authenticators, this is the one that was enrolled first.
    #[must_use]
    pub fn authenticator(&self) -> AuthenticatorNumber {
        self.success.number
    }

    /// Returns the number of consecutive failures before this code.
    ///
    /// If it is high, the subscriber may want to know that somebody else knows the password.
    #[must_use]
    pub fn failures_before(&self) -> u8 {
        self.success.failures_before
    }

    /// Returns `false` if this login never counts as NIST AAL2, whatever the first factor was.
    ///
    /// A push with a weaker matching than six typed digits does not: see `push::Matching`.
    #[must_use]
    pub fn counts_for_aal2(&self) -> bool {
        !self.success.is_weak
    }

    /// Returns the time step (TOTP) or counter (HOTP) of the code.
    #[must_use]
    pub fn counter(&self) -> Counter {
        self.success.counter
    }

    /// Returns the number of time steps that the code is ahead of the verifier's clock.
    ///
    /// The number is negative if the code is behind, and 0 for HOTP.
    #[must_use]
    pub fn drift(&self) -> i64 {
        self.success.drift
    }
}

/// Proof that a new authenticator's first code was correct, and that the authenticator is now active.
#[derive(Debug)]
pub struct Confirmed {
    pub(super) login: Option<Accepted>,
}

impl Confirmed {
    /// Returns the login, if the confirming code is one.
    #[must_use]
    pub const fn login(&self) -> Option<&Accepted> {
        self.login.as_ref()
    }

    /// Returns the login by value, if the confirming code is one: see [`Verifier::confirm`](crate::Verifier::confirm).
    #[must_use]
    pub fn into_login(self) -> Option<Accepted> {
        self.login
    }
}

/// An answer that was submitted and accepted before in the same transaction, for example by a double click.
///
/// It is not a second login. A provider that stores the transaction's [`hash`](crate::Transaction::hash) as the unique
/// key of its session can find the session that the first submission opened, and send the browser there. Later than
/// some seconds, the answer may come from somebody who has seen it. Answers are recognized for two minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repeated {
    /// The account.
    pub account: AccountId,
    /// The authenticator whose code was accepted.
    pub authenticator: AuthenticatorNumber,
    /// The time at which it was accepted.
    pub at: UnixTime,
    /// `true` if the first submission was a login, and `false` if it was a confirmation or a resynchronization.
    pub is_login: bool,
}
