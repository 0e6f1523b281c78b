//! Every level of a market: set one in constant time, read the touch in constant time.
//!
//! Prices are counted in steps of a grid that is found by itself: the greatest common divisor of
//! all prices seen, so that any tick of any venue is dense here.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::grid::Grid;
use super::levels::{Laid, Levels};
use crate::event::Side;
use crate::units::{Price, Qty};

/// Every level of a market, as it is told.
#[derive(Debug, Default)]
pub struct Ladder {
    grid: Grid,
    /// Bids, then asks: told apart by counting, not by a branch.
    sides: [Levels; 2],
}

impl Ladder {
    /// The market is empty, and its grid is found anew.
    pub fn clear(&mut self) {
        self.grid = Grid::default();
        for side in &mut self.sides {
            side.clear();
        }
    }

    /// A level holds `qty` now, nothing: it is gone; what was never there may be taken away. A
    /// price that is not above zero is no level.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: a call costs as much as the update")]
    pub fn set(&mut self, side: Side, price: Price, qty: Qty) {
        let qty = qty.mantissa().max(0);
        let Some(rank) = self.grid.rank(price.mantissa()) else {
            return self.refine(side, price, qty);
        };
        // Bids count upwards, asks downwards, so that on both sides the better rank is higher.
        if let Some(levels) = self.sides.get_mut(side as usize) {
            levels.set(rank.wrapping_mul(side.sign()), qty);
        }
    }

    /// A price between the steps.
    #[cold]
    #[inline(never)]
    fn refine(&mut self, side: Side, price: Price, qty: i64) {
        if price.is_positive() && qty != 0 {
            self.refine_to(price);
            self.set(side, price, Qty::new(qty));
        }
    }

    /// The grid becomes finer, and every level is laid anew. Each time divides the step by two or
    /// more: what was set between two clears is laid 63 times at the most.
    fn refine_to(&mut self, price: Price) {
        let finer = self.grid.with(price.mantissa());
        for (side, levels) in Side::ALL.into_iter().zip(&mut self.sides) {
            let rank = |rank: i64| {
                let price = self.grid.price(rank.wrapping_abs());
                finer.rank(price).map(|rank| rank * side.sign())
            };
            let known = levels.iter().filter_map(|(old, qty)| Some((rank(old)?, qty)));
            let (known, cut) = (known.collect(), levels.cut().and_then(rank));
            levels.lay(&Laid { levels: known, cut, lowest: None });
        }
        self.grid = finer;
    }

    #[inline]
    fn side(&self, side: Side) -> &Levels {
        let [bids, asks] = &self.sides;
        match side {
            Side::Buy => bids,
            Side::Sell => asks,
        }
    }

    /// How much stands at a price.
    #[inline]
    #[must_use]
    pub fn at(&self, side: Side, price: Price) -> Qty {
        let rank = self.grid.rank(price.mantissa());
        rank.map_or(Qty::ZERO, |rank| Qty::new(self.side(side).at(rank * side.sign())))
    }

    /// The best price of a side.
    #[inline]
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Price> {
        self.best_level(side).map(|(price, _)| price)
    }

    /// The best price of a side, and what stands there.
    #[inline]
    #[must_use]
    pub fn best_level(&self, side: Side) -> Option<(Price, Qty)> {
        let (rank, qty) = self.side(side).best()?;
        Some((Price::new(self.grid.price(rank.wrapping_abs())), Qty::new(qty)))
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Qty)> + '_ {
        let price = |rank: i64| Price::new(self.grid.price(rank.wrapping_abs()));
        self.side(side).iter().map(move |(rank, qty)| (price(rank), Qty::new(qty)))
    }

    /// Changes when one of the levels changed that [`Ladder::depth`] was asked for.
    #[inline]
    #[must_use]
    pub fn turn(&self, side: Side) -> u64 {
        self.side(side).turn()
    }

    /// What the `count` best levels of a side hold together; `None` where that does not fit. What
    /// is asked for once is kept from then on, and [`Ladder::turn`] tells whether it has changed.
    #[inline]
    pub fn depth(&mut self, side: Side, count: u32) -> Option<Qty> {
        self.sides.get_mut(side as usize)?.add_up(count).map(Qty::new)
    }

    /// How many levels a side has.
    #[must_use]
    pub fn len(&self, side: Side) -> usize {
        self.side(side).len()
    }

    /// Whether neither side has a level.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sides.iter().all(|side| side.best().is_none())
    }

    /// What taking `qty` from a side costs, as Σ price × size of their integers, best first;
    /// `None` where the side holds less, or the sum does not fit.
    #[must_use]
    pub fn sweep(&self, side: Side, qty: Qty) -> Option<i128> {
        let (mut left, mut cost) = (qty.mantissa(), 0_i128);
        for (price, shown) in self.levels(side) {
            let taken = left.min(shown.mantissa());
            cost = cost.checked_add(i128::from(price.mantissa()) * i128::from(taken))?;
            left -= taken;
            if left <= 0 {
                return Some(cost);
            }
        }
        None
    }

    /// The best price of those that a side does not know, where it let some go: it holds no more
    /// than 65,536 levels far from the touch, and is known down to the worst that is left.
    #[must_use]
    pub fn cut(&self, side: Side) -> Option<Price> {
        let rank = self.side(side).cut()?;
        Some(Price::new(self.grid.price(rank.wrapping_abs())))
    }
}

impl Clone for Ladder {
    fn clone(&self) -> Self {
        let [bids, asks] = &self.sides;
        Self { grid: self.grid, sides: [bids.laid_again(), asks.laid_again()] }
    }
}

impl PartialEq for Ladder {
    fn eq(&self, other: &Self) -> bool {
        Side::ALL.into_iter().all(|side| {
            self.cut(side) == other.cut(side) && self.levels(side).eq(other.levels(side))
        })
    }
}

impl Eq for Ladder {}

impl Serialize for Ladder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [bids, asks] = &self.sides;
        (self.grid.step(), [bids.laid(), asks.laid()]).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Ladder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (step, laid) = <(i64, [Laid; 2])>::deserialize(deserializer)?;
        let mut ladder = Self::default();
        if step > 0 {
            ladder.grid = ladder.grid.with(step);
        }
        for (levels, laid) in ladder.sides.iter_mut().zip(&laid) {
            levels.lay(laid);
        }
        Ok(ladder)
    }
}
