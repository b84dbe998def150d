//! How much memory is taken, by an allocator that counts.
#![cfg(feature = "std")]

mod counting;
mod footprint;
#[cfg(feature = "pskc")]
mod pskc;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps others from allocating beside a test: they would be counted with it.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
