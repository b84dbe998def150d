//! WebAssembly. The host calls the export `run` and provides the import `print`.
#![expect(unsafe_code, reason = "the import and the export are declared by their names")]

use core::arch::wasm32;
use core::fmt;

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    fn print(text: *const u8, len: usize);
}

#[unsafe(export_name = "run")]
extern "C" fn run(is_planted: bool) -> bool {
    crate::run(is_planted)
}

pub fn exit(_: bool) -> ! {
    wasm32::unreachable()
}

/// The host's console.
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the host only reads the `text.len()` bytes at `text`.
        unsafe { print(text.as_ptr(), text.len()) };
        Ok(())
    }
}
