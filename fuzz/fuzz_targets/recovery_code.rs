#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| secondo_fuzz::targets::recovery_code(bytes));
