//! What an instrument's rules make of a simulated market: its grid, and fractions of the price and
//! quote units in steps of that grid and in lots.

use super::value::GRID_STEPS_MIN;
use crate::instrument::Instrument;
use crate::units::{Price, Qty};

/// Step of the grid as a fraction of the price, before it is rounded down to 1, 2 or 5 × 10ⁿ ticks.
const GRID: f64 = 2e-5;
/// Half the spread that makers ask for at the median volatility, as a fraction of the price.
const HALF_SPREAD: f64 = 8e-5;
/// The distance within which half of the limit orders are placed, as a fraction of the price.
const DISTANCE: f64 = 5e-5;
/// No limit order is placed further from the best that makers would quote.
const DISTANCE_MAX: f64 = 1.2e-3;

/// What the instrument's rules make of fractions and quote units.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Shape {
    /// A step of the grid, as the integer of a price.
    pub(super) grid: i64,
    /// A lot, as the integer of a size.
    pub(super) lot: i64,
    lots_a_quote: f64,
    /// So many that what rests is far from overflow.
    pub(super) lots_max: i64,
    /// How much busier the market is: on a coarse grid, a level stands for several.
    pub(super) pace: f64,
    /// Half the spread at the median volatility.
    pub(super) half_spread_steps: f64,
    /// Half of the limit orders are placed within it.
    pub(super) distance_steps: f64,
    /// None is placed beyond it.
    pub(super) distance_steps_max: f64,
}

impl Shape {
    pub(super) fn new(rules: &Instrument, price: Price) -> Self {
        let tick = rules.tick.mantissa().clamp(1, i64::MAX >> 20);
        // A factor of 2¹⁰ is left for a price that moves.
        let start = price.mantissa().clamp(tick, i64::MAX >> 10);
        let grid = tick * round_step(start as f64 * GRID / tick as f64);
        let step = grid as f64 / start as f64;
        let lot = rules.lot.mantissa().max(1);
        let lot_quote = rules.price_as_f64(Price::new(start)) * rules.qty_as_f64(Qty::new(lot));
        Self {
            grid,
            lot,
            lots_a_quote: 1.0 / lot_quote,
            lots_max: (i64::MAX / lot / 2).max(1),
            pace: (step / GRID).sqrt().clamp(1.0, 1.6),
            // Rounding outwards to the grid adds half a step on average.
            half_spread_steps: (HALF_SPREAD / step - 0.5).max(0.0),
            // On a coarse grid orders would all meet at one price.
            distance_steps: (DISTANCE / step).max(1.5),
            distance_steps_max: (DISTANCE_MAX / step).max(12.0),
        }
    }

    /// A price, in steps of the grid; one too low for a book is raised.
    pub(super) fn steps(&self, price: Price) -> f64 {
        let steps = price.mantissa().min(i64::MAX >> 10) as f64 / self.grid as f64;
        steps.max(GRID_STEPS_MIN)
    }

    /// What an order of so many quote units is worth in lots: at least one.
    pub(super) fn lots(&self, quote: f64) -> i64 {
        ((quote * self.lots_a_quote) as i64).clamp(1, self.lots_max)
    }
}

/// The largest of 1, 2 and 5 × 10ⁿ that is at most `wanted`; at least 1.
fn round_step(wanted: f64) -> i64 {
    let (mut round, mut power) = (1_i64, 1_i64);
    while power <= i64::MAX / 100 {
        for step in [power, power * 2, power * 5] {
            if step as f64 <= wanted {
                round = step;
            }
        }
        power *= 10;
    }
    round
}
