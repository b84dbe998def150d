#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| secondo_fuzz::targets::serde_types(bytes));
