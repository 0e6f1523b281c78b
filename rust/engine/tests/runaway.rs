//! A strategy that fires without end, as at Knight Capital in 2012 (SEC release 34-70694): how many
//! orders leave and what they cost before it is stopped; and a quiet day, on which nothing is.
//! `BOT4_SEED` says which market, `BOT4_QUIET_S` how many seconds of it are the quiet day.

#![allow(clippy::print_stdout, reason = "the seed and what was counted are told")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a few kinds of record are looked for")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]

mod dice;
mod kept;
mod market;

use bot4_engine::bot::{Bot, Decides, Sleeve};
use bot4_engine::event::{
    Bar, Event, Execution, Intent, NewOrder, OrderId, OrderTerms, QuoteSide, Side, SleeveId,
    TradingState, TwoSided, Want,
};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_as_f64};
use bot4_engine::journal::{Record, State};
use bot4_engine::run::{Run, RunSettings};
use bot4_engine::session::{Driver, KeepError};
use bot4_engine::units::Price;
use bot4_engine::venue::Act;

use crate::dice::setting;
use crate::kept::{Kind, feed, instruments, new_run_under, run_settings};
use crate::market::{SECOND, SEED, START, decided, ns, profile, program, rate, sleeve, sma_cross};

/// Most orders that take, of one strategy, before it is latched.
const ORDERS_MAX: usize = 20;
/// Most of the equity that they may cost.
const COST_MAX: f64 = 0.005;
/// Wants at every event.
const VOLLEY: u64 = 3;

/// What fires without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loop {
    Silent,
    /// Buys, then sells, as much as it may.
    Alternates,
    Buys,
    /// All in, all out.
    Flips,
    /// Quotes anew around another price.
    Quotes,
}

/// A driver that asks the loop, and counts.
struct Firing {
    firing: Loop,
    asked: u64,
    /// Orders, but those that may only reduce: when, and which.
    orders: Vec<(u64, NewOrder)>,
    /// The market event in which a breaker first changed.
    tripped: Option<u64>,
    fills: u64,
    refused: u64,
}

impl Firing {
    fn new(firing: Loop) -> Self {
        Self { firing, asked: 0, orders: Vec::new(), tripped: None, fills: 0, refused: 0 }
    }

    /// Those that take what others offer, up to the trip.
    fn taking(&self) -> usize {
        let until = self.tripped.unwrap_or(u64::MAX);
        let counts = |(at, order): &&(u64, NewOrder)| !order.terms.post_only && *at <= until;
        self.orders.iter().filter(counts).count()
    }

    /// When the last one was sent that adds to what is held: the profile does not short, so that
    /// every sell closes.
    fn last_opening(&self) -> Option<u64> {
        let buys = |(_, order): &&(u64, NewOrder)| order.side == Side::Buy;
        self.orders.iter().filter(buys).map(|(at, _)| *at).next_back()
    }
}

impl Driver for Firing {
    fn keep(&mut self, event: u64, records: &[Record], _: &State) -> Result<(), KeepError> {
        for record in records {
            match record {
                Record::Placed { order, .. } if !order.terms.reduce_only => {
                    self.orders.push((event, *order));
                }
                Record::Breaker { .. } => self.tripped = self.tripped.or(Some(event)),
                Record::Fill(_) => self.fills += 1,
                Record::Refused { .. } => self.refused += 1,
                _ => {}
            }
        }
        Ok(())
    }

    fn recalled(&mut self, _: &Record, _: &State) {}

    fn release(&mut self, _: OrderId) -> Result<(), KeepError> {
        Ok(())
    }

    fn settle(&mut self) -> Result<(), KeepError> {
        Ok(())
    }

    fn ask(&mut self, bot: &Bot, _: &[Bar], told: &mut Vec<Event>) -> Result<(), KeepError> {
        let (sleeve, here) = (SleeveId(0), InstrumentId(0));
        let Some(mark) = bot.mark_of(here).filter(|_| self.firing != Loop::Silent) else {
            return Ok(());
        };
        let rules = bot.state().instrument(here).unwrap();
        let price = rules.price_as_f64(mark.price);
        let qty = 0.015 * amount_as_f64(bot.account().equity) / price;
        for _ in 0..VOLLEY {
            self.asked += 1;
            let odd = self.asked % 2 == 1;
            let trade = |side| Want::Trade { side, qty, limit: None, terms: OrderTerms::default() };
            let want = match self.firing {
                Loop::Silent => return Ok(()),
                Loop::Alternates if odd => trade(Side::Buy),
                Loop::Alternates => trade(Side::Sell),
                Loop::Buys => trade(Side::Buy),
                Loop::Flips => Want::Target {
                    fraction: if odd { 0.02 } else { 0.0 },
                    band: None,
                    execution: Execution::Cross,
                },
                Loop::Quotes => around(mark.price, i64::from(odd)),
            };
            told.push(Event::Intent(Intent { sleeve, want }));
        }
        Ok(())
    }

    fn acted(&mut self, _: u64, _: &[Act]) -> Result<(), KeepError> {
        Ok(())
    }

    fn done(&mut self, _: u64) -> Result<(), KeepError> {
        Ok(())
    }
}

/// A quote of one level a side, elsewhere each time.
fn around(mark: Price, moved: i64) -> Want {
    let far = mark.mantissa() / 10_000 * (1 + moved);
    let side = |price: i64| Some(QuoteSide { price: Price::new(price), step: Price::new(1) });
    let (bid, ask) = (side(mark.mantissa() - far), side(mark.mantissa() + far));
    Want::Quote(TwoSided { bid, ask, size: rate("0.01"), levels: 1 })
}

/// A run for so many seconds of its market; after each event `check`.
fn ran(mut run: Run, seconds: u64, firing: Loop, check: impl Fn(&Run)) -> (Run, Firing) {
    let mut driver = Firing::new(firing);
    run.begin(1, None, [], &[], &mut driver).unwrap();
    let until = START + i64::try_from(seconds).unwrap() * SECOND;
    while run.session().clock().mantissa() < until && run.step(&mut driver).unwrap() {
        check(&run);
    }
    (run, driver)
}

/// A run under the default limits with a strategy outside.
fn outside(seed: u64) -> Run {
    under_default(seed, vec![sleeve(0, "1", Decides::Outside)])
}

fn under_default(seed: u64, sleeves: Vec<Sleeve>) -> Run {
    new_run_under(profile("default", &[]), Kind::Simulated, seed, sleeves)
}

/// Wants the other side at every trade.
fn follows_every_trade(seed: u64) -> Run {
    let flips = decided(program(&[
        ("trade_sign", &[], &[]),
        ("constant", &[], &[0.0]),
        ("gt", &[0, 1], &[]),
        ("constant", &[], &[0.02]),
        ("where", &[2, 3, 1], &[]),
    ]));
    under_default(seed, vec![sleeve(0, "1", flips)])
}

/// What a loop cost of the equity, and what it ordered.
fn cost(run: &Run, driver: &Firing, named: &str) -> f64 {
    let equity = amount_as_f64(run.session().bot().account().equity);
    let cost = 1.0 - equity / 10_000.0;
    println!(
        "{named}: {} orders, {} of them take, {} fills, {} refusals; {:.4} % lost; \
         a breaker at market event {:?}",
        driver.orders.len(),
        driver.taking(),
        driver.fills,
        driver.refused,
        100.0 * cost,
        driver.tripped,
    );
    cost
}

/// Each loop for ten minutes: how it was called, what it did.
fn loops() -> Vec<(String, Run, Firing)> {
    let seed = setting("BOT4_SEED", SEED);
    let mut ran_all = Vec::new();
    for firing in [Loop::Alternates, Loop::Buys, Loop::Flips] {
        let (run, driver) = ran(outside(seed), 600, firing, |_| {});
        ran_all.push((format!("seed {seed}, {firing:?}"), run, driver));
    }
    let (run, driver) = ran(follows_every_trade(seed), 600, Loop::Silent, |_| {});
    ran_all.push((format!("seed {seed}, follows every trade"), run, driver));
    ran_all
}

#[test]
fn a_loop_sends_twenty_orders_and_costs_half_a_percent_before_it_is_latched() {
    for (named, run, driver) in loops() {
        let cost = cost(&run, &driver, &named);
        assert!(driver.taking() <= ORDERS_MAX, "{named}: {} orders", driver.taking());
        assert!(cost <= COST_MAX, "{named}: {cost} of the equity");
        // A loop that only buys is at its cap before it is a loop of orders.
        let fired = driver.taking() == ORDERS_MAX;
        assert!(driver.tripped.is_some() || !fired, "{named}: never latched");
        if let (Some(tripped), Some(last)) = (driver.tripped, driver.last_opening()) {
            assert!(last <= tripped + 1, "{named}: tripped in {tripped}, bought in {last}");
        }
    }
}

#[test]
fn from_a_trip_to_the_last_order_that_opens_there_is_at_most_one_event() {
    let seed = setting("BOT4_SEED", SEED);
    let (run, driver) = ran(outside(seed), 600, Loop::Alternates, |_| {});
    let cost = cost(&run, &driver, &format!("seed {seed}, Alternates"));
    let tripped = driver.tripped.unwrap();
    assert!(driver.last_opening().unwrap() <= tripped + 1, "tripped in {tripped}");
    // Whatever stops it first, the loss of a day does.
    assert!(cost <= 0.032, "{cost}");
}

#[test]
fn a_loop_of_buys_ends_at_the_cap() {
    let seed = setting("BOT4_SEED", SEED);
    let (run, driver) = ran(outside(seed), 120, Loop::Buys, |_| {});
    let cost = cost(&run, &driver, &format!("seed {seed}, Buys"));
    assert!(driver.taking() <= ORDERS_MAX && driver.refused > 100, "{}", driver.taking());
    assert!(cost <= COST_MAX, "{cost}");
}

#[test]
fn a_loop_of_quotes_costs_no_more_than_half_a_percent() {
    let seed = setting("BOT4_SEED", SEED);
    let (run, driver) = ran(outside(seed), 120, Loop::Quotes, |_| {});
    let cost = cost(&run, &driver, &format!("seed {seed}, Quotes"));
    assert!(driver.orders.len() > 100 && driver.taking() == 0);
    assert!(cost <= COST_MAX, "{cost}");
}

/// The strategies that ship, as they come: a cross of averages, and Donchian's channel.
fn bundled() -> Vec<Sleeve> {
    let channel = decided(program(&[
        ("close", &[], &[]),
        ("high", &[], &[]),
        ("low", &[], &[]),
        ("rolling_max", &[1], &[20.0]),
        ("shift", &[3], &[1.0]),
        ("rolling_min", &[2], &[10.0]),
        ("shift", &[5], &[1.0]),
        ("gt", &[0, 4], &[]),
        ("lt", &[0, 6], &[]),
        ("latch", &[7, 8], &[]),
        ("constant", &[], &[1.0]),
        ("constant", &[], &[0.0]),
        ("where", &[9, 10, 11], &[]),
    ]));
    vec![sleeve(0, "0.5", decided(sma_cross(10.0, 30.0, 1.0))), sleeve(1, "0.5", channel)]
}

/// As `examples/first.toml` runs them: fees of 5 bp, 2 for who makes; and bars of 15 s.
fn quiet_run(seed: u64) -> Run {
    let fees = (rate("0.0005"), rate("0.0002"));
    let priced = |rules: Instrument| rules.with_fees(fees.0, fees.1);
    let settings = run_settings(profile("default", &[]));
    let settings = RunSettings { bar_interval: ns(15 * SECOND), ..settings };
    let listed = instruments().into_iter().map(priced).collect();
    Run::new(feed(Kind::Simulated, seed), listed, bundled(), &settings).unwrap()
}

#[test]
fn a_quiet_day_trips_nothing() {
    let (seed, seconds) = (setting("BOT4_SEED", SEED), setting("BOT4_QUIET_S", 86_400));
    let named = format!("seed {seed}, {seconds} s of the strategies that ship");
    let (run, driver) = ran(quiet_run(seed), seconds, Loop::Silent, |run| {
        let state = run.session().bot().state();
        assert!(state.breakers().all_closed(), "{named}: {:?}", state.breakers());
        assert_eq!(state.trading_state(), TradingState::Active, "{named}");
        assert!((0..2).all(|id| state.frozen(InstrumentId(id)).is_none()), "{named}");
    });
    cost(&run, &driver, &named);
    let said: Vec<_> = run.tally().refusals().map(|(why, count)| (why.name(), count)).collect();
    assert_eq!(driver.tripped, None, "{named}");
    // Nothing is held back either: only a cap, which a target of all there is meets.
    assert!(said.iter().all(|(why, _)| *why == "position_limit"), "{named}: {said:?}");
    assert!(driver.fills > 3, "{named}: {} fills", driver.fills);
}
