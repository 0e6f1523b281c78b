//! What risk says of orders that are there already: one that is changed, one that waited for its
//! trigger, one that is laid behind a position; each at its bound and beyond.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod market;
mod scene;

use bot4_engine::event::{
    Amendment, NewOrder, OrderTerms, Side, Size, SleeveId, Stop, StopKind, TimeInForce,
    TradingState, Want,
};
use bot4_engine::exposure::{Lately, Resting};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::risk::{
    Change, Exit, Refusal, assess_change, assess_exit, assess_held, assess_held_exit,
};
use bot4_engine::units::{Amount, Nanos, Price, Qty};

use crate::market::{SECOND, amount, ns};
use crate::scene::{Scene, at, buy};
use Side::{Buy, Sell};

/// Of one, on no terms.
fn order(side: Side, limit: Option<i64>) -> NewOrder {
    NewOrder {
        sleeve: SleeveId(0),
        instrument: InstrumentId(0),
        side,
        size: Size::Base(Qty::new(10_000)),
        limit: limit.map(Price::new),
        reserve: Amount::ZERO,
        terms: OrderTerms::default(),
        replaces: None,
    }
}

fn loss(trigger: i64) -> Stop {
    Stop { kind: StopKind::Stop, trigger: Price::new(trigger), trail: Price::ZERO }
}

/// 100.00 seen, and five percent of it the furthest.
fn collared(held: i64) -> Scene {
    Scene::quiet().limits("research", &[("collar", "0.05")]).holding(held)
}

fn changed(
    scene: &Scene,
    order: &NewOrder,
    qty: f64,
    limit: f64,
) -> Result<Option<Amendment>, Refusal> {
    let (filled, spent) = (Qty::ZERO, Amount::ZERO);
    let change = Change { order, filled, spent, qty: Some(qty), limit: Some(limit) };
    let approved = assess_change(&change, &scene.view())?;
    Ok(approved.map(|approved| approved.into_amendment()))
}

#[test]
fn the_least_notional_holds_for_a_change_of_what_opens_and_not_of_what_closes() {
    let mut scene = Scene::quiet().holding(10_000);
    scene.instrument.notional_min = amount("80");
    let plain = order(Buy, Some(9_000));
    let closing = OrderTerms { reduce_only: true, ..OrderTerms::default() };
    let closing = NewOrder { terms: closing, ..order(Sell, Some(12_000)) };
    for (name, order, qty, limit, wanted) in [
        ("at it", &plain, 1.0, 80.0, None),
        ("below", &plain, 1.0, 79.99, Some(Refusal::BelowMinimum)),
        ("above", &plain, 1.0, 80.01, None),
        ("what closes, below", &closing, 0.1, 120.0, None),
    ] {
        assert_eq!(changed(&scene, order, qty, limit).err(), wanted, "{name}");
    }
}

#[test]
fn a_change_of_what_closes_has_the_room_of_what_it_closes() {
    // One order may be worth 100; what is held comes to 500.
    let mut scene = Scene::quiet().limits("research", &[("order_max", "0.01")]).holding(50_000);
    scene.exposure.working_sell = Qty::new(50_000);
    let closing = NewOrder { size: Size::Base(Qty::new(50_000)), ..order(Sell, Some(12_000)) };
    let wanted =
        Amendment { limit: Price::new(11_000), qty: Qty::new(50_000), reserve: Amount::ZERO };
    assert_eq!(changed(&scene, &closing, 5.0, 110.0), Ok(Some(wanted)));
    // 5.4545 at 110.00 are worth 599.995, a lot more 600.006.
    assert!(changed(&scene, &closing, 5.4545, 110.0).is_ok());
    assert_eq!(changed(&scene, &closing, 5.4546, 110.0), Err(Refusal::OrderLimit));
}

#[test]
fn a_change_meets_no_order_of_ours_unless_it_can_only_close() {
    let resting = Resting { orders: 2, sell: Some(Price::new(10_100)), ..Resting::default() };
    let scene = Scene { resting, ..Scene::quiet().limits("research", &[]).holding(-10_000) };
    let plain = order(Buy, Some(9_000));
    let closing = OrderTerms { reduce_only: true, ..OrderTerms::default() };
    let closing = NewOrder { terms: closing, ..plain };
    for (name, order, limit, wanted) in [
        ("short of it", &plain, 100.99, None),
        ("at it", &plain, 101.0, Some(Refusal::SelfTrade)),
        ("what closes", &closing, 101.0, None),
    ] {
        assert_eq!(changed(&scene, order, 1.0, limit).err(), wanted, "{name}");
    }
}

#[test]
fn a_sell_that_becomes_smaller_at_its_price_opens_nothing() {
    let mut scene = Scene { trading_state: TradingState::Reducing, ..Scene::quiet() };
    scene = scene.holding(10_000);
    let plain = order(Sell, Some(12_000));
    for (name, qty, limit, wanted) in [
        ("smaller", 0.5, 120.0, None),
        ("dearer", 1.0, 121.0, None),
        ("cheaper", 1.0, 119.0, Some(Refusal::ReducingOnly)),
        ("larger", 1.1, 120.0, Some(Refusal::ReducingOnly)),
    ] {
        assert_eq!(changed(&scene, &plain, qty, limit).err(), wanted, "{name}");
    }
}

#[test]
fn what_waited_leaves_at_its_own_limit_or_where_the_collar_ends() {
    for (name, side, limit, wanted) in [
        ("a better one", Buy, Some(9_800), 9_800),
        ("at the end", Buy, Some(10_500), 10_500),
        ("beyond it", Buy, Some(11_000), 10_500),
        ("none", Buy, None, 10_500),
        ("a better sell", Sell, Some(10_200), 10_200),
        ("a sell beyond", Sell, Some(9_000), 9_500),
        ("a sell at any price", Sell, None, 9_500),
    ] {
        let scene = collared(10_000);
        let released = assess_held(&order(side, limit), &scene.view()).unwrap();
        assert_eq!(released.to.limit, Price::new(wanted), "{name}");
        assert_eq!((released.to.qty, released.clipped), (Qty::new(10_000), None), "{name}");
    }
}

#[test]
fn an_exit_that_waited_leaves_so_too_and_reserves_what_it_costs_now() {
    for (name, side, trigger, limit, wanted, reserve) in [
        ("a better one", Sell, 10_000, Some(9_800), 9_800, "0"),
        ("beyond the end", Sell, 10_000, Some(8_000), 9_500, "0"),
        ("at any price", Sell, 10_000, None, 9_500, "0"),
        // One of a short is reached from far away: its trigger is what was, not what is.
        ("of a short", Buy, 20_000, None, 10_500, "105.105"),
        ("of a short, better", Buy, 20_000, Some(10_100), 10_100, "105.105"),
        ("of a short, beyond", Buy, 20_000, Some(30_000), 10_500, "105.105"),
    ] {
        let scene = collared(if side == Sell { 10_000 } else { -10_000 });
        let terms = OrderTerms { stop: Some(loss(trigger)), ..OrderTerms::default() };
        let waited = NewOrder { terms, ..order(side, limit) };
        let released = assess_held_exit(&waited, Qty::new(10_000), &scene.view()).unwrap();
        let (limit, qty) = (Price::new(wanted), Qty::new(10_000));
        assert_eq!(released.to, Amendment { limit, qty, reserve: amount(reserve) }, "{name}");
    }
}

#[test]
fn an_exit_closes_what_is_held_and_no_more() {
    for (name, held, open, wanted) in [
        ("all", 10_000, 10_000, Ok(Sell)),
        ("more than all", 10_000, 10_001, Err(Refusal::ReduceOnly)),
        ("a short", -10_000, -10_000, Ok(Buy)),
        ("more than a short", -10_000, -10_001, Err(Refusal::ReduceOnly)),
        ("the other way", 10_000, -5_000, Err(Refusal::ReduceOnly)),
        ("the other way of a short", -10_000, 5_000, Err(Refusal::ReduceOnly)),
    ] {
        let exit =
            Exit { sleeve: SleeveId(0), open: Qty::new(open), stop: loss(9_500), twin: false };
        let laid = assess_exit(&exit, &collared(held).view());
        assert_eq!(laid.map(|laid| laid.side()), wanted, "{name}");
    }
}

#[test]
fn only_what_may_open_and_take_is_the_same_order_twice() {
    let now = ns(100 * SECOND);
    let twice = |terms: OrderTerms, passed: i64| {
        let scene = Scene::quiet().holding(10_000);
        let Want::Trade { side, qty, limit, .. } = at(99.0, buy(0.5)) else { return false };
        let side = if terms.reduce_only { Sell } else { side };
        let want = Want::Trade { side, qty, limit, terms };
        let approved = scene.assess(want).unwrap().unwrap().approved;
        let (ts, size) = (Nanos::new(now.mantissa() - passed), Size::Base(Qty::new(5_000)));
        let lately = Lately { ts, side, size, limit: Some(Price::new(9_900)) };
        approved.is_duplicate([None, Some(lately)], now, ns(SECOND))
    };
    let plain = OrderTerms::default();
    for (name, terms, passed, wanted) in [
        ("just now", plain, SECOND - 1, true),
        ("as long ago as is looked at", plain, SECOND, false),
        ("it only makes", OrderTerms { post_only: true, ..plain }, 0, false),
        ("it only closes", OrderTerms { reduce_only: true, ..plain }, 0, false),
    ] {
        assert_eq!(twice(terms, passed), wanted, "{name}");
    }
}

#[test]
fn what_waits_goes_on_once_it_began_and_what_takes_is_over_at_once() {
    let scene = collared(10_000);
    let terms = |stop| OrderTerms { stop, ..OrderTerms::default() };
    for (name, terms, wanted) in [
        ("it waits", terms(Some(loss(9_500))), TimeInForce::Gtc),
        ("it takes", terms(None), TimeInForce::Ioc),
    ] {
        let want = Want::Trade { side: Sell, qty: 1.0, limit: None, terms };
        let approved = scene.assess(want).unwrap().unwrap().approved;
        let parties = (&scene.profile, &scene.account);
        let sent = approved.protected(&scene.instrument, scene.mark.unwrap(), parties).unwrap();
        assert_eq!(sent.into_order().terms.tif, wanted, "{name}");
    }
}
