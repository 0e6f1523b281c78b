//! Bars of trades: every interval once, in order, flat where nobody traded.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use bot4_engine::event::Bar;
use bot4_engine::instrument::InstrumentId;
use bot4_engine::tape::{FLAT_BARS_MAX, Tape};
use proptest::collection::vec;
use proptest::{prop_assert, prop_assert_eq};

use crate::market::{SECOND, START, always, ns};

/// When, of which instrument, at what price, how much.
type Trade = (i64, u32, f64, f64);

fn trade(tape: &mut Tape, (ts, id, price, qty): Trade) {
    tape.on_trade(InstrumentId(id), ns(ts), price, qty);
}

/// Close every bar that is due at `ts`.
fn due(tape: &mut Tape, ts: i64) -> Vec<Bar> {
    let mut bars = Vec::new();
    while let Some(close) = tape.due(ns(ts)) {
        let before = bars.len();
        tape.close(&mut bars);
        assert!(bars[before..].iter().all(|bar| bar.close_ns == close));
    }
    bars
}

/// A bar in words: instrument, seconds after the start, prices, volume.
fn said(bar: &Bar) -> String {
    let since = |ns: i64| (ns - START) / SECOND;
    let (open_ns, close_ns) = (since(bar.open_ns.mantissa()), since(bar.close_ns.mantissa()));
    let Bar { open, high, low, close, volume, .. } = bar;
    let id = bar.instrument.0;
    format!("{id}: {open_ns}-{close_ns} {open} {high} {low} {close} x{volume}")
}

#[test]
fn a_bar_has_the_trades_of_its_interval_and_no_others() {
    let at = |seconds: f64| START + (seconds * 1e9) as i64;
    let second = |s: f64, price: f64| (at(s), 0, price, 2.0);
    type Case<'a> = (&'a str, Vec<Trade>, f64, &'a [&'a str]);
    let cases: [Case<'_>; 8] = [
        ("no trade, no bar", vec![], 90.0, &[]),
        ("not over yet", vec![second(1.0, 5.0)], 9.9, &[]),
        ("over at its end", vec![second(1.0, 5.0)], 10.0, &["0: 0-10 5 5 5 5 x2"]),
        (
            "first, highest, lowest, last",
            vec![second(1.0, 5.0), second(2.0, 9.0), second(3.0, 4.0), second(4.0, 6.0)],
            10.0,
            &["0: 0-10 5 9 4 6 x8"],
        ),
        ("on the edge is the next", vec![second(10.0, 5.0)], 20.0, &["0: 10-20 5 5 5 5 x2"]),
        ("just before it is not", vec![second(9.999, 5.0)], 10.0, &["0: 0-10 5 5 5 5 x2"]),
        (
            "nobody traded",
            vec![second(1.0, 5.0), second(2.0, 6.0)],
            30.0,
            &["0: 0-10 5 6 5 6 x4", "0: 10-20 6 6 6 6 x0", "0: 20-30 6 6 6 6 x0"],
        ),
        (
            "in the order of instruments, and one that never traded has none",
            vec![(at(1.0), 2, 7.0, 1.0), (at(2.0), 0, 5.0, 1.0)],
            20.0,
            &[
                "0: 0-10 5 5 5 5 x1",
                "2: 0-10 7 7 7 7 x1",
                "0: 10-20 5 5 5 5 x0",
                "2: 10-20 7 7 7 7 x0",
            ],
        ),
    ];
    for (name, trades, until, wanted) in cases {
        let mut tape = Tape::new(3, ns(10 * SECOND));
        trades.into_iter().for_each(|one| trade(&mut tape, one));
        let got: Vec<_> = due(&mut tape, at(until)).iter().map(said).collect();
        assert_eq!(got, wanted, "{name}");
    }
}

#[test]
fn a_tape_without_a_trade_closes_nothing() {
    let mut tape = Tape::new(1, ns(SECOND));
    let mut bars = Vec::new();
    tape.close(&mut bars);
    trade(&mut tape, (START, 9, 1.0, 1.0));
    assert_eq!(tape.interval(), ns(SECOND));
    assert!(due(&mut tape, START + SECOND).is_empty() && bars.is_empty(), "an unknown instrument");
}

#[test]
fn intervals_are_counted_from_1970_and_before() {
    for (ts, open_ns) in [(0, 0), (6, 0), (7, 7), (-1, -7), (-7, -7), (-8, -14)] {
        let mut tape = Tape::new(1, ns(7));
        trade(&mut tape, (ts, 0, 1.0, 1.0));
        assert_eq!(tape.due(ns(open_ns + 6)), None, "{ts}");
        let bars = due(&mut tape, open_ns + 7);
        assert_eq!((bars[0].open_ns, bars[0].close_ns), (ns(open_ns), ns(open_ns + 7)), "{ts}");
    }
}

/// One instrument's bar of the interval that begins at `open_ns`, by looking at every trade.
fn slow(trades: &[Trade], id: u32, open_ns: i64, interval: i64) -> Option<Bar> {
    let mine = || trades.iter().filter(move |(_, of, ..)| *of == id);
    let within: Vec<_> =
        mine().filter(|(ts, ..)| (open_ns..open_ns + interval).contains(ts)).collect();
    let last = mine().rfind(|(ts, ..)| *ts < open_ns + interval)?.2;
    let first = within.first().map_or(last, |(.., price, _)| *price);
    let prices = || within.iter().map(|(.., price, _)| *price);
    Some(Bar {
        instrument: InstrumentId(id),
        open_ns: ns(open_ns),
        close_ns: ns(open_ns + interval),
        open: first,
        high: prices().fold(first, f64::max),
        low: prices().fold(first, f64::min),
        close: last,
        volume: within.iter().fold(0.0, |sum, (.., qty)| sum + qty),
    })
}

#[test]
fn a_long_silence_is_a_gap_that_is_jumped_over() {
    let later = |seconds: i64| {
        let mut tape = Tape::new(1, ns(SECOND));
        trade(&mut tape, (START, 0, 5.0, 1.0));
        due(&mut tape, START + seconds * SECOND)
    };
    let filled = later(FLAT_BARS_MAX + 1).len();
    assert_eq!(i64::try_from(filled), Ok(FLAT_BARS_MAX + 1), "filled");
    let bars = later(FLAT_BARS_MAX + 9);
    let opens: Vec<_> = bars.iter().map(|bar| (bar.open_ns.mantissa() - START) / SECOND).collect();
    assert_eq!(opens, [0, FLAT_BARS_MAX + 8], "the first, and the last before the trade");
    assert_eq!((bars[1].close, bars[1].volume), (5.0, 0.0));
    assert_eq!(later(400_000_000).len(), 2, "years");
}

#[test]
fn random_trades_give_the_bars_of_a_slow_oracle() {
    let one = (0_i64..3_000, 0_u32..3, 1_u32..50, 1_u32..9);
    // No silence is longer than is filled with flat bars.
    always(200, (vec(one, 1..60), 3_i64..900), |(steps, interval)| {
        let mut ts = START;
        let trades: Vec<Trade> = steps
            .iter()
            .map(|(step, id, price, qty)| {
                // Many at one time, some after long silence.
                ts += if step % 3 == 0 { 0 } else { *step };
                (ts, *id, f64::from(*price), f64::from(*qty))
            })
            .collect();
        let mut tape = Tape::new(3, ns(interval));
        let mut got = Vec::new();
        for one in &trades {
            got.extend(due(&mut tape, one.0));
            trade(&mut tape, *one);
        }
        got.extend(due(&mut tape, ts + 3 * interval));
        let begun = trades[0].0.div_euclid(interval) * interval;
        let ends = (ts + 3 * interval - begun) / interval;
        let opens = (0..ends).map(|place| begun + place * interval);
        let all = opens.flat_map(|open| (0..3).map(move |id| (id, open)));
        let wanted: Vec<_> =
            all.filter_map(|(id, open)| slow(&trades, id, open, interval)).collect();
        prop_assert!(!got.is_empty());
        prop_assert_eq!(got, wanted);
        Ok(())
    });
}
