//! An allocator that counts what is in use, and what the most was.
#![expect(unsafe_code, reason = "an allocator is")]

use core::sync::atomic::{AtomicIsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};

/// In bytes.
static IN_USE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: the system's allocator. Growing goes through these two as well.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = layout.size().cast_signed();
        PEAK.fetch_max(IN_USE.fetch_add(size, Ordering::Relaxed) + size, Ordering::Relaxed);
        // SAFETY: the caller's duty, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller's duty, passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

pub(crate) fn in_use() -> isize {
    IN_USE.load(Ordering::Relaxed)
}

/// The most bytes in use while this runs, beyond those before it.
pub(crate) fn peak_of(run: impl FnOnce()) -> isize {
    let before = in_use();
    PEAK.store(before, Ordering::Relaxed);
    run();
    PEAK.load(Ordering::Relaxed) - before
}
