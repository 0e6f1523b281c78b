//! Integers that cannot be mixed up: `Price`, `Qty`, `Amount`, `Rate`, `Nanos`.
//!
//! No float and no text lives here; `instrument.rs` is the door to both. Arithmetic is checked:
//! what does not fit is an [`Overflow`], never a wrapped or saturated number.

use ethnum::I256;
use serde::{Deserialize, Serialize};

/// Decimal places of an [`Amount`], the same for every asset.
pub const AMOUNT_DECIMALS: u32 = 18;
/// Decimal places of a [`Rate`].
pub const RATE_DECIMALS: u32 = 12;
/// One whole unit of a [`Rate`]: 100 %.
pub const RATE_ONE: i64 = 10_i64.pow(RATE_DECIMALS);

/// A number of money or size that does not fit its integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a price, size or amount does not fit its integer")]
pub struct Overflow;

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $int:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[derive(Serialize, Deserialize)]
        pub struct $name($int);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// The value whose integer is `mantissa`.
            #[must_use]
            pub const fn new(mantissa: $int) -> Self {
                Self(mantissa)
            }

            /// The integer behind the value.
            #[must_use]
            pub const fn mantissa(self) -> $int {
                self.0
            }

            /// Whether it is exactly nothing.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// Whether it is above nothing.
            #[must_use]
            pub const fn is_positive(self) -> bool {
                self.0 > 0
            }

            /// Whether it is below nothing.
            #[must_use]
            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }

            /// The sum.
            pub fn plus(self, other: Self) -> Result<Self, Overflow> {
                self.0.checked_add(other.0).map(Self).ok_or(Overflow)
            }

            /// The difference.
            pub fn minus(self, other: Self) -> Result<Self, Overflow> {
                self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
            }

            /// The same size with the other sign.
            pub fn negated(self) -> Result<Self, Overflow> {
                self.0.checked_neg().map(Self).ok_or(Overflow)
            }

            /// The size without its sign.
            pub fn magnitude(self) -> Result<Self, Overflow> {
                self.0.checked_abs().map(Self).ok_or(Overflow)
            }
        }
    };
}

unit!(
    /// A price, as an integer at the instrument's price scale.
    Price,
    i64
);
unit!(
    /// A size in base units, as an integer at the instrument's quantity scale; below zero is short.
    Qty,
    i64
);
unit!(
    /// An amount of one asset at 10⁻¹⁸.
    Amount,
    i128
);
unit!(
    /// A fraction at 10⁻¹²: fees, slippage, targets, limits relative to equity.
    Rate,
    i64
);
unit!(
    /// Nanoseconds since 1970-01-01 UTC, or a span of them.
    Nanos,
    i64
);

impl Rate {
    /// 100 %.
    pub const ONE: Self = Self(RATE_ONE);
}

impl Nanos {
    /// 24 hours.
    pub const DAY: Self = Self(86_400_000_000_000);

    /// The UTC day that this moment closes or lies in, counted from 1970-01-01: midnight itself
    /// belongs to the day that ends with it, as the bar that closes then does.
    #[must_use]
    pub const fn closing_day(self) -> i64 {
        self.0.saturating_sub(1).div_euclid(Self::DAY.0)
    }
}

impl Amount {
    /// One of an asset.
    pub const ONE: Self = Self(10_i128.pow(AMOUNT_DECIMALS));

    /// What so much of an asset is worth, where one is worth `each`; to the nearest 10⁻¹⁸.
    pub fn valued(self, each: Self) -> Result<Self, Overflow> {
        if each == Self::ONE {
            return Ok(self);
        }
        mul_div(self.0, each.0, Self::ONE.0, Rounding::Nearest).map(Self)
    }

    /// How much of an asset this is worth, where one is worth `each`; rounded down.
    pub fn in_units_of(self, each: Self) -> Result<Self, Overflow> {
        mul_div(self.0, Self::ONE.0, each.0, Rounding::Down).map(Self)
    }

    /// This part of the amount; `rounding` says where the last 10⁻¹⁸ goes.
    pub fn times(self, rate: Rate, rounding: Rounding) -> Result<Self, Overflow> {
        if rate == Rate::ONE {
            return Ok(self);
        }
        mul_div(self.0, i128::from(rate.0), i128::from(RATE_ONE), rounding).map(Self)
    }
}

/// Where the remainder of a division goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero: what we may spend, what we may hold.
    Down,
    /// Away from zero: what we must pay.
    Up,
    /// To the nearest, halves away from zero: what is only measured.
    Nearest,
}

/// `a × b ÷ c` with one rounding at the end, over 256 bits where 128 do not hold the product.
pub fn mul_div(a: i128, b: i128, c: i128, rounding: Rounding) -> Result<i128, Overflow> {
    if let Some(product) = a.checked_mul(b) {
        let quotient = product.checked_div(c).ok_or(Overflow)?;
        if rounding == Rounding::Down {
            return Ok(quotient);
        }
        // Dividing is slow: the remainder is had by multiplying back, which cannot overflow.
        let rest = product - quotient * c;
        let doubled = rest.unsigned_abs().saturating_mul(2) >= c.unsigned_abs();
        let step = if (product < 0) == (c < 0) { 1 } else { -1 };
        return rounded(quotient, step, rest != 0, doubled, rounding);
    }
    let (product, divisor) = (I256::from(a) * I256::from(b), I256::from(c));
    if divisor == I256::ZERO {
        return Err(Overflow);
    }
    let (quotient, rest) = (product / divisor, product % divisor);
    let doubled = rest.unsigned_abs() * 2 >= divisor.unsigned_abs();
    let step = if (product < I256::ZERO) == (c < 0) { 1 } else { -1 };
    let quotient = i128::try_from(quotient).map_err(|_| Overflow)?;
    rounded(quotient, step, rest != I256::ZERO, doubled, rounding)
}

fn rounded(
    quotient: i128,
    step: i128,
    inexact: bool,
    past_half: bool,
    rounding: Rounding,
) -> Result<i128, Overflow> {
    let away = match rounding {
        Rounding::Down => false,
        Rounding::Up => inexact,
        Rounding::Nearest => inexact && past_half,
    };
    if away { quotient.checked_add(step).ok_or(Overflow) } else { Ok(quotient) }
}
