//! Stores of subscriber accounts: the interface between the verifier and a database.
//!
//! [`Store`] has two operations on small opaque values. A provider with a database of its own implements it, and tests
//! the implementation with the suite in `conformance`.

#[cfg(feature = "std")]
mod arena;
mod boxed;
#[cfg(feature = "std")]
pub mod conformance;
mod contract;
#[cfg(feature = "std")]
mod memory;
#[cfg(feature = "std")]
mod places;

pub use boxed::{Boxed, BoxedError};
pub use contract::{Entry, Enumerate, Exchange, Revision, Store, Value};
#[cfg(feature = "std")]
pub use memory::Memory;
