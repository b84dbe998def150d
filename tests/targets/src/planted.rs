/// A division by what only the caller knows, for the search for divisions to find.
#[inline(never)]
#[must_use]
pub fn remainder(value: u32, digits: u32) -> u32 {
    value % 10_u32.pow(digits)
}
