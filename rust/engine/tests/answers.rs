//! What is said of an order twice, late or across what is known: what was proven stays proven, what
//! was there stays there, and what cannot follow is refused before it is written down.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod market;
mod scene;

use bot4_engine::event::{
    Action, Amendment, NewOrder, OrderId, OrderTerms, OrderUpdate, Side, Size, SleeveId,
};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::order::{ORDERS_KEPT, OrderError, OrderState, Orders};
use bot4_engine::units::{Amount, Nanos, Price, Qty};

use crate::market::amount;
use crate::scene::Scene;
use OrderUpdate as U;

/// Behind every fence, and a later one.
const LATE: Nanos = Nanos::new(1_000_000_000_000);
const LATER: Nanos = Nanos::new(2_000_000_000_000);

fn id(sequence: u32) -> OrderId {
    OrderId::new(7, sequence)
}

fn order(side: Side) -> NewOrder {
    let reserve = if side == Side::Buy { amount("100") } else { Amount::ZERO };
    NewOrder {
        sleeve: SleeveId(0),
        instrument: InstrumentId(0),
        side,
        size: Size::Base(Qty::new(10)),
        limit: Some(Price::new(100)),
        reserve,
        terms: OrderTerms::default(),
        replaces: None,
    }
}

fn placed(count: u32) -> Orders {
    let mut orders = Orders::new(7);
    for sequence in 0..count {
        orders.on_placed(id(sequence), order(Side::Buy), Nanos::ZERO).unwrap();
    }
    orders
}

/// One order of which so much was said.
fn told(said: &[(OrderUpdate, Nanos)]) -> Orders {
    let mut orders = placed(1);
    for (update, ts) in said {
        orders.on_update(id(0), *update, *ts).unwrap();
    }
    orders
}

#[test]
fn what_was_proven_of_an_order_is_not_unproven_by_the_same_told_again() {
    const DOUBT: (OrderUpdate, Nanos) = (U::Unanswered, Nanos::ZERO);
    const ABSENT: [(OrderUpdate, Nanos); 2] = [(U::NotFoundById, LATE), (U::NotFoundOpen, LATE)];
    let [by_id, open] = ABSENT;
    let there = (U::Acked, Nanos::ZERO);
    type Case<'a> = (&'a str, &'a [(OrderUpdate, Nanos)], OrderUpdate, OrderState);
    let table: &[Case<'_>] = &[
        ("absent", &[DOUBT, by_id, open], U::NeverArrived, OrderState::Dead),
        (
            "it left when it was known to",
            &[DOUBT, by_id, open, (U::Sent, Nanos::ZERO)],
            U::NeverArrived,
            OrderState::Dead,
        ),
        (
            "it is in doubt already",
            &[DOUBT, by_id, open, (U::Unanswered, LATER)],
            U::NeverArrived,
            OrderState::Dead,
        ),
        (
            "that it left is old of one that was there",
            &[there, DOUBT, by_id, open, (U::Sent, LATER)],
            U::Gone,
            OrderState::Canceled,
        ),
    ];
    for (name, said, end, wanted) in table {
        let mut orders = told(said);
        assert_eq!(orders.on_update(id(0), *end, LATER), Ok(()), "{name}");
        assert_eq!(orders.get(id(0)).unwrap().state(), *wanted, "{name}");
    }
    // It left only now: all that was asked before says nothing.
    let mut orders = told(&[DOUBT, by_id, open, (U::Sent, LATER)]);
    assert_eq!(orders.on_update(id(0), U::NeverArrived, LATER), Err(OrderError::Illegal));
}

#[test]
fn an_order_of_which_a_fill_is_announced_was_there_whatever_is_said_after() {
    let mut orders = placed(1);
    orders.on_told(id(0), Qty::new(5), Nanos::ZERO).unwrap();
    orders.on_told(id(0), Qty::ZERO, Nanos::ZERO).unwrap();
    assert!(orders.get(id(0)).unwrap().is_shown());
    for update in [U::Unanswered, U::NotFoundById, U::NotFoundOpen] {
        orders.on_update(id(0), update, LATE).unwrap();
    }
    assert_eq!(orders.on_update(id(0), U::NeverArrived, LATER), Err(OrderError::Illegal));
}

#[test]
fn an_amend_that_is_over_ends_no_doubt_of_its_order() {
    let mut orders = told(&[(U::Acked, Nanos::ZERO)]);
    let to = Amendment { limit: Price::new(90), qty: Qty::new(6), reserve: amount("60") };
    orders.on_amend_sent(id(0), to, Nanos::ZERO).unwrap();
    for update in [U::AmendRejected, U::Unanswered, U::Amended] {
        orders.on_update(id(0), update, LATE).unwrap();
    }
    let order = orders.get(id(0)).unwrap();
    assert_eq!((order.state(), order.doubt().is_some()), (OrderState::Unknown, true));
    assert_eq!(order.new_order().limit, Some(Price::new(100)));
}

#[test]
fn an_order_that_is_wanted_gone_is_not_amended_though_its_cancel_was_refused() {
    let to = Amendment { limit: Price::new(90), qty: Qty::new(6), reserve: amount("60") };
    let mut orders = told(&[(U::Acked, LATE), (U::CancelSent, LATE), (U::CancelRejected, LATE)]);
    assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::Open);
    assert_eq!(orders.on_amend_sent(id(0), to, LATE), Err(OrderError::Illegal));
}

#[test]
fn what_cannot_follow_is_refused_without_changing_anything() {
    let orders = told(&[(U::Acked, Nanos::ZERO)]);
    for (name, order, update, refused) in [
        ("a cancel", id(0), U::Canceled, false),
        ("the same again", id(0), U::Acked, false),
        ("refused once it was there", id(0), U::Rejected, true),
        ("released once it had left", id(0), U::Released, true),
        ("of none that is kept", id(1), U::Acked, true),
    ] {
        assert_eq!(orders.refuses(order, update, LATE), refused, "{name}");
    }
    for (name, order, qty, refused) in [
        ("all of it", id(0), 10, false),
        ("more than all", id(0), 11, true),
        ("less than nothing", id(0), -1, true),
        ("of none that is kept", id(1), 1, true),
    ] {
        assert_eq!(orders.refuses_told(order, Qty::new(qty), LATE), refused, "{name}");
    }
    assert_eq!(orders, told(&[(U::Acked, Nanos::ZERO)]));
}

#[test]
fn only_a_buy_of_which_something_may_come_buys() {
    let mut orders = placed(1);
    orders.on_placed(id(1), order(Side::Sell), Nanos::ZERO).unwrap();
    let buying = |orders: &Orders, sequence| orders.get(id(sequence)).unwrap().buying();
    assert_eq!(buying(&orders, 0), Ok(Some(Qty::new(10))));
    assert_eq!(buying(&orders, 1), Ok(Some(Qty::ZERO)));
    orders.on_update(id(0), U::Canceled, LATE).unwrap();
    assert_eq!(buying(&orders, 0), Ok(Some(Qty::ZERO)));
}

#[test]
fn an_order_that_its_venue_had_was_there_and_one_that_it_refused_was_not() {
    for (name, end, shown) in [
        ("it ended", U::Canceled, true),
        ("it was refused", U::Rejected, false),
        ("it never left", U::Denied, false),
    ] {
        let mut orders = placed(1);
        orders.on_update(id(0), end, LATE).unwrap();
        assert_eq!(orders.get(id(0)).unwrap().is_shown(), shown, "{name}");
    }
}

#[test]
fn one_that_works_again_works_in_its_place() {
    let mut orders = placed(3);
    orders.on_update(id(1), U::Canceled, LATE).unwrap();
    let working = |orders: &Orders| orders.working().map(|one| one.id()).collect::<Vec<_>>();
    assert_eq!(working(&orders), [id(0), id(2)]);
    // Its venue filled some of it before it ended, and did not say which yet.
    orders.on_told(id(1), Qty::new(4), LATE).unwrap();
    assert_eq!(working(&orders), [id(0), id(1), id(2)]);
}

#[test]
fn what_a_journal_may_have_lost_and_what_is_kept_has_a_bound() {
    for (sequence, wanted) in [(1_024, Ok(())), (1_025, Err(OrderError::Illegal))] {
        let mut orders = placed(0);
        let placing = orders.on_placed(id(sequence), order(Side::Buy), Nanos::ZERO);
        assert_eq!(placing, wanted, "{sequence}");
    }
    let mut orders = placed(0);
    let most = u32::try_from(2 * ORDERS_KEPT).unwrap();
    for sequence in 0..most {
        orders.on_placed(id(sequence), order(Side::Buy), Nanos::ZERO).unwrap();
        orders.on_update(id(sequence), U::Canceled, LATE).unwrap();
    }
    assert_eq!(orders.all().len(), 2 * ORDERS_KEPT);
    orders.on_placed(id(most), order(Side::Buy), Nanos::ZERO).unwrap();
    assert_eq!(orders.all().len(), ORDERS_KEPT + 1, "the older half went");
}

#[test]
fn after_a_start_ids_carry_its_number_and_sequences_go_on() {
    let mut orders = placed(2);
    orders.on_start(8);
    let approved = Scene::quiet().assess(scene::buy(1.0)).unwrap().unwrap().approved;
    let Action::Place { id, .. } = orders.place(approved).unwrap() else { panic!("it is placed") };
    assert_eq!(id, OrderId::new(8, 2));
}
