use alloc::boxed::Box;
use core::fmt;

use super::Repeated;
use crate::account::seal::KeyId;
use crate::account::{AccountError, RecordError, Refused};
use crate::decision::{PublicRefusal, Refusal};
use crate::factor::ocra::ChallengeRefusal;
#[cfg(feature = "push")]
use crate::factor::push::PushRefusal;
use crate::types::AccountId;

/// An error from a [`Verifier`](crate::Verifier). None of them is a login.
///
/// [`Self::is_outage`] tells faults of the provider from refusals. [`Self::public`] returns what a page may show.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifierError<E> {
    /// The code or the authenticator was refused, and the change that follows from this is stored.
    Refused(Refusal),
    /// The same code was submitted and accepted before in this transaction. It is not a second login.
    Repeated(Repeated),
    /// The account cannot be changed as requested, or has no such authenticator. Nothing is changed.
    Account(AccountError),
    /// A challenge was not made, or its response not compared.
    Challenge(ChallengeRefusal),
    /// A push was not sent, its answer was not accepted, or its login is not complete.
    #[cfg(feature = "push")]
    Push(PushRefusal),
    /// There is no account under this id.
    ///
    /// The provider knows from its own records if the subscriber has a second factor. If so, a missing account is an
    /// outage to look into, and never a reason to let somebody in or to offer enrollment again.
    Unknown,
    /// The store failed. The attempt may be counted, and its code may be used up and refused as replayed from now on.
    Store(E),
    /// Other writers changed the record during each try. The attempt is not counted.
    Contended,
    /// The stored record cannot be opened or read. It is unchanged.
    Record(RecordError),
    /// The hardware security module failed. The attempt is not counted.
    Hsm(Box<dyn core::error::Error + Send + Sync>),
    /// The [`Transport`](crate::factor::Transport) could not tell whether it refuses a destination. No code was sent.
    Transport(Box<dyn core::error::Error + Send + Sync>),
}

impl<E> VerifierError<E> {
    /// Returns the error of an answer that an account did not accept.
    pub(super) fn of(refused: Refused, account: &AccountId) -> Self {
        match refused {
            Refused::Refusal(refusal) => Self::Refused(refusal),
            Refused::Account(error) => Self::Account(error),
            Refused::Challenge(refusal) => Self::Challenge(refusal),
            #[cfg(feature = "push")]
            Refused::Push(refusal) => Self::Push(refusal),
            Refused::Repeated { number, at, is_login } => {
                Self::Repeated(Repeated { account: *account, authenticator: number, at, is_login })
            }
        }
    }

    /// Returns what may be shown to the person who is logging in: see [`Refusal::public`].
    #[must_use]
    pub fn public(&self) -> PublicRefusal {
        match self {
            Self::Refused(refusal) => refusal.public(),
            Self::Account(
                AccountError::TooManyEnrollments { from }
                | AccountError::TooManySends { from }
                | AccountError::TooManySendsToDestination { from },
            ) => PublicRefusal::Throttled { retry_at: *from },
            Self::Account(
                AccountError::NoEnrollmentCode | AccountError::EnrollmentCodeUsed | AccountError::WrongEnrollmentCode,
            ) => PublicRefusal::EnrollmentCode,
            Self::Challenge(ChallengeRefusal::TooMany { from }) => PublicRefusal::Throttled { retry_at: *from },
            #[cfg(feature = "push")]
            Self::Push(PushRefusal::Held { until }) => PublicRefusal::Throttled { retry_at: *until },
            #[cfg(feature = "push")]
            Self::Push(PushRefusal::Expired) => PublicRefusal::Expired,
            #[cfg(feature = "push")]
            Self::Push(PushRefusal::Denied | PushRefusal::NotMe | PushRefusal::WrongNumber) => {
                PublicRefusal::NotApproved
            }
            _ => PublicRefusal::Unavailable,
        }
    }

    /// Returns `true` if a part of the provider failed, or if the store does not have the account.
    ///
    /// Returns `false` if a code or an operator's request was refused. An outage is never a reason to let somebody in.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Repeated(_) | Self::Account(_) | Self::Challenge(_) => false,
            #[cfg(feature = "push")]
            Self::Push(_) => false,
            Self::Unknown | Self::Store(_) | Self::Contended | Self::Record(_) | Self::Hsm(_) | Self::Transport(_) => {
                true
            }
        }
    }

    /// Returns a short name of the refusal or the failure, for use as a metric label. It does not change between
    /// versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.label(),
            Self::Repeated(_) => "repeated",
            Self::Account(error) => error.label(),
            Self::Challenge(refusal) => refusal.label(),
            #[cfg(feature = "push")]
            Self::Push(refusal) => refusal.label(),
            Self::Unknown => "unknown",
            Self::Store(_) => "store",
            Self::Contended => "contended",
            Self::Record(_) => "record",
            Self::Hsm(_) => "hsm",
            Self::Transport(_) => "transport",
        }
    }
}

impl<E> fmt::Display for VerifierError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Repeated(repeated) => {
                let Repeated { authenticator, at, .. } = repeated;
                write!(f, "the same code of authenticator {authenticator} was accepted in this transaction at {at}")
            }
            Self::Account(error) => error.fmt(f),
            Self::Challenge(refusal) => refusal.fmt(f),
            #[cfg(feature = "push")]
            Self::Push(refusal) => refusal.fmt(f),
            Self::Unknown => f.write_str("there is no account under this id"),
            Self::Store(_) => f.write_str("the store failed"),
            Self::Contended => f.write_str("other writers kept changing this account"),
            Self::Record(_) => f.write_str("the stored record cannot be read"),
            Self::Hsm(_) => f.write_str("the hardware security module failed"),
            Self::Transport(_) => f.write_str("the transport of codes failed"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for VerifierError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => Some(error),
            Self::Hsm(error) | Self::Transport(error) => Some(&**error),
            _ => None,
        }
    }
}

/// An error from [`Verifier::check_keys`](crate::Verifier::check_keys): a sealing key that could not be checked, or
/// that is not the one that the store knows.
#[derive(Debug)]
pub struct KeyCheckError<E> {
    /// The id of the key.
    pub key: KeyId,
    /// The error.
    pub error: VerifierError<E>,
}

impl<E> KeyCheckError<E> {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.error.label()
    }
}

impl<E> fmt::Display for KeyCheckError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sealing key {} is not confirmed by its canary", self.key)
    }
}

impl<E: core::error::Error + 'static> core::error::Error for KeyCheckError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.error)
    }
}
