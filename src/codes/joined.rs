#[cfg(feature = "std")]
use fearless_simd::{Bytes, Level, Simd, SimdBase, SimdFrom, dispatch, u8x16, u64x2};

/// Returns the bytes of two numbers, one after the other, each in big-endian order.
///
/// All 16 bytes are written by one store, because the hash crates read them with one load. A load of bytes that two
/// stores wrote has to wait until both have left the processor's store queue, and delays everything after it.
#[cfg(feature = "std")]
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be inlined into the function that enables the instruction set")]
pub(super) fn joined(first: u64, second: u64) -> [u8; 16] {
    #[inline(always)]
    fn run<S: Simd>(simd: S, first: u64, second: u64) -> [u8; 16] {
        // An array of both numbers would not do: the compiler would split it into two stores again.
        let first = u64x2::splat(simd, first.to_be()) & u64x2::simd_from(simd, [u64::MAX, 0]);
        (first | u64x2::simd_from(simd, [0, second.to_be()])).bitcast::<u8x16<S>>().to_array()
    }
    dispatch!(Level::baseline(), simd => run(simd, first, second))
}

/// Returns the bytes of two numbers, one after the other, each in big-endian order.
#[cfg(not(feature = "std"))]
#[inline]
pub(super) fn joined(first: u64, second: u64) -> [u8; 16] {
    (u128::from(first) << 64 | u128::from(second)).to_be_bytes()
}
