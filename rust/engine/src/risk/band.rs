//! The market that limits were made in, and how far from it they hold: what a tick compares its own
//! market with.

use super::View;
use super::standing::spread_left;
use crate::exposure::{Mark, Sight};
use crate::units::{Nanos, Overflow, Price, Qty, Rate};

/// The market that was seen when the limits were made, and how far from it they hold: all in the
/// units of a tick. Beyond it the long way looks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Band {
    /// The mark when it was made.
    pub(super) here: Price,
    /// The mark of a minute ago; nothing where that is not looked at.
    pub(super) before: Price,
    pub(super) looks_back: bool,
    pub(super) low: Price,
    pub(super) high: Price,
    /// Widest spread, at which the touch lies within the furthest impact too.
    spread_max: i64,
    /// What of a size of 1 at the touch one order may be worth, and whether that is looked at.
    pub(super) shown: i64,
    pub(super) looks_deep: bool,
}

impl Band {
    /// Nothing is within it.
    const SHUT: Self = Self {
        here: Price::ZERO,
        before: Price::ZERO,
        looks_back: true,
        low: Price::new(1),
        high: Price::ZERO,
        spread_max: 0,
        shown: 0,
        looks_deep: true,
    };

    pub(super) fn of(view: &View<'_>, unit: i64) -> Result<Self, Overflow> {
        let (profile, Some(sight)) = (view.profile, view.sight) else {
            return Ok(Self::SHUT);
        };
        let part = |number: i64, rate: Rate| -> Result<i64, Overflow> {
            let part = i128::from(number) * i128::from(rate.mantissa());
            i64::try_from(part / i128::from(Rate::ONE.mantissa())).map_err(|_| Overflow)
        };
        let looks_back = profile.jump_max < Rate::ONE;
        let looks_deep = profile.depth_share_max < Rate::ONE;
        let middle = if looks_back { sight.before } else { sight.mark.price };
        let apart = if looks_back { profile.jump_max } else { Rate::new(Rate::ONE.mantissa() / 2) };
        let apart = Price::new(part(middle.mantissa(), apart)?);
        let low = middle.minus(apart)?;
        // What holds at the lowest price holds at all of them. So close together, both sides of
        // the touch lie well within the furthest impact.
        let near = Rate::new(profile.impact_max.mantissa() / 8 * 15);
        let spread = profile.spread_max.min(spread_left(view)?).min(Rate::ONE);
        let off = spread == Rate::ONE && !looks_deep;
        let spread = if looks_deep { spread.min(near) } else { spread };
        // Where the fees alone are too much, no touch is narrow enough.
        let widest = if spread.is_negative() { -1 } else { part(low.mantissa(), spread)? };
        let each = unit.checked_mul(low.mantissa()).ok_or(Overflow)?;
        Ok(Self {
            here: sight.mark.price,
            before: if looks_back { sight.before } else { Price::ZERO },
            looks_back,
            low,
            high: if looks_back { middle.plus(apart)? } else { Price::new(i64::MAX) },
            spread_max: if off { i64::MAX } else { widest },
            shown: part(each, profile.depth_share_max.min(Rate::ONE))?,
            looks_deep,
        })
    }

    /// Whether the market is where it may be, and how wide it may be.
    #[inline]
    pub(super) fn holds(&self, sight: &Sight) -> (bool, bool) {
        let price = sight.mark.price;
        (self.is_of(sight) & (price >= self.low) & (price <= self.high), self.is_narrow(sight))
    }

    /// A market at a price in which nothing but the price speaks against an order.
    pub(super) fn calm(&self, price: Price) -> Sight {
        let mark = Mark { price, ts: Nanos::ZERO };
        let all = Qty::new(i64::MAX);
        let (bid_qty, ask_qty) = (all, all);
        Sight { mark, before: self.before, bid: price, ask: price, bid_qty, ask_qty }
    }

    /// Whether the market's past is the one that it was made of.
    #[inline]
    pub(super) fn is_of(&self, sight: &Sight) -> bool {
        !self.looks_back | (sight.before == self.before)
    }

    #[inline]
    pub(super) fn is_narrow(&self, sight: &Sight) -> bool {
        sight.ask.mantissa().wrapping_sub(sight.bid.mantissa()) <= self.spread_max
    }
}
