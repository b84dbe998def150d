use core::fmt;
use core::hint::black_box;

use cmov::Cmov;

use crate::codes::search::Match;
use crate::decision::{Hold, Refusal, State, Verified};

/// A verdict that cannot be read until the next state is stored.
///
/// [`Self::commit`] stores the state and returns the verdict. Until then, neither the value nor the time it took to
/// compute reveals the verdict. This keeps a verification without the `Verifier` safe: a caller cannot learn the
/// verdict without recording it.
#[must_use = "nothing is accepted, and no failure is counted, until it is committed"]
pub struct Decision<T = Verified>(pub(crate) Pending<T, State>);

/// A verdict with the value to store before it is returned: the next [`State`], or what an account has in its place.
pub(crate) enum Pending<T, S> {
    /// A refusal before any search, and the value that counts it, if it counts.
    Refused(Refusal, Option<S>),
    Searched(Searched<T, S>),
}

/// A search with the consequences of each outcome: the success or the refusal, and the value to store.
pub(crate) struct Searched<T, S> {
    pub(super) found: Match,
    pub(super) accepted: (T, S),
    pub(super) failed: S,
    /// The lock or back-off after a code that counts as a failure.
    pub(super) hold: Hold,
    /// The number of attempts left after a code that counts as a failure.
    pub(super) remaining: u8,
    /// The number of attempts left after a code that does not count.
    pub(super) remaining_uncounted: u8,
    /// `true` if a used code counts like a wrong one.
    pub(super) count_used: bool,
}

impl<T, S> Pending<T, S> {
    /// Returns the verdict, and the value to store before the verdict is returned to the caller, if it changes.
    #[inline]
    pub(crate) fn reveal(self) -> (Result<T, Refusal>, Option<S>) {
        match self {
            Self::Refused(refusal, next) => (Err(refusal), next),
            Self::Searched(Searched { found, accepted: (success, next), .. }) if found.is_fresh() => {
                (Ok(success), Some(next))
            }
            Self::Searched(Searched { found, failed, hold, remaining, remaining_uncounted, count_used, .. }) => {
                // The subscriber must not learn which of the two it is: neither takes longer than the other.
                let is_used = black_box(found.is_used());
                let mut is_counted = 1;
                is_counted.cmovnz(&u8::from(count_used), is_used.into());
                let (remaining, hold, next) = if is_counted == 0 {
                    (remaining_uncounted, Hold::None, None)
                } else {
                    (remaining, hold, Some(failed))
                };
                let refusal =
                    if is_used { Refusal::Replayed { remaining, hold } } else { Refusal::Wrong { remaining, hold } };
                (Err(refusal), next)
            }
        }
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
        let (verdict, next) = self.0.reveal();
        if let Some(next) = &next {
            store(next).map_err(CommitError::Store)?;
        }
        verdict.map_err(CommitError::Refused)
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
