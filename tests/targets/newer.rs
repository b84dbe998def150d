//! A control for `msrv`: a function that became stable after `rust-version`, and that the check must refuse.
#![no_std]

pub fn planted(a: u32, b: u32) -> u32 {
    a.strict_add(b)
}
