use alloc::boxed::Box;

use crate::factor::Factor;
use crate::types::{AuthenticatorNumber, DisplayName, Tag, UnixTime};

/// The maximum number of authenticators of an account.
pub(super) const MAX_AUTHENTICATORS: usize = 16;
/// The maximum number of browsers beside them. The least recently used one gives way to a new one.
pub(super) const MAX_BROWSERS: usize = 8;
/// The maximum number of entries: these, and the code of an operator.
pub(super) const MAX_ENTRIES: usize = MAX_AUTHENTICATORS + MAX_BROWSERS + 1;
/// The maximum number of unconfirmed ones. The oldest gives way to a new one.
pub(super) const MAX_UNCONFIRMED: usize = 4;

/// One authenticator or browser of an account.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(super) number: AuthenticatorNumber,
    pub(super) standing: Standing,
    /// The enrollment, if the authenticator is unconfirmed, otherwise [`Enrollment::NONE`]. An enum would leave bytes
    /// unused that may hold old contents of the stack.
    pub(super) enrollment: Enrollment,
    pub(super) name: DisplayName,
    pub(super) added: UnixTime,
    /// The time of the last accepted code in seconds, or 0 without one. It is not an `Option`, so that it can be
    /// replaced without a branch.
    pub(super) last_used: u64,
    /// Boxed, because an entry that moves in its list would leave copies of the secret behind.
    pub(super) factor: Box<Factor>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Unconfirmed,
    Active,
    Suspended,
}

/// The enrollment of an authenticator that is not confirmed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Enrollment {
    /// The transaction in which it began.
    pub(super) login: Tag,
    pub(super) expires: UnixTime,
    /// The number of wrong codes.
    pub(super) failures: u8,
    /// `true` if it began when the account had no confirmed authenticator.
    pub(super) is_first: bool,
}

impl Enrollment {
    pub(super) const NONE: Self = Self { login: [0; 16], expires: UnixTime::EPOCH, failures: 0, is_first: false };
}

impl Entry {
    pub(super) fn is_confirmed(&self) -> bool {
        self.standing != Standing::Unconfirmed
    }

    pub(super) fn is_second_factor(&self) -> bool {
        self.factor.kept().is_second_factor()
    }

    pub(super) fn can_be_last(&self) -> bool {
        self.factor.kept().can_be_last()
    }

    pub(super) fn is_active(&self) -> bool {
        matches!(self.standing, Standing::Active)
    }

    pub(super) fn is_authenticator(&self) -> bool {
        self.factor.kept().is_authenticator()
    }

    /// Returns the time at which it ends by itself, if there is one.
    pub(super) fn expires(&self) -> Option<UnixTime> {
        self.enrollment().map(|enrollment| enrollment.expires).or(self.factor.kept().expires())
    }

    pub(super) fn has_expired(&self, now: UnixTime) -> bool {
        self.expires().is_some_and(|expires| now >= expires)
    }

    pub(super) fn enrollment(&self) -> Option<&Enrollment> {
        (!self.is_confirmed()).then_some(&self.enrollment)
    }

    /// Ends the enrollment.
    pub(super) fn activate(&mut self) {
        self.standing = Standing::Active;
        self.enrollment = Enrollment::NONE;
    }

    pub(super) fn status(&self) -> Status {
        match self.standing {
            Standing::Unconfirmed => Status::Unconfirmed { expires: self.enrollment.expires },
            Standing::Active => Status::Active,
            Standing::Suspended => Status::Suspended,
        }
    }
}

/// The status of an authenticator in its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was enrolled, and no code of it was accepted yet.
    Unconfirmed {
        /// The time at which the enrollment ends if it is not confirmed before.
        expires: UnixTime,
    },
    /// Its codes are accepted for logins.
    Active,
    /// It is suspended, and none of its codes is accepted.
    Suspended,
}
