//! Tests of memory use, with a counting allocator.
#![cfg(feature = "std")]

mod counting;
mod footprint;
#[cfg(feature = "pskc")]
mod pskc;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps the other tests of this program from running, because their allocations would be counted too.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
