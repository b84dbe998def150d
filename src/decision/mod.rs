//! What is decided about a code: whether an attempt is admitted, what the search for the code comes to, and the state that
//! must be stored before the verdict is out.

mod admission;
mod attempts;
mod commit;
mod decide;
mod state;
mod verdict;

pub(crate) use admission::Stage;
pub(crate) use attempts::Attempts;
pub use attempts::Hold;
pub use commit::{CommitError, Decision};
pub use state::{State, StateError};
pub use verdict::{Confirmed, PublicRefusal, Refusal, Resynchronized, Verified};
