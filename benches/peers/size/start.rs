//! What the programs have in common: `main`, which the C library starts, and the panic handler that it takes.

use core::hint::black_box;

use crate::is_accepted;

// The C library starts the program and has memcpy.
#[link(name = "c")]
unsafe extern "C" {}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// 0 if the code is accepted. With an argument the code is a wrong one.
#[unsafe(no_mangle)]
extern "C" fn main(arguments: i32) -> i32 {
    let typed = black_box(if arguments > 1 { "000000" } else { "050471" });
    let secret = black_box(b"12345678901234567890");
    let now = black_box(1_111_111_111);
    i32::from(!is_accepted(secret, typed, now))
}
