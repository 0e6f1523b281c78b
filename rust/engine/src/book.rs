//! The touch of the market, the mark made of it, and the ladder of all levels.
//!
//! Bars give the last price, quotes the touch. A crossed touch is not believed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{Quote, Side};
use crate::exposure::Mark;
use crate::units::{Nanos, Price, Qty};

/// Best bid, best ask and last price of one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Book {
    touch: Option<(Price, Price)>,
    mark: Option<Mark>,
}

impl Book {
    /// A bar closed at `price`.
    pub fn on_close(&mut self, price: Price, ts: Nanos) {
        self.mark = Some(Mark { price, ts });
    }

    /// The touch changed. The mark becomes the mid, rounded down; a crossed or empty touch takes
    /// the mark away, so that nothing is traded on it.
    pub fn on_quote(&mut self, quote: &Quote) {
        let (bid, ask) = (quote.bid.mantissa(), quote.ask.mantissa());
        let believable = bid > 0 && bid < ask;
        self.touch = believable.then_some((quote.bid, quote.ask));
        self.mark =
            believable.then(|| Mark { price: Price::new(bid + (ask - bid) / 2), ts: quote.ts });
    }

    /// Highest bid and lowest ask, where they are known and not crossed.
    #[must_use]
    pub fn touch(&self) -> Option<(Price, Price)> {
        self.touch
    }

    /// The price to value and check at.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.mark
    }
}

/// Every level of a market, as it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    bids: BTreeMap<Price, Qty>,
    asks: BTreeMap<Price, Qty>,
}

impl Ladder {
    /// The market is empty.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// A level holds `qty` now; what was never there may be taken away.
    pub fn set(&mut self, side: Side, price: Price, qty: Qty) {
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        if qty.is_positive() {
            levels.insert(price, qty);
        } else {
            levels.remove(&price);
        }
    }

    /// How much stands at a price.
    #[must_use]
    pub fn at(&self, side: Side, price: Price) -> Qty {
        let levels = match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        };
        levels.get(&price).copied().unwrap_or_default()
    }

    /// The best price of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Price> {
        match side {
            Side::Buy => self.bids.keys().next_back().copied(),
            Side::Sell => self.asks.keys().next().copied(),
        }
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Qty)> + '_ {
        let (bids, asks) = match side {
            Side::Buy => (Some(&self.bids), None),
            Side::Sell => (None, Some(&self.asks)),
        };
        let bids = bids.into_iter().flat_map(|bids| bids.iter().rev());
        let asks = asks.into_iter().flatten();
        bids.chain(asks).map(|(price, qty)| (*price, *qty))
    }
}
