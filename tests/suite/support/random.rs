//! Random bytes for tests.

use std::sync::atomic::{AtomicU64, Ordering};

/// Returns bytes that no other call returned, spread like random ones.
pub(crate) fn random() -> [u8; 32] {
    static LAST: AtomicU64 = AtomicU64::new(0);

    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0; 32];
    for (place, part) in (1..).zip(bytes.chunks_mut(8)) {
        part.copy_from_slice(&(number * 4 + place).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    }
    bytes
}
