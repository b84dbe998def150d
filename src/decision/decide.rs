use super::attempts::Counted;
use super::commit::{Decision, Weighed};
use crate::codes::search::Match;
use crate::decision::{Progress, Refusal, State};
use crate::policy::Policy;
use crate::types::{Counter, UnixTime};

impl Policy {
    /// Turns the result of a search, or the refusal before it, into a decision about one authenticator.
    ///
    /// The time that `accept` takes must not depend on the counter, which is arbitrary if the match is not fresh.
    #[inline]
    pub(crate) fn decide<T>(
        &self,
        state: &State,
        now: UnixTime,
        found: Result<Match, Refusal>,
        accept: impl FnOnce(&mut Progress, Counter) -> T,
    ) -> Decision<T> {
        let counter = found.unwrap_or_default().counter();
        let mut progress = Progress { last_used: counter.get(), is_used: true, ..state.progress };
        let success = accept(&mut progress, counter);
        let mut decision = Decision { success, weighed: Weighed::new(state, found) };
        let Weighed { accepted, failed, .. } = &mut decision.weighed;
        accepted.progress = progress;
        accepted.revision = state.revision.wrapping_add(1);
        failed.revision = accepted.revision;
        self.weigh(&mut decision.weighed, now);
        decision
    }

    /// Computes the consequences of each outcome of a search, or of the refusal before it, whatever the outcome is.
    #[inline]
    pub(crate) fn weigh<S: Counted>(&self, weighed: &mut Weighed<S>, now: UnixTime) {
        let attempts = weighed.failed.attempts_mut();
        let failures;
        (failures, weighed.counts) = match weighed.found {
            Ok(_) => (1, self.count_replays),
            Err(Refusal::Malformed(_)) => (1, self.count_malformed),
            // A lock that earlier failures require begins now.
            Err(Refusal::Locked { .. }) => (0, self.owes_lock(attempts, now)),
            Err(_) => (0, false),
        };
        weighed.remaining_uncounted = self.left(attempts);
        weighed.remaining = self.count(failures, attempts, now);
        weighed.accepted.attempts_mut().restart();
    }
}
