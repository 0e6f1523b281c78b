//! Orders as the venues are told them: every shape, what cannot be said, and exact digits.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use bot4_engine::event::{
    NewOrder, OrderId, OrderTerms, Side, Size, SleeveId, Stop, StopKind, TimeInForce,
};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};
use bot4_engine::wire::digits::{
    push_client_id, push_decimal, push_number, push_percent_encoded, push_quoted,
};
use bot4_engine::wire::request::{Amend, Market, Request, Unsendable};
use bot4_engine::wire::{binance, coinbase, kraken};
use proptest::prelude::*;

const ID: OrderId = OrderId::new(1_700_000_000, 7);
const NEXT: OrderId = OrderId::new(1_700_000_000, 8);

fn btc() -> Instrument {
    let mut btc = Instrument::listed("x:BTC", 60_000.0, "0.1", "0.00000001").unwrap();
    (btc.price_scale, btc.tick) = (2, Price::new(10));
    btc
}

fn order(side: Side, size: Size, limit: Option<i64>) -> NewOrder {
    NewOrder {
        sleeve: SleeveId(0),
        instrument: InstrumentId(0),
        side,
        size,
        limit: limit.map(Price::new),
        reserve: Amount::ZERO,
        terms: OrderTerms::default(),
        replaces: None,
    }
}

fn base(mantissa: i64) -> Size {
    Size::Base(Qty::new(mantissa))
}

fn quote(text: &str) -> Size {
    Size::Quote(bot4_engine::instrument::amount_from_text(text).unwrap())
}

/// What an encoder says: the method, the path and the body, or why not.
fn said(
    encode: impl FnOnce(&mut Vec<u8>) -> Result<Request, Unsendable>,
) -> Result<String, Unsendable> {
    let mut body = b"what was there before".to_vec();
    let request = encode(&mut body)?;
    let body = String::from_utf8(body).unwrap();
    Ok(format!("{} {} {body}", request.method, request.path))
}

/// The three venues' words for one order.
fn check(order: &NewOrder, expected: [&str; 3]) {
    let instrument = btc();
    let market = |symbol| Market { symbol, instrument: &instrument, quote_decimals: 2 };
    let words = [
        said(|body| binance::orders::place(&market("BTCUSDT"), ID, order, body)),
        said(|body| kraken::orders::place(&market("BTC/USD"), ID, order, body)),
        said(|body| coinbase::orders::place(&market("BTC-USD"), ID, order, body)),
    ];
    for (words, expected) in words.into_iter().zip(expected) {
        assert_eq!(words.unwrap_or_else(|error| format!("{error:?}")), expected);
    }
}

#[test]
fn a_limit_order_is_good_till_canceled() {
    check(
        &order(Side::Buy, base(125_000_000), Some(6_000_010)),
        [
            "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1.25\
             &price=60000.1&newClientOrderId=GKU7RAAAAAAAH",
            "FRAME /v2 {\"method\":\"add_order\",\"req_id\":7,\"params\":{\"order_type\":\"limit\",\
             \"time_in_force\":\"gtc\",\"order_qty\":1.25,\"limit_price\":60000.1,\"side\":\"buy\",\
             \"symbol\":\"BTC/USD\",\"cl_ord_id\":\"GKU7RAAAAAAAH\"}}",
            "POST /api/v3/brokerage/orders {\"client_order_id\":\"GKU7RAAAAAAAH\",\
             \"product_id\":\"BTC-USD\",\"side\":\"BUY\",\"order_configuration\":\
             {\"limit_limit_gtc\":{\"base_size\":\"1.25\",\"limit_price\":\"60000.1\",\
             \"post_only\":false}}}",
        ],
    );
}

#[test]
fn a_market_order_is_sized_in_base() {
    check(
        &order(Side::Sell, base(1), None),
        [
            "POST /api/v3/order symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.00000001\
             &newClientOrderId=GKU7RAAAAAAAH",
            "FRAME /v2 {\"method\":\"add_order\",\"req_id\":7,\"params\":{\"order_type\":\
             \"market\",\
             \"order_qty\":0.00000001,\"side\":\"sell\",\"symbol\":\"BTC/USD\",\
             \"cl_ord_id\":\"GKU7RAAAAAAAH\"}}",
            "POST /api/v3/brokerage/orders {\"client_order_id\":\"GKU7RAAAAAAAH\",\
             \"product_id\":\"BTC-USD\",\"side\":\"SELL\",\"order_configuration\":\
             {\"market_market_ioc\":{\"base_size\":\"0.00000001\"}}}",
        ],
    );
}

#[test]
fn a_market_buy_is_sized_in_quote_and_never_spends_more() {
    check(
        &order(Side::Buy, quote("1234.569999999999999999"), None),
        [
            "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=1234.56\
             &newClientOrderId=GKU7RAAAAAAAH",
            "FRAME /v2 {\"method\":\"add_order\",\"req_id\":7,\"params\":{\"order_type\":\
             \"market\",\
             \"cash_order_qty\":1234.56,\"side\":\"buy\",\"symbol\":\"BTC/USD\",\
             \"cl_ord_id\":\"GKU7RAAAAAAAH\"}}",
            "POST /api/v3/brokerage/orders {\"client_order_id\":\"GKU7RAAAAAAAH\",\
             \"product_id\":\"BTC-USD\",\"side\":\"BUY\",\"order_configuration\":\
             {\"market_market_ioc\":{\"quote_size\":\"1234.56\"}}}",
        ],
    );
}

/// What stands between the side and the client's id (Binance), at the head and the end of the
/// parameters (Kraken), and in the configuration (Coinbase).
fn check_terms(order: &NewOrder, expected: [&str; 3]) {
    let mut instrument = btc();
    let venues = ["binance", "kraken", "coinbase"];
    for (venue, expected) in venues.into_iter().zip(expected) {
        instrument.symbol = format!("{venue}:BTC");
        let market = Market { symbol: "BTC", instrument: &instrument, quote_decimals: 2 };
        let words = match venue {
            "binance" => said(|body| binance::orders::place(&market, ID, order, body)),
            "kraken" => said(|body| kraken::orders::place(&market, ID, order, body)),
            _ => said(|body| coinbase::orders::place(&market, ID, order, body)),
        };
        let words = words.unwrap_or_else(|error| format!("{error:?}"));
        let (from, to) = match venue {
            "binance" => ("type=", "&newClientOrderId"),
            "kraken" => ("\"params\":{", ",\"side\""),
            _ => ("\"order_configuration\":{", "}}"),
        };
        let shown = words.split_once(from).map_or(words.as_str(), |(_, rest)| rest);
        let shown = shown.split_once(to).map_or(shown, |(shown, _)| shown).replace('"', "");
        assert_eq!(shown, expected, "{venue}: {words}");
    }
}

/// 2024-02-29 12:34:56.789 UTC.
const UNTIL: i64 = 1_709_210_096_789_000_000;

#[test]
fn each_venue_is_told_how_long_an_order_lives_in_its_own_words() {
    let whole = order(Side::Sell, base(100_000_000), Some(6_000_010));
    let limit = |terms| NewOrder { terms, ..whole };
    let until = TimeInForce::Gtd(Nanos::new(UNTIL));
    let rests = OrderTerms { post_only: true, ..OrderTerms::default() };
    for (terms, expected) in [
        (
            rests,
            [
                "LIMIT_MAKER&quantity=1&price=60000.1",
                "order_type:limit,time_in_force:gtc,post_only:true,order_qty:1,limit_price:60000.1",
                "limit_limit_gtc:{base_size:1,limit_price:60000.1,post_only:true",
            ],
        ),
        (
            OrderTerms { tif: TimeInForce::Ioc, ..OrderTerms::default() },
            [
                "LIMIT&timeInForce=IOC&quantity=1&price=60000.1",
                "order_type:limit,time_in_force:ioc,order_qty:1,limit_price:60000.1",
                "sor_limit_ioc:{base_size:1,limit_price:60000.1",
            ],
        ),
        (
            OrderTerms { tif: TimeInForce::Fok, ..OrderTerms::default() },
            [
                "LIMIT&timeInForce=FOK&quantity=1&price=60000.1",
                "Fok",
                "limit_limit_fok:{base_size:1,limit_price:60000.1",
            ],
        ),
        // Binance ends nothing at a time: the engine cancels it then.
        (
            OrderTerms { tif: until, ..rests },
            [
                "LIMIT_MAKER&quantity=1&price=60000.1",
                "order_type:limit,time_in_force:gtd,expire_time:2024-02-29T12:34:56Z,\
                 post_only:true,order_qty:1,limit_price:60000.1",
                "limit_limit_gtd:{base_size:1,limit_price:60000.1,end_time:2024-02-29T12:34:56Z,\
                 post_only:true",
            ],
        ),
    ] {
        check_terms(&limit(terms), expected);
    }
}

#[test]
fn each_venue_is_told_what_an_order_waits_for_or_cannot_let_it_wait() {
    let waits = |side, limit: Option<i64>, kind, trail: i64| {
        let stop = Stop { kind, trigger: Price::new(5_900_000), trail: Price::new(trail) };
        let terms = OrderTerms { stop: Some(stop), ..OrderTerms::default() };
        NewOrder { terms, ..order(side, base(100_000_000), limit) }
    };
    let limit = Some(5_890_000);
    for (order, expected) in [
        (
            waits(Side::Sell, None, StopKind::Stop, 0),
            [
                "STOP_LOSS&quantity=1&stopPrice=59000",
                "order_type:stop-loss,order_qty:1,\
             triggers:{reference:last,price:59000,price_type:static}",
                "Stop",
            ],
        ),
        (
            waits(Side::Sell, limit, StopKind::Stop, 0),
            [
                "STOP_LOSS_LIMIT&timeInForce=GTC&quantity=1&price=58900&stopPrice=59000",
                "order_type:stop-loss-limit,time_in_force:gtc,order_qty:1,limit_price:58900,\
             triggers:{reference:last,price:59000,price_type:static}",
                "stop_limit_stop_limit_gtc:{base_size:1,limit_price:58900,stop_price:59000,\
             stop_direction:STOP_DIRECTION_STOP_DOWN",
            ],
        ),
        (
            waits(Side::Buy, limit, StopKind::Stop, 0),
            [
                "STOP_LOSS_LIMIT&timeInForce=GTC&quantity=1&price=58900&stopPrice=59000",
                "order_type:stop-loss-limit,time_in_force:gtc,order_qty:1,limit_price:58900,\
             triggers:{reference:last,price:59000,price_type:static}",
                "stop_limit_stop_limit_gtc:{base_size:1,limit_price:58900,stop_price:59000,\
             stop_direction:STOP_DIRECTION_STOP_UP",
            ],
        ),
        (
            waits(Side::Sell, limit, StopKind::TakeProfit, 0),
            [
                "TAKE_PROFIT_LIMIT&timeInForce=GTC&quantity=1&price=58900&stopPrice=59000",
                "order_type:take-profit-limit,time_in_force:gtc,order_qty:1,limit_price:58900,\
             triggers:{reference:last,price:59000,price_type:static}",
                "stop_limit_stop_limit_gtc:{base_size:1,limit_price:58900,stop_price:59000,\
             stop_direction:STOP_DIRECTION_STOP_UP",
            ],
        ),
        (
            waits(Side::Sell, None, StopKind::Stop, 50_000),
            [
                "Stop",
                "order_type:trailing-stop,order_qty:1,\
             triggers:{reference:last,price:500,price_type:quote}",
                "Stop",
            ],
        ),
    ] {
        check_terms(&order, expected);
    }
}

#[test]
fn what_may_be_spent_at_a_worst_price_buys_what_that_price_leaves() {
    let terms = OrderTerms { tif: TimeInForce::Ioc, ..OrderTerms::default() };
    let protected = NewOrder { terms, ..order(Side::Buy, quote("60000.1"), Some(6_000_010)) };
    check_terms(
        &protected,
        [
            "LIMIT&timeInForce=IOC&quantity=1&price=60000.1",
            "order_type:limit,time_in_force:ioc,order_qty:1,limit_price:60000.1",
            "sor_limit_ioc:{base_size:1,limit_price:60000.1",
        ],
    );
}

#[test]
fn what_a_venue_cannot_be_told_is_an_error() {
    for (side, size, limit, expected) in [
        (Side::Buy, base(0), None, ["Size"; 3]),
        (Side::Buy, base(-1), Some(10), ["Size"; 3]),
        (Side::Buy, quote("0"), None, ["Size"; 3]),
        (Side::Buy, quote("-5"), None, ["Size"; 3]),
        (Side::Buy, base(1), Some(0), ["Price"; 3]),
        (Side::Buy, base(1), Some(-10), ["Price"; 3]),
        (Side::Buy, base(1), Some(i64::MIN), ["Price"; 3]),
        (Side::Buy, base(1), Some(11), ["OffTick"; 3]),
        (Side::Buy, quote("0.009"), None, ["TooLittle"; 3]),
        (Side::Buy, quote("100000000000000000"), None, {
            [
                "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET\
                 &quoteOrderQty=100000000000000000&newClientOrderId=GKU7RAAAAAAAH",
                "FRAME /v2 {\"method\":\"add_order\",\"req_id\":7,\"params\":{\"order_type\":\
                 \"market\",\"cash_order_qty\":100000000000000000,\"side\":\"buy\",\"symbol\":\
                 \"BTC/USD\",\"cl_ord_id\":\"GKU7RAAAAAAAH\"}}",
                "POST /api/v3/brokerage/orders {\"client_order_id\":\"GKU7RAAAAAAAH\",\
                 \"product_id\":\"BTC-USD\",\"side\":\"BUY\",\"order_configuration\":\
                 {\"market_market_ioc\":{\"quote_size\":\"100000000000000000\"}}}",
            ]
        }),
        (Side::Buy, quote("200000000000000000"), None, ["TooMuch"; 3]),
        (Side::Buy, quote("5"), Some(10), ["QuoteLimit"; 3]),
        (Side::Sell, quote("5"), None, {
            [
                "POST /api/v3/order symbol=BTCUSDT&side=SELL&type=MARKET&quoteOrderQty=5\
                 &newClientOrderId=GKU7RAAAAAAAH",
                "QuoteSell",
                "QuoteSell",
            ]
        }),
    ] {
        check(&order(side, size, limit), expected);
    }
}

#[test]
fn a_size_between_two_lots_or_without_a_grid_is_refused() {
    let mut instrument = btc();
    for (lot, tick, expected) in
        [(2, 10, Unsendable::OffLot), (0, 10, Unsendable::OffLot), (1, 0, Unsendable::OffTick)]
    {
        (instrument.lot, instrument.tick) = (Qty::new(lot), Price::new(tick));
        let market = Market { symbol: "BTCUSDT", instrument: &instrument, quote_decimals: 2 };
        let order = order(Side::Buy, base(3), Some(10));
        assert_eq!(said(|body| binance::orders::place(&market, ID, &order, body)), Err(expected));
    }
    let nameless = Market { symbol: "", instrument: &btc(), quote_decimals: 2 };
    let order = order(Side::Buy, base(3), None);
    for refused in [
        said(|body| binance::orders::place(&nameless, ID, &order, body)),
        said(|body| kraken::orders::place(&nameless, ID, &order, body)),
        said(|body| coinbase::orders::place(&nameless, ID, &order, body)),
        said(|body| binance::orders::cancel(&nameless, ID, body)),
    ] {
        assert_eq!(refused, Err(Unsendable::Symbol));
    }
}

#[test]
fn an_order_is_canceled_by_our_id_where_the_venue_knows_it() {
    let instrument = btc();
    let market = Market { symbol: "１２", instrument: &instrument, quote_decimals: 2 };
    assert_eq!(
        said(|body| binance::orders::cancel(&market, ID, body)).unwrap(),
        "DELETE /api/v3/order symbol=%EF%BC%91%EF%BC%92&origClientOrderId=GKU7RAAAAAAAH"
    );
    assert_eq!(
        said(|body| Ok(kraken::orders::cancel(ID, body))).unwrap(),
        "FRAME /v2 {\"method\":\"cancel_order\",\"req_id\":7,\"params\":\
         {\"cl_ord_id\":[\"GKU7RAAAAAAAH\"]}}"
    );
    assert_eq!(
        said(|body| coinbase::orders::cancel("a1-b2", body)).unwrap(),
        "POST /api/v3/brokerage/orders/batch_cancel {\"order_ids\":[\"a1-b2\"]}"
    );
    for id in ["", "a\"b", "a b", "a\\b", "é", &"a".repeat(513)] {
        let refused = said(|body| coinbase::orders::cancel(id, body));
        assert_eq!(refused, Err(Unsendable::VenueId));
    }
}

#[test]
fn an_amend_keeps_the_order_where_the_venue_can() {
    let instrument = btc();
    let market = Market { symbol: "BTC", instrument: &instrument, quote_decimals: 2 };
    let amend =
        |price: i64, qty: i64| Amend { id: ID, price: Price::new(price), qty: Qty::new(qty) };
    assert_eq!(
        said(|body| kraken::orders::amend(&market, &amend(100, 50), body)).unwrap(),
        "FRAME /v2 {\"method\":\"amend_order\",\"req_id\":7,\"params\":{\"cl_ord_id\":\
         \"GKU7RAAAAAAAH\",\"order_qty\":0.0000005,\"limit_price\":1}}"
    );
    assert_eq!(
        said(|body| coinbase::orders::amend(&market, "a1", &amend(100, 50), body)).unwrap(),
        "POST /api/v3/brokerage/orders/edit {\"order_id\":\"a1\",\"price\":\"1\",\
         \"size\":\"0.0000005\"}"
    );
    let working = |filled: i64| binance::orders::Working {
        side: Side::Sell,
        price: Price::new(100),
        qty: Qty::new(100),
        filled: Qty::new(filled),
    };
    let binance = |filled: i64, price: i64, qty: i64| {
        said(|body| {
            binance::orders::amend(&market, &working(filled), &amend(price, qty), NEXT, body)
        })
    };
    let shrunk = "PUT /api/v3/order/amend/keepPriority symbol=BTC&origClientOrderId=GKU7RAAAAAAAH\
                  &newClientOrderId=GKU7RAAAAAAAH&newQty=0.0000005";
    let replaced = |price: &str, qty: &str| {
        format!(
            "POST /api/v3/order/cancelReplace symbol=BTC&side=SELL&type=LIMIT&timeInForce=GTC\
             &quantity={qty}&price={price}&cancelReplaceMode=STOP_ON_FAILURE\
             &cancelRestrictions=ONLY_NEW&cancelOrigClientOrderId=GKU7RAAAAAAAH\
             &newClientOrderId=GKU7RAAAAAAAI"
        )
    };
    for (filled, price, qty, expected) in [
        (0, 100, 50, Ok(shrunk.to_owned())),
        (20, 100, 50, Ok(shrunk.to_owned())),
        (0, 100, 150, Ok(replaced("1", "0.0000015"))),
        (0, 110, 50, Ok(replaced("1.1", "0.0000005"))),
        (20, 110, 50, Err(Unsendable::PartlyFilled)),
        (20, 100, 150, Err(Unsendable::PartlyFilled)),
        (0, 100, 100, Err(Unsendable::Unchanged)),
        (0, 105, 100, Err(Unsendable::OffTick)),
        (0, 100, 0, Err(Unsendable::Size)),
    ] {
        assert_eq!(binance(filled, price, qty), expected);
    }
}

#[test]
fn a_token_is_added_to_a_frame_when_it_is_sent() {
    let mut frame = Vec::new();
    kraken::orders::cancel(ID, &mut frame);
    let mut out = b"before".to_vec();
    kraken::orders::with_token(&frame, "tok+/=", &mut out).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(sent["params"]["token"], "tok+/=");
    assert_eq!(sent["params"]["cl_ord_id"][0], "GKU7RAAAAAAAH");
    for token in ["", "a\"b", "a b"] {
        let refused = kraken::orders::with_token(&frame, token, &mut out);
        assert_eq!(refused, Err(Unsendable::Token));
    }
    let refused = kraken::orders::with_token(b"{}", "t", &mut out);
    assert_eq!(refused, Err(Unsendable::Frame));
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn edges_of_numbers_are_written_exactly() {
    for (mantissa, places, expected) in [
        (0, 0, "0"),
        (0, 8, "0"),
        (10, 1, "1"),
        (1_000, 0, "1000"),
        (u64::MAX, 0, "18446744073709551615"),
        (u64::MAX, 20, "0.18446744073709551615"),
        (u64::MAX, 22, "0.0018446744073709551615"),
        (1, 18, "0.000000000000000001"),
    ] {
        assert_eq!(text(|out| push_decimal(out, mantissa, places)), expected);
    }
}

#[test]
fn words_are_escaped_as_json_and_urls_want_it() {
    let odd = "a\"b\\c\u{1}\u{1f}é/~";
    let json = text(|out| push_quoted(out, odd));
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), odd);
    assert_eq!(text(|out| push_percent_encoded(out, b"a b&=\xff-._~")), "a%20b%26%3D%FF-._~");
}

proptest! {
    #[test]
    fn numbers_are_written_as_the_instrument_writes_them(
        mantissa in prop_oneof![0..i64::MAX, 0_i64..1_000_000, Just(i64::MAX)],
        zeros in 0_u32..10,
        scale in 0_u32..=18,
    ) {
        let mantissa = mantissa / 10_i64.pow(zeros) * 10_i64.pow(zeros);
        let mut instrument = Instrument::assumed("x:Y", 1.0, Rate::ZERO).unwrap();
        (instrument.price_scale, instrument.qty_scale) = (scale, scale);
        let digits = text(|out| push_decimal(out, mantissa.unsigned_abs(), scale));
        prop_assert_eq!(&digits, &instrument.price_as_text(Price::new(mantissa)));
        prop_assert_eq!(&digits, &instrument.qty_as_text(Qty::new(mantissa)));
    }

    #[test]
    fn whole_numbers_and_ids_are_written_as_everywhere_else(number: u64) {
        prop_assert_eq!(text(|out| push_number(out, number)), number.to_string());
        let id = OrderId::from_number(number);
        prop_assert_eq!(text(|out| push_client_id(out, id)), id.client_text());
    }
}

#[test]
fn encoding_allocates_nothing_after_the_first_order() {
    let instrument = btc();
    let market = Market { symbol: "BTCUSDT", instrument: &instrument, quote_decimals: 2 };
    let limit = order(Side::Buy, base(125_000_000), Some(6_000_010));
    let cash = order(Side::Buy, quote("1234.56"), None);
    let mut body = Vec::with_capacity(512);
    let counted = allocation_counter::measure(|| {
        for order in [&limit, &cash] {
            binance::orders::place(&market, ID, order, &mut body).unwrap();
            kraken::orders::place(&market, ID, order, &mut body).unwrap();
            coinbase::orders::place(&market, ID, order, &mut body).unwrap();
        }
        binance::orders::cancel(&market, ID, &mut body).unwrap();
    });
    assert_eq!(counted.count_total, 0);
}
