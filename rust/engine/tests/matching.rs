//! The paper venue over a told book: what a sweep takes, who waits in which queue, what the account
//! can pay for, and its own record of all that. Long because the slow account that judges it stands
//! here too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::wildcard_enum_match_arm, reason = "what the venue must not say panics")]

mod market;

use std::collections::BTreeMap;

use bot4_engine::event::{
    Event, Fill, NewOrder, OrderId, OrderTerms, OrderUpdate, Side, Size, SleeveId, Tick, TickKind,
    TimeInForce, TradeId,
};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::units::{Amount, Price, Qty, Rounding};
use bot4_engine::venue::{Act, Deed, Lending, Matching};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::TestCaseResult;
use proptest::{prop_assert, prop_assert_eq};

use crate::market::{always, amount, instrument, ns, rate};

use Side::{Buy, Sell};

const BTC: InstrumentId = InstrumentId(0);
const ETH: InstrumentId = InstrumentId(1);

/// Makers pay less than takers.
fn rules(symbol: &str) -> Instrument {
    let named = Instrument { symbol: symbol.to_owned(), ..instrument() };
    named.with_fees(rate("0.001"), rate("0.0005"))
}

fn level(side: Side, price: i64, qty: i64) -> TickKind {
    TickKind::Level { side, price: Price::new(price), qty: Qty::new(qty) }
}

fn trade(aggressor: Side, price: i64, qty: i64) -> TickKind {
    TickKind::Trade { aggressor, price: Price::new(price), qty: Qty::new(qty) }
}

fn order(side: Side, size: Size, limit: Option<i64>) -> NewOrder {
    let (sleeve, limit) = (SleeveId(0), limit.map(Price::new));
    NewOrder {
        sleeve,
        instrument: BTC,
        side,
        size,
        limit,
        reserve: Amount::ZERO,
        terms: OrderTerms::default(),
        replaces: None,
    }
}

fn base(qty: i64) -> Size {
    Size::Base(Qty::new(qty))
}

fn quote(text: &str) -> Size {
    Size::Quote(amount(text))
}

const fn id(sequence: u32) -> OrderId {
    OrderId::new(0, sequence)
}

/// A venue that keeps its record, and a clock that goes on by one with each step.
struct Floor {
    venue: Matching,
    clock: i64,
    placed: u32,
    events: Vec<Event>,
}

impl Floor {
    /// 1,000 in cash.
    fn new(lends: bool) -> Self {
        let lending = Lending { borrowing: lends, shorting: lends };
        let mut venue = Matching::new(lending, vec![rules("test:BTC"), rules("test:ETH")]);
        venue.clearing_mut().deposit(amount("1000")).unwrap();
        venue.clearing_mut().record();
        Self { venue, clock: 0, placed: 0, events: Vec::new() }
    }

    /// The book is 100.00 x 3 and 99.00 x 10 against 101.00 x 3 and 102.00 x 10, in lots.
    fn with_book(lends: bool) -> Self {
        let mut floor = Self::new(lends);
        for (side, price, qty) in
            [(Buy, 10_000, 3), (Buy, 9_900, 10), (Sell, 10_100, 3), (Sell, 10_200, 10)]
        {
            assert_eq!(floor.tell(level(side, price, qty)), "");
        }
        floor
    }

    fn said(&mut self, from: usize) -> String {
        let words = |event: &Event| match event {
            Event::Fill(Fill { order, price, qty, last, .. }) => {
                let part = if *last { "" } else { " of more" };
                format!("{}: {}{part} at {}", order.sequence(), qty.mantissa(), price.mantissa())
            }
            Event::Order { order, update, .. } => format!("{}: {update:?}", order.sequence()),
            event => panic!("{event:?}"),
        };
        let words: Vec<_> = self.events[from..].iter().map(words).collect();
        words.join(", ")
    }

    fn tell(&mut self, kind: TickKind) -> String {
        self.clock += 1;
        let (from, ts) = (self.events.len(), ns(self.clock));
        let tick = Tick { instrument: BTC, ts, last: true, kind };
        self.venue.on_tick(&tick, &mut self.events).unwrap();
        self.said(from)
    }

    fn place_as(&mut self, id: OrderId, order: NewOrder) -> String {
        self.clock += 1;
        let from = self.events.len();
        self.venue.place(id, order, ns(self.clock), &mut self.events).unwrap();
        self.said(from)
    }

    /// Under the next id.
    fn place(&mut self, order: NewOrder) -> String {
        self.placed += 1;
        self.place_as(id(self.placed - 1), order)
    }

    fn cancel(&mut self, sequence: u32) -> String {
        self.clock += 1;
        let from = self.events.len();
        self.venue.cancel(id(sequence), ns(self.clock), &mut self.events);
        self.said(from)
    }

    fn acts(&mut self) -> Vec<Act> {
        let mut acts = Vec::new();
        self.venue.clearing_mut().take_record(&mut acts);
        acts
    }
}

#[test]
fn what_can_trade_sweeps_the_book_best_first_and_the_rest_rests_or_goes() {
    // 1,000 in cash, 0.0003 at 101 is 0.0303.
    for (name, lends, side, size, limit, wanted) in [
        ("a part of the best", false, Buy, base(2), None, "0: 2 at 10100"),
        ("all of the best", false, Buy, base(3), None, "0: 3 at 10100"),
        ("two levels", false, Buy, base(5), None, "0: 3 of more at 10100, 0: 2 at 10200"),
        (
            "more than is shown",
            false,
            Buy,
            base(20),
            None,
            "0: 3 of more at 10100, 0: 10 of more at 10200, 0: Canceled",
        ),
        ("a limit on the best", false, Buy, base(5), Some(10_100), "0: 3 of more at 10100"),
        ("a limit beyond", false, Buy, base(2), Some(11_000), "0: 2 at 10100"),
        ("a limit that reaches nothing", false, Buy, base(5), Some(10_099), ""),
        ("sells take bids", true, Sell, base(5), None, "0: 3 of more at 10000, 0: 2 at 9900"),
        ("down to a limit", true, Sell, base(5), Some(10_000), "0: 3 of more at 10000"),
        ("a sell that reaches nothing", true, Sell, base(5), Some(10_001), ""),
        ("nothing to sell", false, Sell, base(5), None, "0: Canceled"),
        ("nothing to sell at a limit", false, Sell, base(5), Some(9_900), "0: Canceled"),
        ("a budget for less than a lot", false, Buy, quote("0.01"), None, "0: Canceled"),
        // 0.0303 and a fee of 0.0000303; two lots more are 0.0204 and 0.0000204.
        (
            "a budget over two levels",
            false,
            Buy,
            quote("0.0507507"),
            None,
            "0: 3 of more at 10100, 0: 2 at 10200",
        ),
        (
            "one unit less buys one lot less",
            false,
            Buy,
            quote("0.0507506"),
            None,
            "0: 3 of more at 10100, 0: 1 at 10200",
        ),
    ] {
        let mut floor = Floor::with_book(lends);
        let wanted = ["0: Acked", wanted].join(if wanted.is_empty() { "" } else { ", " });
        assert_eq!(floor.place(order(side, size, limit)), wanted, "{name}");
        let rests = limit.is_some() && !wanted.contains("Canceled") && !wanted.contains("2 at");
        assert_eq!(floor.venue.resting_len(), usize::from(rests), "{name}");
    }
}

#[test]
fn an_order_is_treated_on_its_terms() {
    let usual = OrderTerms::default();
    let post_only = OrderTerms { post_only: true, ..usual };
    let ioc = OrderTerms { tif: TimeInForce::Ioc, ..usual };
    let fok = OrderTerms { tif: TimeInForce::Fok, ..usual };
    let reduce_only = OrderTerms { reduce_only: true, ..usual };
    for (name, side, size, limit, terms, wanted) in [
        ("it would take", Buy, base(2), Some(10_100), post_only, "0: Acked, 0: Canceled"),
        ("so would a sell", Sell, base(2), Some(10_000), post_only, "0: Acked, 0: Canceled"),
        ("it makes", Buy, base(2), Some(10_099), post_only, "0: Acked"),
        (
            "what there is at once",
            Buy,
            base(5),
            Some(10_100),
            ioc,
            "0: Acked, 0: 3 of more at 10100, 0: Canceled",
        ),
        ("not all of it", Buy, base(5), Some(10_100), fok, "0: Acked, 0: Canceled"),
        ("not all of any", Buy, base(14), None, fok, "0: Acked, 0: Canceled"),
        (
            "all of it",
            Buy,
            base(5),
            Some(10_200),
            fok,
            "0: Acked, 0: 3 of more at 10100, 0: 2 at 10200",
        ),
        (
            "all of a budget",
            Buy,
            quote("0.0405405"),
            None,
            fok,
            "0: Acked, 0: 3 of more at 10100, 0: 1 at 10200",
        ),
        ("nothing to reduce", Sell, base(2), None, reduce_only, "0: Acked, 0: Canceled"),
    ] {
        let mut floor = Floor::with_book(false);
        let got = floor.place(NewOrder { terms, ..order(side, size, limit) });
        assert_eq!(got, wanted, "{name}");
        let rests = usize::from(wanted == "0: Acked");
        assert_eq!(floor.venue.resting_len(), rests, "{name}");
    }
}

#[test]
fn a_refused_whole_takes_nothing_of_the_book() {
    let mut floor = Floor::with_book(true);
    let fok = OrderTerms { tif: TimeInForce::Fok, ..OrderTerms::default() };
    let all = NewOrder { terms: fok, ..order(Buy, base(14), None) };
    assert_eq!(floor.place(all), "0: Acked, 0: Canceled");
    let most = NewOrder { terms: fok, ..order(Buy, base(13), None) };
    assert_eq!(floor.place(most), "1: Acked, 1: 3 of more at 10100, 1: 10 at 10200");
    // 1,000 pays for 9.8910.
    let mut floor = Floor::with_book(false);
    floor.tell(level(Sell, 10_100, 1_000_000));
    let dear = NewOrder { terms: fok, ..order(Buy, base(98_911), None) };
    assert_eq!(floor.place(dear), "0: Acked, 0: Canceled");
    let paid = NewOrder { terms: fok, ..order(Buy, base(98_910), None) };
    assert_eq!(floor.place(paid), "1: Acked, 1: 98910 at 10100");
}

#[test]
fn an_order_whose_time_is_over_goes_with_the_next_word_of_its_market() {
    let mut floor = Floor::with_book(false);
    let until = |ts| OrderTerms { tif: TimeInForce::Gtd(ns(ts)), ..OrderTerms::default() };
    let limit = order(Buy, base(2), Some(9_900));
    assert_eq!(floor.place(NewOrder { terms: until(8), ..limit }), "0: Acked");
    assert_eq!(floor.place(NewOrder { terms: until(5), ..limit }), "1: Acked, 1: Expired");
    assert_eq!(floor.tell(level(Buy, 9_800, 1)), "");
    // Its price is traded at that very moment: it is over.
    assert_eq!(floor.tell(trade(Sell, 9_800, 50)), "0: Expired");
    assert_eq!(floor.cancel(0), "0: CancelRejected");
    let ends = floor.acts().iter().filter(|act| act.deed == Deed::Expired).count();
    assert_eq!(ends, 2);
}

#[test]
fn what_is_left_of_a_budget_and_buys_no_lot_ends_the_order() {
    let mut floor = Floor::with_book(false);
    // Three lots and a little; the next level costs more than the little.
    let said = floor.place(order(Buy, quote("0.04049"), None));
    assert_eq!(said, "0: Acked, 0: 3 of more at 10100, 0: Canceled");
    assert_eq!(floor.venue.resting_len(), 0);
}

#[test]
fn without_a_market_there_is_nothing_to_trade_against() {
    let mut floor = Floor::new(true);
    assert_eq!(floor.place(order(Buy, base(1), None)), "0: Acked, 0: Canceled");
    assert_eq!(floor.place(order(Sell, base(1), None)), "1: Acked, 1: Canceled");
    assert_eq!(floor.place(order(Buy, base(1), Some(1))), "2: Acked");
    let elsewhere = NewOrder { instrument: ETH, ..order(Buy, base(1), None) };
    let mut floor = Floor::with_book(true);
    assert_eq!(floor.place(elsewhere), "0: Acked, 0: Canceled", "another's book is not its book");
    assert_eq!(floor.venue.best(ETH, Buy), None);
    assert_eq!(floor.venue.best(BTC, Buy), Some(Price::new(10_000)));
    assert_eq!(floor.venue.best(BTC, Sell), Some(Price::new(10_100)));
}

#[test]
fn each_level_is_taken_once_until_it_is_told_anew() {
    let mut floor = Floor::with_book(true);
    let buy = || order(Buy, base(2), None);
    assert_eq!(floor.place(buy()), "0: Acked, 0: 2 at 10100");
    assert_eq!(floor.place(buy()), "1: Acked, 1: 1 of more at 10100, 1: 1 at 10200");
    floor.tell(level(Sell, 10_200, 1));
    floor.tell(level(Buy, 10_100, 0));
    let said = floor.place(buy());
    assert_eq!(said, "2: Acked, 2: 1 of more at 10200, 2: Canceled", "another level was told");
    floor.tell(level(Sell, 10_100, 1));
    let said = floor.place(buy());
    assert_eq!(said, "3: Acked, 3: 1 of more at 10100, 3: Canceled", "this one was");
    floor.tell(TickKind::Clear);
    assert_eq!(floor.place(buy()), "4: Acked, 4: Canceled", "an empty book");
    floor.tell(level(Sell, 10_100, 2));
    assert_eq!(floor.place(buy()), "5: Acked, 5: 2 at 10100");
}

/// A buy of five lots that rests behind three at 100.00, and what happens then.
#[test]
fn a_resting_order_waits_for_its_place_in_the_queue() {
    for (name, ticks, wanted) in [
        ("a trade ahead of it", vec![trade(Sell, 10_000, 3)], ""),
        ("one lot reaches it", vec![trade(Sell, 10_000, 4)], "0: 1 of more at 10000"),
        (
            "little by little",
            vec![trade(Sell, 10_000, 2), trade(Sell, 10_000, 2), trade(Sell, 10_000, 4)],
            "0: 1 of more at 10000, 0: 4 at 10000",
        ),
        ("all of it and more", vec![trade(Sell, 10_000, 50)], "0: 5 at 10000"),
        ("who buys takes no bid", vec![trade(Buy, 10_000, 50)], ""),
        ("a trade above", vec![trade(Sell, 10_001, 50)], ""),
        ("a trade through", vec![trade(Sell, 9_999, 2)], "0: 2 of more at 10000"),
        ("through with nothing", vec![trade(Sell, 9_999, 0)], ""),
        (
            "the level shrinks",
            vec![level(Buy, 10_000, 1), trade(Sell, 10_000, 2)],
            "0: 1 of more at 10000",
        ),
        ("is gone", vec![level(Buy, 10_000, 0), trade(Sell, 10_000, 2)], "0: 2 of more at 10000"),
        ("grows behind it", vec![level(Buy, 10_000, 90), trade(Sell, 10_000, 3)], ""),
        (
            "grows behind it and trades",
            vec![level(Buy, 10_000, 90), trade(Sell, 10_000, 4)],
            "0: 1 of more at 10000",
        ),
        ("another level shrinks", vec![level(Buy, 9_900, 0), trade(Sell, 10_000, 3)], ""),
        ("the other side's level", vec![level(Sell, 10_001, 5), trade(Sell, 10_000, 3)], ""),
        ("an ask at its price", vec![level(Sell, 10_000, 2)], "0: 2 of more at 10000"),
        ("an ask beyond it", vec![level(Sell, 9_950, 9)], "0: 5 at 10000"),
        (
            "an ask is taken once",
            vec![level(Sell, 9_950, 2), level(Sell, 9_960, 2), trade(Sell, 10_000, 3)],
            "0: 2 of more at 10000, 0: 2 of more at 10000",
        ),
        ("the market is cleared", vec![TickKind::Clear], ""),
    ] {
        let mut floor = Floor::with_book(false);
        assert_eq!(floor.place(order(Buy, base(5), Some(10_000))), "0: Acked", "{name}");
        let said: Vec<_> = ticks.into_iter().map(|kind| floor.tell(kind)).collect();
        let said: Vec<_> = said.into_iter().filter(|said| !said.is_empty()).collect();
        assert_eq!(said.join(", "), wanted, "{name}");
        let over = ["0: 5 at", "0: 4 at"].iter().any(|last| wanted.contains(last));
        assert_eq!(floor.venue.resting_len(), usize::from(!over), "{name}");
    }
}

#[test]
fn sells_wait_as_buys_do() {
    for (name, tick, wanted) in [
        ("ahead", trade(Buy, 10_100, 3), ""),
        ("reached", trade(Buy, 10_100, 5), "0: 2 of more at 10100"),
        ("through", trade(Buy, 10_101, 9), "0: 5 at 10100"),
        ("a bid at its price", level(Buy, 10_100, 1), "0: 1 of more at 10100"),
        ("a bid below it", level(Buy, 10_099, 9), ""),
    ] {
        let mut floor = Floor::with_book(true);
        assert_eq!(floor.place(order(Sell, base(5), Some(10_100))), "0: Acked", "{name}");
        assert_eq!(floor.tell(tick), wanted, "{name}");
    }
}

#[test]
fn of_two_orders_the_better_price_trades_first_and_then_the_earlier() {
    for (name, limits, tick, wanted) in [
        ("the earlier", [9_900, 9_900], trade(Sell, 9_800, 5), "0: 5 at 9900"),
        (
            "one after the other",
            [9_900, 9_900],
            trade(Sell, 9_800, 7),
            "0: 5 at 9900, 1: 2 of more at 9900",
        ),
        ("the better, though later", [9_900, 9_950], trade(Sell, 9_800, 5), "1: 5 at 9950"),
        ("the better, to a quote", [9_900, 9_950], level(Sell, 9_900, 5), "1: 5 at 9950"),
    ] {
        let mut floor = Floor::with_book(false);
        floor.tell(level(Buy, 9_900, 0));
        for limit in limits {
            floor.place(order(Buy, base(5), Some(limit)));
        }
        assert_eq!(floor.tell(tick), wanted, "{name}");
    }
}

#[test]
fn a_book_that_is_told_anew_puts_nobody_to_the_front() {
    let mut floor = Floor::with_book(false);
    floor.place(order(Buy, base(5), Some(10_000)));
    floor.tell(TickKind::Clear);
    floor.tell(level(Buy, 10_000, 3));
    assert_eq!(floor.tell(trade(Sell, 10_000, 3)), "", "the three before it are there again");
}

#[test]
fn what_is_not_there_is_not_canceled_and_what_is_there_is() {
    let mut floor = Floor::with_book(false);
    floor.place(order(Buy, base(5), Some(10_000)));
    floor.place(order(Buy, base(5), Some(9_000)));
    assert_eq!(floor.cancel(7), "7: CancelRejected");
    assert_eq!(floor.cancel(0), "0: Canceled");
    assert_eq!(floor.cancel(0), "0: CancelRejected", "twice");
    assert_eq!(floor.tell(trade(Sell, 9_999, 50)), "", "it does not trade any more");
    assert_eq!((floor.venue.resting_len(), floor.cancel(1)), (1, "1: Canceled".to_owned()));
}

#[test]
fn an_id_that_came_before_is_refused_and_not_traded() {
    let mut floor = Floor::with_book(false);
    let buy = || order(Buy, base(1), None);
    assert_eq!(floor.place_as(id(5), buy()), "5: Acked, 5: 1 at 10100");
    let cash = floor.venue.clearing().cash();
    for _ in 0..2 {
        assert_eq!(floor.place_as(id(5), buy()), "5: Rejected");
    }
    assert_eq!((floor.venue.clearing().cash(), floor.venue.resting_len()), (cash, 0));
    let deeds: Vec<_> = floor.acts().iter().map(|act| act.deed).skip(2).collect();
    assert_eq!(deeds, [Deed::Repeated; 2]);
    // One that was late on its way is no other one.
    assert!(floor.place_as(id(4), buy()).starts_with("4: Acked"));
    assert_eq!(floor.place_as(id(4), buy()), "4: Rejected");
    // The epoch of a later start stands above.
    assert!(floor.place_as(OrderId::new(1, 0), buy()).starts_with("0: Acked"));
}

#[test]
fn what_the_account_cannot_pay_for_goes() {
    // 1,000 pays for 9.8910 at 101 with 10 bp, and for 9.9950 at 100 with 5.
    let mut floor = Floor::with_book(false);
    floor.tell(level(Sell, 10_100, 1_000_000));
    let said = floor.place(order(Buy, base(200_000), None));
    assert_eq!(said, "0: Acked, 0: 98910 of more at 10100, 0: Canceled");
    assert!(!floor.venue.clearing().cash().is_negative());
    let mut floor = Floor::with_book(false);
    floor.place(order(Buy, base(99_950), Some(10_000)));
    floor.place(order(Buy, base(10), Some(10_000)));
    let said = floor.tell(trade(Sell, 9_999, 500_000));
    assert_eq!(said, "0: 99950 at 10000, 1: Canceled");
    assert_eq!(floor.venue.resting_len(), 0);
    let said = floor.place(order(Sell, base(99_960), Some(10_050)));
    assert_eq!(said, "2: Acked", "what is not there may be offered");
    let said = floor.tell(level(Buy, 10_060, 500_000));
    assert_eq!(said, "2: 99950 of more at 10050, 2: Canceled", "and is not sold");
    assert_eq!(floor.venue.clearing().positions(), [Qty::ZERO; 2]);
}

#[test]
fn what_rests_in_a_market_that_ends_expires_there_and_nowhere_else() {
    let mut floor = Floor::with_book(false);
    floor.place(order(Buy, base(5), Some(10_000)));
    floor.place(NewOrder { instrument: ETH, ..order(Buy, base(5), Some(10_000)) });
    floor.place(order(Buy, base(5), Some(9_000)));
    let from = floor.events.len();
    floor.venue.expire(BTC, ns(99), &mut floor.events);
    assert_eq!(floor.said(from), "0: Expired, 2: Expired");
    floor.venue.expire(InstrumentId(9), ns(99), &mut floor.events);
    assert_eq!(floor.venue.resting_len(), 1);
    let last = floor.acts().pop().unwrap();
    let wanted = Act { number: 5, ts: ns(99), order: id(2), deed: Deed::Expired };
    assert_eq!(last, wanted);
}

#[test]
fn an_order_in_a_market_it_does_not_have_is_refused() {
    let mut floor = Floor::with_book(true);
    let tick = Tick { instrument: InstrumentId(9), ts: ns(1), last: true, kind: TickKind::Clear };
    floor.venue.on_tick(&tick, &mut floor.events).unwrap();
    let nowhere = NewOrder { instrument: InstrumentId(9), ..order(Buy, base(1), Some(1)) };
    assert_eq!(floor.place(nowhere), "0: Rejected");
    assert_eq!((floor.events.len(), floor.venue.resting_len()), (1, 0));
}

#[test]
fn fees_are_the_takers_or_the_makers_and_rounded_up() {
    let mut floor = Floor::with_book(false);
    floor.place(order(Buy, base(3), None));
    floor.place(order(Buy, base(3), Some(9_999)));
    floor.tell(trade(Sell, 9_998, 3));
    let notional = |fill: &Fill| rules("test:BTC").notional(fill.price, fill.qty).unwrap();
    let mut fees = Vec::new();
    for event in &floor.events {
        if let Event::Fill(fill) = event {
            fees.push((fill.fee, notional(fill)));
        }
    }
    let [taken, made] = fees[..] else { panic!("{fees:?}") };
    assert_eq!(taken.0, taken.1.times(rate("0.001"), Rounding::Up).unwrap());
    assert_eq!(made.0, made.1.times(rate("0.0005"), Rounding::Up).unwrap());
}

// --- Random markets and orders. ---

/// One thing that happens to the venue.
#[derive(Debug, Clone, Copy)]
enum Step {
    Tick(TickKind),
    Place { side: Side, size: Size, limit: Option<i64> },
    Cancel(u32),
    Expire,
}

fn steps() -> impl Strategy<Value = Step> {
    let side = || prop_oneof![Just(Buy), Just(Sell)];
    let price = || 9_990_i64..10_010;
    let sized = prop_oneof![
        (1_i64..40_000).prop_map(base),
        (1_i128..3_000).prop_map(|whole| Size::Quote(Amount::new(whole * 10_i128.pow(17)))),
    ];
    prop_oneof![
        6 => (side(), price(), 0_i64..30_000)
            .prop_map(|(side, price, qty)| Step::Tick(level(side, price, qty))),
        6 => (side(), price(), 0_i64..30_000)
            .prop_map(|(side, price, qty)| Step::Tick(trade(side, price, qty))),
        4 => (side(), sized, any::<bool>(), price()).prop_map(|(side, size, limited, price)| {
            // Risk sizes neither sells nor limits in quote.
            let size = match size {
                Size::Quote(_) if side == Sell || limited => base(20_000),
                size => size,
            };
            Step::Place { side, size, limit: limited.then_some(price) }
        }),
        1 => (0_u32..30).prop_map(Step::Cancel),
        1 => Just(Step::Tick(TickKind::Clear)),
        1 => Just(Step::Expire),
    ]
}

/// What is known of an order by looking at the events alone.
#[derive(Debug, Clone, Copy)]
struct Seen {
    order: NewOrder,
    filled: i64,
    spent: Amount,
    over: bool,
}

/// A slow account and slow books, kept by adding up what the venue says.
struct Oracle {
    lends: bool,
    cash: Amount,
    position: i64,
    orders: BTreeMap<OrderId, Seen>,
    /// What is told and what we took of it since, by side and price.
    shown: BTreeMap<(bool, i64), (i64, i64)>,
}

impl Oracle {
    fn on_tick(&mut self, kind: TickKind) {
        match kind {
            TickKind::Clear => self.shown.clear(),
            TickKind::Level { side, price, qty } => {
                self.shown.insert((side == Buy, price.mantissa()), (qty.mantissa(), 0));
            }
            TickKind::Trade { .. } => {}
        }
    }

    /// What fills us while we rest was traded or quoted at our price or beyond it.
    fn explains(tick: Option<TickKind>, side: Side, limit: i64) -> bool {
        let (of, price) = match tick {
            Some(TickKind::Trade { aggressor, price, .. }) => (aggressor, price),
            Some(TickKind::Level { side, price, .. }) => (side, price),
            Some(TickKind::Clear) | None => return false,
        };
        of != side && side.sign() * (limit - price.mantissa()) >= 0
    }

    fn on_fill(&mut self, fill: &Fill, taking: bool, tick: Option<TickKind>) -> TestCaseResult {
        let seen = self.orders.get_mut(&fill.order).unwrap();
        let NewOrder { side, size, limit, .. } = seen.order;
        let (price, qty) = (fill.price.mantissa(), fill.qty.mantissa());
        prop_assert!(qty > 0 && !seen.over, "{:?}", fill);
        let notional = rules("test:BTC").notional(fill.price, fill.qty).unwrap();
        let fee = rate(if taking { "0.001" } else { "0.0005" });
        prop_assert_eq!(fill.fee, notional.times(fee, Rounding::Up).unwrap());
        seen.filled += qty;
        seen.spent = seen.spent.plus(notional).unwrap().plus(fill.fee).unwrap();
        let whole = match size {
            Size::Base(all) => {
                prop_assert!(seen.filled <= all.mantissa());
                seen.filled == all.mantissa()
            }
            Size::Quote(budget) => {
                prop_assert!(seen.spent <= budget, "{:?} of {:?}", seen.spent, budget);
                fill.last
            }
        };
        prop_assert_eq!(fill.last, whole);
        seen.over = fill.last;
        match (limit.map(Price::mantissa), taking) {
            (Some(limit), false) => {
                prop_assert_eq!(price, limit, "a maker's price is its own");
                prop_assert!(Self::explains(tick, side, limit), "{:?} by {:?}", fill, tick);
            }
            (Some(limit), true) => prop_assert!(side.sign() * (limit - price) >= 0),
            (None, _) => prop_assert!(taking, "a market order does not rest"),
        }
        if taking {
            let (told, taken) = self.shown.entry((side == Sell, price)).or_default();
            *taken += qty;
            prop_assert!(taken <= told, "{} of {} at {}", taken, told, price);
        }
        let signed = |amount: Amount| if side == Buy { amount.negated() } else { Ok(amount) };
        self.cash = self.cash.plus(signed(notional).unwrap()).unwrap().minus(fill.fee).unwrap();
        self.position += side.sign() * qty;
        prop_assert!(self.lends || (!self.cash.is_negative() && self.position >= 0));
        Ok(())
    }

    fn on_event(&mut self, event: &Event, taking: bool, tick: Option<TickKind>) -> TestCaseResult {
        match event {
            Event::Fill(fill) => self.on_fill(fill, taking, tick)?,
            Event::Order { order, update, .. } => {
                let over = matches!(update, OrderUpdate::Canceled | OrderUpdate::Expired);
                if let Some(seen) = self.orders.get_mut(order).filter(|_| over) {
                    prop_assert!(!seen.over, "{:?} {:?}", order, update);
                    seen.over = true;
                }
            }
            event => panic!("{event:?}"),
        }
        Ok(())
    }
}

/// The event that an act is told by.
fn told(act: &Act) -> Event {
    let Act { ts, order, .. } = *act;
    let update = |update| Event::Order { ts, order, update };
    match act.deed {
        Deed::Accepted(_) => update(OrderUpdate::Acked),
        Deed::Repeated | Deed::Refused { .. } => update(OrderUpdate::Rejected),
        Deed::Amended(_) => update(OrderUpdate::Amended),
        Deed::AmendRefused(_) => update(OrderUpdate::AmendRejected),
        Deed::Canceled { .. } => update(OrderUpdate::Canceled),
        Deed::NotThere => update(OrderUpdate::CancelRejected),
        Deed::Expired => update(OrderUpdate::Expired),
        Deed::Filled { price, qty, fee, last } => {
            let trade = TradeId::new(u128::from(act.number));
            Event::Fill(Fill { order, trade, ts, price, qty, fee, fee_asset: None, last })
        }
    }
}

fn check_random(lends: bool, steps: &[Step]) -> TestCaseResult {
    let mut floor = Floor::new(lends);
    let (cash, orders, shown) = (amount("1000"), BTreeMap::new(), BTreeMap::new());
    let mut oracle = Oracle { lends, cash, position: 0, orders, shown };
    for step in steps {
        let from = floor.events.len();
        let (mut taking, mut tick) = (false, None);
        match *step {
            Step::Tick(kind) => {
                tick = Some(kind);
                oracle.on_tick(kind);
                floor.tell(kind);
            }
            Step::Place { side, size, limit } => {
                let order = order(side, size, limit);
                let seen = Seen { order, filled: 0, spent: Amount::ZERO, over: false };
                oracle.orders.insert(id(floor.placed), seen);
                taking = true;
                floor.place(order);
            }
            Step::Cancel(sequence) => drop(floor.cancel(sequence)),
            Step::Expire => floor.venue.expire(BTC, ns(floor.clock), &mut floor.events),
        }
        for place in from..floor.events.len() {
            let event = floor.events[place];
            oracle.on_event(&event, taking, tick)?;
        }
        if let Some(TickKind::Trade { qty, .. } | TickKind::Level { qty, .. }) = tick {
            let one = |event: &Event| match event {
                Event::Fill(fill) => fill.qty.mantissa(),
                _ => 0,
            };
            let filled: i64 = floor.events[from..].iter().map(one).sum();
            prop_assert!(filled <= qty.mantissa(), "{} of {:?}", filled, tick);
        }
        let clearing = floor.venue.clearing();
        prop_assert_eq!(clearing.cash(), oracle.cash);
        prop_assert_eq!(clearing.positions()[0], Qty::new(oracle.position));
        let alive = oracle.orders.values().filter(|seen| !seen.over).count();
        prop_assert_eq!(floor.venue.resting_len(), alive);
    }
    let acts = floor.acts();
    let numbers: Vec<_> = acts.iter().map(|act| act.number).collect();
    prop_assert_eq!(numbers, (1..=acts.len() as u64).collect::<Vec<_>>());
    prop_assert_eq!(acts.iter().map(told).collect::<Vec<_>>(), floor.events);
    Ok(())
}

#[test]
fn whatever_happens_the_account_is_the_sum_of_the_record_and_lends_nothing() {
    always(400, vec(steps(), 1..120), |steps| check_random(false, &steps));
}

#[test]
fn whatever_happens_the_account_is_the_sum_of_the_record_where_it_lends() {
    always(400, vec(steps(), 1..120), |steps| check_random(true, &steps));
}

/// One level as a queue of single lots; ours have a number.
#[test]
fn a_queue_of_single_lots_fills_the_same_orders() {
    let size = || 0_i64..9;
    let sizes = (size(), 1_i64..9, size(), 1_i64..9, size());
    always(400, (sizes, vec(1_i64..12, 1..8)), |((first, one, second, other, third), trades)| {
        let mut floor = Floor::new(false);
        let mut queue: Vec<Option<usize>> = Vec::new();
        let mut told = 0;
        for (others, ours) in [(first, Some(one)), (second, Some(other)), (third, None)] {
            told += others;
            floor.tell(level(Buy, 10_000, told));
            queue.extend((0..others).map(|_| None));
            if let Some(ours) = ours {
                queue.extend((0..ours).map(|_| Some(floor.placed as usize)));
                floor.place(order(Buy, base(ours), Some(10_000)));
            }
        }
        let mut wanted = [0; 2];
        for traded in trades {
            floor.tell(trade(Sell, 10_000, traded));
            let gone = queue.len().min(usize::try_from(traded).unwrap());
            queue.drain(..gone).flatten().for_each(|ours| wanted[ours] += 1);
            let mut filled = [0; 2];
            for event in &floor.events {
                if let Event::Fill(fill) = event {
                    filled[fill.order.sequence() as usize] += fill.qty.mantissa();
                }
            }
            prop_assert_eq!(filled, wanted);
        }
        Ok(())
    });
}
