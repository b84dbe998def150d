use crate::types::UnixTime;

/// The failures that are counted, and what holds attempts off. Authenticators of one person can share them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// Those in a row.
    pub(crate) failures: u8,
    /// Those of them that came after the last lock; the next lock comes when they reach the cap.
    pub(crate) since_lock: u8,
    pub(crate) hold: Hold,
    /// When the last lock ended, and how many times longer than the first one the next would have been then, as a power
    /// of 2.
    pub(crate) lock_ended: UnixTime,
    pub(crate) lock_doublings: u8,
}

impl Attempts {
    /// Ends what holds attempts off, and starts the count again. The length of the next lock stays.
    pub(crate) const fn restart(&mut self) {
        self.failures = 0;
        self.since_lock = 0;
        self.hold = Hold::None;
    }
}

/// Whether attempts are held off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hold {
    /// They are not.
    #[default]
    None,
    /// By back-off, until then.
    Throttled(UnixTime),
    /// By a lock, until then.
    LockedUntil(UnixTime),
    /// By a lock, until an operator [unlocks](crate::State::unlock) the authenticator.
    Locked,
}

impl Hold {
    /// Tells whether attempts are held off at this time.
    #[must_use]
    pub fn is_in_force(self, now: UnixTime) -> bool {
        match self {
            Self::None => false,
            Self::Throttled(until) | Self::LockedUntil(until) => now < until,
            Self::Locked => true,
        }
    }
}
