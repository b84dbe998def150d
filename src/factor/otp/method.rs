use core::borrow::Borrow;

use crate::codes::Key;
use crate::codes::search::{Match, Search};
use crate::decision::{Confirmed, Decision, Refusal, Resynchronized, Stage, State, Verified};
use crate::factor::{Hotp, Totp};
use crate::guess::GuessProbability;
use crate::policy::Policy;
use crate::types::{Code, Counter, Digits, MalformedCode, UnixTime};

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
    ) -> Decision<Verified> {
        let found = self.search(policy, state, entry, now, Stage::Login).map(|search| search.run(key));
        self.conclude(policy, state, now, found)
    }

    /// [`Hotp::search`] or [`Totp::search`].
    pub(crate) fn search(
        &self,
        policy: &Policy,
        state: &State,
        entry: &Result<Code, MalformedCode>,
        now: UnixTime,
        stage: Stage,
    ) -> Result<Search, Refusal> {
        match self {
            Self::Hotp(hotp) => hotp.search(policy, state, entry, now, stage),
            Self::Totp(totp) => totp.search(policy, state, entry, now, stage),
        }
    }

    /// [`Hotp::search_resync`] or [`Totp::search_resync`].
    pub(crate) fn search_resync(
        &self,
        policy: &Policy,
        state: &State,
        count: usize,
        entries: impl Iterator<Item: Borrow<Result<Code, MalformedCode>>>,
        now: UnixTime,
    ) -> Result<Search, Refusal> {
        match self {
            Self::Hotp(hotp) => hotp.search_resync(policy, state, count, entries, now),
            Self::Totp(totp) => totp.search_resync(policy, state, count, entries, now),
        }
    }

    /// What a login's search comes to.
    pub(crate) fn conclude(
        &self,
        policy: &Policy,
        state: &State,
        now: UnixTime,
        found: Result<Match, Refusal>,
    ) -> Decision<Verified> {
        policy.decide(state, now, found, |next, counter| self.accept(policy, next, counter, now))
    }

    /// What a confirmation's search comes to.
    pub(crate) fn conclude_confirmation(
        &self,
        policy: &Policy,
        state: &State,
        now: UnixTime,
        found: Result<Match, Refusal>,
    ) -> Decision<Confirmed> {
        policy.decide(state, now, found, |next, counter| {
            let login = self.accept(policy, next, counter, now);
            policy.confirm(next, login)
        })
    }

    /// What a resynchronization's search comes to.
    pub(crate) fn conclude_resync(
        &self,
        policy: &Policy,
        state: &State,
        now: UnixTime,
        found: Result<Match, Refusal>,
    ) -> Decision<Resynchronized> {
        policy.decide(state, now, found, |next, counter| match self {
            Self::Hotp(_) => Resynchronized { counter, drift: 0 },
            Self::Totp(totp) => totp.resynchronize(policy, next, counter, now),
        })
    }

    fn accept(&self, policy: &Policy, next: &mut State, counter: Counter, now: UnixTime) -> Verified {
        match self {
            Self::Hotp(_) => Verified { counter, drift: 0 },
            Self::Totp(totp) => totp.accept(policy, next, counter, now),
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
        let found = self.search(policy, state, entry, now, Stage::Confirmation).map(|search| search.run(key));
        self.conclude_confirmation(policy, state, now, found)
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
        let found = self.search_resync(policy, state, entries.len(), entries.iter(), now).map(|search| search.run(key));
        self.conclude_resync(policy, state, now, found)
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

impl Policy {
    /// What this configuration gives to somebody who knows the password and guesses codes.
    ///
    /// `resets_per_year` is how often in a year the count of failures starts again: the accepted logins of the real
    /// subscriber, resynchronizations and unlocks. 0 is an attack on an authenticator that nobody else uses. The
    /// attacker is assumed to guess at every moment that the policy allows, with the resets coming when they help most; the
    /// chance per year is an upper bound. An authenticator whose clock was resynchronized to beyond the window has two
    /// windows, and up to twice these chances.
    ///
    /// ```
    /// use secondo::{Policy, Totp};
    ///
    /// // Two of a million codes are right at any moment, and five attempts are allowed.
    /// let chance = Policy::new().guess_probability(Totp::default(), 0);
    /// assert!((chance.per_lock - 1.0e-5).abs() < 1e-7);
    /// // Without a login of the person's, the hundredth guess is the last.
    /// assert!((chance.per_year - 2.0e-4).abs() < 1e-6);
    /// ```
    #[must_use]
    pub fn guess_probability(&self, method: impl Into<Method>, resets_per_year: u32) -> GuessProbability {
        let method = method.into();
        let right = match method {
            Method::Totp(_) => self.window.past() + self.window.future() + 1,
            Method::Hotp(_) => self.look_ahead + 1,
        };
        self.guess(right, method.digits(), resets_per_year)
    }
}
