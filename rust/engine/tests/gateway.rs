//! Frames in, unsigned requests out: the whole hot path through its public door.

#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one record among all")]

use bot4_engine::book::Integrity;
use bot4_engine::bot::{Bot, Decides, Sleeve};
use bot4_engine::decision::Decision;
use bot4_engine::event::{Event, Execution, OrderId, OrderUpdate};
use bot4_engine::gateway::{Arrival, Gateway, GatewayError, Outgoing};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_from_text};
use bot4_engine::journal::{Record, decode_records};
use bot4_engine::risk::limits::Profile;
use bot4_engine::signal::{Node, Program};
use bot4_engine::units::{Nanos, Rate};
use bot4_engine::wire::Heard;

const BTC: InstrumentId = InstrumentId(0);
const SECOND: i64 = 1_000_000_000;

/// Long where more is bid than asked at the touch, else short.
fn leaning() -> Program {
    let node = |name: &str, operands: &[usize], parameters: &[f64]| {
        Node::parse(name, operands, parameters).unwrap()
    };
    let nodes = [
        node("bid_size", &[], &[]),
        node("ask_size", &[], &[]),
        node("gt", &[0, 1], &[]),
        node("constant", &[], &[0.5]),
        node("constant", &[], &[-0.5]),
        node("where", &[2, 3, 4], &[]),
    ];
    Program::compile(&nodes, &[5]).unwrap()
}

struct Floor {
    gateway: Gateway,
    venue: &'static str,
    now: i64,
}

impl Floor {
    fn of(venue: &'static str, symbol: &str) -> Self {
        Self::seated(venue, symbol, leaning())
    }

    fn seated(venue: &'static str, symbol: &str, program: Program) -> Self {
        let rules = Instrument::listed(symbol, 60_000.0, "0.01", "0.00001").unwrap();
        let sleeve = Sleeve {
            strategy: "leaning".to_owned(),
            instrument: BTC,
            allocation: Rate::ONE,
            decides: Decides::Program {
                program: Box::new(program),
                decision: Decision::Target { band: None, execution: Execution::Cross, exits: None },
            },
        };
        let profile = Profile::named("research").unwrap();
        let bot = Bot::new(vec![rules], vec![sleeve], profile, 7);
        let mut gateway = Gateway::new(bot).unwrap();
        let (ts, amount) = (Nanos::new(SECOND), amount_from_text("10000").unwrap());
        gateway.on_event(&Event::Deposit { ts, amount }, &mut |_| {}).unwrap();
        Self { gateway, venue, now: 2 * SECOND }
    }

    /// What was sent, in words, and what was heard.
    fn arrive(&mut self, arrival: Arrival<'_>) -> Result<(Heard, Vec<String>), GatewayError> {
        let mut sent = Vec::new();
        let mut send = |outgoing: &Outgoing<'_>| sent.push(told(outgoing));
        self.now += SECOND / 10;
        let heard =
            self.gateway.on_arrival(self.venue, arrival, Nanos::new(self.now), &mut send)?;
        Ok((heard, sent))
    }

    fn frame(&mut self, frame: &str) -> Vec<String> {
        self.arrive(Arrival::Frame(frame.as_bytes())).unwrap().1
    }

    fn snapshot(&mut self) {
        let body =
            br#"{"lastUpdateId":10,"bids":[["60000.00","1.0"]],"asks":[["60000.01","2.0"]]}"#;
        self.frame(&diff(9, 10, "1.0", "2.0"));
        let snapshot = Arrival::Snapshot { symbol: "BTCUSDT", body };
        assert_eq!(self.arrive(snapshot).unwrap().0, Heard::Market);
    }
}

fn told(outgoing: &Outgoing<'_>) -> String {
    let body = String::from_utf8_lossy(outgoing.body);
    match outgoing.request {
        Ok(request) => format!("{} {} {body}", request.method, request.path),
        Err(unsendable) => format!("cannot: {unsendable}"),
    }
}

fn diff(first: u64, last: u64, bid: &str, ask: &str) -> String {
    let numbers = format!(r#""U":{first},"u":{last}"#);
    let levels = format!(r#""b":[["60000.00","{bid}"]],"a":[["60000.01","{ask}"]]"#);
    let update = format!(r#"{{"e":"depthUpdate","E":1,"s":"BTCUSDT",{numbers},{levels}}}"#);
    format!(r#"{{"stream":"btcusdt@depth@100ms","data":{update}}}"#)
}

#[test]
fn a_frame_becomes_an_encoded_order_and_records_to_keep() {
    let mut floor = Floor::of("binance", "binance:BTCUSDT");
    floor.snapshot();
    let id = OrderId::new(7, 0);
    // The first look at the book was short: a sell is sized in base.
    let records = decode_records(&floor.gateway.take_records()).unwrap();
    let sold = records.iter().find_map(|record| match record {
        Record::Placed { id, order, .. } => Some((*id, order.size)),
        _ => None,
    });
    assert_eq!(sold.map(|(id, _)| id), Some(id));
    assert_eq!(OrderId::from_client_text(&id.client_text()), Some(id));
    // While it works the opposite wish calls it back first.
    let sent = floor.frame(&diff(11, 11, "5.0", "2.0"));
    let text = id.client_text();
    let cancel = format!("DELETE /api/v3/order symbol=BTCUSDT&origClientOrderId={text}");
    assert_eq!(sent, [cancel]);
    // Its end lets the waiting target go: from nothing to half of the equity, in quote.
    let canceled =
        Event::Order { ts: Nanos::new(floor.now), order: id, update: OrderUpdate::Canceled };
    let mut sent = Vec::new();
    floor.gateway.on_event(&canceled, &mut |outgoing| sent.push(told(outgoing))).unwrap();
    let next = OrderId::new(7, 1).client_text();
    let buy = format!(
        "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC\
         &quantity=0.08333&price=90000\
         &newClientOrderId={next}"
    );
    assert_eq!(sent, [buy]);
}

#[test]
fn nothing_is_wanted_on_a_book_that_cannot_be_believed() {
    let mut floor = Floor::of("binance", "binance:BTCUSDT");
    assert!(floor.frame(&diff(9, 10, "1.0", "2.0")).is_empty());
    assert_eq!(floor.gateway.bot().mark_of(BTC), None);
    floor.snapshot();
    assert!(floor.gateway.bot().mark_of(BTC).is_some());
    let _ = floor.gateway.take_records();
    // A number is missing.
    let gap = diff(15, 15, "9.0", "1.0");
    let (heard, sent) = floor.arrive(Arrival::Frame(gap.as_bytes())).unwrap();
    assert_eq!((heard, sent.len()), (Heard::Resync(BTC), 0));
    let integrity = |floor: &Floor| {
        let age_max = Nanos::new(60 * SECOND);
        floor.gateway.bot().book(BTC).unwrap().integrity(Nanos::new(floor.now), age_max)
    };
    assert_eq!(integrity(&floor), Integrity::Gap);
    assert_eq!(floor.gateway.bot().mark_of(BTC), None);
    assert_eq!(floor.gateway.decoders().next().unwrap().1.counts().gaps, 1);
}

#[test]
fn a_malformed_frame_changes_nothing() {
    let mut floor = Floor::of("binance", "binance:BTCUSDT");
    floor.snapshot();
    let _ = floor.gateway.take_records();
    let before = floor.gateway.bot().book(BTC).unwrap().clone();
    for frame in ["", "{", "[1]", "{\"e\":\"depthUpdate\"}", &diff(11, 11, "x", "1.0")] {
        let refused = floor.arrive(Arrival::Frame(frame.as_bytes()));
        assert!(matches!(refused, Err(GatewayError::Wire(_)) | Ok((Heard::Unknown, _))), "{frame}");
    }
    assert_eq!(floor.gateway.bot().book(BTC).unwrap(), &before);
    assert!(floor.frame(&diff(11, 11, "1.5", "2.0")).is_empty());
    assert!(
        decode_records(&floor.gateway.take_records())
            .unwrap()
            .iter()
            .all(|record| { matches!(record, Record::Equity { .. }) })
    );
}

#[test]
fn a_venue_that_is_not_there_is_an_error() {
    let mut floor = Floor::of("binance", "binance:BTCUSDT");
    floor.venue = "kraken";
    let stranger = floor.arrive(Arrival::Connected);
    assert_eq!(stranger.unwrap_err(), GatewayError::Venue("kraken".to_owned()));
    let rules = Instrument::listed("okx:BTC", 1.0, "0.1", "0.1").unwrap();
    let bot = Bot::new(vec![rules], Vec::new(), Profile::named("default").unwrap(), 1);
    assert_eq!(Gateway::new(bot).unwrap_err(), GatewayError::Unreadable("okx".to_owned()));
}

#[test]
fn the_account_is_valued_once_a_second_of_the_frames() {
    let mut floor = Floor::of("binance", "binance:BTCUSDT");
    floor.snapshot();
    for n in 0..30 {
        floor.frame(&diff(11 + n, 11 + n, "1.0", "2.0"));
    }
    let records = decode_records(&floor.gateway.take_records()).unwrap();
    let valued: Vec<i64> = records
        .iter()
        .filter_map(|record| match record {
            Record::Equity { ts, .. } => Some(ts.mantissa() / SECOND),
            _ => None,
        })
        .collect();
    assert_eq!(valued, [2, 3, 4, 5]);
}

/// Long after a buyer took, short after a seller did.
fn following() -> Program {
    let node = |name: &str, operands: &[usize], parameters: &[f64]| {
        Node::parse(name, operands, parameters).unwrap()
    };
    let nodes = [node("trade_sign", &[], &[]), node("constant", &[], &[0.5])];
    let nodes = [&nodes[..], &[node("mul", &[0, 1], &[])]].concat();
    Program::compile(&nodes, &[2]).unwrap()
}

#[test]
fn a_program_of_trades_alone_trades_on_frames() {
    let mut floor = Floor::seated("binance", "binance:BTCUSDT", following());
    floor.snapshot();
    let trade = r#"{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"60000.00","q":"1","T":1,"m":true}"#;
    let sent = floor.frame(trade);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].contains("side=SELL"), "{sent:?}");
}

#[test]
fn a_bar_makes_no_old_book_young() {
    let mut floor = Floor::of("binance", "binance:BTCUSDT");
    floor.snapshot();
    let mark = floor.gateway.bot().mark_of(BTC);
    let prices = r#""o":"1","c":"65000","h":"65000","l":"1","v":"1""#;
    let kline = format!(r#""k":{{"t":0,"T":59999,"s":"BTCUSDT","i":"1m",{prices},"x":true}}"#);
    floor.now += 3_600 * SECOND;
    floor.frame(&format!(r#"{{"e":"kline","E":1,"s":"BTCUSDT",{kline}}}"#));
    assert_eq!(floor.gateway.bot().mark_of(BTC), mark);
}
