use super::commit::{Decision, Pending, Searched};
use crate::codes::search::Match;
use crate::decision::{Attempts, Hold, Refusal, State};
use crate::policy::Policy;
use crate::types::{Counter, UnixTime};

/// A value that a decision replaces, with the count of failures: a [`State`], or the attempts of an account.
pub(crate) trait Counted: Copy {
    fn attempts(&mut self) -> &mut Attempts;
}

impl Counted for State {
    fn attempts(&mut self) -> &mut Attempts {
        &mut self.attempts
    }
}

impl Counted for Attempts {
    fn attempts(&mut self) -> &mut Attempts {
        self
    }
}

impl Policy {
    /// Turns the result of a search, or the refusal before it, into a decision about one authenticator.
    ///
    /// The time that `accept` takes must not depend on the counter.
    #[inline]
    pub(crate) fn decide<T>(
        &self,
        state: &State,
        now: UnixTime,
        found: Result<Match, Refusal>,
        accept: impl FnOnce(&mut State, Counter) -> T,
    ) -> Decision<T> {
        let next = State { revision: state.revision.wrapping_add(1), ..*state };
        Decision(self.weigh(next, now, found, |next, counter| {
            *next = next.used_to(counter);
            accept(next, counter)
        }))
    }

    /// Turns the result of a search, or the refusal before it, into a verdict and the value to store.
    ///
    /// The consequences of every outcome are computed whatever the outcome is.
    #[inline]
    pub(crate) fn weigh<T, S: Counted>(
        &self,
        mut value: S,
        now: UnixTime,
        found: Result<Match, Refusal>,
        accept: impl FnOnce(&mut S, Counter) -> T,
    ) -> Pending<T, S> {
        let (failures, is_change) = match &found {
            Ok(_) => (1, true),
            Err(Refusal::Malformed(_)) => (1, self.count_malformed),
            // A lock that earlier failures require begins now.
            Err(Refusal::Locked { .. }) => (0, self.owes_lock(value.attempts(), now)),
            Err(_) => (0, false),
        };
        let remaining_uncounted = self.left(value.attempts());
        let (mut failed, mut accepted) = (value, value);
        let remaining = if is_change { self.count(failures, failed.attempts(), now) } else { 0 };
        let hold = failed.attempts().hold;
        match found {
            Ok(found) => {
                accepted.attempts().restart();
                let success = accept(&mut accepted, found.counter());
                let count_used = self.count_replays;
                let accepted = (success, accepted);
                Pending::Searched(Searched {
                    found,
                    accepted,
                    failed,
                    hold,
                    remaining,
                    remaining_uncounted,
                    count_used,
                })
            }
            Err(Refusal::Locked { .. }) if is_change => {
                let until = if let Hold::LockedUntil(until) = hold { Some(until) } else { None };
                Pending::Refused(Refusal::Locked { until }, Some(failed))
            }
            Err(refusal) => Pending::Refused(refusal, is_change.then_some(failed)),
        }
    }
}
