use super::requirement::LevelRequired;
use crate::audit::{Action, Event};
use crate::decision::Refusal;
#[cfg(feature = "push")]
use crate::factor::push::PushRefusal;
use crate::verifier::VerifierError;

/// The outcome of a login that failed, as SPID numbers it (technical rules, table of error codes).
///
/// An outage of the provider has no code. The provider's pages know the outcomes of the other steps of a login: a
/// session that timed out, a consent that was refused, a login that the person cancelled.
///
/// ```
/// use secondo::Refusal;
/// use secondo::assurance::OutcomeCode;
///
/// let outcome = OutcomeCode::of_refusal(&Refusal::Locked { until: None });
/// assert_eq!(outcome.map(OutcomeCode::number), Some(19));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutcomeCode {
    /// Wrong credentials were submitted too often.
    TooManyAttempts = 19,
    /// The person has no credential for the requested level.
    NoCredential = 20,
    /// The time for the login has passed.
    TimedOut = 21,
    /// The person did not consent to the transmission of the attributes.
    ConsentRefused = 22,
    /// The identity is suspended or revoked, or its credentials are blocked.
    Suspended = 23,
    /// The person cancelled the login.
    Cancelled = 25,
}

impl OutcomeCode {
    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the outcome of a login that ends with this error.
    ///
    /// Returns `None` for an outage, and if the person can try again.
    #[must_use]
    pub const fn of<E>(error: &VerifierError<E>) -> Option<Self> {
        match error {
            VerifierError::Refused(refusal) => Self::of_refusal(refusal),
            #[cfg(feature = "push")]
            VerifierError::Push(PushRefusal::Denied | PushRefusal::NotMe) => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// Returns the outcome of a login that this event ends, for reports that a [`Sink`](crate::audit::Sink) makes.
    ///
    /// Returns `None` for an outage, for an action that is no login, and if the person can try again.
    #[must_use]
    pub fn of_event(event: &Event<'_>) -> Option<Self> {
        match (event.action, event.problem?) {
            (Action::Poll, "denied" | "not_me") => Some(Self::Cancelled),
            (Action::Verify | Action::Recover | Action::RecoverAndRevoke | Action::Poll, problem) => match problem {
                "locked" => Some(Self::TooManyAttempts),
                "wrong" | "replayed" if event.remaining == Some(0) => Some(Self::TooManyAttempts),
                "unconfirmed" => Some(Self::NoCredential),
                "suspended" | "closed" => Some(Self::Suspended),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the outcome of a login that ends with this refusal, or `None` if the person can try again.
    #[must_use]
    pub const fn of_refusal(refusal: &Refusal) -> Option<Self> {
        match refusal {
            Refusal::Locked { .. } | Refusal::Wrong { remaining: 0, .. } | Refusal::Replayed { remaining: 0, .. } => {
                Some(Self::TooManyAttempts)
            }
            Refusal::Unconfirmed => Some(Self::NoCredential),
            Refusal::Suspended | Refusal::Closed => Some(Self::Suspended),
            Refusal::Wrong { .. }
            | Refusal::Replayed { .. }
            | Refusal::Malformed(_)
            | Refusal::Throttled { .. }
            | Refusal::ClockBehind
            | Refusal::NoCodes
            | Refusal::AlreadyConfirmed
            | Refusal::LoggedIn
            | Refusal::NotSent
            | Refusal::Expired => None,
        }
    }
}

impl From<LevelRequired> for OutcomeCode {
    fn from(_: LevelRequired) -> Self {
        Self::NoCredential
    }
}
