use core::fmt;
use core::hint::black_box;

use cmov::Cmov;

use super::attempts::Counted;
use crate::codes::search::Match;
use crate::decision::{Hold, Refusal, State, Verified};

/// A verdict that cannot be read until the next state is stored.
///
/// [`Self::commit`] stores the state and returns the verdict. Until then, neither the value nor the time it took to
/// compute reveals the verdict. This keeps a verification without the `Verifier` safe: a caller cannot learn the
/// verdict without recording it.
#[must_use = "nothing is accepted, and no failure is counted, until it is committed"]
pub struct Decision<T = Verified> {
    pub(super) success: T,
    pub(crate) weighed: Weighed<State>,
}

/// The result of a search, or the refusal before it, with the value to store after each outcome: the next [`State`], or
/// what an account has in its place.
///
/// The values are written in place, and are never moved: their fields would have to leave the processor's store queue
/// first.
pub(crate) struct Weighed<S> {
    pub(super) found: Result<Match, Refusal>,
    pub(crate) accepted: S,
    pub(super) failed: S,
    /// The number of attempts left after a code that counts as a failure.
    pub(super) remaining: u8,
    /// The number of attempts left after a code that does not count.
    pub(super) remaining_uncounted: u8,
    /// `true` if a used code, or the refusal before the search, changes the value.
    pub(super) counts: bool,
}

impl<S: Counted> Weighed<S> {
    /// Creates the decision that [`Policy::weigh`](crate::Policy::weigh) completes.
    #[inline]
    pub(crate) fn new(value: &S, found: Result<Match, Refusal>) -> Self {
        Self { found, accepted: *value, failed: *value, remaining: 0, remaining_uncounted: 0, counts: false }
    }

    /// Returns the verdict, and the value to store before the verdict is returned to the caller, if it changes.
    #[inline]
    pub(crate) fn reveal(&self) -> (Result<(), Refusal>, Option<&S>) {
        let hold = self.failed.attempts().hold;
        let found = match self.found {
            Ok(found) => found,
            Err(refusal) if !self.counts => return (Err(refusal), None),
            Err(Refusal::Locked { .. }) => {
                let until = if let Hold::LockedUntil(until) = hold { Some(until) } else { None };
                return (Err(Refusal::Locked { until }), Some(&self.failed));
            }
            Err(refusal) => return (Err(refusal), Some(&self.failed)),
        };
        if found.is_fresh() {
            return (Ok(()), Some(&self.accepted));
        }
        // The code is right, but all steps of that authenticator's window are used. This is no guess, and does not count.
        if found.is_behind() {
            return (Err(Refusal::ClockBehind), None);
        }
        // The subscriber must not learn which of the two it is: neither takes longer than the other.
        let is_used = black_box(found.is_used());
        let mut is_counted = 1;
        is_counted.cmovnz(&u8::from(self.counts), is_used.into());
        let (remaining, hold, next) = if is_counted == 0 {
            (self.remaining_uncounted, Hold::None, None)
        } else {
            (self.remaining, hold, Some(&self.failed))
        };
        let refusal = if is_used { Refusal::Replayed { remaining, hold } } else { Refusal::Wrong { remaining, hold } };
        (Err(refusal), next)
    }
}

impl<T> Decision<T> {
    /// Stores the next state, and then returns the verdict.
    ///
    /// `store` must replace exactly the state on which the decision was made. If several logins can run at once,
    /// `store` must do this in one compare-and-swap, or in one transaction that compares the stored [`State::revision`]
    /// with that of the state on which the decision was made. If the state must survive a restart, `store` must write
    /// it durably before it returns.
    ///
    /// `store` is not called if the refusal changes nothing. If `store` fails, the code is neither accepted nor
    /// refused, and the login must not succeed.
    ///
    /// # Errors
    ///
    /// Returns [`CommitError::Refused`] if the code is refused, and [`CommitError::Store`] with the error of `store` if
    /// that fails.
    pub fn commit<E>(self, store: impl FnOnce(&State) -> Result<(), E>) -> Result<T, CommitError<E>> {
        let (verdict, next) = self.weighed.reveal();
        if let Some(next) = next {
            store(next).map_err(CommitError::Store)?;
        }
        verdict.map_err(CommitError::Refused)?;
        Ok(self.success)
    }
}

impl<T> fmt::Debug for Decision<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decision(..)")
    }
}

/// An error from [`Decision::commit`]: the code is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitError<E> {
    /// The code was refused, and the change that follows from this is stored.
    Refused(Refusal),
    /// The next state could not be stored, so that there is no verdict.
    Store(E),
}

impl<E> CommitError<E> {
    /// Returns `true` if the store failed, and `false` if the code was refused.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        matches!(self, Self::Store(_))
    }

    /// Returns a short name of the refusal or the failure, for use as a metric label. It does not change between
    /// versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.label(),
            Self::Store(_) => "store",
        }
    }
}

impl<E> fmt::Display for CommitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Store(_) => f.write_str("the next state could not be stored, so that there is no verdict"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for CommitError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::Store(error) => Some(error),
        }
    }
}
