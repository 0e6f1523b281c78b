//! A history is checked at the door: each mistake has its error and its row.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod market;

use bot4_engine::history::{Columns, History, HistoryError};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::units::Nanos;

use crate::market::{HOUR, START, history, row, walk};

/// Columns of three good bars, to be spoilt.
#[derive(Clone)]
struct Three {
    open_ns: Vec<i64>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
    interval_ns: i64,
}

impl Three {
    fn good() -> Self {
        Self {
            open_ns: vec![0, 60, 120],
            open: vec![10.0, 11.0, 12.0],
            high: vec![11.5, 12.0, 12.0],
            low: vec![10.0, 10.5, 12.0],
            close: vec![11.0, 12.0, 12.0],
            volume: vec![0.0, 1.0, 2.5],
            interval_ns: 60,
        }
    }

    fn read(&self) -> Result<History, HistoryError> {
        let columns = Columns {
            open_ns: &self.open_ns,
            open: &self.open,
            high: &self.high,
            low: &self.low,
            close: &self.close,
            volume: &self.volume,
        };
        History::new("file:X", self.interval_ns, columns)
    }
}

fn check(name: &str, spoil: impl Fn(&mut Three), wanted: HistoryError) {
    let mut three = Three::good();
    spoil(&mut three);
    assert_eq!(three.read().map(|_| ()), Err(wanted), "{name}");
}

#[test]
fn keeps_what_is_good() {
    let history = Three::good().read().unwrap();
    assert_eq!((history.symbol(), history.interval_ns(), history.len()), ("file:X", 60, 3));
    assert_eq!((history.gaps(), history.gap_max_ns()), (0, 0));
    assert_eq!(history.close_ns(2), Some(Nanos::new(180)));
    assert_eq!(history.close_ns(3), None);
    let bar = history.bar(InstrumentId(7), 1).unwrap();
    assert_eq!(
        (bar.instrument, bar.open_ns, bar.close_ns),
        (InstrumentId(7), Nanos::new(60), Nanos::new(120))
    );
    let prices = [bar.open, bar.high, bar.low, bar.close, bar.volume];
    assert_eq!(prices.map(f64::to_bits), [11.0, 12.0, 10.5, 12.0, 1.0].map(f64::to_bits));
    assert_eq!(history.bar(InstrumentId(7), 3), None);
}

#[test]
fn refuses_columns_of_other_lengths() {
    type Column = (&'static str, fn(&mut Three) -> &mut Vec<f64>);
    let columns: [Column; 5] = [
        ("open", |three| &mut three.open),
        ("high", |three| &mut three.high),
        ("low", |three| &mut three.low),
        ("close", |three| &mut three.close),
        ("volume", |three| &mut three.volume),
    ];
    for (column, of) in columns {
        let wrong = |got| HistoryError::Length { column, got, wanted: 3 };
        check(column, |three| of(three).truncate(2), wrong(2));
        check(column, |three| of(three).push(1.0), wrong(4));
    }
    let nothing = History::new("file:X", 60, Columns::default()).map(|_| ());
    assert_eq!(nothing, Err(HistoryError::Empty));
}

#[test]
fn refuses_times_that_cannot_be() {
    for interval_ns in [0, -60, i64::MIN] {
        check("interval", |three| three.interval_ns = interval_ns, HistoryError::Interval);
    }
    let equal = HistoryError::Order { row: 2, how: "equal to" };
    check("twice", |three| three.open_ns = vec![0, 60, 60], equal);
    let earlier = HistoryError::Order { row: 1, how: "earlier than" };
    check("back", |three| three.open_ns = vec![60, 0, 120], earlier);
    check("overlap", |three| three.open_ns = vec![0, 60, 119], HistoryError::Overlap(2));
    let end = vec![0, 60, i64::MAX - 59];
    check("the end of time", |three| three.open_ns = end.clone(), HistoryError::Time(2));
    let all = vec![i64::MIN, 0, i64::MAX];
    check("all of time", |three| three.open_ns = all.clone(), HistoryError::Time(1));
    let half = vec![i64::MIN, 1, 100];
    check("more than half of time", |three| three.open_ns = half.clone(), HistoryError::Time(1));
}

#[test]
fn refuses_prices_that_are_none() {
    for (value, text) in [
        (f64::NAN, "NaN"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (0.0, "0"),
        (-1.5, "-1.5"),
    ] {
        let wrong = |column| HistoryError::Price { row: 1, column, value: text.to_owned() };
        check("open", |three| three.open = vec![10.0, value, 12.0], wrong("open"));
        check("high", |three| three.high = vec![11.5, value, 12.0], wrong("high"));
        check("low", |three| three.low = vec![10.0, value, 12.0], wrong("low"));
        check("close", |three| three.close = vec![11.0, value, 12.0], wrong("close"));
    }
    for (value, text) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (-0.5, "-0.5")] {
        let wrong = HistoryError::Volume { row: 0, value: text.to_owned() };
        check("volume", |three| three.volume = vec![value, 1.0, 1.0], wrong);
    }
}

#[test]
fn refuses_a_range_that_does_not_hold_its_prices() {
    for (name, [open, high, low, close]) in [
        ("low above open", [10.0, 12.0, 10.5, 11.0]),
        ("low above close", [11.0, 12.0, 10.5, 10.0]),
        ("high below open", [12.0, 11.5, 10.0, 11.0]),
        ("high below close", [11.0, 11.5, 10.0, 12.0]),
        ("upside down", [11.0, 10.0, 12.0, 11.0]),
    ] {
        let spoil = |three: &mut Three| {
            (three.open, three.high) = (vec![open; 3], vec![high; 3]);
            (three.low, three.close) = (vec![low; 3], vec![close; 3]);
        };
        check(name, spoil, HistoryError::Range(0));
    }
}

#[test]
fn counts_gaps_and_fills_none() {
    let mut rows = walk(1, 6, 100.0);
    drop(rows.drain(2..4));
    rows.push(row(9, [1.0; 4]));
    let history = history("file:X", &rows);
    assert_eq!((history.gaps(), history.gap_max_ns(), history.len()), (2, 4 * HOUR, 5));
    assert_eq!(history.rows(), rows);
    assert_eq!(history.close_ns(0), Some(Nanos::new(START + HOUR)));
}

#[test]
fn says_what_to_do_in_one_line() {
    let mut three = Three::good();
    three.open_ns = vec![0, 0, 60];
    let text = three.read().unwrap_err().to_string();
    assert_eq!(
        text,
        "row 1: the time is equal to the row before; sort the file and remove duplicates"
    );
}
