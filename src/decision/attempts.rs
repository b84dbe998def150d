use crate::types::UnixTime;

/// The count of failures, and the lock or back-off that follows from it. Authenticators of one person can share them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// The number of consecutive failures.
    pub(crate) failures: u8,
    /// The number of those failures since the last lock. The next lock comes when it reaches the cap.
    pub(crate) since_lock: u8,
    pub(crate) hold: Hold,
    /// The end of the last lock.
    pub(crate) lock_ended: UnixTime,
    /// The length of the next lock at that time, as the number of times that the first length was doubled.
    pub(crate) lock_doublings: u8,
}

impl Attempts {
    /// No failures, and no lock so far.
    pub(crate) const NONE: Self =
        Self { failures: 0, since_lock: 0, hold: Hold::None, lock_ended: UnixTime::EPOCH, lock_doublings: 0 };

    /// Returns the higher count and the longer hold of both.
    #[cfg(feature = "verifier")]
    pub(crate) fn merged(&self, other: &Self) -> Self {
        let strength = |hold: &Hold| match *hold {
            Hold::None => (0, UnixTime::EPOCH),
            Hold::Throttled(until) | Hold::LockedUntil(until) => (1, until),
            Hold::Locked => (2, UnixTime::EPOCH),
        };
        let failures = self.failures.max(other.failures);
        Self {
            failures,
            since_lock: self.since_lock.max(other.since_lock).min(failures),
            hold: if strength(&other.hold) > strength(&self.hold) { other.hold } else { self.hold },
            lock_ended: self.lock_ended.max(other.lock_ended),
            lock_doublings: self.lock_doublings.max(other.lock_doublings),
        }
    }

    /// Ends a lock or a back-off, and sets the count to 0. The length of the next lock does not change.
    pub(crate) const fn restart(&mut self) {
        self.failures = 0;
        self.since_lock = 0;
        self.hold = Hold::None;
    }
}

/// The lock or back-off that holds attempts off, if there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hold {
    /// Attempts are not held off.
    #[default]
    None,
    /// Back-off holds attempts off until this time.
    Throttled(UnixTime),
    /// A lock holds attempts off until this time.
    LockedUntil(UnixTime),
    /// A lock holds attempts off until an operator unlocks the account (`Verifier::unlock`) or the
    /// [state](crate::State::unlock).
    Locked,
}

impl Hold {
    /// Returns this hold if it is in force, otherwise [`Hold::None`].
    #[cfg(feature = "verifier")]
    pub(crate) fn in_force(self, now: UnixTime) -> Self {
        if self.is_in_force(now) { self } else { Self::None }
    }

    /// Returns the stored form: the kind, and the end or 0.
    pub(crate) const fn to_parts(self) -> (u8, UnixTime) {
        match self {
            Self::None => (0, UnixTime::EPOCH),
            Self::Throttled(until) => (1, until),
            Self::LockedUntil(until) => (2, until),
            Self::Locked => (3, UnixTime::EPOCH),
        }
    }

    /// Reads the stored form.
    pub(crate) const fn from_parts(kind: u8, until: UnixTime) -> Result<Self, HoldPart> {
        match (kind, until) {
            (0, UnixTime::EPOCH) => Ok(Self::None),
            (1, until) => Ok(Self::Throttled(until)),
            (2, until) => Ok(Self::LockedUntil(until)),
            (3, UnixTime::EPOCH) => Ok(Self::Locked),
            (0 | 3, _) => Err(HoldPart::Until),
            _ => Err(HoldPart::Kind),
        }
    }

    /// Returns `true` if attempts are held off at this time.
    #[must_use]
    pub fn is_in_force(self, now: UnixTime) -> bool {
        match self {
            Self::None => false,
            Self::Throttled(until) | Self::LockedUntil(until) => now < until,
            Self::Locked => true,
        }
    }
}

/// The part of a stored hold that is never written so.
pub(crate) enum HoldPart {
    Kind,
    Until,
}

/// A value that a decision replaces, with the count of failures: a [`State`], or the attempts of an account.
pub(crate) trait Counted: Copy {
    fn attempts(&self) -> &Attempts;

    fn attempts_mut(&mut self) -> &mut Attempts;
}

impl Counted for Attempts {
    fn attempts(&self) -> &Attempts {
        self
    }

    fn attempts_mut(&mut self) -> &mut Attempts {
        self
    }
}
