//! SIMULATED updates of one book, drawn from a seed: what books are compared on.
//!
//! A snapshot of 1,000 levels a side, then updates of which 70 % lie within five ticks of the
//! touch, 28 % within twenty and 2 % out to a thousand. Where the spread is open, one in four
//! narrows it. One in four updates of a level that stands takes it away, which makes about a fifth
//! of all. The book is never crossed. The touch after each update is known while it is drawn, by a
//! plain array: its sum is the checksum that every book must come to.

use bot4_engine::event::Side;
use bot4_engine::units::{Price, Qty};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::GaugeError;

/// Ticks that prices may lie in.
const WIDTH: usize = 40_000;
const FIRST_TICK: i64 = 280_000;
const MIDDLE: i64 = 20_000;
const SNAPSHOT_LEVELS: i64 = 1_000;
const LOTS_MAX: u64 = 4_999;
/// An odd number near 2⁶⁴ ÷ φ: seeds that follow each other begin far apart.
const WEYL: u64 = 0x9E37_79B9_7F4A_7C15;

/// A level holds so much now; none: it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Update {
    /// Bids or asks.
    pub side: Side,
    /// In ticks.
    pub price: Price,
    /// In lots.
    pub qty: Qty,
}

/// A book's beginning, what it is told after that, and what its touches come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The levels it begins with, best first, bids before asks.
    pub snapshot: Vec<Update>,
    /// What it is told then.
    pub updates: Vec<Update>,
    /// The best bid and the best ask, in ticks, after each update, all added up.
    pub checksum: i64,
}

impl Flow {
    /// Draw one; equal seeds give equal flows.
    pub fn new(seed: u64, updates: usize) -> Result<Self, GaugeError> {
        let mut draw = Draw::new(seed);
        let mut market = Market::new();
        let mut snapshot = Vec::new();
        for side in [Side::Buy, Side::Sell] {
            for away in 0..SNAPSHOT_LEVELS {
                let place = market.away(side, away);
                let lots = draw.lots();
                market.put(side, place, lots)?;
                snapshot.push(update(side, place, lots));
            }
        }
        let mut told = Vec::with_capacity(updates);
        let mut checksum = 0;
        for _ in 0..updates {
            let (side, place, lots) = market.next(&mut draw)?;
            market.put(side, place, lots)?;
            market.settle(side, place, lots)?;
            checksum += 2 * FIRST_TICK + market.bid + market.ask;
            told.push(update(side, place, lots));
        }
        Ok(Self { snapshot, updates: told, checksum })
    }
}

fn update(side: Side, place: i64, lots: i64) -> Update {
    Update { side, price: Price::new(FIRST_TICK + place), qty: Qty::new(lots) }
}

/// The book by which updates are drawn: lots by place, and both touches.
struct Market {
    bids: Vec<i64>,
    asks: Vec<i64>,
    bid: i64,
    ask: i64,
}

impl Market {
    fn new() -> Self {
        Self { bids: vec![0; WIDTH], asks: vec![0; WIDTH], bid: MIDDLE - 1, ask: MIDDLE }
    }

    /// The place so many ticks behind the touch.
    fn away(&self, side: Side, ticks: i64) -> i64 {
        match side {
            Side::Buy => self.bid - ticks,
            Side::Sell => self.ask + ticks,
        }
    }

    fn at(&self, side: Side, place: i64) -> Result<i64, GaugeError> {
        let lots = match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        };
        let place = usize::try_from(place).map_err(|_| GaugeError::Range(WIDTH))?;
        lots.get(place).copied().ok_or(GaugeError::Range(WIDTH))
    }

    /// Where the next update falls, and what it leaves there.
    fn next(&self, draw: &mut Draw) -> Result<(Side, i64, i64), GaugeError> {
        let side = if draw.below(2) == 0 { Side::Buy } else { Side::Sell };
        let ticks = draw.distance();
        let narrows = draw.below(4) == 0 && self.ask - self.bid > 1;
        let removes = draw.below(4) == 0;
        let lots = draw.lots();
        let place = self.away(side, if narrows { -1 } else { ticks });
        let stands = self.at(side, place)? > 0;
        Ok((side, place, if stands && removes { 0 } else { lots }))
    }

    fn put(&mut self, side: Side, place: i64, lots: i64) -> Result<(), GaugeError> {
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        let place = usize::try_from(place).map_err(|_| GaugeError::Range(WIDTH))?;
        *levels.get_mut(place).ok_or(GaugeError::Range(WIDTH))? = lots;
        Ok(())
    }

    /// Find both touches again after one level was put.
    fn settle(&mut self, side: Side, place: i64, lots: i64) -> Result<(), GaugeError> {
        match side {
            Side::Buy if lots > 0 => self.bid = self.bid.max(place),
            Side::Sell if lots > 0 => self.ask = self.ask.min(place),
            Side::Buy | Side::Sell => {}
        }
        while self.at(Side::Buy, self.bid)? == 0 {
            self.bid -= 1;
        }
        while self.at(Side::Sell, self.ask)? == 0 {
            self.ask += 1;
        }
        Ok(())
    }
}

/// Numbers from a seed.
pub(crate) struct Draw(Pcg64Mcg);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        let state = u128::from(seed.wrapping_add(WEYL)) << 64 | u128::from(seed ^ WEYL);
        Self(Pcg64Mcg::from_seed(state.to_le_bytes()))
    }

    /// A whole number from 0 up to, not including, `count`.
    pub(crate) fn below(&mut self, count: u64) -> i64 {
        let drawn = (u128::from(self.0.next_u64()) * u128::from(count)) >> 64;
        i64::try_from(drawn).unwrap_or(0)
    }

    pub(crate) fn lots(&mut self) -> i64 {
        1 + self.below(LOTS_MAX)
    }

    /// Ticks behind the touch: 70 % from 0 to 4, 28 % from 5 to 19, 2 % from 20 to 999.
    fn distance(&mut self) -> i64 {
        match self.below(100) {
            ..70 => self.below(5),
            70..98 => 5 + self.below(15),
            98.. => 20 + self.below(980),
        }
    }
}
