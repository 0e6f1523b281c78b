//! What is remembered of what a sleeve did: which of its orders could be meant twice, how often it
//! called back, how high equity stood within the hour.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod market;

use bot4_engine::bot::{Bot, Decides, Output};
use bot4_engine::event::{
    Bar, Event, Fill, Intent, OrderId, OrderTerms, OrderUpdate, Side, SleeveId, Stop, StopKind,
    Want,
};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::units::{Amount, Price, Qty};

use crate::market::{SECOND, START, amount, instrument, ns, profile, sleeve, trade};
use OrderUpdate as U;

const HERE: InstrumentId = InstrumentId(0);
const OURS: SleeveId = SleeveId(0);

/// A strategy from outside with 10,000, at 100.00, where trailing stops are held here.
struct Floor {
    bot: Bot,
    out: Output,
    now: i64,
}

impl Floor {
    fn new() -> Self {
        let rules = Instrument { symbol: "coinbase:BTC".to_owned(), ..instrument() };
        let seats = vec![sleeve(0, "1", Decides::Outside)];
        let bot = Bot::new(vec![rules], seats, profile("research", &[]), 7);
        let mut floor = Self { bot, out: Output::default(), now: START };
        floor.tell(Event::Deposit { ts: ns(START), amount: amount("10000") });
        floor.price(100.0, 0);
        floor
    }

    fn tell(&mut self, event: Event) {
        self.out.clear();
        self.bot.on(&event, &mut self.out).unwrap();
    }

    /// So many seconds later the price is another one, and equity is measured by that.
    fn price(&mut self, close: f64, seconds: i64) {
        let open_ns = ns(self.now);
        self.now += seconds * SECOND;
        let (close_ns, open, high, low, volume) = (ns(self.now), close, close, close, 1.0);
        self.tell(Event::Bar(Bar {
            instrument: HERE,
            open_ns,
            close_ns,
            open,
            high,
            low,
            close,
            volume,
        }));
        self.tell(Event::Time(close_ns));
    }

    fn place(&mut self, side: Side, limit: Option<f64>, terms: OrderTerms) -> OrderId {
        let want = Want::Trade { side, qty: 10.0, limit, terms };
        self.tell(Event::Intent(Intent { sleeve: OURS, want }));
        self.bot.state().orders().all().last().unwrap().id()
    }

    fn say(&mut self, order: OrderId, update: OrderUpdate) {
        self.tell(Event::Order { ts: ns(self.now), order, update });
    }

    fn holding() -> Self {
        let mut floor = Self::new();
        let order = floor.place(Side::Buy, None, OrderTerms::default());
        let (ts, price, qty) = (ns(floor.now), Price::new(10_000), Qty::new(100_000));
        let (fee, fee_asset, last) = (Amount::ZERO, None, true);
        let trade = trade();
        floor.tell(Event::Fill(Fill { order, trade, ts, price, qty, fee, fee_asset, last }));
        floor
    }
}

#[test]
fn only_what_could_be_meant_twice_is_remembered_as_an_order_of_lately() {
    let plain = OrderTerms::default();
    let trailing =
        Stop { kind: StopKind::Stop, trigger: Price::new(9_500), trail: Price::new(100) };
    let held = OrderTerms { stop: Some(trailing), ..plain };
    for (name, limit, terms, remembered) in [
        ("at a price", Some(120.0), plain, true),
        ("at any price", None, plain, true),
        ("it only makes", Some(120.0), OrderTerms { post_only: true, ..plain }, false),
        ("it only closes", Some(120.0), OrderTerms { reduce_only: true, ..plain }, false),
        ("it waits here", None, held, false),
    ] {
        let mut floor = Floor::holding();
        let before = floor.bot.state().lately(OURS);
        let order = floor.place(Side::Sell, limit, terms);
        assert_eq!(order, OrderId::new(7, 1), "{name}");
        let known = floor.bot.state().lately(OURS);
        assert_eq!(known != before, remembered, "{name}");
    }
}

#[test]
fn a_cancel_is_counted_when_it_is_asked_for_and_nothing_else_is() {
    let mut floor = Floor::new();
    let order = floor.place(Side::Buy, Some(90.0), OrderTerms::default());
    let cancels = |floor: &Floor| floor.bot.state().conduct(OURS, HERE, ns(floor.now)).cancels;
    for update in [U::Sent, U::Received, U::Acked] {
        floor.say(order, update);
        assert_eq!(cancels(&floor), 0, "{update:?}");
    }
    floor.tell(Event::Intent(Intent { sleeve: OURS, want: Want::Cancel { order } }));
    assert_eq!(cancels(&floor), 1);
    floor.say(order, U::Canceled);
    assert_eq!(cancels(&floor), 1);
    // What a venue was told is told of whoever trades there.
    let here = floor.bot.state().conduct(OURS, HERE, ns(floor.now)).messages;
    assert!(here > 0);
    let stranger = floor.bot.state().conduct(SleeveId(9), HERE, ns(floor.now));
    assert_eq!((stranger.messages, stranger.cancels), (here, 0));
}

#[test]
fn equity_is_looked_back_on_for_an_hour() {
    let of_hour = |floor: &Floor| floor.bot.state().equity_of_hour();
    let mut floor = Floor::holding();
    floor.price(110.0, 1);
    assert_eq!(of_hour(&floor), Some(amount("10100")));
    // Stretches of three minutes: the last twenty of them are kept.
    for (minutes, wanted) in [(3, "10100"), (27, "10100"), (27, "10100"), (3, "9900")] {
        floor.price(90.0, 60 * minutes);
        assert_eq!(of_hour(&floor), Some(amount(wanted)), "{minutes} minutes later");
    }
    // Money that comes makes it higher by the same part.
    floor.price(110.0, 60);
    floor.price(90.0, 60);
    floor.tell(Event::Deposit { ts: ns(floor.now), amount: amount("9900") });
    assert_eq!(of_hour(&floor), Some(amount("20200")));
}
