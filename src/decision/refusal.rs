use core::fmt;

use super::public::write_remaining;
use crate::decision::{Hold, PublicRefusal};
use crate::types::{MalformedCode, UnixTime};

/// The reason that a code is not accepted, for the provider.
///
/// It may tell an attacker too much. [`Self::public`] returns what the person who is logging in may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The submitted text is not a code. Nothing was computed.
    Malformed(MalformedCode),
    /// The code is wrong.
    Wrong {
        /// The number of attempts left before the lock; 0 in a lock, or if the enrollment has ended.
        remaining: u8,
        /// The lock or back-off that is in force, or [`Hold::None`].
        hold: Hold,
    },
    /// The code is correct, but this code or a later one was accepted before.
    Replayed {
        /// The number of attempts left before the lock; 0 in a lock, or if the enrollment has ended.
        remaining: u8,
        /// The lock or back-off that is in force, or [`Hold::None`].
        hold: Hold,
    },
    /// The account is locked after too many failures. Nothing was computed.
    Locked {
        /// The end of the lock; `None` if an operator must [unlock](crate::Verifier::unlock) the account, or
        /// without a verifier the [state](crate::State::unlock).
        until: Option<UnixTime>,
    },
    /// The attempt came too early after a failure. Nothing was computed.
    Throttled {
        /// The time at which the next attempt is possible.
        retry_at: UnixTime,
    },
    /// The authenticator is suspended. Nothing was computed.
    Suspended,
    /// The given time is before `T0`, or all steps of the window at that time are used. This is not counted as a failure.
    ///
    /// If the code was compared with other authenticators of the account too, this refusal means that it is right at a
    /// used step. A code that is right nowhere is [`Wrong`](Self::Wrong) then. Otherwise nothing was computed.
    ///
    /// A code that is repeated within the second is enough for this, if another machine's clock is ahead. If it happens
    /// often, a clock is wrong.
    ClockBehind,
    /// The authenticator is not confirmed. Nothing was computed.
    Unconfirmed,
    /// No authenticator has a code or a response for this field: the account has others, such as an app that answers
    /// pushes. Nothing was computed.
    NoCodes,
    /// The authenticator to be confirmed is already confirmed. Nothing was computed.
    AlreadyConfirmed,
    /// This transaction already ended with a login. A new login needs a new transaction. Nothing was computed.
    LoggedIn,
    /// No code was sent and no question was asked in this transaction. Nothing was computed.
    NotSent,
    /// The code that was sent, or the question that was asked, has expired. Nothing was computed.
    Expired,
    /// The account is closed, and its authenticators are erased.
    Closed,
}

impl Refusal {
    /// Returns what may be shown to the person who is logging in.
    ///
    /// A replayed code looks like a wrong one, so that a stolen code is not confirmed as once correct. This holds as
    /// long as replays count ([`Policy::with_counted_replays`](crate::Policy::with_counted_replays)), which is the
    /// default. The exception is [`Self::ClockBehind`]: if a person has several authenticators, only the right code of
    /// a used step gives it. Nothing else about the provider's clock or records is shown.
    #[must_use]
    pub fn public(&self) -> PublicRefusal {
        match *self {
            Self::Malformed(malformed) => PublicRefusal::Malformed(malformed),
            Self::Wrong { remaining, hold } | Self::Replayed { remaining, hold } => {
                PublicRefusal::Wrong { remaining, hold }
            }
            Self::Locked { until } => PublicRefusal::Locked { until },
            Self::Throttled { retry_at } => PublicRefusal::Throttled { retry_at },
            Self::Suspended => PublicRefusal::Suspended,
            Self::NotSent | Self::Expired => PublicRefusal::Expired,
            Self::ClockBehind
            | Self::Unconfirmed
            | Self::NoCodes
            | Self::AlreadyConfirmed
            | Self::LoggedIn
            | Self::Closed => PublicRefusal::Unavailable,
        }
    }

    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Wrong { .. } => "wrong",
            Self::Replayed { .. } => "replayed",
            Self::Locked { .. } => "locked",
            Self::Throttled { .. } => "throttled",
            Self::Suspended => "suspended",
            Self::ClockBehind => "clock_behind",
            Self::Unconfirmed => "unconfirmed",
            Self::NoCodes => "no_codes",
            Self::AlreadyConfirmed => "already_confirmed",
            Self::LoggedIn => "logged_in",
            Self::NotSent => "not_sent",
            Self::Expired => "expired",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replayed { remaining, hold } => {
                f.write_str("the code was already used; ")?;
                write_remaining(f, *remaining, *hold)
            }
            Self::ClockBehind => {
                f.write_str("all steps of the window at the given time are used, or the time is before T0")
            }
            Self::Unconfirmed => f.write_str("the authenticator is not confirmed"),
            Self::NoCodes => f.write_str("no authenticator of the account has codes for this field"),
            Self::AlreadyConfirmed => f.write_str("the authenticator is already confirmed"),
            Self::LoggedIn => f.write_str("another code was accepted in this transaction"),
            Self::NotSent => f.write_str("no code was sent and no question was asked in this transaction"),
            Self::Expired => f.write_str("the code that was sent, or the question that was asked, has expired"),
            Self::Closed => f.write_str("the account is closed"),
            Self::Malformed(_)
            | Self::Wrong { .. }
            | Self::Locked { .. }
            | Self::Throttled { .. }
            | Self::Suspended => self.public().fmt(f),
        }
    }
}

impl core::error::Error for Refusal {}
