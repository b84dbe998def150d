#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| secondo_fuzz::texts::short_texts(bytes));
