//! Kraken's messages in, events out: checksums against an oracle of text, every shape, and broken.
//!
//! Long because one table follows another.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]
#![allow(clippy::print_stdout, reason = "a test says its seed")]

mod broken;

use std::collections::BTreeMap;

use bot4_engine::book::Integrity;
use bot4_engine::event::{Bar, Event, Quote, Side, Tick, TickKind};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::units::{Nanos, Price, Qty};
use bot4_engine::wire::{
    Decoder, FRAME_BYTES_MAX, Heard, LEVELS_MAX, Listing, Refused, VenueStatus, WireError,
    WireErrorKind,
};
use broken::{Chance, NOW, break_messages, hear};

const BTC: InstrumentId = InstrumentId(7);
const TIME: &str = "2023-10-06T17:35:55.440295Z";
const TIME_NS: Nanos = Nanos::new(1_696_613_755_440_295_000);

fn listing(scales: (u32, u32), decimals: Option<(u32, u32)>) -> Listing {
    Listing {
        symbol: "BTC/USD".to_owned(),
        id: BTC,
        price_scale: scales.0,
        qty_scale: scales.1,
        price_decimals: decimals.map(|decimals| decimals.0),
        qty_decimals: decimals.map(|decimals| decimals.1),
    }
}

fn decoder() -> Decoder {
    let mut decoder = Decoder::of("kraken").unwrap();
    decoder.list(listing((1, 8), None)).unwrap();
    decoder
}

/// CRC32 as zlib has it, bit by bit.
fn crc32(text: &str) -> u32 {
    let step = |sum: u32, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
    !text.bytes().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(byte), step))
}

/// A book of text, slow and simple: each side by price, a size as it is written.
#[derive(Clone, Default)]
struct Oracle {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
}

const PRICE_PLACES: usize = 1;
const QTY_PLACES: usize = 8;

fn text(mantissa: i64, places: usize) -> String {
    let digits = format!("{mantissa:0width$}", width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    format!("{whole}.{part}")
}

impl Oracle {
    fn set(&mut self, side: Side, price: i64, qty: i64) {
        let levels = if side == Side::Buy { &mut self.bids } else { &mut self.asks };
        _ = if qty == 0 { levels.remove(&price) } else { levels.insert(price, qty) };
    }

    fn cut(&mut self, depth: usize) {
        while self.bids.len() > depth {
            self.bids.pop_first();
        }
        while self.asks.len() > depth {
            self.asks.pop_last();
        }
    }

    fn checksum(&self) -> u32 {
        let bare = |(price, qty): (&i64, &i64)| {
            let bare = |text: String| text.replace('.', "").trim_start_matches('0').to_owned();
            bare(text(*price, PRICE_PLACES)) + &bare(text(*qty, QTY_PLACES))
        };
        let asks: String = self.asks.iter().take(10).map(bare).collect();
        let bids: String = self.bids.iter().rev().take(10).map(bare).collect();
        crc32(&(asks + &bids))
    }
}

fn levels(levels: &[(i64, i64)]) -> String {
    let one = |(price, qty): &(i64, i64)| {
        format!("{{\"price\":{},\"qty\":{}}}", text(*price, PRICE_PLACES), text(*qty, QTY_PLACES))
    };
    levels.iter().map(one).collect::<Vec<_>>().join(",")
}

fn book(kind: &str, bids: &[(i64, i64)], asks: &[(i64, i64)], checksum: u32) -> String {
    format!(
        "{{\"channel\":\"book\",\"type\":\"{kind}\",\"data\":[{{\"symbol\":\"BTC/USD\",\"bids\":\
         [{}],\"asks\":[{}],\"checksum\":{checksum},\"timestamp\":\"{TIME}\"}}]}}",
        levels(bids),
        levels(asks)
    )
}

fn ack(method: &str, depth: usize) -> String {
    format!(
        "{{\"method\":\"{method}\",\"result\":{{\"channel\":\"book\",\"depth\":{depth},\
         \"snapshot\":true,\"symbol\":\"BTC/USD\"}},\"success\":true,\"time_in\":\"{TIME}\",\
         \"time_out\":\"{TIME}\"}}"
    )
}

fn tick(last: bool, kind: TickKind) -> Event {
    Event::Tick(Tick { instrument: BTC, ts: NOW, last, kind })
}

fn level(side: Side, price: i64, qty: i64, last: bool) -> Event {
    tick(last, TickKind::Level { side, price: Price::new(price), qty: Qty::new(qty) })
}

fn gap() -> Event {
    Event::Gap { instrument: BTC, ts: NOW }
}

/// Snapshot of two levels a side, and its oracle.
fn two() -> (Oracle, String) {
    let mut oracle = Oracle::default();
    let (bids, asks) = ([(1000, 100), (999, 200)], [(1001, 300), (1002, 400)]);
    bids.iter().for_each(|(price, qty)| oracle.set(Side::Buy, *price, *qty));
    asks.iter().for_each(|(price, qty)| oracle.set(Side::Sell, *price, *qty));
    let frame = book("snapshot", &bids, &asks, oracle.checksum());
    (oracle, frame)
}

/// A decoder whose book is live, and its oracle.
fn live() -> (Decoder, Oracle) {
    let (mut decoder, (oracle, frame)) = (decoder(), two());
    assert_eq!(hear(&mut decoder, frame.as_bytes()).0, Ok(Heard::Market));
    (decoder, oracle)
}

#[test]
fn the_official_example_has_the_official_checksum() {
    let asks = "45285.2 0.00100000,45286.4 1.54571953,45286.6 1.54571109,45289.6 1.54560911,\
                45290.2 0.15890660,45291.8 1.54553491,45294.7 0.04454749,45296.1 0.35380000,\
                45297.5 0.09945542,45299.5 0.18772827";
    let bids = "45283.5 0.10000000,45283.4 1.54582015,45282.1 0.10000000,45281.0 0.10000000,\
                45280.3 1.54592586,45279.0 0.07990000,45277.6 0.03310103,45277.5 0.30000000,\
                45277.3 1.54602737,45276.6 0.15445238";
    let side = |side: &str| {
        let one = |level: &str| {
            let (price, qty) = level.split_once(' ').unwrap();
            format!("{{\"price\":{price},\"qty\":{qty}}}")
        };
        side.split(',').map(one).collect::<Vec<_>>().join(",")
    };
    let frame = |checksum: u32| {
        format!(
            "{{\"channel\":\"book\",\"type\":\"snapshot\",\"data\":[{{\"symbol\":\"BTC/USD\",\
             \"bids\":[{}],\"asks\":[{}],\"checksum\":{checksum}}}]}}",
            side(bids),
            side(asks)
        )
    };
    for (scales, decimals) in
        [((1, 8), None), ((8, 8), None), ((8, 10), Some((1, 8))), ((1, 8), Some((1, 8)))]
    {
        let mut decoder = Decoder::of("kraken").unwrap();
        decoder.list(listing(scales, decimals)).unwrap();
        let (heard, told) = hear(&mut decoder, frame(3_310_070_434).as_bytes());
        assert_eq!((heard, told.len()), (Ok(Heard::Market), 21));
        let (heard, told) = hear(&mut decoder, frame(3_310_070_435).as_bytes());
        assert_eq!((heard, told), (Ok(Heard::Resync(BTC)), vec![gap()]));
    }
}

#[test]
fn a_snapshot_is_told_whole_and_an_update_level_by_level() {
    let (mut decoder, (mut oracle, frame)) = (decoder(), two());
    assert_eq!(decoder.integrity(BTC), Integrity::Syncing);
    let (_, told) = hear(&mut decoder, frame.as_bytes());
    assert_eq!(
        told,
        [
            tick(false, TickKind::Clear),
            level(Side::Buy, 1000, 100, false),
            level(Side::Buy, 999, 200, false),
            level(Side::Sell, 1001, 300, false),
            level(Side::Sell, 1002, 400, true),
        ]
    );
    assert_eq!(decoder.integrity(BTC), Integrity::Live);
    oracle.set(Side::Buy, 1000, 0);
    oracle.set(Side::Sell, 1001, 50);
    let update = book("update", &[(1000, 0)], &[(1001, 50)], oracle.checksum());
    let (heard, told) = hear(&mut decoder, update.as_bytes());
    assert_eq!(heard, Ok(Heard::Market));
    assert_eq!(told, [level(Side::Buy, 1000, 0, false), level(Side::Sell, 1001, 50, true)]);
    let nothing = book("update", &[], &[], oracle.checksum());
    assert_eq!(hear(&mut decoder, nothing.as_bytes()), (Ok(Heard::Market), vec![]));
    let empty = book("snapshot", &[], &[], 0);
    let told = vec![tick(true, TickKind::Clear)];
    assert_eq!(hear(&mut decoder, empty.as_bytes()), (Ok(Heard::Market), told));
}

#[test]
fn a_failed_checksum_is_a_gap_until_the_next_snapshot() {
    let (mut decoder, oracle) = live();
    let wrong = book("update", &[(1000, 7)], &[], oracle.checksum());
    assert_eq!(hear(&mut decoder, wrong.as_bytes()), (Ok(Heard::Resync(BTC)), vec![gap()]));
    assert_eq!(decoder.integrity(BTC), Integrity::Gap);
    // It is asked for once.
    let update = book("update", &[], &[], oracle.checksum());
    assert_eq!(hear(&mut decoder, update.as_bytes()), (Ok(Heard::Market), vec![]));
    let bad = two().1.replace("\"checksum\":", "\"checksum\":1");
    assert!(hear(&mut decoder, bad.as_bytes()).0.is_err());
    let bad = book("snapshot", &[(1000, 7)], &[], 1);
    assert_eq!(hear(&mut decoder, bad.as_bytes()), (Ok(Heard::Resync(BTC)), vec![]));
    assert_eq!(hear(&mut decoder, two().1.as_bytes()).0, Ok(Heard::Market));
    assert_eq!(decoder.integrity(BTC), Integrity::Live);
    assert_eq!((decoder.counts().checksums_failed, decoder.counts().gaps), (2, 2));
}

#[test]
fn an_update_without_a_snapshot_asks_for_one_once() {
    let mut decoder = decoder();
    let update = book("update", &[(1000, 7)], &[], 5);
    assert_eq!(hear(&mut decoder, update.as_bytes()), (Ok(Heard::Resync(BTC)), vec![gap()]));
    assert_eq!(hear(&mut decoder, update.as_bytes()), (Ok(Heard::Market), vec![]));
}

#[test]
fn a_new_connection_and_an_end_of_a_subscription_are_gaps() {
    let (mut decoder, _) = live();
    let mut told = Vec::new();
    decoder.on_connect(NOW, &mut |event| told.push(*event));
    decoder.on_connect(NOW, &mut |event| told.push(*event));
    assert_eq!((told, decoder.integrity(BTC)), (vec![gap()], Integrity::Syncing));
    let (mut decoder, oracle) = live();
    let end = ack("unsubscribe", 10);
    assert_eq!(hear(&mut decoder, end.as_bytes()), (Ok(Heard::Nothing), vec![gap()]));
    // What was on its way is not listened to, nor is the book asked for.
    let update = book("update", &[], &[], oracle.checksum());
    assert_eq!(hear(&mut decoder, update.as_bytes()), (Ok(Heard::Market), vec![]));
    assert_eq!(hear(&mut decoder, two().1.as_bytes()).0, Ok(Heard::Market));
    assert_eq!((decoder.integrity(BTC), decoder.counts().gaps), (Integrity::Live, 0));
}

#[test]
fn books_stay_those_of_the_oracle_at_any_depth_and_scale() {
    for (seed, depth, acked, scales, decimals) in [
        (1, 10, true, (1, 8), None),
        (2, 10, false, (3, 9), None),
        (3, 25, true, (1, 8), Some((1, 8))),
        (4, 25, false, (8, 10), Some((1, 8))),
        (5, 100, true, (2, 8), None),
        (6, 1_000, true, (1, 8), None),
        (7, 3, true, (1, 8), None),
    ] {
        println!("seed {seed}, depth {depth}");
        let mut decoder = Decoder::of("kraken").unwrap();
        decoder.list(listing(scales, decimals)).unwrap();
        if acked {
            assert_eq!(
                hear(&mut decoder, ack("subscribe", depth).as_bytes()).0,
                Ok(Heard::Nothing)
            );
        }
        walk(&mut decoder, Chance(seed), depth, scales);
    }
}

/// Three hundred messages, each against the oracle; what is told is folded into a second one.
fn walk(decoder: &mut Decoder, mut chance: Chance, depth: usize, scales: (u32, u32)) {
    let (up_price, up_qty) = (10_i64.pow(scales.0 - 1), 10_i64.pow(scales.1 - 8));
    let (mut oracle, mut folded) = (Oracle::default(), Oracle::default());
    for round in 0..300_i64 {
        let snapshot = round % 100 == 0;
        if snapshot {
            oracle = Oracle::default();
        }
        let count = if snapshot { depth } else { chance.below(5) };
        let mut sides = [Vec::new(), Vec::new()];
        for (side, changes) in Side::ALL.into_iter().zip(&mut sides) {
            for place in 0..count {
                let far = if snapshot { place } else { chance.below(2 * depth) };
                let price = 1_000_000 - side.sign() * (1 + i64::try_from(far).unwrap());
                let zero = !snapshot && chance.below(3) == 0;
                let size = 10_usize.pow(u32::try_from(chance.below(13)).unwrap() + 1);
                let qty = if zero { 0 } else { 1 + i64::try_from(chance.below(size)).unwrap() };
                oracle.set(side, price, qty);
                changes.push((price, qty));
            }
        }
        oracle.cut(depth);
        let kind = if snapshot { "snapshot" } else { "update" };
        let frame = book(kind, &sides[0], &sides[1], oracle.checksum());
        let (heard, told) = hear(decoder, frame.as_bytes());
        assert_eq!(heard, Ok(Heard::Market), "{frame}");
        let ends = told.iter().filter(|event| matches!(event, Event::Tick(tick) if tick.last));
        assert_eq!(ends.count(), usize::from(!told.is_empty()));
        for event in told {
            if let Event::Tick(Tick { kind: TickKind::Clear, .. }) = event {
                folded = Oracle::default();
            } else if let Event::Tick(Tick { kind: TickKind::Level { side, price, qty }, .. }) =
                event
            {
                folded.set(side, price.mantissa() / up_price, qty.mantissa() / up_qty);
            } else {
                panic!("{event:?}");
            }
        }
        assert_eq!((&folded.bids, &folded.asks), (&oracle.bids, &oracle.asks));
    }
}

#[test]
fn keys_in_any_order_with_any_whitespace_say_the_same() {
    let (start, mut oracle) = live();
    oracle.set(Side::Buy, 1000, 55);
    let sum = oracle.checksum();
    for frame in [
        book("update", &[(1000, 55)], &[], sum),
        book("update", &[(1000, 55)], &[], sum).replace(',', " ,\n\t").replace("\":", "\"\r: "),
        book("update", &[(1000, 55)], &[], sum).replace("100.0", "\"1000e-1\""),
        book("update", &[(1000, 55)], &[], sum).replace("0.00000055", "5.5e-7"),
        book("update", &[(1000, 55)], &[], sum).replace("BTC/USD", "BTC\\/USD"),
        book("update", &[(1000, 55)], &[], sum).replace("\"price\"", "\"new\":{},\"pric\\u0065\""),
        format!(
            "{{\"data\":[{{\"timestamp\":\"{TIME}\",\"checksum\":{sum},\"asks\":[],\"bids\":[\
             {{\"qty\":0.00000055,\"price\":100.0}}],\"symbol\":\"BTC/USD\"}}],\"type\":\"update\",\
             \"channel\":\"book\",\"other\":[[{{\"a\":null}}]]}}"
        ),
    ] {
        let (heard, told) = hear(&mut start.clone(), frame.as_bytes());
        let expected = vec![level(Side::Buy, 1000, 55, true)];
        assert_eq!((heard, told), (Ok(Heard::Market), expected), "{frame}");
    }
}

#[test]
fn what_is_not_of_a_market_is_said_by_name() {
    let refused = |message: &str| Heard::Refused(Refused::new(None, message.as_bytes()));
    let status = |system: &str| {
        format!(
            "{{\"channel\":\"status\",\"type\":\"update\",\"data\":[{{\"system\":\"{system}\"}}]}}"
        )
    };
    for (frame, expected) in [
        ("{\"channel\":\"heartbeat\"}".to_owned(), Heard::Nothing),
        ("{\"method\":\"pong\",\"req_id\":42}".to_owned(), Heard::Nothing),
        (status("online"), Heard::Status(VenueStatus::Online)),
        (status("cancel_only"), Heard::Status(VenueStatus::CancelOnly)),
        (status("post_only"), Heard::Status(VenueStatus::PostOnly)),
        (status("maintenance"), Heard::Status(VenueStatus::Maintenance)),
        (status("dreaming"), Heard::Unknown),
        ("{\"channel\":\"level3\",\"type\":\"update\",\"data\":[]}".to_owned(), Heard::Unknown),
        ("{\"method\":\"add_order\",\"success\":true,\"result\":{}}".to_owned(), Heard::Unknown),
        ("{\"a\":1}".to_owned(), Heard::Unknown),
        (
            "{\"method\":\"subscribe\",\"success\":false,\"error\":\"Currency pair not \
             supported\"}"
                .to_owned(),
            refused("Currency pair not supported"),
        ),
        ("{\"error\":\"no\"}".to_owned(), refused("no")),
        ("{\"success\":false}".to_owned(), refused("refused without a word")),
        (ack("subscribe", 10).replace("BTC", "ETH"), Heard::Nothing),
        (ack("subscribe", 10).replace("book", "trade"), Heard::Nothing),
        (book("update", &[(1, 1)], &[], 5).replace("BTC", "ETH"), Heard::Nothing),
        (format!("{} ", book("update", &[], &[], 5).replace("BTC", "ETH")), Heard::Nothing),
    ] {
        assert_eq!(hear(&mut decoder(), frame.as_bytes()), (Ok(expected), vec![]), "{frame}");
    }
    let mut decoder = decoder();
    _ = hear(&mut decoder, book("update", &[], &[], 5).replace("BTC", "ETH").as_bytes());
    _ = hear(&mut decoder, b"{\"a\":1}");
    assert_eq!((decoder.counts().unlisted, decoder.counts().unknown), (1, 1));
}

const TRADES: &str = "{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{\"symbol\":\"BTC/USD\",\
    \"side\":\"buy\",\"price\":105944.20,\"qty\":0.00027625,\"ord_type\":\"limit\",\"trade_id\":1,\
    \"timestamp\":\"2023-10-06T17:35:55.440295Z\"},{\"symbol\":\"ETH/USD\",\"side\":\"buy\",\
    \"price\":1,\"qty\":1},{\"symbol\":\"BTC/USD\",\"side\":\"sell\",\"price\":105910.5,\
    \"qty\":0.0001246,\"timestamp\":\"2023-10-06T17:35:56.123456Z\"}]}";
const TICKER: &str = "{\"channel\":\"ticker\",\"type\":\"snapshot\",\"data\":[{\"symbol\":\
    \"BTC/USD\",\"bid\":105944.20,\"bid_qty\":2.5,\"ask\":105944.30,\"ask_qty\":3.2,\
    \"last\":105899.40,\"change\":-250.00,\"timestamp\":\"2022-12-25T09:30:59.123456Z\"}]}";

#[test]
fn trades_are_told_by_the_taker_and_history_is_not() {
    let trade = |last, aggressor, price, qty| {
        tick(last, TickKind::Trade { aggressor, price: Price::new(price), qty: Qty::new(qty) })
    };
    // The last of its instrument ends the message.
    let first = trade(false, Side::Buy, 1_059_442, 27_625);
    let expected = vec![first, trade(true, Side::Sell, 1_059_105, 12_460)];
    assert_eq!(hear(&mut decoder(), TRADES.as_bytes()), (Ok(Heard::Market), expected));
    let history = TRADES.replace("update", "snapshot");
    assert_eq!(hear(&mut decoder(), history.as_bytes()), (Ok(Heard::Nothing), vec![]));
}

#[test]
fn a_first_checksum_that_is_wrong_takes_the_touch_back() {
    let mut decoder = decoder();
    assert_eq!(hear(&mut decoder, TICKER.as_bytes()).1.len(), 1);
    let bad = book("snapshot", &[(1000, 7)], &[], 1);
    assert_eq!(hear(&mut decoder, bad.as_bytes()), (Ok(Heard::Resync(BTC)), vec![gap()]));
    // It is a gap already, whoever connects.
    let mut told = Vec::new();
    decoder.on_connect(NOW, &mut |event| told.push(*event));
    assert_eq!(told, []);
}

#[test]
fn a_new_connection_takes_a_lone_touch_back() {
    let (mut decoder, mut told) = (decoder(), Vec::new());
    assert_eq!(hear(&mut decoder, TICKER.as_bytes()).1.len(), 1);
    decoder.on_connect(NOW, &mut |event| told.push(*event));
    decoder.on_connect(NOW, &mut |event| told.push(*event));
    assert_eq!(told, [gap(), tick(false, TickKind::Clear)]);
}

#[test]
fn a_ticker_is_a_quote_while_no_book_is_live() {
    let quote = Event::Quote(Quote {
        instrument: BTC,
        ts: NOW,
        bid: Price::new(1_059_442),
        bid_qty: Qty::new(250_000_000),
        ask: Price::new(1_059_443),
        ask_qty: Qty::new(320_000_000),
    });
    assert_eq!(hear(&mut decoder(), TICKER.as_bytes()), (Ok(Heard::Market), vec![quote]));
    assert_eq!(hear(&mut live().0, TICKER.as_bytes()), (Ok(Heard::Market), vec![]));
    for missing in [TICKER.replace("105944.20", "null"), TICKER.replace("bid_qty", "bid_quantity")]
    {
        assert_eq!(hear(&mut decoder(), missing.as_bytes()), (Ok(Heard::Nothing), vec![]));
    }
}

fn candle(kind: &str, minutes: i64, begin: &str, close: &str) -> String {
    format!(
        "{{\"channel\":\"ohlc\",\"type\":\"{kind}\",\"data\":[{{\"symbol\":\"BTC/USD\",\
         \"interval\":{minutes},\"interval_begin\":\"2023-10-04T{begin}.000000000Z\",\"open\":1.5,\
         \"high\":2e0,\"low\":1,\"close\":{close},\"volume\":7.25,\"vwap\":1.5,\"trades\":12}}]}}"
    )
}

#[test]
fn a_bar_at_a_price_that_no_unit_holds_is_refused_and_changes_nothing() {
    let mut decoder = decoder();
    assert_eq!(hear(&mut decoder, candle("update", 1, "16:25:00", "1.2").as_bytes()).1, []);
    for (close, kind) in [
        ("1e18", WireErrorKind::NumberTooLarge),
        ("0", WireErrorKind::Malformed { expected: "a price above zero" }),
    ] {
        let frame = candle("update", 1, "16:26:00", close);
        let offset = frame.find("\"close\":").unwrap() + "\"close\":".len();
        let refused = Err(WireError { kind, offset });
        assert_eq!(hear(&mut decoder, frame.as_bytes()), (refused, vec![]));
    }
    let next = candle("update", 1, "16:26:00", "1.3");
    assert_eq!(hear(&mut decoder, next.as_bytes()).1.len(), 1);
}

#[test]
fn a_bar_is_told_when_the_next_begins() {
    const BEGUN_NS: i64 = 1_696_436_700_000_000_000;
    const MINUTE_NS: i64 = 60_000_000_000;
    let bar = |minute: i64, minutes: i64, close: f64| {
        Event::Bar(Bar {
            instrument: BTC,
            open_ns: Nanos::new(BEGUN_NS + minute * MINUTE_NS),
            close_ns: Nanos::new(BEGUN_NS + (minute + minutes) * MINUTE_NS),
            open: 1.5,
            high: 2.0,
            low: 1.0,
            close,
            volume: 7.25,
        })
    };
    let mut decoder = decoder();
    for (frame, expected) in [
        (candle("snapshot", 1, "16:23:00", "1.1"), vec![]),
        // What was before the subscription is history, its last bar is not final yet.
        (candle("snapshot", 1, "16:25:00", "1.1"), vec![]),
        (candle("update", 5, "16:25:00", "1.7"), vec![]),
        (candle("update", 1, "16:25:00", "1.2"), vec![]),
        (candle("update", 1, "16:26:00", "1.3"), vec![bar(0, 1, 1.2)]),
        (candle("update", 1, "16:25:00", "1.9"), vec![]),
        (candle("update", 1, "16:28:00", "1.4"), vec![bar(1, 1, 1.3)]),
        (candle("update", 5, "16:30:00", "1.8"), vec![bar(0, 5, 1.7)]),
    ] {
        assert_eq!(hear(&mut decoder, frame.as_bytes()), (Ok(Heard::Market), expected), "{frame}");
    }
    assert_eq!(decoder.counts().late, 1);
}

#[test]
fn the_instruments_own_precision_is_used_where_none_is_listed() {
    let pairs = "{\"channel\":\"instrument\",\"type\":\"snapshot\",\"data\":{\"assets\":\
        [{\"id\":1}],\"pairs\":[{\"symbol\":\"ETH/USD\"},{\"symbol\":\"BTC/USD\",\
        \"price_precision\":1,\"qty_precision\":8,\"qty_min\":1e-4}]}}";
    let mut decoder = decoder();
    assert_eq!(hear(&mut decoder, pairs.as_bytes()), (Ok(Heard::Nothing), vec![]));
    // As through floats: digits are missing, and the checksum is over all of them.
    let trimmed = two().1.replace("100.0,", "100,").replace("0.00000100", "1e-6");
    assert_eq!(hear(&mut decoder, trimmed.as_bytes()).0, Ok(Heard::Market), "{trimmed}");
}

#[test]
fn where_nothing_was_received_at_a_time_the_venues_own_is_told() {
    let mut told = Vec::new();
    let (mut decoder, (_, frame)) = (decoder(), two());
    let mut hear = |frame: &str| {
        told.clear();
        decoder.on_frame(frame.as_bytes(), Nanos::ZERO, &mut |event| told.push(*event)).unwrap();
        match told.last() {
            Some(Event::Tick(tick)) => tick.ts,
            other => panic!("{other:?}"),
        }
    };
    for (text, expected) in [
        (TIME, TIME_NS.mantissa()),
        ("2023-10-06T17:35:55Z", 1_696_613_755_000_000_000),
        ("2023-10-06T19:35:55.4402951239+02:00", 1_696_613_755_440_295_123),
        ("2023-10-06T17:35:55.440295-00:00", TIME_NS.mantissa()),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("2000-02-29T23:59:60Z", 951_868_800_000_000_000),
    ] {
        assert_eq!(hear(&frame.replace(TIME, text)).mantissa(), expected, "{text}");
    }
    assert_eq!(hear(TRADES), Nanos::new(1_696_613_756_123_456_000));
    for text in [
        "",
        "2023-10-06",
        "2023-10-06T17:35:55",
        "2023-13-06T17:35:55Z",
        "2023-02-29T17:35:55Z",
        "2023-10-06T24:35:55Z",
        "2023-10-06T17:35:55.Z",
        "2023-10-06T17:35:55.1",
        "9999-10-06T17:35:55Z",
        "2023-10-06T17:35:55Zz",
        "2023-10-06x17:35:55Z",
    ] {
        let broken = frame.replace(TIME, text);
        let mut decoder = self::decoder();
        let error = decoder.on_frame(broken.as_bytes(), Nanos::ZERO, &mut |_| {}).unwrap_err();
        let expected = "a time of RFC 3339";
        assert_eq!(error.kind, WireErrorKind::Malformed { expected }, "{text}");
        // Whoever knows when it was received does not read it.
        assert_eq!(hear_now(&broken), Ok(Heard::Market));
    }
}

fn hear_now(frame: &str) -> Result<Heard, WireError> {
    hear(&mut decoder(), frame.as_bytes()).0
}

#[test]
fn what_is_malformed_is_a_typed_error_at_its_byte() {
    let (_, frame) = two();
    let malformed = |expected| WireErrorKind::Malformed { expected };
    for (from, to, kind) in [
        ("\"}]}", "\"}]", malformed("a comma or the end of the object")),
        ("\"}]}", "\"}]}x", malformed("the end of the message")),
        ("\"bids\"", "\"bid\"", malformed("bids")),
        ("\"asks\"", "\"ask\"", malformed("asks")),
        ("\"symbol\"", "\"name\"", malformed("a symbol")),
        ("\"checksum\"", "\"sum\"", malformed("a checksum")),
        ("\"data\"", "\"date\"", malformed("data")),
        ("\"type\"", "\"kind\"", malformed("a type")),
        ("snapshot", "upset", malformed("update or snapshot")),
        ("\"asks\"", "\"bids\"", malformed("a key only once")),
        ("\"qty\"", "\"price\"", malformed("a key only once")),
        ("\"qty\"", "\"size\"", malformed("a qty")),
        ("100.0", "-100.0", malformed("a digit")),
        ("100.0", "0.0", malformed("a price above zero")),
        ("100.0", "0100.0", malformed("no digit behind a leading zero")),
        ("100.0", "100.01", WireErrorKind::NumberTooFine),
        ("100.0", "1e18", WireErrorKind::NumberTooLarge),
        ("100.0", "true", malformed("a digit")),
        ("\"checksum\":", "\"checksum\":9", malformed("a checksum of 32 bits")),
        ("\"checksum\":", "\"checksum\":-", malformed("a checksum of 32 bits")),
        ("\"bids\":[", "\"bids\":{", malformed("a key")),
    ] {
        let broken = frame.replacen(from, to, 1);
        let mut decoder = decoder();
        let (heard, told) = hear(&mut decoder, broken.as_bytes());
        let error = heard.expect_err(&broken);
        assert_eq!((error.kind, told), (kind, vec![]), "{broken}");
        assert!(error.offset <= broken.len());
        assert_eq!(decoder.counts().malformed, 1);
        assert_eq!(decoder.integrity(BTC), Integrity::Syncing);
    }
    let at = frame.find("100.0").unwrap();
    let error = hear(&mut decoder(), frame.replace("100.0", "100.01").as_bytes()).0.unwrap_err();
    assert_eq!(error.offset, at);
}

#[test]
fn limits_are_named() {
    let long = vec![b' '; FRAME_BYTES_MAX + 1];
    let kind = |frame: &[u8]| hear(&mut decoder(), frame).0.unwrap_err().kind;
    assert_eq!(kind(&long), WireErrorKind::TooLong { limit: FRAME_BYTES_MAX });
    let many = vec![(1, 1); LEVELS_MAX + 1];
    let many = book("update", &many, &[], 1);
    assert_eq!(kind(many.as_bytes()), WireErrorKind::TooManyLevels { limit: LEVELS_MAX });
    let deep = format!("{{\"x\":{}", "[".repeat(100));
    assert!(matches!(kind(deep.as_bytes()), WireErrorKind::TooDeep { .. }));
    let mut decoder = decoder();
    let fetched = decoder.on_snapshot("BTC/USD", b"{}", NOW, &mut |_| {}).unwrap_err();
    assert!(matches!(fetched.kind, WireErrorKind::Unsupported { .. }));
    assert_eq!(decoder.counts().unsupported, 1);
}

#[test]
fn nothing_is_allocated_after_the_first_messages() {
    let (mut decoder, mut oracle) = live();
    let mut frames = Vec::new();
    for price in 990..1_000 {
        oracle.set(Side::Buy, price, price);
        oracle.set(Side::Sell, price + 11, 0);
        oracle.set(Side::Sell, price + 12, 9);
        oracle.cut(10);
        let asks = [(price + 11, 0), (price + 12, 9)];
        frames.push(book("update", &[(price, price)], &asks, oracle.checksum()));
    }
    frames.push(two().1);
    frames.push(TRADES.to_owned());
    let round = |decoder: &mut Decoder| {
        let mut told = 0;
        for frame in &frames {
            let heard = decoder.on_frame(frame.as_bytes(), NOW, &mut |_| told += 1);
            assert_eq!(heard, Ok(Heard::Market));
        }
        assert!(told > 30);
    };
    round(&mut decoder);
    let counted = allocation_counter::measure(|| round(&mut decoder));
    assert_eq!(counted.count_total, 0);
}

#[test]
fn broken_messages_never_panic_and_an_error_changes_nothing() {
    let (decoder, mut oracle) = live();
    oracle.set(Side::Buy, 1000, 55);
    oracle.set(Side::Sell, 1003, 66);
    let probe = book("update", &[(1000, 55)], &[(1003, 66)], oracle.checksum());
    let corpus = [
        probe.clone(),
        probe.replace("\"bids\"", " \"bids\""),
        two().1,
        TRADES.to_owned(),
        TICKER.to_owned(),
        candle("update", 1, "16:25:00", "1.2"),
        ack("subscribe", 25),
        "{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"system\":\"online\"}]}"
            .to_owned(),
    ];
    let corpus = corpus.map(String::into_bytes);
    break_messages(&decoder, &corpus, probe.as_bytes());
}
