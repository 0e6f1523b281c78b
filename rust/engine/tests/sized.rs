//! The operations that size a position: what each means, and that it goes on where it was.
//!
//! The laws of every operation (streaming is columns, nothing looks ahead) are in `signal.rs`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::cast_precision_loss, reason = "the windows of a test are short")]

mod market;

use bot4_engine::signal::{Clock, Memory, OPERATIONS};
use proptest::prelude::any;
use proptest::prop_assert_eq;

use crate::market::{Dice, Raw, SEED, always, one_operation, program};

const N: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;
const FIELDS: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Equal to the bit; one NaN is like another.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

fn check(name: &str, got: &[f64], wanted: &[f64]) {
    let alike = got.len() == wanted.len() && got.iter().zip(wanted).all(|(a, b)| same(*a, *b));
    assert!(alike, "{name}: {got:?}, not {wanted:?}");
}

/// An operation over columns called open, high, low, in this order.
fn over(name: &'static str, parameters: &[f64], columns: &[&[f64]]) -> Vec<f64> {
    let mut nodes: Vec<Raw<'_>> =
        FIELDS[..columns.len()].iter().map(|field| (*field, &[][..], &[][..])).collect();
    let operands: Vec<usize> = (0..columns.len()).collect();
    nodes.push((name, &operands, parameters));
    program(&nodes).columns(columns, columns[0].len()).unwrap().remove(0)
}

#[test]
fn a_size_is_never_infinite_and_never_beyond_its_cap() {
    // x, scale, cap, what is held.
    let table = [
        (1.0, 0.4, 1.0, 0.4),
        (-1.0, 0.4, 1.0, -0.4),
        (0.5, 4.0, 1.0, 1.0),
        (-0.5, 4.0, 1.0, -1.0),
        (1.0, 4.0, 2.5, 2.5),
        // Too much for a float, and the least that one holds.
        (1e300, 1e300, 1.0, 1.0),
        (-1e300, 1e300, 1.0, -1.0),
        (5e-324, 0.5, 1.0, 0.0),
        // Nothing can be sized by zero, by less, or by infinity.
        (1.0, 0.0, 1.0, 0.0),
        (1.0, -0.0, 1.0, 0.0),
        (1.0, -2.0, 1.0, 0.0),
        (1.0, INF, 1.0, 0.0),
        (1.0, -INF, 1.0, 0.0),
        (INF, 0.5, 1.0, 0.0),
        (-INF, 0.5, 1.0, 0.0),
        (1.0, 0.5, 0.0, 0.0),
        (1.0, 0.5, -1.0, 0.0),
        // What is not known stays so.
        (N, 0.5, 1.0, N),
        (1.0, N, 1.0, N),
        (1.0, 0.5, N, N),
        (INF, N, 1.0, N),
        // But flat is flat: an exit waits for no measure.
        (0.0, N, 1.0, 0.0),
        (-0.0, N, N, 0.0),
        (0.0, INF, 1.0, 0.0),
    ];
    let column = |of: fn(&(f64, f64, f64, f64)) -> f64| table.iter().map(of).collect::<Vec<_>>();
    let (x, scale, cap) = (column(|row| row.0), column(|row| row.1), column(|row| row.2));
    check("sized", &over("sized", &[], &[&x, &scale, &cap]), &column(|row| row.3));
}

#[test]
fn no_input_whatever_gives_a_size_beyond_its_cap() {
    always(2_000, (any::<f64>(), any::<f64>(), any::<f64>()), |(x, scale, cap)| {
        let held = over("sized", &[], &[&[x], &[scale], &[cap]])[0];
        let fits = held.is_nan() || (held.is_finite() && held.abs() <= cap.max(0.0));
        let flat = x != 0.0 || held == 0.0;
        prop_assert_eq!((fits, flat), (true, true), "{} {} {}: {}", x, scale, cap, held);
        Ok(())
    });
}

#[test]
fn a_deadband_moves_only_by_more_than_its_width() {
    let table = [
        // x, width, what stays.
        (0.30, 0.1, 0.30),
        (0.39, 0.1, 0.30),
        (0.41, 0.1, 0.41),
        (0.33, 0.1, 0.41),
        (0.30, 0.1, 0.30),
        // To zero, out of it, and to the other side at once.
        (0.0, 0.1, 0.0),
        (0.05, 0.1, 0.05),
        (-0.02, 0.1, -0.02),
        (-0.05, 0.1, -0.02),
        // A width of nothing or less lets all through; what is not known changes nothing.
        (-0.06, 0.0, -0.06),
        (-0.07, -1.0, -0.07),
        (N, 0.1, N),
        (-0.08, 0.1, -0.07),
        (-0.5, N, N),
        // A width that nothing leaves: the size of the entry.
        (-0.9, 2.0, -0.07),
        (0.9, 2.0, 0.9),
        (0.1, 2.0, 0.9),
        (0.0, 2.0, 0.0),
        (0.1, 2.0, 0.1),
    ];
    let column = |of: fn(&(f64, f64, f64)) -> f64| table.iter().map(of).collect::<Vec<_>>();
    let got = over("deadband", &[], &[&column(|row| row.0), &column(|row| row.1)]);
    check("deadband", &got, &column(|row| row.2));
}

#[test]
fn the_largest_so_far_skips_what_is_not_finite() {
    let x = [-3.0, -4.0, N, -1.0, INF, 2.0, 1.0, -INF, 2.0, 5.0];
    let wanted = [-3.0, -3.0, N, -1.0, N, 2.0, 2.0, N, 2.0, 5.0];
    check("cum_max", &over("cum_max", &[], &[&x]), &wanted);
}

#[test]
fn a_root_is_not_known_below_zero() {
    let x = [4.0, 2.0, 0.0, -1.0, N, INF];
    let wanted = [2.0, core::f64::consts::SQRT_2, 0.0, N, N, INF];
    check("sqrt", &over("sqrt", &[], &[&x]), &wanted);
}

/// Prices with many ties and zeros of both signs.
fn ties(dice: &mut Dice, rows: usize) -> Vec<f64> {
    let mut sample = |_| match dice.below(12) {
        0 => 0.0,
        1 => -0.0,
        2..=6 => (10.0 * dice.part()).round() - 5.0,
        _ => 10.0 * dice.part() - 5.0,
    };
    (0..rows).map(&mut sample).collect()
}

fn sorted(window: &[f64]) -> Vec<f64> {
    let mut sorted = window.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[test]
fn a_quantile_is_the_sample_that_a_sorted_window_has_there() {
    always(60, (any::<u64>(), 1_usize..60), |(seed, n)| {
        let mut dice = Dice(seed);
        let x = ties(&mut dice, 200);
        // The k-th smallest, asked for where rounding cannot matter.
        let k = 1 + usize::try_from(dice.below(n as u64)).unwrap();
        let q = vec![(k as f64 - 0.5) / n as f64; x.len()];
        let got = over("rolling_quantile", &[n as f64], &[&x, &q]);
        for (at, got) in got.iter().enumerate() {
            let wanted = (at + 1).checked_sub(n).map_or(N, |from| sorted(&x[from..=at])[k - 1]);
            prop_assert_eq!(got.to_bits(), wanted.to_bits(), "{} of {} at {}", k, n, at);
        }
        Ok(())
    });
    let beyond = over("rolling_quantile", &[3.0], &[&[5.0, 7.0, 6.0, 8.0], &[-9.0, 0.0, 0.0, 9.0]]);
    check("beyond", &beyond, &[N, N, 5.0, 8.0]);
}

#[test]
fn a_tail_mean_counts_the_sample_at_its_edge_in_part() {
    let x: Vec<f64> = (1..=10).map(f64::from).collect();
    // Of ten samples: less than one, one, two and a half, all.
    for (q, wanted) in [(0.0, 1.0), (0.01, 1.0), (0.1, 1.0), (0.25, 1.8), (1.0, 5.5), (7.0, 5.5)] {
        let got = over("rolling_tail_mean", &[10.0], &[&x, &[q; 10]])[9];
        assert!((got - wanted).abs() < 1e-12, "{q}: {got}, not {wanted}");
    }
}

#[test]
fn what_is_ranked_depends_on_the_window_alone() {
    let x = ties(&mut Dice(SEED), 3_000);
    let q = vec![0.07; x.len()];
    for name in ["rolling_quantile", "rolling_tail_mean"] {
        let whole = over(name, &[50.0], &[&x, &q]);
        for start in [1, 777, 2_900] {
            let part = over(name, &[50.0], &[&x[start..], &q[start..]]);
            check(name, &part[49..], &whole[start + 49..]);
        }
    }
}

#[test]
fn every_operation_goes_on_where_it_was_kept() {
    for operation in OPERATIONS {
        let fresh = one_operation(operation, &FIELDS);
        let mut dice = Dice(SEED);
        let columns: Vec<Vec<f64>> = fresh.inputs().iter().map(|_| ties(&mut dice, 100)).collect();
        for at in [0, 3, 50] {
            let (mut whole, mut part) = (fresh.clone(), fresh.clone());
            for row in 0..100 {
                if row == at {
                    let bytes = postcard::to_allocvec(&part.memory()).unwrap();
                    part = fresh.clone();
                    assert!(part.recall(postcard::from_bytes::<Memory>(&bytes).unwrap()));
                }
                for (place, column) in columns.iter().enumerate() {
                    whole.set(place, column[row]);
                    part.set(place, column[row]);
                }
                whole.run(Clock::Bar);
                part.run(Clock::Bar);
                let (name, got) = (operation.name, part.output(0));
                assert!(same(got, whole.output(0)), "{name} kept at {at}, row {row}: {got}");
            }
        }
    }
}
