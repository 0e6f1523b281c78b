//! Binance's messages in, events out: what each says, in any shape, in any order, and broken.
//!
//! Long because one table follows another. `BOT4_FUZZ_FRAMES` says how many broken messages are
//! tried, `BOT4_FUZZ_SEED` which.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::disallowed_methods, reason = "a long fuzz is asked for by the environment")]
#![allow(clippy::print_stdout, reason = "every seed is printed")]

#[path = "broken/chance.rs"]
mod chance;

use allocation_counter::measure;
use bot4_engine::book::{Book, Integrity};
use bot4_engine::event::{Bar, Event, Quote, Side, Tick, TickKind};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::units::{Nanos, Price, Qty};
use bot4_engine::wire::binance::{BUFFERED_DIFFS_MAX, BUFFERED_LEVELS_MAX, Decoder, Level};
use bot4_engine::wire::{
    FRAME_BYTES_MAX, Heard, LEVELS_MAX, Listing, Refused, VenueStatus, WireError, WireErrorKind,
};
use chance::Chance;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

const BTC: InstrumentId = InstrumentId(7);
const SHIB: InstrumentId = InstrumentId(3);
const NOW: Nanos = Nanos::new(1_000);

fn listing(symbol: &str, id: InstrumentId, price_scale: u32, qty_scale: u32) -> Listing {
    let symbol = symbol.to_owned();
    Listing { symbol, id, price_scale, qty_scale, price_decimals: None, qty_decimals: None }
}

fn decoder() -> Decoder {
    let mut decoder = Decoder::default();
    decoder.list(listing("BTCUSDT", BTC, 2, 5)).unwrap();
    decoder.list(listing("SHIBUSDT", SHIB, 8, 2)).unwrap();
    decoder
}

fn hear(decoder: &mut Decoder, frame: &str) -> (Result<Heard, WireError>, Vec<Event>) {
    let mut told = Vec::new();
    let heard = decoder.on_frame(frame.as_bytes(), NOW, &mut |event| told.push(*event));
    (heard, told)
}

fn fetch(decoder: &mut Decoder, body: &str) -> (Result<Heard, WireError>, Vec<Event>) {
    let mut told = Vec::new();
    let tell = &mut |event: &Event| told.push(*event);
    let heard = decoder.on_snapshot("BTCUSDT", body.as_bytes(), NOW, tell);
    (heard, told)
}

fn level(side: Side, price: i64, qty: i64, last: bool) -> Event {
    let kind = TickKind::Level { side, price: Price::new(price), qty: Qty::new(qty) };
    Event::Tick(Tick { instrument: BTC, ts: NOW, last, kind })
}

fn clear(last: bool) -> Event {
    Event::Tick(Tick { instrument: BTC, ts: NOW, last, kind: TickKind::Clear })
}

fn quote(bid: i64, bid_qty: i64, ask: i64, ask_qty: i64) -> Event {
    let (bid, ask) = (Price::new(bid), Price::new(ask));
    let (bid_qty, ask_qty) = (Qty::new(bid_qty), Qty::new(ask_qty));
    Event::Quote(Quote { instrument: BTC, ts: NOW, bid, bid_qty, ask, ask_qty })
}

fn gap() -> Event {
    Event::Gap { instrument: BTC, ts: NOW }
}

fn diff(first: i64, last: i64, bids: &str, asks: &str) -> String {
    let head = r#"{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT""#;
    format!(r#"{head},"U":{first},"u":{last},"b":[{bids}],"a":[{asks}]}}"#)
}

fn snapshot(last: i64, bids: &str, asks: &str) -> String {
    format!(r#"{{"lastUpdateId":{last},"bids":[{bids}],"asks":[{asks}]}}"#)
}

fn ticker(update: i64, bid: &str, ask: &str) -> String {
    let (bid_qty, ask_qty) = ("1.00000000", "2.00000000");
    let touch = format!(r#""b":"{bid}","B":"{bid_qty}","a":"{ask}","A":"{ask_qty}""#);
    format!(r#"{{"u":{update},"s":"BTCUSDT",{touch}}}"#)
}

/// With a book up to `id`: bid 100.00, ask 101.00.
fn live(id: i64) -> Decoder {
    let mut decoder = decoder();
    let body = snapshot(id, r#"["100.00","1"]"#, r#"["101.00","1"]"#);
    assert_eq!(fetch(&mut decoder, &body).0, Ok(Heard::Market));
    decoder
}

fn combined(payload: &str) -> String {
    format!(r#"{{"stream":"btcusdt@something","data":{payload}}}"#)
}

const TRADE: &str = concat!(
    r#"{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","#,
    r#""q":"0.02000000","T":1723161255342,"m":true,"M":true}"#,
);
const AGGREGATE: &str = concat!(
    r#"{"e":"aggTrade","E":1723161255343,"s":"BTCUSDT","a":15683430,"p":"61837.63000000","#,
    r#""q":"0.02000000","f":19862790,"l":19862791,"T":1723161255342,"m":false,"M":true}"#,
);
const BAR: &str = concat!(
    r#"{"e":"kline","E":1633998523963,"s":"BTCUSDT","k":{"t":1633998480000,"T":1633998539999,"#,
    r#""s":"BTCUSDT","i":"1m","f":1,"L":2,"o":"0.35270000","c":"0.35280000","h":"0.35290000","#,
    r#""l":"0.35220000","v":"25877.00000000","n":30,"x":true,"q":"9116.0","V":"58.0","B":"0"}}"#,
);

fn trade(aggressor: Side) -> Event {
    let (price, qty) = (Price::new(6_183_763), Qty::new(2_000));
    let kind = TickKind::Trade { aggressor, price, qty };
    Event::Tick(Tick { instrument: BTC, ts: NOW, last: true, kind })
}

#[test]
fn each_message_is_told_as_what_it_says_raw_and_combined() {
    let bar = Bar {
        instrument: BTC,
        open_ns: Nanos::new(1_633_998_480_000_000_000),
        close_ns: Nanos::new(1_633_998_540_000_000_000),
        open: 0.3527,
        high: 0.3529,
        low: 0.3522,
        close: 0.3528,
        volume: 25_877.0,
    };
    let (bids, asks) = (r#"["100.50000000","0.00000000"],["99.00","2.5"]"#, r#"["101.25","0.25"]"#);
    let refused = |message: &str| Heard::Refused(Refused::new(Some(2), message.as_bytes()));
    let levels = vec![
        level(Side::Buy, 10_050, 0, false),
        level(Side::Buy, 9_900, 250_000, false),
        level(Side::Sell, 10_125, 25_000, true),
    ];
    let sized = ticker(12, "100.00000000", "100.01000000");
    let cases: &[(&str, Heard, Vec<Event>)] = &[
        (&diff(11, 12, bids, asks), Heard::Market, levels),
        (&diff(11, 12, "", ""), Heard::Market, vec![]),
        (&sized, Heard::Market, vec![quote(10_000, 100_000, 10_001, 200_000)]),
        (TRADE, Heard::Market, vec![trade(Side::Sell)]),
        (AGGREGATE, Heard::Market, vec![trade(Side::Buy)]),
        (BAR, Heard::Market, vec![Event::Bar(bar)]),
        (&BAR.replace(r#""x":true"#, r#""x":false"#), Heard::Market, vec![]),
        (&TRADE.replace("BTCUSDT", "ETHUSDT"), Heard::Nothing, vec![]),
        (&diff(11, 12, bids, asks).replace("BTC", "ETH"), Heard::Nothing, vec![]),
        (&sized.replace("BTC", "ETH"), Heard::Nothing, vec![]),
        (r#"{"result":null,"id":1}"#, Heard::Nothing, vec![]),
        (r#"{"result":["btcusdt@trade"],"id":"a"}"#, Heard::Nothing, vec![]),
        (r#"{"code":2,"msg":"Invalid request"}"#, refused("Invalid request"), vec![]),
        (r#"{"id":1,"error":{"msg":"no","code":2}}"#, refused("no"), vec![]),
        (
            r#"{"e":"serverShutdown","E":1723161255343}"#,
            Heard::Status(VenueStatus::ShuttingDown),
            vec![],
        ),
        (r#"{"e":"24hrTicker","E":1,"s":"BTCUSDT"}"#, Heard::Unknown, vec![]),
        (r#"[{"e":"24hrMiniTicker"}]"#, Heard::Unknown, vec![]),
        (r#"{"some":"thing"}"#, Heard::Unknown, vec![]),
    ];
    for (frame, heard, told) in cases {
        for frame in [(*frame).to_owned(), combined(frame)] {
            let expected = (Ok(heard.clone()), told.clone());
            assert_eq!(hear(&mut live(10), &frame), expected, "{frame}");
        }
    }
}

#[test]
fn a_venue_is_named_and_then_decoded() {
    let mut decoder = bot4_engine::wire::Decoder::of("binance").unwrap();
    decoder.list(listing("BTCUSDT", BTC, 2, 5)).unwrap();
    let mut told = Vec::new();
    let tell = &mut |event: &Event| told.push(*event);
    let heard = decoder.on_snapshot("BTCUSDT", snapshot(10, BID, "").as_bytes(), NOW, tell);
    assert_eq!((heard, decoder.integrity(BTC)), (Ok(Heard::Market), Integrity::Live));
    assert_eq!(decoder.on_frame(TRADE.as_bytes(), NOW, tell), Ok(Heard::Market));
    decoder.on_connect(NOW, tell);
    assert_eq!(decoder.counts().frames, 2);
    let book = [clear(false), level(Side::Buy, 10_000, 200_000, true)];
    assert_eq!(told, [&book[..], &[trade(Side::Sell), gap()]].concat());
    assert!(bot4_engine::wire::Decoder::of("unknown").is_none());
}

#[test]
fn what_is_unknown_or_unlisted_is_counted() {
    let mut decoder = live(10);
    for frame in ["5", r#"{"e":"x"}"#, &TRADE.replace("BTC", "ETH"), "{", r#"{"lastUpdateId":1}"#] {
        let _counted = hear(&mut decoder, frame);
    }
    let counts = *decoder.counts();
    assert_eq!((counts.frames, counts.unknown, counts.unlisted), (6, 2, 1));
    assert_eq!((counts.malformed, counts.unsupported), (1, 1));
    let body = snapshot(1, "", "");
    let heard = decoder.on_snapshot("ETHUSDT", body.as_bytes(), NOW, &mut |_| {});
    assert_eq!((heard, decoder.counts().unlisted), (Ok(Heard::Nothing), 2));
}

#[test]
fn what_cannot_be_read_says_what_and_where_and_changes_nothing() {
    let (fine, large) = (WireErrorKind::NumberTooFine, WireErrorKind::NumberTooLarge);
    let partial =
        WireErrorKind::Unsupported { what: "a partial depth stream, which has no first id" };
    let futures = WireErrorKind::Unsupported { what: "futures diffs, which carry pu" };
    let expected = |expected| WireErrorKind::Malformed { expected };
    let price = |text: &str| diff(11, 12, &format!(r#"["{text}","1"]"#), "");
    let plain = diff(11, 12, r#"["100.0","1"]"#, "");
    let cases: Vec<(String, WireErrorKind, &str)> = vec![
        (price("100.123"), fine, "100.123"),
        (price("99999999999999999999"), large, "99999999999999999999"),
        (price("-1.0"), expected("a digit"), "-1.0"),
        (price("1.0x"), expected("a digit or the end of the string"), "x"),
        (
            plain.replace("100.0", "1\\u0030"),
            expected("a digit or the end of the string"),
            "\\u0030",
        ),
        (
            plain.replace(r#""U":11"#, r#""U":13"#),
            expected("a last update id not before the first"),
            "12,",
        ),
        (plain.replace(r#""U":11"#, r#""U":-1"#), expected("an update id not below zero"), "-1"),
        (plain.replace(r#""U":11"#, r#""U":1.5"#), expected("a whole number"), ".5"),
        (plain.replace(r#""u":12"#, r#""u":12,"u":12"#), expected("a key only once"), "12,\"b\""),
        (plain.replace(r#""u":12"#, r#""u":99999999999999999999"#), large, "99999999999999999999"),
        (plain.replace(r#","u":12"#, r#","pu":10,"u":12"#), futures, "10,\"u\""),
        (plain.replace(r#""a":[]"#, r#""a":{}"#), expected("an array"), "{}}"),
        (plain.replace(r#"["100.0","1"]"#, r#"["100.0"]"#), expected("a size"), ",\"a\""),
        (plain.replace(r#"["100.0","1"]"#, r#"[]"#), expected("a price"), ",\"a\""),
        (plain.replace(r#""s":"BTCUSDT""#, r#""s":5"#), expected("a string"), "5,\"U\""),
        (plain.replace("1723161255208", "9223372036854775807"), large, "9223372036854775807"),
        (snapshot(5, "", ""), partial, "5,"),
        (TRADE.replace(r#","m":true"#, r#","m":1"#), expected("true or false"), "1,\"M\""),
        (BAR.replace("0.35270000", "abc"), expected("a digit"), "abc"),
        (BAR.replace("0.35280000", "1e17"), large, "1e17"),
        (BAR.replace("\"0.35220000\"", "0"), expected("a price above zero"), "0,\"v\""),
    ];
    for (frame, kind, mark) in cases {
        for frame in [frame.clone(), combined(&frame)] {
            // What is missing behind the last item is missed at its bracket.
            let offset = frame.find(mark).unwrap() - usize::from(mark == ",\"a\"");
            refuses(&frame, WireError { kind, offset });
        }
    }
    let open = plain.replace('}', "");
    refuses(&open, WireError::malformed("a comma or the end of the object", open.len()));
    let more = format!("{plain} x");
    refuses(&more, WireError::malformed("the end of the message", more.len() - 1));
    for key in ["E", "s", "U", "u", "b", "a"] {
        let frame = plain.replace(&format!("\"{key}\":"), "\"z\":");
        let error = hear(&mut live(10), &frame).0.unwrap_err();
        assert!(matches!(error.kind, WireErrorKind::Malformed { .. }), "{frame}: {error}");
    }
}

/// The message is this error, and nothing else happens.
fn refuses(frame: &str, error: WireError) {
    let mut decoder = live(10);
    let before: Vec<_> = decoder.books().cloned().collect();
    assert_eq!(hear(&mut decoder, frame), (Err(error), vec![]), "{frame}");
    assert!(decoder.books().eq(&before), "{frame}");
    let unsupported = matches!(error.kind, WireErrorKind::Unsupported { .. });
    let counted = (u64::from(!unsupported), u64::from(unsupported));
    assert_eq!((decoder.counts().malformed, decoder.counts().unsupported), counted);
}

#[test]
fn too_long_a_message_and_too_many_levels_are_refused_by_name() {
    let long = " ".repeat(FRAME_BYTES_MAX + 1);
    let kind = WireErrorKind::TooLong { limit: FRAME_BYTES_MAX };
    let error = WireError { kind, offset: FRAME_BYTES_MAX };
    assert_eq!(hear(&mut live(10), &long), (Err(error), vec![]));
    for (text, more) in
        [(r#"["100.00","1.00"]"#, 0), (r#"["100","1"]"#, 0), (r#"[ "1.0", "1" ]"#, 0)]
    {
        let kind = WireErrorKind::TooManyLevels { limit: LEVELS_MAX };
        let levels = vec![text; LEVELS_MAX + 1 + more].join(",");
        let (heard, told) = hear(&mut live(10), &diff(11, 12, &levels, ""));
        assert_eq!((heard.unwrap_err().kind, told), (kind, vec![]));
    }
    let levels = vec![r#"["100.00","1.00"]"#; LEVELS_MAX].join(",");
    let (heard, told) = hear(&mut live(10), &diff(11, 12, &levels, ""));
    assert_eq!((heard, told.len()), (Ok(Heard::Market), LEVELS_MAX));
}

#[test]
fn an_instrument_is_listed_once_and_within_the_limits() {
    let mut decoder = decoder();
    let refused = [
        listing("BTCUSDT", InstrumentId(9), 2, 5),
        listing("OTHER", BTC, 2, 5),
        listing("", InstrumentId(9), 2, 5),
        listing("FINE", InstrumentId(9), 19, 5),
    ];
    for listing in refused {
        let error = decoder.list(listing).unwrap_err();
        assert!(matches!(error.kind, WireErrorKind::Unlistable { .. }), "{error}");
    }
    assert_eq!(decoder.integrity(InstrumentId(9)), Integrity::Syncing);
}

const BID: &str = r#"["100.00","2"]"#;
const ASK: &str = r#"["101.00","2"]"#;

#[test]
fn diffs_wait_for_the_snapshot_and_the_one_that_straddles_it_is_applied() {
    let mut decoder = decoder();
    for frame in [
        diff(1, 4, r#"["90.00","9"]"#, ""),
        diff(5, 8, r#"["95.00","9"]"#, ""),
        diff(9, 12, BID, ""),
        diff(13, 13, "", ASK),
    ] {
        assert_eq!(hear(&mut decoder, &frame), (Ok(Heard::Market), vec![]));
        assert_eq!(decoder.integrity(BTC), Integrity::Syncing);
    }
    let body = snapshot(10, r#"["99.00","1"]"#, r#"["102.00","1"]"#);
    let told = vec![
        clear(false),
        level(Side::Buy, 9_900, 100_000, false),
        level(Side::Sell, 10_200, 100_000, false),
        level(Side::Buy, 10_000, 200_000, false),
        level(Side::Sell, 10_100, 200_000, true),
    ];
    let mut wrapped = decoder.clone();
    assert_eq!(fetch(&mut decoder, &body), (Ok(Heard::Market), told.clone()));
    assert_eq!(decoder.integrity(BTC), Integrity::Live);
    let recorded = format!(r#"{{"rest":"/api/v3/depth","symbol":"BTCUSDT","body":{body}}}"#);
    assert_eq!(fetch(&mut wrapped.clone(), &recorded), (Ok(Heard::Market), told.clone()));
    assert_eq!(hear(&mut wrapped, &recorded), (Ok(Heard::Market), told));
    let other = recorded.replace("BTC", "SHIB");
    let error = WireError::malformed(
        "the symbol whose snapshot was asked for",
        other.find("\"SHIB").unwrap(),
    );
    assert_eq!(fetch(&mut wrapped, &other), (Err(error), vec![]));
    let next = (Ok(Heard::Market), vec![level(Side::Buy, 10_000, 200_000, true)]);
    assert_eq!(hear(&mut decoder, &diff(14, 14, BID, "")), next);
}

#[test]
fn a_snapshot_older_than_what_waits_is_fetched_again() {
    let mut decoder = decoder();
    assert_eq!(hear(&mut decoder, &diff(20, 25, BID, "")).0, Ok(Heard::Market));
    let again = (Ok(Heard::Resync(BTC)), vec![]);
    assert_eq!(fetch(&mut decoder, &snapshot(18, BID, ASK)), again);
    assert_eq!(fetch(&mut decoder, &snapshot(19, BID, ASK)).0, Ok(Heard::Market));
    assert_eq!(decoder.integrity(BTC), Integrity::Live);
    assert_eq!(fetch(&mut decoder, &snapshot(24, BID, ASK)), (Ok(Heard::Nothing), vec![]));
    let empty = (Ok(Heard::Market), vec![clear(true)]);
    assert_eq!(fetch(&mut decoder, &snapshot(25, "", "")), empty);
    let refused = Heard::Refused(Refused::new(Some(-1121), b"Invalid symbol."));
    let body = r#"{"code":-1121,"msg":"Invalid symbol."}"#;
    assert_eq!(fetch(&mut decoder, body), (Ok(refused), vec![]));
    let error = WireError::malformed("a key lastUpdateId", 2);
    assert_eq!(fetch(&mut decoder, "{}"), (Err(error), vec![]));
}

#[test]
fn a_lost_diff_is_a_gap_until_a_snapshot_heals_it() {
    let mut decoder = live(10);
    assert_eq!(hear(&mut decoder, &diff(9, 10, BID, "")), (Ok(Heard::Nothing), vec![]));
    assert_eq!(decoder.counts().late, 1);
    let straddling = (Ok(Heard::Market), vec![level(Side::Buy, 10_000, 200_000, true)]);
    assert_eq!(hear(&mut decoder, &diff(9, 11, BID, "")), straddling);
    let lost = (Ok(Heard::Resync(BTC)), vec![gap()]);
    assert_eq!(hear(&mut decoder, &diff(13, 14, BID, "")), lost);
    assert_eq!((decoder.integrity(BTC), decoder.counts().gaps), (Integrity::Gap, 1));
    assert_eq!(hear(&mut decoder, &diff(15, 15, BID, "")), (Ok(Heard::Market), vec![]));
    assert_eq!(hear(&mut decoder, &diff(15, 15, BID, "")), (Ok(Heard::Nothing), vec![]));
    // Another one is lost while the snapshot is on its way: what waited before it is of no use.
    assert_eq!(hear(&mut decoder, &diff(17, 18, "", ASK)), (Ok(Heard::Market), vec![]));
    assert_eq!(decoder.counts().gaps, 2);
    assert_eq!(fetch(&mut decoder, &snapshot(15, BID, ASK)).0, Ok(Heard::Resync(BTC)));
    let told = vec![clear(false), level(Side::Sell, 10_100, 200_000, true)];
    assert_eq!(fetch(&mut decoder, &snapshot(16, "", "")), (Ok(Heard::Market), told));
    assert_eq!(decoder.integrity(BTC), Integrity::Live);
    assert_eq!(hear(&mut decoder, &diff(19, 19, BID, "")).0, Ok(Heard::Market));
}

#[test]
fn what_waits_for_a_snapshot_has_a_limit() {
    let mut decoder = decoder();
    let limit = i64::try_from(BUFFERED_DIFFS_MAX).unwrap();
    for id in 1..=limit {
        assert_eq!(hear(&mut decoder, &diff(id, id, BID, "")).0, Ok(Heard::Market));
    }
    let next = hear(&mut decoder, &diff(limit + 1, limit + 1, BID, ""));
    assert_eq!(next, (Ok(Heard::Resync(BTC)), vec![]));
    assert_eq!(fetch(&mut decoder, &snapshot(limit - 1, BID, ASK)).0, Ok(Heard::Resync(BTC)));
    assert_eq!(fetch(&mut decoder, &snapshot(limit, BID, ASK)).0, Ok(Heard::Market));
    let mut decoder = self::decoder();
    let levels = vec![BID; LEVELS_MAX].join(",");
    for id in 1..=3 {
        let full = id > i64::try_from(BUFFERED_LEVELS_MAX / LEVELS_MAX).unwrap();
        let heard = if full { Heard::Resync(BTC) } else { Heard::Market };
        assert_eq!(hear(&mut decoder, &diff(id, id, &levels, "")).0, Ok(heard));
    }
}

#[test]
fn a_new_connection_forgets_and_tells_the_gap() {
    let mut decoder = live(10);
    let connect = |decoder: &mut Decoder| {
        let mut told = Vec::new();
        decoder.on_connect(NOW, &mut |event| told.push(*event));
        told
    };
    assert_eq!(connect(&mut decoder), vec![gap()]);
    assert_eq!(decoder.integrity(BTC), Integrity::Syncing);
    assert_eq!(connect(&mut decoder), vec![]);
    // Ids and trades of the last connection say nothing of this one.
    assert_eq!(hear(&mut decoder, &diff(2, 3, BID, "")), (Ok(Heard::Market), vec![]));
    assert_eq!(hear(&mut decoder, &ticker(1, "100.00", "101.00")).0, Ok(Heard::Market));
    assert_eq!(fetch(&mut decoder, &snapshot(2, BID, ASK)).0, Ok(Heard::Market));
    assert_eq!(decoder.counts().gaps, 0);
}

#[test]
fn a_new_connection_takes_a_lone_touch_back_and_the_next_one_heals_it() {
    let (mut decoder, mut book) = (decoder(), Book::default());
    let mut follow = |told: &[Event]| {
        for event in told {
            if let Event::Quote(quote) = event {
                book.on_quote(quote);
            } else if let Event::Tick(tick) = event {
                book.on_tick(tick);
            } else {
                assert_eq!(*event, gap());
                book.on_gap(NOW);
            }
        }
        book.touch().map(|touch| touch.bid.mantissa())
    };
    assert_eq!(follow(&hear(&mut decoder, &ticker(5, "100.00", "101.00")).1), Some(10_000));
    let mut told = Vec::new();
    decoder.on_connect(NOW, &mut |event| told.push(*event));
    assert_eq!(told, [gap(), clear(false)]);
    assert_eq!(follow(&told), None);
    assert_eq!(follow(&hear(&mut decoder, &ticker(1, "99.00", "101.00")).1), Some(9_900));
}

#[test]
fn a_touch_is_never_taken_back_by_older_levels() {
    let mut decoder = live(10);
    let late = (Ok(Heard::Nothing), vec![]);
    assert_eq!(hear(&mut decoder, &ticker(10, "99.00", "100.00")), late);
    let newest = quote(10_050, 100_000, 10_060, 200_000);
    let told = (Ok(Heard::Market), vec![newest]);
    assert_eq!(hear(&mut decoder, &ticker(15, "100.50", "100.60")), told);
    assert_eq!(hear(&mut decoder, &ticker(15, "100.50", "100.60")), late);
    assert_eq!(hear(&mut decoder, &ticker(14, "100.40", "100.60")), late);
    let (bid, ask) =
        (level(Side::Buy, 10_000, 200_000, false), level(Side::Sell, 10_100, 200_000, false));
    let told = (Ok(Heard::Market), vec![bid, ask, newest]);
    assert_eq!(hear(&mut decoder, &diff(11, 14, BID, ASK)), told);
    assert_eq!(hear(&mut decoder, &diff(15, 15, "", "")), (Ok(Heard::Market), vec![]));
    let told = (Ok(Heard::Market), vec![level(Side::Buy, 10_000, 200_000, true)]);
    assert_eq!(hear(&mut decoder, &diff(16, 16, BID, "")), told);
    // A snapshot older than the touch ends with it too.
    assert_eq!(hear(&mut decoder, &ticker(30, "100.50", "100.60")).0, Ok(Heard::Market));
    let (heard, told) = fetch(&mut decoder, &snapshot(20, BID, ASK));
    assert_eq!(heard, Ok(Heard::Market));
    assert_eq!(told, vec![clear(false), bid, ask, newest]);
}

#[test]
fn aggregates_are_dropped_once_trades_are_heard() {
    let mut decoder = decoder();
    assert_eq!(hear(&mut decoder, AGGREGATE).1, vec![trade(Side::Buy)]);
    assert_eq!(hear(&mut decoder, TRADE).1, vec![trade(Side::Sell)]);
    assert_eq!(hear(&mut decoder, AGGREGATE), (Ok(Heard::Nothing), vec![]));
}

#[test]
fn the_venue_clock_speaks_where_no_time_of_receipt_is_known() {
    let mut decoder = live(10);
    let mut hear = |frame: &str| {
        let mut told = Vec::new();
        let tell = &mut |event: &Event| told.push(*event);
        decoder.on_frame(frame.as_bytes(), Nanos::ZERO, tell).unwrap();
        if let Event::Tick(tick) = told[0] {
            return tick.ts.mantissa();
        }
        let Event::Quote(quote) = told[0] else { panic!("{:?}", told[0]) };
        quote.ts.mantissa()
    };
    assert_eq!(hear(TRADE), 1_723_161_255_343_000_000);
    assert_eq!(hear(&ticker(12, "1.00", "2.00")), 1_723_161_255_343_000_000);
    let microseconds = diff(11, 12, BID, "").replace("1723161255208", "1723161255208123");
    assert_eq!(hear(&microseconds), 1_723_161_255_208_123_000);
}

#[test]
fn tiny_prices_and_huge_sizes_are_exact() {
    let mut decoder = decoder();
    let body = diff(1, 2, r#"["0.00001234","9876543210123.45"],["0.00001233","1.00000000"]"#, "");
    let body = body.replace("BTC", "SHIB");
    let depth = decoder.parse_depth(body.as_bytes()).unwrap();
    let level = |price, qty| Level { price: Price::new(price), qty: Qty::new(qty) };
    assert_eq!(depth.bids, [level(1_234, 987_654_321_012_345), level(1_233, 100)]);
    assert_eq!((depth.instrument, depth.first, depth.last), (SHIB, 1, 2));
    let error = WireError::malformed("a depth message of a listed instrument", 0);
    assert_eq!(decoder.parse_depth(TRADE.as_bytes()), Err(error));
}

#[test]
fn a_warm_decoder_allocates_nothing() {
    let mut decoder = live(10);
    let levels = [BID, r#"["0.01","123456.789"]"#, r#"[ "77", "1" ]"#].join(",");
    let mut told = 0_u64;
    let mut run = |decoder: &mut Decoder, ids: std::ops::Range<i64>| {
        let frames: Vec<_> = ids
            .flat_map(|id| {
                let mixed = combined(&diff(id, id, &levels, &levels));
                [mixed, ticker(id, "1.00", "2.00"), TRADE.to_owned(), BAR.to_owned()]
            })
            .collect();
        measure(|| {
            for frame in &frames {
                decoder.on_frame(frame.as_bytes(), NOW, &mut |_| told += 1).unwrap();
            }
        })
        .count_total
    };
    run(&mut decoder, 11..13);
    assert_eq!(run(&mut decoder, 13..113), 0);
    assert!(told > 600);
}

/// Prices and sizes, as integers.
type Column = Vec<(i64, i64)>;

/// A depth message as it may be written, and its levels.
fn shaped() -> impl Strategy<Value = (String, Column, Column)> {
    let column = || {
        let price = prop_oneof![(6_000_000..6_200_000_i64), (1..1_000_000_000_000_i64)];
        let qty = prop_oneof![Just(0_i64), (0..10_000_000_i64), (0..10_000_000_000_000_i64)];
        vec((price, qty), 0..9)
    };
    let shape = (any::<[u8; 32]>(), any::<u64>(), 0..4_u32, 0..3_usize);
    (column(), column(), shape).prop_map(|(bids, asks, (chances, order, zeros, wrap))| {
        let mut chance = chances.into_iter().cycle();
        let mut space = || {
            if zeros == 0 { [" ", "", "\n\t"][usize::from(chance.next().unwrap() % 3)] } else { "" }
        };
        let decimal = |value: i64, decimals: u32| {
            let one = 10_i64.pow(decimals);
            let width = decimals as usize;
            let text = format!("{}.{:0width$}", value / one, value % one);
            match zeros {
                0 if value % one == 0 => (value / one).to_string(),
                1 => format!("{text}{}", "0".repeat(8 - width)),
                2 => format!("{text}0000000000"),
                _ => text,
            }
        };
        let mut column = |levels: &[(i64, i64)]| {
            let levels: Vec<_> = levels
                .iter()
                .map(|(price, qty)| {
                    let (price, qty) = (decimal(*price, 2), decimal(*qty, 5));
                    let (a, b, c) = (space(), space(), space());
                    format!("{a}[\"{price}\"{b},\"{qty}\"]{c}")
                })
                .collect();
            format!("[{}]", levels.join(","))
        };
        let mut members = [
            r#""e":"depthUpdate""#.to_owned(),
            r#""E":1723161255208"#.to_owned(),
            r#""s":"BTCUSDT""#.to_owned(),
            r#""U":11"#.to_owned(),
            r#""u":12"#.to_owned(),
            format!(r#""b":{}"#, column(&bids)),
            format!(r#""a":{}"#, column(&asks)),
            r#""new":{"x":[1,{"s":"OTHER"}]}"#.to_owned(),
        ]
        .to_vec();
        if order % 4 != 0 {
            members.pop();
        }
        if order % 3 == 0 {
            let length = members.len();
            for place in 0..length {
                members.swap(place, (order >> (place * 7)) as usize % length);
            }
        }
        let payload = format!("{{{}}}", members.join(","));
        let frame = match wrap {
            0 => payload,
            1 => combined(&payload),
            _ => format!(r#" {{ "data" : {payload} , "stream":"x" }} "#),
        };
        (frame, bids, asks)
    })
}

proptest! {
    #[test]
    fn levels_are_read_whatever_the_shape((frame, bids, asks) in shaped()) {
        prop_assert!(serde_json::from_str::<Value>(&frame).is_ok(), "{}", frame);
        let mut decoder = decoder();
        let plain = |levels: &[Level]| -> Vec<_> {
            levels.iter().map(|level| (level.price.mantissa(), level.qty.mantissa())).collect()
        };
        for _ in 0..2 {
            let depth = decoder.parse_depth(frame.as_bytes());
            let depth = depth.map_err(|error| TestCaseError::fail(format!("{error}: {frame}")))?;
            prop_assert_eq!(plain(depth.bids), bids.clone(), "{}", frame);
            prop_assert_eq!(plain(depth.asks), asks.clone(), "{}", frame);
            prop_assert_eq!((depth.first, depth.last), (11, 12));
        }
    }
}

#[test]
fn broken_messages_never_panic_and_an_error_changes_nothing() {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (frames, seed) = (number("BOT4_FUZZ_FRAMES", 20_000), number("BOT4_FUZZ_SEED", 4));
    println!("{frames} broken messages from seed {seed}");
    let many = [BID, r#"["61737.63000000","0.00121000"]"#].repeat(4).join(",");
    let mut corpus = vec![
        diff(11, 12, &many, &many),
        diff(11, 11, BID, ""),
        ticker(12, "100.00000000", "100.01000000"),
        TRADE.to_owned(),
        AGGREGATE.to_owned(),
        BAR.to_owned(),
        snapshot(10, &many, &many),
        r#"{"id":1,"error":{"msg":"no","code":2}}"#.to_owned(),
    ];
    corpus.extend(corpus.clone().iter().map(|frame| combined(frame)));
    let corpus: Vec<Vec<u8>> = corpus.into_iter().map(String::into_bytes).collect();
    let mut syncing = decoder();
    assert_eq!(hear(&mut syncing, &diff(9, 10, &many, "")).0, Ok(Heard::Market));
    let (starts, mut chance) = ([live(10), syncing], Chance(seed));
    let mut decoder = starts[0].clone();
    let (mut refused, mut book) = (0_u64, Book::default());
    for count in 0..frames {
        if count % 4 == 0 {
            decoder = starts[chance.below(2)].clone();
        }
        let mut frame = corpus[chance.below(corpus.len())].clone();
        chance.mutate(&mut frame, &corpus);
        let before: Vec<_> = decoder.books().cloned().collect();
        let mut told = 0;
        let tell = &mut |event: &Event| {
            told += 1;
            if let Event::Tick(tick) = event {
                book.on_tick(tick);
            } else if let Event::Quote(quote) = event {
                book.on_quote(quote);
            }
        };
        let heard = if count % 5 == 0 {
            decoder.on_snapshot("BTCUSDT", &frame, NOW, tell)
        } else {
            decoder.on_frame(&frame, NOW, tell)
        };
        if let Err(error) = heard {
            refused += 1;
            let shown = String::from_utf8_lossy(&frame);
            assert!(error.offset <= frame.len(), "{error}: {shown}");
            assert!(told == 0 && decoder.books().eq(&before), "{error}: {shown}");
        }
    }
    assert!(refused > frames / 3, "{refused} of {frames} were refused");
}
