//! The life of an order: the whole table, and what orders leave working in any order of answers.
//! Long because each rule of that life has its test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod market;

use bot4_engine::event::{
    Action, Amendment, Fill, NewOrder, OrderId, OrderTerms, OrderUpdate, Side, Size, SleeveId,
    Stop, StopKind,
};
use bot4_engine::exposure::Exposure;
use bot4_engine::instrument::InstrumentId;
use bot4_engine::journal::{Record, State, StateError};
use bot4_engine::order::{
    Filled, Move, ORDERS_KEPT, OrderError, OrderState, Orders, Trigger, table,
};
use bot4_engine::units::{Amount, Nanos, Price, Qty};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::{prop_assert, prop_assert_eq};

use crate::market::{always, amount, instrument, trade};

const HERE: InstrumentId = InstrumentId(0);

/// What stands there is what is printed here; a table that changed is to be put there.
#[test]
fn the_table_is_the_one_that_is_documented() {
    let document = include_str!("../../../docs/orders.md");
    let (_, rest) = document.split_once("<!-- table: begin -->\n").unwrap();
    let (found, _) = rest.split_once("<!-- table: end -->").unwrap();
    let printed = format!("\n{}\n{}\n", table(false), table(true));
    assert!(found == printed, "docs/orders.md wants this table between its marks:\n{printed}");
}

#[test]
fn a_life_that_is_over_stays_over() {
    for state in OrderState::ALL.into_iter().filter(|state| state.is_terminal()) {
        for update in OrderUpdate::ALL {
            let moved = state.on(Trigger::Update(update));
            assert!(matches!(moved, Move::Stay | Move::Illegal), "{state:?} {update:?}");
        }
        for fill in [Trigger::PartFill, Trigger::LastFill] {
            assert!(matches!(state.on(fill), Move::Late(after) if after.is_terminal()));
        }
    }
}

#[test]
fn unknown_is_left_by_evidence_alone() {
    use OrderUpdate as U;
    let evidence = [
        U::Received,
        U::Acked,
        U::Rejected,
        U::Canceled,
        U::Amended,
        U::Expired,
        U::NeverArrived,
        U::Gone,
    ];
    for update in U::ALL {
        let moved = OrderState::Unknown.on(Trigger::Update(update));
        let leaves = !matches!(moved, Move::Stay | Move::Illegal);
        let stays = moved == Move::To(OrderState::Unknown);
        assert_eq!(leaves && !stays, evidence.contains(&update), "{update:?}");
    }
}

fn id(sequence: u32) -> OrderId {
    OrderId::new(7, sequence)
}

fn buy(qty: i64) -> NewOrder {
    NewOrder {
        sleeve: SleeveId(0),
        instrument: HERE,
        side: Side::Buy,
        size: Size::Base(Qty::new(qty)),
        limit: None,
        reserve: amount("100"),
        terms: OrderTerms::default(),
        replaces: None,
    }
}

fn sell(qty: i64) -> NewOrder {
    NewOrder { side: Side::Sell, reserve: Amount::ZERO, ..buy(qty) }
}

/// A fill of `qty` at 1.00 without fee.
fn fill(order: OrderId, qty: i64, last: bool) -> Fill {
    let (trade, price, qty) = (trade(), Price::new(100), Qty::new(qty));
    Fill { order, trade, ts: Nanos::ZERO, price, qty, fee: Amount::ZERO, fee_asset: None, last }
}

/// What a fill of `qty` at 1.00 comes to.
fn spent(qty: i64) -> Amount {
    Amount::new(i128::from(qty) * 10_i128.pow(14))
}

fn placed(orders: &[NewOrder]) -> Orders {
    let mut all = Orders::new(7);
    for (order, sequence) in orders.iter().zip(0..) {
        all.on_placed(id(sequence), *order, Nanos::ZERO).unwrap();
    }
    all
}

/// Behind every fence.
const LATE: Nanos = Nanos::new(1_000_000_000_000);

fn say(orders: &mut Orders, sequence: u32, update: OrderUpdate) -> Result<(), OrderError> {
    orders.on_update(id(sequence), update, LATE)
}

/// It is unknown what became of it since a time before every fence.
fn doubt(orders: &mut Orders, sequence: u32) {
    orders.on_update(id(sequence), OrderUpdate::Unanswered, Nanos::ZERO).unwrap();
}

fn exposure(orders: &Orders) -> Exposure {
    orders.exposure(HERE, Qty::ZERO)
}

#[test]
fn what_cannot_be_changes_nothing() {
    use OrderUpdate::{Acked, CancelRejected, CancelSent, Canceled, Denied, Gone, NeverArrived};
    use OrderUpdate::{NotFoundById as ById, NotFoundOpen as Open};
    use OrderUpdate::{Rejected, Released, Sent, Unanswered};
    type Case<'a> = (&'a str, &'a [OrderUpdate], OrderUpdate);
    let table: &[Case<'_>] = &[
        ("rejected after it was at the venue", &[Acked], Rejected),
        ("never arrived, yet acknowledged", &[Acked, Unanswered], NeverArrived),
        ("never arrived, yet it was shown", &[Acked, Unanswered, ById, Open], NeverArrived),
        ("never arrived, and nobody was asked", &[Unanswered], NeverArrived),
        ("never arrived, and one was asked twice", &[Unanswered, ById, ById], NeverArrived),
        ("gone, and never shown", &[Unanswered, ById, Open], Gone),
        ("released, and not held", &[], Released),
        ("denied after it was sent", &[Sent], Denied),
        ("canceled by us after its end", &[Canceled], CancelSent),
        ("a cancel refused that was never sent", &[], CancelRejected),
        ("rejected after it was canceled", &[Canceled], Rejected),
    ];
    for (name, before, update) in table {
        let mut orders = placed(&[buy(10)]);
        for update in *before {
            let ts = if *update == Unanswered { Nanos::ZERO } else { LATE };
            orders.on_update(id(0), *update, ts).unwrap();
        }
        let same = orders.clone();
        assert_eq!(say(&mut orders, 0, *update), Err(OrderError::Illegal), "{name}");
        assert_eq!(orders, same, "{name}");
    }
}

#[test]
fn an_order_with_a_fill_cannot_have_been_refused() {
    for update in [OrderUpdate::Rejected, OrderUpdate::NeverArrived, OrderUpdate::Gone] {
        let mut orders = placed(&[buy(10)]);
        orders.on_fill(&fill(id(0), 4, false), spent(4)).unwrap();
        say(&mut orders, 0, OrderUpdate::Unanswered).unwrap();
        let same = orders.clone();
        assert_eq!(say(&mut orders, 0, update), Err(OrderError::Illegal), "{update:?}");
        assert_eq!(orders, same, "{update:?}");
    }
}

#[test]
fn answers_that_come_twice_or_cross_do_nothing() {
    use OrderUpdate::{Acked, CancelRejected, CancelSent, Canceled, Expired, Gone, NeverArrived};
    use OrderUpdate::{NotFoundById as ById, NotFoundOpen as Open};
    use OrderUpdate::{Rejected, Unanswered};
    type Case<'a> = (&'a [OrderUpdate], OrderState);
    let table: &[Case<'_>] = &[
        (&[Acked, Acked], OrderState::Open),
        (&[Acked, CancelSent, CancelSent, Canceled, Canceled], OrderState::Canceled),
        (&[Canceled, Acked], OrderState::Canceled),
        (&[Rejected, Rejected], OrderState::Rejected),
        (&[Acked, CancelSent, CancelRejected, CancelRejected], OrderState::Open),
        (&[Expired, Canceled, CancelRejected], OrderState::Expired),
        (&[Unanswered, ById, Open, NeverArrived, NeverArrived], OrderState::Dead),
        (&[Acked, Unanswered, Open, ById, Gone, Canceled], OrderState::Canceled),
        // Found after all: what was not found before is forgotten.
        (&[Unanswered, ById, Open, Acked, Unanswered, ById], OrderState::Unknown),
        // A request that timed out after its answer came another way.
        (&[Canceled, Unanswered], OrderState::Canceled),
        // The venue refuses an order that we were about to cancel.
        (&[CancelSent, Rejected], OrderState::Rejected),
        // Canceled blindly, and proven never to have been there.
        (&[Unanswered, CancelSent, ById, Open, NeverArrived], OrderState::Dead),
        // The cancel timed out; its refusal comes late.
        (&[Acked, CancelSent, Unanswered, CancelRejected], OrderState::Unknown),
    ];
    for (updates, wanted) in table {
        let mut orders = placed(&[buy(10)]);
        for update in *updates {
            let ts = if *update == Unanswered { Nanos::ZERO } else { LATE };
            orders.on_update(id(0), *update, ts).unwrap();
        }
        assert_eq!(orders.get(id(0)).unwrap().state(), *wanted, "{updates:?}");
        assert_eq!(orders.working().count(), usize::from(!wanted.is_terminal()), "{updates:?}");
    }
}

#[test]
fn a_partly_filled_order_does_not_forget_it() {
    let mut orders = placed(&[buy(10)]);
    orders.on_fill(&fill(id(0), 4, false), spent(4)).unwrap();
    for update in [OrderUpdate::Unanswered, OrderUpdate::Acked] {
        say(&mut orders, 0, update).unwrap();
    }
    assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::PartiallyFilled);
    say(&mut orders, 0, OrderUpdate::CancelSent).unwrap();
    orders.on_fill(&fill(id(0), 1, false), spent(1)).unwrap();
    assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::PendingCancel);
    say(&mut orders, 0, OrderUpdate::CancelRejected).unwrap();
    let order = *orders.get(id(0)).unwrap();
    assert_eq!((order.state(), order.filled()), (OrderState::PartiallyFilled, Qty::new(5)));
}

#[test]
fn a_fill_after_the_end_is_booked_and_counted() {
    for end in [OrderUpdate::Canceled, OrderUpdate::Expired, OrderUpdate::Rejected] {
        let mut orders = placed(&[buy(10)]);
        say(&mut orders, 0, end).unwrap();
        let state = orders.get(id(0)).unwrap().state();
        let filled = orders.on_fill(&fill(id(0), 4, false), spent(4));
        assert_eq!(filled, Ok(Filled::Late), "{end:?}");
        let order = *orders.get(id(0)).unwrap();
        assert_eq!((order.state(), order.filled()), (state, Qty::new(4)), "{end:?}");
        assert_eq!(orders.working().count(), 0);
    }
}

#[test]
fn more_than_was_ordered_cannot_be_filled() {
    let quote = NewOrder { size: Size::Quote(spent(10)), ..buy(10) };
    for order in [buy(10), quote] {
        for qty in [11, 0, -1, i64::MAX, i64::MIN] {
            let mut orders = placed(&[order]);
            let same = orders.clone();
            let got = orders.on_fill(&fill(id(0), qty, true), spent(qty.max(0)));
            assert!(got.is_err(), "{qty}");
            assert_eq!(orders, same, "{qty}");
        }
        let mut orders = placed(&[order]);
        orders.on_fill(&fill(id(0), 6, false), spent(6)).unwrap();
        let same = orders.clone();
        let more = orders.on_fill(&fill(id(0), 5, true), spent(5));
        assert_eq!((more, &orders), (Err(OrderError::Overfill), &same));
        let free = Fill { price: Price::ZERO, ..fill(id(0), 1, true) };
        assert_eq!(orders.on_fill(&free, Amount::ZERO), Err(OrderError::Overfill));
        assert_eq!(orders.on_fill(&fill(id(0), 4, true), spent(4)), Ok(Filled::Booked));
    }
}

#[test]
fn an_order_that_was_never_placed_has_no_answers() {
    let mut orders = placed(&[buy(10)]);
    let same = orders.clone();
    for unknown in [id(1), OrderId::new(8, 0), OrderId::from_number(u64::MAX)] {
        let update = orders.on_update(unknown, OrderUpdate::Acked, LATE);
        assert_eq!(update, Err(OrderError::NoSuchOrder));
        let filled = orders.on_fill(&fill(unknown, 1, true), spent(1));
        assert_eq!(filled, Err(OrderError::NoSuchOrder));
    }
    for sequence in [0, 1_026, u32::MAX] {
        let placed = orders.on_placed(id(sequence), buy(10), Nanos::ZERO);
        assert_eq!(placed, Err(OrderError::Illegal), "{sequence}");
    }
    assert_eq!(orders, same);
}

#[test]
fn what_a_journal_lost_while_it_was_held_is_known_to_be_over() {
    let mut orders = placed(&[buy(10)]);
    orders.on_placed(id(3), buy(20), LATE).unwrap();
    let states: Vec<_> = orders.all().iter().map(|order| (order.id(), order.state())).collect();
    assert_eq!(
        states,
        [
            (id(0), OrderState::Intended),
            (id(1), OrderState::Denied),
            (id(2), OrderState::Denied),
            (id(3), OrderState::Intended),
        ]
    );
    assert_eq!(orders.working_len(), 2);
    assert_eq!(exposure(&orders).working_buy, amount("200"));
    let late = orders.on_fill(&fill(id(1), 1, true), spent(1));
    assert!(late.is_ok(), "what its venue fills after all is booked as late");
}

fn with(terms: OrderTerms) -> NewOrder {
    NewOrder { terms, ..buy(1) }
}

fn waits(trigger: i64, trail: i64) -> NewOrder {
    let (trigger, trail) = (Price::new(trigger), Price::new(trail));
    let stop = Some(Stop { kind: StopKind::Stop, trigger, trail });
    with(OrderTerms { stop, ..OrderTerms::default() })
}

#[test]
fn an_order_that_cannot_be_is_not_placed() {
    let below = Amount::new(-1);
    let table: &[(&str, NewOrder)] = &[
        ("no size", buy(0)),
        ("a size below zero", sell(-1)),
        ("no budget", NewOrder { size: Size::Quote(Amount::ZERO), ..buy(1) }),
        ("a sell by value", NewOrder { size: Size::Quote(amount("1")), ..sell(1) }),
        ("a budget below zero", NewOrder { size: Size::Quote(below), ..buy(1) }),
        ("a reserve below zero", NewOrder { reserve: below, ..buy(1) }),
        ("a limit of nothing", NewOrder { limit: Some(Price::ZERO), ..buy(1) }),
        ("a trigger of nothing", waits(0, 0)),
        ("a trigger that runs away", waits(100, -1)),
        ("held for nothing", with(OrderTerms { held: true, ..OrderTerms::default() })),
        ("post-only at any price", with(OrderTerms { post_only: true, ..OrderTerms::default() })),
    ];
    for (name, order) in table {
        let mut orders = Orders::new(7);
        assert_eq!(
            orders.on_placed(id(0), *order, Nanos::ZERO),
            Err(OrderError::Illegal),
            "{name}"
        );
        assert_eq!(orders, Orders::new(7), "{name}");
    }
}

#[test]
fn what_is_working_or_unknown_is_exposure_at_its_worst() {
    let elsewhere = NewOrder { instrument: InstrumentId(1), ..buy(5) };
    let mut orders = placed(&[buy(10), sell(30), buy(1), elsewhere]);
    let (position, working_sell) = (Qty::ZERO, Qty::new(30));
    let live = Exposure { position, working_buy: amount("200"), working_sell };
    for update in [OrderUpdate::Acked, OrderUpdate::CancelSent, OrderUpdate::Unanswered] {
        for order in [id(0), id(1), id(2)] {
            orders.on_update(order, update, LATE).unwrap();
        }
        assert_eq!(exposure(&orders), live, "{update:?}");
    }
    orders.on_fill(&fill(id(0), 4, false), spent(4)).unwrap();
    orders.on_fill(&fill(id(1), 20, false), spent(20)).unwrap();
    let left = exposure(&orders);
    assert_eq!(left.working_buy, amount("200").minus(spent(4)).unwrap());
    assert_eq!(left.working_sell, Qty::new(10));
    for order in [id(0), id(1), id(2)] {
        orders.on_update(order, OrderUpdate::Canceled, LATE).unwrap();
    }
    assert_eq!(exposure(&orders), Exposure::default());
}

#[test]
fn a_buy_that_cost_more_than_its_reserve_holds_no_more_cash() {
    let mut orders = placed(&[buy(10)]);
    orders.on_fill(&fill(id(0), 9, false), amount("101")).unwrap();
    assert_eq!(exposure(&orders), Exposure::default());
}

#[test]
fn any_order_of_answers_ends_with_the_same_fills() {
    let happenings = (vec(1_i64..10, 1..5), any::<bool>()).prop_flat_map(|(fills, buys)| {
        let mut order = if buys { buy(100) } else { sell(100) };
        order.reserve = if buys { amount("100") } else { Amount::ZERO };
        let mut steps: Vec<Record> = Vec::new();
        for (place, qty) in fills.iter().enumerate() {
            steps.push(Record::Fill(fill(id(0), *qty, place + 1 == fills.len())));
        }
        let update = |update| Record::Update { ts: Nanos::ZERO, order: id(0), update };
        for update in [OrderUpdate::Acked, OrderUpdate::Canceled].map(update) {
            steps.extend([update, update]);
        }
        let total: i64 = fills.iter().sum();
        (Just(order), Just(total), Just(steps).prop_shuffle())
    });
    always(400, happenings, |(order, total, steps)| {
        let mut state = State::new(vec![instrument()], 1, 7);
        state.apply(&Record::Placed { ts: Nanos::ZERO, id: id(0), order, judged: None }).unwrap();
        for step in &steps {
            state.apply(step).unwrap();
        }
        let done = state.orders().get(id(0)).unwrap();
        prop_assert_eq!(done.filled(), Qty::new(total));
        prop_assert!(done.state().is_terminal());
        let position = state.portfolio().position(HERE).qty.mantissa();
        prop_assert_eq!(position, order.side.sign() * total);
        let wanted = Exposure { position: Qty::new(position), ..Exposure::default() };
        prop_assert_eq!(state.exposure(HERE), wanted);
        Ok(())
    });
}

#[test]
fn late_fills_are_counted_in_the_state() {
    let mut state = State::new(vec![instrument()], 1, 7);
    let update = |update| Record::Update { ts: Nanos::ZERO, order: id(0), update };
    for record in [
        Record::Placed { ts: Nanos::ZERO, id: id(0), order: buy(10), judged: None },
        update(OrderUpdate::Canceled),
        Record::Fill(fill(id(0), 3, false)),
    ] {
        state.apply(&record).unwrap();
    }
    assert_eq!(state.late_fills(), 1);
    assert_eq!(state.exposure(HERE).position, Qty::new(3));
    let again = state.apply(&update(OrderUpdate::CancelSent));
    assert_eq!(again, Err(StateError::Order(OrderError::Illegal)));
}

#[test]
fn client_ids_are_thirteen_plain_letters_and_never_alike() {
    for (number, text) in [
        (0, "AAAAAAAAAAAAA"),
        (1, "AAAAAAAAAAAAB"),
        (31, "AAAAAAAAAAAA7"),
        (32, "AAAAAAAAAAABA"),
        (u64::MAX, "P777777777777"),
    ] {
        assert_eq!(OrderId::from_number(number).client_text(), text);
    }
    always(300, (any::<u64>(), any::<u64>()), |(a, b)| {
        let texts = [a, b].map(|number| OrderId::from_number(number).client_text());
        prop_assert!(texts.iter().all(|text| text.len() == OrderId::CLIENT_TEXT_LEN));
        // Sorted as text, letters before digits, they are sorted as numbers.
        let places = texts.each_ref().map(|text| {
            text.bytes().map(|b| if b.is_ascii_digit() { b + 100 } else { b }).collect::<Vec<_>>()
        });
        prop_assert_eq!(places[0].cmp(&places[1]), a.cmp(&b));
        Ok(())
    });
}

#[test]
fn orders_are_kept_in_the_order_of_placing() {
    let orders = placed(&[buy(1), buy(2)]);
    let kept: Vec<_> = orders.all().iter().map(|order| (order.id(), *order.new_order())).collect();
    assert_eq!(kept, [(id(0), buy(1)), (id(1), buy(2))]);
}

#[test]
fn orders_whose_life_is_over_are_let_go_and_those_that_work_are_not() {
    let count = u32::try_from(3 * ORDERS_KEPT).unwrap();
    let mut orders = Orders::new(0);
    for sequence in 0..count {
        orders.on_placed(id(sequence), buy(1), Nanos::ZERO).unwrap();
        // One is left to work, after as many as are kept.
        if sequence as usize != ORDERS_KEPT {
            say(&mut orders, sequence, OrderUpdate::Canceled).unwrap();
        }
        assert!(orders.all().len() <= 2 * ORDERS_KEPT);
    }
    let first = orders.all().first().unwrap().id();
    assert_eq!(first, id(u32::try_from(ORDERS_KEPT).unwrap()), "it still works");
    assert_eq!(orders.working().map(|order| order.id()).collect::<Vec<_>>(), [first]);
    assert!(orders.get(id(0)).is_none() && orders.get(id(count - 1)).is_some());
    let late = say(&mut orders, 0, OrderUpdate::Acked);
    assert_eq!(late, Err(OrderError::NoSuchOrder));
    orders.on_placed(id(count), buy(1), Nanos::ZERO).unwrap();
    assert_eq!(orders.get(id(count)).unwrap().state(), OrderState::Intended);
}

#[test]
fn fills_may_come_in_any_order_and_the_sum_says_when_it_is_done() {
    let mut orders = placed(&[buy(10)]);
    // The venue's last fill overtook the others.
    orders.on_fill(&fill(id(0), 4, true), spent(4)).unwrap();
    assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::PartiallyFilled);
    assert_eq!(exposure(&orders).working_buy, amount("100").minus(spent(4)).unwrap());
    orders.on_fill(&fill(id(0), 6, false), spent(6)).unwrap();
    assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::Filled);
    assert_eq!(orders.working().count(), 0);
}

#[test]
fn a_trade_that_is_told_twice_is_booked_once() {
    let mut orders = placed(&[buy(10)]);
    let first = fill(id(0), 4, false);
    assert_eq!(orders.on_fill(&first, spent(4)), Ok(Filled::Booked));
    let same = orders.clone();
    assert_eq!(orders.on_fill(&first, spent(4)), Ok(Filled::Twice));
    assert_eq!(orders, same);
}

#[test]
fn what_a_venue_announced_stays_at_risk_until_it_is_told() {
    let mut orders = placed(&[sell(30)]);
    orders.on_told(id(0), Qty::new(20), Nanos::new(1)).unwrap();
    // What it said before is older.
    orders.on_told(id(0), Qty::new(5), Nanos::new(1)).unwrap();
    say(&mut orders, 0, OrderUpdate::Canceled).unwrap();
    assert_eq!(exposure(&orders).working_sell, Qty::new(20));
    assert_eq!(orders.working().count(), 1, "something may still come of it");
    assert_eq!(orders.on_fill(&fill(id(0), 20, false), spent(20)), Ok(Filled::Booked));
    assert_eq!(exposure(&orders), Exposure::default());
    assert_eq!(orders.working().count(), 0);
    assert_eq!(orders.on_told(id(0), Qty::new(31), Nanos::new(1)), Err(OrderError::Overfill));
    assert_eq!(orders.on_told(id(0), Qty::new(-1), Nanos::new(1)), Err(OrderError::Overfill));
}

#[test]
fn while_an_amend_is_unclear_the_worse_of_both_counts() {
    let limited = |order: NewOrder| NewOrder { limit: Some(Price::new(100)), ..order };
    let to = |qty: i64, reserve: &str| {
        let (limit, reserve) = (Price::new(90), amount(reserve));
        Amendment { limit, qty: Qty::new(qty), reserve }
    };
    for (name, to, answer, worst, after) in [
        ("smaller, done", to(5, "50"), OrderUpdate::Amended, "100", "50"),
        ("smaller, refused", to(5, "50"), OrderUpdate::AmendRejected, "100", "100"),
        ("larger, done", to(20, "200"), OrderUpdate::Amended, "200", "200"),
        ("larger, refused", to(20, "200"), OrderUpdate::AmendRejected, "200", "100"),
    ] {
        let mut orders = placed(&[limited(buy(10))]);
        say(&mut orders, 0, OrderUpdate::Acked).unwrap();
        orders.on_amend_sent(id(0), to, LATE).unwrap();
        assert_eq!(exposure(&orders).working_buy, amount(worst), "{name}");
        doubt(&mut orders, 0);
        say(&mut orders, 0, OrderUpdate::Acked).unwrap();
        // That it is there says nothing of the amend.
        assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::Unknown, "{name}");
        assert_eq!(exposure(&orders).working_buy, amount(worst), "{name}");
        say(&mut orders, 0, answer).unwrap();
        if answer == OrderUpdate::AmendRejected {
            // It may have been refused because the order is gone.
            assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::Unknown, "{name}");
            say(&mut orders, 0, OrderUpdate::Acked).unwrap();
        }
        assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::Open, "{name}");
        assert_eq!(exposure(&orders).working_buy, amount(after), "{name}");
    }
}

#[test]
fn an_amend_that_cannot_be_is_not_sent() {
    let limited = || NewOrder { limit: Some(Price::new(100)), ..buy(10) };
    let to = Amendment { limit: Price::new(90), qty: Qty::new(6), reserve: amount("60") };
    let ready = |order: NewOrder| {
        let mut orders = placed(&[order]);
        say(&mut orders, 0, OrderUpdate::Acked).unwrap();
        orders.on_fill(&fill(id(0), 5, false), spent(5)).unwrap();
        orders
    };
    assert_eq!(ready(limited()).on_amend_sent(id(0), to, LATE), Ok(()));
    let table: &[(&str, NewOrder, Amendment)] = &[
        ("an order at any price", buy(10), to),
        ("to no price", limited(), Amendment { limit: Price::ZERO, ..to }),
        ("to what is filled", limited(), Amendment { qty: Qty::new(5), ..to }),
        ("to a reserve below zero", limited(), Amendment { reserve: Amount::new(-1), ..to }),
    ];
    for (name, order, to) in table {
        let mut orders = ready(*order);
        let before = orders.clone();
        assert_eq!(orders.on_amend_sent(id(0), *to, LATE), Err(OrderError::Illegal), "{name}");
        assert_eq!(orders, before, "{name}");
    }
    let mut leaving = ready(limited());
    say(&mut leaving, 0, OrderUpdate::CancelSent).unwrap();
    assert_eq!(leaving.on_amend_sent(id(0), to, LATE), Err(OrderError::Illegal), "on its way out");
}

#[test]
fn an_amend_below_what_is_filled_ends_the_order() {
    let mut orders = placed(&[NewOrder { limit: Some(Price::new(100)), ..buy(10) }]);
    say(&mut orders, 0, OrderUpdate::Acked).unwrap();
    let to = Amendment { limit: Price::new(100), qty: Qty::new(5), reserve: amount("50") };
    orders.on_amend_sent(id(0), to, LATE).unwrap();
    assert_eq!(orders.on_amend_sent(id(0), to, LATE), Err(OrderError::Illegal), "one at a time");
    orders.on_fill(&fill(id(0), 5, false), spent(5)).unwrap();
    assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::PendingAmend);
    say(&mut orders, 0, OrderUpdate::Amended).unwrap();
    assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::Filled);
    assert_eq!(exposure(&orders), Exposure::default());
}

#[test]
fn a_held_order_is_known_to_nobody_until_it_is_released() {
    let held = || {
        let mut order = waits(100, 0);
        order.terms.held = true;
        placed(&[order])
    };
    let mut orders = held();
    assert!(orders.send(id(0)).is_none(), "no restart may send it");
    assert_eq!(exposure(&orders).working_buy, amount("100"), "its money is kept for it");
    for update in [OrderUpdate::Sent, OrderUpdate::Acked, OrderUpdate::CancelSent] {
        assert_eq!(say(&mut orders, 0, update), Err(OrderError::Illegal), "{update:?}");
    }
    say(&mut orders, 0, OrderUpdate::Released).unwrap();
    let Some(Action::Place { order, .. }) = orders.send(id(0)) else {
        panic!("it is to be sent");
    };
    assert_eq!(order.terms, OrderTerms::default(), "the venue need not wait for what has come");
    let mut orders = held();
    say(&mut orders, 0, OrderUpdate::Canceled).unwrap();
    assert_eq!(exposure(&orders), Exposure::default());
}

/// A request that waited here, behind a rate limit or a slow disk, leaves after its doubt began.
#[test]
fn a_request_that_leaves_while_it_is_in_doubt_may_be_taken_in_for_as_long_as_any_other() {
    let second = |n: i64| Nanos::new(n * 1_000_000_000);
    let mut orders = placed(&[buy(10)]);
    let mut say = |update, at| orders.on_update(id(0), update, second(at));
    say(OrderUpdate::Unanswered, 5).unwrap();
    say(OrderUpdate::NotFoundById, 18).unwrap();
    say(OrderUpdate::Sent, 20).unwrap();
    // It was asked for before it left, or while it was on its way: both say nothing.
    say(OrderUpdate::NotFoundOpen, 32).unwrap();
    say(OrderUpdate::NotFoundTrades, 32).unwrap();
    assert_eq!(say(OrderUpdate::NeverArrived, 32), Err(OrderError::Illegal));
    // That it left is said twice; the first time counts.
    say(OrderUpdate::Sent, 20).unwrap();
    say(OrderUpdate::NotFoundById, 33).unwrap();
    say(OrderUpdate::NotFoundOpen, 33).unwrap();
    say(OrderUpdate::NeverArrived, 33).unwrap();
    assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::Dead);
}

/// Of an order that was refused, or canceled untouched, no list of open ones and no trade tells.
#[test]
fn no_order_is_proven_absent_before_it_was_asked_for_by_its_id() {
    use OrderUpdate::{Gone, NeverArrived, NotFoundOpen, NotFoundTrades, Unanswered};
    for (shown, end) in [(false, NeverArrived), (true, Gone)] {
        let mut orders = placed(&[buy(10)]);
        if shown {
            say(&mut orders, 0, OrderUpdate::Acked).unwrap();
        }
        orders.on_update(id(0), Unanswered, Nanos::ZERO).unwrap();
        say(&mut orders, 0, NotFoundOpen).unwrap();
        say(&mut orders, 0, NotFoundTrades).unwrap();
        assert_eq!(say(&mut orders, 0, end), Err(OrderError::Illegal), "{end:?}");
        say(&mut orders, 0, OrderUpdate::NotFoundById).unwrap();
        say(&mut orders, 0, end).unwrap();
    }
}

#[test]
fn while_an_amend_is_unclear_its_last_fill_may_overtake_the_others() {
    let mut orders = placed(&[NewOrder { limit: Some(Price::new(100)), ..sell(10) }]);
    say(&mut orders, 0, OrderUpdate::Acked).unwrap();
    let to = Amendment { limit: Price::new(100), qty: Qty::new(20), reserve: Amount::ZERO };
    orders.on_amend_sent(id(0), to, LATE).unwrap();
    orders.on_fill(&fill(id(0), 12, true), spent(12)).unwrap();
    assert_eq!(exposure(&orders).working_sell, Qty::new(8), "the rest is on its way");
    assert_eq!(orders.on_fill(&fill(id(0), 8, false), spent(8)), Ok(Filled::Booked));
    say(&mut orders, 0, OrderUpdate::Amended).unwrap();
    let order = *orders.get(id(0)).unwrap();
    assert_eq!((order.state(), order.filled()), (OrderState::Filled, Qty::new(20)));
}
