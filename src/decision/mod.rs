//! Decisions about codes: the admission of an attempt, the verdict on a search, and the state that must be stored
//! before the verdict is returned.

mod admission;
mod attempts;
mod commit;
mod decide;
mod public;
mod refusal;
mod state;
mod text;
mod verdict;

pub(crate) use admission::Stage;
pub(crate) use attempts::Attempts;
pub use attempts::Hold;
#[cfg(feature = "verifier")]
pub(crate) use attempts::HoldPart;
#[cfg(feature = "verifier")]
pub(crate) use commit::Weighed;
pub use commit::{CommitError, Decision};
pub use public::PublicRefusal;
pub use refusal::Refusal;
pub(crate) use state::Progress;
pub use state::{State, StateError};
pub use text::Language;
pub use verdict::{Confirmed, Resynchronized, Verified};
