//! An allocator that counts the bytes in use, and their maximum.
#![expect(unsafe_code, reason = "a global allocator requires unsafe code")]

use core::sync::atomic::{AtomicIsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};

/// The number of bytes in use.
static IN_USE: AtomicIsize = AtomicIsize::new(0);
/// The maximum number of bytes in use since [`peak_of`] reset it.
static PEAK: AtomicIsize = AtomicIsize::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: this is the system's allocator. The default `realloc` and `alloc_zeroed` call these two methods as well.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = layout.size().cast_signed();
        PEAK.fetch_max(IN_USE.fetch_add(size, Ordering::Relaxed) + size, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Returns the number of bytes in use.
pub(crate) fn in_use() -> isize {
    IN_USE.load(Ordering::Relaxed)
}

/// Runs a closure, and returns the maximum number of bytes in use during it, beyond those in use before.
pub(crate) fn peak_of(run: impl FnOnce()) -> isize {
    let before = in_use();
    PEAK.store(before, Ordering::Relaxed);
    run();
    PEAK.load(Ordering::Relaxed) - before
}
