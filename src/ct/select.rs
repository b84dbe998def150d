use cmov::{Cmov, CmovEq, Condition};

/// The number within these limits, without a branch on any of them; none is near the ends of the type.
pub(crate) fn clamp(mut number: i128, least: i128, most: i128) -> i128 {
    // The sign bit, and not whether it is negative, which compilers know for a comparison.
    let is_less = |a: i128, b: i128| is_not_zero((a.wrapping_sub(b).cast_unsigned() >> 96) as u32 & 1 << 31);
    number.cmovnz(&least, is_less(number, least));
    number.cmovnz(&most, is_less(most, number));
    number
}

/// Which bit is the only one that is set; any, if none is. To count the zeros after it is a branch and a table where the
/// processor has no instruction for it, and compilers see through other ways to count.
pub(crate) fn place(bit: u32) -> u32 {
    const WITH: [u32; 5] = [0xaaaa_aaaa, 0xcccc_cccc, 0xf0f0_f0f0, 0xff00_ff00, 0xffff_0000];

    WITH.iter().rev().fold(0, |place, with| place << 1 | u32::from(is_not_zero(bit & with)))
}

/// Tells whether a small number is 0, without a branch on it.
pub(crate) fn is_zero(number: i128) -> Condition {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers fit")]
    let small = number as u32;
    is_not_zero(small) ^ 1
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
