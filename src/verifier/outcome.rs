use crate::account::Success;
use crate::factor::{CodeMessage, Kind, RecoveryCodesLeft};
use crate::types::{AccountId, AuthenticatorNumber, Counter, SecretText, UnixTime};

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

    /// Returns the kind of that authenticator.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::at(self.success.kind)
    }

    /// Returns the number of consecutive failures before this code. Before a recovery code, it is the sum of those of
    /// the account and of the set.
    ///
    /// If it is high, the subscriber may want to know that somebody else knows the password.
    #[must_use]
    pub fn failures_before(&self) -> u8 {
        self.success.failures_before
    }

    /// Returns `false` if this login never counts as NIST AAL2, whatever the first factor was.
    ///
    /// These do not (NIST SP 800-63B-4 sections 3.1.2 to 3.1.5):
    ///
    /// - a secret of less than 112 bits, as old issuers make them, unless only a prepared key or a module has it;
    /// - a time step of more than two minutes;
    /// - imported recovery codes of less than 20 bits;
    /// - a push with a weaker matching than six typed digits: see `push::Matching`.
    #[must_use]
    pub const fn counts_for_aal2(&self) -> bool {
        self.success.weak == 0
    }

    /// Returns the time step (TOTP) or counter (HOTP, and OCRA with a counter) of the code.
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

    /// Returns the number of recovery codes left, if this login was made with one.
    #[must_use]
    pub fn recovery_codes_left(&self) -> Option<RecoveryCodesLeft> {
        self.success.codes_left
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

/// Proof of a signature: a token's response to the details of a transaction was correct, unused and permitted, and this
/// is stored.
///
/// Only [`Verifier::verify_signature`](crate::Verifier::verify_signature) creates one, for the details that it was
/// called with. It is no login.
#[derive(Debug)]
#[must_use = "this is the proof of the signature; do not execute the transaction without it"]
pub struct Signed {
    pub(super) id: AccountId,
    pub(super) success: Success,
}

impl Signed {
    /// Returns the id of the account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.id
    }

    /// Returns the number of the token that signed.
    #[must_use]
    pub fn authenticator(&self) -> AuthenticatorNumber {
        self.success.number
    }

    /// Returns the counter of the response, or its time step in a suite without a counter. It is 0 in a suite with
    /// neither.
    #[must_use]
    pub fn counter(&self) -> Counter {
        self.success.counter
    }

    /// Returns the number of consecutive failures before this response.
    #[must_use]
    pub fn failures_before(&self) -> u8 {
        self.success.failures_before
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
    /// `true` if the first submission was a login, and `false` if it was a confirmation, a resynchronization or a
    /// signature.
    pub is_login: bool,
}

/// A browser that an account remembers from now on.
#[derive(Debug)]
#[non_exhaustive]
pub struct NewBrowser {
    /// Its number in the account.
    pub number: AuthenticatorNumber,
    /// The token for its cookie.
    pub token: SecretText,
    /// The time from which it is not recognized.
    pub expires: UnixTime,
    /// The browser that gave way to it, if the account already remembered eight. It is not recognized any more.
    pub replaced: Option<AuthenticatorNumber>,
}

/// A browser that was recognized. It is neither a login nor a factor of one.
///
/// It has no level of assurance:
///
/// ```compile_fail
/// use secondo::assurance::{FirstFactor, level};
/// use secondo::types::Level;
/// use secondo::verifier::Remembered;
///
/// fn level_of(known: &Remembered) -> Level {
///     level(FirstFactor::Password, known)
/// }
/// ```
#[derive(Debug)]
pub struct Remembered {
    pub(super) id: AccountId,
    pub(super) browser: AuthenticatorNumber,
    /// The time in seconds.
    pub(super) expires: u64,
    pub(super) token: Option<SecretText>,
}

impl Remembered {
    /// Returns the id of the account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.id
    }

    /// Returns the number of the browser in the account.
    #[must_use]
    pub fn browser(&self) -> AuthenticatorNumber {
        self.browser
    }

    /// Returns the time from which the browser is not recognized.
    #[must_use]
    pub fn expires(&self) -> UnixTime {
        UnixTime::EPOCH.saturating_add(self.expires)
    }

    /// Returns the new token for the cookie, or `None` if the browser got one less than a minute ago and keeps it.
    #[must_use]
    pub fn token(&self) -> Option<&SecretText> {
        self.token.as_ref()
    }
}

/// The result of [`Verifier::send_code`](crate::Verifier::send_code).
#[derive(Debug)]
#[must_use = "a new code must be sent to the subscriber"]
pub enum Sent {
    /// A new code, which the provider sends now.
    New(CodeMessage),
    /// A code was sent just now in this login, for example before a double click. There is nothing to send.
    Repeated {
        /// The time at which it was made.
        at: UnixTime,
        /// The time from which another one can be sent.
        next_at: UnixTime,
    },
}
