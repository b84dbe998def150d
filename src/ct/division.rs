use core::num::NonZeroU32;

/// A divisor that divides by multiplying with its reciprocal.
///
/// Division takes longer for some numbers than for others on many processors and in many libraries. The dividends in
/// this crate are public, but secrets are close to them. If there is no division at all, a check can search the machine
/// code for one that slipped in.
pub(crate) struct Divisor {
    divisor: u64,
    /// 2^64 divided by the divisor, at most 1 too small.
    reciprocal: u64,
}

impl Divisor {
    pub(crate) const fn new(divisor: NonZeroU32) -> Self {
        let divisor = divisor.get() as u64;
        // Newton's method, from below: the first estimate is at least half of the result, and each step doubles the
        // number of correct bits.
        let mut reciprocal = u64::MAX >> (u64::BITS - divisor.leading_zeros());
        let mut steps = 0;
        while steps < 7 {
            let missing = reciprocal.wrapping_mul(divisor).wrapping_neg();
            reciprocal += high(reciprocal, missing);
            steps += 1;
        }
        Self { divisor, reciprocal }
    }

    /// Returns the quotient of this number and the divisor, rounded down.
    pub(crate) const fn quotient(&self, dividend: u64) -> u64 {
        let quotient = high(dividend, self.reciprocal);
        quotient + (dividend - quotient * self.divisor >= self.divisor) as u64
    }
}

/// Returns the quotient of this number and `N`, rounded down.
pub(crate) const fn quotient<const N: u32>(dividend: u64) -> u64 {
    const { Divisor::new(NonZeroU32::new(N).unwrap()) }.quotient(dividend)
}

/// Returns the remainder of this number divided by `N`.
pub(crate) const fn remainder<const N: u32>(dividend: u64) -> u64 {
    dividend - quotient::<N>(dividend) * N as u64
}

/// Returns the upper half of the 128-bit product.
const fn high(a: u64, b: u64) -> u64 {
    ((a as u128 * b as u128) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn divide(dividend: u64, divisor: u32) -> u64 {
        Divisor::new(NonZeroU32::new(divisor).unwrap()).quotient(dividend)
    }

    /// Checks every period up to an hour, and some up to a day, with numbers at both ends of a quotient's range, where
    /// the estimate is worst.
    #[test]
    fn by_every_period() {
        for divisor in (1..=3600).chain((3600..=86_400).step_by(90)) {
            let period = u64::from(divisor);
            let last = u64::MAX / period * period;
            let near = (0..100).map(|n| u64::MAX / 100 * n / period * period).chain([last]);
            for multiple in near {
                for dividend in [multiple.saturating_sub(1), multiple, multiple.saturating_add(period - 1)] {
                    assert_eq!(divide(dividend, divisor), dividend / period, "{dividend} / {divisor}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn by_any_number(dividend: u64, divisor in 1..=u32::MAX, shift in 0..32_u32) {
            let divisor: u32 = (divisor >> shift).max(1);
            let wide = u64::from(divisor);
            for dividend in [dividend, wide, wide - 1, u64::MAX] {
                prop_assert_eq!(divide(dividend, divisor), dividend / wide);
            }
        }
    }
}
