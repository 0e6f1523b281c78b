//! Orders that wait for a trigger, at both paper venues: when they begin, and at what they fill.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::wildcard_enum_match_arm, reason = "what the venue must not say panics")]

mod market;

use bot4_engine::event::{
    Bar, Event, Fill, NewOrder, OrderId, OrderTerms, Side, Size, SleeveId, Stop, StopKind, Tick,
    TickKind, TimeInForce,
};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::units::{Amount, Price, Qty};
use bot4_engine::venue::{Lending, Matching, Paper, PaperRules};
use proptest::collection::vec;
use proptest::prop_assert;

use crate::market::{always, amount, instrument, ns, rate};
use Side::{Buy, Sell};
use StopKind::{Stop as Loss, TakeProfit};

const HERE: InstrumentId = InstrumentId(0);

fn waiting(side: Side, kind: StopKind, trigger: i64) -> NewOrder {
    let stop = Stop { kind, trigger: Price::new(trigger), trail: Price::ZERO };
    NewOrder {
        sleeve: SleeveId(0),
        instrument: HERE,
        side,
        size: Size::Base(Qty::new(5)),
        limit: None,
        reserve: Amount::ZERO,
        terms: OrderTerms { stop: Some(stop), ..OrderTerms::default() },
        replaces: None,
    }
}

fn with_limit(limit: i64, order: NewOrder) -> NewOrder {
    NewOrder { limit: Some(Price::new(limit)), ..order }
}

fn trailing(trail: i64, mut order: NewOrder) -> NewOrder {
    if let Some(stop) = &mut order.terms.stop {
        stop.trail = Price::new(trail);
    }
    order
}

fn reducing(mut order: NewOrder) -> NewOrder {
    order.terms.reduce_only = true;
    order
}

fn words(events: &[Event]) -> String {
    let word = |event: &Event| match event {
        Event::Fill(Fill { order, price, qty, .. }) => {
            format!("{}: {} at {}", order.sequence(), qty.mantissa(), price.mantissa())
        }
        Event::Order { order, update, .. } => format!("{}: {}", order.sequence(), update.name()),
        event => panic!("{event:?}"),
    };
    events.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// Five lots held, a market that slips by a hundredth of a percent.
struct Bars {
    venue: Paper,
    clock: i64,
    placed: u32,
}

impl Bars {
    fn new() -> Self {
        let rules = PaperRules { slippage: rate("0.0001"), borrowing: true, shorting: true };
        let mut venue = Paper::new(rules, vec![instrument()]);
        venue.clearing_mut().deposit(amount("1000")).unwrap();
        let mut bars = Self { venue, clock: 0, placed: 0 };
        bars.place(NewOrder { terms: OrderTerms::default(), ..waiting(Buy, Loss, 1) });
        assert_eq!(bars.bar([100.0; 4]), "0: 5 at 10001");
        bars
    }

    fn place(&mut self, order: NewOrder) {
        let id = OrderId::new(0, self.placed);
        self.placed += 1;
        self.venue.place(id, order, ns(self.clock)).unwrap();
    }

    /// Open, high, low, close.
    fn bar(&mut self, [open, high, low, close]: [f64; 4]) -> String {
        let (open_ns, close_ns) = (ns(self.clock), ns(self.clock + 10));
        self.clock += 10;
        let bar = Bar { instrument: HERE, open_ns, close_ns, open, high, low, close, volume: 1.0 };
        let mut events = Vec::new();
        self.venue.on_bar(&bar, &mut events).unwrap();
        words(&events)
    }
}

#[test]
fn over_bars_it_begins_at_its_trigger_or_at_an_open_beyond_it() {
    type Case<'a> = (&'a str, NewOrder, [[f64; 4]; 2], &'a str);
    let quiet = [100.0, 104.0, 96.0, 100.0];
    let table: &[Case<'_>] = &[
        ("not reached", waiting(Sell, Loss, 9_500), [quiet, quiet], "; "),
        ("at the low", waiting(Sell, Loss, 9_600), [quiet, quiet], "1: 5 at 9599; "),
        ("a gap", waiting(Sell, Loss, 9_500), [quiet, [90.0; 4]], "; 1: 5 at 8999"),
        ("a buy", waiting(Buy, Loss, 10_400), [quiet, quiet], "1: 5 at 10401; "),
        ("profit", waiting(Sell, TakeProfit, 10_300), [quiet, quiet], "1: 5 at 10299; "),
        (
            "a better open",
            waiting(Sell, TakeProfit, 10_500),
            [quiet, [110.0; 4]],
            "; 1: 5 at 10999",
        ),
        ("a buy's", waiting(Buy, TakeProfit, 9_700), [quiet, quiet], "1: 5 at 9701; "),
        (
            "a limit that it keeps to",
            with_limit(9_600, waiting(Sell, Loss, 9_600)),
            [quiet, [95.0, 97.0, 95.0, 97.0]],
            // Triggered and not had at 96: from the next bar on it rests there.
            "; 1: 5 at 9600",
        ),
        (
            "a gap beyond its limit",
            with_limit(9_400, waiting(Sell, Loss, 9_500)),
            [[90.0, 93.0, 90.0, 92.0], [92.0, 95.0, 92.0, 95.0]],
            "; 1: 5 at 9400",
        ),
        (
            "a gap, and back within the bar",
            with_limit(9_400, waiting(Sell, Loss, 9_500)),
            [[90.0, 95.0, 90.0, 92.0], quiet],
            "1: 5 at 9400; ",
        ),
    ];
    for (name, order, [first, second], wanted) in table {
        let mut bars = Bars::new();
        bars.place(*order);
        assert_eq!(format!("{}; {}", bars.bar(*first), bars.bar(*second)), *wanted, "{name}");
    }
}

#[test]
fn over_bars_a_stop_comes_before_what_takes_profit_and_after_what_opens() {
    let mut bars = Bars::new();
    bars.place(reducing(waiting(Sell, TakeProfit, 10_400)));
    bars.place(reducing(waiting(Sell, Loss, 9_600)));
    let wide = [100.0, 106.0, 94.0, 100.0];
    // The profit has nothing left to close.
    assert_eq!(bars.bar(wide), "2: 5 at 9599, 1: canceled");
    bars.place(reducing(waiting(Sell, Loss, 9_600)));
    let entry = NewOrder { terms: OrderTerms::default(), ..waiting(Buy, Loss, 1) };
    bars.place(with_limit(9_800, entry));
    assert_eq!(bars.bar(wide), "4: 5 at 9800, 3: 5 at 9599", "in and out within one bar");
}

#[test]
fn over_bars_a_trigger_that_trails_follows_and_never_goes_back() {
    let order = || trailing(300, waiting(Sell, Loss, 9_700));
    let rising = [100.0, 104.0, 99.0, 104.0];
    let mut bars = Bars::new();
    bars.place(order());
    assert_eq!(bars.bar(rising), "", "101 now");
    assert_eq!(bars.bar([104.0, 104.0, 102.0, 103.0]), "");
    assert_eq!(bars.bar([103.0, 103.0, 100.0, 102.0]), "1: 5 at 10099");
    let mut bars = Bars::new();
    bars.place(order());
    assert_eq!(bars.bar([100.0, 104.0, 98.0, 100.0]), "1: 5 at 10099", "it closed beyond the new");
    let mut bars = Bars::new();
    bars.place(order());
    assert_eq!(bars.bar([100.0, 104.0, 98.0, 102.0]), "", "the low may have been first");
    let mut bars = Bars::new();
    bars.place(order());
    assert_eq!(bars.bar([100.0, 110.0, 97.0, 110.0]), "1: 5 at 9699", "the old one was reached");
    let mut bars = Bars::new();
    bars.place(trailing(300, waiting(Buy, Loss, 10_300)));
    assert_eq!(bars.bar([100.0, 101.0, 96.0, 96.0]), "", "99 now");
    assert_eq!(bars.bar([96.0, 99.0, 96.0, 98.0]), "1: 5 at 9901");
}

#[test]
fn over_bars_what_waits_is_canceled_and_ends_at_its_time() {
    let mut bars = Bars::new();
    bars.place(waiting(Sell, Loss, 9_500));
    let canceled = bars.venue.cancel(OrderId::new(0, 1), ns(bars.clock));
    assert_eq!(words(&[canceled]), "1: canceled");
    let mut order = with_limit(9_400, waiting(Sell, Loss, 9_500));
    order.terms.tif = TimeInForce::Gtd(ns(bars.clock + 15));
    bars.place(order);
    assert_eq!([bars.bar([100.0; 4]), bars.bar([90.0; 4])], ["", "2: expired"]);
}

/// A book of 100 x 10 and 99 x 10 against 101 x 10, and five lots held.
struct Floor {
    venue: Matching,
    clock: i64,
    placed: u32,
}

impl Floor {
    fn new() -> Self {
        let lending = Lending { borrowing: true, shorting: true };
        let mut venue = Matching::new(lending, vec![instrument()]);
        venue.clearing_mut().deposit(amount("1000")).unwrap();
        let mut floor = Self { venue, clock: 0, placed: 0 };
        for (side, price) in [(Buy, 10_000), (Buy, 9_900), (Sell, 10_100)] {
            let (price, qty) = (Price::new(price), Qty::new(10));
            floor.tell(TickKind::Level { side, price, qty });
        }
        let entry = NewOrder { terms: OrderTerms::default(), ..waiting(Buy, Loss, 1) };
        assert_eq!(floor.place(entry), "0: acked, 0: 5 at 10100");
        floor
    }

    fn tell(&mut self, kind: TickKind) -> String {
        self.clock += 1;
        let tick = Tick { instrument: HERE, ts: ns(self.clock), last: true, kind };
        let mut events = Vec::new();
        self.venue.on_tick(&tick, &mut events).unwrap();
        words(&events)
    }

    /// Others trade a lot.
    fn trade(&mut self, price: i64) -> String {
        let (price, qty) = (Price::new(price), Qty::new(1));
        self.tell(TickKind::Trade { aggressor: Sell, price, qty })
    }

    fn place(&mut self, order: NewOrder) -> String {
        self.clock += 1;
        let (id, mut events) = (OrderId::new(0, self.placed), Vec::new());
        self.placed += 1;
        self.venue.place(id, order, ns(self.clock), &mut events).unwrap();
        words(&events)
    }
}

#[test]
fn over_a_book_it_begins_with_the_trade_that_comes_to_its_trigger() {
    let mut floor = Floor::new();
    assert_eq!(floor.place(waiting(Sell, Loss, 9_950)), "1: acked");
    assert_eq!(floor.venue.resting_len(), 1);
    assert_eq!(floor.trade(9_951), "");
    assert_eq!(floor.trade(9_950), "1: 5 at 10000", "what the book shows");
    // The market is there already: it begins at once.
    assert_eq!(floor.place(waiting(Sell, Loss, 9_960)), "2: acked, 2: 5 at 10000");
    // A limit that cannot be had rests.
    let order = with_limit(10_050, waiting(Sell, Loss, 9_900));
    assert_eq!(floor.place(order), "3: acked");
    assert_eq!(floor.trade(9_900), "");
    let (price, qty) = (Price::new(10_051), Qty::new(1));
    let bought = floor.tell(TickKind::Trade { aggressor: Buy, price, qty });
    assert_eq!(bought, "3: 1 at 10050");
}

#[test]
fn over_a_book_stops_come_first_and_triggers_trail() {
    let mut floor = Floor::new();
    floor.place(reducing(waiting(Sell, TakeProfit, 9_900)));
    floor.place(reducing(waiting(Buy, TakeProfit, 9_900)));
    floor.place(trailing(100, reducing(waiting(Sell, Loss, 9_800))));
    // 99.50 is above what takes profit at once: nothing was traded before they came.
    assert_eq!(floor.trade(9_850), "2: canceled", "nothing to buy back");
    assert_eq!(floor.trade(9_950), "1: 5 at 10000");
    let mut floor = Floor::new();
    floor.place(trailing(100, reducing(waiting(Sell, Loss, 9_800))));
    assert_eq!([floor.trade(10_050), floor.trade(9_960)], ["", ""], "99.50 now");
    assert_eq!(floor.trade(9_950), "1: 5 at 10000");
}

#[test]
fn over_a_book_what_waits_is_canceled_and_expires() {
    let mut floor = Floor::new();
    floor.place(waiting(Sell, Loss, 9_000));
    let mut events = Vec::new();
    floor.venue.cancel(OrderId::new(0, 1), ns(floor.clock), &mut events);
    assert_eq!((words(&events).as_str(), floor.venue.resting_len()), ("1: canceled", 0));
    floor.place(waiting(Sell, Loss, 9_000));
    events.clear();
    floor.venue.expire(HERE, ns(floor.clock), &mut events);
    assert_eq!((words(&events).as_str(), floor.venue.resting_len()), ("2: expired", 0));
}

#[test]
fn a_stop_never_fills_before_the_market_was_there() {
    let bar = (9_000_i64..11_000, 0_i64..300, 0_i64..300, 0_i64..=100);
    let (trigger, trail) = (9_500_i64..10_000, 0_i64..200);
    always(300, (vec(bar, 1..20), trigger, trail), |(rows, trigger, trail)| {
        let mut bars = Bars::new();
        bars.place(trailing(trail, waiting(Sell, Loss, trigger)));
        let (mut best, mut filled) = (trigger + trail, false);
        for (open, up, down, part) in rows {
            let (high, low) = (open + up, open - down);
            let close = low + (high - low) * part / 100;
            let price = |steps: i64| steps as f64 / 100.0;
            let got = bars.bar([open, high, low, close].map(price));
            let old = if trail > 0 { best - trail } else { trigger };
            best = best.max(high);
            let new = if trail > 0 { best - trail } else { trigger };
            if !filled {
                // It must where the old trigger was touched, may where the new one was.
                prop_assert!(!(low <= old && got.is_empty()), "{got}");
                prop_assert!(got.is_empty() || low <= new, "{got}");
                filled = !got.is_empty();
            } else {
                prop_assert!(got.is_empty(), "once: {got}");
            }
        }
        Ok(())
    });
}
