use core::fmt;
use core::hint::black_box;

use cmov::Cmov;

use crate::codes::search::Match;
use crate::decision::{Hold, Refusal, State, Verified};

/// A verdict that is not yet out: the next state must be stored first.
///
/// This is how a verification without the `Verifier` stays honest: whoever wants to know the verdict
/// gives [`Self::commit`] the means to record it. Until then nothing in it, and no time taken, tells what it will be.
#[must_use = "nothing is accepted, and no failure is counted, until it is committed"]
pub struct Decision<T = Verified>(Pending<T>);

enum Pending<T> {
    /// Refused before anything was looked for, and the state that counts it.
    Refused(Refusal, Option<State>),
    Searched(Searched<T>),
}

/// What comes of each outcome of a search: the success or the refusal, and the next state.
pub(crate) struct Searched<T> {
    pub(crate) found: Match,
    pub(crate) accepted: (T, State),
    pub(crate) failed: State,
    /// The attempts left after a code that counts as a failure, and after one that does not.
    pub(crate) remaining: u8,
    pub(crate) remaining_uncounted: u8,
    /// Whether a used code counts like a wrong one.
    pub(crate) count_used: bool,
}

impl<T> Decision<T> {
    pub(crate) fn refused(refusal: Refusal, next: Option<State>) -> Self {
        Self(Pending::Refused(refusal, next))
    }

    pub(crate) fn searched(searched: Searched<T>) -> Self {
        Self(Pending::Searched(searched))
    }

    /// The verdict, and the state to store before it is out, if it is another.
    pub(crate) fn reveal(self) -> (Result<T, Refusal>, Option<State>) {
        match self.0 {
            Pending::Refused(refusal, next) => (Err(refusal), next),
            Pending::Searched(Searched { found, accepted: (success, next), .. }) if found.is_fresh() => {
                (Ok(success), Some(next))
            }
            Pending::Searched(Searched { found, failed, remaining, remaining_uncounted, count_used, .. }) => {
                // The person may not learn which of the two it is: nothing here takes longer for one of them.
                let is_used = black_box(found.is_used());
                let mut is_counted = 1;
                is_counted.cmovnz(&u8::from(count_used), is_used.into());
                let (remaining, hold, next) = if is_counted == 0 {
                    (remaining_uncounted, Hold::None, None)
                } else {
                    (remaining, failed.attempts.hold, Some(failed))
                };
                let refusal =
                    if is_used { Refusal::Replayed { remaining, hold } } else { Refusal::Wrong { remaining, hold } };
                (Err(refusal), next)
            }
        }
    }

    /// Stores the next state and then tells the verdict.
    ///
    /// `store` must replace exactly the state that the decision was made on: in one compare-and-swap (or one transaction
    /// that compares [`State::revision`]) where several logins can run at once, and durably where memory can be lost. It
    /// is not called if the refusal changes nothing. If it fails, nothing is known about the code, and nothing may be
    /// accepted.
    ///
    /// # Errors
    ///
    /// [`CommitError::Refused`] with the reason; [`CommitError::Store`] with what `store` returned.
    pub fn commit<E>(self, store: impl FnOnce(&State) -> Result<(), E>) -> Result<T, CommitError<E>> {
        let (verdict, next) = self.reveal();
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

/// Why [`Decision::commit`] gave no acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitError<E> {
    /// The code was refused, and this is stored.
    Refused(Refusal),
    /// The next state could not be stored, so there is no verdict.
    Store(E),
}

impl<E> fmt::Display for CommitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Store(_) => f.write_str("the state could not be stored, so nothing is decided"),
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
