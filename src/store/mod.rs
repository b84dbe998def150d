//! What the verifier asks of a database: two operations on small opaque values.
//!
//! A provider with a database of its own implements [`Store`], and shows with the suite in `conformance` that it holds.

#[cfg(feature = "std")]
mod arena;
#[cfg(feature = "std")]
pub mod conformance;
mod contract;
#[cfg(feature = "std")]
mod memory;

pub use contract::{Entry, Exchange, Revision, Store, Value};
#[cfg(feature = "std")]
pub use memory::Memory;
