//! Newer than `rust-version`, for `msrv` to find.
#![no_std]

pub fn planted(a: u32, b: u32) -> u32 {
    a.strict_add(b)
}
