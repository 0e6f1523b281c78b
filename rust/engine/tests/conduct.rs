//! What a bot did lately and what its markets did, and how that holds back what it wants next:
//! through events alone, with the limits that hold where nobody speaks.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod market;

use bot4_engine::asset::Asset;
use bot4_engine::bot::{Bot, Decides, Output, Sleeve};
use bot4_engine::event::{
    Action, Bar, Component, Event, Execution, Fill, Intent, OrderId, OrderTerms, OrderUpdate, Part,
    Quote, Reason, Side, Size, SleeveId, Stop, StopKind, Tick, TickKind, Transition, Want,
};
use bot4_engine::exposure::Conduct;
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::journal::Record;
use bot4_engine::risk::Refusal;
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};

use crate::market::{SECOND, amount, instrument, measure, ns, profile, trade};

const DAY_START: i64 = 1_704_067_200 * SECOND;
const HERE: InstrumentId = InstrumentId(0);
const THERE: InstrumentId = InstrumentId(1);

/// A bot whose strategy, outside, has each instrument to itself; 100,000 in cash, prices of 100.
struct Floor {
    bot: Bot,
    out: Output,
    now: i64,
}

impl Floor {
    fn of(symbols: &[(&str, &str)], limits: &[(&str, &str)]) -> Self {
        let rules = |(symbol, base): &(&str, &str)| Instrument {
            symbol: (*symbol).to_owned(),
            base: Asset::of_name(base),
            ..instrument()
        };
        let sleeve = |(place, _): (usize, _)| Sleeve {
            strategy: "outside".to_owned(),
            instrument: InstrumentId(u32::try_from(place).unwrap()),
            allocation: Rate::ONE,
            decides: Decides::Outside,
        };
        let sleeves = symbols.iter().enumerate().map(sleeve).collect();
        let instruments = symbols.iter().map(rules).collect();
        let bot = Bot::new(instruments, sleeves, profile("default", limits), 7);
        let mut floor = Self { bot, out: Output::default(), now: DAY_START };
        floor.tell(Event::Deposit { ts: ns(DAY_START), amount: amount("100000") });
        for place in 0..symbols.len() {
            floor.bar(InstrumentId(u32::try_from(place).unwrap()), 100.0);
        }
        floor.time(1);
        floor
    }

    fn new(limits: &[(&str, &str)]) -> Self {
        Self::of(&[("test:BTC", "BTC")], limits)
    }

    fn tell(&mut self, event: Event) {
        self.out.clear();
        self.bot.on(&event, &mut self.out).unwrap();
    }

    fn bar(&mut self, instrument: InstrumentId, close: f64) {
        let (open_ns, close_ns) = (ns(self.now - SECOND), ns(self.now));
        let (open, high, low, volume) = (close, close, close, 100_000.0);
        let bar = Bar { instrument, open_ns, close_ns, open, high, low, close, volume };
        self.tell(Event::Bar(bar));
    }

    /// So many seconds pass.
    fn time(&mut self, seconds: i64) {
        self.now += seconds * SECOND;
        self.tell(Event::Time(ns(self.now)));
    }

    fn want(&mut self, want: Want) -> String {
        self.want_of(SleeveId(0), want)
    }

    /// What came of it: the orders, and why not.
    fn want_of(&mut self, sleeve: SleeveId, want: Want) -> String {
        self.tell(Event::Intent(Intent { sleeve, want }));
        let mut told = Vec::new();
        for record in &self.out.records {
            if let Record::Refused { refusal, .. } = record {
                told.push(refusal.name().to_owned());
            } else if let Record::Placed { order, .. } = record {
                told.push(order.side.name().to_owned());
            } else if let Record::Clipped { limit, .. } = record {
                told.push(format!("by {}", limit.name()));
            }
        }
        told.join(", ")
    }

    fn last(&self) -> OrderId {
        self.bot.state().orders().all().last().unwrap().id()
    }

    /// The last order is done whole, at a price.
    fn fill(&mut self, price: i64) {
        let id = self.last();
        let order = *self.bot.state().orders().get(id).unwrap().new_order();
        let qty = match order.size {
            Size::Base(qty) => qty,
            Size::Quote(_) => Qty::new(10_000),
        };
        let (ts, price) = (ns(self.now), Price::new(price));
        let fill = Fill {
            ts,
            order: id,
            trade: trade(),
            price,
            qty,
            fee: Amount::ZERO,
            fee_asset: None,
            last: true,
        };
        self.tell(Event::Fill(fill));
    }

    fn round_trip(&mut self, sold_at: i64) {
        assert_eq!(self.want(order(Side::Buy, 1.0)), "buy");
        self.fill(10_000);
        self.time(4);
        self.bar(HERE, 100.0);
        assert_eq!(self.want(order(Side::Sell, 1.0)), "sell");
        self.fill(sold_at);
        self.time(4);
        self.bar(HERE, 100.0);
    }
}

fn order(side: Side, qty: f64) -> Want {
    Want::Trade { side, qty, limit: None, terms: OrderTerms::default() }
}

fn limited(side: Side, qty: f64, limit: f64, post_only: bool) -> Want {
    let terms = OrderTerms { post_only, ..OrderTerms::default() };
    Want::Trade { side, qty, limit: Some(limit), terms }
}

#[test]
fn a_strategy_that_fires_without_end_is_latched_after_twenty_orders() {
    let mut floor = Floor::new(&[]);
    let mut placed = 0;
    for turn in 0..500 {
        let side = if turn % 2 == 0 { Side::Buy } else { Side::Sell };
        // A little more each time, so that no order is the same as the one before.
        let told = floor.want(order(side, 1.0 + f64::from(turn) * 0.0001));
        if told.contains("buy") || told.contains("sell") {
            placed += 1;
            floor.fill(10_000);
        }
        let trips = floor.out.actions.iter().filter(|action| matches!(action, Action::Trip(_)));
        if trips.count() > 0 {
            break;
        }
        floor.now += SECOND / 10;
        floor.bot.advance(ns(floor.now));
    }
    assert_eq!(placed, 20);
    let part = Part::sleeve(Component::Repeats, SleeveId(0));
    let trip = Transition::latch(ns(floor.now), part, Reason::Repeated);
    assert_eq!(floor.out.actions, [Action::Trip(trip)]);
    floor.tell(Event::Breaker(trip));
    floor.time(120);
    floor.bar(HERE, 100.0);
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "breaker_open", "for good");
    assert!(floor.bot.account().equity > amount("99500"), "it lost less than 0.5 %");
}

#[test]
fn the_minute_of_repeats_passes_and_what_closes_is_never_held_in() {
    let mut floor = Floor::new(&[("repeats_max", "2")]);
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "buy");
    floor.fill(10_000);
    assert_eq!(floor.want(order(Side::Buy, 1.1)), "buy");
    floor.fill(10_000);
    assert_eq!(floor.want(order(Side::Buy, 1.2)), "repeats");
    assert_eq!(floor.want(order(Side::Sell, 1.0)), "sell", "closing goes");
    floor.fill(10_000);
    floor.time(64);
    floor.bar(HERE, 100.0);
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "buy");
}

#[test]
fn a_resting_order_that_takes_counts_with_its_first_fill() {
    let mut floor = Floor::new(&[("repeats_max", "1")]);
    assert_eq!(floor.want(limited(Side::Buy, 1.0, 100.0, false)), "buy");
    assert_eq!(
        floor.want(limited(Side::Buy, 1.0, 99.0, false)),
        "buy",
        "it rests, as far as known"
    );
    floor.fill(9_900);
    assert_eq!(floor.want(limited(Side::Buy, 1.0, 98.0, false)), "repeats");
    // What only makes is no such order.
    let mut floor = Floor::new(&[("repeats_max", "1")]);
    for limit in [99.0, 98.0, 97.0] {
        assert_eq!(floor.want(limited(Side::Buy, 1.0, limit, true)), "buy");
        floor.fill(9_700);
    }
}

#[test]
fn what_rests_and_what_closes_takes_nothing() {
    let mut floor = Floor::new(&[]);
    let takes = |floor: &Floor| floor.bot.state().conduct(SleeveId(0), HERE, ns(floor.now)).takes;
    for turn in 0..5 {
        let told = floor.want(limited(Side::Buy, 1.0, 90.0 - f64::from(turn), false));
        assert_eq!(told, "buy");
        assert_eq!(takes(&floor), 0, "it rests");
    }
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "buy");
    floor.fill(10_000);
    assert_eq!(takes(&floor), 1);
    let terms = OrderTerms { reduce_only: true, ..OrderTerms::default() };
    floor.want(Want::Trade { side: Side::Sell, qty: 0.5, limit: None, terms });
    assert_eq!(takes(&floor), 1, "it can only close");
}

#[test]
fn what_only_makes_may_be_placed_twice() {
    let mut floor = Floor::new(&[]);
    for _ in 0..2 {
        assert_eq!(floor.want(limited(Side::Buy, 1.0, 90.0, true)), "buy");
    }
    let plain = || limited(Side::Buy, 1.0, 91.0, false);
    assert_eq!(floor.want(plain()), "buy");
    assert_eq!(floor.want(plain()), "duplicate");
}

#[test]
fn money_that_comes_raises_the_heights_of_the_hour_with_it() {
    let mut floor = Floor::new(&[]);
    let (ts, amount_in) = (ns(floor.now), amount("100000"));
    floor.tell(Event::Deposit { ts, amount: amount_in });
    assert_eq!(floor.bot.state().equity_of_hour(), Some(amount("200000")));
}

#[test]
fn the_same_order_is_not_placed_twice_in_a_second() {
    let mut floor = Floor::new(&[]);
    assert_eq!(floor.want(limited(Side::Buy, 1.0, 99.0, false)), "buy");
    assert_eq!(floor.want(limited(Side::Buy, 1.0, 99.0, false)), "duplicate");
    assert_eq!(floor.want(limited(Side::Buy, 1.0, 99.5, false)), "buy", "another price");
    assert_eq!(floor.want(limited(Side::Buy, 1.0, 99.0, false)), "duplicate", "two are known");
    floor.time(1);
    assert_eq!(floor.want(limited(Side::Buy, 1.0, 99.0, false)), "buy", "a second later");
    // One that its venue refused was never had.
    let (ts, order) = (ns(floor.now), floor.last());
    floor.tell(Event::Order { ts, order, update: OrderUpdate::Rejected });
    assert_eq!(floor.want(limited(Side::Buy, 1.0, 99.0, false)), "buy");
}

#[test]
fn a_venue_is_told_no_more_than_it_may_be_and_cancels_always_go() {
    let mut floor = Floor::new(&[("messages_max", "1")]);
    for place in 0..10 {
        let limit = 99.0 - f64::from(place) * 0.1;
        assert_eq!(floor.want(limited(Side::Buy, 0.1, limit, true)), "buy");
    }
    assert_eq!(floor.want(limited(Side::Buy, 0.1, 95.5, true)), "message_rate");
    floor.tell(Event::Intent(Intent { sleeve: SleeveId(0), want: Want::CancelAll }));
    let cancels = floor.out.actions.iter().filter(|a| matches!(a, Action::Cancel { .. })).count();
    assert_eq!(cancels, 10);
    assert_eq!(floor.want(limited(Side::Buy, 0.1, 95.5, true)), "message_rate");
    for order in (0..10).map(|place| OrderId::new(7, place)) {
        floor.tell(Event::Order { ts: ns(floor.now), order, update: OrderUpdate::Canceled });
    }
    floor.time(11);
    floor.bar(HERE, 100.0);
    assert_eq!(floor.want(limited(Side::Buy, 0.1, 95.5, true)), "buy");
}

#[test]
fn what_was_held_counts_when_it_leaves() {
    let mut floor = Floor::of(&[("coinbase:BTC-USD", "BTC")], &[]);
    let stop = Stop { kind: StopKind::Stop, trigger: Price::new(10_100), trail: Price::new(100) };
    let terms = OrderTerms { stop: Some(stop), ..OrderTerms::default() };
    let told = |floor: &Floor| {
        let Conduct { messages, takes, .. } =
            floor.bot.state().conduct(SleeveId(0), HERE, ns(floor.now));
        (messages, takes)
    };
    assert_eq!(floor.want(Want::Trade { side: Side::Buy, qty: 1.0, limit: None, terms }), "buy");
    assert!(floor.bot.state().orders().working().all(|order| order.is_held()));
    assert_eq!(told(&floor), (0, 0), "no venue has heard of it");
    floor.now += SECOND;
    floor.bar(HERE, 102.0);
    floor.time(0);
    assert!(floor.bot.state().orders().working().all(|order| !order.is_held()));
    assert_eq!(told(&floor), (1, 1));
}

#[test]
fn cancels_without_fills_are_counted_through_the_day() {
    let mut floor = Floor::new(&[("cancels_per_fill_max", "2")]);
    for place in 0..3 {
        assert_eq!(floor.want(limited(Side::Buy, 0.1, 99.0 - f64::from(place), true)), "buy");
        let id = floor.last();
        floor.want(Want::Cancel { order: id });
        let (ts, update) = (ns(floor.now), OrderUpdate::Canceled);
        floor.tell(Event::Order { ts, order: id, update });
    }
    assert_eq!(floor.want(limited(Side::Buy, 0.1, 96.0, true)), "cancel_ratio");
    floor.time(86_400);
    floor.bar(HERE, 100.0);
    assert_eq!(floor.want(limited(Side::Buy, 0.1, 96.0, true)), "buy", "on the next day");
}

#[test]
fn losses_in_a_row_and_a_large_one_make_a_strategy_wait() {
    let limits = [("loss_streak_max", "3"), ("cooldown_s", "60")];
    let mut floor = Floor::new(&limits);
    for _ in 0..3 {
        floor.round_trip(9_990);
    }
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "loss_streak");
    floor.time(60);
    floor.bar(HERE, 100.0);
    // It may try again, and one that gains ends the row.
    floor.round_trip(10_010);
    floor.round_trip(9_990);
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "buy");

    let mut floor = Floor::new(&[("loss_order_max", "0.001"), ("cooldown_s", "60")]);
    assert_eq!(floor.want(order(Side::Buy, 15.0)), "buy");
    floor.fill(10_000);
    floor.time(4);
    floor.bar(HERE, 93.0);
    assert_eq!(floor.want(order(Side::Sell, 15.0)), "sell");
    floor.fill(9_300);
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "cool_down");
    floor.time(60);
    floor.bar(HERE, 93.0);
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "buy");
}

#[test]
fn a_fall_within_an_hour_holds_back_until_it_is_an_hour_ago() {
    let mut floor = Floor::new(&[("loss_hour_max", "0.001"), ("daily_loss_max", "0.05")]);
    assert_eq!(floor.want(order(Side::Buy, 15.0)), "buy");
    floor.fill(10_000);
    floor.time(600);
    floor.bar(HERE, 92.0);
    floor.time(1);
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "loss_velocity");
    for _ in 0..60 {
        floor.bar(HERE, 92.0);
        floor.time(60);
    }
    floor.bar(HERE, 92.0);
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "buy");
    // Money that goes out is no loss.
    let (ts, amount) = (ns(floor.now), amount("-5000"));
    floor.tell(Event::Deposit { ts, amount });
    floor.time(1);
    assert_eq!(floor.want(order(Side::Buy, 1.1)), "buy");
}

#[test]
fn a_budget_lets_through_what_was_measured_within_it_until_that_is_old() {
    let budgets = [("var_max", "0.02"), ("cvar_max", "0.03"), ("measure_age_max_s", "60")];
    let mut floor = Floor::new(&budgets);
    let second = |floor: &Floor| floor.now / SECOND;
    let told = |floor: &mut Floor, var, cvar| {
        let measure = measure(second(floor), var, cvar);
        floor.tell(Event::Measured { ts: ns(floor.now), measure });
        assert_eq!(floor.out.records, [Record::Measured { ts: ns(floor.now), measure }]);
    };
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "unmeasured");
    told(&mut floor, "0.02", "0.03");
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "buy");
    floor.fill(10_000);
    told(&mut floor, "0.02", "0.031");
    assert_eq!(floor.want(order(Side::Buy, 1.1)), "cvar_limit");
    told(&mut floor, "0.021", "0.03");
    assert_eq!(floor.want(order(Side::Buy, 1.1)), "var_limit");
    told(&mut floor, "0.001", "0.002");
    floor.time(60);
    floor.bar(HERE, 100.0);
    assert_eq!(floor.want(order(Side::Buy, 1.1)), "buy");
    floor.fill(10_000);
    floor.time(1);
    floor.bar(HERE, 100.0);
    assert_eq!(floor.want(order(Side::Buy, 1.2)), "unmeasured");
    assert_eq!(floor.want(order(Side::Sell, 1.0)), "sell", "what closes goes");
}

#[test]
fn a_measure_that_cannot_follow_is_an_error_and_changes_nothing() {
    let mut floor = Floor::new(&[("var_max", "0.02")]);
    let (now, second) = (ns(floor.now), floor.now / SECOND);
    floor.tell(Event::Measured { ts: now, measure: measure(second, "0.01", "0.01") });
    let known = floor.bot.state().measure();
    for other in [second - 1, second + 1] {
        let event = Event::Measured { ts: now, measure: measure(other, "0", "0") };
        floor.out.clear();
        assert!(floor.bot.on(&event, &mut floor.out).is_err());
        assert!(floor.out.is_empty());
        assert_eq!(floor.bot.state().measure(), known);
    }
}

#[test]
fn an_instrument_that_its_venue_does_not_trade_is_not_ordered() {
    let mut floor = Floor::of(&[("test:BTC", "BTC"), ("test:ETH", "ETH")], &[]);
    let status =
        |floor: &Floor, tradable| Event::Status { ts: ns(floor.now), instrument: HERE, tradable };
    floor.tell(status(&floor, false));
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "not_tradable");
    assert_eq!(floor.want_of(SleeveId(1), order(Side::Buy, 1.0)), "buy", "the other goes on");
    floor.tell(status(&floor, true));
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "buy");
}

#[test]
fn one_asset_at_two_venues_is_one_risk_and_has_one_price() {
    let both = [("one:BTC", "BTC"), ("two:BTC", "BTC")];
    let mut floor = Floor::of(&both, &[("group_max", "0.03")]);
    assert_eq!(floor.want(order(Side::Buy, 19.0)), "buy");
    assert_eq!(floor.want_of(SleeveId(1), order(Side::Buy, 19.0)), "by group_limit, buy");
    let mut floor = Floor::of(&both, &[]);
    floor.bar(THERE, 104.0);
    floor.time(1);
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "deviation");
    floor.bar(THERE, 102.0);
    floor.time(1);
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "buy");
    floor.fill(10_000);
    // One that fell silent says nothing.
    floor.bar(THERE, 104.0);
    floor.time(61);
    floor.bar(HERE, 100.0);
    floor.time(1);
    assert_eq!(floor.want(order(Side::Buy, 1.1)), "buy");
}

#[test]
fn what_trades_little_is_ordered_little_and_what_rests_of_ours_is_not_met() {
    let mut floor = Floor::new(&[]);
    let quote = |floor: &Floor, qty| Quote {
        instrument: HERE,
        ts: ns(floor.now),
        bid: Price::new(9_999),
        bid_qty: Qty::new(qty),
        ask: Price::new(10_001),
        ask_qty: Qty::new(qty),
    };
    floor.tell(Event::Quote(quote(&floor, 40_000)));
    assert_eq!(floor.want(order(Side::Buy, 2.0)), "by depth, buy", "a quarter of what is shown");
    let mut floor = Floor::new(&[]);
    floor.time(24 * 3_600);
    floor.tell(Event::Quote(quote(&floor, 1_000_000)));
    assert_eq!(floor.want(order(Side::Buy, 1.0)), "volume", "nothing was traded for a day");
    let kind = TickKind::Trade {
        aggressor: Side::Buy,
        price: Price::new(10_000),
        qty: Qty::new(1_000_000),
    };
    floor.tell(Event::Tick(Tick { instrument: HERE, ts: Nanos::new(floor.now), last: true, kind }));
    assert_eq!(floor.want(order(Side::Buy, 2.0)), "by volume, buy", "a hundredth of it");
    // What is held back by so little is wanted on, a minute later.
    let mut floor = Floor::new(&[]);
    floor.time(24 * 3_600);
    floor.tell(Event::Quote(quote(&floor, 1_000_000)));
    let target = Want::Target { fraction: 0.01, band: None, execution: Execution::Cross };
    assert_eq!(floor.want(target), "volume");
    floor.tell(Event::Tick(Tick { instrument: HERE, ts: ns(floor.now), last: true, kind }));
    floor.time(59);
    assert_eq!(floor.out.actions, []);
    floor.tell(Event::Quote(quote(&floor, 1_000_000)));
    floor.time(1);
    assert_eq!(floor.out.actions.len(), 1);
    let mut floor = Floor::new(&[("shorting", "true")]);
    assert_eq!(floor.want(limited(Side::Sell, 1.0, 100.5, true)), "sell");
    assert_eq!(floor.want(limited(Side::Buy, 1.0, 100.4, false)), "buy");
    assert_eq!(floor.want(limited(Side::Buy, 1.1, 100.5, false)), Refusal::SelfTrade.name());
}
