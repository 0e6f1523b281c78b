//! Make a market: a bid below a price and an ask above it, and further ones behind them.
//!
//! Pure: what the program says, the touch and the tick make the prices that are wanted; those and
//! the ones wanted before say whether orders are to be moved. Who moves them is the bot.

use crate::book::Touch;
use crate::event::{QuoteSide, Side, TwoSided};
use crate::instrument::{Instrument, rate_down};
use crate::units::{Price, Rate};

/// Most orders of a side.
pub const LEVELS_MAX: u8 = 10;
/// How many outputs a program has that quotes.
pub const OUTPUTS: usize = 4;

/// Terms that cannot be quoted on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TermsError {
    /// Too few or too many.
    #[error("levels must be a whole number from 1 to {LEVELS_MAX}, not {0}")]
    Levels(u32),
    /// No part of a price.
    #[error("requote must be a number from 0 to below 1, a fraction of the price, not {0}")]
    Requote(f64),
}

/// What of a quote is said once and not at every change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    levels: u8,
    requote: f64,
}

impl Terms {
    /// So many orders a side, which are moved where a wanted price has moved by more than `requote`
    /// of the price that is quoted around.
    pub fn new(levels: u32, requote: f64) -> Result<Self, TermsError> {
        if !(0.0..1.0).contains(&requote) {
            return Err(TermsError::Requote(requote));
        }
        match u8::try_from(levels) {
            Ok(levels @ 1..=LEVELS_MAX) => Ok(Self { levels, requote }),
            Ok(_) | Err(_) => Err(TermsError::Levels(levels)),
        }
    }
}

/// The sides that may be quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    /// Whether bids may.
    pub bid: bool,
    /// Whether asks may.
    pub ask: bool,
}

/// What a program says, one output each, in this order. What is no number above zero quotes
/// nothing: an offset on its side, the others on both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    /// How far below `around` the first bid lies, as a fraction of it.
    pub bid_offset: f64,
    /// How far above `around` the first ask lies, as a fraction of it.
    pub ask_offset: f64,
    /// What each order is worth, as a fraction of the sleeve's equity.
    pub size: f64,
    /// The price that is quoted around.
    pub around: f64,
}

impl Offer {
    /// From a program's outputs.
    #[inline]
    pub fn of(output: impl Fn(usize) -> f64) -> Self {
        let [bid_offset, ask_offset, size, around] = [0, 1, 2, 3].map(output);
        Self { bid_offset, ask_offset, size, around }
    }

    /// The quote that is meant, nowhere across the touch; without a touch nothing is quoted.
    #[must_use]
    pub fn wanted(
        &self,
        terms: &Terms,
        touch: Option<Touch>,
        sides: Sides,
        rules: &Instrument,
    ) -> TwoSided {
        // Not a number, or too large: no size.
        let size = rate_down(self.size).unwrap_or_default().max(Rate::ZERO);
        let touch = touch.filter(|_| size.is_positive() && self.around > 0.0);
        let quoted = |side: Side, offset: f64| {
            let touch = touch.filter(|_| offset > 0.0)?;
            let distance = self.around * offset;
            let step = rules.price(distance).ok()?;
            let price = match side {
                Side::Buy => rules.price_down(self.around - distance).ok()?,
                Side::Sell => rules.price_up(self.around + distance).ok()?,
            };
            let quoted = clear_of(touch, side, QuoteSide { price, step }, rules.tick)?;
            level(side, quoted, 0, rules.tick).map(|_| quoted)
        };
        TwoSided {
            bid: if sides.bid { quoted(Side::Buy, self.bid_offset) } else { None },
            ask: if sides.ask { quoted(Side::Sell, self.ask_offset) } else { None },
            size,
            levels: terms.levels,
        }
    }

    /// What to quote now, where that is anything new. `last` was wanted before; a side that moved
    /// no further than allowed stays where it was. `anew`: a price has lost its order.
    #[must_use]
    pub fn due(
        &self,
        terms: &Terms,
        (last, anew): (Option<TwoSided>, bool),
        wanted: TwoSided,
        rules: &Instrument,
    ) -> Option<TwoSided> {
        let Some(last) = last else {
            return Some(wanted);
        };
        // Around what is no price nothing is wanted, and that is always a move.
        let slack = rules.price(terms.requote * self.around).unwrap_or_default();
        let levels = wanted.levels;
        let stays = |side: Side| {
            let (before, now) = (side_of(&last, side), side_of(&wanted, side));
            stays(side, (before, now), levels, (slack, rules.tick))
        };
        let (bid_stays, ask_stays) = (stays(Side::Buy), stays(Side::Sell));
        let resized = is_resized(&last, &wanted);
        if bid_stays && ask_stays && !resized && !anew {
            return None;
        }
        let kept = TwoSided {
            bid: if bid_stays { last.bid } else { wanted.bid },
            ask: if ask_stays { last.ask } else { wanted.ask },
            ..wanted
        };
        // A side that stays must not stand in the way of one that moves.
        Some(if crosses_itself(&kept, rules.tick) { wanted } else { kept })
    }
}

/// One side of a quote.
#[must_use]
pub const fn side_of(quote: &TwoSided, side: Side) -> Option<QuoteSide> {
    match side {
        Side::Buy => quote.bid,
        Side::Sell => quote.ask,
    }
}

/// Whether every order has another size now, wherever it lies.
#[must_use]
pub fn is_resized(last: &TwoSided, wanted: &TwoSided) -> bool {
    last.size != wanted.size
}

fn crosses_itself(quote: &TwoSided, tick: Price) -> bool {
    let first = |side| side_of(quote, side).and_then(|quoted| level(side, quoted, 0, tick));
    first(Side::Buy).zip(first(Side::Sell)).is_some_and(|(bid, ask)| bid >= ask)
}

/// The same side of a quote, begun behind the best price of the other side.
#[must_use]
pub fn clear_of(touch: Touch, side: Side, quoted: QuoteSide, tick: Price) -> Option<QuoteSide> {
    let price = match side {
        Side::Buy => quoted.price.min(touch.ask.minus(tick).ok()?),
        Side::Sell => quoted.price.max(touch.bid.plus(tick).ok()?),
    };
    Some(QuoteSide { price, ..quoted })
}

/// The price of level `k` of a side, counted from 0, on the tick away from the touch. Levels lie at
/// least a tick apart, so that no two are the same; below nothing there is none.
#[must_use]
pub fn level(side: Side, quoted: QuoteSide, k: u8, tick: Price) -> Option<Price> {
    let behind = quoted.step.max(tick).mantissa().checked_mul(i64::from(k))?;
    let (first, tick) = (quoted.price.mantissa(), tick.mantissa());
    let price = match side {
        Side::Buy => {
            let exact = first.checked_sub(behind)?;
            exact.checked_sub(exact.checked_rem_euclid(tick)?)?
        }
        Side::Sell => {
            let exact = first.checked_add(behind)?;
            // What is missing to the next tick.
            exact.checked_add(exact.checked_neg()?.checked_rem_euclid(tick)?)?
        }
    };
    Some(Price::new(price)).filter(|price| price.is_positive())
}

/// Every price of a side, the first one first.
pub fn levels(
    side: Side,
    quoted: QuoteSide,
    count: u8,
    tick: Price,
) -> impl Iterator<Item = Price> {
    (0..count).filter_map(move |k| level(side, quoted, k, tick))
}

/// Whether no level of a side moved by more than `slack`, and none came or went.
fn stays(
    side: Side,
    (last, wanted): (Option<QuoteSide>, Option<QuoteSide>),
    levels: u8,
    (slack, tick): (Price, Price),
) -> bool {
    let (Some(last), Some(wanted)) = (last, wanted) else {
        return last.is_none() && wanted.is_none();
    };
    if last == wanted {
        return true;
    }
    (0..levels).all(|k| match (level(side, last, k, tick), level(side, wanted, k, tick)) {
        (Some(last), Some(wanted)) => {
            last.mantissa().abs_diff(wanted.mantissa()) <= slack.mantissa().unsigned_abs()
        }
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    })
}
