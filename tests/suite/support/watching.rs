//! An allocator that looks for secrets in freed memory.
#![expect(unsafe_code, reason = "the check reads memory just before it is freed")]

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

/// The [`mixed`] first eight bytes of each secret, or 0 if unused. Zero is never looked for, as memory is full of it.
static PARTS: [AtomicU64; 8] = [const { AtomicU64::new(0) }; 8];
/// The number of bytes freed so far.
static FREED: AtomicUsize = AtomicUsize::new(0);
/// The number of freed allocations that held a secret.
static FREED_WITH_SECRET: AtomicUsize = AtomicUsize::new(0);

struct Watching;

#[global_allocator]
static ALLOCATOR: Watching = Watching;

// SAFETY: this is the system's allocator. Memory is only read before it is freed. The default `realloc` and
// `alloc_zeroed` call these two methods as well.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`. The memory is zeroed so that `dealloc` can read all of it.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        FREED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the memory was allocated with this layout, and initialized by zeroing.
        let bytes = unsafe { core::slice::from_raw_parts(memory, layout.size()) };
        let parts = PARTS.each_ref().map(|part| part.load(Ordering::Relaxed));
        let is_secret = |bytes: u64| bytes != 0 && parts.contains(&mixed(bytes));
        if bytes.windows(8).any(|part| is_secret(eight(part))) {
            FREED_WITH_SECRET.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn eight(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes))
}

/// Multiplies by an odd number, so that what this allocator leaves on the stack is no part of a secret. A value that is
/// moved from there to the heap takes along what lies between its fields.
const fn mixed(bytes: u64) -> u64 {
    bytes.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Looks for the first eight bytes of each of these secrets from now on, and checks that it finds them.
///
/// Panics if there are more than eight secrets.
pub(crate) fn look_for(secrets: &[&[u8]]) {
    assert!(secrets.len() <= PARTS.len() && secrets.iter().all(|secret| eight(secret) != 0));
    for (part, secret) in PARTS.iter().zip(secrets) {
        part.store(mixed(eight(secret)), Ordering::Relaxed);
    }
    FREED_WITH_SECRET.store(0, Ordering::Relaxed);
    for secret in secrets {
        drop(black_box(secret.to_vec()));
    }
    assert_eq!(FREED_WITH_SECRET.swap(0, Ordering::Relaxed), secrets.len(), "the allocator must find every secret");
}

/// Panics if memory that held a secret was freed since the last [`look_for`].
pub(crate) fn assert_none_freed(of: &str) {
    assert_eq!(FREED_WITH_SECRET.load(Ordering::Relaxed), 0, "{of}");
}

/// Returns the number of bytes freed so far.
pub(crate) fn freed() -> usize {
    FREED.load(Ordering::Relaxed)
}
