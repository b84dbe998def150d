//! A control for the search for divisions.

/// Divides by a number that the compiler does not know. The search for divisions must find this function.
#[inline(never)]
#[must_use]
pub fn remainder(value: u32, digits: u32) -> u32 {
    value % 10_u32.pow(digits)
}
