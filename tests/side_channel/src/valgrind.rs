//! What a program can say to valgrind that runs it: its client requests, which do nothing on a processor.
#![expect(unsafe_code, reason = "a request is a sequence of instructions that valgrind knows")]

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

/// The answer to a request with these arguments; 0 without valgrind.
#[inline(never)]
fn request(number: usize, first: usize, second: usize) -> usize {
    let request = [number, first, second, 0, 0, 0];
    let mut answer = 0;
    // SAFETY: the rotations come to nothing, and the exchange of a register with itself too. valgrind reads the six
    // numbers, which outlive this, and marks memory that the callers lend.
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

pub(crate) fn runs_this() -> bool {
    request(RUNNING_ON_VALGRIND, 0, 0) != 0
}

/// How many errors memcheck has found and not been told to expect.
pub(crate) fn errors() -> usize {
    request(COUNT_ERRORS, 0, 0)
}

/// From here on memcheck follows what is computed from these bytes of the value, as if nobody had ever written them.
pub(crate) fn make_secret<T>(value: &mut T, bytes: impl Fn(&T) -> &[u8]) {
    // The compiler no longer knows what is in it, and reads it anew.
    let bytes = bytes(black_box(value));
    request(MAKE_MEM_UNDEFINED, bytes.as_ptr().addr(), bytes.len());
}

#[cfg(secondo_taint)]
pub(crate) fn make_public(bytes: &mut [u8]) {
    request(MAKE_MEM_DEFINED, bytes.as_mut_ptr().addr(), bytes.len());
}

/// From here on callgrind counts from zero.
pub(crate) fn start_counting() {
    request(ZERO_STATS, 0, 0);
}

/// Has callgrind write a file under this name of what it has counted.
pub(crate) fn write_count(name: &CStr) {
    request(DUMP_STATS_AT, name.as_ptr().addr(), 0);
}
