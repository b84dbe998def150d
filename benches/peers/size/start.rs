//! The common part of the programs: `main`, which the C library calls, and the panic handler.

use core::hint::black_box;

use crate::is_accepted;

// The C library starts the program and provides memcpy.
#[link(name = "c")]
unsafe extern "C" {}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Verifies a code, and returns 0 if it is accepted. With an argument the code is a wrong one.
#[unsafe(no_mangle)]
extern "C" fn main(arguments: i32) -> i32 {
    let typed = black_box(if arguments > 1 { "000000" } else { "050471" });
    let secret = black_box(b"12345678901234567890");
    let now = black_box(1_111_111_111);
    i32::from(!is_accepted(secret, typed, now))
}
