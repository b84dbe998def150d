//! A store of [`secondo`] in one file.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

mod backend;
mod error;
mod file;
mod options;
mod queue;
mod store;
#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a test fails by panicking, and needs std"
)]
mod tests;

pub use error::RedbStoreError;
pub use options::RedbOptions;
pub use store::RedbStore;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a panic left behind a lock is whole: nothing panics in the middle of a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
