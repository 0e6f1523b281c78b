//! How close an order came to its limits: what passed used no more than all of any, what was made
//! smaller used all of the one that did it, and the sums are those that one does by hand.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod market;
mod scene;

use std::collections::BTreeMap;

use bot4_engine::bot::{Bot, Decides, Output};
use bot4_engine::event::{Bar, Event, Intent, OrderTerms, Side, SleeveId, Stop, StopKind, Want};
use bot4_engine::exposure::{Conduct, Group, Resting, Sight};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::journal::{Record, decode, encode};
use bot4_engine::risk::monitor::Monitor;
use bot4_engine::risk::{Assessment, Judged, judge};
use bot4_engine::units::{Amount, Price, Qty};
use proptest::prelude::any;
use proptest::prop_assert;
use proptest::test_runner::TestCaseResult;

use crate::market::{Dice, HOUR, START, always, amount, instrument, ns, profile, sleeve};
use crate::scene::{Scene, at, buy, sell, target};

const FULL: u16 = 10_000;
/// Limits that bind, each by itself.
const LIMITED: [(&str, &str); 12] = [
    ("position_max", "0.3"),
    ("gross_max", "0.6"),
    ("net_max", "0.5"),
    ("group_max", "0.4"),
    ("liquidation_distance_min", "0.9"),
    ("order_max", "0.2"),
    ("unexecuted_max", "0.25"),
    ("depth_share_max", "0.5"),
    ("volume_share_max", "0.1"),
    ("spread_max", "0.02"),
    ("orders_working_max", "5"),
    ("repeats_max", "20"),
];

fn uses(judged: &Judged) -> BTreeMap<&'static str, u16> {
    judged.uses().collect()
}

fn passed(scene: &Scene, want: Want) -> (Judged, Assessment) {
    let assessed = scene.assess(want).unwrap().unwrap();
    (judge(&assessed.approved, &scene.view(), &Monitor::default()), assessed)
}

/// 20 held at 100.00 of 10,000, 500 that buys may still spend, a touch of 50 each way.
fn invested() -> Scene {
    let mut scene = Scene::quiet().holding(200_000);
    scene.exposure.working_buy = amount("500");
    scene.account.reserved = amount("500");
    let held = Group { net: amount("2000"), buying: amount("500"), selling: Some(Amount::ZERO) };
    (scene.all, scene.group, scene.turnover) = (held, held, amount("100000"));
    let (bid_qty, ask_qty) = (Qty::new(500_000), Qty::new(500_000));
    let sight = scene.sight().unwrap();
    let (bid, ask) = (Price::new(9_990), Price::new(10_010));
    scene.sight = Some(Sight { bid, ask, bid_qty, ask_qty, ..sight });
    scene.working = 1;
    scene.resting = Resting { orders: 1, ..Resting::default() };
    scene.conduct = Conduct { takes: 4, messages: 9, ..Conduct::default() };
    scene.limits("default", &LIMITED)
}

#[test]
fn an_order_takes_as_much_of_each_limit_as_one_finds_by_hand() {
    // 5 more at 100.00: 500 beside 2,000 held and 500 that works.
    let (judged, _) = passed(&invested(), at(100.0, buy(5.0)));
    assert!(!judged.reduces);
    let wanted = BTreeMap::from([
        ("position_max", FULL),
        ("gross_max", 5_000),
        ("net_max", 6_000),
        ("group_max", 7_500),
        ("liquidation_distance_min", 2_700),
        ("order_max", 2_500),
        ("unexecuted_max", 4_000),
        ("collar", 0),
        ("drift_max", 0),
        ("volume_share_max", 500),
        ("price_age_max_s", 0),
        ("orders_working_max", 4_000),
        ("orders_instrument_max", 200),
        ("messages_max", 1_250),
        ("repeats_max", 2_000),
        // With the fee of a thousandth, of 8,000 in cash less what works.
        ("borrowing", 668),
    ]);
    let told = uses(&judged);
    assert_eq!(judged.uses().count(), told.len(), "none is told twice");
    for (limit, part) in &wanted {
        assert_eq!(told.get(limit), Some(part), "{limit}");
    }
    // It rests below the ask: nothing of the book is taken, and nothing is sold.
    for limit in ["depth_share_max", "shorting"] {
        assert_eq!(told.get(limit), None, "{limit}");
    }
    let more = told.keys().filter(|limit| !wanted.contains_key(*limit)).copied();
    assert_eq!(
        more.collect::<Vec<_>>(),
        ["cancels_per_fill_max", "cost_max", "daily_loss_max", "drawdown_max", "gap_assumed"]
            .into_iter()
            .chain(["jump_max", "loss_hour_max", "loss_order_max", "loss_streak_max", "spread_max"])
            .chain(["unknown_max"])
            .collect::<Vec<_>>()
    );
    assert_eq!(told.get("spread_max"), Some(&1_000));
    // Two fees of a thousandth and a spread of two, of a fiftieth.
    assert_eq!(told.get("cost_max"), Some(&2_000));
}

#[test]
fn what_takes_is_held_against_the_book_and_a_limit_against_the_collar() {
    let mut scene = invested();
    scene.exposure.working_buy = Amount::ZERO;
    scene.account.reserved = Amount::ZERO;
    let told = uses(&passed(&scene, buy(5.0)).0);
    // 5 of half of the 50 that the ask shows.
    assert_eq!(told.get("depth_share_max"), Some(&2_000));
    assert_eq!((told.get("collar"), told.get("drift_max")), (None, None));
    assert_eq!(told.get("repeats_max"), Some(&2_500), "the fifth of twenty");
    // A limit a hundredth above the mark, of a collar of a fiftieth.
    let scene = scene.limits("default", &[&LIMITED[..], &[("collar", "0.02")]].concat());
    let told = uses(&passed(&scene, at(101.0, buy(5.0))).0);
    assert_eq!(told.get("collar"), Some(&5_000));
}

#[test]
fn what_closes_is_held_against_no_cap() {
    let scene = invested();
    let (judged, _) = passed(&scene, sell(20.0));
    assert!(judged.reduces);
    let told: Vec<_> = uses(&judged).into_keys().collect();
    assert_eq!(told, ["price_age_max_s"]);
    let (judged, _) = passed(&scene, at(99.5, sell(20.0)));
    let told: Vec<_> = uses(&judged).into_keys().collect();
    assert_eq!(told, ["collar", "drift_max", "price_age_max_s"]);
}

#[test]
fn what_waits_is_judged_at_its_trigger() {
    let stop = Stop { kind: StopKind::Stop, trigger: Price::new(11_000), trail: Price::ZERO };
    let terms = OrderTerms { stop: Some(stop), ..OrderTerms::default() };
    let mut scene = invested();
    scene.exposure.working_buy = Amount::ZERO;
    scene.account.reserved = Amount::ZERO;
    let want = Want::Trade { side: Side::Buy, qty: 5.0, limit: None, terms };
    let told = uses(&passed(&scene, want).0);
    // 25 at 110.00, of 3,000; the book there is not this one.
    assert_eq!(told.get("position_max"), Some(&9_167));
    assert_eq!(told.get("depth_share_max"), None);
    assert_eq!(told.get("repeats_max"), Some(&2_000), "it does not take yet");
}

/// A limit that binds, an account that may lie anywhere, and a want.
fn anywhere(dice: &mut Dice) -> (Scene, Want) {
    let below = |dice: &mut Dice, most: u64| i64::try_from(dice.below(most)).unwrap();
    let mut limits = vec![("shorting", "true"), ("borrowing", "true")];
    for _ in 0..1 + dice.below(4) {
        let place = usize::try_from(dice.below(LIMITED.len() as u64)).unwrap();
        limits.extend(LIMITED.get(place));
    }
    let position = below(dice, 600_000) - 300_000;
    let mut scene = Scene::quiet().holding(position).limits("unleveraged", &limits);
    let (buys, sells) = (below(dice, 1_000), below(dice, 100_000));
    if dice.below(2) == 0 {
        scene.exposure.working_buy = Amount::new(i128::from(buys) * 10_i128.pow(18));
        scene.account.reserved = scene.exposure.working_buy;
        scene.exposure.working_sell = Qty::new(sells);
    }
    let beyond = scene.exposure.working_sell.mantissa() - position.max(0);
    let worth = |qty: i64| scene.instrument.notional(Price::new(10_000), Qty::new(qty)).unwrap();
    scene.account.working_short = Some(worth(beyond.max(0)));
    let selling = Some(worth(scene.exposure.working_sell.mantissa()));
    let held = Group { net: worth(position), buying: scene.exposure.working_buy, selling };
    (scene.all, scene.group, scene.turnover) = (held, held, amount("30000"));
    let sight = scene.sight().unwrap();
    let (bid_qty, ask_qty) = (Qty::new(below(dice, 500_000)), Qty::new(below(dice, 500_000)));
    scene.sight = Some(Sight { bid_qty, ask_qty, ..sight });
    let qty = dice.part() * 60.0;
    let takes = dice.below(2) == 0;
    let want = match (dice.below(3), takes) {
        (0, _) => target(dice.part() * 2.0 - 1.0),
        (1, true) => buy(qty),
        (1, false) => at(99.0, buy(qty)),
        (_, true) => sell(qty),
        (_, false) => at(101.0, sell(qty)),
    };
    (scene, want)
}

fn check_anywhere(seed: u64) -> TestCaseResult {
    let (scene, want) = anywhere(&mut Dice(seed));
    let Ok(Some(Assessment { approved, clipped })) = scene.assess(want) else {
        return Ok(());
    };
    let judged = judge(&approved, &scene.view(), &Monitor::default());
    let told = uses(&judged);
    if judged.reduces {
        prop_assert!(
            told.keys().all(|limit| ["collar", "drift_max", "price_age_max_s"].contains(limit))
        );
        return Ok(());
    }
    for (limit, part) in &told {
        prop_assert!(*part <= FULL, "{limit} {part}: {scene:?} {want:?}");
    }
    let Some(clipped) = clipped else {
        return Ok(());
    };
    let limit = match clipped.name() {
        "position_limit" => "position_max",
        "gross_limit" => "gross_max",
        "net_limit" => "net_max",
        "group_limit" => "group_max",
        "margin" => "liquidation_distance_min",
        "order_limit" => "order_max",
        "unexecuted" => "unexecuted_max",
        "depth" => "depth_share_max",
        "volume" => "volume_share_max",
        other => panic!("{other} clips no order here"),
    };
    // All of it but less than a lot of 0.01, of caps of at least 500.
    prop_assert!(told.get(limit).is_some_and(|part| *part >= FULL - 1), "{limit} {told:?}");
    Ok(())
}

#[test]
fn what_passed_used_no_more_than_all_and_what_was_cut_used_all() {
    always(20_000, any::<u64>(), check_anywhere);
}

/// A bot at 100.00 that holds nothing, and may place one order after the other.
fn bot() -> (Bot, Output) {
    let limits = profile("unleveraged", &[("position_max", "0.5")]);
    let seat = sleeve(0, "1", Decides::Outside);
    let mut bot = Bot::new(vec![instrument()], vec![seat], limits, 7);
    let mut out = Output::default();
    let (open_ns, close_ns, instrument) = (ns(START), ns(START + HOUR), InstrumentId(0));
    let ([open, high, low, close], volume) = ([100.0; 4], 1e9);
    for event in [
        Event::Deposit { ts: ns(START), amount: amount("10000") },
        Event::Bar(Bar { instrument, open_ns, close_ns, open, high, low, close, volume }),
        Event::Time(ns(START + HOUR)),
    ] {
        bot.on(&event, &mut out).unwrap();
    }
    (bot, out)
}

#[test]
fn every_order_is_written_down_with_what_it_took_and_read_again() {
    let (mut bot, mut out) = bot();
    for limit in [99.0, 98.0] {
        let want = at(limit, buy(10.0));
        bot.on(&Event::Intent(Intent { sleeve: SleeveId(0), want }), &mut out).unwrap();
    }
    let judged = |records: &[Record]| -> Vec<_> {
        let judged = records.iter().filter_map(|record| {
            if let Record::Placed { judged, .. } = record { Some(judged.unwrap()) } else { None }
        });
        judged.collect()
    };
    let parts: Vec<_> = judged(&out.records).iter().map(|one| uses(one)["position_max"]).collect();
    // 990, and then 980 more beside 990 and its fee, of 5,000.
    assert_eq!(parts, [1_980, 3_942]);
    let encoded = encode(&[instrument()], 1, &out.records);
    let (_, _, records) = decode(&encoded).unwrap();
    assert_eq!(judged(&records), judged(&out.records));
}

#[test]
fn how_close_it_came_is_no_part_of_what_was_decided() {
    let (mut bot, mut out) = bot();
    let want = at(99.0, buy(10.0));
    bot.on(&Event::Intent(Intent { sleeve: SleeveId(0), want }), &mut out).unwrap();
    let placed = out.records.iter().find(|record| matches!(record, Record::Placed { .. }));
    let Some(Record::Placed { ts, id, order, judged }) = placed.copied() else {
        panic!("it places");
    };
    assert!(judged.is_some());
    let alike = Record::Placed { ts, id, order, judged: None };
    assert_eq!(placed.unwrap().normalised(), alike.normalised());
}
