//! A commit of a decision to a state in memory.

use std::convert::Infallible;

use secondo::decision::{CommitError, Decision};
use secondo::{Refusal, State};

/// Stores the decision's next state in `state`, and returns the verdict.
pub(crate) fn commit<T>(decision: Decision<T>, state: &mut State) -> Result<T, Refusal> {
    let stored = decision.commit(|next| {
        *state = *next;
        Ok::<_, Infallible>(())
    });
    stored.map_err(|error| match error {
        CommitError::Refused(refusal) => refusal,
        CommitError::Store(never) => match never {},
    })
}
