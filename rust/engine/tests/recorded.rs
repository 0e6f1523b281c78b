//! A recording is told as it was recorded; what is wrong with one is refused with its row.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use bot4_engine::event::{Side, Tick, TickKind};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::market::{CODES, Recorded, RecordedColumns};

use crate::market::ns;

/// Time, code, price, size.
type Row = (i64, u8, f64, f64);

const SOUND: [Row; 5] = [
    (1, 0, f64::NAN, f64::NAN),
    (1, 1, 99.0, 2.0),
    (2, 2, 101.0, 3.0),
    (2, 3, 101.0, 0.5),
    (9, 4, 99.0, 0.25),
];

fn recording(rows: &[Row]) -> Result<Recorded, String> {
    let column = |of: fn(&Row) -> f64| rows.iter().map(of).collect::<Vec<_>>();
    let columns = RecordedColumns {
        ts: &rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        kind: &rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        price: &column(|row| row.2),
        qty: &column(|row| row.3),
        last: None,
    };
    Recorded::new("file:X", "0.01", "0.001", columns).map_err(|error| error.to_string())
}

#[test]
fn a_recording_is_told_as_it_was_recorded() {
    let recorded = recording(&SOUND).unwrap();
    let ticks = recorded.ticks(InstrumentId(3));
    assert_eq!((recorded.len(), recorded.has_book()), (5, true));
    let rules = recorded.rules();
    let price = |value: f64| rules.price(value).unwrap();
    let qty = |value: f64| rules.qty_nearest(value).unwrap();
    let wanted = [
        (1, TickKind::Clear),
        (1, TickKind::Level { side: Side::Buy, price: price(99.0), qty: qty(2.0) }),
        (2, TickKind::Level { side: Side::Sell, price: price(101.0), qty: qty(3.0) }),
        (2, TickKind::Trade { aggressor: Side::Buy, price: price(101.0), qty: qty(0.5) }),
        (9, TickKind::Trade { aggressor: Side::Sell, price: price(99.0), qty: qty(0.25) }),
    ];
    let told = |(ts, kind)| Tick { instrument: InstrumentId(3), ts: ns(ts), last: true, kind };
    assert_eq!(&*ticks, wanted.map(told));
    assert_eq!(recorded.ticks(InstrumentId(0))[1].instrument, InstrumentId(0));
    assert!(!recording(&SOUND[3..]).unwrap().has_book(), "trades alone");
    assert!(recording(&SOUND[..3]).unwrap().has_book(), "a book that nobody traded on");
    assert_eq!(CODES, ["clear", "bid", "ask", "buy", "sell"]);
}

#[test]
fn a_row_ends_a_message_where_it_says_so_and_each_does_where_nobody_says() {
    let (ts, kind): (&[i64], &[u8]) = (&[1, 1, 1, 2], &[0, 1, 2, 3]);
    let (price, qty): (&[f64], &[f64]) = (&[0.0, 99.0, 101.0, 101.0], &[0.0, 1.0, 1.0, 1.0]);
    let told = |last: Option<&[bool]>| {
        let columns = RecordedColumns { ts, kind, price, qty, last };
        let recorded = Recorded::new("file:X", "0.01", "0.001", columns).unwrap();
        let ends = recorded.ticks(InstrumentId(0)).iter().map(|tick| tick.last).collect::<Vec<_>>();
        (ends, recorded.digest())
    };
    let ends = [false, false, true, true];
    let (whole, silent) = (told(Some(&ends)), told(None));
    assert_eq!((&*whole.0, &*silent.0), (&ends[..], &[true; 4][..]));
    assert_ne!(whole.1, silent.1, "another market: it is decided on less often");
    assert_eq!(told(Some(&[true; 4])), silent);
}

#[test]
fn an_ask_far_beyond_the_price_takes_digits_from_the_scale() {
    let scale = |far: f64| {
        let rows = [(1, 1, 0.5742, 2.0), (1, 2, far, 1.0)];
        recording(&rows).map(|recorded| (recorded.rules().price_scale, recorded.rules().tick))
    };
    let tick = |mantissa| bot4_engine::units::Price::new(mantissa);
    assert_eq!(scale(1.0).unwrap(), (12, tick(10_000_000_000)));
    assert_eq!(scale(888_888_004.0).unwrap(), (10, tick(100_000_000)));
    assert_eq!(scale(5e16).unwrap(), (2, tick(1)));
    assert!(scale(5e17).unwrap_err().starts_with("row 1: price is 500000000000000000: the"));
}

#[test]
fn what_is_wrong_is_refused_with_its_row() {
    let with = |row: usize, changed: Row| {
        let mut rows = SOUND;
        rows[row] = changed;
        rows
    };
    for (rows, wanted) in [
        (with(1, (0, 1, 99.0, 2.0)), "row 1: the time is earlier than the row before"),
        (with(2, (2, 5, 101.0, 3.0)), "row 2: kind 5 stands for nothing"),
        (with(3, (2, 3, f64::NAN, 1.0)), "row 3: price is NaN: the number is not finite"),
        (with(3, (2, 3, 0.0, 1.0)), "row 3: price is 0: a price is above zero"),
        (with(3, (2, 3, -1.0, 1.0)), "row 3: price is -1: a price is above zero"),
        (with(4, (9, 4, 1e30, 1.0)), "row 4: price is 1000000000000000000000000000000: the number"),
        (with(4, (9, 4, 99.0, -1.0)), "row 4: qty is -1: a size is zero or more"),
        (with(4, (9, 4, 99.0, f64::INFINITY)), "row 4: qty is inf: the number is not finite"),
        (with(1, (1, 1, -5.0, 2.0)), "the number is not finite"),
    ] {
        let error = recording(&rows).unwrap_err();
        assert!(error.starts_with(wanted), "{error}");
    }
    for rows in [&SOUND[..1], &[]] {
        assert_eq!(recording(rows).unwrap_err(), "there are no prices in it");
    }
}

#[test]
fn columns_of_different_lengths_are_refused_by_name() {
    let ts: &[i64] = &[1, 2];
    let (kind, price, qty): (&[u8], &[f64], &[f64]) = (&[3, 3], &[1.0, 1.0], &[1.0, 1.0]);
    let columns = RecordedColumns { ts, kind, price, qty, last: None };
    for (columns, wanted) in [
        (RecordedColumns { kind: &kind[1..], ..columns }, "column 'kind' has 1 rows where"),
        (RecordedColumns { price: &price[1..], ..columns }, "column 'price' has 1 rows where"),
        (RecordedColumns { qty: &[], ..columns }, "column 'qty' has 0 rows where"),
        (RecordedColumns { last: Some(&[true]), ..columns }, "column 'last' has 1 rows where"),
    ] {
        let error = Recorded::new("file:X", "0.01", "0.001", columns).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}");
    }
    for (symbol, tick, lot) in [("X", "0.01", "1"), ("file:X", "0", "1"), ("file:X", "1", "-1")] {
        assert!(Recorded::new(symbol, tick, lot, columns).is_err(), "{symbol} {tick} {lot}");
    }
}
