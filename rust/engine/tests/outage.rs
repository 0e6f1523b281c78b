//! What a gateway does when something goes wrong: what cannot be sent, what no bot can go on with,
//! what nobody kept, and times that are none. Nothing of it ends the bot.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use bot4_engine::book::Integrity;
use bot4_engine::bot::{Bot, BotError, Decides, Sleeve};
use bot4_engine::decision::Decision;
use bot4_engine::decision::quote::Terms;
use bot4_engine::event::{
    BreakerState, Event, Execution, Fill, Intent, OrderId, OrderTerms, OrderUpdate, Part, Quote,
    Reason, Side, SleeveId, TimeInForce, TradeId, TradingState, Want,
};
use bot4_engine::gateway::{Arrival, Gateway, GatewayError, Outgoing, RECORDS_MAX};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_from_text};
use bot4_engine::journal::decode_records;
use bot4_engine::order::OrderState;
use bot4_engine::risk::limits::Profile;
use bot4_engine::signal::{Node, Program};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};

const SECOND: i64 = 1_000_000_000;
const FIRST: InstrumentId = InstrumentId(0);

type Raw<'a> = (&'a str, &'a [usize], &'a [f64]);

fn program(nodes: &[Raw<'_>], outputs: &[usize]) -> Box<Program> {
    let parse = |(name, operands, parameters): &Raw<'_>| Node::parse(name, operands, parameters);
    let nodes: Vec<Node> = nodes.iter().map(|node| parse(node).unwrap()).collect();
    Box::new(Program::compile(&nodes, outputs).unwrap())
}

/// Long where more is bid than asked at the touch, else short.
fn leaning(band: Option<f64>) -> Decides {
    let nodes: [Raw<'_>; 6] = [
        ("bid_size", &[], &[]),
        ("ask_size", &[], &[]),
        ("gt", &[0, 1], &[]),
        ("constant", &[], &[0.5]),
        ("constant", &[], &[-0.5]),
        ("where", &[2, 3, 4], &[]),
    ];
    Decides::Program {
        program: program(&nodes, &[5]),
        decision: Decision::Target { band, execution: Execution::Cross, exits: None },
    }
}

/// A thousandth below and above the best bid.
fn quoting() -> Decides {
    let nodes: [Raw<'_>; 3] =
        [("constant", &[], &[0.001]), ("constant", &[], &[0.01]), ("bid", &[], &[])];
    let decision = Decision::Quote(Terms::new(1, 0.0).unwrap());
    Decides::Program { program: program(&nodes, &[0, 0, 1, 2]), decision }
}

struct Floor {
    gateway: Gateway,
    now: i64,
    sent: Vec<String>,
}

fn bot(symbols: &[&str], decides: Decides) -> Bot {
    let listed = |symbol: &&str| Instrument::listed(symbol, 60_000.0, "0.01", "0.00001").unwrap();
    let sleeve =
        Sleeve { strategy: "one".to_owned(), instrument: FIRST, allocation: Rate::ONE, decides };
    let profile = Profile::named("research").unwrap();
    Bot::new(symbols.iter().map(listed).collect(), vec![sleeve], profile, 7)
}

impl Floor {
    fn of(symbols: &[&str], cash: &str, decides: Decides) -> Self {
        let gateway = Gateway::new(bot(symbols, decides)).unwrap();
        let mut floor = Self { gateway, now: 2 * SECOND, sent: Vec::new() };
        let (ts, amount) = (Nanos::new(SECOND), amount_from_text(cash).unwrap());
        floor.event(&Event::Deposit { ts, amount }).unwrap();
        floor
    }

    fn take_sent(&mut self) -> Vec<String> {
        core::mem::take(&mut self.sent)
    }

    fn arrive(&mut self, venue: &str, arrival: Arrival<'_>) -> Result<(), GatewayError> {
        self.now += SECOND / 10;
        let Self { gateway, now, sent } = self;
        let mut send = |outgoing: &Outgoing<'_>| sent.push(told(outgoing));
        gateway.on_arrival(venue, arrival, Nanos::new(*now), &mut send).map(|_| ())
    }

    fn frame(&mut self, venue: &str, frame: &str) -> Result<(), GatewayError> {
        self.arrive(venue, Arrival::Frame(frame.as_bytes()))
    }

    fn event(&mut self, event: &Event) -> Result<(), GatewayError> {
        let Self { gateway, sent, .. } = self;
        gateway.on_event(event, &mut |outgoing| sent.push(told(outgoing)))
    }

    fn time(&mut self, seconds: i64) -> Result<(), GatewayError> {
        self.now += seconds * SECOND;
        let Self { gateway, now, sent } = self;
        gateway.on_time(Nanos::new(*now), &mut |outgoing| sent.push(told(outgoing)))
    }

    fn name(&mut self, sequence: u32, name: &str) -> Vec<String> {
        let Self { gateway, sent, .. } = self;
        let mut send = |outgoing: &Outgoing<'_>| sent.push(told(outgoing));
        gateway.name_order(OrderId::new(7, sequence), name, &mut send).unwrap();
        self.take_sent()
    }

    fn snapshot(&mut self, last: u64, bid: &str, ask: &str) -> Result<(), GatewayError> {
        let levels = format!(r#""bids":[["{bid}","1.0"]],"asks":[["{ask}","2.0"]]"#);
        let body = format!(r#"{{"lastUpdateId":{last},{levels}}}"#);
        let (symbol, body) = ("BTCUSDT", body.as_bytes());
        self.arrive("binance", Arrival::Snapshot { symbol, body })
    }

    fn state(&self, sequence: u32) -> Option<OrderState> {
        let orders = self.gateway.bot().state().orders();
        orders.get(OrderId::new(7, sequence)).map(|order| order.state())
    }
}

fn told(outgoing: &Outgoing<'_>) -> String {
    let body = String::from_utf8_lossy(outgoing.body);
    match outgoing.request {
        Ok(request) => format!("{} {} {body}", request.method, request.path),
        Err(unsendable) => format!("cannot: {unsendable}"),
    }
}

fn binance_diff(id: u64, bids: &str, asks: &str) -> String {
    let numbers = format!(r#""U":{id},"u":{id}"#);
    format!(r#"{{"e":"depthUpdate","E":1,"s":"BTCUSDT",{numbers},"b":[{bids}],"a":[{asks}]}}"#)
}

/// A Coinbase book of one bid and one ask.
fn coinbase(kind: &str, sequence: i64, bid_qty: &str) -> String {
    let time = r#""2026-09-30T02:39:53.81387Z""#;
    let level = |side: &str, price: &str, qty: &str| {
        let numbers = format!(r#""price_level":"{price}","new_quantity":"{qty}""#);
        format!(r#"{{"side":"{side}","event_time":{time},{numbers}}}"#)
    };
    let (bid, ask) = (level("bid", "60000.00", bid_qty), level("offer", "60000.01", "2"));
    let of = r#""product_id":"BTC-USD""#;
    let event = format!(r#"{{"type":"{kind}",{of},"updates":[{bid},{ask}]}}"#);
    let head = format!(r#""channel":"l2_data","timestamp":{time},"sequence_num":{sequence}"#);
    format!(r#"{{{head},"events":[{event}]}}"#)
}

const NO_NAME: &str = "cannot: the venue's own order id is missing, or cannot be one";

/// Short at first, then a cancel of it that Coinbase cannot be told.
fn nameless() -> Floor {
    let mut floor = Floor::of(&["coinbase:BTC-USD"], "10000", leaning(None));
    floor.frame("coinbase", &coinbase("snapshot", 0, "1")).unwrap();
    assert_eq!(floor.take_sent().len(), 1);
    floor.frame("coinbase", &coinbase("update", 1, "5")).unwrap();
    assert_eq!(floor.take_sent(), [NO_NAME]);
    assert_eq!(floor.state(0), Some(OrderState::PendingCancel));
    floor
}

const CANCEL: &str = r#"POST /api/v3/brokerage/orders/batch_cancel {"order_ids":["x-1"]}"#;

#[test]
fn a_cancel_that_waits_for_the_venues_name_is_sent_with_it_once() {
    let mut floor = nameless();
    assert_eq!(floor.name(0, "a \" b"), [NO_NAME]);
    assert_eq!(floor.name(0, "x-1"), [CANCEL]);
    assert!(floor.name(0, "x-1").is_empty());
    // An unclear answer to the order does not hide that its cancel was never sent.
    let mut floor = nameless();
    let (order, update) = (OrderId::new(7, 0), OrderUpdate::Unanswered);
    floor.event(&Event::Order { ts: Nanos::new(floor.now), order, update }).unwrap();
    assert_eq!(floor.name(0, "x-1"), [CANCEL]);
    // Who is over is not canceled.
    let mut floor = nameless();
    let update = OrderUpdate::Canceled;
    floor.event(&Event::Order { ts: Nanos::new(floor.now), order, update }).unwrap();
    floor.take_sent();
    assert!(floor.name(0, "x-1").is_empty());
}

/// A gateway that goes on from what another one wrote down.
fn recovered(floor: &mut Floor, symbol: &str) -> Floor {
    let mut bot = bot(&[symbol], leaning(None));
    for record in decode_records(&floor.gateway.take_records()).unwrap() {
        bot.recall(&record).unwrap();
    }
    Floor { gateway: Gateway::new(bot).unwrap(), now: floor.now, sent: Vec::new() }
}

#[test]
fn a_cancel_that_was_only_written_down_is_sent_after_a_restart() {
    let mut floor = recovered(&mut nameless(), "coinbase:BTC-USD");
    assert_eq!(floor.state(0), Some(OrderState::PendingCancel));
    assert_eq!(floor.name(0, "x-1"), [CANCEL]);
    let mut floor = Floor::of(&["binance:BTCUSDT"], "10000", leaning(None));
    floor.snapshot(10, "60000.00", "60000.01").unwrap();
    floor.frame("binance", &binance_diff(11, r#"["60000.00","5"]"#, "")).unwrap();
    let cancel = floor.take_sent().pop().unwrap();
    assert!(cancel.starts_with("DELETE"), "{cancel}");
    let mut floor = recovered(&mut floor, "binance:BTCUSDT");
    let Floor { gateway, sent, .. } = &mut floor;
    gateway.send_again(&mut |outgoing| sent.push(told(outgoing))).unwrap();
    assert_eq!(floor.take_sent(), [cancel]);
}

#[test]
fn an_order_that_cannot_be_said_is_denied_and_holds_nothing_back() {
    let mut floor = Floor::of(&["kraken:BTC/USD"], "10000", Decides::Outside);
    let (bid, ask, qty) = (Price::new(6_000_000), Price::new(6_000_001), Qty::new(100_000_000));
    let ts = Nanos::new(floor.now);
    let quote = Quote { instrument: FIRST, ts, bid, bid_qty: qty, ask, ask_qty: qty };
    floor.event(&Event::Quote(quote)).unwrap();
    let terms = OrderTerms { tif: TimeInForce::Fok, ..OrderTerms::default() };
    let want = Want::Trade { side: Side::Buy, qty: 0.01, limit: None, terms };
    floor.event(&Event::Intent(Intent { sleeve: SleeveId(0), want })).unwrap();
    assert_eq!(
        floor.take_sent(),
        ["cannot: the venue has no order that fills whole or not at all"]
    );
    assert_eq!(floor.state(0), Some(OrderState::Denied));
    assert_eq!(floor.gateway.bot().account().reserved, Amount::ZERO);
    // The journal says so too.
    let floor = recovered(&mut floor, "kraken:BTC/USD");
    assert_eq!(floor.state(0), Some(OrderState::Denied));
}

/// Half of a fortune at a price of 1, and a frame that prices it beyond all numbers.
fn beyond_numbers() -> (Floor, GatewayError) {
    let symbols = ["binance:BTCUSDT", "coinbase:BTC-USD"];
    let mut floor = Floor::of(&symbols, "10000000000", leaning(Some(0.9)));
    floor.frame("coinbase", &coinbase("snapshot", 0, "1")).unwrap();
    floor.snapshot(10, "1.00", "1.01").unwrap();
    let more = binance_diff(11, r#"["1.00","9"]"#, "");
    floor.frame("binance", &more).unwrap();
    let order = OrderId::new(7, 0);
    let update = OrderUpdate::Canceled;
    floor.event(&Event::Order { ts: Nanos::new(floor.now), order, update }).unwrap();
    let rules = floor.gateway.bot().state().instrument(FIRST).unwrap();
    let price = rules.price_from_text("1.00").unwrap();
    let qty = rules.qty_from_text("4000000000").unwrap();
    let (order, ts) = (OrderId::new(7, 1), Nanos::new(floor.now));
    let fill = Fill {
        order,
        trade: TradeId::new(u128::from(order.number())),
        ts,
        price,
        qty,
        fee: Amount::ZERO,
        fee_asset: None,
        last: true,
    };
    floor.event(&Event::Fill(fill)).unwrap();
    let _ = (floor.take_sent(), floor.gateway.take_records());
    let asks = r#"["1.01","0"],["80000000000.01","1"]"#;
    let absurd = binance_diff(12, r#"["80000000000.00","1"]"#, asks);
    let failed = floor.frame("binance", &absurd).unwrap_err();
    (floor, failed)
}

#[test]
fn what_the_bot_cannot_go_on_with_lets_one_venues_books_go_and_no_more() {
    let (mut floor, failed) = beyond_numbers();
    let reason = BotError::Overflow(bot4_engine::units::Overflow);
    assert_eq!(failed, GatewayError::Frame { venue: "binance".to_owned(), reason });
    let integrity = |floor: &Floor, id: u32| {
        let book = floor.gateway.bot().book(InstrumentId(id)).unwrap();
        book.integrity(Nanos::new(floor.now), Nanos::new(60 * SECOND))
    };
    assert_eq!((integrity(&floor, 0), integrity(&floor, 1)), (Integrity::Gap, Integrity::Live));
    assert_eq!(floor.gateway.take_resync(), [FIRST]);
    assert!(floor.gateway.take_resync().is_empty());
    // The other venue goes on, and so does this one once it is told anew.
    floor.frame("coinbase", &coinbase("update", 1, "4")).unwrap();
    floor.frame("binance", &binance_diff(13, "", "")).unwrap();
    floor.snapshot(13, "1.00", "1.01").unwrap();
    assert_eq!((integrity(&floor, 0), integrity(&floor, 1)), (Integrity::Live, Integrity::Live));
    assert!(floor.gateway.bot().state().breakers().all_closed());
    let records = floor.gateway.take_records();
    assert!(!decode_records(&records).unwrap().is_empty());
}

#[test]
fn a_venue_that_sends_what_nobody_can_price_still_hears_cancels() {
    let mut floor = Floor::of(&["binance:BTCUSDT"], "10000", quoting());
    floor.snapshot(10, "60000.00", "60000.01").unwrap();
    assert_eq!(floor.take_sent().len(), 2, "a bid and an ask");
    let close = r#""o":"1","c":"1e14","h":"1","l":"1","v":"1""#;
    let bar = format!(r#""k":{{"t":0,"T":59999,"s":"BTCUSDT","i":"1m",{close},"x":true}}"#);
    let refused = floor.frame("binance", &format!(r#"{{"e":"kline","E":1,"s":"BTCUSDT",{bar}}}"#));
    assert!(matches!(refused, Err(GatewayError::Wire(_))), "{refused:?}");
    let halt = Event::Control { ts: Nanos::new(floor.now), state: TradingState::Halted };
    floor.event(&halt).unwrap();
    assert_eq!(floor.take_sent().len(), 2, "both are called back");
}

#[test]
fn a_quote_is_called_back_by_the_clock_alone_when_every_venue_is_silent() {
    let mut floor = Floor::of(&["binance:BTCUSDT"], "10000", quoting());
    floor.snapshot(10, "60000.00", "60000.01").unwrap();
    assert_eq!(floor.take_sent().len(), 2);
    for sequence in 0..2 {
        let (ts, order) = (Nanos::new(floor.now), OrderId::new(7, sequence));
        floor.event(&Event::Order { ts, order, update: OrderUpdate::Acked }).unwrap();
    }
    floor.time(30).unwrap();
    assert!(floor.take_sent().is_empty());
    floor.time(40).unwrap();
    let sent = floor.take_sent();
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|sent| sent.starts_with("DELETE")), "{sent:?}");
}

#[test]
fn a_time_that_is_none_is_refused_and_changes_nothing() {
    let mut floor = Floor::of(&["binance:BTCUSDT"], "10000", leaning(None));
    for now in [0, -1, i64::MIN] {
        let none = Err(GatewayError::Time(now));
        let frame = Arrival::Frame(b"{}");
        let heard = floor.gateway.on_arrival("binance", frame, Nanos::new(now), &mut |_| {});
        assert_eq!(heard.map(|_| ()), none);
        assert_eq!(floor.gateway.on_time(Nanos::new(now), &mut |_| {}), none);
    }
    assert_eq!(floor.gateway.decoders().next().unwrap().1.counts().frames, 0);
}

#[test]
fn a_bar_of_a_venue_whose_clock_is_ahead_moves_no_time() {
    let mut floor = Floor::of(&["binance:BTCUSDT"], "10000", leaning(None));
    let close = r#""o":"1","c":"1","h":"1","l":"1","v":"1""#;
    let far = r#""t":4102444800000,"T":4102444859999"#;
    let bar = format!(r#""k":{{{far},"s":"BTCUSDT","i":"1m",{close},"x":true}}"#);
    floor.frame("binance", &format!(r#"{{"e":"kline","E":1,"s":"BTCUSDT",{bar}}}"#)).unwrap();
    assert_eq!(floor.gateway.bot().now(), Nanos::new(floor.now));
}

#[test]
fn what_nobody_keeps_is_not_added_to_without_end() {
    let mut floor = Floor::of(&["binance:BTCUSDT"], "10000", leaning(None));
    let deposit = Event::Deposit { ts: Nanos::new(SECOND), amount: Amount::new(1) };
    for _ in 1..RECORDS_MAX {
        floor.event(&deposit).unwrap();
    }
    assert_eq!(floor.event(&deposit), Err(GatewayError::Records));
    assert_eq!(floor.time(1), Err(GatewayError::Records));
    let _ = floor.gateway.take_records();
    assert_eq!(floor.event(&deposit), Ok(()));
}

#[test]
fn an_answer_that_cannot_be_is_refused_and_changes_nothing() {
    let mut floor = Floor::of(&["binance:BTCUSDT"], "10000", leaning(None));
    let _ = floor.gateway.take_records();
    let before = floor.gateway.bot().state().clone();
    let (order, update) = (OrderId::new(7, 3), OrderUpdate::Acked);
    let refused = floor.event(&Event::Order { ts: Nanos::new(SECOND), order, update });
    assert!(matches!(refused, Err(GatewayError::Bot(BotError::State(_)))), "{refused:?}");
    assert_eq!(floor.gateway.bot().state(), &before);
    assert!(floor.gateway.take_records().is_empty());
}

#[test]
fn a_cancel_that_was_refused_is_asked_for_again_when_its_name_is_known() {
    let mut floor = nameless();
    let (order, update) = (OrderId::new(7, 0), OrderUpdate::CancelRejected);
    floor.event(&Event::Order { ts: Nanos::new(floor.now), order, update }).unwrap();
    floor.take_sent();
    assert_eq!(floor.state(0), Some(OrderState::Sent), "the venue has not shown it");
    assert_eq!(floor.name(0, "x-1").len(), 1);
}

#[test]
fn a_feed_that_loses_its_book_again_and_again_opens_its_own_breaker_and_heals() {
    let mut floor = Floor::of(&["binance:BTCUSDT", "coinbase:BTC-USD"], "10000", quoting());
    let feeds = |floor: &Floor| {
        let board = floor.gateway.bot().state().board();
        [0, 1].map(|id| board.state(Part::feed(InstrumentId(id))))
    };
    let both = |first| [first, BreakerState::Closed];
    for last in [10, 20, 30] {
        floor.snapshot(last, "60000.00", "60000.01").unwrap();
        assert_eq!(feeds(&floor), both(BreakerState::Closed), "before {last}");
        floor.arrive("binance", Arrival::Connected).unwrap();
    }
    floor.time(1).unwrap();
    assert_eq!(feeds(&floor), both(BreakerState::Open));
    floor.take_sent();
    floor.snapshot(40, "60000.00", "60000.01").unwrap();
    let sent = floor.take_sent();
    assert!(sent.iter().all(|sent| !sent.starts_with("POST")), "nothing is quoted: {sent:?}");
    // Each second in which it is live counts, the one in which it is tried among them.
    for seconds in [2, 1] {
        floor.time(seconds).unwrap();
        assert_eq!(feeds(&floor), both(BreakerState::HalfOpen));
    }
    floor.time(1).unwrap();
    assert_eq!(feeds(&floor), both(BreakerState::Closed));
    // A book that says nothing for as long as a price may be old.
    floor.time(62).unwrap();
    assert_eq!(feeds(&floor), both(BreakerState::Open));
    let board = floor.gateway.bot().state().board();
    assert_eq!(board.standing(Part::feed(FIRST)).unwrap().reason, Reason::Stale);
}
