//! From a change of a market to an approved order: without allocating, and with the answers that
//! the long way gives.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use bot4_engine::bot::{Bot, Decides, Output, Sleeve};
use bot4_engine::decision::Decision;
use bot4_engine::event::{
    Action, Event, Execution, Fill, MEASURE_HORIZON, MEASURE_LEVEL, Measure, OrderUpdate, Quote,
    Side, Size, Tick, TickKind, TradeId,
};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_from_text};
use bot4_engine::journal::Record;
use bot4_engine::risk::Refusal;
use bot4_engine::risk::limits::{LimitValue, Profile};
use bot4_engine::signal::{Node, Program};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

const BTC: InstrumentId = InstrumentId(0);
const SEED: u64 = 7;
const MID: i64 = 6_000_000;

/// Long or short by the imbalance of five levels and the flow at the touch.
fn program() -> Program {
    let node = |name: &str, operands: &[usize], parameters: &[f64]| {
        Node::parse(name, operands, parameters).unwrap()
    };
    let nodes = [
        node("depth_bid", &[], &[5.0]),
        node("depth_ask", &[], &[5.0]),
        node("sub", &[0, 1], &[]),
        node("ofi", &[], &[1.0]),
        node("ema", &[3], &[5.0]),
        node("add", &[2, 4], &[]),
        node("trade_sign", &[], &[]),
        node("trade_size", &[], &[]),
        node("mul", &[6, 7], &[]),
        node("ema", &[8], &[5.0]),
        node("add", &[5, 9], &[]),
        node("constant", &[], &[0.0]),
        node("gt", &[10, 11], &[]),
        node("constant", &[], &[0.1]),
        node("constant", &[], &[-0.1]),
        node("where", &[12, 13, 14], &[]),
    ];
    Program::compile(&nodes, &[15]).unwrap()
}

fn bot() -> (Bot, Output) {
    bot_of(program(), Profile::named("research").unwrap())
}

fn bot_of(program: Program, profile: Profile) -> (Bot, Output) {
    let rules = Instrument::listed("test:BTC", 60_000.0, "0.01", "0.00001").unwrap();
    let sleeve = Sleeve {
        strategy: "leaning".to_owned(),
        instrument: BTC,
        allocation: Rate::ONE,
        decides: Decides::Program {
            program: Box::new(program),
            decision: Decision::Target { band: None, execution: Execution::Cross, exits: None },
        },
    };
    let (mut bot, mut out) = (Bot::new(vec![rules], vec![sleeve], profile, 1), Output::default());
    let (ts, amount) = (Nanos::new(1), amount_from_text("100000").unwrap());
    bot.on(&Event::Deposit { ts, amount }, &mut out).unwrap();
    out.clear();
    (bot, out)
}

/// A market of one seed, [`SEED`]: levels on both sides of one price, quotes and trades among them.
fn events(count: usize) -> Vec<Event> {
    let mut chance = Pcg64::seed_from_u64(SEED);
    let mut below = |n: u64| i64::try_from(chance.next_u64() % n).unwrap();
    let unit = Instrument::listed("test:BTC", 60_000.0, "0.01", "0.00001").unwrap();
    let tick = unit.tick.mantissa();
    let mut events = Vec::with_capacity(count);
    let mid = MID;
    for turn in 0..i64::try_from(count).unwrap() {
        let ts = Nanos::new(1_000 + turn * 1_000_000);
        let side = if below(2) == 0 { Side::Buy } else { Side::Sell };
        let price = Price::new((mid - side.sign() * (1 + below(12))) * tick);
        let qty = Qty::new(1 + below(500_000));
        let kind = match below(10) {
            0 => TickKind::Trade { aggressor: side, price, qty },
            1..=2 => TickKind::Level { side, price, qty: Qty::ZERO },
            3 => {
                let at = |n: i64| Price::new((mid + n) * tick);
                let (bid, ask) = (at(-1), at(1));
                let quote = Quote { instrument: BTC, ts, bid, bid_qty: qty, ask, ask_qty: qty };
                events.push(Event::Quote(quote));
                continue;
            }
            _ => TickKind::Level { side, price, qty },
        };
        events.push(Event::Tick(Tick { instrument: BTC, ts, last: below(3) > 0, kind }));
    }
    events
}

/// The venue takes every order at once, whole, at the mark.
fn fill_all(bot: &mut Bot, out: &mut Output) -> u64 {
    let mut done = 0;
    let actions: Vec<Action> = out.actions.drain(..).collect();
    for action in actions {
        let Action::Place { id, order } = action else {
            continue;
        };
        let (ts, price) = (bot.now(), bot.mark_of(BTC).unwrap().price);
        let rules = bot.state().instrument(BTC).unwrap().clone();
        let qty = match order.size {
            Size::Base(qty) => qty,
            Size::Quote(budget) => rules.qty_for(budget, price, Rate::ZERO).unwrap(),
        };
        let acked = Event::Order { ts, order: id, update: OrderUpdate::Acked };
        bot.on(&acked, out).unwrap();
        let fill = Fill {
            order: id,
            trade: TradeId::new(u128::from(id.number())),
            ts,
            price,
            qty,
            fee: Amount::ZERO,
            fee_asset: None,
            last: true,
        };
        bot.on(&Event::Fill(fill), out).unwrap();
        done += 1;
    }
    out.clear();
    done
}

#[test]
fn a_glance_allocates_nothing_once_it_is_warm() {
    let events = events(60_000);
    let (mut bot, mut out) = bot();
    let (mut allocated, mut approved, mut filled) = (0, 0, 0);
    for (turn, event) in events.iter().enumerate() {
        let mut glance = None;
        let counted = allocation_counter::measure(|| glance = bot.glance(event).unwrap());
        if turn > 10_000 {
            allocated += counted.count_total;
        }
        if let Some(glance) = glance {
            approved += u64::from(glance.is_approved());
            bot.settle(glance, &mut out).unwrap();
            filled += fill_all(&mut bot, &mut out);
        }
    }
    assert_eq!(allocated, 0);
    assert!(approved > 1_000 && filled == approved, "{approved} approved, {filled} filled");
}

#[test]
fn what_a_glance_approves_is_what_the_long_way_would_have_placed() {
    // The same intents by hand: a strategy outside the engine goes the long way.
    let (mut inside, mut out) = bot();
    let (mut outside, mut other) = bot();
    outside.set_quiet(true);
    let mut compared = 0;
    for event in &events(20_000) {
        let glance = inside.glance(event).unwrap();
        outside.watch(event).unwrap();
        let Some(glance) = glance else {
            continue;
        };
        let intent = glance.intent();
        inside.settle(glance, &mut out).unwrap();
        outside.set_quiet(false);
        outside.on(&Event::Intent(intent), &mut other).unwrap();
        outside.set_quiet(true);
        assert_eq!(out.records, other.records);
        assert_eq!(out.actions, other.actions);
        compared += out.records.iter().filter(|r| matches!(r, Record::Placed { .. })).count();
        fill_all(&mut inside, &mut out);
        fill_all(&mut outside, &mut other);
    }
    assert!(compared > 500, "{compared} orders compared");
    assert_eq!(inside.state().ledger_hash(), outside.state().ledger_hash());
}

/// A tenth of the equity, and a fifth where more is bid than is asked for.
fn stepping() -> Program {
    let node = |name: &str, operands: &[usize], parameters: &[f64]| {
        Node::parse(name, operands, parameters).unwrap()
    };
    let nodes = [
        node("depth_bid", &[], &[1.0]),
        node("depth_ask", &[], &[1.0]),
        node("gt", &[0, 1], &[]),
        node("constant", &[], &[0.2]),
        node("constant", &[], &[0.1]),
        node("where", &[2, 3, 4], &[]),
    ];
    Program::compile(&nodes, &[5]).unwrap()
}

/// What a target of a fifth becomes at `late_ns`, after a measure of `BEGAN_NS` and nothing but
/// ticks: whether the short way passed it, and what was written down.
fn asked_at(late_ns: i64) -> (bool, Vec<Record>) {
    let budget = |profile: Profile, (limit, value): (&str, &str)| {
        profile.with(limit, &LimitValue::Number(value.to_owned())).unwrap()
    };
    let profile = Profile::named("research").unwrap();
    let profile =
        [("var_max", "0.05"), ("measure_age_max_s", "5")].into_iter().fold(profile, budget);
    let (mut bot, mut out) = bot_of(stepping(), profile);
    let of = (MEASURE_LEVEL, MEASURE_HORIZON);
    let measure = Measure::new(Nanos::new(BEGAN_NS), of, (Rate::ZERO, Rate::ZERO)).unwrap();
    bot.on(&Event::Measured { ts: Nanos::new(BEGAN_NS), measure }, &mut out).unwrap();
    out.clear();
    let tick = bot.state().instrument(BTC).unwrap().tick.mantissa();
    let level = |ts_ns: i64, side: Side, qty: i64| {
        let price = Price::new((MID - side.sign()) * tick);
        let kind = TickKind::Level { side, price, qty: Qty::new(qty * 1_000_000) };
        Event::Tick(Tick { instrument: BTC, ts: Nanos::new(ts_ns), last: true, kind })
    };
    // A tenth is held, from then on the book says the same.
    for event in [level(BEGAN_NS, Side::Buy, 5), level(BEGAN_NS, Side::Sell, 6)] {
        bot.on(&event, &mut out).unwrap();
    }
    assert_eq!(fill_all(&mut bot, &mut out), 1);
    for turn in 1..=4 {
        let event = level(BEGAN_NS + turn * 1_000_000_000, Side::Buy, 5 - turn % 2);
        assert!(bot.glance(&event).unwrap().is_none());
    }
    let glance = bot.glance(&level(late_ns, Side::Buy, 7)).unwrap().unwrap();
    let passed = glance.is_approved();
    bot.settle(glance, &mut out).unwrap();
    (passed, out.records)
}

const BEGAN_NS: i64 = 1_000_000_000;

#[test]
fn a_measure_that_grows_old_refuses_on_the_short_way_though_nothing_was_written_down() {
    let last = BEGAN_NS + 5_000_000_000;
    let (passed, records) = asked_at(last);
    assert!(passed);
    assert!(matches!(records.as_slice(), [Record::Intent { .. }, Record::Placed { .. }]));
    let (passed, records) = asked_at(last + 1);
    assert!(!passed);
    let refusal = Refusal::Unmeasured;
    assert!(matches!(
        records.as_slice(),
        [Record::Intent { .. }, Record::Refused { refusal: said, .. }] if *said == refusal
    ));
}
