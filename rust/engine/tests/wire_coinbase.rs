//! Coinbase's messages in, events out: sequences, every shape, and broken.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod broken;

use bot4_engine::book::Integrity;
use bot4_engine::event::{Event, Quote, Side, Tick, TickKind};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::units::{Nanos, Price, Qty};
use bot4_engine::wire::{
    Decoder, FRAME_BYTES_MAX, Heard, LEVELS_MAX, Listing, Refused, WireErrorKind,
};
use broken::{Chance, NOW, break_messages, hear};

const BTC: InstrumentId = InstrumentId(7);
const ETH: InstrumentId = InstrumentId(3);
const TIME: &str = "2026-09-30T02:39:53.846768142Z";
const TIME_NS: Nanos = Nanos::new(1_790_735_993_846_768_142);

fn decoder() -> Decoder {
    let mut decoder = Decoder::of("coinbase").unwrap();
    for (symbol, id) in [("BTC-USD", BTC), ("ETH-USD", ETH)] {
        let symbol = symbol.to_owned();
        let (price_decimals, qty_decimals) = (None, None);
        let (price_scale, qty_scale) = (2, 8);
        decoder
            .list(Listing { symbol, id, price_scale, qty_scale, price_decimals, qty_decimals })
            .unwrap();
    }
    decoder
}

/// Levels as `side price size`, comma between them.
fn updates(levels: &str) -> String {
    let one = |level: &str| {
        let parts: Vec<&str> = level.split(' ').collect();
        format!(
            "{{\"side\":\"{}\",\"event_time\":\"2026-09-30T02:39:53.81387Z\",\"price_level\":\
             \"{}\",\"new_quantity\":\"{}\"}}",
            parts[0], parts[1], parts[2]
        )
    };
    levels.split(',').filter(|level| !level.is_empty()).map(one).collect::<Vec<_>>().join(",")
}

fn event(kind: &str, product: &str, levels: &str) -> String {
    format!(
        "{{\"type\":\"{kind}\",\"product_id\":\"{product}\",\"updates\":[{}]}}",
        updates(levels)
    )
}

fn numbered(channel: &str, sequence: i64, events: &str) -> String {
    format!(
        "{{\"channel\":\"{channel}\",\"timestamp\":\"{TIME}\",\"sequence_num\":{sequence},\
         \"events\":[{events}]}}"
    )
}

fn book(kind: &str, product: &str, sequence: i64, levels: &str) -> String {
    numbered("l2_data", sequence, &event(kind, product, levels))
}

fn beat(sequence: i64) -> String {
    let event = "{\"current_time\":\"2026-09-07 23:37:22.674409 +0000 UTC m=+139651.27\",\
                 \"heartbeat_counter\":139651}";
    numbered("heartbeats", sequence, event)
}

const TWO: &str = "bid 83277.25 0.7,offer 83281 0.5";

/// Both books live, frame 2 is next.
fn live() -> Decoder {
    let mut decoder = decoder();
    for frame in [book("snapshot", "BTC-USD", 0, TWO), book("snapshot", "ETH-USD", 1, TWO)] {
        assert_eq!(hear(&mut decoder, frame.as_bytes()).0, Ok(Heard::Market));
    }
    decoder
}

fn tick(instrument: InstrumentId, last: bool, kind: TickKind) -> Event {
    Event::Tick(Tick { instrument, ts: NOW, last, kind })
}

fn level(side: Side, price: i64, qty: i64, last: bool) -> Event {
    tick(BTC, last, TickKind::Level { side, price: Price::new(price), qty: Qty::new(qty) })
}

fn gap(instrument: InstrumentId) -> Event {
    Event::Gap { instrument, ts: NOW }
}

#[test]
fn a_snapshot_is_told_whole_and_an_update_level_by_level() {
    let mut decoder = decoder();
    assert_eq!(decoder.integrity(BTC), Integrity::Syncing);
    let (heard, told) = hear(&mut decoder, book("snapshot", "BTC-USD", 0, TWO).as_bytes());
    let snapshot = vec![
        tick(BTC, false, TickKind::Clear),
        level(Side::Buy, 8_327_725, 70_000_000, false),
        level(Side::Sell, 8_328_100, 50_000_000, true),
    ];
    assert_eq!((heard, told), (Ok(Heard::Market), snapshot));
    assert_eq!(decoder.integrity(BTC), Integrity::Live);
    let update = book("update", "BTC-USD", 1, "bid 83277.25 0,bid 83277.2 1e-8,offer 83281 2");
    let changes = vec![
        level(Side::Buy, 8_327_725, 0, false),
        level(Side::Buy, 8_327_720, 1, false),
        level(Side::Sell, 8_328_100, 200_000_000, true),
    ];
    assert_eq!(hear(&mut decoder, update.as_bytes()), (Ok(Heard::Market), changes));
    let nothing = book("update", "BTC-USD", 2, "");
    assert_eq!(hear(&mut decoder, nothing.as_bytes()), (Ok(Heard::Market), vec![]));
    let empty = book("snapshot", "BTC-USD", 3, "");
    let told = vec![tick(BTC, true, TickKind::Clear)];
    assert_eq!(hear(&mut decoder, empty.as_bytes()), (Ok(Heard::Market), told));
}

#[test]
fn a_jump_of_the_sequence_is_a_gap_of_every_book() {
    for (frame, told) in [
        (beat(3), vec![]),
        (book("update", "BTC-USD", 3, TWO), vec![]),
        (numbered("futures", 3, ""), vec![]),
        (book("snapshot", "ETH-USD", 3, ""), vec![tick(ETH, true, TickKind::Clear)]),
    ] {
        let mut decoder = live();
        let healed = !told.is_empty();
        let expected = [vec![gap(BTC), gap(ETH)], told].concat();
        assert_eq!(hear(&mut decoder, frame.as_bytes()), (Ok(Heard::Resync(BTC)), expected));
        assert_eq!(decoder.integrity(BTC), Integrity::Gap);
        // The other book is asked for with the next frame, and each of them once.
        let expected = if healed { Heard::Nothing } else { Heard::Resync(ETH) };
        assert_eq!(hear(&mut decoder, beat(4).as_bytes()), (Ok(expected), vec![]));
        assert_eq!(hear(&mut decoder, beat(5).as_bytes()), (Ok(Heard::Nothing), vec![]));
        let update = book("update", "BTC-USD", 6, TWO);
        assert_eq!(hear(&mut decoder, update.as_bytes()), (Ok(Heard::Market), vec![]));
        // What was asked for may be among what is lost: it is asked for again.
        let after = hear(&mut decoder, beat(8).as_bytes()).0;
        assert_eq!(after, Ok(Heard::Resync(BTC)));
        let snapshot = book("snapshot", "BTC-USD", 9, TWO);
        assert_eq!(hear(&mut decoder, snapshot.as_bytes()).1.len(), 3);
        assert_eq!(decoder.integrity(BTC), Integrity::Live);
    }
}

#[test]
fn what_is_late_is_ignored_whole() {
    let mut decoder = live();
    for sequence in [0, 1] {
        let late = book("update", "BTC-USD", sequence, TWO);
        assert_eq!(hear(&mut decoder, late.as_bytes()), (Ok(Heard::Nothing), vec![]));
    }
    assert_eq!((decoder.counts().late, decoder.counts().gaps), (2, 0));
    assert_eq!(hear(&mut decoder, book("update", "BTC-USD", 2, TWO).as_bytes()).1.len(), 2);
}

#[test]
fn every_frame_of_a_connection_counts_in_its_sequence() {
    let mut decoder = live();
    for (frame, expected) in [
        (beat(2), Heard::Nothing),
        (numbered("subscriptions", 3, "{\"subscriptions\":{\"level2\":[\"BTC-USD\"]}}"), {
            Heard::Nothing
        }),
        (numbered("candles", 4, "{\"type\":\"snapshot\",\"candles\":[]}"), Heard::Unknown),
        (book("update", "SOL-USD", 5, TWO), Heard::Nothing),
        (numbered("market_trades", 6, "{\"type\":\"snapshot\",\"trades\":[{}]}"), Heard::Nothing),
        (book("update", "BTC-USD", 7, ""), Heard::Market),
        (beat(8).replace("\"timestamp\"", "\"client_id\":\"\",\"timestamp\""), Heard::Nothing),
    ] {
        assert_eq!(hear(&mut decoder, frame.as_bytes()), (Ok(expected), vec![]), "{frame}");
    }
    assert_eq!((decoder.counts().unlisted, decoder.counts().unknown), (1, 1));
    let error = "{\"type\":\"error\",\"message\":\"authentication failure\"}";
    let refused = Heard::Refused(Refused::new(None, b"authentication failure"));
    assert_eq!(hear(&mut decoder, error.as_bytes()), (Ok(refused), vec![]));
    assert_eq!(hear(&mut decoder, b"{\"type\":\"other\"}"), (Ok(Heard::Unknown), vec![]));
    assert_eq!(hear(&mut decoder, beat(9).as_bytes()), (Ok(Heard::Nothing), vec![]));
}

#[test]
fn an_update_without_a_snapshot_asks_for_one_once() {
    let mut decoder = decoder();
    let lost = vec![gap(BTC)];
    for (sequence, expected) in [(13, (Heard::Resync(BTC), lost)), (14, (Heard::Market, vec![]))] {
        let update = book("update", "BTC-USD", sequence, TWO);
        let (heard, told) = hear(&mut decoder, update.as_bytes());
        assert_eq!((heard.unwrap(), told), expected);
    }
    assert_eq!(hear(&mut decoder, book("snapshot", "BTC-USD", 15, TWO).as_bytes()).1.len(), 3);
}

#[test]
fn a_new_connection_is_a_gap_and_begins_a_sequence() {
    let (mut decoder, mut told) = (live(), Vec::new());
    decoder.on_connect(NOW, &mut |event| told.push(*event));
    decoder.on_connect(NOW, &mut |event| told.push(*event));
    assert_eq!(told, [gap(BTC), gap(ETH)]);
    assert_eq!(decoder.integrity(BTC), Integrity::Syncing);
    assert_eq!(hear(&mut decoder, beat(0).as_bytes()), (Ok(Heard::Nothing), vec![]));
    assert_eq!(decoder.counts().gaps, 0);
}

#[test]
fn several_books_in_one_frame_are_each_told() {
    let events = [
        event("snapshot", "BTC-USD", TWO),
        event("update", "SOL-USD", TWO),
        event("update", "BTC-USD", "bid 1 1"),
        event("snapshot", "ETH-USD", ""),
    ]
    .join(",");
    let (heard, told) = hear(&mut decoder(), numbered("l2_data", 0, &events).as_bytes());
    assert_eq!((heard, told.len()), (Ok(Heard::Market), 5));
    assert_eq!(told[3], level(Side::Buy, 100, 100_000_000, true));
    assert_eq!(told[4], tick(ETH, true, TickKind::Clear));
}

fn trades(sequence: i64, times: [&str; 2]) -> String {
    let one = |side: &str, price: &str, time: &str| {
        format!(
            "{{\"product_id\":\"BTC-USD\",\"trade_id\":\"1\",\"price\":\"{price}\",\
             \"size\":\"0.00058346\",\"time\":\"{time}\",\"side\":\"{side}\"}}"
        )
    };
    let both = [one("SELL", "83277.26", times[0]), one("BUY", "83277.25", times[1])].join(",");
    numbered("market_trades", sequence, &format!("{{\"type\":\"update\",\"trades\":[{both}]}}"))
}

#[test]
fn trades_are_told_by_the_taker_in_the_order_of_time() {
    let trade = |aggressor, price, last| {
        let (price, qty) = (Price::new(price), Qty::new(58_346));
        tick(BTC, last, TickKind::Trade { aggressor, price, qty })
    };
    // Coinbase says which side the maker was on.
    let bought = |last| trade(Side::Buy, 8_327_726, last);
    let sold = |last| trade(Side::Sell, 8_327_725, last);
    let (early, late) = ("2026-09-30T02:39:53.977543Z", "2026-09-30T02:39:53.977544Z");
    for (times, expected) in [
        ([early, late], vec![bought(false), sold(true)]),
        ([late, late], vec![bought(false), sold(true)]),
        ([late, early], vec![sold(false), bought(true)]),
        (["", ""], vec![bought(false), sold(true)]),
    ] {
        let frame = trades(0, times);
        assert_eq!(hear(&mut decoder(), frame.as_bytes()), (Ok(Heard::Market), expected));
    }
    let broken = trades(0, [early, late]).replace("SELL", "SELLER");
    assert!(hear(&mut decoder(), broken.as_bytes()).0.is_err());
}

#[test]
fn a_ticker_is_a_quote_while_no_book_is_live() {
    let ticker = "{\"type\":\"snapshot\",\"tickers\":[{\"type\":\"ticker\",\"product_id\":\
        \"BTC-USD\",\"price\":\"68900.50\",\"low_52_w\":\"\",\"best_bid\":\"68900.00\",\
        \"best_bid_quantity\":\"1.50000000\",\"best_ask\":\"68901.00\",\
        \"best_ask_quantity\":\"0.50000000\"}]}";
    let quote = Event::Quote(Quote {
        instrument: BTC,
        ts: NOW,
        bid: Price::new(6_890_000),
        bid_qty: Qty::new(150_000_000),
        ask: Price::new(6_890_100),
        ask_qty: Qty::new(50_000_000),
    });
    let frame = numbered("ticker", 0, ticker);
    assert_eq!(hear(&mut decoder(), frame.as_bytes()), (Ok(Heard::Market), vec![quote]));
    // A touch that came by itself goes with its connection.
    let (mut decoder, mut told) = (decoder(), Vec::new());
    assert_eq!(hear(&mut decoder, frame.as_bytes()).1.len(), 1);
    decoder.on_connect(NOW, &mut |event| told.push(*event));
    decoder.on_connect(NOW, &mut |event| told.push(*event));
    assert_eq!(told, [gap(BTC), tick(BTC, false, TickKind::Clear)]);
    let frame = numbered("ticker", 2, ticker);
    assert_eq!(hear(&mut live(), frame.as_bytes()), (Ok(Heard::Market), vec![]));
    for silent in [
        ticker.replace("1.50000000", ""),
        ticker.replace("\"68901.00\"", "null"),
        ticker.replace("best_ask", "other"),
    ] {
        let frame = numbered("ticker_batch", 0, &silent);
        assert_eq!(
            hear(&mut self::decoder(), frame.as_bytes()),
            (Ok(Heard::Nothing), vec![]),
            "{frame}"
        );
    }
}

#[test]
fn keys_in_any_order_with_any_whitespace_say_the_same() {
    let plain = book("update", "BTC-USD", 2, TWO);
    let expected = hear(&mut live(), plain.as_bytes());
    assert_eq!(expected.1.len(), 2);
    for frame in [
        plain.replace("{\"channel\":\"l2_data\",", "{\"channel\":\"l2_data\",\"client_id\":\"\","),
        plain.replace(',', " ,\n\t").replace("\":", "\"\r: "),
        plain.replace("\"83281\"", "83281.00"),
        plain.replace("\"0.5\"", "\"5e-1\""),
        plain.replace("BTC-USD", "BTC\\u002dUSD"),
        plain.replace("\"side\"", "\"sid\\u0065\""),
        plain.replace("\"update\"", "\"\\u0075pdate\""),
        plain
            .replacen("{\"channel\":\"l2_data\",", "{", 1)
            .replace("]}]}", "]}],\"channel\":\"l2_data\"}"),
        plain.replace("\"event_time\":\"2026-09-30T02:39:53.81387Z\",", ""),
        plain.replacen("02:39:53.81387Z", "02:39:53Z", 1),
    ] {
        assert_eq!(hear(&mut live(), frame.as_bytes()), expected, "{frame}");
    }
}

#[test]
fn where_nothing_was_received_at_a_time_the_venues_own_is_told() {
    let mut told = Vec::new();
    let frame = book("snapshot", "BTC-USD", 0, "");
    let spaced = frame.replace("{\"channel", "{ \"channel");
    for frame in [&frame, &spaced] {
        decoder().on_frame(frame.as_bytes(), Nanos::ZERO, &mut |event| told.push(*event)).unwrap();
    }
    let clear = Tick { instrument: BTC, ts: TIME_NS, last: true, kind: TickKind::Clear };
    assert_eq!(told, [Event::Tick(clear); 2]);
    let broken = frame.replace(TIME, "yesterday");
    let error = decoder().on_frame(broken.as_bytes(), Nanos::ZERO, &mut |_| {}).unwrap_err();
    assert_eq!(error.kind, WireErrorKind::Malformed { expected: "a time of RFC 3339" });
    assert_eq!(hear(&mut decoder(), broken.as_bytes()).0, Ok(Heard::Market));
}

#[test]
fn what_is_malformed_is_a_typed_error_and_changes_nothing() {
    let frame = book("update", "BTC-USD", 2, TWO);
    let malformed = |expected| WireErrorKind::Malformed { expected };
    for (from, to, kind) in [
        ("]}]}", "]}]", malformed("a comma or the end of the object")),
        ("]}]}", "]}]}x", malformed("the end of the message")),
        ("\"updates\"", "\"levels\"", malformed("updates")),
        ("\"product_id\"", "\"product\"", malformed("a product_id")),
        ("\"events\"", "\"event\"", malformed("events")),
        ("\"sequence_num\"", "\"sequence\"", malformed("a sequence_num")),
        ("\"sequence_num\":2", "\"sequence_num\":-2", {
            malformed("a sequence_num that is not below zero")
        }),
        ("\"sequence_num\":2", "\"sequence_num\":2.0", malformed("a whole number")),
        ("\"sequence_num\"", "\"channel\"", malformed("a key only once")),
        ("\"update\"", "\"upset\"", malformed("update or snapshot")),
        ("\"bid\"", "\"ask\"", malformed("a side")),
        ("\"new_quantity\"", "\"price_level\"", malformed("a key only once")),
        ("\"new_quantity\"", "\"quantity\"", malformed("a new_quantity")),
        ("83277.25", "-1", malformed("a digit")),
        ("83277.25", "0", malformed("a price above zero")),
        ("83277.25", "", malformed("a digit")),
        ("83277.25", "83277.255", WireErrorKind::NumberTooFine),
        ("83277.25", "1e17", WireErrorKind::NumberTooLarge),
        ("\"0.7\"", "\"0.7", malformed("a comma or the end of the object")),
    ] {
        let broken = frame.replacen(from, to, 1);
        let mut decoder = live();
        let (heard, told) = hear(&mut decoder, broken.as_bytes());
        let error = heard.expect_err(&broken);
        assert!(told.is_empty() && error.offset <= broken.len());
        if to != "\"0.7" {
            assert_eq!(error.kind, kind, "{broken}");
        }
        assert_eq!(decoder.counts().malformed, 1);
        assert_eq!(hear(&mut decoder, frame.as_bytes()), hear(&mut live(), frame.as_bytes()));
    }
}

#[test]
fn a_whole_book_of_44_000_levels_is_heard_and_limits_are_named() {
    let mut chance = Chance(1);
    let many = |count: usize, chance: &mut Chance| {
        let one = |place: usize| {
            let side = if place < count / 2 { "bid" } else { "offer" };
            format!(
                "{side} {}.{:02} 0.{:08}",
                10_000 + place,
                place % 100,
                1 + chance.below(99_999_999)
            )
        };
        (0..count).map(one).collect::<Vec<_>>().join(",")
    };
    let mut decoder = decoder();
    let whole = book("snapshot", "BTC-USD", 0, &many(44_000, &mut chance));
    assert!(whole.len() > 4_500_000);
    let (heard, told) = hear(&mut decoder, whole.as_bytes());
    assert_eq!((heard, told.len()), (Ok(Heard::Market), 44_001));
    let kind = |frame: &[u8]| hear(&mut self::decoder(), frame).0.unwrap_err().kind;
    // With sizes of one digit, so that the message itself is not too long.
    let short = "{\"side\":\"bid\",\"price_level\":1,\"new_quantity\":1},";
    let levels = short.repeat(LEVELS_MAX + 1);
    let one = "{\"type\":\"update\",\"product_id\":\"BTC-USD\",\"updates\":[";
    let events = format!("{one}{}]}}", levels.trim_end_matches(','));
    let frame = numbered("l2_data", 0, &events);
    assert_eq!(kind(frame.as_bytes()), WireErrorKind::TooManyLevels { limit: LEVELS_MAX });
    let long = vec![b' '; FRAME_BYTES_MAX + 1];
    assert_eq!(kind(&long), WireErrorKind::TooLong { limit: FRAME_BYTES_MAX });
    let fetched = decoder.on_snapshot("BTC-USD", b"{}", NOW, &mut |_| {}).unwrap_err();
    assert!(matches!(fetched.kind, WireErrorKind::Unsupported { .. }));
}

#[test]
fn nothing_is_allocated_after_the_first_messages() {
    let mut decoder = live();
    let (early, late) = ("2026-09-30T02:39:53.977543Z", "2026-09-30T02:39:53.977544Z");
    let round = |first: i64| {
        let mut frames = vec![book("snapshot", "BTC-USD", first, TWO)];
        frames.extend((1..9).map(|place| book("update", "BTC-USD", first + place, TWO)));
        frames.push(beat(first + 9));
        frames.push(trades(first + 10, [late, early]));
        frames
    };
    let (warm, counted) = (round(2), round(13));
    let hear_all = |frames: &[String], decoder: &mut Decoder| {
        for frame in frames {
            decoder.on_frame(frame.as_bytes(), NOW, &mut |_| {}).unwrap();
        }
    };
    hear_all(&warm, &mut decoder);
    let counted = allocation_counter::measure(|| hear_all(&counted, &mut decoder));
    assert_eq!((counted.count_total, decoder.integrity(BTC)), (0, Integrity::Live));
}

#[test]
fn broken_messages_never_panic_and_an_error_changes_nothing() {
    let probe = book("update", "BTC-USD", 2, "bid 1 1,offer 83281 0,offer 83282.5 0.25");
    let (early, late) = ("2026-09-30T02:39:53.977543Z", "2026-09-30T02:39:53.977544Z");
    let corpus = [
        probe.clone(),
        probe.replace("\"channel\"", " \"channel\""),
        book("snapshot", "ETH-USD", 2, TWO),
        trades(2, [late, early]),
        beat(2),
        numbered(
            "ticker",
            2,
            "{\"tickers\":[{\"product_id\":\"ETH-USD\",\"best_bid\":\"1\",\
            \"best_bid_quantity\":\"1\",\"best_ask\":\"2\",\"best_ask_quantity\":\"1.5\"}]}",
        ),
        "{\"type\":\"error\",\"message\":\"authentication failure\"}".to_owned(),
    ];
    let corpus = corpus.map(String::into_bytes);
    break_messages(&live(), &corpus, probe.as_bytes());
}
