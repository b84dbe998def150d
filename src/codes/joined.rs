#[cfg(feature = "std")]
use fearless_simd::{Bytes, Level, Simd, SimdBase, SimdFrom, dispatch, u8x16, u64x2};

/// The bytes of two numbers, big-endian.
///
/// In one store of 16 bytes, as the hash crates load them: a load of what two stores wrote waits until both have left the
/// processor's queue, and with it all that follows.
#[cfg(feature = "std")]
#[inline(always)]
#[expect(clippy::inline_always, reason = "must become part of the function that has the instruction set enabled")]
pub(super) fn joined(first: u64, second: u64) -> [u8; 16] {
    #[inline(always)]
    fn run<S: Simd>(simd: S, first: u64, second: u64) -> [u8; 16] {
        // Not from an array of both, which the compiler would take apart again.
        let first = u64x2::splat(simd, first.to_be()) & u64x2::simd_from(simd, [u64::MAX, 0]);
        (first | u64x2::simd_from(simd, [0, second.to_be()])).bitcast::<u8x16<S>>().to_array()
    }
    dispatch!(Level::baseline(), simd => run(simd, first, second))
}

/// The bytes of two numbers, big-endian.
#[cfg(not(feature = "std"))]
#[inline]
pub(super) fn joined(first: u64, second: u64) -> [u8; 16] {
    (u128::from(first) << 64 | u128::from(second)).to_be_bytes()
}
