//! The grid that the prices of a market lie on, and exact division by its step.

/// Prices are whole multiples of a step. Before the first price there is no step.
///
/// A price is divided by a multiplication: modulo 2⁶⁴ an odd number has an inverse, and a number is
/// a multiple of it exactly where the product stays small (Granlund and Montgomery 1994).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Grid {
    step: i64,
    /// The power of two in the step.
    twos: u32,
    /// Inverse of the odd part of the step.
    inverse: u64,
    /// The largest quotient of an exact division.
    quotient_max: u64,
}

impl Grid {
    /// How many steps a price is, where it is above zero and on the grid.
    #[inline]
    pub(super) fn rank(&self, price: i64) -> Option<i64> {
        // Low bits that should be zero are turned to the top, and make the quotient too large.
        let product = price.cast_unsigned().wrapping_mul(self.inverse);
        let quotient = product.rotate_right(self.twos);
        // Nothing is no rank: it becomes the largest number here.
        (quotient.wrapping_sub(1) < self.quotient_max).then_some(quotient.cast_signed())
    }

    /// The price of a rank.
    #[inline]
    pub(super) fn price(&self, rank: i64) -> i64 {
        rank.wrapping_mul(self.step)
    }

    /// How far its prices lie apart; 0: it has none.
    pub(super) const fn step(&self) -> i64 {
        self.step
    }

    /// The coarsest grid that has all prices of this one, and `price`, which is above zero.
    pub(super) fn with(&self, price: i64) -> Self {
        let step = gcd(self.step, price);
        let twos = step.trailing_zeros();
        let odd = (step >> twos).cast_unsigned();
        // Newton: each turn doubles the bits that are right, from three.
        let mut inverse = odd;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        }
        let largest = i64::MAX.cast_unsigned();
        Self {
            step,
            twos,
            inverse,
            quotient_max: largest.checked_div(step.cast_unsigned()).unwrap_or(0),
        }
    }
}

/// The greatest common divisor of two numbers that are not below zero.
fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a, b);
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}
