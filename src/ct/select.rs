use cmov::{Cmov, CmovEq, Condition};

/// Returns the number clamped to these limits, without a branch on it or on them.
///
/// The result is arbitrary if the number and a limit are more than [`i32::MAX`] apart.
pub(crate) fn clamp(mut number: i32, least: i32, most: i32) -> i32 {
    number.cmovnz(&least, is_less(number, least));
    number.cmovnz(&most, is_less(most, number));
    number
}

/// Returns 1 if `a` is less than `b`, otherwise 0.
///
/// The sign bit is extracted with a mask, because compilers recognize a test for negative numbers as a comparison, on
/// which they may branch.
fn is_less(a: i32, b: i32) -> Condition {
    is_not_zero(a.wrapping_sub(b).cast_unsigned() & 1 << 31)
}

/// Returns 1 if `a` is less than `b`, otherwise 0, without a branch on them.
pub(crate) fn is_less_wide(a: u64, b: u64) -> Condition {
    // The borrow of the subtraction.
    let borrow = (!a & b) | ((!a | b) & a.wrapping_sub(b));
    is_not_zero((borrow >> 32) as u32 & 1 << 31)
}

/// Returns the position of the only bit that is set, or an arbitrary position if none is.
///
/// Counting the zeros below the bit needs a branch and a table on processors without an instruction for it, and
/// compilers recognize other ways of counting.
pub(crate) fn place(bit: u32) -> u32 {
    const WITH: [u32; 5] = [0xaaaa_aaaa, 0xcccc_cccc, 0xf0f0_f0f0, 0xff00_ff00, 0xffff_0000];

    WITH.iter().rev().fold(0, |place, with| place << 1 | u32::from(is_not_zero(bit & with)))
}

/// Returns 1 if the number is 0, otherwise 0, without a branch on it.
pub(crate) fn is_zero(number: i32) -> Condition {
    is_not_zero(number.cast_unsigned()) ^ 1
}

/// Returns 1 if both have the same bytes, otherwise 0. Only the lengths decide the time.
#[cfg(any(feature = "push", feature = "verifier"))]
pub(crate) fn is_equal(a: &[u8], b: &[u8]) -> Condition {
    let differences = a.iter().zip(b).fold(0, |differences, (a, b)| differences | (a ^ b));
    let same_length = u32::from(a.len() == b.len());
    is_zero(i32::from(differences)) & is_not_zero(same_length)
}

pub(crate) fn is_not_zero(places: u32) -> Condition {
    let mut is_not = 0;
    places.cmovne(&0, 1, &mut is_not);
    is_not
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_told() {
        for n in 0..32 {
            assert_eq!(place(1 << n), n);
        }
    }
}
