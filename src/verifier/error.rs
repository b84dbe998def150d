use alloc::boxed::Box;
use core::fmt;

use crate::account::RecordError;
use crate::decision::{PublicRefusal, Refusal};
use crate::types::Counter;

/// An error from a [`Verifier`](crate::Verifier). None of them is a login.
///
/// [`Self::is_outage`] tells faults of the provider from refusals. [`Self::public`] returns what a page may show.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifierError<E> {
    /// The code or the authenticator was refused, and the change that follows from this is stored.
    Refused(Refusal),
    /// There is no authenticator under this id.
    Unknown,
    /// The id already has an authenticator that is confirmed or suspended, or that must not be replaced.
    AlreadyEnrolled,
    /// The watermark does not lie so far beyond the window that it may be lowered.
    WatermarkInReach,
    /// The last used time step of the new authenticator lies after the year 2499. It is probably a number in another
    /// unit, such as seconds, which would lock the subscriber out for centuries. Nothing is stored.
    ImplausibleStep(Counter),
    /// The store failed. The attempt may be counted, and its code may be used up and refused as replayed from now on.
    Store(E),
    /// Other writers changed the record during each try. The attempt is not counted.
    Contended,
    /// The stored record cannot be opened or read. It is unchanged.
    Record(RecordError),
    /// The hardware security module failed. The attempt is not counted.
    Hsm(Box<dyn core::error::Error + Send + Sync>),
}

impl<E> VerifierError<E> {
    /// Returns what may be shown to the person who is logging in: see [`Refusal::public`].
    #[must_use]
    pub fn public(&self) -> PublicRefusal {
        match self {
            Self::Refused(refusal) => refusal.public(),
            _ => PublicRefusal::Unavailable,
        }
    }

    /// Returns `true` if a part of the provider failed, or if the store does not have the authenticator.
    ///
    /// Returns `false` if a code or an operator's request was refused. An outage is never a reason to let somebody in.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        match self {
            Self::Refused(_) | Self::AlreadyEnrolled | Self::WatermarkInReach | Self::ImplausibleStep(_) => false,
            Self::Unknown | Self::Store(_) | Self::Contended | Self::Record(_) | Self::Hsm(_) => true,
        }
    }

    /// Returns a short name of the refusal or the failure, for use as a metric label. It does not change between
    /// versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.label(),
            Self::Unknown => "unknown",
            Self::AlreadyEnrolled => "already_enrolled",
            Self::WatermarkInReach => "watermark_in_reach",
            Self::ImplausibleStep(_) => "implausible_step",
            Self::Store(_) => "store",
            Self::Contended => "contended",
            Self::Record(_) => "record",
            Self::Hsm(_) => "hsm",
        }
    }
}

impl<E> fmt::Display for VerifierError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Unknown => f.write_str("there is no authenticator under this id"),
            Self::AlreadyEnrolled => f.write_str("there is already an authenticator under this id"),
            Self::WatermarkInReach => f.write_str("the watermark is not far enough in the future to be lowered"),
            Self::ImplausibleStep(step) => {
                write!(f, "time step {step} begins after the year 2499; is it a number of seconds?")
            }
            Self::Store(_) => f.write_str("the store failed"),
            Self::Contended => f.write_str("other writers kept changing this authenticator's record"),
            Self::Record(_) => f.write_str("the stored record cannot be read"),
            Self::Hsm(_) => f.write_str("the hardware security module failed"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for VerifierError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => Some(error),
            Self::Hsm(error) => Some(&**error),
            _ => None,
        }
    }
}
