use core::fmt;

use crate::decision::Hold;
use crate::types::{MalformedCode, UnixTime};

/// The part of a [`Refusal`](crate::Refusal) that may be shown to the person who is logging in.
///
/// It is data: a page writes its own texts from it, in its languages. [`Self::text`] has texts in English and Italian.
/// `Display` is for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicRefusal {
    /// The submitted text is not a code.
    Malformed(MalformedCode),
    /// The code is not accepted.
    Wrong {
        /// The number of attempts left before the lock; 0 in a lock, or if the enrollment has ended.
        remaining: u8,
        /// The lock or back-off that is in force, or [`Hold::None`].
        hold: Hold,
    },
    /// The account is locked after too many failures.
    Locked {
        /// The end of the lock; `None` if an operator must [unlock](crate::Verifier::unlock) the account, or
        /// without a verifier the [state](crate::State::unlock).
        until: Option<UnixTime>,
    },
    /// The attempt came too early after a failure.
    Throttled {
        /// The time at which the next attempt is possible.
        retry_at: UnixTime,
    },
    /// The authenticator is suspended.
    Suspended,
    /// The code that was sent or the question that was asked has expired, or there was none in this login. The page can
    /// offer another one.
    Expired,
    /// The person did not approve the login in the app.
    NotApproved,
    /// The code of the help desk is wrong, used or expired. It does not count as a failure.
    EnrollmentCode,
    /// The code cannot be verified now: the provider has an outage, or the authenticator is not in use.
    Unavailable,
}

impl PublicRefusal {
    /// Returns the time at which the lock or the back-off ends, or `None` without one. For a lock that only an operator
    /// ends, it is `None` as well.
    ///
    /// ```
    /// use secondo::{PublicRefusal, UnixTime};
    ///
    /// let until = UnixTime::from_secs(1_700_000_000)?;
    /// assert_eq!(PublicRefusal::Locked { until: Some(until) }.retry_at(), Some(until));
    /// assert_eq!(PublicRefusal::Locked { until: None }.retry_at(), None);
    /// # Ok::<(), secondo::types::TimeError>(())
    /// ```
    #[must_use]
    pub const fn retry_at(&self) -> Option<UnixTime> {
        match *self {
            Self::Locked { until } => until,
            Self::Throttled { retry_at: time }
            | Self::Wrong { hold: Hold::Throttled(time) | Hold::LockedUntil(time), .. } => Some(time),
            _ => None,
        }
    }

    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Wrong { .. } => "wrong",
            Self::Locked { .. } => "locked",
            Self::Throttled { .. } => "throttled",
            Self::Suspended => "suspended",
            Self::Expired => "expired",
            Self::NotApproved => "not_approved",
            Self::EnrollmentCode => "enrollment_code",
            Self::Unavailable => "unavailable",
        }
    }
}

impl fmt::Display for PublicRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Wrong { remaining, hold } => {
                f.write_str("the code is wrong; ")?;
                write_remaining(f, *remaining, *hold)
            }
            Self::Locked { until: None } => f.write_str("locked after too many failures, until an operator unlocks"),
            Self::Locked { until: Some(until) } => write!(f, "locked after too many failures, until {until}"),
            Self::Throttled { retry_at } => write!(f, "too early; the next attempt is possible at {retry_at}"),
            Self::Suspended => f.write_str("the authenticator is suspended"),
            Self::NotApproved => f.write_str("the login was not approved in the app"),
            Self::EnrollmentCode => f.write_str("the enrollment code is wrong, used or expired"),
            Self::Expired => f.write_str("no code was sent, or it has expired"),
            Self::Unavailable => f.write_str("the code cannot be verified now"),
        }
    }
}

/// Writes the number of attempts left, and the lock or back-off before the next one.
pub(super) fn write_remaining(f: &mut fmt::Formatter<'_>, remaining: u8, hold: Hold) -> fmt::Result {
    match remaining {
        1 => f.write_str("1 attempt remains")?,
        _ => write!(f, "{remaining} attempts remain")?,
    }
    match hold {
        Hold::None => Ok(()),
        Hold::Throttled(until) => write!(f, "; the next is possible at {until}"),
        Hold::LockedUntil(until) => write!(f, "; locked until {until}"),
        Hold::Locked => f.write_str("; locked until an operator unlocks"),
    }
}
