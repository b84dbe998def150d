//! Client requests: instructions by which a program talks to the valgrind that runs it. On a processor they do nothing.
#![expect(unsafe_code, reason = "a client request is a sequence of instructions that valgrind recognizes")]

use std::arch::asm;
use std::ffi::CStr;
use std::hint::black_box;

const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
const MAKE_MEM_UNDEFINED: usize = memcheck(1);
#[cfg(secondo_taint)]
const MAKE_MEM_DEFINED: usize = memcheck(2);
const ZERO_STATS: usize = callgrind(1);
const DUMP_STATS_AT: usize = callgrind(3);

const fn memcheck(number: usize) -> usize {
    (b'M' as usize) << 24 | (b'C' as usize) << 16 | number
}

const fn callgrind(number: usize) -> usize {
    (b'C' as usize) << 24 | (b'T' as usize) << 16 | number
}

/// Sends a request with these arguments, and returns the answer: 0 without valgrind.
#[inline(never)]
fn request(number: usize, first: usize, second: usize) -> usize {
    let request = [number, first, second, 0, 0, 0];
    let mut answer = 0;
    // SAFETY: the rotations add up to 128 bits and so change nothing, and neither does the exchange of a register with
    // itself. valgrind reads the six numbers, which outlive the call, and marks only memory that the callers lend.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inout("rdx") answer,
        );
    }
    answer
}

/// Returns `true` if this program runs under valgrind.
pub(crate) fn runs_this() -> bool {
    request(RUNNING_ON_VALGRIND, 0, 0) != 0
}

/// Returns the number of errors that memcheck has found so far, without those that are suppressed.
pub(crate) fn errors() -> usize {
    request(COUNT_ERRORS, 0, 0)
}

/// Marks these bytes of the value as uninitialized, so that memcheck follows everything computed from them.
pub(crate) fn make_secret<T>(value: &mut T, bytes: impl Fn(&T) -> &[u8]) {
    // `black_box` hides the contents from the compiler, which must read the bytes again.
    let bytes = bytes(black_box(value));
    request(MAKE_MEM_UNDEFINED, bytes.as_ptr().addr(), bytes.len());
}

/// Marks these bytes as initialized, so that memcheck follows them no longer.
#[cfg(secondo_taint)]
pub(crate) fn make_public(bytes: &mut [u8]) {
    request(MAKE_MEM_DEFINED, bytes.as_mut_ptr().addr(), bytes.len());
}

/// Resets callgrind's counts to zero.
pub(crate) fn start_counting() {
    request(ZERO_STATS, 0, 0);
}

/// Makes callgrind write its counts to a file, labelled with this name.
pub(crate) fn write_count(name: &CStr) {
    request(DUMP_STATS_AT, name.as_ptr().addr(), 0);
}
