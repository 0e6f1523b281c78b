//! A capture becomes books and rows: a message at a time, no row crosses a book, no time falls.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use bot4_engine::book::Integrity;
use bot4_engine::market::Captured;
use bot4_engine::units::Nanos;
use bot4_engine::wire::{Heard, WireErrorKind};

/// Time, code, price, size.
type Row = (i64, u8, f64, f64);

fn captured() -> Captured {
    let mut captured = Captured::of("binance").unwrap();
    for symbol in ["A", "B"] {
        captured.list(symbol, (2, 0), (None, None)).unwrap();
    }
    captured
}

fn diff(symbol: &str, id: u64, levels: &str) -> String {
    format!(r#"{{"e":"depthUpdate","E":7,"s":"{symbol}","U":{id},"u":{id},{levels}}}"#)
}

fn hear(captured: &mut Captured, frame: &str, received: i64) -> Heard {
    captured.on_frame(frame.as_bytes(), Nanos::new(received)).unwrap()
}

fn snapshot(captured: &mut Captured, symbol: &str, received: i64) -> Heard {
    let body = br#"{"lastUpdateId":10,"bids":[["9","1"]],"asks":[["11","2"]]}"#;
    captured.on_snapshot(symbol, body, Nanos::new(received)).unwrap()
}

fn rows(captured: &Captured, symbol: &str) -> Vec<Row> {
    let columns = captured.market(symbol).unwrap().columns();
    let codes = columns.ts.iter().zip(&columns.kind);
    let numbers = columns.price.iter().zip(&columns.qty);
    codes.zip(numbers).map(|((ts, kind), (price, qty))| (*ts, *kind, *price, *qty)).collect()
}

#[test]
fn of_a_message_each_level_is_a_row_once_and_those_that_go_come_first() {
    let mut captured = captured();
    assert_eq!(snapshot(&mut captured, "A", 5), Heard::Market);
    assert_eq!(rows(&captured, "A"), [(5, 0, 0.0, 0.0), (5, 1, 9.0, 1.0), (5, 2, 11.0, 2.0)]);
    // The bid takes the place of the ask; a level comes and goes; one goes that never was.
    let levels = r#""b":[["11","4"],["8","1"],["8","0"],["7","0"]],"a":[["11","0"],["12","3"]]"#;
    assert_eq!(hear(&mut captured, &diff("A", 11, levels), 6), Heard::Market);
    let wanted = [(6, 2, 11.0, 0.0), (6, 1, 11.0, 4.0), (6, 2, 12.0, 3.0)];
    assert_eq!(rows(&captured, "A")[3..], wanted);
    assert!(rows(&captured, "B").is_empty());
}

fn ends(captured: &Captured, symbol: &str) -> Vec<bool> {
    captured.market(symbol).unwrap().columns().last.clone()
}

#[test]
fn a_row_says_whether_its_message_ends_with_it() {
    let mut captured = captured();
    snapshot(&mut captured, "A", 5);
    assert_eq!(ends(&captured, "A"), [false, false, true]);
    hear(&mut captured, &diff("A", 11, r#""b":[["9","0"],["8","1"]],"a":[["12","3"]]"#), 6);
    assert_eq!(ends(&captured, "A")[3..], [false, false, true]);
    // Nothing of it was known, and the bot is told of it all the same.
    hear(&mut captured, &diff("A", 12, r#""b":[["3","0"],["2","0"]],"a":[]"#), 7);
    assert_eq!(rows(&captured, "A")[6..], [(7, 1, 3.0, 0.0)]);
    let trade = r#"{"e":"trade","E":7,"s":"A","t":1,"p":"8","q":"1","T":7,"m":true}"#;
    hear(&mut captured, trade, 8);
    assert_eq!(ends(&captured, "A")[6..], [true, true]);
    // A touch that is newer than the levels is told after them: they end the recorded message.
    let touch = r#"{"u":30,"s":"A","b":"8","B":"2","a":"12","A":"3"}"#;
    hear(&mut captured, touch, 9);
    hear(&mut captured, &diff("A", 13, r#""b":[["7","1"],["6","1"]],"a":[]"#), 10);
    assert_eq!(ends(&captured, "A")[8..], [false, true]);
    captured.on_connect(Nanos::new(11));
    assert_eq!(ends(&captured, "A")[10..], [true]);
}

#[test]
fn time_is_held_over_all_markets_and_a_gap_empties_the_book() {
    let mut captured = captured();
    snapshot(&mut captured, "A", 50);
    snapshot(&mut captured, "B", 40);
    assert_eq!(rows(&captured, "B")[0].0, 50);
    let gap = hear(&mut captured, &diff("A", 20, r#""b":[],"a":[]"#), 30);
    assert!(matches!(gap, Heard::Resync(id) if captured.symbol(id) == "A"), "{gap:?}");
    assert_eq!(rows(&captured, "A")[3..], [(50, 0, 0.0, 0.0)]);
    assert_eq!(captured.integrity("A"), Some(Integrity::Gap));
    assert_eq!(captured.integrity("B"), Some(Integrity::Live));
    captured.on_connect(Nanos::new(60));
    assert_eq!(rows(&captured, "B")[3..], [(60, 0, 0.0, 0.0)]);
    assert_eq!(captured.integrity("B"), Some(Integrity::Syncing));
}

#[test]
fn a_touch_that_goes_with_its_connection_leaves_no_row() {
    let mut captured = captured();
    let touch = r#"{"u":1,"s":"A","b":"7","B":"1","a":"8","A":"1"}"#;
    assert_eq!(hear(&mut captured, touch, 5), Heard::Market);
    assert!(captured.market("A").unwrap().book().touch().is_some());
    captured.on_connect(Nanos::new(6));
    assert!(captured.market("A").unwrap().book().touch().is_none());
    assert!(rows(&captured, "A").is_empty());
}

#[test]
fn a_refused_frame_changes_nothing_but_a_count() {
    let mut captured = captured();
    snapshot(&mut captured, "A", 5);
    let (before, levels) = (rows(&captured, "A"), r#""b":[["8","1"],["7.125","1"]],"a":[]"#);
    let error = captured.on_frame(diff("A", 11, levels).as_bytes(), Nanos::new(6)).unwrap_err();
    assert_eq!(error.kind, WireErrorKind::NumberTooFine);
    assert_eq!(rows(&captured, "A"), before);
    assert_eq!(captured.counts().malformed, 1);
    hear(&mut captured, &diff("A", 11, r#""b":[["8","1"]],"a":[]"#), 7);
    assert_eq!(rows(&captured, "A")[3..], [(7, 1, 8.0, 1.0)]);
}

#[test]
fn what_is_not_known_is_not_there() {
    let captured = captured();
    assert!(Captured::of("mtgox").is_none());
    assert!(captured.market("C").is_none());
    assert_eq!(captured.integrity("C"), None);
    assert_eq!(captured.market("A").unwrap().rules().symbol, "binance:A");
}
