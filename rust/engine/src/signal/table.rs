//! Every operation: its name, operands, parameters, and how to begin.

use super::average::{DecayedSum, Sma, Smoothed};
use super::kernel::{Keeping, Kernel};
use super::logic::{Crossed, Crossing, Deadband, Latch};
use super::momentum::Rsi;
use super::rank::{RANKED_MAX, Ranked};
use super::state::States;
use super::statistic::{CumMax, RollingMax, Shift};
use super::volatility::{Atr, RollingStd};

/// The longest window, in samples.
pub(crate) const WINDOW_MAX: u32 = 1_000_000;

/// What an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// A number.
    Number,
    /// A condition: true, false, or not known yet.
    Condition,
    /// Whatever its last two operands are, which must be alike.
    Either,
}

/// A parameter of an operation: a whole number within bounds.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// The least it may be.
    pub min: u32,
    /// The most it may be.
    pub max: u32,
}

/// An operation of the language.
#[derive(Debug)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// Name and kind of each operand.
    pub operands: &'static [(&'static str, Gives)],
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// What it gives.
    pub gives: Gives,
    /// One line, with the formula or the source.
    pub summary: &'static str,
    /// Samples it must have seen before its first value, given its first parameter.
    pub(crate) warm_up: fn(u32) -> u32,
    /// The operation over its first parameter, its state put among the states.
    pub(crate) begin: fn(u32, &mut States) -> Kernel,
}

const X: &[(&str, Gives)] = &[("x", Gives::Number)];
const AB: &[(&str, Gives)] = &[("a", Gives::Number), ("b", Gives::Number)];
const CC: &[(&str, Gives)] = &[("a", Gives::Condition), ("b", Gives::Condition)];
const N: &[Parameter] = &[Parameter { name: "n", min: 1, max: WINDOW_MAX }];
const RANKED: &[Parameter] = &[Parameter { name: "n", min: 1, max: RANKED_MAX }];
const XQ: &[(&str, Gives)] = &[("x", Gives::Number), ("q", Gives::Number)];
const NONE: &[Parameter] = &[];

macro_rules! plain {
    ($name:literal, $operands:expr, $gives:ident, $kernel:expr, $summary:literal) => {
        remembers!($name, $operands, $gives, 1, |_, _| $kernel, $summary)
    };
}

macro_rules! remembers {
    ($name:literal, $operands:expr, $gives:ident, $warm_up:expr, $begin:expr, $summary:literal) => {
        Operation {
            name: $name,
            operands: $operands,
            parameters: NONE,
            gives: Gives::$gives,
            summary: $summary,
            warm_up: |_| $warm_up,
            begin: $begin,
        }
    };
}

macro_rules! crossing {
    ($name:literal, $which:ident, $summary:literal) => {
        remembers!(
            $name,
            AB,
            Condition,
            2,
            |_, all| Kernel::Keeps(Keeping::Crossed(
                all.crossed.begin(Crossed::default()),
                Crossing::$which
            )),
            $summary
        )
    };
}

macro_rules! over_window {
    ($name:literal, $operands:expr, $warm_up:expr, $begin:expr, $summary:literal) => {
        over_window!($name, $operands, N, $warm_up, $begin, $summary)
    };
    ($name:literal, $operands:expr, $n:expr, $warm_up:expr, $begin:expr, $summary:literal) => {
        Operation {
            name: $name,
            operands: $operands,
            parameters: $n,
            gives: Gives::Number,
            summary: $summary,
            warm_up: $warm_up,
            begin: $begin,
        }
    };
}

/// The table. Constants and inputs are not operations.
pub const OPERATIONS: &[Operation] = &[
    plain!("add", AB, Number, Kernel::Add, "a + b"),
    plain!("sub", AB, Number, Kernel::Sub, "a - b"),
    plain!("mul", AB, Number, Kernel::Mul, "a * b"),
    plain!("div", AB, Number, Kernel::Div, "a / b"),
    plain!("neg", X, Number, Kernel::Neg, "-x"),
    plain!("abs", X, Number, Kernel::Abs, "the size of x without its sign"),
    plain!("minimum", AB, Number, Kernel::Minimum, "the smaller of a and b"),
    plain!("maximum", AB, Number, Kernel::Maximum, "the larger of a and b"),
    plain!("gt", AB, Condition, Kernel::Gt, "a > b"),
    plain!("ge", AB, Condition, Kernel::Ge, "a >= b"),
    plain!("lt", AB, Condition, Kernel::Lt, "a < b"),
    plain!("le", AB, Condition, Kernel::Le, "a <= b"),
    plain!("eq", AB, Condition, Kernel::Eq, "a == b"),
    plain!("ne", AB, Condition, Kernel::Ne, "a != b"),
    plain!("and", CC, Condition, Kernel::And, "both; not known while either is not"),
    plain!("or", CC, Condition, Kernel::Or, "one or both; not known while either is not"),
    plain!("not", &[("a", Gives::Condition)], Condition, Kernel::Not, "the opposite"),
    plain!(
        "where",
        &[("condition", Gives::Condition), ("a", Gives::Either), ("b", Gives::Either)],
        Either,
        Kernel::Where,
        "a where the condition holds, else b"
    ),
    plain!("sqrt", X, Number, Kernel::Sqrt, "the square root of x; not known below zero"),
    plain!(
        "sized",
        &[("x", Gives::Number), ("scale", Gives::Number), ("cap", Gives::Number)],
        Number,
        Kernel::Sized,
        "x * scale within cap on both sides; 0 where x is, or the scale is not above 0 and finite"
    ),
    over_window!(
        "shift",
        X,
        |n| n.saturating_add(1),
        |n, all| Kernel::Keeps(Keeping::Shift(all.shift.begin(Shift::new(n)))),
        "x as it was n samples ago"
    ),
    over_window!(
        "sma",
        X,
        |n| n,
        |n, all| Kernel::Keeps(Keeping::Sma(all.sma.begin(Sma::new(n)))),
        "mean of the last n samples"
    ),
    over_window!(
        "ema",
        X,
        |n| n,
        |n, all| Kernel::Ema(all.ema.begin(Smoothed::exponential(n))),
        "exponential average, weight 2/(n+1), begun with the mean of the first n (TA-Lib)"
    ),
    over_window!(
        "rolling_min",
        X,
        |n| n,
        |n, all| Kernel::Keeps(Keeping::RollingMin(all.extreme.begin(RollingMax::new(n)))),
        "smallest of the last n samples"
    ),
    over_window!(
        "rolling_max",
        X,
        |n| n,
        |n, all| Kernel::Keeps(Keeping::RollingMax(all.extreme.begin(RollingMax::new(n)))),
        "largest of the last n samples"
    ),
    over_window!(
        "rolling_std",
        X,
        |n| n,
        |n, all| Kernel::Keeps(Keeping::RollingStd(all.std.begin(RollingStd::new(n)))),
        "population standard deviation of the last n samples (TA-Lib STDDEV)"
    ),
    over_window!(
        "rolling_quantile",
        XQ,
        RANKED,
        |n| n,
        |n, all| Kernel::Keeps(Keeping::Quantile(all.ranked.begin(Ranked::new(n)))),
        "the smallest that a part q of the last n samples does not exceed (Hyndman, Fan 1996)"
    ),
    over_window!(
        "rolling_tail_mean",
        XQ,
        RANKED,
        |n| n,
        |n, all| Kernel::Keeps(Keeping::TailMean(all.ranked.begin(Ranked::new(n)))),
        "mean of the lowest part q of the last n samples (Acerbi and Tasche 2002)"
    ),
    over_window!(
        "rsi",
        X,
        |n| n.saturating_add(1),
        |n, all| Kernel::Keeps(Keeping::Rsi(all.rsi.begin(Rsi::new(n)))),
        "relative strength index (Wilder 1978), 0 to 100"
    ),
    over_window!(
        "atr",
        &[("high", Gives::Number), ("low", Gives::Number), ("close", Gives::Number)],
        |n| n.saturating_add(1),
        |n, all| Kernel::Keeps(Keeping::Atr(all.atr.begin(Atr::new(n)))),
        "average true range (Wilder 1978), begun with the mean of bars 1 to n"
    ),
    crossing!("crossed", Either, "a came above or below b with this sample"),
    crossing!("crossed_above", Above, "a > b now, and a <= b one sample before"),
    crossing!("crossed_below", Below, "a < b now, and a >= b one sample before"),
    remembers!(
        "latch",
        &[("on", Gives::Condition), ("off", Gives::Condition)],
        Condition,
        1,
        |_, all| Kernel::Keeps(Keeping::Latch(all.latch.begin(Latch::default()))),
        "true from on until off; off wins; false before either"
    ),
    remembers!(
        "decayed_sum",
        &[("x", Gives::Number), ("passed", Gives::Number)],
        Number,
        1,
        |_, all| Kernel::Keeps(Keeping::DecayedSum(all.decayed.begin(DecayedSum::default()))),
        "x, and what was before it times e to the power of -passed"
    ),
    remembers!(
        "cum_max",
        X,
        Number,
        1,
        |_, all| Kernel::Keeps(Keeping::CumMax(all.cum_max.begin(CumMax::default()))),
        "largest sample so far"
    ),
    remembers!(
        "deadband",
        &[("x", Gives::Number), ("width", Gives::Number)],
        Number,
        1,
        |_, all| Kernel::Keeps(Keeping::Deadband(all.deadband.begin(Deadband::default()))),
        "x as it was until it moves by more than width, comes to 0, leaves it or turns its sign"
    ),
];

pub(crate) fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}
