//! A market made from a seed: order flow without intelligence around a latent value.
//!
//! Limit orders, cancels and market orders arrive at random, as in the models of Smith, Farmer,
//! Gillemot and Krishnamurthy (2003) and Cont, Stoikov and Talreja (2010): limit orders at
//! distances that fall off with a power law (Bouchaud, Mézard and Potters, 2002), cancels in
//! proportion to what rests, market orders with heavy tails (Gopikrishnan et al., 2000) that excite
//! further activity (Hawkes, 1971). The value (`value`) moves by itself; orders that it has left
//! behind are taken or withdrawn, and so the book follows. Prices lie on a grid of about a fifth of
//! a basis point, or on the tick where that is coarser: on a tick a hundred times finer than the
//! spread, no two orders would ever meet at a price.

use std::collections::VecDeque;

use super::chance::Chance;
use super::ladder::{LEVELS_MAX, LEVELS_MIN, Ladder};
use super::shape::Shape;
use super::value::{STEP_NS, Value};
use crate::event::{Side, Tick, TickKind};
use crate::instrument::{Instrument, InstrumentId};
use crate::units::{Nanos, Price, Qty};

/// Limit orders a second, before activity.
const LIMIT_RATE: f64 = 6.0;
/// Cancels a second of each level.
const CANCEL_RATE: f64 = 0.155;
/// Market orders a second.
const TAKE_RATE: f64 = 1.4;
/// How often a second a level that the value has left behind is noticed, for each half spread that
/// it lies off.
const STALE_RATE: f64 = 40.0;
/// Of those noticed: how many are taken; the others are withdrawn in time.
const STALE_TAKEN: f64 = 0.5;
/// Of cancels: how many take the whole level away.
const CANCEL_WHOLE: f64 = 0.4;

/// What a market order adds to the activity, and how much of that is left a step later (2 s).
const EXCITEMENT: (f64, f64) = (0.17, 0.951_229);
/// The activity grows no further than this above its rest.
const EXCITEMENT_MAX: f64 = 6.0;
/// The part of market orders that go the way of the one before: large orders come in pieces.
const HERDING: f64 = 0.4;

/// The smallest limit order, in quote units; sizes fall off with the second power.
const LIMIT_QUOTE: f64 = 6_000.0;
/// The smallest market order, in quote units; sizes fall off with the power 1.5.
const TAKE_QUOTE: f64 = 500.0;
/// The size of the order that a jump begins with, in quote units; it falls off like market orders.
const JUMP_QUOTE: f64 = 150_000.0;
/// The largest order, in units of the smallest of its kind.
const SIZE_MAX: f64 = 400.0;
/// The most levels that one market order takes from.
const SWEEP_LEVELS: usize = 8;
/// The most levels that the order of a jump takes from.
const JUMP_LEVELS: usize = 20;
/// What the order of a jump tells at most: of each level a trade, what is left, one further out.
const DUE_CAPACITY: usize = 3 * JUMP_LEVELS + 4;
/// Levels of a side of the first book.
const FIRST_LEVELS: usize = 20;

/// An endless simulated market of one instrument. The same seed gives the same ticks.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct SimulatedMarket {
    instrument: InstrumentId,
    shape: Shape,
    chance: Chance,
    value: Value,
    bids: Ladder,
    asks: Ladder,
    step_start: Nanos,
    /// How far the step of the value is gone.
    step_ns: i64,
    excitement: f64,
    last_taker: Side,
    due: VecDeque<Tick>,
}

#[derive(Clone, Copy)]
enum Happening {
    Limit,
    Cancel,
    Take,
    Stale(Side),
    Jump(Side),
}

/// How often a second each thing happens now.
struct Rates {
    limit: f64,
    cancel: f64,
    take: f64,
    stale: f64,
    stale_side: Side,
}

impl SimulatedMarket {
    /// A market that opens at `start`, at about `price`: a price under 40 ticks is raised to that,
    /// because a book needs room above zero.
    #[must_use]
    pub fn new(
        instrument: InstrumentId,
        rules: &Instrument,
        price: Price,
        seed: u64,
        start: Nanos,
    ) -> Self {
        let mut chance = Chance::new(seed, instrument.0);
        let shape = Shape::new(rules, price);
        let value = Value::new(shape.steps(price), &mut chance);
        let mut market = Self {
            instrument,
            shape,
            chance,
            value,
            bids: Ladder::new(),
            asks: Ladder::new(),
            step_start: start,
            step_ns: 0,
            excitement: 0.0,
            last_taker: Side::Buy,
            due: VecDeque::with_capacity(DUE_CAPACITY),
        };
        market.open();
        market
    }

    /// The next tick. It never ends, and its time never falls.
    #[allow(clippy::should_implement_trait, reason = "an endless market has no None to give")]
    pub fn next(&mut self) -> Tick {
        loop {
            if let Some(tick) = self.due.pop_front() {
                // Something is always due, so that `next_ns` knows.
                if self.due.is_empty() {
                    self.happen();
                }
                return tick;
            }
            self.happen();
        }
    }

    /// When the tick happens that [`SimulatedMarket::next`] gives.
    #[must_use]
    pub fn next_ns(&self) -> Nanos {
        self.due.front().map_or_else(|| self.now(), |tick| tick.ts)
    }

    fn open(&mut self) {
        self.tell(TickKind::Clear);
        for side in Side::ALL {
            let mut rank = self.uncrossed(side, self.quoted_rank(side));
            for _ in 0..FIRST_LEVELS {
                if Ladder::step(side, rank) < 1 {
                    break;
                }
                let lots = self.limit_lots();
                self.set_level(side, rank, lots);
                rank -= 1 + i64::from(self.chance.happens(0.5));
            }
        }
    }

    /// Something happens: at least one tick is due then.
    fn happen(&mut self) {
        while self.due.is_empty() {
            match self.wait() {
                Happening::Limit => self.limit(),
                Happening::Cancel => self.cancel(),
                Happening::Take => self.take(),
                Happening::Stale(side) => self.correct(side),
                Happening::Jump(taker) => {
                    let lots = self.taken_lots(JUMP_QUOTE);
                    self.sweep(taker, lots, JUMP_LEVELS, self.quoted_rank(against(taker)));
                }
            }
        }
    }

    /// Time passes until something happens. Rates hold between steps of the value, so that the
    /// hazard adds up exactly.
    fn wait(&mut self) -> Happening {
        let mut left = self.chance.exponential();
        loop {
            let rates = self.rates();
            let rate_ns = rates.total() * 1e-9;
            let wait_ns = left / rate_ns;
            let rest_ns = (STEP_NS - self.step_ns) as f64;
            if wait_ns < rest_ns {
                self.step_ns += wait_ns as i64;
                return rates.pick(&mut self.chance);
            }
            left -= rest_ns * rate_ns;
            self.step_start = Nanos::new(self.step_start.mantissa().saturating_add(STEP_NS));
            self.step_ns = 0;
            self.excitement *= EXCITEMENT.1;
            if let Some(taker) = self.value.advance(&mut self.chance) {
                return Happening::Jump(taker);
            }
        }
    }

    fn rates(&self) -> Rates {
        let (bid, ask) = self.touch();
        let value = self.value.now();
        let activity = self.shape.pace * self.value.heat() * (1.0 + self.excitement);
        // Makers come back the sooner the wider the spread stands open.
        let wide = (ask - bid) / (4.0 * self.half_spread() + 4.0);
        // A quote goes stale before the value is past it: its maker asked for some spread.
        let margin = 0.5 * self.half_spread();
        let (stale_side, off) = if ask - value < value - bid {
            (Side::Sell, value + margin - ask)
        } else {
            (Side::Buy, bid + margin - value)
        };
        Rates {
            limit: LIMIT_RATE * activity * wide.clamp(1.0, 4.0),
            cancel: CANCEL_RATE * activity * (self.bids.len() + self.asks.len()) as f64,
            take: TAKE_RATE * activity,
            stale: STALE_RATE * (off / (self.half_spread() + 1.0)).clamp(0.0, 5.0),
            stale_side,
        }
    }

    /// A limit order joins the book, rather on the side that the value has moved away from, never
    /// through the other side.
    fn limit(&mut self) {
        let side = self.lean(2.0);
        let scale = self.shape.distance_steps;
        // A power law of exponent 1 (Lomax), between what was measured: 0.6 and 1.5.
        let distance = scale / self.chance.uniform() - scale;
        let distance = distance.min(self.shape.distance_steps_max) as i64;
        let rank = self.uncrossed(side, self.quoted_rank(side) - distance);
        let lots = self.limit_lots();
        self.join(side, rank, lots);
    }

    /// A limit order, or a part of it, is withdrawn.
    fn cancel(&mut self) {
        let place = self.chance.below(self.bids.len() + self.asks.len());
        let (side, place) = match place.checked_sub(self.bids.len()) {
            Some(place) => (Side::Sell, place),
            None => (Side::Buy, place),
        };
        let Some(level) = self.ladder(side).at(place) else { return };
        let whole = self.chance.happens(CANCEL_WHOLE);
        let kept = (level.lots as f64 * self.chance.uniform()) as i64;
        if !whole && kept > 0 && kept < level.lots {
            self.set_level(side, level.rank, kept);
        } else if self.make_room(side) {
            self.set_level(side, level.rank, 0);
        }
    }

    /// Somebody trades, the more often towards the value the further the book lies off.
    fn take(&mut self) {
        if !self.chance.happens(HERDING) {
            self.last_taker = self.lean(8.0);
        }
        let lots = self.taken_lots(TAKE_QUOTE);
        self.sweep(self.last_taker, lots, SWEEP_LEVELS, i64::MIN);
    }

    /// The side that moves the book towards the value, more often than the other by the distance;
    /// nine of ten times at `spreads` half spreads and more.
    fn lean(&mut self, spreads: f64) -> Side {
        let (bid, ask) = self.touch();
        let off = self.value.now() - 0.5 * (bid + ask);
        let lean = (0.4 * off / (spreads * (self.half_spread() + 1.0))).clamp(-0.4, 0.4);
        if self.chance.happens(0.5 + lean) { Side::Buy } else { Side::Sell }
    }

    /// The best level of `side`, left behind by the value, is withdrawn; or taken, where the value
    /// is past it.
    fn correct(&mut self, side: Side) {
        let Some(level) = self.ladder(side).best() else { return };
        let past = match side {
            Side::Buy => self.touch().0 - self.value.now(),
            Side::Sell => self.value.now() - self.touch().1,
        };
        if past > 0.0 && self.chance.happens(STALE_TAKEN) {
            self.sweep(against(side), level.lots, 1, i64::MIN);
        } else if self.make_room(side) {
            self.set_level(side, level.rank, 0);
        }
    }

    /// An order takes from the best levels of the other side, none of a rank under `worst`: each
    /// trade, then what is left of its level.
    fn sweep(&mut self, taker: Side, lots: i64, levels: usize, worst: i64) {
        let side = against(taker);
        let mut left = lots;
        for _ in 0..levels {
            let Some(level) = self.ladder(side).best() else { return };
            let taken = left.min(level.lots);
            if taken <= 0 || level.rank < worst || (taken == level.lots && !self.make_room(side)) {
                break;
            }
            let (price, qty) = (self.price(side, level.rank), self.qty(taken));
            self.tell(TickKind::Trade { aggressor: taker, price, qty });
            self.set_level(side, level.rank, level.lots - taken);
            left -= taken;
        }
        // As many followers for each market order in a busy market as in a quiet one: half of one,
        // so that excitement dies out.
        let added = EXCITEMENT.0 / (self.shape.pace * self.value.heat());
        self.excitement = (self.excitement + added).min(EXCITEMENT_MAX);
    }

    /// Adds to a level. Where the side is full its farthest level makes place, or is added to.
    fn join(&mut self, side: Side, rank: i64, lots: i64) {
        let ladder = self.ladder(side);
        let mut rank = if side == Side::Buy { rank.max(1) } else { rank };
        if ladder.len() >= LEVELS_MAX
            && ladder.lots(rank) == 0
            && let Some(farthest) = ladder.farthest()
        {
            if rank < farthest.rank {
                rank = farthest.rank;
            } else {
                self.set_level(side, farthest.rank, 0);
            }
        }
        let held = self.ladder(side).lots(rank);
        self.set_level(side, rank, held.saturating_add(lots).min(self.shape.lots_max));
    }

    /// Whether the side can lose a level: where few are left, one further out is added before.
    fn make_room(&mut self, side: Side) -> bool {
        let ladder = self.ladder(side);
        if ladder.len() > LEVELS_MIN {
            return true;
        }
        let Some(farthest) = ladder.farthest() else { return false };
        let further = (farthest.rank - 1).min(self.quoted_rank(side));
        let further = further - i64::from(self.chance.happens(0.5));
        let rank = match side {
            Side::Buy if further < 1 => self.ladder(side).gap(1),
            Side::Buy | Side::Sell => Some(further),
        };
        let Some(rank) = rank else { return false };
        let lots = self.limit_lots();
        self.set_level(side, rank, lots);
        true
    }

    /// The rank, or where the other side stands in its way, the best one in front of that.
    fn uncrossed(&self, side: Side, rank: i64) -> i64 {
        self.ladder(against(side)).best().map_or(rank, |other| rank.min(-other.rank - 1))
    }

    /// The best rank that makers would quote around the value now.
    fn quoted_rank(&self, side: Side) -> i64 {
        let value = match side {
            Side::Buy => self.value.now(),
            Side::Sell => -self.value.now(),
        };
        (value - self.half_spread()).floor() as i64
    }

    fn half_spread(&self) -> f64 {
        let heat = self.value.heat();
        self.shape.half_spread_steps * (0.5 + 0.5 * heat * heat)
    }

    /// Best bid and best ask, in steps of the grid.
    fn touch(&self) -> (f64, f64) {
        let rank = |ladder: &Ladder| ladder.best().map(|level| level.rank as f64);
        let value = self.value.now();
        (rank(&self.bids).unwrap_or(value), rank(&self.asks).map_or(value, |rank| -rank))
    }

    fn limit_lots(&mut self) -> i64 {
        let heavy = 1.0 / self.chance.uniform().sqrt();
        self.shape.lots(LIMIT_QUOTE * heavy.min(SIZE_MAX))
    }

    fn taken_lots(&mut self, smallest_quote: f64) -> i64 {
        let root = libm::cbrt(self.chance.uniform());
        let heavy = 1.0 / (root * root);
        self.shape.lots(smallest_quote * heavy.min(SIZE_MAX))
    }

    fn set_level(&mut self, side: Side, rank: i64, lots: i64) {
        self.ladder_mut(side).set(rank, lots);
        let (price, qty) = (self.price(side, rank), self.qty(lots));
        self.tell(TickKind::Level { side, price, qty });
    }

    fn tell(&mut self, kind: TickKind) {
        let (instrument, ts) = (self.instrument, self.now());
        self.due.push_back(Tick { instrument, ts, last: true, kind });
    }

    fn now(&self) -> Nanos {
        Nanos::new(self.step_start.mantissa().saturating_add(self.step_ns))
    }

    fn price(&self, side: Side, rank: i64) -> Price {
        Price::new(Ladder::step(side, rank).saturating_mul(self.shape.grid))
    }

    fn qty(&self, lots: i64) -> Qty {
        Qty::new(lots.saturating_mul(self.shape.lot))
    }

    fn ladder(&self, side: Side) -> &Ladder {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn ladder_mut(&mut self, side: Side) -> &mut Ladder {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

impl Rates {
    fn total(&self) -> f64 {
        self.limit + self.cancel + self.take + self.stale
    }

    fn pick(&self, chance: &mut Chance) -> Happening {
        let at = chance.uniform() * self.total();
        if at < self.limit {
            Happening::Limit
        } else if at < self.limit + self.cancel {
            Happening::Cancel
        } else if at < self.limit + self.cancel + self.take {
            Happening::Take
        } else {
            Happening::Stale(self.stale_side)
        }
    }
}

/// The other side.
fn against(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}
