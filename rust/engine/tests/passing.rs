//! Where an order just passes and where it does not: at what its venue takes, what the book holds,
//! where the market was a minute ago. The short way passes nothing there that it may not.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod market;
mod scene;

use bot4_engine::book::Ladder;
use bot4_engine::event::{Intent, Side, Size, SleeveId};
use bot4_engine::exposure::{Mark, Sight};
use bot4_engine::risk::{Armed, Refusal, View, assess};
use bot4_engine::units::{Amount, Nanos, Price, Qty};

use crate::market::amount;
use crate::scene::{Scene, at, buy, sell, target};

/// No limit of `research` binds, but these.
fn limited(limits: &[(&str, &str)]) -> Scene {
    Scene::quiet().limits("research", limits)
}

/// Bid and ask lie so many cents from the mark of 100.00, and hold a lot.
fn seen(scene: Scene, apart: i64) -> Scene {
    let sight = scene.sight().unwrap();
    let (bid, ask) = (Price::new(10_000 - apart), Price::new(10_000 + apart));
    let qty = Qty::new(1_000_000_000);
    Scene { sight: Some(Sight { bid, ask, bid_qty: qty, ask_qty: qty, ..sight }), ..scene }
}

fn ruled(least: &str, most: &str) -> Scene {
    let mut scene = limited(&[]);
    (scene.instrument.notional_min, scene.instrument.notional_max) = (amount(least), amount(most));
    scene
}

#[test]
fn the_short_way_keeps_to_what_the_venue_and_the_book_take() {
    let deep = || limited(&[("depth_share_max", "0.5"), ("impact_max", "0.001")]);
    let narrow = || limited(&[("spread_max", "0.001"), ("jump_max", "0.001")]);
    // Of which the fees take 0.002.
    let cheap = |cost| limited(&[("cost_max", cost), ("jump_max", "0.001")]);
    for (name, scene, fraction, passes) in [
        ("more than the least", ruled("10", "20000"), 0.002, true),
        ("less than the least", ruled("10", "20000"), 0.000_5, false),
        ("less than the most", ruled("0", "1000"), 0.09, true),
        ("more than the most", ruled("0", "1000"), 0.11, false),
        ("a touch as wide as may be", seen(narrow(), 4), 0.1, true),
        ("a touch that is wider", seen(narrow(), 6), 0.1, false),
        ("a touch that is paid for", seen(cheap("0.003"), 4), 0.1, true),
        ("a touch that costs more", seen(cheap("0.003"), 6), 0.1, false),
        ("fees that cost more", seen(cheap("0.0019"), 0), 0.1, false),
        ("a touch within the impact", seen(deep(), 4), 0.1, true),
        ("a touch beyond it", seen(deep(), 11), 0.1, false),
        ("a touch far beyond it", seen(deep(), 100), 0.1, false),
    ] {
        assert_eq!(scene.pass(fraction).is_ok(), passes, "{name}");
        let long = scene.assess(target(fraction)).ok().flatten();
        assert_eq!(long.is_some_and(|long| long.clipped.is_none()), passes, "{name}, the long way");
    }
}

#[test]
fn what_is_too_much_by_less_than_a_lot_is_not_sold_either_way() {
    // Half of the equity is a last unit more than 5,000: 10 less that unit do not make a lot.
    for (equity, qty) in [
        ("10000", 100_000),
        ("10000.000000000000000002", 99_999),
        ("9999.999999999999999998", 100_000),
    ] {
        let mut scene = limited(&[]).holding(600_000);
        scene.account.equity = amount(equity);
        let short = scene.pass(0.5).unwrap().into_order();
        assert_eq!(short.size, Size::Base(Qty::new(qty)), "{equity}");
        let long = scene.assess(target(0.5)).unwrap().unwrap().approved.into_order();
        assert_eq!(short, long, "{equity}");
    }
}

#[test]
fn the_short_way_passes_in_the_minute_it_was_made_for() {
    let scene = limited(&[("jump_max", "0.01")]);
    let sight = scene.sight().unwrap();
    let mut armed = Armed::of(SleeveId(0), &scene.view()).unwrap();
    for (before, passes) in [(10_000, true), (10_001, false), (20_000, false)] {
        let sight = Sight { before: Price::new(before), ..sight };
        assert_eq!(armed.pass(0.1, &sight, scene.now).is_ok(), passes, "{before}");
    }
}

#[test]
fn what_is_expected_passes_in_no_other_market_than_it_was_expected_in() {
    let scene = seen(limited(&[("jump_max", "0.01"), ("spread_max", "0.001")]), 4);
    let sight = scene.sight().unwrap();
    let mut armed = Armed::of(SleeveId(0), &scene.view()).unwrap();
    armed.expect(0.1);
    let old = Mark { ts: Nanos::ZERO, ..sight.mark };
    for (name, sight, wanted) in [
        ("as it was", sight, None),
        ("of another minute", Sight { before: Price::new(9_990), ..sight }, Some(Refusal::Jump)),
        ("wider", Sight { ask: Price::new(10_020), ..sight }, Some(Refusal::Spread)),
        ("older", Sight { mark: old, ..sight }, Some(Refusal::StalePrice)),
    ] {
        let refused = armed.pass(0.1, &sight, scene.now).err();
        assert_eq!(refused, wanted.map(Into::into), "{name}");
    }
}

#[test]
fn what_is_expected_of_one_target_is_said_of_no_other() {
    let scene = limited(&[("order_max", "0.2")]);
    let sight = scene.sight().unwrap();
    for [first, last] in [[0.3, 0.1], [0.1, 0.3]] {
        let mut armed = Armed::of(SleeveId(0), &scene.view()).unwrap();
        for fraction in [first, last] {
            armed.expect(fraction);
        }
        let passed = [0.1, 0.3].map(|target| armed.pass(target, &sight, scene.now).map(|_| ()));
        assert_eq!(passed, [Ok(()), Err(Refusal::OrderLimit.into())], "{last} was told last");
    }
}

#[test]
fn what_does_not_fit_is_refused_as_too_large() {
    let refused = limited(&[]).pass(1e9).unwrap_err();
    assert_eq!(refused, Refusal::TooLarge.into());
    let scene = limited(&[]);
    let mut armed = Armed::of(SleeveId(0), &scene.view()).unwrap();
    let sight = scene.sight().unwrap();
    let mark = Mark { price: Price::new(i64::MAX), ..sight.mark };
    let refused = armed.pass(0.1, &Sight { mark, ..sight }, scene.now).unwrap_err();
    assert_eq!(refused, Refusal::TooLarge.into(), "a price that no size can be worth");
}

#[test]
fn a_drift_of_everything_is_no_bound() {
    // 40.00 a minute ago: a limit of 100.00 lies more than all of it above.
    let drifted = |limit: &str| {
        let scene = limited(&[("drift_max", limit), ("jump_max", "1")]);
        let sight = Sight { before: Price::new(4_000), ..scene.sight().unwrap() };
        Scene { sight: Some(sight), ..scene }
    };
    assert_eq!(drifted("1").answer(at(100.0, buy(1.0))), "buy 1 at 100");
    assert_eq!(drifted("0.99").answer(at(100.0, buy(1.0))), "no: drift");
}

#[test]
fn what_rests_on_the_other_side_within_the_impact_is_what_may_be_taken() {
    let mut ladder = Ladder::default();
    // Half of what lies within 1 % may be taken: of 1 and 2, not of the 4 beyond.
    for (apart, qty) in [(10, 10_000), (90, 20_000), (200, 40_000)] {
        ladder.set(Side::Sell, Price::new(10_000 + apart), Qty::new(qty));
        ladder.set(Side::Buy, Price::new(10_000 - apart), Qty::new(2 * qty));
    }
    let limits = [("depth_share_max", "0.5"), ("impact_max", "0.01"), ("spread_max", "1")];
    let scene = seen(limited(&limits), 10).holding(100_000);
    for (name, want, qty) in [("a buy", buy(9.0), 15_000), ("a sell", sell(12.0), 30_000)] {
        let view = View { ladder: Some(&ladder), ..scene.view() };
        let assessed = assess(&Intent { sleeve: SleeveId(0), want }, &view).unwrap().unwrap();
        let order = assessed.approved.into_order();
        assert_eq!(assessed.clipped, Some(Refusal::Depth), "{name}");
        assert_eq!(order.size, Size::Base(Qty::new(qty)), "{name}");
    }
}

#[test]
fn a_number_below_nothing_that_cannot_be_lets_nothing_open() {
    let broken = |which: usize| {
        let (mut scene, below) = (limited(&[]), Amount::new(-1));
        match which {
            0 => scene.account.reserved = below,
            1 => scene.account.gross = below,
            2 => scene.account.working_short = Some(below),
            3 => scene.exposure.working_buy = below,
            4 => scene.exposure.working_sell = Qty::new(-1),
            _ => {}
        }
        scene.answer(buy(1.0))
    };
    let answers: Vec<_> = (0..6).map(broken).collect();
    assert_eq!(answers[5], "buy 1");
    assert!(answers[..5].iter().all(|answer| *answer == "no: not_usable"), "{answers:?}");
}
