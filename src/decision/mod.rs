//! What is decided about a code: whether an attempt is admitted, what the search for the code comes to, and the state that
//! must be stored before the verdict is out.

mod admission;
mod commit;
mod decide;
mod state;
mod verdict;

pub(crate) use admission::{Stage, submitted};
pub use commit::{CommitError, Decision};
pub use state::{Hold, State, StateError};
pub use verdict::{Confirmed, PublicRefusal, Refusal, Resynchronized, Verified};
