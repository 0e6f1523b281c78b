//! What the tests share: seeded markets, small programs, settings. No test and no check lives here.

#![allow(dead_code, reason = "each room uses the part it needs")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bot4_engine::asset::Asset;
use bot4_engine::backtest::{Backtest, Settings};
use bot4_engine::bot::{Decides, Sleeve};
use bot4_engine::decision::Decision;
use bot4_engine::event::{
    BreakerState, Component, Execution, MEASURE_HORIZON, MEASURE_LEVEL, Measure, Part, Reason,
    TradeId, Transition,
};
use bot4_engine::history::{Columns, History, Row};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_from_text, rate_from_text};
use bot4_engine::risk::limits::{LimitValue, Profile};
use bot4_engine::signal::{Gives, Node, Operation, Program, SignalError};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestRunner};

/// The seed of every property and every market; a failure prints it.
pub(crate) const SEED: u64 = 4;

/// A trade that no other is.
pub(crate) fn trade() -> TradeId {
    static LAST: AtomicU64 = AtomicU64::new(0);
    TradeId::new(u128::from(LAST.fetch_add(1, Ordering::Relaxed)))
}

/// A breaker of the account changes because a person says so.
pub(crate) fn breaker(ts: Nanos, component: Component, state: BreakerState) -> Transition {
    Transition::new(ts, Part::account(component), state, Reason::Operator)
}

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const HOUR: i64 = 3_600 * SECOND;
pub(crate) const DAY: i64 = 24 * HOUR;
/// 2024-01-01 00:00 UTC.
pub(crate) const START: i64 = 1_704_067_200 * SECOND;

/// `check` holds for `cases` values of `strategy`, the same ones in every run.
pub(crate) fn always<S: Strategy>(
    cases: u32,
    strategy: S,
    check: impl Fn(S::Value) -> TestCaseResult,
) {
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(SEED),
        failure_persistence: None,
        ..Config::default()
    };
    if let Err(error) = TestRunner::new(config).run(&strategy, check) {
        panic!("with seed {SEED}: {error}");
    }
}

/// Seeded chance: splitmix64.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `sides`.
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.roll() % sides
    }

    /// From 0 to 1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit a float")]
    pub(crate) fn part(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / 9_007_199_254_740_992.0
    }
}

pub(crate) fn amount(text: &str) -> Amount {
    amount_from_text(text).unwrap()
}

/// At that second the account might lose so much.
pub(crate) fn measure(second: i64, var: &str, cvar: &str) -> Measure {
    let (of, losses) = ((MEASURE_LEVEL, MEASURE_HORIZON), (rate(var), rate(cvar)));
    Measure::new(ns(second * SECOND), of, losses).unwrap()
}

pub(crate) fn rate(text: &str) -> Rate {
    rate_from_text(text).unwrap()
}

/// Price at two decimals, size at four, lot 0.0001, fees of 10 bp.
pub(crate) fn instrument() -> Instrument {
    Instrument {
        symbol: "test:BTC".to_owned(),
        base: Asset::of_name("BTC"),
        quote: Asset::CASH,
        price_scale: 2,
        qty_scale: 4,
        tick: Price::new(1),
        lot: Qty::new(1),
        notional_min: Amount::ZERO,
        notional_max: Amount::new(i128::MAX),
        qty_max: Qty::new(i64::MAX),
        taker_fee: rate("0.001"),
        maker_fee: rate("0.001"),
    }
}

/// A bar from its four prices.
pub(crate) fn row(place: i64, [open, high, low, close]: [f64; 4]) -> Row {
    Row { open_ns: START + place * HOUR, open, high, low, close, volume: 1.0 }
}

/// Bars that do not move inside: open, high, low and close are one price.
pub(crate) fn flat(prices: &[f64]) -> Vec<Row> {
    prices.iter().zip(0..).map(|(price, place)| row(place, [*price; 4])).collect()
}

/// A seeded walk of hourly bars with steps of about 1 %.
pub(crate) fn walk(seed: u64, bars: usize, start: f64) -> Vec<Row> {
    let mut dice = Dice(seed);
    let mut close = start;
    let mut rows = Vec::new();
    for place in 0..i64::try_from(bars).unwrap() {
        let open = close;
        close = open * (1.0 + 0.02 * (dice.part() - 0.5));
        let (high, low) = (open.max(close) * 1.002, open.min(close) * 0.998);
        let volume = dice.part() * 10.0;
        rows.push(Row { volume, ..row(place, [open, high, low, close]) });
    }
    rows
}

pub(crate) fn history(symbol: &str, rows: &[Row]) -> Arc<History> {
    spaced(symbol, HOUR, rows)
}

pub(crate) fn spaced(symbol: &str, interval_ns: i64, rows: &[Row]) -> Arc<History> {
    let column = |of: fn(&Row) -> f64| rows.iter().map(of).collect::<Vec<_>>();
    let open_ns: Vec<_> = rows.iter().map(|row| row.open_ns).collect();
    let columns = Columns {
        open_ns: &open_ns,
        open: &column(|row| row.open),
        high: &column(|row| row.high),
        low: &column(|row| row.low),
        close: &column(|row| row.close),
        volume: &column(|row| row.volume),
    };
    Arc::new(History::new(symbol, interval_ns, columns).unwrap())
}

/// Name, operands, parameters: a node.
pub(crate) type Raw<'a> = (&'a str, &'a [usize], &'a [f64]);

pub(crate) fn try_compile(nodes: &[Raw<'_>], outputs: &[usize]) -> Result<Program, SignalError> {
    let parse = |(name, operands, parameters): &Raw<'_>| Node::parse(name, operands, parameters);
    let nodes: Vec<Node> = nodes.iter().map(parse).collect::<Result<_, _>>()?;
    Program::compile(&nodes, outputs)
}

/// A program whose only output is its last node.
pub(crate) fn program(nodes: &[Raw<'_>]) -> Program {
    try_compile(nodes, &[nodes.len() - 1]).unwrap()
}

/// One operation over inputs, four at least, or over conditions of them.
pub(crate) fn one_operation(operation: &Operation, inputs: &[&str]) -> Program {
    let mut nodes: Vec<Raw<'_>> = inputs.iter().map(|name| (*name, &[][..], &[][..])).collect();
    nodes.extend([("gt", &[0, 1][..], &[][..]), ("le", &[1, 2], &[])]);
    let (mut number, mut condition) = (0..inputs.len(), inputs.len()..nodes.len());
    let mut next = |gives: Gives| match gives {
        Gives::Condition => condition.next().unwrap(),
        Gives::Number | Gives::Either => number.next().unwrap(),
    };
    let operands: Vec<usize> = operation.operands.iter().map(|(_, gives)| next(*gives)).collect();
    let parameters: &[f64] = if operation.parameters.is_empty() { &[] } else { &[7.0] };
    nodes.push((operation.name, &operands, parameters));
    program(&nodes)
}

/// Long `fraction` of the equity while the fast average is above the slow one, else flat.
pub(crate) fn sma_cross(fast: f64, slow: f64, fraction: f64) -> Program {
    program(&[
        ("close", &[], &[]),
        ("sma", &[0], &[fast]),
        ("sma", &[0], &[slow]),
        ("gt", &[1, 2], &[]),
        ("constant", &[], &[fraction]),
        ("constant", &[], &[0.0]),
        ("where", &[3, 4, 5], &[]),
    ])
}

/// A program that wants what the volume says: the tests write targets into the volume column.
pub(crate) fn volume_is_target() -> Program {
    program(&[("volume", &[], &[])])
}

pub(crate) fn sleeve(instrument: u32, allocation: &str, decides: Decides) -> Sleeve {
    let instrument = InstrumentId(instrument);
    Sleeve { strategy: "test".to_owned(), instrument, allocation: rate(allocation), decides }
}

pub(crate) fn decided(program: Program) -> Decides {
    Decides::Program {
        program: Box::new(program),
        decision: Decision::Target { band: None, execution: Execution::Cross, exits: None },
    }
}

pub(crate) fn profile(name: &str, changes: &[(&str, &str)]) -> Profile {
    let mut profile = Profile::named(name).unwrap();
    for (limit, value) in changes {
        let value = match *value {
            "true" => LimitValue::Switch(true),
            "false" => LimitValue::Switch(false),
            text => LimitValue::Number(text.to_owned()),
        };
        profile = profile.with(limit, &value).unwrap();
    }
    profile
}

/// 10,000 in cash, fees of 10 bp, no slippage, records kept.
pub(crate) fn settings(profile: Profile) -> Settings {
    Settings {
        cash: amount("10000"),
        fee: rate("0.001"),
        slippage: Rate::ZERO,
        profile,
        journal: true,
    }
}

/// To the end, all of it.
pub(crate) fn run(
    histories: Vec<Arc<History>>,
    sleeves: Vec<Sleeve>,
    settings: &Settings,
) -> Backtest {
    let mut backtest = Backtest::new(histories, sleeves, settings).unwrap();
    while backtest.advance().unwrap().is_some() {}
    backtest
}

pub(crate) fn ns(value: i64) -> Nanos {
    Nanos::new(value)
}
