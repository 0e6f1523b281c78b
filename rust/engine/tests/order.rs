//! The life of an order: the whole table, and what orders leave working in any order of answers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod market;

use bot4_engine::event::{Fill, NewOrder, OrderId, OrderUpdate, Side, Size, SleeveId};
use bot4_engine::exposure::Exposure;
use bot4_engine::instrument::InstrumentId;
use bot4_engine::journal::{Record, State, StateError};
use bot4_engine::order::{Move, ORDERS_KEPT, OrderError, OrderState, Orders, Trigger};
use bot4_engine::units::{Amount, Nanos, Price, Qty};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::{prop_assert, prop_assert_eq};

use crate::market::{always, amount, instrument};

const HERE: InstrumentId = InstrumentId(0);

/// Trigger in a row, state in a column. `.` stays, `-` is illegal, `late` is a late fill.
const LIVE: &str = "\
on              Pending         Open            PartiallyFilled PendingCancel   Unknown
PartFill        PartiallyFilled PartiallyFilled PartiallyFilled .               PartiallyFilled
LastFill        Filled          Filled          Filled          Filled          Filled
Acked           Open            .               .               .               Open
Rejected        Rejected        -               -               Rejected        Rejected
CancelSent      PendingCancel   PendingCancel   PendingCancel   PendingCancel   PendingCancel
Canceled        Canceled        Canceled        Canceled        Canceled        Canceled
CancelRejected  -               .               .               Open            .
Expired         Expired         Expired         Expired         Expired         Expired
Unanswered      Unknown         Unknown         Unknown         Unknown         Unknown
NeverArrived    -               -               -               Dead            Dead
";
const OVER: &str = "\
on              Filled          Canceled        Expired         Rejected        Dead
PartFill        late            late            late            late            late
LastFill        late            late            late            late            late
Acked           .               .               .               .               .
Rejected        -               -               -               .               -
CancelSent      -               -               -               -               -
Canceled        .               .               .               .               .
CancelRejected  .               .               .               .               .
Expired         .               .               .               .               .
Unanswered      .               .               .               .               .
NeverArrived    .               .               .               .               .
";

fn table(states: &[OrderState]) -> String {
    let line = |head: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:16}")).collect();
        format!("{head:16}{cells}").trim_end().to_owned() + "\n"
    };
    let cell = |state: &OrderState, trigger: Trigger| match state.on(trigger) {
        Move::To(state) => format!("{state:?}"),
        Move::Stay => ".".to_owned(),
        Move::LateFill => "late".to_owned(),
        Move::Illegal => "-".to_owned(),
    };
    let mut table = line("on", states.iter().map(|state| format!("{state:?}")).collect());
    let mut triggers = vec![
        ("PartFill".to_owned(), Trigger::PartFill),
        ("LastFill".to_owned(), Trigger::LastFill),
    ];
    triggers
        .extend(OrderUpdate::ALL.map(|update| (format!("{update:?}"), Trigger::Update(update))));
    for (name, trigger) in triggers {
        table += &line(&name, states.iter().map(|state| cell(state, trigger)).collect());
    }
    table
}

#[test]
fn the_table_is_the_one_agreed_on() {
    let (over, live): (Vec<_>, Vec<_>) =
        OrderState::ALL.into_iter().partition(|state| state.is_terminal());
    assert_eq!(table(&live), LIVE, "\n{}", table(&live));
    assert_eq!(table(&over), OVER, "\n{}", table(&over));
}

#[test]
fn a_life_that_is_over_stays_over() {
    for state in OrderState::ALL.into_iter().filter(|state| state.is_terminal()) {
        for update in OrderUpdate::ALL {
            let moved = state.on(Trigger::Update(update));
            assert!(matches!(moved, Move::Stay | Move::Illegal), "{state:?} {update:?}");
        }
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
    }
}

fn sell(qty: i64) -> NewOrder {
    NewOrder { side: Side::Sell, reserve: Amount::ZERO, ..buy(qty) }
}

/// A fill of `qty` at 1.00 without fee.
fn fill(order: OrderId, qty: i64, last: bool) -> Fill {
    let price = Price::new(100);
    Fill { order, ts: Nanos::ZERO, price, qty: Qty::new(qty), fee: Amount::ZERO, last }
}

/// What a fill of `qty` at 1.00 comes to.
fn spent(qty: i64) -> Amount {
    Amount::new(i128::from(qty) * 10_i128.pow(14))
}

fn placed(orders: &[NewOrder]) -> Orders {
    let mut all = Orders::new(7);
    for (order, sequence) in orders.iter().zip(0..) {
        all.on_placed(id(sequence), *order).unwrap();
    }
    all
}

fn exposure(orders: &Orders) -> Exposure {
    orders.exposure(HERE, Qty::ZERO).unwrap()
}

#[test]
fn what_cannot_be_changes_nothing() {
    use OrderUpdate::{Acked, CancelRejected, CancelSent, Canceled, NeverArrived, Rejected};
    type Case<'a> = (&'a str, &'a [OrderUpdate], OrderUpdate);
    let table: &[Case<'_>] = &[
        ("rejected after it was at the venue", &[Acked], Rejected),
        ("never arrived, yet acknowledged", &[Acked], NeverArrived),
        ("canceled by us after its end", &[Canceled], CancelSent),
        ("a cancel refused that was never sent", &[], CancelRejected),
        ("rejected after it was canceled", &[Canceled], Rejected),
    ];
    for (name, before, update) in table {
        let mut orders = placed(&[buy(10)]);
        for update in *before {
            orders.on_update(id(0), *update).unwrap();
        }
        let same = orders.clone();
        assert_eq!(orders.on_update(id(0), *update), Err(OrderError::Illegal), "{name}");
        assert_eq!(orders, same, "{name}");
    }
}

#[test]
fn an_order_with_a_fill_cannot_have_been_refused() {
    for update in [OrderUpdate::Rejected, OrderUpdate::NeverArrived] {
        let mut orders = placed(&[buy(10)]);
        orders.on_fill(&fill(id(0), 4, false), spent(4)).unwrap();
        orders.on_update(id(0), OrderUpdate::Unanswered).unwrap();
        let same = orders.clone();
        assert_eq!(orders.on_update(id(0), update), Err(OrderError::Illegal), "{update:?}");
        assert_eq!(orders, same, "{update:?}");
    }
}

#[test]
fn answers_that_come_twice_or_cross_do_nothing() {
    use OrderUpdate::{Acked, CancelRejected, CancelSent, Canceled, Expired, NeverArrived};
    use OrderUpdate::{Rejected, Unanswered};
    type Case<'a> = (&'a [OrderUpdate], OrderState);
    let table: &[Case<'_>] = &[
        (&[Acked, Acked], OrderState::Open),
        (&[Acked, CancelSent, CancelSent, Canceled, Canceled], OrderState::Canceled),
        (&[Canceled, Acked], OrderState::Canceled),
        (&[Rejected, Rejected], OrderState::Rejected),
        (&[Acked, CancelSent, CancelRejected, CancelRejected], OrderState::Open),
        (&[Expired, Canceled, CancelRejected], OrderState::Expired),
        (&[Unanswered, NeverArrived, NeverArrived], OrderState::Dead),
        // A request that timed out after its answer came another way.
        (&[Canceled, Unanswered], OrderState::Canceled),
        // The venue refuses an order that we were about to cancel.
        (&[CancelSent, Rejected], OrderState::Rejected),
        // Canceled blindly, and proven never to have been there.
        (&[Unanswered, CancelSent, NeverArrived], OrderState::Dead),
        // The cancel timed out; its refusal comes late.
        (&[Acked, CancelSent, Unanswered, CancelRejected], OrderState::Unknown),
    ];
    for (updates, wanted) in table {
        let mut orders = placed(&[buy(10)]);
        for update in *updates {
            orders.on_update(id(0), *update).unwrap();
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
        orders.on_update(id(0), update).unwrap();
    }
    assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::PartiallyFilled);
    orders.on_update(id(0), OrderUpdate::CancelSent).unwrap();
    orders.on_fill(&fill(id(0), 1, false), spent(1)).unwrap();
    assert_eq!(orders.get(id(0)).unwrap().state(), OrderState::PendingCancel);
    orders.on_update(id(0), OrderUpdate::CancelRejected).unwrap();
    let order = *orders.get(id(0)).unwrap();
    assert_eq!((order.state(), order.filled()), (OrderState::PartiallyFilled, Qty::new(5)));
}

#[test]
fn a_fill_after_the_end_is_booked_and_counted() {
    for end in [OrderUpdate::Canceled, OrderUpdate::Expired, OrderUpdate::Rejected] {
        let mut orders = placed(&[buy(10)]);
        orders.on_update(id(0), end).unwrap();
        let state = orders.get(id(0)).unwrap().state();
        assert!(orders.on_fill(&fill(id(0), 4, false), spent(4)).unwrap(), "{end:?}");
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
        assert_eq!(orders.on_fill(&fill(id(0), 4, true), spent(4)), Ok(false));
    }
}

#[test]
fn an_order_that_was_never_placed_has_no_answers() {
    let mut orders = placed(&[buy(10)]);
    let same = orders.clone();
    for unknown in [id(1), OrderId::new(8, 0), OrderId::from_number(u64::MAX)] {
        let update = orders.on_update(unknown, OrderUpdate::Acked);
        assert_eq!(update, Err(OrderError::NoSuchOrder));
        let filled = orders.on_fill(&fill(unknown, 1, true), spent(1));
        assert_eq!(filled, Err(OrderError::NoSuchOrder));
    }
    for sequence in [0, 2, u32::MAX] {
        let placed = orders.on_placed(id(sequence), buy(10));
        assert_eq!(placed, Err(OrderError::Illegal), "{sequence}");
    }
    assert_eq!(orders, same);
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
    ];
    for (name, order) in table {
        let mut orders = Orders::new(7);
        assert_eq!(orders.on_placed(id(0), *order), Err(OrderError::Illegal), "{name}");
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
            orders.on_update(order, update).unwrap();
        }
        assert_eq!(exposure(&orders), live, "{update:?}");
    }
    orders.on_fill(&fill(id(0), 4, false), spent(4)).unwrap();
    orders.on_fill(&fill(id(1), 20, false), spent(20)).unwrap();
    let left = exposure(&orders);
    assert_eq!(left.working_buy, amount("200").minus(spent(4)).unwrap());
    assert_eq!(left.working_sell, Qty::new(10));
    for order in [id(0), id(1), id(2)] {
        orders.on_update(order, OrderUpdate::Canceled).unwrap();
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
        state.apply(&Record::Placed { ts: Nanos::ZERO, id: id(0), order }).unwrap();
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
        Record::Placed { ts: Nanos::ZERO, id: id(0), order: buy(10) },
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
        orders.on_placed(id(sequence), buy(1)).unwrap();
        // One is left to work, after as many as are kept.
        if sequence as usize != ORDERS_KEPT {
            orders.on_update(id(sequence), OrderUpdate::Canceled).unwrap();
        }
        assert!(orders.all().len() <= 2 * ORDERS_KEPT);
    }
    let first = orders.all().first().unwrap().id();
    assert_eq!(first, id(u32::try_from(ORDERS_KEPT).unwrap()), "it still works");
    assert_eq!(orders.working().map(|order| order.id()).collect::<Vec<_>>(), [first]);
    assert!(orders.get(id(0)).is_none() && orders.get(id(count - 1)).is_some());
    let late = orders.on_update(id(0), OrderUpdate::Acked);
    assert_eq!(late, Err(OrderError::NoSuchOrder));
    orders.on_placed(id(count), buy(1)).unwrap();
    assert_eq!(orders.get(id(count)).unwrap().state(), OrderState::Pending);
}
