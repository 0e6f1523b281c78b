//! What a simulated venue makes of requests: amends, its filters, orders of ours that would meet
//! each other, questions.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]

mod market;

use bot4_engine::event::{
    Amendment, Event, Fill, NewOrder, OrderId, OrderTerms, Question, Side, Size, SleeveId, Stop,
    StopKind, Tick, TickKind, TimeInForce,
};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::units::{Amount, Price, Qty};
use bot4_engine::venue::{
    BLOTTER_KEPT, Deed, Filter, Lending, Matching, Paper, PaperRules, Standing, Venue,
};

use crate::market::{amount, instrument, ns, rate, row};

use Side::{Buy, Sell};

const HERE: InstrumentId = InstrumentId(0);

fn order(side: Side, qty: i64, limit: Option<i64>) -> NewOrder {
    NewOrder {
        sleeve: SleeveId(0),
        instrument: HERE,
        side,
        size: Size::Base(Qty::new(qty)),
        limit: limit.map(Price::new),
        reserve: Amount::ZERO,
        terms: OrderTerms::default(),
        replaces: None,
    }
}

const fn id(sequence: u32) -> OrderId {
    OrderId::new(0, sequence)
}

const fn to(limit: i64, qty: i64) -> Amendment {
    Amendment { limit: Price::new(limit), qty: Qty::new(qty), reserve: Amount::ZERO }
}

/// A venue that keeps its record, lends all, and trades in ticks of 5 and lots of 2.
struct Floor {
    venue: Venue,
    clock: i64,
    placed: u32,
    events: Vec<Event>,
}

fn rules() -> Instrument {
    let (tick, lot) = (Price::new(5), Qty::new(2));
    Instrument { tick, lot, notional_min: amount("0.02"), ..instrument() }
}

impl Floor {
    fn of(mut venue: Venue) -> Self {
        venue.clearing_mut().deposit(amount("1000")).unwrap();
        venue.clearing_mut().record();
        Self { venue, clock: 0, placed: 0, events: Vec::new() }
    }

    /// The book is 100.00 x 4 and 99.00 x 10 against 101.00 x 4 and 102.00 x 10.
    fn book() -> Self {
        let lending = Lending { borrowing: true, shorting: true };
        let mut floor = Self::of(Venue::Book(Matching::new(lending, vec![rules()])));
        for (side, price, qty) in
            [(Buy, 10_000, 4), (Buy, 9_900, 10), (Sell, 10_100, 4), (Sell, 10_200, 10)]
        {
            assert_eq!(floor.level(side, price, qty), "");
        }
        floor
    }

    fn bars() -> Self {
        let rules_of = PaperRules { slippage: rate("0"), borrowing: true, shorting: true };
        Self::of(Venue::Bars(Paper::new(rules_of, vec![rules()])))
    }

    /// What is done at the next moment, and what that made the venue say.
    fn said(&mut self, act: impl FnOnce(&mut Venue, i64, &mut Vec<Event>)) -> String {
        self.clock += 1;
        let from = self.events.len();
        act(&mut self.venue, self.clock, &mut self.events);
        let words = |event: &Event| {
            if let Event::Fill(Fill { order, price, qty, last, .. }) = event {
                let part = if *last { "" } else { " of more" };
                format!("{}: {}{part} at {}", order.sequence(), qty.mantissa(), price.mantissa())
            } else if let Event::Order { order, update, .. } = event {
                format!("{}: {update:?}", order.sequence())
            } else if let Event::CumQty { order, qty, .. } = event {
                format!("{}: {} in all", order.sequence(), qty.mantissa())
            } else {
                panic!("{event:?}")
            }
        };
        let words: Vec<_> = self.events[from..].iter().map(words).collect();
        words.join(", ")
    }

    fn tick(&mut self, kind: TickKind) -> String {
        self.said(|venue, ts, events| {
            let tick = Tick { instrument: HERE, ts: ns(ts), last: true, kind };
            venue.on_tick(&tick, &rules(), events).unwrap();
        })
    }

    fn level(&mut self, side: Side, price: i64, qty: i64) -> String {
        self.tick(TickKind::Level { side, price: Price::new(price), qty: Qty::new(qty) })
    }

    fn trade(&mut self, aggressor: Side, price: i64, qty: i64) -> String {
        self.tick(TickKind::Trade { aggressor, price: Price::new(price), qty: Qty::new(qty) })
    }

    /// Under the next id.
    fn place(&mut self, order: NewOrder) -> String {
        self.placed += 1;
        let id = id(self.placed - 1);
        self.said(|venue, ts, events| venue.place(id, order, ns(ts), events).unwrap())
    }

    fn amend(&mut self, sequence: u32, to: Amendment) -> String {
        let id = id(sequence);
        self.said(|venue, ts, events| venue.amend(id, to, ns(ts), events).unwrap())
    }

    fn ask(&mut self, sequence: u32, question: Question) -> String {
        let id = id(sequence);
        self.said(|venue, ts, events| venue.answer(id, question, ns(ts), events))
    }

    fn last_deed(&self) -> Deed {
        self.venue.clearing().last().unwrap().deed
    }
}

#[test]
fn an_amend_that_only_shrinks_keeps_its_place_and_any_other_goes_to_the_end() {
    // Ours joins behind 4; then 6 more come behind it.
    for (name, to, wanted) in [
        ("less", to(10_000, 4), "0: 4 at 10000"),
        ("more", to(10_000, 10), ""),
        ("elsewhere and back", to(9_900, 6), ""),
    ] {
        let mut floor = Floor::book();
        assert_eq!(floor.place(order(Buy, 6, Some(10_000))), "0: Acked", "{name}");
        assert_eq!(floor.level(Buy, 10_000, 10), "", "{name}");
        assert_eq!(floor.amend(0, to), "0: Amended", "{name}");
        assert_eq!(floor.last_deed(), Deed::Amended(to));
        assert_eq!(floor.trade(Sell, 10_000, 8), wanted, "{name}");
    }
}

#[test]
fn an_amend_is_of_the_whole_size_what_is_filled_included() {
    let mut floor = Floor::book();
    floor.place(order(Buy, 10, Some(10_000)));
    assert_eq!(floor.trade(Sell, 10_000, 8), "0: 4 of more at 10000");
    for (name, wrong) in [
        ("all that is filled", to(10_000, 4)),
        ("less than is filled", to(10_000, 2)),
        ("off the tick", to(10_001, 10)),
        ("off the lot", to(10_000, 9)),
        ("no price", to(0, 10)),
    ] {
        assert_eq!(floor.amend(0, wrong), "0: AmendRejected", "{name}");
        assert_eq!(floor.last_deed(), Deed::AmendRefused(wrong), "{name}");
    }
    assert_eq!(floor.amend(0, to(10_000, 6)), "0: Amended");
    assert_eq!(floor.trade(Sell, 10_000, 20), "0: 2 at 10000");
    assert_eq!(floor.amend(0, to(10_000, 8)), "0: AmendRejected", "it is over");
    assert_eq!(floor.amend(7, to(10_000, 8)), "7: AmendRejected", "it never was");
}

#[test]
fn an_amend_into_the_market_takes_and_one_that_must_not_is_refused() {
    let mut floor = Floor::book();
    floor.place(order(Buy, 6, Some(10_000)));
    let took = "0: Amended, 0: 4 of more at 10100";
    assert_eq!(floor.amend(0, to(10_100, 6)), took);
    assert_eq!(floor.trade(Sell, 10_095, 20), "0: 2 at 10100", "the rest lies where it was put");
    let terms = OrderTerms { post_only: true, ..OrderTerms::default() };
    assert_eq!(floor.place(NewOrder { terms, ..order(Buy, 6, Some(10_000)) }), "1: Acked");
    assert_eq!(floor.amend(1, to(10_200, 6)), "1: AmendRejected");
    assert_eq!(floor.amend(1, to(9_900, 6)), "1: Amended");
}

#[test]
fn an_order_that_waits_is_amended_where_it_waits() {
    let trigger = Stop { kind: StopKind::Stop, trigger: Price::new(9_800), trail: Price::ZERO };
    let terms = OrderTerms { stop: Some(trigger), ..OrderTerms::default() };
    let mut floor = Floor::book();
    assert_eq!(floor.place(NewOrder { terms, ..order(Sell, 6, Some(9_700)) }), "0: Acked");
    assert_eq!(floor.amend(0, to(9_900, 2)), "0: AmendRejected", "worth less than the least");
    assert_eq!(floor.amend(0, to(9_900, 4)), "0: Amended");
    assert_eq!(floor.trade(Sell, 9_800, 2), "0: 4 at 10000");
    assert_eq!(floor.place(NewOrder { terms, ..order(Sell, 6, None) }), "1: Acked, 1: 6 at 9900");
}

#[test]
fn over_bars_an_amended_limit_is_as_one_that_has_just_come() {
    let bar = |place: i64, price: f64| {
        let row = row(place, [price; 4]);
        let (open_ns, close_ns) = (ns(row.open_ns), ns(row.open_ns + 1));
        bot4_engine::event::Bar {
            instrument: HERE,
            open_ns,
            close_ns,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 1.0,
        }
    };
    let mut floor = Floor::bars();
    let trades = |floor: &mut Floor, place: i64, price: f64| {
        floor.said(|venue, _, events| {
            for part in [bot4_engine::venue::BarPart::Open, bot4_engine::venue::BarPart::Rest] {
                venue.on_part(&bar(place, price), part, events).unwrap();
            }
        })
    };
    assert_eq!(floor.place(order(Buy, 6, Some(9_000))), "0: Acked");
    assert_eq!(trades(&mut floor, 0, 100.0), "");
    assert_eq!(floor.amend(0, to(10_500, 4)), "0: Amended");
    assert_eq!(trades(&mut floor, 1, 100.0), "0: 4 at 10000", "the open, as a taker");
    assert_eq!(floor.amend(0, to(10_500, 4)), "0: AmendRejected");
    assert_eq!(floor.place(order(Buy, 6, None)), "1: Acked");
    assert_eq!(floor.amend(1, to(10_500, 4)), "1: AmendRejected", "a market order has no limit");
}

#[test]
fn the_venues_filters_refuse_what_its_rules_do_not_allow() {
    let stop = |trigger| OrderTerms {
        stop: Some(Stop { kind: StopKind::Stop, trigger: Price::new(trigger), trail: Price::ZERO }),
        ..OrderTerms::default()
    };
    let elsewhere = NewOrder { instrument: InstrumentId(3), ..order(Buy, 2, Some(10_000)) };
    let budget = |text: &str| NewOrder { size: Size::Quote(amount(text)), ..order(Buy, 2, None) };
    for (name, order, filter) in [
        ("a limit off the tick", order(Buy, 4, Some(10_001)), Filter::Tick),
        ("a limit of nothing", order(Buy, 4, Some(0)), Filter::Tick),
        ("a limit below nothing", order(Buy, 4, Some(-5)), Filter::Tick),
        (
            "a trigger off the tick",
            NewOrder { terms: stop(9_801), ..order(Sell, 4, None) },
            Filter::Tick,
        ),
        ("a size off the lot", order(Buy, 3, Some(10_000)), Filter::Lot),
        ("a size of nothing", order(Buy, 0, Some(10_000)), Filter::Lot),
        ("a budget of nothing", budget("0"), Filter::Lot),
        // 0.0002 at 100 is 0.02: at 95 it is less.
        ("worth less than the least", order(Buy, 2, Some(9_500)), Filter::Least),
        ("a budget below the least", budget("0.0199"), Filter::Least),
        ("a market that is not there", elsewhere, Filter::Unknown),
    ] {
        let mut floor = Floor::book();
        assert_eq!(floor.place(order), "0: Rejected", "{name}");
        assert_eq!(floor.last_deed(), Deed::Refused { order, filter }, "{name}");
        assert_eq!(floor.venue.resting_len(), 0, "{name}");
        assert_eq!(floor.ask(0, Question::ById), "0: Rejected", "{name}");
    }
    let mut floor = Floor::book();
    assert_eq!(floor.place(order(Buy, 2, Some(10_000))), "0: Acked", "just the least");
    assert_eq!(floor.place(budget("0.02")), "1: Acked, 1: Canceled", "it buys no lot");
}

#[test]
fn what_takes_is_worth_what_the_market_says_and_not_its_worst_price() {
    let by = |limit, tif| NewOrder {
        terms: OrderTerms { tif, ..OrderTerms::default() },
        ..order(Sell, 2, limit)
    };
    let stop = |trigger| {
        let stop = Stop { kind: StopKind::Stop, trigger: Price::new(trigger), trail: Price::ZERO };
        let terms = OrderTerms { stop: Some(stop), ..OrderTerms::default() };
        NewOrder { terms, ..order(Sell, 2, Some(5)) }
    };
    let (gtc, ioc, fok) = (TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok);
    let refused = "0: Rejected";
    for (name, traded, order, said) in [
        ("at market", 10_000, by(Some(5), ioc), "0: Acked, 0: 2 at 10000"),
        ("all or nothing", 10_000, by(Some(5), fok), "0: Acked, 0: 2 at 10000"),
        ("a limit behind the market", 10_000, by(Some(5), gtc), "0: Acked, 0: 2 at 10000"),
        ("at a market that fell", 9_995, by(Some(5), ioc), refused),
        ("a limit behind one that fell", 9_995, by(Some(5), gtc), refused),
        ("a limit before it", 9_995, by(Some(10_000), gtc), "0: Acked, 0: 2 at 10000"),
        ("at its trigger", 10_200, stop(10_000), "0: Acked"),
        ("at a trigger that is too low", 10_200, stop(9_995), refused),
    ] {
        let mut floor = Floor::book();
        assert_eq!(floor.trade(Buy, traded, 2), "");
        assert_eq!(floor.place(order), said, "{name}");
    }
    let mut floor = Floor::bars();
    assert_eq!(floor.place(by(Some(5), ioc)), "0: Acked", "no price is known yet");
    assert_eq!(floor.place(by(Some(5), gtc)), "1: Rejected", "it says what it is worth");
    assert_eq!(floor.place(stop(10_000)), "2: Acked");
    assert_eq!(floor.place(stop(9_995)), "3: Rejected");
}

#[test]
fn orders_of_ours_never_trade_with_each_other() {
    // Asks of ours lie at 100.50, before others' 101.00, and at 101.50, between those and 102.00.
    let mut floor = Floor::book();
    assert_eq!(floor.place(order(Sell, 4, Some(10_050))), "0: Acked");
    assert_eq!(floor.place(order(Sell, 4, Some(10_150))), "1: Acked");
    assert_eq!(floor.place(order(Buy, 2, Some(10_025))), "2: Acked", "it meets nobody");
    let took = "3: Acked, 0: Canceled, 3: 2 at 10100";
    assert_eq!(floor.place(order(Buy, 2, Some(10_100))), took, "not the one beyond");
    let took = "4: Acked, 4: 2 of more at 10100, 1: Canceled, 4: 4 at 10200";
    assert_eq!(floor.place(order(Buy, 6, None)), took);
    assert_eq!(
        floor.last_deed(),
        Deed::Filled {
            price: Price::new(10_200),
            qty: Qty::new(4),
            fee: amount("0.0000408"),
            last: true,
        }
    );
}

#[test]
fn what_rests_where_nobody_else_is_does_not_trade_with_ours_either() {
    let mut floor = Floor::book();
    assert_eq!(floor.place(order(Sell, 4, Some(10_050))), "0: Acked");
    // It would rest beyond ours, which lies in its way.
    assert_eq!(floor.place(order(Buy, 4, Some(10_075))), "1: Acked, 0: Canceled");
    let terms = OrderTerms { post_only: true, ..OrderTerms::default() };
    let sell = NewOrder { terms, ..order(Sell, 4, Some(10_050)) };
    assert_eq!(floor.place(sell), "2: Acked, 2: Canceled", "it would take, if only from us");
    assert_eq!(floor.venue.resting_len(), 1);
}

#[test]
fn a_question_is_answered_by_what_the_venue_did() {
    use Question::{ById, Open, Trades};
    let mut floor = Floor::book();
    for (question, wanted) in
        [(ById, "0: NotFoundById"), (Open, "0: NotFoundOpen"), (Trades, "0: NotFoundTrades")]
    {
        assert_eq!(floor.ask(0, question), wanted);
    }
    floor.place(order(Buy, 6, Some(10_100)));
    let part = "0: 4 of more at 10100";
    assert_eq!(floor.ask(0, ById), format!("{part}, 0: 4 in all, 0: Acked"));
    assert_eq!((floor.ask(0, Open), floor.ask(0, Trades)), ("0: Acked".into(), part.into()));
    floor.trade(Sell, 10_095, 10);
    let all = format!("{part}, 0: 2 at 10100");
    assert_eq!(floor.ask(0, ById), format!("{all}, 0: 6 in all"));
    assert_eq!((floor.ask(0, Open), floor.ask(0, Trades)), ("0: NotFoundOpen".into(), all));
    let told: Vec<_> =
        floor.events.iter().filter(|event| matches!(event, Event::Fill(_))).collect();
    assert_eq!(told[0], told[1], "the same trade, however often it is told");
    floor.place(order(Buy, 6, Some(9_900)));
    floor.said(|venue, ts, events| venue.cancel(id(1), ns(ts), events));
    assert_eq!(floor.ask(1, ById), "1: Canceled");
    let tif = TimeInForce::Gtd(ns(floor.clock + 2));
    let terms = OrderTerms { tif, ..OrderTerms::default() };
    floor.place(NewOrder { terms, ..order(Buy, 6, Some(9_900)) });
    floor.level(Buy, 9_000, 2);
    assert_eq!(floor.ask(2, ById), "2: Expired");
    let refused = order(Buy, 2, Some(10_000));
    floor.said(|venue, ts, events| venue.refuse(id(3), refused, ns(ts), events));
    assert_eq!(floor.last_deed(), Deed::Refused { order: refused, filter: Filter::Busy });
    assert_eq!(floor.ask(3, ById), "3: Rejected");
}

#[test]
fn an_amended_order_is_known_as_it_is() {
    let mut floor = Floor::book();
    floor.place(order(Buy, 6, Some(10_000)));
    floor.amend(0, to(9_900, 4));
    let slip = *floor.venue.clearing().blotter().slip(id(0)).unwrap();
    assert_eq!(
        (slip.order.limit, slip.order.size),
        (Some(Price::new(9_900)), Size::Base(Qty::new(4)))
    );
    assert_eq!((slip.standing, slip.cum), (Standing::Works, Qty::ZERO));
}

#[test]
fn what_is_over_is_let_go_in_the_end_and_what_works_is_not() {
    let mut floor = Floor::book();
    floor.place(order(Buy, 2, Some(10_000)));
    let kept = u32::try_from(BLOTTER_KEPT).unwrap();
    for _ in 0..3 * kept {
        floor.level(Sell, 10_100, 4);
        floor.place(order(Buy, 2, None));
    }
    let blotter = floor.venue.clearing().blotter();
    assert!(blotter.slips().count() < 3 * BLOTTER_KEPT + 1, "nothing is let go");
    assert!(blotter.deals().count() < 2 * BLOTTER_KEPT);
    let first = blotter.deals().next().unwrap().ts;
    assert!(blotter.since() <= first && blotter.since() > ns(0));
    assert_eq!(floor.ask(0, Question::Open), "0: Acked");
}
