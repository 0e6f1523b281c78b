//! The hot path allocates nothing once it is warm.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod market;

use allocation_counter::measure;
use bot4_engine::bot::{Bot, Decides, Output};
use bot4_engine::decision::Decision;
use bot4_engine::decision::quote::Terms;
use bot4_engine::event::{
    Bar, Event, Execution, Intent, OrderTerms, Quote, Side, SleeveId, Stop, StopKind, TradingState,
    Want,
};
use bot4_engine::history::History;
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::journal::Record;
use bot4_engine::signal::{Gives, Node, OPERATIONS, Program};
use bot4_engine::units::{Price, Qty, Rate};

use crate::market::{amount, history, instrument, ns, profile, sleeve, try_compile, walk};

/// Every operation of the table over the bar, all of them needed, that comes to no opinion.
fn everything() -> Program {
    let mut nodes: Vec<Node> = ["open", "high", "low", "close", "volume"]
        .iter()
        .map(|name| Node::parse(name, &[], &[]).unwrap())
        .collect();
    nodes.push(Node::parse("gt", &[0, 3], &[]).unwrap());
    let mut outputs = Vec::new();
    for operation in OPERATIONS {
        let mut number = 0..4;
        let of = |gives: &Gives| {
            if *gives == Gives::Condition { Some(5) } else { number.next() }
        };
        let operands: Vec<usize> =
            operation.operands.iter().map(|(_, gives)| gives).filter_map(of).collect();
        let parameters = if operation.parameters.is_empty() { &[][..] } else { &[50.0][..] };
        outputs.push(nodes.len());
        nodes.push(Node::parse(operation.name, &operands, parameters).unwrap());
    }
    nodes.push(Node::parse("constant", &[], &[f64::NAN]).unwrap());
    outputs.insert(0, nodes.len() - 1);
    Program::compile(&nodes, &outputs).unwrap()
}

fn tell(bot: &mut Bot, out: &mut Output, bar: Bar) {
    out.clear();
    bot.on(&Event::Bar(bar), out).unwrap();
    bot.on(&Event::Time(bar.close_ns), out).unwrap();
}

fn bars(history: &History) -> impl Iterator<Item = Bar> + '_ {
    (0..history.len()).filter_map(|place| history.bar(InstrumentId(0), place))
}

#[test]
fn a_quote_that_stays_allocates_nothing() {
    let nodes = [("bid", &[][..], &[][..]), ("constant", &[], &[0.001])];
    let program = Box::new(try_compile(&nodes, &[1, 1, 1, 0]).unwrap());
    let decision = Decision::Quote(Terms::new(10, 0.01).unwrap());
    let sleeves = vec![sleeve(0, "1", Decides::Program { program, decision })];
    let mut bot = Bot::new(vec![instrument()], sleeves, profile("research", &[]), 0);
    let mut out = Output::default();
    bot.on(&Event::Deposit { ts: ns(0), amount: amount("10000") }, &mut out).unwrap();
    let mut touch = |place: i64| {
        let (bid, ask) = (Price::new(10_000 + place % 7), Price::new(10_010 + place % 5));
        let (instrument, qty) = (InstrumentId(0), Qty::new(1));
        let quote = Quote { instrument, ts: ns(place), bid, bid_qty: qty, ask, ask_qty: qty };
        bot.on(&Event::Quote(quote), &mut out).unwrap();
        out.actions.len()
    };
    assert_eq!(touch(0), 20, "it is quoted");
    let counted = measure(|| (1..10_000).for_each(|place| assert_eq!(touch(place), 20)));
    assert_eq!(counted.count_total, 0, "allocations over 10,000 events");
}

#[test]
fn what_is_held_allocates_nothing_while_it_waits() {
    let rules = Instrument { symbol: "coinbase:BTC".to_owned(), ..instrument() };
    let sleeves = vec![sleeve(0, "1", Decides::Outside)];
    let mut bot = Bot::new(vec![rules], sleeves, profile("research", &[]), 0);
    let mut out = Output::default();
    bot.on(&Event::Deposit { ts: ns(0), amount: amount("10000") }, &mut out).unwrap();
    let touch = |bot: &mut Bot, out: &mut Output, place: i64, price: i64| {
        out.clear();
        let (bid, ask) = (Price::new(price + place % 7), Price::new(price + 10 + place % 5));
        let (instrument, qty) = (InstrumentId(0), Qty::new(1));
        // Nobody trades: after a minute the touch speaks.
        let ts = ns(place * 10_000_000);
        let quote = Quote { instrument, ts, bid, bid_qty: qty, ask, ask_qty: qty };
        bot.on(&Event::Quote(quote), out).unwrap();
        out.is_empty()
    };
    touch(&mut bot, &mut out, 0, 10_000);
    let stop = Stop { kind: StopKind::Stop, trigger: Price::new(9_500), trail: Price::new(400) };
    let terms = OrderTerms { stop: Some(stop), ..OrderTerms::default() };
    let want = Want::Trade { side: Side::Sell, qty: 1.0, limit: None, terms };
    bot.on(&Event::Intent(Intent { sleeve: SleeveId(0), want }), &mut out).unwrap();
    assert!(bot.state().orders().working().all(|order| order.is_held()));
    let waits = measure(|| {
        (1..10_000).for_each(|place| assert!(touch(&mut bot, &mut out, place, 10_000)));
    });
    assert_eq!(waits.count_total, 0, "allocations over 10,000 events");
    let ts = ns(10_000 * 10_000_000);
    bot.on(&Event::Control { ts, state: TradingState::Reducing }, &mut out).unwrap();
    assert!(!touch(&mut bot, &mut out, 10_001, 9_000), "what opens has missed its moment");
    assert_eq!(bot.state().orders().working_len(), 0);
}

#[test]
fn a_bar_that_trades_nothing_allocates_nothing() {
    let history = history("file:X", &walk(2, 5_500, 100.0));
    let instrument = Instrument::assumed("file:X", 100.0, Rate::ZERO).unwrap();
    let program = everything();
    assert!(program.operations() > OPERATIONS.len());
    let decision = Decision::Target { band: Some(0.1), execution: Execution::Cross, exits: None };
    let decides = Decides::Program { program: Box::new(program), decision };
    let sleeves = vec![sleeve(0, "1", decides)];
    let mut bot = Bot::new(vec![instrument], sleeves, profile("default", &[]), 0);
    let mut out = Output::default();
    bot.on(&Event::Deposit { ts: ns(0), amount: amount("10000") }, &mut out).unwrap();
    bars(&history).take(500).for_each(|bar| tell(&mut bot, &mut out, bar));
    let counted = measure(|| {
        bars(&history).skip(500).for_each(|bar| tell(&mut bot, &mut out, bar));
    });
    assert_eq!(counted.count_total, 0, "allocations over 10,000 events");
    assert!(matches!(out.records[..], [Record::Equity { .. }]), "{:?}", out.records);
    // The counter counts; the optimiser must not take the box away.
    assert_eq!(measure(|| drop(std::hint::black_box(Box::new(5)))).count_total, 1);
}
