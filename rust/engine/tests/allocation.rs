//! The hot path allocates nothing once it is warm.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod market;

use allocation_counter::measure;
use bot4_engine::bot::{Bot, Decides, Output};
use bot4_engine::event::{Bar, Event};
use bot4_engine::history::History;
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::journal::Record;
use bot4_engine::signal::{Gives, Node, OPERATIONS, Program};
use bot4_engine::units::Rate;

use crate::market::{amount, history, ns, profile, sleeve, walk};

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
fn a_bar_that_trades_nothing_allocates_nothing() {
    let history = history("file:X", &walk(2, 5_500, 100.0));
    let instrument = Instrument::assumed("file:X", 100.0, Rate::ZERO).unwrap();
    let program = everything();
    assert!(program.operations() > OPERATIONS.len());
    let decides = Decides::Program { program: Box::new(program), band: Some(0.1) };
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
