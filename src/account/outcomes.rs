use alloc::vec::Vec;

use crate::ct::declassify::public;
use crate::ct::select::is_equal;
use crate::decision::Refusal;
use crate::types::{AuthenticatorNumber, Tag, Transaction, UnixTime};

/// The last outcomes of an account, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Outcomes(Vec<Outcome>);

/// The outcome of an answer in a transaction, kept to recognize an answer that is submitted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(super) login: Tag,
    /// The start of the keyed hash of the answer. 64 bits suffice, because only the same transaction's answers are
    /// compared.
    pub(super) answer: [u8; 8],
    pub(super) at: UnixTime,
    pub(super) verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The transaction ended with a login.
    Accepted(AuthenticatorNumber),
    /// The answer confirmed or resynchronized this authenticator, and was no login.
    Done(AuthenticatorNumber),
    /// [`Refusal::Wrong`] or [`Refusal::Replayed`], with what was left then.
    Refused(Refusal),
}

impl Outcome {
    /// The number of outcomes that an account keeps.
    pub(super) const MOST: usize = 4;
    /// The time in seconds for which an outcome is kept.
    const KEPT_SECS: u64 = 120;

    fn is_kept(&self, now: UnixTime) -> bool {
        // An outcome that lies in the future comes from another machine, whose clock is ahead.
        now.as_secs().saturating_sub(self.at.as_secs()) <= Self::KEPT_SECS
    }
}

/// Compares two keyed hashes. Only the answer is public.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    public(is_equal(a, b) != 0)
}

impl Outcomes {
    pub(super) fn with_room() -> Self {
        Self(Vec::with_capacity(Outcome::MOST))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Outcome> {
        self.0.iter()
    }

    /// Adds an outcome that was read. Returns `None` if there is no room.
    pub(super) fn add(&mut self, outcome: Outcome) -> Option<()> {
        (self.0.len() < Outcome::MOST).then(|| self.0.push(outcome))
    }

    /// Returns the time until which the last of them is kept.
    pub(super) fn kept_until(&self) -> impl Iterator<Item = UnixTime> {
        self.0.iter().map(|outcome| outcome.at.saturating_add(Outcome::KEPT_SECS))
    }

    /// Returns the outcome of this answer in this transaction.
    pub(super) fn of(&self, login: &Transaction, answer: &[u8; 8], now: UnixTime) -> Option<&Outcome> {
        self.of_login(login, now).find(|outcome| is_same(&outcome.answer, answer))
    }

    /// Returns the authenticator with which this transaction ended in a login.
    pub(super) fn accepted(&self, login: &Transaction, now: UnixTime) -> Option<AuthenticatorNumber> {
        self.of_login(login, now).find_map(|outcome| match outcome.verdict {
            Verdict::Accepted(number) => Some(number),
            Verdict::Done(_) | Verdict::Refused(_) => None,
        })
    }

    fn of_login(&self, login: &Transaction, now: UnixTime) -> impl Iterator<Item = &Outcome> {
        self.0.iter().filter(move |outcome| outcome.is_kept(now) && login.is(&outcome.login))
    }

    /// Forgets the refusals of a transaction, whose question has changed.
    pub(super) fn forget_refusals_in(&mut self, login: &Transaction) {
        self.0.retain(|kept| !matches!(kept.verdict, Verdict::Refused(_)) || !login.is(&kept.login));
    }

    /// Forgets all refusals, so that an answer that is submitted again is judged again.
    pub(super) fn forget_refusals(&mut self) {
        self.0.retain(|kept| !matches!(kept.verdict, Verdict::Refused(_)));
    }

    /// Keeps an outcome. If there is no room, the oldest refusal gives way, or else the oldest outcome.
    pub(super) fn remember(&mut self, outcome: Outcome) {
        self.0.retain(|kept| kept.is_kept(outcome.at));
        if self.0.len() >= Outcome::MOST {
            let refused = self.0.iter().position(|kept| matches!(kept.verdict, Verdict::Refused(_)));
            self.0.remove(refused.unwrap_or(0));
        }
        self.0.push(outcome);
    }
}
