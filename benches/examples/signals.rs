//! What a change of a book costs in signals: 22 operations on the touch, five levels and OFI.
//!
//! `cargo run --release --example signals`. A seeded book moves within five ticks of its touch;
//! each figure is the least and the median of many passes over the same ticks.

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use std::hint::black_box;
use std::time::Instant;

use bot4_benches::{SEED, Unusable};
use bot4_engine::asset::Asset;
use bot4_engine::book::Book;
use bot4_engine::event::{Side, Tick, TickKind};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::signal::{Clock, Node, Program};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};

const TICKS: usize = 4_096;
const PASSES: usize = 2_000;
const MID: i64 = 6_000_000;

/// Name, operands, parameters of each node; the last is the target, which flips with the market.
const NODES: [(&str, &[usize], &[f64]); 32] = [
    ("bid", &[], &[]),
    ("ask", &[], &[]),
    ("bid_size", &[], &[]),
    ("ask_size", &[], &[]),
    ("depth_bid", &[], &[5.0]),
    ("depth_ask", &[], &[5.0]),
    ("ofi", &[], &[1.0]),
    ("constant", &[], &[0.5]),
    ("constant", &[], &[0.05]),
    ("constant", &[], &[-0.5]),
    ("add", &[0, 1], &[]),
    ("mul", &[10, 7], &[]), // mid
    ("sub", &[1, 0], &[]),  // spread
    ("sub", &[2, 3], &[]),
    ("add", &[2, 3], &[]),
    ("div", &[13, 14], &[]), // imbalance of the touch
    ("sub", &[4, 5], &[]),
    ("add", &[4, 5], &[]),
    ("div", &[16, 17], &[]), // imbalance of five levels
    ("mul", &[0, 3], &[]),
    ("mul", &[1, 2], &[]),
    ("add", &[19, 20], &[]),
    ("div", &[21, 14], &[]), // microprice
    ("ema", &[11], &[20.0]),
    ("ema", &[18], &[50.0]),
    ("ema", &[6], &[100.0]),
    ("gt", &[22, 23], &[]),
    ("lt", &[12, 8], &[]),
    ("and", &[26, 27], &[]),
    ("where", &[28, 7, 9], &[]),
    ("gt", &[25, 24], &[]),
    ("where", &[30, 29, 15], &[]),
];

fn tick(side: Side, price: i64, qty: i64, place: usize) -> Tick {
    let ts = Nanos::new(1_000_000_000 + i64::try_from(place).unwrap_or_default());
    let kind = TickKind::Level { side, price: Price::new(price), qty: Qty::new(qty) };
    Tick { instrument: InstrumentId(0), ts, last: true, kind }
}

/// Sizes within five ticks of the touch, told one by one.
fn ticks() -> Vec<Tick> {
    let mut state = SEED;
    let mut below = |sides: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % sides).unwrap_or_default()
    };
    let mut one = |place| {
        let (away, qty) = (1 + below(5), 1 + below(500_000));
        if below(2) == 0 {
            tick(Side::Buy, MID - away, qty, place)
        } else {
            tick(Side::Sell, MID + away, qty, place)
        }
    };
    (0..TICKS).map(&mut one).collect()
}

fn timed(name: &str, ticks: &[Tick], mut told: impl FnMut(&Tick)) {
    let pass = |_| {
        let start = Instant::now();
        ticks.iter().for_each(&mut told);
        start.elapsed()
    };
    let mut all: Vec<_> = (0..PASSES).map(pass).collect();
    all.sort_unstable();
    let ns = |place: usize| all.get(place).map_or(0.0, |pass| pass.as_secs_f64() * 1e9 / 4_096.0);
    println!("{name}: least {:.1} ns, median {:.1} ns", ns(0), ns(PASSES / 2));
}

fn main() -> Result<(), Unusable> {
    let rules = Instrument {
        symbol: "simulated:BOOK".to_owned(),
        base: Asset::of_name("BOOK"),
        quote: Asset::CASH,
        price_scale: 2,
        qty_scale: 5,
        tick: Price::new(1),
        lot: Qty::new(1),
        notional_min: Amount::ZERO,
        notional_max: Amount::new(i128::MAX),
        qty_max: Qty::new(i64::MAX),
        taker_fee: Rate::ZERO,
        maker_fee: Rate::ZERO,
    };
    let parsed = NODES.iter().map(|(name, operands, given)| Node::parse(name, operands, given));
    let nodes: Vec<Node> = parsed.collect::<Result<_, _>>()?;
    let mut program = Program::compile(&nodes, &[nodes.len() - 1])?;
    println!("seed {SEED}, {} operations", program.operations());
    let (ticks, mut book) = (ticks(), Book::default());
    for away in 1..200 {
        book.on_tick(&tick(Side::Buy, MID - away, 100_000 + away, 0));
        book.on_tick(&tick(Side::Sell, MID + away, 100_000 + away, 0));
    }
    timed("a book's update", &ticks, |tick| {
        book.on_tick(tick);
        black_box(book.touch());
    });
    timed("update, inputs", &ticks, |tick| {
        book.on_tick(tick);
        black_box(program.see_book(&mut book, &rules, tick.ts));
    });
    timed("update, inputs, operations", &ticks, |tick| {
        book.on_tick(tick);
        if program.see_book(&mut book, &rules, tick.ts) {
            program.run(Clock::Book);
        }
        black_box(program.output(0));
    });
    timed("operations alone", &ticks, |_| {
        program.run(Clock::Book);
        black_box(program.output(0));
    });
    Ok(())
}
