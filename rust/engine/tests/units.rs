//! Checked integers, and `mul_div` against long division by hand.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod market;

use bot4_engine::units::{Amount, Nanos, Overflow, Price, Qty, Rate, Rounding, mul_div};
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::{prop_assert_eq, sample::select};

use crate::market::always;

const ROUNDINGS: [Rounding; 3] = [Rounding::Down, Rounding::Up, Rounding::Nearest];

/// Bits of a product of two 128-bit sizes, least first, by shift and add.
fn product_bits(a: u128, b: u128) -> [bool; 256] {
    let mut bits = [false; 256];
    for place in (0..128).filter(|place| (b >> place) & 1 == 1) {
        let mut carry = false;
        for (offset, slot) in bits.iter_mut().skip(place).enumerate() {
            let bit = offset < 128 && (a >> offset) & 1 == 1;
            (*slot, carry) = (*slot ^ bit ^ carry, (*slot & bit) | (carry & (*slot ^ bit)));
        }
    }
    bits
}

/// The slow way: 256 bits long, one bit at a time, signs and rounding last.
fn long_division(a: i128, b: i128, c: i128, rounding: Rounding) -> Option<i128> {
    let divisor = c.unsigned_abs();
    if divisor == 0 {
        return None;
    }
    let (mut quotient, mut rest, mut too_large) = (0_u128, 0_u128, false);
    for bit in product_bits(a.unsigned_abs(), b.unsigned_abs()).into_iter().rev() {
        let carry = rest >> 127 == 1;
        rest = (rest << 1) | u128::from(bit);
        let fits = carry || rest >= divisor;
        if fits {
            rest = rest.wrapping_sub(divisor);
        }
        too_large |= quotient >> 127 == 1;
        quotient = (quotient << 1) | u128::from(fits);
    }
    let away = match rounding {
        Rounding::Down => false,
        Rounding::Up => rest != 0,
        Rounding::Nearest => rest != 0 && rest >= divisor - rest,
    };
    let size = quotient.checked_add(u128::from(away)).filter(|_| !too_large)?;
    let negative = (a < 0) ^ (b < 0) ^ (c < 0);
    if negative { 0_i128.checked_sub_unsigned(size) } else { i128::try_from(size).ok() }
}

/// Sizes of every magnitude, with the edges.
fn integer() -> impl Strategy<Value = i128> {
    let edges = vec![0, 1, -1, 2, -2, 3, i128::MAX, i128::MIN, i128::MAX - 1, 1 << 64];
    prop_oneof![
        1 => select(edges),
        4 => (any::<i128>(), 0_u32..128).prop_map(|(value, shift)| value >> shift),
    ]
}

#[test]
fn multiplies_and_divides_as_long_division_does() {
    always(3_000, (integer(), integer(), integer()), |(a, b, c)| {
        for rounding in ROUNDINGS {
            let got = mul_div(a, b, c, rounding).ok();
            prop_assert_eq!(got, long_division(a, b, c, rounding), "{:?}", rounding);
        }
        Ok(())
    });
}

#[test]
fn rounds_each_way_with_each_sign() {
    let max = i128::MAX;
    // a, b, c, then down, up, nearest; None does not fit.
    let table: &[(i128, i128, i128, [Option<i128>; 3])] = &[
        (7, 1, 2, [Some(3), Some(4), Some(4)]),
        (-7, 1, 2, [Some(-3), Some(-4), Some(-4)]),
        (7, 1, -2, [Some(-3), Some(-4), Some(-4)]),
        (-7, -1, -2, [Some(-3), Some(-4), Some(-4)]),
        (5, 1, 4, [Some(1), Some(2), Some(1)]),
        (-1, 1, 3, [Some(0), Some(-1), Some(0)]),
        (6, 1, 3, [Some(2); 3]),
        (0, 5, -3, [Some(0); 3]),
        (1, 1, 0, [None; 3]),
        (max, max, 0, [None; 3]),
        // Past 128 bits and back.
        (max, max, max, [Some(max); 3]),
        (max, 3, 2, [None; 3]),
        (max, 3, -6, [Some(-(max / 2)), Some(-(max / 2) - 1), Some(-(max / 2) - 1)]),
        (i128::MIN, -1, 1, [None; 3]),
        (i128::MIN, 1, -1, [None; 3]),
        (i128::MIN, i128::MIN, i128::MIN, [Some(i128::MIN); 3]),
        (i128::MIN, 2, 4, [Some(i128::MIN / 2); 3]),
        // The quotient fits, rounded away it does not.
        (max, 2, 2, [Some(max); 3]),
    ];
    for (a, b, c, wanted) in table {
        let got = ROUNDINGS.map(|rounding| mul_div(*a, *b, *c, rounding).ok());
        assert_eq!(got, *wanted, "{a} × {b} ÷ {c}");
        let slow = ROUNDINGS.map(|rounding| long_division(*a, *b, *c, rounding));
        assert_eq!(slow, *wanted, "the oracle on {a} × {b} ÷ {c}");
    }
}

macro_rules! never_wraps {
    ($name:ident, $unit:ident, $int:ty) => {
        #[test]
        fn $name() {
            let strategy =
                prop_oneof![select(vec![<$int>::MIN, <$int>::MAX, 0, 1, -1]), any::<$int>()];
            let pair = (strategy.clone(), strategy);
            always(500, pair, |(a, b)| {
                let (x, y) = ($unit::new(a), $unit::new(b));
                let unit = |value: Option<$int>| value.map($unit::new).ok_or(Overflow);
                prop_assert_eq!(x.plus(y), unit(a.checked_add(b)));
                prop_assert_eq!(x.minus(y), unit(a.checked_sub(b)));
                prop_assert_eq!(x.negated(), unit(a.checked_neg()));
                prop_assert_eq!(x.magnitude(), unit(a.checked_abs()));
                prop_assert_eq!(x.mantissa(), a);
                prop_assert_eq!(x < y, a < b);
                let signs = (x.is_negative(), x.is_zero(), x.is_positive());
                prop_assert_eq!(signs, (a < 0, a == 0, a > 0));
                Ok(())
            });
        }
    };
}

never_wraps!(a_price_never_wraps, Price, i64);
never_wraps!(a_qty_never_wraps, Qty, i64);
never_wraps!(an_amount_never_wraps, Amount, i128);
never_wraps!(a_rate_never_wraps, Rate, i64);
never_wraps!(a_time_never_wraps, Nanos, i64);

#[test]
fn takes_a_part_of_an_amount_as_long_division_does() {
    always(1_000, (integer(), any::<i64>()), |(amount, rate)| {
        for rounding in ROUNDINGS {
            let got = Amount::new(amount).times(Rate::new(rate), rounding);
            let wanted = long_division(amount, i128::from(rate), 10_i128.pow(12), rounding);
            prop_assert_eq!(got.ok().map(Amount::mantissa), wanted);
        }
        Ok(())
    });
}

#[test]
fn the_whole_of_an_amount_is_the_amount() {
    for amount in [i128::MIN, -1, 0, 1, i128::MAX] {
        let amount = Amount::new(amount);
        assert_eq!(amount.times(Rate::ONE, Rounding::Up).unwrap(), amount);
    }
}
