//! Signal programs: streaming is columns to the bit, and nothing looks ahead.
//!
//! What holds for every operation is checked over the table of operations, so that a new one is
//! covered the day it is written. What each means is checked against plain formulas.
//!
//! Long because every operation's plain formula is written out here, beside the laws for all.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use bot4_engine::instrument::InstrumentId;
use bot4_engine::signal::{
    Clock, Gives, Input, Node, NodeKind, OPERATIONS, Operation, Program, SignalError, Stream,
};
use proptest::prelude::any;
use proptest::prop_assert;

use crate::market::{Dice, Raw, SEED, always, program, try_compile, walk};

const INPUTS: [&str; 5] = ["open", "high", "low", "close", "volume"];
const LENGTHS: [f64; 5] = [1.0, 2.0, 3.0, 7.0, 40.0];

/// Five columns of `rows` samples.
type Columns = Vec<Vec<f64>>;

/// NaN, infinities, zeros of both signs, ties and huge numbers among plain ones.
fn hostile(seed: u64, rows: usize) -> Columns {
    let mut dice = Dice(seed);
    let mut column = |_| {
        let mut last = 1.0;
        let mut sample = |_| {
            last = match dice.below(40) {
                0 | 1 => f64::NAN,
                2 => f64::INFINITY,
                3 => f64::NEG_INFINITY,
                4 | 5 => 0.0,
                6 => -0.0,
                7 => 1e200 * (dice.part() - 0.5),
                8 => 1e-300 * (dice.part() - 0.5),
                9..=16 => last,
                _ => 100.0 * (dice.part() - 0.3),
            };
            last
        };
        (0..rows).map(&mut sample).collect()
    };
    INPUTS.iter().map(&mut column).collect()
}

/// Plain numbers, no two alike.
fn clean(seed: u64, rows: usize) -> Columns {
    let rows = walk(seed, rows, 100.0);
    let column = |of: fn(&bot4_engine::history::Row) -> f64| rows.iter().map(of).collect();
    vec![
        column(|row| row.open * 1.0001),
        column(|row| row.high),
        column(|row| row.low),
        column(|row| row.close),
        column(|row| row.volume + 90.0),
    ]
}

/// All inputs; conditions of them; then the operation on what it takes.
fn alone(operation: &Operation, n: f64) -> Program {
    let mut nodes: Vec<Raw<'_>> = INPUTS.map(|name| (name, [].as_slice(), [].as_slice())).to_vec();
    nodes.extend([
        ("gt", [0, 3].as_slice(), [].as_slice()),
        ("le", [1, 4].as_slice(), [].as_slice()),
    ]);
    let conditions = operation.operands.iter().map(|(_, gives)| *gives == Gives::Condition);
    let mut taken = [0, 5];
    let operands: Vec<usize> = conditions
        .map(|is_condition| {
            let next = &mut taken[usize::from(is_condition)];
            *next += 1;
            *next - 1
        })
        .collect();
    let parameters = if operation.parameters.is_empty() { vec![] } else { vec![n] };
    nodes.push((operation.name, &operands, &parameters));
    program(&nodes)
}

/// Every operation at every length.
fn programs() -> impl Iterator<Item = (String, Program)> {
    OPERATIONS.iter().flat_map(|operation| {
        let lengths = if operation.parameters.is_empty() { &LENGTHS[..1] } else { &LENGTHS[..] };
        lengths.iter().map(|n| (format!("{}({n})", operation.name), alone(operation, *n)))
    })
}

/// The columns a program reads, in its order.
fn read<'a>(program: &Program, columns: &'a Columns) -> Vec<&'a [f64]> {
    let place = |stream: Stream| INPUTS.iter().position(|name| *name == stream.name()).unwrap();
    program.inputs().iter().map(|input| columns[place(input.stream)].as_slice()).collect()
}

fn in_columns(program: &Program, columns: &Columns) -> Vec<f64> {
    let rows = columns[0].len();
    program.columns(&read(program, columns), rows).unwrap().remove(0)
}

fn streamed(program: &Program, columns: &Columns) -> Vec<f64> {
    let mut program = program.clone();
    let inputs = read(&program, columns);
    (0..columns[0].len())
        .map(|row| {
            for (place, input) in inputs.iter().enumerate() {
                program.set(place, input[row]);
            }
            program.run(Clock::Bar);
            program.output(0)
        })
        .collect()
}

/// Equal to the bit; one NaN is like another.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

fn first_difference(a: &[f64], b: &[f64]) -> Option<usize> {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).position(|(a, b)| !same(*a, *b))
}

#[test]
fn streaming_is_columns_to_the_bit_for_every_operation() {
    for (name, program) in programs() {
        for (seed, rows) in [(SEED, 2_500), (5, 257), (6, 256), (7, 255), (8, 1), (9, 0)] {
            for columns in [hostile(seed, rows), clean(seed, rows)] {
                let (stream, column) =
                    (streamed(&program, &columns), in_columns(&program, &columns));
                let at = first_difference(&stream, &column);
                assert_eq!(at, None, "{name}, seed {seed}, {rows} rows");
            }
        }
    }
}

#[test]
fn what_comes_after_changes_nothing_before_for_every_operation() {
    let before = hostile(SEED, 600);
    for (name, program) in programs() {
        let whole = in_columns(&program, &before);
        for at in [0, 1, 41, 255, 256, 257, 599] {
            let mut garbage = hostile(1_000, 600);
            for (column, known) in garbage.iter_mut().zip(&before) {
                column[..=at].copy_from_slice(&known[..=at]);
            }
            let poisoned = in_columns(&program, &garbage);
            let until = first_difference(&whole[..=at], &poisoned[..=at]);
            assert_eq!(until, None, "{name} saw beyond {at}");
        }
    }
}

#[test]
fn a_used_program_begins_anew_in_columns() {
    let columns = clean(SEED, 300);
    for (name, program) in programs() {
        let mut used = program.clone();
        for place in 0..used.inputs().len() {
            used.set(place, 3.0);
        }
        used.run(Clock::Bar);
        used.run(Clock::Bar);
        let (fresh, again) = (in_columns(&program, &columns), in_columns(&used, &columns));
        assert_eq!(first_difference(&fresh, &again), None, "{name}");
    }
}

fn first_value(values: &[f64]) -> Option<usize> {
    values.iter().position(|value| !value.is_nan()).map(|place| place + 1)
}

#[test]
fn warm_up_is_what_is_declared_for_every_operation() {
    let columns = clean(SEED, 200);
    for (name, program) in programs() {
        let seen = first_value(&in_columns(&program, &columns));
        assert_eq!(seen, Some(program.warm_up()[0] as usize), "{name}");
    }
}

/// `f(g(close))` for every two operations of one number.
fn nested() -> impl Iterator<Item = (String, Program)> {
    let of_one = |operation: &&Operation| matches!(operation.operands, [(_, Gives::Number)]);
    let parameters = |operation: &Operation, n: f64| match operation.parameters {
        [] => vec![],
        [..] => vec![n],
    };
    // The root of what lies below zero is never known.
    let known = |outer: &Operation, inner: &Operation| (outer.name, inner.name) != ("sqrt", "neg");
    OPERATIONS.iter().filter(of_one).flat_map(move |outer| {
        let inner = OPERATIONS.iter().filter(of_one).filter(move |inner| known(outer, inner));
        inner.map(move |inner| {
            let (n, m) = (parameters(outer, 3.0), parameters(inner, 5.0));
            let nodes: [Raw<'_>; 3] =
                [("close", &[], &[]), (inner.name, &[0], &m), (outer.name, &[1], &n)];
            (format!("{} of {}", outer.name, inner.name), program(&nodes))
        })
    })
}

#[test]
fn warm_up_adds_up_when_operations_nest() {
    let columns = clean(SEED, 60);
    for (name, program) in nested() {
        let seen = first_value(&in_columns(&program, &columns));
        assert_eq!(seen, Some(program.warm_up()[0] as usize), "{name}");
    }
    let crossing = program(&[
        ("close", &[], &[]),
        ("sma", &[0], &[3.0]),
        ("ema", &[0], &[9.0]),
        ("crossed", &[1, 2], &[]),
        ("crossed_above", &[1, 2], &[]),
        ("latch", &[3, 4], &[]),
    ]);
    assert_eq!(crossing.warm_up(), [10]);
    assert_eq!(first_value(&in_columns(&crossing, &columns)), Some(10));
    // A branch that is not asked for need not be warm: what is declared is the most it takes.
    let choice = program(&[
        ("close", &[], &[]),
        ("sma", &[0], &[9.0]),
        ("gt", &[0, 0], &[]),
        ("where", &[2, 1, 0], &[]),
    ]);
    assert_eq!((choice.warm_up()[0], first_value(&in_columns(&choice, &columns))), (9, Some(1)));
}

#[test]
fn a_sample_that_is_not_finite_is_skipped_by_what_remembers() {
    let remembers = |operation: &&Operation| !operation.parameters.is_empty();
    for operation in OPERATIONS.iter().filter(remembers) {
        let (program, plain) = (alone(operation, 3.0), clean(SEED, 100));
        let wanted = in_columns(&program, &plain);
        for gap in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut gapped = plain.clone();
            for column in &mut gapped {
                for place in [0, 1, 30, 70, 99] {
                    column.insert(place, gap);
                }
            }
            let mut got = in_columns(&program, &gapped);
            for place in [99, 70, 30, 1, 0] {
                assert!(got.remove(place).is_nan(), "{}", operation.name);
            }
            assert_eq!(first_difference(&wanted, &got), None, "{}", operation.name);
        }
    }
}

/// A plain formula: the samples so far and a length, to a value where there is one.
type Formula = fn(&[f64], usize) -> Option<f64>;

fn tail(x: &[f64], n: usize) -> Option<&[f64]> {
    x.len().checked_sub(n).map(|start| &x[start..])
}

#[allow(clippy::cast_precision_loss, reason = "lengths are small")]
fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn std(x: &[f64], n: usize) -> Option<f64> {
    let x = tail(x, n)?;
    let squares: Vec<f64> = x.iter().map(|value| (value - mean(x)) * (value - mean(x))).collect();
    Some(mean(&squares).sqrt())
}

/// TA-Lib's EMA: it begins with the mean of the first n.
#[allow(clippy::cast_precision_loss, reason = "lengths are small")]
fn ema(x: &[f64], n: usize) -> Option<f64> {
    let k = 2.0 / (n as f64 + 1.0);
    let first = mean(x.get(..n)?);
    Some(x[n..].iter().fold(first, |ema, value| k * value + (1.0 - k) * ema))
}

/// Wilder's average: mean of the first n, then (n − 1 parts of the old, one of the new) / n.
#[allow(clippy::cast_precision_loss, reason = "lengths are small")]
fn wilder(x: &[f64], n: usize) -> Option<f64> {
    let (first, of) = (mean(x.get(..n)?), n as f64);
    Some(x[n..].iter().fold(first, |average, value| (average * (of - 1.0) + value) / of))
}

/// TA-Lib's RSI: 100 · gain / (gain + loss), 0 where nothing moves.
fn rsi(x: &[f64], n: usize) -> Option<f64> {
    let changes: Vec<f64> = x.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let ups: Vec<f64> = changes.iter().map(|change| change.max(0.0)).collect();
    let downs: Vec<f64> = changes.iter().map(|change| (-change).max(0.0)).collect();
    let (gain, loss) = (wilder(&ups, n)?, wilder(&downs, n)?);
    Some(if gain + loss == 0.0 { 0.0 } else { 100.0 * gain / (gain + loss) })
}

const FORMULAS: &[(&str, Formula)] = &[
    ("sma", |x, n| tail(x, n).map(mean)),
    ("ema", ema),
    ("rsi", rsi),
    ("rolling_std", std),
    ("rolling_min", |x, n| tail(x, n)?.iter().copied().reduce(f64::min)),
    ("rolling_max", |x, n| tail(x, n)?.iter().copied().reduce(f64::max)),
    ("shift", |x, n| tail(x, n + 1).map(|x| x[0])),
];

/// Equal to 10⁻⁹ of the larger, or to 10⁻¹² of the scale of the samples.
fn close_to(got: f64, wanted: Option<f64>, scale: f64) -> bool {
    let Some(wanted) = wanted else {
        return got.is_nan();
    };
    (got - wanted).abs() <= (1e-9 * wanted.abs()).max(1e-12 * scale)
}

#[test]
fn agrees_with_plain_formulas() {
    let walked = &clean(SEED, 1_300)[3];
    let ties: Vec<f64> = walked.iter().map(|x| (x / 2.0).round()).collect();
    let still = vec![7.25; 60];
    let mut stops = walked[..50].to_vec();
    stops.extend([walked[49]; 50]);
    for (name, formula) in FORMULAS {
        for n in [1_u16, 2, 3, 14, 50, 1_100] {
            let program = program(&[("close", &[], &[]), (name, &[0], &[f64::from(n)])]);
            for (series, x) in
                [("walk", walked), ("ties", &ties), ("still", &still), ("stop", &stops)]
            {
                let got = program.columns(&[x], x.len()).unwrap().remove(0);
                for place in (0..x.len()).step_by(if x.len() > 100 { 37 } else { 1 }) {
                    let wanted = formula(&x[..=place], usize::from(n));
                    let ok = close_to(got[place], wanted, 100.0);
                    assert!(ok, "{name}({n}) of {series} at {place}: {} {wanted:?}", got[place]);
                }
            }
        }
    }
}

#[test]
fn true_range_is_the_widest_of_three_from_the_second_bar() {
    let columns = clean(SEED, 400);
    let (high, low, close) = (&columns[1], &columns[2], &columns[3]);
    for n in [1_u16, 2, 14, 100] {
        let nodes: [Raw<'_>; 4] = [
            ("high", &[], &[]),
            ("low", &[], &[]),
            ("close", &[], &[]),
            ("atr", &[0, 1, 2], &[f64::from(n)]),
        ];
        let got = in_columns(&program(&nodes), &columns);
        let range = |bar: usize| {
            let before = close[bar - 1];
            [high[bar] - low[bar], (high[bar] - before).abs(), (low[bar] - before).abs()]
                .into_iter()
                .fold(0.0, f64::max)
        };
        let ranges: Vec<f64> = (1..close.len()).map(range).collect();
        for bar in 0..close.len() {
            let wanted = wilder(&ranges[..bar], usize::from(n));
            assert!(close_to(got[bar], wanted, 0.0), "{} {wanted:?} at {bar}", got[bar]);
        }
    }
}

#[test]
fn does_not_drift() {
    let mut dice = Dice(SEED);
    let mut x = 40_000.0;
    let walk: Vec<f64> = (0..200_000)
        .map(|_| {
            x *= 1.0 + 0.01 * (dice.part() - 0.5);
            x
        })
        .collect();
    for (name, formula) in [FORMULAS[0], FORMULAS[1], FORMULAS[3]] {
        for n in [2_u16, 30, 1_000] {
            let program = program(&[("close", &[], &[]), (name, &[0], &[f64::from(n)])]);
            let got = program.columns(&[&walk], walk.len()).unwrap().remove(0);
            let wanted = formula(&walk, usize::from(n)).unwrap();
            let off = (got[walk.len() - 1] / wanted - 1.0).abs();
            assert!(off < 1e-11, "{name}({n}) is off by {off}");
        }
    }
}

#[test]
fn a_spike_is_forgotten_when_it_leaves_the_window() {
    let mut x = clean(SEED, 400)[3].clone();
    x[100] = 1e18;
    for (name, formula) in [FORMULAS[0], FORMULAS[3]] {
        let program = program(&[("close", &[], &[]), (name, &[0], &[20.0])]);
        let got = program.columns(&[&x], x.len()).unwrap().remove(0);
        for place in 120..400 {
            let wanted = formula(&x[..=place], 20).unwrap();
            assert!((got[place] / wanted - 1.0).abs() < 1e-9, "{name} at {place}: {}", got[place]);
        }
    }
}

#[test]
fn a_sum_that_overflowed_heals() {
    let mut x = clean(SEED, 2_500)[3].clone();
    x[100..103].copy_from_slice(&[f64::MAX; 3]);
    for name in ["sma", "rolling_std"] {
        let program = program(&[("close", &[], &[]), (name, &[0], &[20.0])]);
        let got = program.columns(&[&x], x.len()).unwrap().remove(0);
        assert!(got[1_200..].iter().all(|value| value.is_finite()), "{name}");
    }
}

#[test]
fn a_mean_does_not_depend_on_where_the_series_began() {
    for seed in 0..5 {
        let x: Vec<f64> =
            clean(seed, 2_000)[3].iter().map(|x| (x * 100.0).round() / 100.0).collect();
        let program = program(&[("close", &[], &[]), ("sma", &[0], &[30.0])]);
        let whole = program.columns(&[&x], x.len()).unwrap().remove(0);
        for start in [1, 777, 1_500] {
            let part = program.columns(&[&x[start..]], x.len() - start).unwrap().remove(0);
            let at = first_difference(&whole[start + 29..], &part[29..]);
            assert_eq!(at, None, "seed {seed} from {start}");
        }
    }
}

/// Run `operation` over columns named a, b, c as numbers; `conditions` turns them into conditions.
fn table(operation: &str, conditions: bool, columns: &[&[f64]]) -> Vec<f64> {
    let mut nodes: Vec<Raw<'_>> =
        INPUTS[..columns.len()].iter().map(|name| (*name, &[][..], &[][..])).collect();
    let mut operands: Vec<usize> = (0..columns.len()).collect();
    nodes.push(("constant", &[], &[0.0]));
    let all: Vec<[usize; 2]> = operands.iter().map(|place| [*place, columns.len()]).collect();
    if conditions {
        for (operand, pair) in operands.iter_mut().zip(&all) {
            nodes.push(("gt", pair, &[]));
            *operand = nodes.len() - 1;
        }
    }
    nodes.push((operation, &operands, &[]));
    program(&nodes).columns(columns, columns[0].len()).unwrap().remove(0)
}

const N: f64 = f64::NAN;

#[test]
fn compares_and_combines_as_the_table_says() {
    let (a, b) = ([1.0, 2.0, 2.0, N, 1.0, -0.0, f64::INFINITY], [2.0, 1.0, 2.0, 1.0, N, 0.0, 1.0]);
    let check = |name: &str, wanted: [f64; 7]| {
        let got = table(name, false, &[&a, &b]);
        assert_eq!(first_difference(&got, &wanted), None, "{name}: {got:?}");
    };
    check("gt", [0.0, 1.0, 0.0, N, N, 0.0, 1.0]);
    check("ge", [0.0, 1.0, 1.0, N, N, 1.0, 1.0]);
    check("lt", [1.0, 0.0, 0.0, N, N, 0.0, 0.0]);
    check("le", [1.0, 0.0, 1.0, N, N, 1.0, 0.0]);
    check("eq", [0.0, 0.0, 1.0, N, N, 1.0, 0.0]);
    check("ne", [1.0, 1.0, 0.0, N, N, 0.0, 1.0]);
    check("add", [3.0, 3.0, 4.0, N, N, 0.0, f64::INFINITY]);
    check("sub", [-1.0, 1.0, 0.0, N, N, -0.0, f64::INFINITY]);
    check("mul", [2.0, 2.0, 4.0, N, N, -0.0, f64::INFINITY]);
    check("div", [0.5, 2.0, 1.0, N, N, N, f64::INFINITY]);
    check("minimum", [1.0, 1.0, 2.0, N, N, 0.0, 1.0]);
    check("maximum", [2.0, 2.0, 2.0, N, N, 0.0, f64::INFINITY]);
    let negated = table("neg", false, &[&[1.0, -0.0, N]]);
    assert_eq!(first_difference(&negated, &[-1.0, 0.0, N]), None);
    let sizes = table("abs", false, &[&[-1.0, -0.0, N]]);
    assert_eq!(first_difference(&sizes, &[1.0, 0.0, N]), None);
}

#[test]
fn what_is_not_known_is_neither_true_nor_false() {
    let a = [1.0, 1.0, 0.0, 0.0, N, N, 1.0, 0.0];
    let b = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, N, N];
    let check = |name: &str, columns: &[&[f64]], wanted: &[f64]| {
        let got = table(name, true, columns);
        assert_eq!(first_difference(&got, wanted), None, "{name}: {got:?}");
    };
    check("and", &[&a, &b], &[1.0, 0.0, 0.0, 0.0, N, N, N, N]);
    check("or", &[&a, &b], &[1.0, 1.0, 1.0, 0.0, N, N, N, N]);
    check("not", &[&[1.0, 0.0, N]], &[0.0, 1.0, N]);
    let c = [1.0, 0.0, 1.0, 0.0, N, 1.0, 0.0, 0.0];
    // `where` looks only at the branch it takes.
    check("where", &[&c, &a, &b], &[1.0, 0.0, 0.0, 0.0, N, N, N, N]);
    // On, then off; both at once is off; not known leaves it as it is.
    let on = [0.0, 1.0, 0.0, 0.0, 1.0, N, 0.0, 1.0, 1.0];
    let off = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, N];
    check("latch", &[&on, &off], &[0.0, 1.0, 1.0, 0.0, 1.0, N, 1.0, 0.0, N]);
}

#[test]
fn a_crossing_is_now_and_was_not_before() {
    let a = [1.0, 3.0, 3.0, 2.0, 1.0, 2.0, 3.0, N, 1.0, 2.0];
    let b = [2.0; 10];
    let check = |name: &str, wanted: [f64; 10]| {
        let got = table(name, false, &[&a, &b]);
        assert_eq!(first_difference(&got, &wanted), None, "{name}: {got:?}");
    };
    check("crossed_above", [N, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, N, 0.0, 0.0]);
    check("crossed_below", [N, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, N, 1.0, 0.0]);
    check("crossed", [N, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, N, 1.0, 0.0]);
}

#[test]
fn a_part_that_occurs_twice_is_computed_once() {
    let sma: Raw<'_> = ("sma", &[0], &[5.0]);
    let close: Raw<'_> = ("close", &[], &[]);
    // Nodes, outputs, operations that run, inputs that are read.
    type Case<'a> = (&'a str, Vec<Raw<'a>>, &'a [usize], usize, usize);
    let table: Vec<Case<'_>> = vec![
        ("an input alone", vec![close], &[0], 0, 1),
        ("twice the same", vec![close, sma, sma, ("add", &[1, 2], &[])], &[3], 2, 1),
        (
            "the same through other nodes",
            vec![close, close, sma, ("sma", &[1], &[5.0]), ("sub", &[2, 3], &[])],
            &[4],
            2,
            1,
        ),
        ("another length", vec![close, sma, ("sma", &[0], &[6.0])], &[1, 2], 2, 1),
        ("another operation", vec![close, sma, ("ema", &[0], &[5.0])], &[1, 2], 2, 1),
        ("the same output twice", vec![close, sma], &[1, 1], 1, 1),
        ("what nobody needs", vec![close, ("open", &[], &[]), sma, ("neg", &[1], &[])], &[2], 1, 1),
        ("one number", vec![("constant", &[], &[1.0]), ("constant", &[], &[1.0])], &[0, 1], 0, 0),
        (
            "zero has signs",
            vec![
                ("constant", &[], &[0.0]),
                ("constant", &[], &[-0.0]),
                ("div", &[0, 1], &[]),
                ("div", &[1, 0], &[]),
            ],
            &[2, 3],
            2,
            0,
        ),
        ("no output", vec![close, sma], &[], 0, 0),
    ];
    for (name, nodes, outputs, operations, inputs) in table {
        let program = try_compile(&nodes, outputs).unwrap();
        assert_eq!((program.operations(), program.inputs().len()), (operations, inputs), "{name}");
        assert_eq!(program.warm_up().len(), outputs.len(), "{name}");
    }
}

#[test]
fn what_nobody_needs_may_be_wrong() {
    let nodes: [Raw<'_>; 3] = [("close", &[], &[]), ("nonsense", &[7], &[]), ("neg", &[0], &[])];
    assert_eq!(try_compile(&nodes, &[2]).unwrap().operations(), 1);
    assert!(try_compile(&nodes, &[1]).is_err());
}

#[test]
fn a_number_needs_no_input() {
    let two = program(&[("constant", &[], &[2.0]), ("neg", &[0], &[])]);
    assert_eq!(two.columns(&[], 300).unwrap(), [vec![-2.0; 300]]);
    let mut two = two;
    assert!(two.output(0).is_nan());
    two.run(Clock::Bar);
    assert_eq!(two.output(0).to_bits(), (-2.0_f64).to_bits());
    assert!(two.output(1).is_nan());
    two.set(99, 5.0);
}

#[test]
fn inputs_are_kept_apart_by_instrument_and_interval() {
    let input = |instrument: Option<u32>, interval: Option<i64>| Node {
        kind: NodeKind::Input(Input {
            instrument: instrument.map(InstrumentId),
            stream: Stream::Close,
            interval: interval.map(market::ns),
        }),
        operands: vec![],
    };
    let nodes = [input(None, None), input(Some(1), None), input(None, Some(5)), input(None, None)];
    let program = Program::compile(&nodes, &[0, 1, 2, 3]).unwrap();
    assert_eq!(program.inputs().len(), 3);
}

#[test]
fn every_mistake_has_its_error() {
    let close: Raw<'_> = ("close", &[], &[]);
    let many = vec![close; 100_001];
    let windows: Vec<[f64; 1]> = (0..17).map(|less| [f64::from(1_000_000 - less)]).collect();
    let mut long: Vec<Raw<'_>> = vec![close];
    long.extend(windows.iter().map(|n| ("sma", &[0][..], &n[..])));
    let all: Vec<usize> = (0..long.len()).collect();
    type Case<'a> = (&'a [Raw<'a>], &'a [usize], &'a str);
    let table: &[Case<'_>] = &[
        (&[("wma", &[], &[])], &[0], "there is no operation or input 'wma'"),
        (&[close, ("sma", &[], &[5.0])], &[1], "sma takes 1 operand(s), not 0"),
        (&[close, ("add", &[0, 0, 0], &[])], &[1], "add takes 2 operand(s), not 3"),
        (&[close, ("close", &[0], &[])], &[1], "close takes 0 operand(s), not 1"),
        (&[("close", &[], &[1.0])], &[0], "close takes 0 parameter(s), not 1"),
        (&[("constant", &[], &[])], &[0], "constant takes 1 parameter(s), not 0"),
        (&[("constant", &[], &[1.0, 2.0])], &[0], "constant takes 1 parameter(s), not 2"),
        (&[close, ("neg", &[0], &[1.0])], &[1], "neg takes 0 parameter(s), not 1"),
        (&[close, ("sma", &[0], &[])], &[1], "sma takes 1 parameter(s), not 0"),
        (&[close, ("sma", &[0], &[1.0, 2.0])], &[1], "sma takes 1 parameter(s), not 2"),
        (&[close, ("neg", &[1], &[])], &[1], "node 1: an operand must be an earlier node"),
        (&[close, ("neg", &[9], &[])], &[1], "node 1: an operand must be an earlier node"),
        (&[close], &[1], "output: an operand must be an earlier node"),
        (&many, &[0], "the program is too large: 100001 nodes"),
        (&long, &all, "the program is too large: 16999864 samples in windows"),
    ];
    for (nodes, outputs, wanted) in table {
        let error = try_compile(nodes, outputs).unwrap_err();
        assert_eq!(error.to_string(), *wanted);
    }
    for n in [0.0, -1.0, 1.5, 1_000_001.0, N, f64::INFINITY, -0.0] {
        let error = try_compile(&[close, ("sma", &[0], &[n])], &[1]).unwrap_err();
        let wanted = format!("sma: n must be a whole number from 1 to 1000000, not {n}");
        assert_eq!(error.to_string(), wanted);
    }
}

#[test]
fn numbers_and_conditions_are_not_mixed() {
    let (close, open): (Raw<'_>, Raw<'_>) = (("close", &[], &[]), ("open", &[], &[]));
    let gt: Raw<'_> = ("gt", &[0, 1], &[]);
    let check = |last: Raw<'_>, wanted: Option<(&str, &str)>| {
        let got = try_compile(&[close, open, gt, last], &[3]).map(|_| ());
        let wanted = wanted.map_or(Ok(()), |(operand, wanted)| {
            let name = last.0.to_owned();
            let operand = OPERATIONS
                .iter()
                .flat_map(|operation| operation.operands)
                .find(|(known, _)| *known == operand)
                .map_or("", |(known, _)| *known);
            let wanted = if wanted == "number" { "number" } else { "condition" };
            Err(SignalError::Kind { name, operand, wanted })
        });
        assert_eq!(got, wanted, "{last:?}");
    };
    check(("sma", &[2], &[3.0]), Some(("x", "number")));
    check(("add", &[0, 2], &[]), Some(("b", "number")));
    check(("and", &[0, 2], &[]), Some(("a", "condition")));
    check(("not", &[0], &[]), Some(("a", "condition")));
    check(("where", &[0, 0, 1], &[]), Some(("condition", "condition")));
    check(("where", &[2, 0, 2], &[]), Some(("b", "number")));
    check(("where", &[2, 2, 0], &[]), Some(("b", "condition")));
    check(("latch", &[2, 0], &[]), Some(("off", "condition")));
    check(("where", &[2, 2, 2], &[]), None);
    check(("where", &[2, 0, 1], &[]), None);
    // `where` of conditions is one.
    let nodes = [close, open, gt, ("where", &[2, 2, 2], &[]), ("not", &[3], &[])];
    assert!(try_compile(&nodes, &[4]).is_ok());
}

#[test]
fn columns_must_be_there_and_of_one_length() {
    let spread = program(&[("high", &[], &[]), ("low", &[], &[]), ("sub", &[0, 1], &[])]);
    let error = |name: &str| Err(SignalError::Column(name.to_owned()));
    assert_eq!(spread.columns(&[], 3), error("high"));
    assert_eq!(spread.columns(&[&[1.0; 3]], 3), error("low"));
    assert_eq!(spread.columns(&[&[1.0; 3], &[1.0; 2]], 3), error("low"));
    assert_eq!(spread.columns(&[&[3.0; 3], &[1.0; 3]], 3), Ok(vec![vec![2.0; 3]]));
    let bars = ["open", "high", "low", "close", "volume", "interval_s"];
    for name in bars.into_iter().chain(["position", "equity", "entry_price"]) {
        let NodeKind::Input(input) = Node::parse(name, &[], &[]).unwrap().kind else {
            continue;
        };
        assert_eq!(input.stream.name(), name);
    }
}

#[test]
fn random_programs_do_not_look_ahead() {
    always(120, (any::<u64>(), 0_usize..300), |(seed, at)| {
        let mut dice = Dice(seed);
        let shape = random_program(&mut dice);
        let (mut known, garbage) = (hostile(seed, 300), hostile(seed ^ 1, 300));
        let whole = in_columns(&shape, &known);
        let stream = streamed(&shape, &known);
        prop_assert!(first_difference(&whole, &stream).is_none());
        for (column, garbage) in known.iter_mut().zip(&garbage) {
            column[at..].copy_from_slice(&garbage[at..]);
        }
        let poisoned = in_columns(&shape, &known);
        prop_assert!(first_difference(&whole[..at], &poisoned[..at]).is_none());
        Ok(())
    });
}

/// Thirty operations on whatever came before them.
fn random_program(dice: &mut Dice) -> Program {
    let mut nodes: Vec<Node> =
        INPUTS.iter().map(|name| Node::parse(name, &[], &[]).unwrap()).collect();
    nodes.push(Node::parse("gt", &[0, 3], &[]).unwrap());
    let mut conditions = vec![false, false, false, false, false, true];
    while nodes.len() < 36 {
        let pick = |dice: &mut Dice, from: usize| {
            usize::try_from(dice.below(u64::try_from(from).unwrap())).unwrap()
        };
        let operation = &OPERATIONS[pick(dice, OPERATIONS.len())];
        let kind = dice.below(2) == 1;
        let operands: Vec<usize> = operation
            .operands
            .iter()
            .map(|(_, gives)| {
                let wanted = match gives {
                    Gives::Number => false,
                    Gives::Condition => true,
                    Gives::Either => kind,
                };
                let all: Vec<usize> =
                    (0..nodes.len()).filter(|place| conditions[*place] == wanted).collect();
                all[pick(dice, all.len())]
            })
            .collect();
        let n = [[1.0], [2.0], [9.0]][pick(dice, 3)];
        let parameters = if operation.parameters.is_empty() { &[][..] } else { &n[..] };
        nodes.push(Node::parse(operation.name, &operands, parameters).unwrap());
        conditions.push(match operation.gives {
            Gives::Number => false,
            Gives::Condition => true,
            Gives::Either => kind,
        });
    }
    Program::compile(&nodes, &[nodes.len() - 1]).unwrap()
}
