//! A Cortex-M board. The program prints and exits by semihosting: calls that an emulator or a debugger answers.
#![expect(unsafe_code, reason = "the vector table and the semihosting call are assembly")]

use core::arch::{asm, global_asm};
use core::fmt;

// The vector table: the top of the stack, then the handlers of reset, of the non-maskable interrupt and of a hard
// fault. No static is mutable, so the start-up has nothing to copy or clear.
global_asm!(
    ".section .vectors, \"a\"",
    ".word stack_top",
    ".word {reset}",
    ".word {fault}",
    ".word {fault}",
    reset = sym reset,
    fault = sym fault
);

extern "C" fn reset() -> ! {
    exit(crate::run(is_planted()))
}

extern "C" fn fault() -> ! {
    exit(false)
}

// Operations and exit reasons from the specification "Semihosting for AArch32 and AArch64".
const WRITE0: usize = 0x04;
const GET_CMDLINE: usize = 0x15;
const EXIT: usize = 0x18;
const APPLICATION_EXIT: usize = 0x20026;
const INTERNAL_ERROR: usize = 0x20024;

/// Calls the emulator or the debugger, and returns its answer.
///
/// # Safety
///
/// The operand must be what the operation expects: a number, or the address of memory that it may read or write.
unsafe fn call(operation: usize, operand: usize) -> usize {
    let result;
    // SAFETY: the debugger accesses only the memory at the operand, which the caller vouches for.
    unsafe { asm!("bkpt 0xab", inlateout("r0") operation => result, in("r1") operand) };
    result
}

/// Returns `true` if the command line has a word after the program's name.
fn is_planted() -> bool {
    let mut line = [0_u8; 256];
    let mut block = [(&raw mut line).addr(), line.len()];
    // SAFETY: the block holds the address and the size of `line`. The call fills both: `line`, and its length in the
    // block.
    let is_read = unsafe { call(GET_CMDLINE, (&raw mut block).addr()) } == 0;
    is_read && line.contains(&b' ')
}

pub fn exit(ok: bool) -> ! {
    // SAFETY: the operand is a number.
    unsafe { call(EXIT, if ok { APPLICATION_EXIT } else { INTERNAL_ERROR }) };
    unreachable!()
}

/// The debugger's console.
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut ended = [0_u8; 64];
        for part in text.as_bytes().chunks(ended.len() - 1) {
            ended[..part.len()].copy_from_slice(part);
            ended[part.len()] = 0;
            // SAFETY: the call reads up to the zero byte, which was set above.
            unsafe { call(WRITE0, (&raw const ended).addr()) };
        }
        Ok(())
    }
}
