//! Nothing: what the others have besides their own.
#![no_std]
#![no_main]

use core::hint::black_box;

// The C library starts the program and has memcpy.
#[link(name = "c")]
unsafe extern "C" {}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// 0 if the code is accepted. With an argument the code is a wrong one.
#[unsafe(no_mangle)]
pub extern "C" fn main(arguments: i32) -> i32 {
    let typed = black_box(if arguments > 1 { "000000" } else { "050471" });
    let secret = black_box(b"12345678901234567890");
    let now = black_box(1_111_111_111);
    i32::from(!is_accepted(secret, typed, now))
}

fn is_accepted(secret: &[u8; 20], typed: &str, now: u64) -> bool {
    secret.len() as u64 + now > 0 && typed == "050471"
}
