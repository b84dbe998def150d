use super::commit::{Decision, Searched};
use crate::codes::search::Match;
use crate::decision::{Hold, Refusal, State};
use crate::policy::Policy;
use crate::types::{Counter, UnixTime};

impl Policy {
    /// Turns the result of a search, or the refusal before it, into a decision.
    ///
    /// The consequences of every outcome are computed whatever the outcome is. The time that `accept` takes must not
    /// depend on the counter either.
    pub(crate) fn decide<T>(
        &self,
        state: &State,
        now: UnixTime,
        found: Result<Match, Refusal>,
        accept: impl FnOnce(&mut State, Counter) -> T,
    ) -> Decision<T> {
        let (failures, is_change) = match &found {
            Ok(_) => (1, true),
            Err(Refusal::Malformed(_)) => (1, self.count_malformed),
            // A lock that earlier failures require begins now.
            Err(Refusal::Locked { .. }) => (0, self.owes_lock(&state.attempts, now)),
            Err(_) => (0, false),
        };
        let mut failed = State { revision: state.revision.wrapping_add(1), ..*state };
        let mut accepted = failed;
        let remaining = if is_change { self.count(failures, &mut failed.attempts, now) } else { 0 };
        match found {
            Ok(found) => {
                let counter = found.counter();
                accepted = accepted.used_to(counter);
                accepted.attempts.restart();
                let success = accept(&mut accepted, counter);
                Decision::searched(Searched {
                    found,
                    accepted: (success, accepted),
                    failed,
                    remaining,
                    remaining_uncounted: self.left(&state.attempts),
                    count_used: self.count_replays,
                })
            }
            Err(Refusal::Locked { .. }) if is_change => {
                let until = if let Hold::LockedUntil(until) = failed.attempts.hold { Some(until) } else { None };
                Decision::refused(Refusal::Locked { until }, Some(failed))
            }
            Err(refusal) => Decision::refused(refusal, is_change.then_some(failed)),
        }
    }
}
