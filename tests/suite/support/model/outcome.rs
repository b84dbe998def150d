//! The outcomes of operations.

use secondo::account::AccountError;
use secondo::decision::Hold;
use secondo::factor::ocra::ChallengeRefusal;
#[cfg(feature = "push")]
use secondo::push::PushRefusal;
use secondo::{Refusal, UnixTime, VerifierError};

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Held {
    #[default]
    No,
    ThrottledUntil(u64),
    LockedUntil(u64),
    Locked,
}

impl Held {
    pub(super) fn until(self) -> Option<u64> {
        match self {
            Self::ThrottledUntil(until) | Self::LockedUntil(until) => Some(until),
            Self::No | Self::Locked => None,
        }
    }

    pub(super) fn is_in_force(self, now: u64) -> bool {
        self == Self::Locked || self.until().is_some_and(|until| now < until)
    }

    pub(super) fn in_force(self, now: u64) -> Self {
        if self.is_in_force(now) { self } else { Self::No }
    }

    pub(super) fn strength(self) -> (u8, u64) {
        match self {
            Self::No => (0, 0),
            Self::ThrottledUntil(until) | Self::LockedUntil(until) => (1, until),
            Self::Locked => (2, 0),
        }
    }
}

impl From<Hold> for Held {
    fn from(hold: Hold) -> Self {
        match hold {
            Hold::None => Self::No,
            Hold::Throttled(until) => Self::ThrottledUntil(until.as_secs()),
            Hold::LockedUntil(until) => Self::LockedUntil(until.as_secs()),
            Hold::Locked => Self::Locked,
            other => panic!("the model does not know this hold: {other:?}"),
        }
    }
}

/// The outcome of an operation. Refusals and errors have the library's labels.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The authenticator's number, the step or counter, the drift, and the failures before.
    Accepted(u32, u64, i64, u8),
    Confirmed(bool),
    Resynchronized(u64, i64),
    /// The authenticator's number, the time, and if it was a login.
    Repeated(u32, u64, bool),
    /// The number of the new authenticator and of the replaced one.
    Enrolled(u32, Option<u32>),
    /// The number of the new browser and of the replaced one.
    Remembered(u32, Option<u32>),
    /// The number of the browser, and if it has a new token.
    Recalled(u32, bool),
    /// The end of the code that is to be sent.
    Sent(u64),
    /// The time at which the code was sent before, and the time from which another can be sent.
    SentBefore(u64, u64),
    /// The place of the challenge among all those of tokens, and its end.
    Challenged(usize, u64),
    /// The token's number, the step or counter, and the failures before.
    Signed(u32, u64, u8),
    /// The end of the enrollment code.
    Issued(u64),
    /// The secret's byte.
    Shown(u8),
    /// `true` if another key had sealed the record.
    Resealed(bool),
    /// The place of the challenge among all of them, and its number.
    #[cfg(feature = "push")]
    Asked(usize, String),
    #[cfg(feature = "push")]
    Answered(&'static str),
    Done,
    Refused(&'static str, Option<u8>, Option<u64>),
}

impl Outcome {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Accepted(..) => "accepted",
            Self::Confirmed(true) => "confirmed_with_login",
            Self::Confirmed(false) => "confirmed",
            Self::Resynchronized(..) => "resynchronized",
            Self::Repeated(..) => "repeated",
            Self::Enrolled(_, None) => "enrolled",
            Self::Enrolled(_, Some(_)) => "replaced",
            Self::Remembered(_, None) => "remembered",
            Self::Remembered(_, Some(_)) => "browser replaced",
            Self::Recalled(_, true) => "recalled with a new token",
            Self::Recalled(_, false) => "recalled",
            Self::Sent(_) => "sent",
            Self::SentBefore(..) => "sent_before",
            Self::Challenged(..) => "challenged",
            Self::Signed(..) => "signed",
            Self::Issued(_) => "issued",
            Self::Shown(_) => "shown",
            Self::Resealed(true) => "resealed",
            Self::Resealed(false) => "sealed_already",
            #[cfg(feature = "push")]
            Self::Asked(..) => "asked",
            #[cfg(feature = "push")]
            Self::Answered(verdict) => verdict,
            Self::Done => "done",
            Self::Refused(label, ..) => label,
        }
    }
}

pub(super) fn refused(label: &'static str) -> Outcome {
    Outcome::Refused(label, None, None)
}

pub(super) fn outcome<T, E>(result: Result<T, VerifierError<E>>, ok: impl FnOnce(T) -> Outcome) -> Outcome {
    let error = match result {
        Ok(value) => return ok(value),
        Err(error) => error,
    };
    let (remaining, until) = match &error {
        VerifierError::Repeated(repeated) => {
            return Outcome::Repeated(repeated.authenticator.get(), repeated.at.as_secs(), repeated.is_login);
        }
        VerifierError::Refused(Refusal::Wrong { remaining, hold } | Refusal::Replayed { remaining, hold }) => {
            (Some(*remaining), Held::from(*hold).until())
        }
        VerifierError::Refused(Refusal::Locked { until }) => (None, until.map(UnixTime::as_secs)),
        VerifierError::Refused(Refusal::Throttled { retry_at }) => (None, Some(retry_at.as_secs())),
        VerifierError::Account(
            AccountError::TooManySends { from } | AccountError::TooManySendsToDestination { from },
        ) => (None, Some(from.as_secs())),
        VerifierError::Challenge(ChallengeRefusal::TooMany { from }) => (None, Some(from.as_secs())),
        #[cfg(feature = "push")]
        VerifierError::Push(PushRefusal::Held { until }) => (None, Some(until.as_secs())),
        _ => (None, None),
    };
    Outcome::Refused(error.label(), remaining, until)
}

#[expect(clippy::needless_pass_by_value, reason = "both are results")]
pub(super) fn same(expected: Outcome, found: Outcome, operation: &str) -> Outcome {
    assert_eq!(found, expected, "{operation}");
    found
}
