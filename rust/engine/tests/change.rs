//! Another price or size for an order that works, and its end by name: what is asked of the venue,
//! what risk refuses, what stays reserved meanwhile.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use bot4_engine::bot::{Bot, Decides, Output, Sleeve};
use bot4_engine::event::{
    Action, Amendment, Bar, BreakerState, Component, Event, Fill, Intent, OrderId, OrderTerms,
    OrderUpdate, Side, SleeveId, TradeId, TradingState, Want,
};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::journal::Record;
use bot4_engine::order::OrderState;
use bot4_engine::risk::Refusal;
use bot4_engine::units::{Amount, Price, Qty, Rate};

use crate::market::{SECOND, amount, breaker, instrument, ns, profile};

use Side::{Buy, Sell};

const HERE: InstrumentId = InstrumentId(0);
const ORDER: OrderId = OrderId::new(7, 0);

/// 1,000 in cash at 100.00, no fee, and one order that works.
struct Floor {
    bot: Bot,
    out: Output,
}

impl Floor {
    fn at(symbol: &str, side: Side, qty: f64, limit: f64, terms: OrderTerms) -> Self {
        let free = Instrument { symbol: symbol.to_owned(), ..instrument() };
        let rules = free.with_fees(Rate::ZERO, Rate::ZERO);
        let (strategy, decides) = ("outside".to_owned(), Decides::Outside);
        let seat = Sleeve { strategy, instrument: HERE, allocation: Rate::ONE, decides };
        let wide = [("order_max", "2"), ("position_max", "2"), ("gross_max", "2")];
        let profile = profile("unleveraged", &wide);
        let mut floor =
            Self { bot: Bot::new(vec![rules], vec![seat], profile, 7), out: Output::default() };
        floor.tell(Event::Deposit { ts: ns(SECOND), amount: amount("1000") });
        floor.price(100.0, 2);
        if side == Sell {
            floor.want(Want::Trade { side: Buy, qty, limit: None, terms: OrderTerms::default() });
            let id = OrderId::new(7, 0);
            floor.fill(id, qty, true);
        }
        floor.want(Want::Trade { side, qty, limit: Some(limit), terms });
        let id = floor.bot.state().orders().all().last().unwrap().id();
        let (ts, update) = (floor.bot.now(), OrderUpdate::Acked);
        floor.tell(Event::Order { ts, order: id, update });
        floor.out.clear();
        floor
    }

    fn buying(qty: f64, limit: f64) -> Self {
        Self::at("test:BTC", Buy, qty, limit, OrderTerms::default())
    }

    fn tell(&mut self, event: Event) {
        self.out.clear();
        self.bot.on(&event, &mut self.out).unwrap();
    }

    fn want(&mut self, want: Want) {
        self.tell(Event::Intent(Intent { sleeve: SleeveId(0), want }));
    }

    fn price(&mut self, close: f64, second: i64) {
        let (open_ns, close_ns) = (ns((second - 1) * SECOND), ns(second * SECOND));
        let (open, high, low) = (close, close, close);
        let bar = Bar { instrument: HERE, open_ns, close_ns, open, high, low, close, volume: 1.0 };
        self.tell(Event::Bar(bar));
        self.tell(Event::Time(close_ns));
    }

    fn fill(&mut self, order: OrderId, qty: f64, last: bool) {
        let rules = self.bot.state().instrument(HERE).unwrap();
        let qty = rules.qty_down(qty).unwrap();
        let trade = TradeId::new(u128::from(self.bot.state().orders().all().len() as u64));
        let limit = self.bot.state().orders().get(order).unwrap().new_order().limit;
        let price = limit.map_or(Price::new(10_000), |limit| limit.min(Price::new(10_000)));
        let (ts, fee) = (self.bot.now(), Amount::ZERO);
        let fee_asset = None;
        self.tell(Event::Fill(Fill { order, trade, ts, price, qty, fee, fee_asset, last }));
    }

    /// Ask for a change; what is asked of the venue, or why it is refused.
    fn amend(
        &mut self,
        qty: Option<f64>,
        limit: Option<f64>,
    ) -> Result<Option<Amendment>, Refusal> {
        let order = self.bot.state().orders().all().last().unwrap().id();
        self.want(Want::Amend { order, qty, limit });
        for record in &self.out.records {
            if let Record::Refused { refusal, .. } = record {
                assert!(self.out.actions.is_empty());
                return Err(*refusal);
            }
        }
        Ok(self.out.actions.first().map(|action| {
            let Action::Amend { id, to } = *action else { panic!("{action:?}") };
            assert_eq!(id, order);
            to
        }))
    }

    fn reserved(&self) -> Amount {
        self.bot.account().reserved
    }
}

fn to(limit: i64, qty: i64, reserve: &str) -> Result<Option<Amendment>, Refusal> {
    let (limit, qty, reserve) = (Price::new(limit), Qty::new(qty), amount(reserve));
    Ok(Some(Amendment { limit, qty, reserve }))
}

#[test]
fn what_a_change_adds_is_checked_as_an_order_would_be() {
    // 5 at 90.00 reserve 450 of 1,000.
    for (name, qty, limit, wanted) in [
        ("smaller", Some(4.0), None, to(9_000, 40_000, "360")),
        ("larger", Some(6.0), None, to(9_000, 60_000, "540")),
        ("dearer", None, Some(95.0), to(9_500, 50_000, "475")),
        ("cheaper", None, Some(80.0), to(8_000, 50_000, "400")),
        ("both, rounded to tick and lot", Some(4.00009), Some(95.004), to(9_500, 40_000, "380")),
        ("so already", Some(5.0), Some(90.0), Ok(None)),
        ("not more than is free", Some(11.12), None, Err(Refusal::FreeCash)),
        ("all that is free", Some(11.11), None, to(9_000, 111_100, "999.9")),
        ("beyond the collar", None, Some(210.0), Err(Refusal::Collar)),
        ("nothing", Some(0.0), None, Err(Refusal::NotUsable)),
        ("less than a lot", Some(0.00001), None, Err(Refusal::NotUsable)),
        ("below nothing", Some(-1.0), None, Err(Refusal::NotUsable)),
        ("no number", Some(f64::NAN), None, Err(Refusal::NotUsable)),
        ("without end", Some(f64::INFINITY), None, Err(Refusal::NotUsable)),
        ("too large", Some(1e300), None, Err(Refusal::TooLarge)),
        ("a limit of nothing", None, Some(0.0), Err(Refusal::NotUsable)),
        ("a limit below nothing", None, Some(-90.0), Err(Refusal::NotUsable)),
        ("a limit that is no number", None, Some(f64::NAN), Err(Refusal::NotUsable)),
    ] {
        let mut floor = Floor::buying(5.0, 90.0);
        assert_eq!(floor.amend(qty, limit), wanted, "{name}");
    }
}

#[test]
fn the_limits_bind_what_is_added_and_not_what_is_there() {
    let limited = |name: &str, value: &str| {
        let mut floor = Floor::buying(5.0, 90.0);
        let seats = floor.bot.sleeves().to_vec();
        let rules = floor.bot.state().instruments().to_vec();
        let tight = profile("unleveraged", &[(name, value)]);
        let mut bot = Bot::new(rules, seats, tight, 7);
        bot.remember(floor.bot.memory());
        floor.bot = bot;
        floor
    };
    for (name, refusal) in [
        ("position_max", Refusal::PositionLimit),
        ("gross_max", Refusal::GrossLimit),
        ("order_max", Refusal::OrderLimit),
    ] {
        // What works is more than may be by now: it may shrink, and not grow.
        let mut floor = limited(name, "0.0001");
        assert_eq!(floor.amend(Some(5.1), None), Err(refusal), "{name}");
        assert_eq!(floor.amend(Some(4.9), None), to(9_000, 49_000, "441"), "{name}");
    }
}

/// 5 at 90.00, under another limit from here on.
fn limited_to(limits: &[(&str, &str)]) -> Floor {
    let mut floor = Floor::buying(5.0, 90.0);
    let seats = floor.bot.sleeves().to_vec();
    let rules = floor.bot.state().instruments().to_vec();
    let wide = [("order_max", "2"), ("position_max", "2"), ("gross_max", "2")];
    let limits: Vec<_> = wide.iter().chain(limits).copied().collect();
    let mut bot = Bot::new(rules, seats, profile("unleveraged", &limits), 7);
    bot.remember(floor.bot.memory());
    floor.bot = bot;
    floor
}

#[test]
fn what_is_added_may_take_all_the_room_there_is_and_not_a_unit_more() {
    // 6 at 100.00 come to 600 of 1,000, which is 150 more than before.
    for limit in ["position_max", "gross_max", "order_max"] {
        assert_eq!(
            limited_to(&[(limit, "0.6")]).amend(Some(6.0), Some(100.0)),
            to(10_000, 60_000, "600"),
            "{limit}"
        );
        assert!(limited_to(&[(limit, "0.59999")]).amend(Some(6.0), Some(100.0)).is_err());
    }
    assert_eq!(
        limited_to(&[]).amend(Some(10.0), Some(100.0)),
        to(10_000, 100_000, "1000"),
        "all the cash"
    );
}

#[test]
fn no_order_grows_step_by_step_beyond_what_one_may_be() {
    let mut floor = Floor::buying(5.0, 90.0);
    let seats = floor.bot.sleeves().to_vec();
    let rules = floor.bot.state().instruments().to_vec();
    let mut bot = Bot::new(rules, seats, profile("unleveraged", &[("order_max", "0.6")]), 7);
    bot.remember(floor.bot.memory());
    floor.bot = bot;
    assert_eq!(floor.amend(Some(6.0), None), to(9_000, 60_000, "540"));
    floor.tell(Event::Order { ts: floor.bot.now(), order: ORDER, update: OrderUpdate::Amended });
    assert_eq!(floor.amend(Some(6.67), None), Err(Refusal::OrderLimit));
    assert_eq!(floor.amend(Some(6.66), None), to(9_000, 66_600, "599.4"));
}

#[test]
fn what_the_state_of_the_system_forbids_is_no_change_either() {
    let latched = |floor: &mut Floor| {
        let (ts, state) = (floor.bot.now(), BreakerState::Latched);
        floor.tell(Event::Breaker(breaker(ts, Component::Feed, state)));
    };
    let mut floor = Floor::buying(5.0, 90.0);
    latched(&mut floor);
    assert_eq!(floor.amend(Some(5.1), None), Err(Refusal::BreakerOpen));
    assert_eq!(floor.amend(None, Some(91.0)), Err(Refusal::BreakerOpen), "it takes more eagerly");
    assert_eq!(floor.amend(Some(4.0), None), to(9_000, 40_000, "360"), "less may always be");
    let mut floor = Floor::buying(5.0, 90.0);
    latched(&mut floor);
    assert_eq!(floor.amend(None, Some(80.0)), to(8_000, 50_000, "400"), "nor what takes later");
    let mut floor = Floor::at("test:BTC", Sell, 5.0, 110.0, OrderTerms::default());
    latched(&mut floor);
    assert_eq!(floor.amend(None, Some(109.0)), Err(Refusal::BreakerOpen), "a sell for less");
    assert_eq!(floor.amend(None, Some(111.0)), to(11_100, 50_000, "0"), "and for more");
    let mut floor = Floor::buying(5.0, 90.0);
    let (ts, state) = (floor.bot.now(), TradingState::Halted);
    floor.tell(Event::Control { ts, state });
    assert_eq!(floor.amend(Some(4.0), None), Err(Refusal::NotAmendable), "it was called back");
    let mut floor = Floor::buying(5.0, 90.0);
    floor.bot.advance(ns(1_000_000 * SECOND));
    assert_eq!(floor.amend(Some(4.0), None), Err(Refusal::StalePrice));
}

#[test]
fn only_an_order_that_its_venue_has_and_nothing_else_is_asked_of_is_changed() {
    let changed = to(9_000, 40_000, "360");
    let mut floor = Floor::buying(5.0, 90.0);
    assert_eq!(floor.amend(Some(4.0), None), changed);
    assert_eq!(floor.amend(Some(3.0), None), Err(Refusal::NotAmendable), "one after the other");
    floor.tell(Event::Order { ts: floor.bot.now(), order: ORDER, update: OrderUpdate::Amended });
    assert_eq!(floor.amend(Some(3.0), None), to(9_000, 30_000, "270"));
    let mut floor = Floor::buying(5.0, 90.0);
    floor.want(Want::CancelAll);
    assert_eq!(floor.amend(Some(4.0), None), Err(Refusal::NotAmendable), "on its way out");
    let mut floor = Floor::buying(5.0, 90.0);
    floor.tell(Event::Order { ts: floor.bot.now(), order: ORDER, update: OrderUpdate::Canceled });
    assert_eq!(floor.amend(Some(4.0), None), Err(Refusal::NotAmendable), "over");
    let terms = OrderTerms::default();
    let mut floor = Floor::at("binance:BTCUSDT", Buy, 5.0, 90.0, terms);
    assert_eq!(floor.amend(Some(4.0), None), Err(Refusal::NotAmendable), "its venue cannot");
    let mut floor = Floor::at("kraken:BTC/USD", Buy, 5.0, 90.0, terms);
    assert_eq!(floor.amend(Some(4.0), None), changed);
    floor.want(Want::Amend { order: OrderId::new(7, 9), qty: Some(1.0), limit: None });
    assert!(floor.out.actions.is_empty(), "an order that never was");
}

#[test]
fn the_larger_of_both_is_reserved_until_the_venue_has_said_which() {
    for (answer, left) in [(OrderUpdate::Amended, "540"), (OrderUpdate::AmendRejected, "450")] {
        let mut floor = Floor::buying(5.0, 90.0);
        floor.amend(Some(6.0), None).unwrap();
        assert_eq!(floor.reserved(), amount("540"));
        assert_eq!(
            floor.bot.state().orders().get(ORDER).unwrap().state(),
            OrderState::PendingAmend
        );
        floor.tell(Event::Order { ts: floor.bot.now(), order: ORDER, update: answer });
        assert_eq!(floor.reserved(), amount(left), "{answer:?}");
    }
    for (answer, left) in [(OrderUpdate::Amended, "360"), (OrderUpdate::AmendRejected, "450")] {
        let mut floor = Floor::buying(5.0, 90.0);
        floor.amend(Some(4.0), None).unwrap();
        assert_eq!(floor.reserved(), amount("450"));
        floor.tell(Event::Order { ts: floor.bot.now(), order: ORDER, update: answer });
        assert_eq!(floor.reserved(), amount(left), "{answer:?}");
    }
}

#[test]
fn the_size_holds_what_is_filled_already() {
    let mut floor = Floor::buying(5.0, 90.0);
    floor.fill(ORDER, 2.0, false);
    assert_eq!(floor.amend(Some(2.0), None), Err(Refusal::NotUsable));
    assert_eq!(floor.amend(Some(3.0), None), to(9_000, 30_000, "270"), "180 are spent, 90 to come");
}

#[test]
fn a_sell_gives_no_more_than_is_held() {
    let mut floor = Floor::at("test:BTC", Sell, 5.0, 120.0, OrderTerms::default());
    assert_eq!(floor.amend(Some(5.1), None), Err(Refusal::Shorting));
    assert_eq!(floor.amend(Some(5.0), Some(110.0)), to(11_000, 50_000, "0"));
    let latched = breaker(floor.bot.now(), Component::Feed, BreakerState::Latched);
    let mut floor = Floor::at(
        "test:BTC",
        Sell,
        5.0,
        120.0,
        OrderTerms { reduce_only: true, ..OrderTerms::default() },
    );
    floor.tell(Event::Breaker(latched));
    let nearer = floor.amend(None, Some(105.0));
    assert_eq!(nearer, to(10_500, 50_000, "0"), "no breaker holds a position in");
}

#[test]
fn one_order_is_called_back_by_its_name_and_no_other() {
    let mut floor = Floor::buying(2.0, 90.0);
    let terms = OrderTerms::default();
    floor.want(Want::Trade { side: Buy, qty: 2.0, limit: Some(91.0), terms });
    floor.want(Want::Cancel { order: ORDER });
    assert_eq!(floor.out.actions, [Action::Cancel { id: ORDER }]);
    floor.want(Want::Cancel { order: ORDER });
    assert!(floor.out.actions.is_empty(), "once");
    floor.want(Want::Cancel { order: OrderId::new(7, 99) });
    assert!(floor.out.actions.is_empty(), "nothing of that name");
}
