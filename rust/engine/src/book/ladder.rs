//! Every level of a market, as it is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::Side;
use crate::units::{Price, Qty};

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
