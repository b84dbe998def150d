//! The start, the console and the exit of a program on each platform.

use core::fmt::Write;
use core::panic::PanicInfo;

#[cfg_attr(target_arch = "arm", path = "cortex_m.rs")]
#[cfg_attr(target_arch = "wasm32", path = "wasm.rs")]
#[cfg_attr(not(any(target_arch = "arm", target_arch = "wasm32")), path = "linux.rs")]
mod machine;

pub use machine::Console;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let _ = writeln!(Console, "{info}");
    machine::exit(false)
}
