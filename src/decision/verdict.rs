use core::fmt;

use crate::decision::Hold;
use crate::types::{Counter, MalformedCode, UnixTime};

/// Proof that a code was correct, unused and permitted, and that this is stored.
///
/// Only [`Decision::commit`](crate::decision::Decision::commit) makes one, after its caller's closure has stored the state that says so. It does not know
/// whose code it was: who keeps states knows. With a store, the `Verifier` makes an `Accepted` of it.
#[derive(Debug)]
#[must_use = "this is the proof of the second factor; a login that does not look at it accepts nothing"]
pub struct Verified {
    pub(crate) counter: Counter,
    pub(crate) drift: i64,
}

impl Verified {
    /// The time step (TOTP) or counter (HOTP) of the code.
    #[must_use]
    pub fn counter(&self) -> Counter {
        self.counter
    }

    /// How many whole time steps the code is ahead of the verifier's clock; behind, if negative. 0 for HOTP.
    #[must_use]
    pub fn drift(&self) -> i64 {
        self.drift
    }
}

/// Proof that the first correct code has come: from now on the authenticator counts.
#[derive(Debug)]
pub struct Confirmed<L = Verified> {
    pub(crate) login: Option<L>,
}

impl<L> Confirmed<L> {
    /// Returns the login that the confirming code is as well, where the policy says so
    /// ([`Policy::with_confirmation_login`](crate::Policy::with_confirmation_login)).
    #[must_use]
    pub fn into_login(self) -> Option<L> {
        self.login
    }
}

/// The place where a resynchronization found an authenticator. It is not a login.
#[derive(Debug)]
#[non_exhaustive]
pub struct Resynchronized {
    /// The time step (TOTP) or counter (HOTP) of the last of the codes.
    pub counter: Counter,
    /// The number of time steps that this code is ahead of the verifier's clock; negative if it is behind. 0 for HOTP.
    pub drift: i64,
}

/// Why a code was not accepted, for the provider's eyes: [`Self::public`] is what the person may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The entry is no code; nothing was computed.
    Malformed(MalformedCode),
    /// The code is wrong.
    Wrong {
        /// The attempts left before the lock; 0 if this one locked the authenticator.
        remaining: u8,
        /// What holds off the next attempt, and until when.
        hold: Hold,
    },
    /// The code is right, but it or a later one was accepted before.
    Replayed {
        /// The attempts left before the lock; 0 if this one locked the authenticator.
        remaining: u8,
        /// What holds off the next attempt, and until when.
        hold: Hold,
    },
    /// Too many attempts failed; nothing was computed.
    Locked {
        /// When attempts are possible again; `None` if an operator must [unlock](crate::State::unlock) the authenticator.
        until: Option<UnixTime>,
    },
    /// The next attempt came too early; nothing was computed.
    Throttled {
        /// When the next attempt is possible.
        retry_at: UnixTime,
    },
    /// The authenticator is suspended; nothing was computed.
    Suspended,
    /// The time given is before `T0`, or so far before that of the last accepted code that none could be accepted; nothing
    /// was computed.
    ClockBehind,
    /// The authenticator has not been confirmed; nothing was computed.
    Unconfirmed,
    /// A confirmation, but the authenticator has been confirmed before; nothing was computed.
    AlreadyConfirmed,
    /// The authenticator is revoked, and its secret erased.
    Revoked,
}

impl Refusal {
    /// What may be shown to the person who is logging in.
    ///
    /// Not that a code that is refused was right once, as long as replays count
    /// ([`Policy::with_counted_replays`](crate::Policy::with_counted_replays)), and nothing about the provider's clock or
    /// records.
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
            Self::ClockBehind | Self::Unconfirmed | Self::AlreadyConfirmed | Self::Revoked => {
                PublicRefusal::Unavailable
            }
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
            Self::ClockBehind => f.write_str("the time given is behind that of the last accepted code, or before T0"),
            Self::Unconfirmed => f.write_str("the authenticator has not been confirmed"),
            Self::AlreadyConfirmed => f.write_str("the authenticator has been confirmed before"),
            Self::Revoked => f.write_str("the authenticator is revoked"),
            Self::Malformed(_)
            | Self::Wrong { .. }
            | Self::Locked { .. }
            | Self::Throttled { .. }
            | Self::Suspended => self.public().fmt(f),
        }
    }
}

impl core::error::Error for Refusal {}

/// What a [`Refusal`] may tell the person who is logging in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicRefusal {
    /// The entry is no code.
    Malformed(MalformedCode),
    /// The code is not accepted.
    Wrong {
        /// The attempts left before the lock; 0 if this one locked the authenticator.
        remaining: u8,
        /// What holds off the next attempt, and until when.
        hold: Hold,
    },
    /// Too many attempts failed.
    Locked {
        /// When attempts are possible again; `None` if an operator must [unlock](crate::State::unlock) the authenticator.
        until: Option<UnixTime>,
    },
    /// The next attempt came too early.
    Throttled {
        /// When the next attempt is possible.
        retry_at: UnixTime,
    },
    /// The authenticator is suspended.
    Suspended,
    /// This authenticator cannot be used now.
    Unavailable,
}

impl fmt::Display for PublicRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Wrong { remaining, hold } => {
                f.write_str("the code is wrong; ")?;
                write_remaining(f, *remaining, *hold)
            }
            Self::Locked { until: None } => f.write_str("locked after too many attempts"),
            Self::Locked { until: Some(until) } => {
                write!(f, "locked after too many attempts, until {until}")
            }
            Self::Throttled { retry_at } => {
                write!(f, "too early; the next attempt is possible at {retry_at}")
            }
            Self::Suspended => f.write_str("the authenticator is suspended"),
            Self::Unavailable => f.write_str("this authenticator cannot be used now"),
        }
    }
}

fn write_remaining(f: &mut fmt::Formatter<'_>, remaining: u8, hold: Hold) -> fmt::Result {
    match remaining {
        1 => f.write_str("1 attempt remains")?,
        _ => write!(f, "{remaining} attempts remain")?,
    }
    match hold {
        Hold::None => Ok(()),
        Hold::Throttled(until) => write!(f, "; the next is possible at {until}"),
        Hold::LockedUntil(until) => write!(f, "; locked until {until}"),
        Hold::Locked => f.write_str("; locked"),
    }
}
