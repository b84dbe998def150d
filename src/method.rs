use crate::policy::Stage;
use crate::verdict::{Accepted, Confirmed, Decision, Resynchronized};
use crate::window::{Match, Search};
use crate::{Code, Digits, Hotp, Key, MalformedCode, Policy, Refusal, State, Totp, UnixTime};

/// How an authenticator's codes move on: by counter or by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// By a counter that the token keeps.
    Hotp(Hotp),
    /// By the clock.
    Totp(Totp),
}

impl Method {
    /// The number of digits.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        match self {
            Self::Hotp(hotp) => hotp.digits(),
            Self::Totp(totp) => totp.digits(),
        }
    }

    /// [`Hotp::verify`] or [`Totp::verify`].
    pub fn verify(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        entry: &Result<Code, MalformedCode>,
        now: UnixTime,
    ) -> Decision<Accepted> {
        match self {
            Self::Hotp(hotp) => hotp.verify(key, policy, state, entry, now),
            Self::Totp(totp) => totp.verify(key, policy, state, entry, now),
        }
    }

    /// [`Hotp::search`] or [`Totp::search`].
    pub(crate) fn search<'k>(
        &self,
        key: &'k Key,
        policy: &Policy,
        state: &State,
        entry: &Result<Code, MalformedCode>,
        now: UnixTime,
        stage: Stage,
    ) -> Result<Search<'k>, Refusal> {
        match self {
            Self::Hotp(hotp) => hotp.search(key, policy, state, entry, now, stage),
            Self::Totp(totp) => totp.search(key, policy, state, entry, now, stage),
        }
    }

    /// [`Hotp::conclude`] or [`Totp::conclude`].
    pub(crate) fn conclude(
        &self,
        policy: &Policy,
        state: &State,
        now: UnixTime,
        found: Result<Match, Refusal>,
    ) -> Decision<Accepted> {
        match self {
            Self::Hotp(_) => Hotp::conclude(policy, state, now, found),
            Self::Totp(totp) => totp.conclude(policy, state, now, found),
        }
    }

    /// [`Hotp::confirm`] or [`Totp::confirm`].
    pub fn confirm(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        entry: &Result<Code, MalformedCode>,
        now: UnixTime,
    ) -> Decision<Confirmed> {
        match self {
            Self::Hotp(hotp) => hotp.confirm(key, policy, state, entry, now),
            Self::Totp(totp) => totp.confirm(key, policy, state, entry, now),
        }
    }

    /// [`Hotp::resync`] or [`Totp::resync`].
    pub fn resync(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        entries: &[Result<Code, MalformedCode>],
        now: UnixTime,
    ) -> Decision<Resynchronized> {
        match self {
            Self::Hotp(hotp) => hotp.resync(key, policy, state, entries, now),
            Self::Totp(totp) => totp.resync(key, policy, state, entries, now),
        }
    }
}

impl From<Hotp> for Method {
    fn from(hotp: Hotp) -> Self {
        Self::Hotp(hotp)
    }
}

impl From<Totp> for Method {
    fn from(totp: Totp) -> Self {
        Self::Totp(totp)
    }
}
