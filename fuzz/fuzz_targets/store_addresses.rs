#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    secondo_fuzz::postgres::addresses(bytes);
    secondo_fuzz::redis::addresses(bytes);
});
