//! Programs over books and trades: clocks do not cross, and what is read of a book is right.
//!
//! The judge is a book kept as two maps and textbook formulas on it, written out here.
//!
//! Long because the judge and the laws of every clock stand beside each other.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]
#![allow(clippy::cast_precision_loss, reason = "the sizes of a test are small")]

mod market;

use std::collections::BTreeMap;

use allocation_counter::measure;
use bot4_engine::book::Book;
use bot4_engine::event::{Quote, Side, Tick, TickKind};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::signal::{Clock, Memory, Node, OPERATIONS, Program, SignalError, Watch};
use bot4_engine::units::{Price, Qty};
use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq};

use crate::market::{
    Dice, Raw, SECOND, SEED, always, instrument, ns, one_operation, program, try_compile,
};

/// Four inputs of each clock.
const INPUTS: [(Clock, [&str; 4]); 3] = [
    (Clock::Bar, ["open", "high", "low", "close"]),
    (Clock::Book, ["bid", "ask", "bid_size", "ask_size"]),
    (Clock::Trade, ["trade_price", "trade_size", "trade_sign", "trade_age"]),
];
const N: f64 = f64::NAN;

/// Equal to the bit; one NaN is like another.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

fn first_difference(a: &[f64], b: &[f64]) -> Option<usize> {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).position(|(a, b)| !same(*a, *b))
}

/// Samples with gaps, ties and zeros among them.
fn samples(dice: &mut Dice, count: usize) -> Vec<f64> {
    let mut last = 1.0;
    let mut sample = |_| {
        last = match dice.below(20) {
            0 => N,
            1 => f64::INFINITY,
            2 => 0.0,
            3..=6 => last,
            _ => 10.0 * (dice.part() - 0.3),
        };
        last
    };
    (0..count).map(&mut sample).collect()
}

#[test]
fn streaming_is_columns_to_the_bit_on_every_clock() {
    const ROWS: usize = 600;
    for (clock, names) in &INPUTS {
        for operation in OPERATIONS {
            let mut streamed = one_operation(operation, names);
            let mut dice = Dice(SEED);
            let columns: Vec<Vec<f64>> =
                streamed.inputs().iter().map(|_| samples(&mut dice, ROWS)).collect();
            let read: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let wanted = streamed.columns(&read, ROWS).unwrap().remove(0);
            let mut run = |row: usize| {
                for (place, column) in columns.iter().enumerate() {
                    streamed.set(place, column[row]);
                }
                streamed.run(*clock);
                streamed.output(0)
            };
            let got: Vec<f64> = (0..ROWS).map(&mut run).collect();
            assert_eq!(first_difference(&got, &wanted), None, "{} {clock:?}", operation.name);
            for other in Clock::ALL.into_iter().filter(|other| other != clock) {
                let before = streamed.output(0);
                (0..streamed.inputs().len()).for_each(|place| streamed.set(place, 3.5));
                streamed.run(other);
                assert!(same(before, streamed.output(0)), "{} ran on {other:?}", operation.name);
                assert!(!streamed.clocks().has(other));
            }
        }
    }
}

#[test]
fn a_step_runs_on_the_clocks_of_what_it_reads() {
    let mut mixed = try_compile(
        &[
            ("bid", &[], &[]),
            ("trade_price", &[], &[]),
            ("close", &[], &[]),
            ("position", &[], &[]),
            ("sma", &[0], &[2.0]),
            ("sma", &[1], &[2.0]),
            ("sub", &[0, 1], &[]),
            ("sma", &[6], &[2.0]),
            ("sma", &[3], &[3.0]),
            ("add", &[3, 2], &[]),
        ],
        &[4, 5, 7, 8, 9],
    )
    .unwrap();
    assert!(Clock::ALL.into_iter().all(|clock| mixed.clocks().has(clock)));
    for (place, value) in [10.0, 7.0, 100.0, 1.0].into_iter().enumerate() {
        mixed.set(place, value);
    }
    // What reads book and trade runs on both; what reads only the account, always.
    let mut after = |clock: Clock| {
        mixed.run(clock);
        (0..5).map(|place| mixed.output(place)).collect::<Vec<f64>>()
    };
    let mut check = |clock: Clock, wanted: [f64; 5]| {
        let got = after(clock);
        assert_eq!(first_difference(&got, &wanted), None, "{clock:?}: {got:?}");
    };
    check(Clock::Book, [N, N, N, N, N]);
    check(Clock::Trade, [N, N, 3.0, N, N]);
    check(Clock::Trade, [N, 7.0, 3.0, 1.0, N]);
    check(Clock::Bar, [N, 7.0, 3.0, 1.0, 101.0]);
    check(Clock::Book, [10.0, 7.0, 3.0, 1.0, 101.0]);
}

#[test]
fn what_reads_no_clock_runs_with_bars() {
    let mut held = program(&[("position", &[], &[]), ("neg", &[0], &[])]);
    held.tell(|_| 4.0);
    held.run(Clock::Book);
    assert!(held.output(0).is_nan());
    held.run(Clock::Bar);
    assert!(same(held.output(0), -4.0));
    held.tell_account(|_| 5.0);
    held.run(Clock::Bar);
    assert!(same(held.output(0), -5.0));
}

#[test]
fn telling_bars_and_account_leaves_the_book_alone() {
    let nodes: [Raw<'_>; 4] =
        [("bid", &[], &[]), ("close", &[], &[]), ("equity", &[], &[]), ("trade_size", &[], &[])];
    let mut all = try_compile(&nodes, &[0, 1, 2, 3]).unwrap();
    (0..4).for_each(|place| all.set(place, 1.0));
    all.tell_account(|_| 2.0);
    assert_eq!([0, 1, 2, 3].map(|place| all.output(place)), [1.0, 1.0, 2.0, 1.0]);
    all.tell(|_| 3.0);
    assert_eq!([0, 1, 2, 3].map(|place| all.output(place)), [1.0, 3.0, 3.0, 1.0]);
}

/// A book as two maps of integers, and what the papers say of two states of it.
#[derive(Clone, Default)]
struct Plain {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
}

type Level = (i64, i64);

impl Plain {
    fn best(&self, n: usize) -> (Vec<Level>, Vec<Level>) {
        let bids = self.bids.iter().rev().map(|(price, qty)| (*price, *qty));
        let asks = self.asks.iter().map(|(price, qty)| (*price, *qty));
        (bids.take(n).collect(), asks.take(n).collect())
    }

    fn is_live(&self) -> bool {
        matches!(&self.best(1), (bids, asks)
            if !bids.is_empty() && !asks.is_empty() && bids[0].0 < asks[0].0)
    }

    fn depth(&self, side: Side, n: usize) -> f64 {
        let (bids, asks) = self.best(n);
        let levels = if side == Side::Buy { bids } else { asks };
        levels.iter().map(|(_, qty)| qty).sum::<i64>() as f64 / 1e4
    }

    /// Level by level; a level that is not there holds nothing, at the worst price.
    fn ofi(&self, before: &Self, n: usize) -> f64 {
        let level = |levels: &[Level], m: usize, worst| levels.get(m).copied().unwrap_or(worst);
        let ((bids, asks), (old_bids, old_asks)) = (self.best(n), before.best(n));
        let mut sum = 0;
        for m in 0..n {
            let (b, r) = level(&bids, m, (0, 0));
            let (b0, r0) = level(&old_bids, m, (0, 0));
            sum += match b.cmp(&b0) {
                std::cmp::Ordering::Greater => r,
                std::cmp::Ordering::Equal => r - r0,
                std::cmp::Ordering::Less => -r0,
            };
            let (a, q) = level(&asks, m, (i64::MAX, 0));
            let (a0, q0) = level(&old_asks, m, (i64::MAX, 0));
            sum -= match a.cmp(&a0) {
                std::cmp::Ordering::Greater => -q0,
                std::cmp::Ordering::Equal => q - q0,
                std::cmp::Ordering::Less => q,
            };
        }
        sum as f64 / 1e4
    }

    fn sweep(&self, levels: &BTreeMap<i64, i64>, buys: bool, size: f64) -> f64 {
        let mut all: Vec<Level> = levels.iter().map(|(price, qty)| (*price, *qty)).collect();
        if !buys {
            all.reverse();
        }
        let (mut left, mut paid) = ((size * 1e4).round() as i64, 0);
        for (price, qty) in all {
            let taken = qty.min(left);
            paid += price * taken;
            left -= taken;
        }
        if left > 0 { N } else { paid as f64 / 1e6 / size }
    }
}

/// Every input of a book, each an output.
const BOOK: [(&str, &[f64]); 14] = [
    ("bid", &[]),
    ("ask", &[]),
    ("bid_size", &[]),
    ("ask_size", &[]),
    ("depth_bid", &[3.0]),
    ("depth_ask", &[3.0]),
    ("depth_bid", &[1.0]),
    ("depth_ask", &[10.0]),
    ("ofi", &[1.0]),
    ("ofi", &[2.0]),
    ("ofi", &[5.0]),
    ("sweep_buy", &[0.5]),
    ("sweep_sell", &[0.125]),
    ("quote_age", &[]),
];

fn inputs(names: &[(&str, &[f64])]) -> Program {
    let nodes: Vec<Raw<'_>> =
        names.iter().map(|(name, parameters)| (*name, &[][..], *parameters)).collect();
    try_compile(&nodes, &(0..nodes.len()).collect::<Vec<_>>()).unwrap()
}

fn outputs(program: &Program, count: usize) -> Vec<f64> {
    (0..count).map(|place| program.output(place)).collect()
}

/// A market that moves around 100.00 on a tick of 0.01, at most a few levels a side.
struct Walk {
    dice: Dice,
    book: Book,
    plain: Plain,
    now: i64,
    mid: i64,
    /// Every tick told, where they are wanted.
    kept: Option<Vec<Tick>>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let (book, plain) = (Book::default(), Plain::default());
        Self { dice: Dice(seed), book, plain, now: SECOND, mid: 10_000, kept: None }
    }

    fn tell(&mut self, kind: TickKind, last: bool) {
        let ts = ns(self.now);
        let tick = Tick { instrument: InstrumentId(0), ts, last, kind };
        self.book.on_tick(&tick);
        self.kept.iter_mut().for_each(|kept| kept.push(tick));
    }

    fn set(&mut self, side: Side, price: i64, qty: i64, last: bool) {
        let levels = if side == Side::Buy { &mut self.plain.bids } else { &mut self.plain.asks };
        if qty > 0 {
            levels.insert(price, qty)
        } else {
            levels.remove(&price)
        };
        self.tell(TickKind::Level { side, price: Price::new(price), qty: Qty::new(qty) }, last);
    }

    /// One message of one to three levels; the mid drifts and takes what it meets.
    fn step(&mut self) {
        self.now += i64::try_from(self.dice.below(3)).unwrap() * SECOND / 4;
        self.mid += i64::try_from(self.dice.below(3)).unwrap() - 1;
        let mid = self.mid;
        let gone: Vec<(Side, i64)> = (self.plain.bids.range(mid..).map(|(p, _)| (Side::Buy, *p)))
            .chain(self.plain.asks.range(..=mid).map(|(p, _)| (Side::Sell, *p)))
            .collect();
        gone.into_iter().for_each(|(side, price)| self.set(side, price, 0, false));
        let changes = 1 + self.dice.below(3);
        for change in 1..=changes {
            let away = 1 + i64::try_from(self.dice.below(6)).unwrap();
            let (side, price) = if self.dice.below(2) == 0 {
                (Side::Buy, mid - away)
            } else {
                (Side::Sell, mid + away)
            };
            let qty = i64::try_from(self.dice.below(4)).unwrap() * 1_250;
            self.set(side, price, qty, change == changes);
        }
    }
}

#[test]
fn what_is_read_of_a_book_is_what_the_papers_say() {
    let rules = instrument();
    for seed in 0..20 {
        let (mut walk, mut reads) = (Walk::new(seed), inputs(&BOOK));
        let (mut before, mut since): (Option<Plain>, i64) = (None, 0);
        let (mut lives, mut changes) = (0, 0);
        for step in 0..400 {
            walk.step();
            let changed = reads.see_book(&mut walk.book, &rules, ns(walk.now));
            let got = outputs(&reads, BOOK.len());
            if !walk.plain.is_live() {
                assert_eq!(changed, before.take().is_some(), "seed {seed} step {step}");
                assert!(got.iter().all(|value| value.is_nan()), "{got:?}");
                continue;
            }
            let now = &walk.plain;
            let touch = |of: &Plain| (of.best(1).0[0].0, of.best(1).1[0].0);
            if before.as_ref().is_none_or(|before| touch(before) != touch(now)) {
                since = walk.now;
            }
            let ofi = |n| before.as_ref().map_or(N, |before| now.ofi(before, n));
            let (bids, asks) = now.best(1);
            let wanted = [
                bids[0].0 as f64 / 1e2,
                asks[0].0 as f64 / 1e2,
                bids[0].1 as f64 / 1e4,
                asks[0].1 as f64 / 1e4,
                now.depth(Side::Buy, 3),
                now.depth(Side::Sell, 3),
                now.depth(Side::Buy, 1),
                now.depth(Side::Sell, 10),
                ofi(1),
                ofi(2),
                ofi(5),
                now.sweep(&now.asks, true, 0.5),
                now.sweep(&now.bids, false, 0.125),
                (walk.now - since) as f64 / 1e9,
            ];
            if changed {
                let close = |(a, b): (&f64, &f64)| same(*a, *b) || (a / b - 1.0).abs() < 1e-15;
                let ok = got.iter().zip(&wanted).all(close);
                assert!(ok, "seed {seed} step {step}: {got:?} {wanted:?}");
                changes += 1;
            } else {
                // The flows are those of the change before, all else is as it is now.
                let still = |place: &usize| !(8..11).contains(place);
                let still = (0..BOOK.len()).filter(still);
                assert!(still.clone().all(|place| same(got[place], wanted[place])));
                assert!(wanted[8..11].iter().all(|flow| *flow == 0.0), "{wanted:?}");
            }
            (before, lives) = (Some(now.clone()), lives + 1);
        }
        assert!(lives > 200 && changes > 150, "seed {seed}: {lives} {changes}");
    }
}

#[test]
fn a_change_of_what_is_not_read_runs_nothing() {
    let rules = instrument();
    let mut walk = Walk::new(1);
    for price in 1..=5 {
        walk.set(Side::Buy, 10_000 - price, 10_000, false);
        walk.set(Side::Sell, 10_000 + price, 10_000, price == 5);
    }
    let check = |name: &str, parameters: &[f64], price: i64, wanted: bool| {
        let mut walk = Walk { dice: Dice(1), book: walk.book.clone(), ..Walk::new(1) };
        let mut reads = inputs(&[(name, parameters)]);
        assert!(reads.see_book(&mut walk.book, &rules, ns(walk.now)), "the first is a change");
        assert!(!reads.see_book(&mut walk.book, &rules, ns(walk.now)), "nothing happened");
        walk.set(Side::Buy, price, 20_000, true);
        let changed = reads.see_book(&mut walk.book, &rules, ns(walk.now));
        assert_eq!(changed, wanted, "{name} {parameters:?} {price}");
        let mut trades = inputs(&[("trade_price", &[])]);
        assert!(!trades.see_book(&mut walk.book, &rules, ns(walk.now)), "no book is read");
    };
    for (name, parameters, price, wanted) in [
        ("bid", &[][..], 9_999, false),
        ("bid_size", &[], 9_999, true),
        ("bid_size", &[], 9_998, false),
        ("ask_size", &[], 9_999, false),
        ("ofi", &[1.0], 9_999, true),
        ("ofi", &[1.0], 9_998, false),
        ("ofi", &[2.0], 9_998, true),
        ("ofi", &[2.0], 9_997, false),
        ("depth_bid", &[3.0], 9_997, true),
        ("depth_bid", &[3.0], 9_996, false),
        ("depth_ask", &[3.0], 9_999, false),
        ("sweep_sell", &[1.5], 9_999, true),
        ("sweep_sell", &[0.5], 9_998, false),
        ("quote_age", &[], 9_999, false),
    ] {
        check(name, parameters, price, wanted);
    }
}

#[test]
fn a_touch_without_levels_has_no_depth() {
    let rules = instrument();
    let quote = |bid_qty: i64, ts: i64| Quote {
        instrument: InstrumentId(0),
        ts: ns(ts),
        bid: Price::new(9_999),
        bid_qty: Qty::new(bid_qty),
        ask: Price::new(10_001),
        ask_qty: Qty::new(5_000),
    };
    let (mut book, mut reads) = (Book::default(), inputs(&BOOK));
    book.on_quote(&quote(10_000, SECOND));
    assert!(reads.see_book(&mut book, &rules, ns(SECOND)));
    let wanted = [99.99, 100.01, 1.0, 0.5, N, N, N, N, N, N, N, N, N, 0.0];
    assert_eq!(first_difference(&outputs(&reads, BOOK.len()), &wanted), None);
    book.on_quote(&quote(12_500, 3 * SECOND));
    assert!(reads.see_book(&mut book, &rules, ns(3 * SECOND)));
    let got = outputs(&reads, BOOK.len());
    assert_eq!((got[2], got[8], got[13]), (1.25, 0.25, 2.0), "{got:?}");
    assert!(got[4..8].iter().all(|depth| depth.is_nan()), "{got:?}");
}

#[test]
fn a_trade_is_told_with_its_age() {
    let names: [(&str, &[f64]); 4] =
        [("trade_price", &[]), ("trade_size", &[]), ("trade_sign", &[]), ("trade_age", &[])];
    let (rules, mut reads) = (instrument(), inputs(&names));
    let mut tell = |aggressor, price, qty, ts| {
        let trade = (Price::new(price), Qty::new(qty));
        assert!(reads.see_trade(aggressor, trade, &rules, ns(ts)));
        outputs(&reads, 4)
    };
    let check = |got: Vec<f64>, wanted: [f64; 4]| {
        assert_eq!(first_difference(&got, &wanted), None, "{got:?}");
    };
    check(tell(Side::Buy, 10_001, 2_500, SECOND), [100.01, 0.25, 1.0, N]);
    check(tell(Side::Sell, 9_999, 5_000, SECOND * 3 / 2), [99.99, 0.5, -1.0, 0.5]);
    // Clocks of venues may step back; an age does not.
    check(tell(Side::Sell, 9_999, 5_000, SECOND), [99.99, 0.5, -1.0, 0.0]);
    let trade = (Price::new(1), Qty::new(1));
    assert!(!inputs(&BOOK).see_trade(Side::Buy, trade, &rules, ns(1)), "no trade is read");
}

#[test]
fn a_decayed_sum_is_the_sum_of_what_decayed() {
    let mut dice = Dice(SEED);
    let parts: Vec<(f64, f64)> = (0..200).map(|_| (dice.part() - 0.3, 3.0 * dice.part())).collect();
    let (x, passed): (Vec<f64>, Vec<f64>) = parts.iter().copied().unzip();
    let sum = program(&[("bid", &[], &[]), ("ask", &[], &[]), ("decayed_sum", &[0, 1], &[])]);
    let got = sum.columns(&[&x, &passed], 200).unwrap().remove(0);
    #[allow(clippy::disallowed_methods, reason = "the judge is not libm, which is judged")]
    for last in 0..200 {
        let since = |place: usize| passed[place + 1..=last].iter().sum::<f64>();
        let wanted: f64 = (0..=last).map(|place| x[place] * (-since(place)).exp()).sum();
        assert!((got[last] - wanted).abs() < 1e-12, "{last}: {} {wanted}", got[last]);
    }
    // Time that runs backwards does not blow it up; what overflowed begins anew.
    let check = |x: &[f64], passed: &[f64], wanted: &[f64]| {
        let got = sum.columns(&[x, passed], x.len()).unwrap().remove(0);
        assert_eq!(first_difference(&got, wanted), None, "{got:?}");
    };
    check(&[1.0, 2.0], &[0.0, -900.0], &[1.0, 3.0]);
    check(&[1.5e308, 1.5e308, 1.0], &[0.0, 0.0, 1e4], &[1.5e308, 1.5e308, 1.0]);
    check(&[1.0, N, 1.0], &[N, 0.0, 0.0], &[N, N, 1.0]);
}

/// Thirty operations on book, trade and account: chains that can be joined among them.
fn random_nodes(dice: &mut Dice) -> Vec<Node> {
    let names = ["bid", "ask", "bid_size", "ask_size", "trade_size", "position"];
    let mut nodes: Vec<Node> =
        names.iter().map(|name| Node::parse(name, &[], &[]).unwrap()).collect();
    nodes.push(Node::parse("constant", &[], &[0.5]).unwrap());
    let mut conditions: Vec<usize> = Vec::new();
    let mut numbers: Vec<usize> = (0..nodes.len()).collect();
    // The newest are read most, so that chains come about.
    fn pick(dice: &mut Dice, from: &[usize]) -> usize {
        let back = usize::try_from(dice.below(from.len() as u64).min(dice.below(9))).unwrap();
        from[from.len() - 1 - back]
    }
    while nodes.len() < 40 {
        let (a, b) = (pick(dice, &numbers), pick(dice, &numbers));
        let (p, q) = (pick(dice, &numbers), pick(dice, &numbers));
        let kind = dice.below(if conditions.is_empty() { 8 } else { 10 });
        let mut put = |name: &str, operands: &[usize], parameters: &[f64]| {
            nodes.push(Node::parse(name, operands, parameters).unwrap());
            nodes.len() - 1
        };
        match kind {
            0 | 1 => {
                let (above, below) = (put("sub", &[a, b], &[]), put("add", &[b, a], &[]));
                numbers.push(put("div", &[above, below], &[]));
            }
            2 => {
                let (left, right) = (put("mul", &[a, p], &[]), put("mul", &[b, q], &[]));
                let (above, below) = (put("add", &[left, right], &[]), put("add", &[p, q], &[]));
                numbers.push(put("div", &[above, below], &[]));
            }
            3 => {
                let sum = put("add", &[a, b], &[]);
                let one = dice.below(2) == 0;
                let operands = if one { [sum, p] } else { [p, sum] };
                numbers.push(put("mul", &operands, &[]));
            }
            4 => {
                let rest = put("sub", &[a, b], &[]);
                let lt = dice.below(2) == 0;
                let (name, operands) = if lt { ("lt", [rest, p]) } else { ("gt", [p, rest]) };
                conditions.push(put(name, &operands, &[]));
            }
            5 => conditions.push(put(if dice.below(2) == 0 { "gt" } else { "lt" }, &[a, b], &[])),
            6 => numbers.push(put("ema", &[a], &[3.0])),
            7 => numbers.push(put("sub", &[a, b], &[])),
            8 => {
                let (c, d) = (pick(dice, &conditions), pick(dice, &conditions));
                conditions.push(put("and", &[c, d], &[]));
            }
            _ => {
                let c = pick(dice, &conditions);
                numbers.push(put("where", &[c, a, b], &[]));
            }
        }
    }
    nodes
}

#[test]
fn a_chain_that_runs_as_one_computes_what_its_parts_do() {
    always(300, any::<u64>(), |seed| {
        let nodes = random_nodes(&mut Dice(seed));
        let read = |place: &usize| nodes.iter().any(|node| node.operands.contains(place));
        // What nobody reads; and bid and trade, so that both programs listen to the same clocks.
        let mut wanted: Vec<usize> = (7..nodes.len()).filter(|place| !read(place)).collect();
        wanted.extend([0, 4]);
        // What is an output is kept: nothing can be joined where everything is.
        let all: Vec<usize> = wanted.iter().copied().chain(0..nodes.len()).collect();
        let mut joined = Program::compile(&nodes, &wanted).unwrap();
        let mut apart = Program::compile(&nodes, &all).unwrap();
        let mut dice = Dice(seed);
        for round in 0..60 {
            for program in [&mut joined, &mut apart] {
                let mut dice = dice.clone();
                for place in 0..program.inputs().len() {
                    let name = program.inputs()[place].stream.name();
                    let key = name.bytes().map(u64::from).sum::<u64>();
                    let value = samples(&mut Dice(dice.clone().roll() ^ key), 1)[0];
                    program.set(place, value);
                }
                program.run(Clock::ALL[usize::try_from(dice.below(3)).unwrap()]);
            }
            dice.roll();
            for place in 0..wanted.len() {
                let (one, parts) = (joined.output(place), apart.output(place));
                prop_assert!(same(one, parts), "round {round} place {place}: {one} {parts}");
            }
        }
        Ok(())
    });
}

#[test]
fn a_program_wider_than_a_byte_runs_as_a_narrow_one_does() {
    for width in [1, 200, 252, 253, 254, 255, 400] {
        let operands: Vec<[usize; 2]> = (0..width).map(|step| [step + 2, step % 3]).collect();
        let mut nodes: Vec<Raw<'_>> =
            ["bid", "ask", "bid_size"].map(|name| (name, &[][..], &[][..])).to_vec();
        nodes.extend(operands.iter().map(|pair| ("sub", &pair[..], &[][..])));
        let mut wide = program(&nodes);
        let columns: Vec<Vec<f64>> = (0..3).map(|of| samples(&mut Dice(of), 50)).collect();
        let read: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let wanted = wide.columns(&read, 50).unwrap().remove(0);
        for row in 0..50 {
            (0..3).for_each(|place| wide.set(place, columns[place][row]));
            wide.run(Clock::Book);
            assert!(same(wide.output(0), wanted[row]), "{width} steps, row {row}");
        }
    }
}

/// A market maker's program: what `b4` names, an average of each kind, a target that flips.
fn twenty() -> Program {
    program(&[
        ("bid", &[], &[]),
        ("ask", &[], &[]),
        ("bid_size", &[], &[]),
        ("ask_size", &[], &[]),
        ("depth_bid", &[], &[5.0]),
        ("depth_ask", &[], &[5.0]),
        ("ofi", &[], &[1.0]),
        ("constant", &[], &[0.5]),
        ("add", &[0, 1], &[]),
        ("mul", &[7, 8], &[]),
        ("sub", &[1, 0], &[]),
        ("sub", &[2, 3], &[]),
        ("add", &[2, 3], &[]),
        ("div", &[11, 12], &[]),
        ("sub", &[4, 5], &[]),
        ("add", &[4, 5], &[]),
        ("div", &[14, 15], &[]),
        ("mul", &[0, 3], &[]),
        ("mul", &[1, 2], &[]),
        ("add", &[17, 18], &[]),
        ("div", &[19, 12], &[]),
        ("ema", &[9], &[20.0]),
        ("ema", &[16], &[50.0]),
        ("ema", &[6], &[100.0]),
        ("gt", &[20, 21], &[]),
        ("gt", &[23, 22], &[]),
        ("constant", &[], &[0.05]),
        ("lt", &[10, 26], &[]),
        ("and", &[24, 27], &[]),
        ("constant", &[], &[-0.5]),
        ("where", &[28, 7, 29], &[]),
        ("where", &[25, 30, 13], &[]),
    ])
}

#[test]
fn what_is_remembered_midway_changes_nothing() {
    let rules = instrument();
    always(20, (any::<u64>(), 1_usize..300), |(seed, at)| {
        let mut names: Vec<Node> = Vec::new();
        for (name, parameters) in BOOK {
            names.push(Node::parse(name, &[], parameters).unwrap());
            let ema = Node::parse("ema", &[names.len() - 1], &[9.0]).unwrap();
            names.push(ema);
        }
        names.push(Node::parse("trade_age", &[], &[]).unwrap());
        let outputs: Vec<usize> = (0..names.len()).collect();
        let fresh = Program::compile(&names, &outputs).unwrap();
        let (mut walk, mut whole, mut part) = (Walk::new(seed), fresh.clone(), fresh.clone());
        for step in 0..300 {
            walk.step();
            if step == at {
                let bytes = postcard::to_allocvec(&part.memory()).unwrap();
                part = fresh.clone();
                let memory: Memory = postcard::from_bytes(&bytes).unwrap();
                prop_assert!(part.recall(memory));
                prop_assert!(!twenty().recall(part.memory()));
            }
            let mut results = Vec::new();
            for program in [&mut whole, &mut part] {
                let changed = program.see_book(&mut walk.book, &rules, ns(walk.now));
                if changed {
                    program.run(Clock::Book);
                }
                if step % 7 == 0 {
                    let trade = (Price::new(10_000), Qty::new(10));
                    program.see_trade(Side::Buy, trade, &rules, ns(walk.now));
                }
                let bits = |place| program.output(place).to_bits();
                results.push((changed, (0..outputs.len()).map(bits).collect::<Vec<_>>()));
            }
            prop_assert_eq!(&results[0], &results[1]);
        }
        Ok(())
    });
}

#[test]
fn a_market_told_and_run_allocates_nothing() {
    let rules = instrument();
    let (mut walk, mut program, mut reads) = (Walk::new(SEED), twenty(), inputs(&BOOK));
    assert_eq!(program.operations(), 22);
    walk.kept = Some(Vec::new());
    (0..2_000).for_each(|_| walk.step());
    let (ticks, mut book) = (walk.kept.take().unwrap(), Book::default());
    let (warm, hot) = ticks.split_at(ticks.len() / 2);
    let mut targets = 0;
    let mut tell = |tick: &Tick| {
        book.on_tick(tick);
        if !tick.last {
            return;
        }
        if program.see_book(&mut book, &rules, tick.ts) {
            program.run(Clock::Book);
            targets += usize::from(!program.output(0).is_nan());
        }
        reads.see_book(&mut book, &rules, tick.ts);
        let trade = (Price::new(10_000), Qty::new(10));
        program.see_trade(Side::Sell, trade, &rules, tick.ts);
        reads.run(Clock::Trade);
    };
    warm.iter().for_each(&mut tell);
    let counted = measure(|| hot.iter().for_each(&mut tell));
    assert_eq!(counted.count_total, 0);
    assert!(targets > 100, "{targets}");
}

#[test]
fn a_program_says_what_it_listens_to() {
    let check = |names: &[(&str, &[f64])], clocks: &[Clock], watch: Watch| {
        let reads = inputs(names);
        let has: Vec<Clock> =
            Clock::ALL.into_iter().filter(|clock| reads.clocks().has(*clock)).collect();
        assert_eq!((&*has, reads.watch()), (clocks, watch), "{names:?}");
    };
    let none = Watch::default();
    check(&[], &[Clock::Bar], none);
    check(&[("close", &[]), ("equity", &[])], &[Clock::Bar], none);
    check(&[("trade_price", &[])], &[Clock::Trade], none);
    check(&[("bid", &[])], &[Clock::Book], Watch { levels: 1, ..none });
    let deep = Watch { levels: 10, ..none };
    check(&[("depth_ask", &[10.0]), ("ofi", &[5.0]), ("bid", &[])], &[Clock::Book], deep);
    let both = [Clock::Bar, Clock::Book];
    check(
        &[("close", &[]), ("sweep_buy", &[2.0])],
        &both,
        Watch { levels: 1, sweeps: true, ..none },
    );
    check(&[("quote_age", &[])], &[Clock::Book], Watch { levels: 1, age: true, ..none });
}

#[test]
fn every_mistake_of_an_input_has_its_error() {
    let check = |name: &str, parameters: &[f64], wanted: &str| {
        let error: SignalError = Node::parse(name, &[], parameters).unwrap_err();
        assert_eq!(error.to_string(), wanted);
    };
    check("bid", &[1.0], "bid takes 0 parameter(s), not 1");
    check("depth_bid", &[], "depth_bid takes 1 parameter(s), not 0");
    let whole = "ofi: levels must be a whole number from 1 to 1000, not ";
    for (levels, text) in [(0.0, "0"), (1.5, "1.5"), (1_001.0, "1001"), (N, "NaN")] {
        check("ofi", &[levels], &format!("{whole}{text}"));
    }
    let size = "sweep_buy: size must be a number above zero, in base units, not ";
    for (value, text) in [(0.0, "0"), (-1.0, "-1"), (f64::INFINITY, "inf"), (N, "NaN")] {
        check("sweep_buy", &[value], &format!("{size}{text}"));
    }
    let column = |name: &str, parameters: &[f64]| {
        inputs(&[(name, parameters)]).columns(&[], 1).unwrap_err().to_string()
    };
    let missing = |name| format!("input '{name}' is missing or has another length than the others");
    assert_eq!(column("depth_bid", &[5.0]), missing("depth_bid_5"));
    assert_eq!(column("sweep_sell", &[0.25]), missing("sweep_sell_0.25"));
    assert_eq!(column("trade_sign", &[]), missing("trade_sign"));
}
