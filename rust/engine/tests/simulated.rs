//! The simulated market: the same for a seed for ever, a sound book after every tick, and the
//! stylised facts of returns (R. Cont, 2001, "Empirical properties of asset returns: stylized facts
//! and statistical issues", Quantitative Finance 1).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::print_stdout, reason = "a seed prints, and what was measured of its market")]

use std::collections::BTreeMap;

use bot4_engine::asset::Asset;
use bot4_engine::event::{Side, Tick, TickKind};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::market::SimulatedMarket;
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};

const START: Nanos = Nanos::new(1_700_000_000_000_000_000);
/// What 100,000 ticks of `BTC`, seed 7, come to. It changes only when the market is meant to.
const GOLDEN: &str = "a6477e034834a78c86a0189e766a2bcf4997f2769e64d7203adeb970ddc1322e";

/// What is traded, and at what price its market opens.
struct Listing {
    name: &'static str,
    price_scale: u32,
    tick: i64,
    qty_scale: u32,
    lot: i64,
    price: i64,
}

const BTC: Listing = Listing {
    name: "a coin at 60,000, tick 0.01, lot 0.00001",
    price_scale: 2,
    tick: 1,
    qty_scale: 5,
    lot: 1,
    price: 6_000_000,
};
const ETH: Listing = Listing {
    name: "a coin at 3,000, tick 0.01, lot 0.0001",
    price_scale: 2,
    tick: 1,
    qty_scale: 4,
    lot: 1,
    price: 300_000,
};
const CHEAP: Listing = Listing {
    name: "a coin at 0.5, tick 0.0001, lot 0.1",
    price_scale: 4,
    tick: 1,
    qty_scale: 1,
    lot: 1,
    price: 5_000,
};
/// Listings at the edge of what can be said.
const ODD: [Listing; 5] = [
    Listing {
        name: "a fine price scale",
        price_scale: 7,
        tick: 1_000,
        price: 600_000_000_000,
        ..BTC
    },
    Listing { name: "a tick as large as the price", tick: 5_000, ..CHEAP },
    Listing { name: "a price of zero", price: 0, ..CHEAP },
    Listing { name: "a lot worth millions", qty_scale: 0, lot: 100, ..BTC },
    Listing { name: "the largest price", price_scale: 18, qty_scale: 18, price: i64::MAX, ..BTC },
];

impl Listing {
    fn rules(&self) -> Instrument {
        Instrument {
            symbol: "simulated:X".to_owned(),
            base: Asset::of_name("X"),
            quote: Asset::CASH,
            price_scale: self.price_scale,
            qty_scale: self.qty_scale,
            tick: Price::new(self.tick),
            lot: Qty::new(self.lot),
            notional_min: Amount::ZERO,
            notional_max: Amount::new(i128::MAX),
            qty_max: Qty::new(i64::MAX),
            taker_fee: Rate::ZERO,
            maker_fee: Rate::ZERO,
        }
    }

    fn market(&self, seed: u64) -> SimulatedMarket {
        println!("{}, seed {seed}", self.name);
        let price = Price::new(self.price);
        SimulatedMarket::new(InstrumentId(3), &self.rules(), price, seed, START)
    }
}

fn ticks(market: &mut SimulatedMarket, count: usize) -> Vec<Tick> {
    (0..count).map(|_| market.next()).collect()
}

/// A book of our own, built from nothing but the ticks.
#[derive(Default)]
struct Replayed {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
}

impl Replayed {
    fn side(&mut self, side: Side) -> &mut BTreeMap<i64, i64> {
        if side == Side::Buy { &mut self.bids } else { &mut self.asks }
    }

    fn bid(&self) -> Option<(i64, i64)> {
        self.bids.last_key_value().map(|(&price, &qty)| (price, qty))
    }

    fn ask(&self) -> Option<(i64, i64)> {
        self.asks.first_key_value().map(|(&price, &qty)| (price, qty))
    }

    /// Applies a tick; an impossible one is a failure.
    fn apply(&mut self, tick: &Tick) {
        match tick.kind {
            TickKind::Clear => *self = Self::default(),
            TickKind::Level { side, price, qty } if qty.is_zero() => {
                let gone = self.side(side).remove(&price.mantissa());
                assert!(gone.is_some(), "a level that was not there is gone: {tick:?}");
            }
            TickKind::Level { side, price, qty } => {
                self.side(side).insert(price.mantissa(), qty.mantissa());
            }
            TickKind::Trade { aggressor, price, qty } => {
                let touch = if aggressor == Side::Buy { self.ask() } else { self.bid() };
                let (best, rests) = touch.unwrap();
                assert_eq!(price.mantissa(), best, "a trade past the touch: {tick:?}");
                assert!(0 < qty.mantissa() && qty.mantissa() <= rests, "{tick:?} of {rests}");
            }
        }
    }

    fn mid(&self) -> Option<f64> {
        let (bid, ask) = (self.bid()?.0, self.ask()?.0);
        Some(0.5 * (bid as f64 + ask as f64))
    }
}

/// Every promise that is kept after every tick.
fn check_promises(listing: &Listing, seed: u64, count: usize) {
    let mut market = listing.market(seed);
    let (mut book, mut last, mut traded) = (Replayed::default(), START, None);
    for place in 0..count {
        let announced = market.next_ns();
        let tick = market.next();
        let at = format!("tick {place}: {tick:?}");
        assert_eq!((tick.ts, tick.instrument), (announced, InstrumentId(3)), "{at}");
        assert_eq!(place == 0, tick.kind == TickKind::Clear, "{at}");
        assert!(tick.ts >= last, "{at}: time fell");
        last = tick.ts;
        book.apply(&tick);
        match tick.kind {
            TickKind::Clear => {}
            TickKind::Level { price, qty, .. } | TickKind::Trade { price, qty, .. } => {
                assert!(price.is_positive() && price.mantissa() % listing.tick == 0, "{at}");
                assert!(!qty.is_negative() && qty.mantissa() % listing.lot == 0, "{at}");
            }
        }
        if let Some((side, price, left)) = traded.take() {
            let level = TickKind::Level { side, price, qty: Qty::new(left) };
            assert_eq!(tick.kind, level, "{at}: the level that a trade took from comes next");
        }
        if let TickKind::Trade { aggressor, price, qty } = tick.kind {
            let side = if aggressor == Side::Buy { Side::Sell } else { Side::Buy };
            let rests = book.side(side)[&price.mantissa()];
            traded = Some((side, price, rests - qty.mantissa()));
        }
        if let (Some((bid, _)), Some((ask, _))) = (book.bid(), book.ask()) {
            assert!(bid < ask, "{at}: {bid} against {ask}");
        }
        let levels = [book.bids.len(), book.asks.len()];
        assert!(levels.iter().all(|&held| held <= 40), "{at}: {levels:?}");
        if tick.ts > START {
            assert!(levels.iter().all(|&held| held >= 5), "{at}: {levels:?}");
        }
        if place % 50_000 == 0 {
            let bytes = postcard::to_allocvec(&market).unwrap().len();
            assert!(bytes < 8_192, "{at}: a state of {bytes} bytes");
        }
    }
}

/// A debug build is some ten times slower.
const PROMISED_TICKS: usize = if cfg!(debug_assertions) { 300_000 } else { 1_000_000 };

#[test]
fn keeps_its_promises_after_every_tick() {
    for listing in [BTC, ETH, CHEAP] {
        for seed in [1, 2] {
            check_promises(&listing, seed, PROMISED_TICKS);
        }
    }
}

#[test]
fn keeps_its_promises_at_the_edge_of_what_can_be_listed() {
    for listing in &ODD {
        for seed in 0..3 {
            check_promises(listing, seed, PROMISED_TICKS / 20);
        }
    }
}

#[test]
fn gives_the_same_ticks_for_the_same_seed_on_every_machine() {
    let (mut one, mut other) = (BTC.market(7), BTC.market(7));
    let mut hash = blake3::Hasher::new();
    for tick in ticks(&mut one, 100_000) {
        assert_eq!(tick, other.next());
        hash.update(&postcard::to_allocvec(&tick).unwrap());
    }
    assert_eq!(hash.finalize().to_hex().as_str(), GOLDEN);
}

#[test]
fn gives_other_ticks_for_another_seed_or_place() {
    let kinds = |market: &mut SimulatedMarket| -> Vec<_> {
        ticks(market, 1_000).iter().map(|tick| tick.kind).collect()
    };
    let rules = BTC.rules();
    let mut seen = Vec::new();
    for (place, seed) in [(0, 1), (0, 2), (1, 1), (1, 2), (0, u64::MAX), (0, 0)] {
        let price = Price::new(BTC.price);
        let mut market = SimulatedMarket::new(InstrumentId(place), &rules, price, seed, START);
        let now = kinds(&mut market);
        assert!(!seen.contains(&now), "place {place}, seed {seed}");
        seen.push(now);
    }
}

#[test]
fn goes_on_from_a_snapshot_as_if_nothing_had_been() {
    for taken_after in [0, 1, 17, 12_345] {
        let mut market = CHEAP.market(taken_after);
        ticks(&mut market, usize::try_from(taken_after).unwrap());
        let bytes = postcard::to_allocvec(&market).unwrap();
        let mut resumed: SimulatedMarket = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(resumed.next_ns(), market.next_ns());
        assert_eq!(ticks(&mut resumed, 20_000), ticks(&mut market, 20_000));
        assert_eq!(
            postcard::to_allocvec(&resumed).unwrap(),
            postcard::to_allocvec(&market).unwrap()
        );
    }
}

/// What is seen of some hours of a market, once a second.
#[derive(Default)]
struct Seen {
    ticks: f64,
    buys: f64,
    trades: f64,
    mids: Vec<f64>,
    spreads_bp: Vec<f64>,
    touch_quote: Vec<f64>,
    /// The most levels that one moment took from.
    swept_max: usize,
}

const HOURS: i64 = 6;
const SECOND: i64 = 1_000_000_000;

fn watch(listing: &Listing, seed: u64) -> Seen {
    let (rules, mut market) = (listing.rules(), listing.market(seed));
    let (mut book, mut seen) = (Replayed::default(), Seen::default());
    let (mut swept, mut last) = (0, START);
    let mut look_ns = START.mantissa() + SECOND;
    while look_ns <= START.mantissa() + HOURS * 3_600 * SECOND {
        let tick = market.next();
        while tick.ts.mantissa() >= look_ns {
            let (mid, (bid, qty)) = (book.mid().unwrap(), book.bid().unwrap());
            seen.mids.push(mid);
            seen.spreads_bp.push(2e4 * (mid - bid as f64) / mid);
            let base = rules.qty_as_f64(Qty::new(qty));
            seen.touch_quote.push(rules.price_as_f64(Price::new(bid)) * base);
            look_ns += SECOND;
        }
        book.apply(&tick);
        seen.ticks += 1.0;
        swept = if tick.ts == last { swept } else { 0 };
        last = tick.ts;
        if let TickKind::Trade { aggressor, .. } = tick.kind {
            swept += 1;
            seen.swept_max = seen.swept_max.max(swept);
            seen.trades += 1.0;
            seen.buys += f64::from(u8::from(aggressor == Side::Buy));
        }
    }
    seen
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Log returns over `seconds`.
fn returns(mids: &[f64], seconds: usize) -> Vec<f64> {
    let taken: Vec<f64> = mids.iter().step_by(seconds).map(|&mid| libm::log(mid)).collect();
    taken.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn autocorrelation(values: &[f64], lag: usize) -> f64 {
    let centre = mean(values);
    let product = |a: f64, b: f64| (a - centre) * (b - centre);
    let all: f64 = values.iter().map(|&a| product(a, a)).sum();
    let lagged: f64 = values.iter().zip(&values[lag..]).map(|(&a, &b)| product(a, b)).sum();
    lagged / all
}

/// What the returns of a market show, by the names of Cont's list.
#[derive(Debug)]
struct Facts {
    /// The smallest autocorrelation of absolute returns at lags 1 to 20, in standard errors.
    clustering: f64,
    excess_kurtosis: f64,
    /// Returns beyond ten times the mean absolute return of the minute before.
    jumps: usize,
    /// How much the 1-minute returns of all volatility follow the one before.
    memory_1min: f64,
    volatility_a_year: f64,
}

fn facts(mids: &[f64]) -> Facts {
    let each = returns(mids, 1);
    let sizes: Vec<f64> = each.iter().map(|r| r.abs()).collect();
    let lags = (1..=20).map(|lag| autocorrelation(&sizes, lag));
    let minutes = returns(mids, 60);
    let variance = mean(&each.iter().map(|r| r * r).collect::<Vec<_>>());
    let fourth = mean(&each.iter().map(|r| r * r * r * r).collect::<Vec<_>>());
    let squares = mean(&minutes.iter().map(|r| r * r).collect::<Vec<_>>());
    Facts {
        clustering: lags.fold(f64::MAX, f64::min) * (each.len() as f64).sqrt(),
        excess_kurtosis: fourth / (variance * variance) - 3.0,
        jumps: (60..sizes.len())
            .filter(|&place| sizes[place] > 10.0 * mean(&sizes[place - 60..place]))
            .count(),
        memory_1min: autocorrelation(&minutes, 1),
        volatility_a_year: (squares * 525_960.0).sqrt(),
    }
}

/// Whether volatility clusters, tails are fat and jumps happen.
fn looks_alive(facts: &Facts) -> [bool; 3] {
    [facts.clustering > 6.0, facts.excess_kurtosis > 1.0, facts.jumps > 2]
}

#[test]
fn shows_the_stylised_facts_of_returns() {
    let mut memories = Vec::new();
    let mut volatilities = Vec::new();
    for (listing, seed) in [(BTC, 11), (BTC, 12), (ETH, 13), (CHEAP, 14)] {
        let found = facts(&watch(&listing, seed).mids);
        println!("{found:.3?}");
        assert_eq!(looks_alive(&found), [true; 3], "{found:?}");
        memories.push(found.memory_1min);
        volatilities.push(found.volatility_a_year);
    }
    // Of 6 hours each: a standard error of about 0.05 for one, half of that for their mean.
    assert!(mean(&memories).abs() < 0.12, "{memories:?}");
    assert!((0.35..1.4).contains(&mean(&volatilities)), "{volatilities:?}");
}

#[test]
fn the_facts_tell_a_plain_random_walk_from_a_market() {
    let mut source = Pcg64Mcg::from_seed([7; 16]);
    let mut log_price = 0.0;
    let mids: Vec<f64> = (0..HOURS * 3_600)
        .map(|_| {
            // Twelve uniforms less six: a normal, near enough.
            let sum: f64 = (0..12).map(|_| f64::from(source.next_u32()) / 4_294_967_296.0).sum();
            log_price += 1e-4 * (sum - 6.0);
            libm::exp(log_price)
        })
        .collect();
    let found = facts(&mids);
    assert_eq!(looks_alive(&found), [false; 3], "{found:?}");
}

#[test]
fn has_the_spread_the_depth_and_the_pace_of_a_market() {
    for (listing, seed) in [(BTC, 21), (ETH, 22), (CHEAP, 23)] {
        let seen = watch(&listing, seed);
        let seconds = (HOURS * 3_600) as f64;
        let spread = mean(&seen.spreads_bp);
        let mostly = seen.spreads_bp.iter().filter(|bp| (0.5..5.0).contains(*bp)).count();
        let (depth, pace) = (mean(&seen.touch_quote), seen.ticks / seconds);
        let (bought, traded) = (seen.buys / seen.trades, seen.trades / seconds);
        println!(
            "spread {spread:.2} bp, touch {depth:.0}, {pace:.1} ticks and {traded:.2} trades a \
             second, bought {bought:.3}, swept at most {}",
            seen.swept_max
        );
        assert!((0.8..4.0).contains(&spread), "{spread} bp");
        assert!(mostly as f64 > 0.9 * seconds, "{mostly} of {seconds} between 0.5 and 5 bp");
        assert!((10_000.0..150_000.0).contains(&depth), "{depth} quote units at the touch");
        assert!((15.0..90.0).contains(&pace), "{pace} ticks a second");
        assert!((1.0..15.0).contains(&traded), "{traded} trades a second");
        assert!((0.4..0.6).contains(&bought), "{bought} of trades bought");
        assert!(seen.swept_max >= 5, "no jump swept more than {} levels", seen.swept_max);
    }
}
