//! Linux without the C library. The kernel enters at `_start`, with the number of arguments on top of the stack.
#![expect(unsafe_code, reason = "the entry and the system calls are assembly")]

use core::arch::global_asm;
use core::fmt;

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl _start",
    "_start: mov rdi, [rsp]",
    "call {start}",
    "system_call: mov rax, rdi",
    "mov rdi, rsi",
    "mov rsi, rdx",
    "mov rdx, rcx",
    "syscall",
    "ret",
    start = sym start
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl _start",
    "_start: ldr x0, [sp]",
    "b {start}",
    "system_call: mov x8, x0",
    "mov x0, x1",
    "mov x1, x2",
    "mov x2, x3",
    "svc 0",
    "ret",
    start = sym start
);

#[cfg(target_arch = "riscv32")]
global_asm!(
    ".globl _start",
    "_start: lw a0, 0(sp)",
    "j {start}",
    "system_call: mv a7, a0",
    "mv a0, a1",
    "mv a1, a2",
    "mv a2, a3",
    "ecall",
    "ret",
    start = sym start
);

#[cfg(target_arch = "powerpc")]
global_asm!(
    ".globl _start",
    "_start: lwz 3, 0(1)",
    "stwu 1, -16(1)",
    "b {start}",
    "system_call: mr 0, 3",
    "mr 3, 4",
    "mr 4, 5",
    "mr 5, 6",
    "sc",
    "blr",
    start = sym start
);

#[cfg(target_arch = "x86_64")]
const WRITE_EXIT: (usize, usize) = (1, 60);
#[cfg(target_arch = "powerpc")]
const WRITE_EXIT: (usize, usize) = (4, 1);
#[cfg(any(target_arch = "aarch64", target_arch = "riscv32"))]
const WRITE_EXIT: (usize, usize) = (64, 93);

unsafe extern "C" {
    fn system_call(number: usize, first: usize, second: usize, third: usize) -> isize;
}

extern "C" fn start(arguments: usize) -> ! {
    exit(crate::run(arguments > 1))
}

pub fn exit(ok: bool) -> ! {
    // SAFETY: the system call ends the process and accesses no memory.
    unsafe { system_call(WRITE_EXIT.1, usize::from(!ok), 0, 0) };
    unreachable!()
}

/// Standard output.
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the system call reads only the `text.len()` bytes at `text`.
        let written = unsafe { system_call(WRITE_EXIT.0, 1, text.as_ptr().addr(), text.len()) };
        if usize::try_from(written) == Ok(text.len()) { Ok(()) } else { Err(fmt::Error) }
    }
}
