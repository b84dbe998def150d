//! An allocator that looks for secrets in what is freed.
#![expect(unsafe_code, reason = "only a look at memory before it is freed can tell")]

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

/// Eight bytes of each secret; unused ones are 0, which memory is full of, and no secret.
static PARTS: [AtomicU64; 8] = [const { AtomicU64::new(0) }; 8];
/// In bytes.
static FREED: AtomicUsize = AtomicUsize::new(0);
static FREED_WITH_SECRET: AtomicUsize = AtomicUsize::new(0);

struct Watching;

#[global_allocator]
static ALLOCATOR: Watching = Watching;

// SAFETY: the system's allocator; memory is only read before it is freed. Growing goes through these two as well.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's duty, passed on. Zeroed, so that all of it can be looked at.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        FREED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: allocated with this layout, and all of it written at first.
        let bytes = unsafe { core::slice::from_raw_parts(memory, layout.size()) };
        let parts = PARTS.each_ref().map(|part| part.load(Ordering::Relaxed));
        let is_secret = |bytes: u64| bytes != 0 && parts.contains(&bytes);
        if bytes.windows(8).any(|part| is_secret(eight(part))) {
            FREED_WITH_SECRET.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's duty, passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn eight(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes))
}

/// Looks for the first eight bytes of these, eight secrets at most, from now on; that it sees them is tried.
pub(crate) fn look_for(secrets: &[&[u8]]) {
    assert!(secrets.len() <= PARTS.len() && secrets.iter().all(|secret| eight(secret) != 0));
    for (part, secret) in PARTS.iter().zip(secrets) {
        part.store(eight(secret), Ordering::Relaxed);
    }
    FREED_WITH_SECRET.store(0, Ordering::Relaxed);
    for secret in secrets {
        drop(black_box(secret.to_vec()));
    }
    assert_eq!(FREED_WITH_SECRET.swap(0, Ordering::Relaxed), secrets.len(), "the allocator is blind");
}

pub(crate) fn assert_none_freed(of: &str) {
    assert_eq!(FREED_WITH_SECRET.load(Ordering::Relaxed), 0, "{of}");
}

/// All bytes that were freed so far.
pub(crate) fn freed() -> usize {
    FREED.load(Ordering::Relaxed)
}
