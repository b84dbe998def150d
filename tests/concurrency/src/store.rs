//! The in-memory store, beside the contract of `secondo`.

#[path = "../../../src/store/arena.rs"]
mod arena;
#[path = "../../../src/store/memory.rs"]
mod memory;
#[path = "../../../src/store/places.rs"]
mod places;

pub use memory::Memory;
pub use secondo::store::{Entry, Enumerate, Exchange, Revision, Store, Value};
