//! How far a price may go before a check on a target could say something else than that it passes.
//!
//! At the price of a tick, what a target's order is worth, what is held, and every bound on them
//! are straight lines: what holds at both ends of a stretch on which none of them bends holds
//! within it. Worked out between ticks, so that a tick compares two prices where it would make
//! forty sums.

use super::band::Band;
use crate::event::Side;
use crate::exposure::Sight;
use crate::units::{Amount, Price};

/// How often a stretch that does not hold is halved before the target is looked at tick by tick.
const HALVINGS_MAX: u32 = 5;

/// The prices between which every check passes, with what the touch must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    low: Price,
    high: Price,
    touch_min: i64,
}

/// A target's order at one end, where it passed every check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) side: Side,
    /// It is sized in quote.
    pub(super) quoted: bool,
    /// How far the account lies on the order's side: the bounds bend where it lies on neither.
    pub(super) toward: Amount,
    /// The most that it may be worth.
    pub(super) most: Amount,
}

impl End {
    /// Whether nothing bends between here and there.
    fn is_straight_to(&self, other: &Self) -> bool {
        let signs = [self.toward.mantissa().signum(), other.toward.mantissa().signum()];
        let apart = signs == [1, -1] || signs == [-1, 1];
        self.side == other.side && self.quoted == other.quoted && !apart
    }
}

impl Reach {
    /// No price at all.
    pub(super) const NOWHERE: Self =
        Self { low: Price::new(1), high: Price::ZERO, touch_min: i64::MAX };

    /// The widest stretch of the band, halved towards where the market is, at whose ends the
    /// order passes.
    pub(super) fn of(band: &Band, end: impl Fn(Price) -> Option<End>) -> Self {
        let here = band.here.mantissa();
        let (mut down, mut up) = (
            here.saturating_sub(band.low.mantissa()),
            band.high.mantissa().min(here.saturating_mul(2)).saturating_sub(here),
        );
        for _ in 0..=HALVINGS_MAX {
            if down < 0 || up < 0 {
                break;
            }
            let (low, high) = (Price::new(here - down), Price::new(here.saturating_add(up)));
            if let (Some(first), Some(last)) = (end(low), end(high))
                && first.is_straight_to(&last)
                && let Some(touch_min) = touch_min(band, first.most.max(last.most))
            {
                return Self { low, high, touch_min };
            }
            (down, up) = (down / 2, up / 2);
        }
        Self::NOWHERE
    }

    /// Whether a market is within it.
    #[inline]
    pub(super) fn holds(&self, side: Side, sight: &Sight) -> bool {
        let touch = match side {
            Side::Buy => sight.ask_qty,
            Side::Sell => sight.bid_qty,
        };
        let price = sight.mark.price;
        (price >= self.low) & (price <= self.high) & (touch.mantissa() >= self.touch_min)
    }
}

/// What the touch must hold for an order that is worth so much; `None`: more than there can be.
fn touch_min(band: &Band, most: Amount) -> Option<i64> {
    if !band.looks_deep {
        return Some(i64::MIN);
    }
    let shown = i128::from(band.shown);
    let whole = most.mantissa().checked_div(shown)?;
    let over = i128::from(whole.checked_mul(shown)? < most.mantissa());
    i64::try_from(whole.checked_add(over)?).ok()
}
