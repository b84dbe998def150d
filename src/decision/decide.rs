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
        let mut failed = *state;
        failed.revision = state.revision.wrapping_add(1);
        let mut accepted = failed;
        match found {
            Ok(found) => {
                let remaining = self.fail(&mut failed.attempts, now);
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
            Err(Refusal::Locked { .. }) if self.owes_lock(&state.attempts, now) => {
                self.hold_off(&mut failed.attempts, now);
                let until = if let Hold::LockedUntil(until) = failed.attempts.hold { Some(until) } else { None };
                Decision::refused(Refusal::Locked { until }, Some(failed))
            }
            Err(refusal @ Refusal::Malformed(_)) if self.count_malformed => {
                self.fail(&mut failed.attempts, now);
                Decision::refused(refusal, Some(failed))
            }
            Err(refusal) => Decision::refused(refusal, None),
        }
    }
}
