//! A venue's report of the account against ours: each kind of difference, one at a time.
//!
//! Long because there are so many.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::wildcard_enum_match_arm, reason = "the few events that a report leads to")]

mod market;

use bot4_engine::asset::Asset;
use bot4_engine::event::{
    Amendment, Event, Fill, NewOrder, OrderId, OrderTerms, OrderUpdate, Side, Size, SleeveId,
    TradeId, Unexplained,
};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::journal::{Record, State};
use bot4_engine::order::OrderState;
use bot4_engine::reconcile::{
    Difference, Reconciled, ReportError, ReportedBalance, ReportedFill, ReportedFills,
    ReportedOrder, ReportedPosition, ReportedState, VenueReport, reconcile,
};
use bot4_engine::units::{Amount, Price, Qty};

use crate::market::{SECOND, amount, instrument, ns};

const HERE: InstrumentId = InstrumentId(0);
const EPOCH: u32 = 7;

/// What is known.
struct Desk {
    state: State,
}

impl Desk {
    fn new() -> Self {
        Self::of(vec![instrument()])
    }

    fn of(instruments: Vec<Instrument>) -> Self {
        let mut desk = Self { state: State::new(instruments, 1, EPOCH) };
        desk.keep(Record::Deposit { ts: ns(SECOND), amount: amount("1000") });
        desk
    }

    fn keep(&mut self, record: Record) {
        self.state.apply(&record).unwrap();
    }

    /// An order of 10 lots at 1.00, written down and sent at that second.
    fn place(&mut self, sequence: u32, side: Side, second: i64) {
        let reserve = if side == Side::Buy { amount("1") } else { Amount::ZERO };
        let order = NewOrder {
            sleeve: SleeveId(0),
            instrument: HERE,
            side,
            size: Size::Base(Qty::new(10)),
            limit: Some(Price::new(100)),
            reserve,
            terms: OrderTerms::default(),
            replaces: None,
        };
        self.keep(Record::Placed {
            ts: ns(second * SECOND),
            id: id(sequence),
            order,
            judged: None,
        });
        self.say(sequence, OrderUpdate::Sent, second);
    }

    fn say(&mut self, sequence: u32, update: OrderUpdate, second: i64) {
        self.keep(Record::Update { ts: ns(second * SECOND), order: id(sequence), update });
    }

    /// What the report comes to, told.
    fn hear(&mut self, report: &VenueReport) -> Reconciled {
        let told = reconcile(&self.state, report).unwrap();
        for event in &told.events {
            self.keep(record(event));
        }
        let again = reconcile(&self.state, report).unwrap();
        assert_eq!(again.events, [], "the same report twice changes nothing");
        told
    }

    fn order(&self, sequence: u32) -> (OrderState, i64) {
        let order = self.state.orders().get(id(sequence)).unwrap();
        (order.state(), order.filled().mantissa())
    }

    fn frozen(&self) -> Option<Unexplained> {
        self.state.frozen(HERE)
    }

    fn position(&self) -> i64 {
        self.state.portfolio().position(HERE).qty.mantissa()
    }
}

fn id(sequence: u32) -> OrderId {
    OrderId::new(EPOCH, sequence)
}

fn record(event: &Event) -> Record {
    match *event {
        Event::Order { ts, order, update } => Record::Update { ts, order, update },
        Event::CumQty { ts, order, qty } => Record::CumQty { ts, order, qty },
        Event::Fill(fill) => Record::Fill(fill),
        Event::Booked(entry) => Record::Booked { entry, worth: Amount::ZERO },
        Event::Freeze { ts, instrument, why } => Record::Freeze { ts, instrument, why },
        ref other => panic!("no report leads to {other:?}"),
    }
}

/// Asked for at that second and answered within it; nothing is there.
fn nothing(second: i64) -> VenueReport {
    let (asked_ts, ts) = (ns(second * SECOND), ns(second * SECOND + SECOND / 2));
    VenueReport {
        orders: Some(Vec::new()),
        fills: Some(ReportedFills { since: ns(0), all: Vec::new() }),
        ..VenueReport::failed("test", asked_ts, ts)
    }
}

fn listed(name: &str, state: ReportedState, cum: i64) -> ReportedOrder {
    ReportedOrder {
        name: name.to_owned(),
        state,
        cum: Qty::new(cum),
        instrument: HERE,
        side: Side::Buy,
        limit: Some(Price::new(100)),
        qty: Some(Qty::new(10)),
    }
}

fn ours(sequence: u32, state: ReportedState, cum: i64) -> ReportedOrder {
    listed(&id(sequence).client_text(), state, cum)
}

fn traded(name: &str, trade: u128, qty: i64, second: i64) -> ReportedFill {
    ReportedFill {
        ts: ns(second * SECOND),
        instrument: HERE,
        trade: TradeId::new(trade),
        order: name.to_owned(),
        side: Side::Buy,
        price: Price::new(100),
        qty: Qty::new(qty),
        fee: Amount::ZERO,
        fee_asset: None,
    }
}

impl Desk {
    fn with_open_order() -> Self {
        let mut desk = Self::new();
        desk.place(0, Side::Buy, 10);
        desk.say(0, OrderUpdate::Acked, 10);
        desk
    }
}

fn with_orders(second: i64, orders: &[ReportedOrder]) -> VenueReport {
    VenueReport { orders: Some(orders.to_vec()), ..nothing(second) }
}

fn with_fills(report: VenueReport, fills: &[ReportedFill]) -> VenueReport {
    let all = fills.to_vec();
    VenueReport { fills: Some(ReportedFills { since: ns(0), all }), ..report }
}

fn with_position(report: VenueReport, qty: i64) -> VenueReport {
    let positions = Some(vec![ReportedPosition { instrument: HERE, qty: Qty::new(qty) }]);
    VenueReport { positions, ..report }
}

fn updates(told: &Reconciled) -> Vec<OrderUpdate> {
    let update = |event: &Event| match event {
        Event::Order { update, .. } => Some(*update),
        _ => None,
    };
    told.events.iter().filter_map(update).collect()
}

#[test]
fn a_question_that_failed_concludes_nothing() {
    let mut desk = Desk::with_open_order();
    for report in [
        VenueReport::failed("test", ns(60 * SECOND), ns(61 * SECOND)),
        VenueReport { orders: None, ..nothing(60) },
        VenueReport { orders: None, ..with_fills(nothing(60), &[]) },
    ] {
        assert_eq!(desk.hear(&report), Reconciled::default());
    }
    assert_eq!(updates(&desk.hear(&nothing(60))), [OrderUpdate::Unanswered]);
}

#[test]
fn an_ack_and_fills_that_were_lost_are_told_again() {
    let mut desk = Desk::new();
    desk.place(0, Side::Buy, 10);
    desk.say(0, OrderUpdate::Unanswered, 15);
    let name = id(0).client_text();
    let fills = [traded(&name, 2, 4, 12), traded(&name, 1, 3, 11)];
    let report = with_fills(with_orders(20, &[ours(0, ReportedState::Open, 7)]), &fills);
    let told = desk.hear(&report);
    assert_eq!(told.findings.unexplained, []);
    assert_eq!((desk.order(0), desk.position()), ((OrderState::PartiallyFilled, 7), 7));
}

#[test]
fn what_is_sized_in_quote_is_done_when_its_venue_says_so() {
    let name = id(0).client_text();
    for booked in [false, true] {
        let mut desk = Desk::new();
        let (sleeve, instrument, side) = (SleeveId(0), HERE, Side::Buy);
        let (size, reserve) = (Size::Quote(amount("1")), amount("1"));
        let (limit, terms, replaces) = (None, OrderTerms::default(), None);
        let order = NewOrder { sleeve, instrument, side, size, limit, reserve, terms, replaces };
        desk.keep(Record::Placed { ts: ns(10 * SECOND), id: id(0), order, judged: None });
        let done = ReportedOrder { limit: None, qty: None, ..ours(0, ReportedState::Filled, 9) };
        let fills = [traded(&name, 1, 4, 11), traded(&name, 2, 5, 12)];
        if booked {
            let open = ReportedOrder { state: ReportedState::Open, ..done.clone() };
            desk.hear(&with_fills(with_orders(20, &[open]), &fills));
            assert_eq!(desk.order(0), (OrderState::PartiallyFilled, 9));
        }
        desk.hear(&with_fills(with_orders(30, &[done]), &fills));
        let over = if booked { OrderState::Canceled } else { OrderState::Filled };
        assert_eq!((desk.order(0), desk.frozen()), ((over, 9), None));
        assert_eq!(desk.state.exposure(HERE).working_buy, Amount::ZERO);
    }
}

#[test]
fn what_is_filled_beyond_its_trades_is_held_and_then_freezes() {
    let mut desk = Desk::with_open_order();
    let report = |second| with_orders(second, &[ours(0, ReportedState::Canceled, 4)]);
    desk.hear(&report(20));
    assert_eq!(desk.order(0), (OrderState::Canceled, 0));
    assert_eq!(desk.state.exposure(HERE).working_buy, amount("1"), "what it may have bought");
    // Too soon: trades may be listed late.
    desk.hear(&report(22));
    assert_eq!(desk.frozen(), None);
    let told = desk.hear(&report(30));
    assert_eq!(desk.frozen(), Some(Unexplained::Fill));
    assert_eq!(told.findings.unexplained, [(HERE, Difference::Owed(id(0), Qty::new(4)))]);
    // Its trades come after all: booked; that it was frozen stays for a person to lift.
    desk.hear(&with_fills(report(40), &[traded(&id(0).client_text(), 1, 4, 11)]));
    assert_eq!(desk.state.exposure(HERE).working_buy, Amount::ZERO);
    assert_eq!((desk.position(), desk.frozen()), (4, Some(Unexplained::Fill)));
}

#[test]
fn an_end_with_less_filled_than_was_booked_freezes() {
    let mut desk = Desk::with_open_order();
    desk.keep(Record::Fill(Fill {
        order: id(0),
        trade: TradeId::new(1),
        ts: ns(11 * SECOND),
        price: Price::new(100),
        qty: Qty::new(6),
        fee: Amount::ZERO,
        fee_asset: None,
        last: false,
    }));
    desk.hear(&with_orders(20, &[ours(0, ReportedState::Open, 2)]));
    assert_eq!(desk.frozen(), None, "a list may be older than what we heard");
    desk.hear(&with_orders(20, &[ours(0, ReportedState::Canceled, 2)]));
    assert_eq!(
        (desk.order(0), desk.frozen()),
        ((OrderState::Canceled, 6), Some(Unexplained::Fill))
    );
}

#[test]
fn an_order_that_vanished_is_gone_only_by_questions_behind_the_fence() {
    let mut desk = Desk::with_open_order();
    assert_eq!(updates(&desk.hear(&nothing(20))), [OrderUpdate::Unanswered]);
    assert_eq!(updates(&desk.hear(&nothing(30))), [], "the fence is at 33.5 s");
    let found = [OrderUpdate::NotFoundOpen, OrderUpdate::NotFoundTrades];
    assert_eq!(updates(&desk.hear(&nothing(34))), found);
    let gone = Record::Update { ts: ns(34 * SECOND), order: id(0), update: OrderUpdate::Gone };
    desk.state.apply(&gone).unwrap_err();
    let report = VenueReport { absent: vec![id(0)], ..nothing(40) };
    assert_eq!(updates(&desk.hear(&report)), [OrderUpdate::NotFoundById]);
    desk.keep(gone);
    assert_eq!(desk.order(0), (OrderState::Canceled, 0));
}

#[test]
fn trades_that_do_not_reach_back_to_an_order_are_no_evidence() {
    let mut desk = Desk::new();
    desk.place(0, Side::Buy, 10);
    desk.say(0, OrderUpdate::Unanswered, 15);
    let late = ReportedFills { since: ns(11 * SECOND), all: Vec::new() };
    let report = VenueReport { fills: Some(late), ..nothing(60) };
    assert_eq!(updates(&desk.hear(&report)), [OrderUpdate::NotFoundOpen]);
}

#[test]
fn an_order_on_its_way_is_not_doubted() {
    let mut desk = Desk::new();
    desk.place(0, Side::Buy, 10);
    assert_eq!(updates(&desk.hear(&nothing(11))), []);
    desk.say(0, OrderUpdate::Acked, 12);
    assert_eq!(updates(&desk.hear(&nothing(13))), [], "lists may lag behind an ack");
    assert_eq!(updates(&desk.hear(&nothing(9))), [], "asked before it was sent");
}

#[test]
fn an_order_that_never_arrived_and_is_being_canceled_comes_into_doubt() {
    let mut desk = Desk::new();
    desk.place(0, Side::Buy, 10);
    desk.say(0, OrderUpdate::CancelSent, 11);
    assert_eq!(updates(&desk.hear(&nothing(20))), [OrderUpdate::Unanswered]);
    let found = [OrderUpdate::NotFoundOpen, OrderUpdate::NotFoundTrades];
    assert_eq!(updates(&desk.hear(&nothing(40))), found);
}

#[test]
fn a_doubt_that_began_after_the_questions_is_not_ended_by_their_answers() {
    let mut desk = Desk::with_open_order();
    desk.say(0, OrderUpdate::Unanswered, 30);
    desk.hear(&with_orders(25, &[ours(0, ReportedState::Open, 0)]));
    assert_eq!(desk.order(0).0, OrderState::Unknown);
    desk.hear(&with_orders(31, &[ours(0, ReportedState::Open, 0)]));
    assert_eq!(desk.order(0).0, OrderState::Open);
}

#[test]
fn an_amend_that_was_not_answered_is_told_by_the_terms() {
    let amended = |limit| ReportedOrder {
        limit: Some(Price::new(limit)),
        qty: Some(Qty::new(if limit == 90 { 20 } else { 10 })),
        ..ours(0, ReportedState::Open, 0)
    };
    let asked = || {
        let mut desk = Desk::with_open_order();
        let (limit, qty, reserve) = (Price::new(90), Qty::new(20), amount("2"));
        let (ts, order) = (ns(12 * SECOND), id(0));
        desk.keep(Record::Amend { ts, order, to: Amendment { limit, qty, reserve } });
        desk.say(0, OrderUpdate::Unanswered, 17);
        desk
    };
    let mut taken = asked();
    let told = taken.hear(&with_orders(20, &[amended(90)]));
    assert_eq!(updates(&told), [OrderUpdate::Amended, OrderUpdate::Acked]);
    let order = *taken.state.orders().get(id(0)).unwrap();
    assert_eq!(
        (order.state(), order.new_order().size),
        (OrderState::Open, Size::Base(Qty::new(20)))
    );

    let mut not_taken = asked();
    assert_eq!(updates(&not_taken.hear(&with_orders(20, &[amended(100)]))), [], "on its way");
    assert_eq!(not_taken.state.exposure(HERE).working_buy, amount("2"), "the larger of both");
    let told = not_taken.hear(&with_orders(30, &[amended(100)]));
    assert_eq!(updates(&told), [OrderUpdate::AmendRejected, OrderUpdate::Acked]);
    assert_eq!(not_taken.state.exposure(HERE).working_buy, amount("1"));

    let mut neither = asked();
    neither.hear(&with_orders(30, &[amended(95)]));
    assert_eq!(neither.frozen(), Some(Unexplained::Order));
}

#[test]
fn both_legs_of_a_replacement_are_settled_by_themselves() {
    let mut desk = Desk::with_open_order();
    desk.say(0, OrderUpdate::CancelSent, 12);
    desk.place(1, Side::Buy, 12);
    let first = ours(0, ReportedState::Canceled, 0);
    desk.hear(&with_orders(14, &[first, ours(1, ReportedState::Rejected, 0)]));
    assert_eq!((desk.order(0).0, desk.order(1).0), (OrderState::Canceled, OrderState::Rejected));
    assert_eq!(desk.state.exposure(HERE).working_buy, Amount::ZERO);
}

#[test]
fn an_order_that_came_back_freezes() {
    let mut desk = Desk::with_open_order();
    desk.say(0, OrderUpdate::Canceled, 12);
    let report = |second| with_orders(second, &[ours(0, ReportedState::Open, 0)]);
    desk.hear(&report(13));
    assert_eq!(desk.frozen(), None, "a list may lag behind a cancel");
    let told = desk.hear(&report(20));
    assert_eq!(told.findings.unexplained, [(HERE, Difference::Returned(id(0)))]);
    assert_eq!(desk.frozen(), Some(Unexplained::Order));
}

#[test]
fn an_order_that_was_filled_between_two_questions_did_not_come_back() {
    let mut desk = Desk::with_open_order();
    let report = with_orders(20, &[ours(0, ReportedState::Open, 3)]);
    let fills = [traded(&id(0).client_text(), 1, 3, 12), traded(&id(0).client_text(), 2, 7, 20)];
    desk.hear(&with_fills(report, &fills));
    assert_eq!((desk.order(0), desk.frozen()), ((OrderState::Filled, 10), None));
}

#[test]
fn foreign_orders_are_named_and_ids_of_ours_without_a_record_freeze() {
    let mut desk = Desk::with_open_order();
    let own = ours(0, ReportedState::Open, 0);
    let theirs = listed("web_1", ReportedState::Open, 0);
    let later = listed(&OrderId::new(EPOCH + 1, 0).client_text(), ReportedState::Open, 0);
    let report = with_orders(20, &[theirs.clone(), own.clone(), later.clone()]);
    let told = desk.hear(&with_fills(report, &[traded("web_1", 9, 2, 14)]));
    assert_eq!(told.events, [Event::Booked(told.findings.booked[0])]);
    assert_eq!(told.findings.foreign_orders, [later, theirs]);
    assert_eq!((desk.position(), desk.frozen()), (2, None), "booked, and nothing to explain");

    let lost = ours(5, ReportedState::Open, 0);
    let told = desk.hear(&with_orders(20, &[own, lost]));
    assert_eq!(told.findings.unexplained, [(HERE, Difference::Unrecorded(id(5)))]);
    assert_eq!(desk.frozen(), Some(Unexplained::Order));
}

#[test]
fn a_position_that_is_not_ours_freezes_until_it_agrees() {
    let mut desk = Desk::new();
    let told = desk.hear(&with_position(nothing(20), 3));
    let (ours, theirs) = (Qty::ZERO, Qty::new(3));
    assert_eq!(told.findings.unexplained, [(HERE, Difference::Position { ours, theirs })]);
    assert_eq!(desk.frozen(), Some(Unexplained::Position));
    desk.hear(&nothing(25));
    assert_eq!(desk.frozen(), Some(Unexplained::Position), "positions were not asked for");
    desk.hear(&with_position(nothing(30), 0));
    assert_eq!(desk.frozen(), None);
}

#[test]
fn a_position_is_not_judged_while_fills_come_in() {
    let mut desk = Desk::with_open_order();
    let order = || ours(0, ReportedState::Open, 3);
    let fills = [traded(&id(0).client_text(), 1, 3, 19)];
    let report = with_fills(with_orders(20, &[order()]), &fills);
    desk.hear(&with_position(report.clone(), 0));
    assert_eq!((desk.position(), desk.frozen()), (3, None), "filled between the questions");
    let later = VenueReport { asked_ts: ns(30 * SECOND), ts: ns(31 * SECOND), ..report };
    desk.hear(&with_position(later.clone(), 0));
    assert_eq!(desk.frozen(), Some(Unexplained::Position));
    desk.hear(&with_position(later, 3));
    assert_eq!(desk.frozen(), None);
}

#[test]
fn a_balance_that_is_not_ours_freezes_every_instrument_that_pays_with_it() {
    let other = Instrument { symbol: "test:ETH".to_owned(), ..instrument() };
    let far = Instrument { symbol: "far:ETH".to_owned(), ..instrument() };
    let report = |second, total| VenueReport {
        balances: Some(vec![ReportedBalance { asset: Asset::CASH, total: amount(total) }]),
        ..nothing(second)
    };
    let mut desk = Desk::of(vec![instrument(), other.clone()]);
    desk.hear(&report(20, "999.999999999999999999"));
    let why = Some(Unexplained::Balance);
    assert_eq!((desk.frozen(), desk.state.frozen(InstrumentId(1))), (why, why));
    desk.hear(&report(20, "1000"));
    assert_eq!((desk.frozen(), desk.state.frozen(InstrumentId(1))), (None, None));

    let mut desk = Desk::of(vec![instrument(), far]);
    desk.hear(&report(20, "1"));
    assert_eq!((desk.frozen(), desk.state.frozen(InstrumentId(1))), (why, None), "of this venue");
}

#[test]
fn what_a_person_has_to_explain_is_not_lifted_by_an_account_that_agrees() {
    let mut desk = Desk::new();
    desk.hear(&with_position(nothing(20), 3));
    let lost = with_orders(25, &[ours(5, ReportedState::Canceled, 0)]);
    desk.hear(&with_position(lost, 3));
    assert_eq!(desk.frozen(), Some(Unexplained::Order));
    desk.hear(&with_position(nothing(30), 0));
    assert_eq!(desk.frozen(), Some(Unexplained::Order));
}

#[test]
fn a_fill_that_its_order_cannot_have_freezes() {
    let name = id(0).client_text();
    let sold = ReportedFill { side: Side::Sell, ..traded(&name, 1, 3, 12) };
    for impossible in [traded(&name, 1, 11, 12), sold] {
        let mut desk = Desk::with_open_order();
        let report = with_orders(20, &[ours(0, ReportedState::Open, 0)]);
        let told = desk.hear(&with_fills(report, &[impossible]));
        let difference = Difference::Fill(id(0), TradeId::new(1));
        assert_eq!(told.findings.unexplained, [(HERE, difference)]);
        assert_eq!(
            (desk.order(0), desk.frozen()),
            ((OrderState::Open, 0), Some(Unexplained::Fill))
        );
    }
}

#[test]
fn a_report_that_cannot_be_is_refused_whole() {
    let desk = Desk::new();
    let elsewhere =
        ReportedOrder { instrument: InstrumentId(1), ..listed("x", ReportedState::Open, 0) };
    let late = VenueReport { ts: ns(0), ..nothing(20) };
    let other = VenueReport { venue: "far".to_owned(), ..with_position(nothing(20), 0) };
    for (report, error) in [
        (with_orders(20, &[elsewhere]), ReportError::Instrument),
        (other, ReportError::Instrument),
        (late, ReportError::Time),
        (with_orders(20, &[listed("x", ReportedState::Open, -1)]), ReportError::Size),
        (with_fills(nothing(20), &[traded("x", 1, 0, 1)]), ReportError::Size),
    ] {
        assert_eq!(reconcile(&desk.state, &report), Err(error));
    }
}
