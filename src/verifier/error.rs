use alloc::boxed::Box;
use core::fmt;

use crate::account::RecordError;
use crate::decision::{PublicRefusal, Refusal};
use crate::types::Counter;

/// Why a verifier did not do what it was asked. Nothing is accepted in any of these cases.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifierError<E> {
    /// The code or the authenticator was refused, and what that changes is stored.
    Refused(Refusal),
    /// There is no authenticator under this id.
    Unknown,
    /// There is an authenticator under this id already that is confirmed or suspended, or was not to be replaced.
    AlreadyEnrolled,
    /// The watermark is not so far beyond the window that it may be lowered.
    WatermarkInReach,
    /// The last used time step of the new authenticator lies after the year 2499: a number in another unit, such as
    /// seconds, would lock the person out for centuries. Nothing is stored.
    ImplausibleStep(Counter),
    /// The store failed. The attempt may have been counted; a code that was used up by it is refused as replayed.
    Store(E),
    /// Others changed the record each time. Nothing is counted for this attempt.
    Contended,
    /// The stored record cannot be opened or read, and is as it was.
    Record(RecordError),
    /// The hardware security module failed. Nothing is counted for this attempt.
    Hsm(Box<dyn core::error::Error + Send + Sync>),
}

impl<E> VerifierError<E> {
    /// What may be shown to the person who is logging in: see [`Refusal::public`].
    #[must_use]
    pub fn public(&self) -> PublicRefusal {
        match self {
            Self::Refused(refusal) => refusal.public(),
            _ => PublicRefusal::Unavailable,
        }
    }
}

impl<E> fmt::Display for VerifierError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Unknown => f.write_str("there is no such authenticator"),
            Self::AlreadyEnrolled => f.write_str("there is an authenticator under this id already"),
            Self::WatermarkInReach => f.write_str("the last used step is not far enough in the future to be lowered"),
            Self::ImplausibleStep(step) => {
                write!(f, "time step {step} begins after the year 2499; is it a number of seconds?")
            }
            Self::Store(_) => f.write_str("the store failed"),
            Self::Contended => f.write_str("too many changes to this authenticator at once"),
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
