//! How a target is carried out: what leaves for the venue, and what is done until it is had.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod market;

use bot4_engine::bot::{Bot, Decides, Output, Sleeve};
use bot4_engine::decision::execution::{self, Manner};
use bot4_engine::event::{
    Action, Event, Execution, Fill, Intent, NewOrder, OrderId, OrderTerms, OrderUpdate, Quote,
    Side, Size, SleeveId, TimeInForce, Want,
};
use bot4_engine::history::Row;
use bot4_engine::instrument::InstrumentId;
use bot4_engine::journal::{self, Record, State};
use bot4_engine::units::{Nanos, Price, Qty, Rate};

use crate::market::{SECOND, amount, instrument, ns, trade};

const HERE: InstrumentId = InstrumentId(0);
const CENT: i64 = 1;
const NOTHING: [&str; 0] = [];

/// A bot that is asked from outside, on a book of one level, prices in cents.
struct Floor {
    bot: Bot,
    out: Output,
    records: Vec<Record>,
    now: i64,
}

impl Floor {
    fn new(profile: &str) -> Self {
        let (strategy, decides) = ("outside".to_owned(), Decides::Outside);
        let sleeve = Sleeve { strategy, instrument: HERE, allocation: Rate::ONE, decides };
        let collar = if profile == "unleveraged" { "0.05" } else { "0.5" };
        let profile = market::profile(profile, &[("collar", collar)]);
        let bot = Bot::new(vec![instrument()], vec![sleeve], profile, 7);
        let mut floor = Self { bot, out: Output::default(), records: Vec::new(), now: 0 };
        floor.tell(Event::Deposit { ts: ns(0), amount: amount("1000") });
        floor
    }

    fn tell(&mut self, event: Event) -> Vec<String> {
        self.out.clear();
        self.bot.on(&event, &mut self.out).unwrap();
        self.records.append(&mut self.out.records.clone());
        self.out.actions.iter().map(said).collect()
    }

    /// The touch, and then that time: what left.
    fn at(&mut self, second: i64, bid: i64, ask: i64) -> Vec<String> {
        self.now = second * SECOND;
        let (bid, ask) = (Price::new(bid * CENT), Price::new(ask * CENT));
        let qty = Qty::new(10_000_000);
        let ts = ns(self.now);
        let quote = Quote { instrument: HERE, ts, bid, bid_qty: qty, ask, ask_qty: qty };
        self.tell(Event::Quote(quote));
        self.tell(Event::Time(ts))
    }

    fn want(&mut self, fraction: f64, execution: Execution) -> Vec<String> {
        let want = Want::Target { fraction, band: None, execution };
        self.tell(Event::Intent(Intent { sleeve: SleeveId(0), want }))
    }

    fn say(&mut self, sequence: u32, update: OrderUpdate) -> Vec<String> {
        let event = Event::Order { ts: ns(self.now), order: id(sequence), update };
        self.tell(event)
    }

    /// All of an order is filled at a price.
    fn fill(&mut self, sequence: u32, cents: i64) -> Vec<String> {
        let order = self.order(sequence);
        let price = Price::new(cents * CENT);
        let qty = match order.size {
            Size::Base(qty) => qty,
            Size::Quote(budget) => instrument().qty_for(budget, price, Rate::ZERO).unwrap(),
        };
        let fee = amount("0");
        let (order, ts) = (id(sequence), ns(self.now));
        let trade = trade();
        self.tell(Event::Fill(Fill {
            order,
            trade,
            ts,
            price,
            qty,
            fee,
            fee_asset: None,
            last: true,
        }))
    }

    fn order(&self, sequence: u32) -> NewOrder {
        *self.bot.state().orders().get(id(sequence)).unwrap().new_order()
    }

    /// What is held, as a percentage of the equity, rounded.
    fn held(&self) -> i64 {
        let position = self.bot.state().portfolio().position(HERE).cost;
        let share = bot4_engine::instrument::amount_as_f64(position) / 10.0;
        format!("{share:.0}").parse().unwrap()
    }
}

fn id(sequence: u32) -> OrderId {
    OrderId::new(7, sequence)
}

/// An action in words: side, id, limit in cents, and how it is to be treated.
fn said(action: &Action) -> String {
    let Action::Place { id, order } = action else {
        let Action::Cancel { id } = action else {
            return "else".to_owned();
        };
        return format!("cancel {}", id.sequence());
    };
    let limit = order.limit.map_or("any".to_owned(), |p| format!("{}", p.mantissa() / CENT));
    let terms = match (order.terms.tif, order.terms.post_only) {
        (TimeInForce::Ioc, false) => "ioc",
        (TimeInForce::Gtc, true) => "post",
        (TimeInForce::Gtc, false) => "gtc",
        _ => "else",
    };
    format!("{} {} at {limit} {terms}", order.side.name(), id.sequence())
}

const fn seconds(count: i64) -> Nanos {
    Nanos::new(count * SECOND)
}

#[test]
fn a_target_that_crosses_leaves_with_the_price_where_the_collar_ends() {
    let mut floor = Floor::new("unleveraged");
    floor.at(1, 99, 101);
    assert_eq!(floor.want(0.5, Execution::Cross), ["buy 0 at 105 ioc"]);
    let order = floor.order(0);
    assert_eq!(order.size, Size::Quote(amount("500")), "it spends what was meant");
    assert_eq!(order.reserve, amount("500"));
    floor.fill(0, 101);
    assert_eq!(floor.want(0.0, Execution::Cross), ["sell 1 at 95 ioc"]);
}

#[test]
fn an_order_in_base_reserves_what_it_may_cost_where_the_collar_ends() {
    let mut floor = Floor::new("unleveraged");
    floor.at(1, 99, 101);
    let want =
        Want::Trade { side: Side::Buy, qty: 100.0, limit: None, terms: OrderTerms::default() };
    let intent = Intent { sleeve: SleeveId(0), want };
    assert_eq!(floor.tell(Event::Intent(intent)), ["buy 0 at 105 ioc"]);
    let fee = instrument().taker_fee;
    let worst = amount("105");
    let reserve = worst.times(fee, bot4_engine::units::Rounding::Up).unwrap();
    assert_eq!(floor.order(0).reserve, worst.plus(reserve).unwrap());
    assert_eq!(floor.bot.account().reserved, floor.order(0).reserve);
}

#[test]
fn a_target_whose_order_met_no_market_within_the_collar_is_wanted_anew_once_a_second() {
    let mut floor = Floor::new("unleveraged");
    floor.at(1, 99, 101);
    assert_eq!(floor.want(0.5, Execution::Cross), ["buy 0 at 105 ioc"]);
    floor.say(0, OrderUpdate::Acked);
    assert_eq!(floor.say(0, OrderUpdate::Canceled), NOTHING, "not at once");
    floor.now += SECOND / 2;
    assert_eq!(floor.tell(Event::Time(ns(floor.now))), NOTHING, "not within the second");
    assert_eq!(floor.at(2, 109, 111), ["buy 1 at 116 ioc"]);
    floor.fill(1, 111);
    assert_eq!(floor.at(3, 109, 111), NOTHING, "it is had");
    assert_eq!(floor.at(4, 109, 111), NOTHING);
}

#[test]
fn an_order_that_was_called_back_is_not_missed() {
    let mut floor = Floor::new("unleveraged");
    floor.at(1, 99, 101);
    floor.want(0.5, Execution::Cross);
    floor.say(0, OrderUpdate::Acked);
    let cancel = Intent { sleeve: SleeveId(0), want: Want::CancelAll };
    assert_eq!(floor.tell(Event::Intent(cancel)), ["cancel 0"]);
    floor.say(0, OrderUpdate::Canceled);
    assert_eq!(floor.at(5, 99, 101), NOTHING);
}

#[test]
fn a_passive_target_lies_at_its_own_side_and_follows_the_touch() {
    let mut floor = Floor::new("unleveraged");
    floor.at(1, 99, 101);
    assert_eq!(floor.want(0.5, Execution::Passive), ["buy 0 at 99 post"]);
    let Size::Base(qty) = floor.order(0).size else { panic!("venues let no quote size lie") };
    let price = Price::new(99 * CENT);
    assert_eq!(qty, instrument().qty_for(amount("500"), price, instrument().taker_fee).unwrap());
    floor.say(0, OrderUpdate::Acked);
    assert_eq!(floor.at(2, 98, 101), NOTHING, "it is the best bid itself");
    assert_eq!(floor.want(0.5, Execution::Passive), NOTHING, "it is on its way");
    assert_eq!(floor.at(3, 100, 101), ["cancel 0"]);
    assert_eq!(floor.at(4, 100, 102), NOTHING, "it waits for the cancel");
    assert_eq!(floor.say(0, OrderUpdate::Canceled), ["buy 1 at 100 post"]);
    floor.say(1, OrderUpdate::Acked);
    floor.fill(1, 100);
    assert_eq!(floor.at(6, 103, 104), NOTHING, "it is had");
}

#[test]
fn a_passive_order_that_would_have_taken_is_laid_again() {
    let mut floor = Floor::new("unleveraged");
    floor.at(1, 99, 101);
    floor.want(0.5, Execution::Passive);
    assert_eq!(floor.say(0, OrderUpdate::Rejected), NOTHING);
    assert_eq!(floor.at(2, 97, 98), ["buy 1 at 97 post"]);
}

#[test]
fn a_target_that_was_passive_long_enough_crosses() {
    let after = seconds(10);
    let mut floor = Floor::new("unleveraged");
    floor.at(1, 99, 101);
    let style = Execution::PassiveThenCross { after };
    assert_eq!(floor.want(0.5, style), ["buy 0 at 99 post"]);
    floor.say(0, OrderUpdate::Acked);
    assert_eq!(floor.at(5, 100, 102), ["cancel 0"], "it follows the touch");
    assert_eq!(floor.say(0, OrderUpdate::Canceled), ["buy 1 at 100 post"]);
    floor.say(1, OrderUpdate::Acked);
    assert_eq!(floor.at(10, 100, 102), NOTHING);
    assert_eq!(floor.at(11, 100, 102), ["cancel 1"], "since it was wanted first");
    assert_eq!(floor.say(1, OrderUpdate::Canceled), ["buy 2 at 106 ioc"]);
}

#[test]
fn a_sliced_target_is_reached_in_equal_parts() {
    let style = Execution::Slice { parts: 4, over: seconds(40) };
    let mut floor = Floor::new("research");
    floor.at(1, 99, 101);
    assert_eq!(floor.want(0.4, style), ["buy 0 at 150 ioc"]);
    let mut held = Vec::new();
    for (part, second) in (0..).zip([1, 11, 21, 31]) {
        if part > 0 {
            assert_eq!(floor.at(second - 1, 99, 101), NOTHING, "not before its time");
            assert_eq!(floor.want(0.4, style), NOTHING, "it is on its way");
            assert_eq!(floor.at(second, 99, 101), [format!("buy {part} at 150 ioc")]);
        }
        floor.fill(part, 100);
        held.push(floor.held());
    }
    assert_eq!(held, [10, 20, 30, 40]);
    assert_eq!(floor.at(60, 99, 101), NOTHING, "the last part was the end");
}

#[test]
fn a_part_that_was_not_had_is_made_good_by_those_after_it() {
    let style = Execution::Slice { parts: 2, over: seconds(40) };
    let mut floor = Floor::new("research");
    floor.at(1, 99, 101);
    floor.want(0.4, style);
    floor.say(0, OrderUpdate::Rejected);
    assert_eq!(floor.at(20, 99, 101), NOTHING);
    assert_eq!(floor.at(21, 99, 101), ["buy 1 at 150 ioc"]);
    floor.fill(1, 100);
    assert_eq!(floor.held(), 40);
}

#[test]
fn a_restart_goes_on_with_what_was_on_its_way() {
    let style = Execution::PassiveThenCross { after: seconds(10) };
    let mut floor = Floor::new("unleveraged");
    floor.at(1, 99, 101);
    floor.want(0.5, style);
    floor.say(0, OrderUpdate::Acked);
    let bytes: Vec<u8> = floor.records.iter().fold(Vec::new(), |mut bytes, record| {
        journal::encode_record(&mut bytes, record);
        bytes
    });
    let records = journal::decode_records(&bytes).unwrap();
    assert_eq!(records, floor.records);
    let state = State::new(vec![instrument()], 1, 7).fold(&records).unwrap();
    assert_eq!(&state, floor.bot.state());
    let carrying = state.carrying(SleeveId(0)).unwrap();
    assert_eq!((carrying.execution(), carrying.since()), (style, seconds(1)));
}

#[test]
fn styles_are_named_in_words_that_come_back() {
    for text in ["cross", "passive", "passive_then_cross:30", "slice:10:600"] {
        assert_eq!(execution::name(execution::parse(text).unwrap()), text);
    }
    for text in [
        "",
        "Cross",
        "cross:1",
        "passive_then_cross",
        "passive_then_cross:0",
        "slice:10",
        "passive_then_cross:86401",
        "slice:1:60",
        "slice:1001:60",
        "slice:2:60:1",
        "slice:-2:60",
    ] {
        assert!(execution::parse(text).is_err(), "{text}");
    }
}

#[test]
fn the_parts_of_a_slice_begin_evenly_and_the_last_is_exact() {
    let style = Execution::Slice { parts: 3, over: seconds(30) };
    for (waited, begun) in [(-1, 1), (0, 1), (9, 1), (10, 2), (20, 3), (29, 3), (1_000, 3)] {
        assert_eq!(execution::parts_begun(style, seconds(waited)), begun, "after {waited} s");
    }
    let third = execution::part(style, seconds(0), 0.9, 0.0);
    assert!((third - 0.3).abs() < 1e-12, "{third}");
    assert_eq!(execution::part(style, seconds(20), 0.7, 0.1).to_bits(), 0.7_f64.to_bits());
    assert_eq!(execution::manner(style, seconds(0)), Manner::Take);
}

#[test]
fn an_order_reserves_no_more_than_is_free_where_nobody_lends() {
    let mut floor = Floor::new("unleveraged");
    floor.at(1, 99, 101);
    let want =
        Want::Trade { side: Side::Buy, qty: 990.0, limit: None, terms: OrderTerms::default() };
    floor.tell(Event::Intent(Intent { sleeve: SleeveId(0), want }));
    assert_eq!(floor.order(0).reserve, amount("1000"));
}

#[test]
fn a_venue_over_bars_cancels_what_met_an_open_beyond_its_limit() {
    let price = |place, price| Row { volume: 1.0, ..market::row(place, [price; 4]) };
    let mut rows = vec![price(0, 100.0), price(1, 110.0), price(2, 110.0), price(3, 110.0)];
    rows[1].low = 100.0;
    let decided = market::decided(market::volume_is_target());
    let sleeves = vec![market::sleeve(0, "1", decided)];
    let settings = market::settings(market::profile("unleveraged", &[("collar", "0.05")]));
    let backtest = market::run(vec![market::history("file:X", &rows)], sleeves, &settings);
    let (_, _, records) = journal::decode(&backtest.journal()).unwrap();
    let said: Vec<_> = records
        .iter()
        .filter_map(|record| {
            if let Record::Placed { id, .. } = record {
                Some(format!("placed {}", id.sequence()))
            } else if let Record::Update { order, update: OrderUpdate::Canceled, .. } = record {
                Some(format!("canceled {}", order.sequence()))
            } else if let Record::Fill(fill) = record {
                Some(format!("filled {}", fill.order.sequence()))
            } else {
                None
            }
        })
        .collect();
    assert_eq!(said, ["placed 0", "canceled 0", "placed 1", "filled 1"]);
}

/// A floor where 300 units are held, and what it does about an order on these terms.
fn traded(side: Side, qty: f64, limit: Option<f64>, terms: OrderTerms) -> (Vec<String>, String) {
    let mut floor = Floor::new("unleveraged");
    floor.at(1, 99, 101);
    let want = Want::Trade { side: Side::Buy, qty: 300.0, limit: None, terms: usual() };
    floor.tell(Event::Intent(Intent { sleeve: SleeveId(0), want }));
    floor.fill(0, 100);
    let want = Want::Trade { side, qty, limit, terms };
    let left = floor.tell(Event::Intent(Intent { sleeve: SleeveId(0), want }));
    let said = floor.out.records.iter().find_map(|record| {
        if let Record::Refused { refusal, .. } = record {
            Some(format!("refused: {}", refusal.name()))
        } else if let Record::Clipped { limit, .. } = record {
            Some(format!("clipped: {}", limit.name()))
        } else if let Record::Placed { order, .. } = record {
            let asked = order.terms == terms;
            Some(if asked { "as asked for".to_owned() } else { format!("{:?}", order.terms.tif) })
        } else {
            None
        }
    });
    (left, said.unwrap())
}

fn usual() -> OrderTerms {
    OrderTerms::default()
}

#[test]
fn an_order_leaves_on_the_terms_that_were_asked_for() {
    let post_only = OrderTerms { post_only: true, ..usual() };
    let reduce_only = OrderTerms { reduce_only: true, ..usual() };
    let tif = |tif| OrderTerms { tif, ..usual() };
    let end = TimeInForce::Gtd(seconds(60));
    for (limit, terms, left, said) in [
        (Some(1.02), usual(), "sell 1 at 102 gtc", "as asked for"),
        (Some(1.02), post_only, "sell 1 at 102 post", "as asked for"),
        (Some(1.02), reduce_only, "sell 1 at 102 gtc", "as asked for"),
        (Some(1.02), tif(end), "sell 1 at 102 else", "as asked for"),
        (Some(0.98), tif(TimeInForce::Ioc), "sell 1 at 98 ioc", "as asked for"),
        (None, usual(), "sell 1 at 95 ioc", "Ioc"),
        (None, tif(TimeInForce::Fok), "sell 1 at 95 else", "as asked for"),
    ] {
        let (actions, record) = traded(Side::Sell, 100.0, limit, terms);
        assert_eq!(
            (actions, record.as_str()),
            (vec![left.to_owned()], said),
            "{limit:?} {terms:?}"
        );
    }
}

#[test]
fn terms_that_no_order_can_have_are_refused() {
    let post_only = OrderTerms { post_only: true, ..usual() };
    let tif = |tif| OrderTerms { tif, ..usual() };
    let (past, later) = (TimeInForce::Gtd(seconds(1)), TimeInForce::Gtd(seconds(60)));
    for (limit, terms) in [
        (None, post_only),
        (Some(1.02), OrderTerms { tif: TimeInForce::Ioc, ..post_only }),
        (Some(1.02), OrderTerms { tif: TimeInForce::Fok, ..post_only }),
        (Some(1.02), tif(past)),
        (None, tif(later)),
    ] {
        let (actions, record) = traded(Side::Sell, 100.0, limit, terms);
        assert_eq!(actions, NOTHING, "{limit:?} {terms:?}");
        assert_eq!(record, "refused: terms", "{limit:?} {terms:?}");
    }
}

#[test]
fn an_order_that_may_only_reduce_never_makes_a_position_larger() {
    let terms = OrderTerms { reduce_only: true, ..usual() };
    let (actions, record) = traded(Side::Buy, 10.0, Some(1.0), terms);
    assert_eq!((actions.len(), record.as_str()), (0, "refused: reduce_only"));
    let (actions, record) = traded(Side::Sell, 400.0, Some(1.02), terms);
    assert_eq!((actions.len(), record.as_str()), (1, "clipped: reduce_only"));
}
