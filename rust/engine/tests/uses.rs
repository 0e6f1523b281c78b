//! How much of each limit is in use, against numbers by hand and against the checks themselves.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod market;
mod scene;

use std::collections::BTreeSet;

use bot4_engine::bot::{Bot, Decides, Output, Sleeve};
use bot4_engine::event::{Bar, Event, Intent, SleeveId};
use bot4_engine::exposure::{Conduct, Group, Mark, Resting, Sight};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::risk::limits::LIMITS;
use bot4_engine::risk::monitor::Monitor;
use bot4_engine::risk::uses::{FULL, GAUGES, Use, is_off};
use bot4_engine::units::{Amount, Price, Qty, Rate};

use crate::market::{HOUR, SECOND, START, amount, instrument, measure, ns, profile, sleeve};
use crate::scene::{Scene, buy, sell};

/// One limit, what is looked at, and how much of it is in use then.
type Row = (&'static str, &'static str, Scene, Use);

fn used(limit: &str, scene: &Scene, monitor: &Monitor) -> Use {
    let gauge = GAUGES.into_iter().find(|gauge| gauge.limit == limit).unwrap();
    gauge.read(&scene.view(), monitor)
}

fn with(change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = Scene::quiet();
    change(&mut scene);
    scene
}

/// 100.00 now, with a touch of so much, and so much a minute ago.
fn market(bid: i64, ask: i64, before: i64) -> Scene {
    with(|scene| {
        scene.sight = Some(Sight {
            mark: scene.mark.unwrap(),
            before: Price::new(before),
            bid: Price::new(bid),
            ask: Price::new(ask),
            bid_qty: Qty::new(1),
            ask_qty: Qty::new(1),
        });
    })
}

fn did(conduct: Conduct) -> Scene {
    with(|scene| scene.conduct = conduct)
}

/// What is held in all, or of a group, and works, at 10,000 of equity.
fn group(net: &str, buying: &str, selling: Option<&str>) -> Group {
    Group { net: amount(net), buying: amount(buying), selling: selling.map(amount) }
}

/// 20 held, which are worth 2,000, and 500 that working buys may spend.
fn invested() -> Scene {
    let mut scene = Scene::quiet().holding(200_000);
    scene.exposure.working_buy = amount("500");
    scene.account.reserved = amount("500");
    scene
}

/// What is held, against the caps on it.
fn held() -> Vec<Row> {
    let part = Use::Part;
    vec![
        ("position_max", "0.5", invested(), part(5_000)),
        ("position_max", "100", invested(), Use::Off),
        ("position_max", "0", Scene::quiet(), part(FULL)),
        ("position_max", "0", invested(), part(u32::MAX)),
        ("gross_max", "0.75", invested(), part(3_334)), // a third, rounded up
        (
            "gross_max",
            "0.5",
            with(|s| {
                *s = invested();
                s.scale = Rate::new(Rate::ONE.mantissa() / 2);
            }),
            part(FULL),
        ),
        ("net_max", "1", with(|s| s.all = group("-1000", "0", Some("500"))), part(1_500)),
        ("net_max", "1", with(|s| s.all = group("-1000", "3000", Some("500"))), part(2_000)),
        ("group_max", "0.1", with(|s| s.group = group("900", "90", Some("0"))), part(9_900)),
        ("group_max", "0.1", with(|s| s.group = group("900", "90", None)), Use::Unknown),
        ("unexecuted_max", "0.2", invested(), part(2_500)),
        ("liquidation_distance_min", "0.5", invested(), part(1_250)),
        ("liquidation_distance_min", "0", invested(), Use::Off),
    ]
}

/// So many seconds ago the account might lose so much.
fn risked(seconds: i64, var: &str, cvar: &str) -> Scene {
    with(|s| s.measure = Some(measure(100 - seconds, var, cvar)))
}

/// What the account may lose.
fn measured() -> Vec<Row> {
    let part = Use::Part;
    vec![
        ("var_max", "0.02", risked(0, "0.005", "0.01"), part(2_500)),
        ("var_max", "0.02", risked(0, "0.03", "0.04"), part(15_000)),
        ("var_max", "1", risked(0, "0.03", "0.04"), Use::Off),
        ("var_max", "0.02", with(|_| ()), Use::Unknown),
        ("var_max", "0.02", risked(901, "0.005", "0.01"), Use::Unknown),
        ("cvar_max", "0.03", risked(0, "0.005", "0.01"), part(3_334)),
        ("cvar_max", "0.03", with(|_| ()), Use::Unknown),
        ("measure_age_max_s", "60", risked(30, "0.005", "0.01"), Use::Off),
    ]
}

/// What the market does, and what was done.
fn done() -> Vec<Row> {
    let part = Use::Part;
    let lost = Conduct { lost: amount("45"), lost_at: ns(90 * SECOND), losses: 3, ..quiet() };
    vec![
        ("loss_hour_max", "0.02", with(|s| s.hour_peak = amount("10100")), part(4_951)),
        ("jump_max", "0.1", market(9_999, 10_001, 9_500), part(5_264)),
        ("spread_max", "0.02", market(9_950, 10_050, 10_000), part(5_000)),
        ("spread_max", "1", market(9_950, 10_050, 10_000), Use::Off),
        ("spread_max", "0.02", with(|s| s.mark = None), Use::Unknown),
        ("cost_max", "0.02", market(9_950, 10_050, 10_000), part(6_000)),
        ("cost_max", "1", market(9_950, 10_050, 10_000), Use::Off),
        ("cost_max", "0.02", with(|s| s.mark = None), Use::Unknown),
        (
            "price_age_max_s",
            "60",
            with(|s| s.mark = Some(Mark { price: Price::new(10_000), ts: ns(70 * SECOND) })),
            part(5_000),
        ),
        ("orders_working_max", "200", with(|s| s.working = 50), part(2_500)),
        (
            "orders_instrument_max",
            "100",
            with(|s| s.resting = Resting { orders: 99, ..Resting::default() }),
            part(9_900),
        ),
        (
            "unknown_max",
            "3",
            with(|s| s.resting = Resting { unknown: 1, ..Resting::default() }),
            part(3_334),
        ),
        ("messages_max", "8", did(Conduct { messages: 60, ..quiet() }), part(7_500)),
        (
            "cancels_per_fill_max",
            "500",
            did(Conduct { cancels: 500, fills: 2, ..quiet() }),
            part(5_000),
        ),
        ("repeats_max", "20", did(Conduct { takes: 20, ..quiet() }), part(FULL)),
        ("repeats_max", "1000000", did(Conduct { takes: 20, ..quiet() }), Use::Off),
        ("loss_streak_max", "10", did(lost), Use::Off),
        (
            "loss_streak_max",
            "10",
            with(|s| {
                *s = did(lost);
                s.profile = profile("unleveraged", &[("cooldown_s", "10")]);
            }),
            part(3_000),
        ),
        (
            "loss_order_max",
            "0.005",
            with(|s| {
                *s = did(lost);
                s.profile = profile("unleveraged", &[("cooldown_s", "60")]);
            }),
            part(9_000),
        ),
        (
            "loss_order_max",
            "0.005",
            with(|s| {
                *s = did(lost);
                s.profile = profile("unleveraged", &[("cooldown_s", "10")]);
            }),
            part(0),
        ),
        ("loss_order_max", "0.005", did(lost), Use::Off),
    ]
}

fn quiet() -> Conduct {
    Conduct::default()
}

fn limited(limit: &str, value: &str, scene: &Scene) -> Scene {
    let cooldown = scene.profile.cooldown.mantissa() / SECOND;
    let changes = [("cooldown_s", cooldown.to_string()), (limit, value.to_owned())];
    let changes: Vec<_> = changes.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Scene { profile: profile("research", &changes), ..scene.clone() }
}

#[test]
fn so_much_is_in_use_as_one_finds_by_hand() {
    for (limit, value, scene, wanted) in held().into_iter().chain(measured()).chain(done()) {
        let scene = limited(limit, value, &scene);
        assert_eq!(used(limit, &scene, &Monitor::default()), wanted, "{limit} {value}");
    }
}

#[test]
fn losses_are_a_part_of_what_may_be_lost() {
    let mut monitor = Monitor::default();
    monitor.on_deposit(amount("10000")).unwrap();
    monitor.on_equity(ns(START), amount("10000"));
    monitor.on_equity(ns(START + 1), amount("12000"));
    monitor.on_equity(ns(START + 2), amount("9800"));
    let scene = |changes| Scene::quiet().holding(400_000).limits("default", changes);
    assert_eq!(used("daily_loss_max", &scene(&[]), &monitor), Use::Part(6_667));
    assert_eq!(used("drawdown_max", &scene(&[]), &monitor), Use::Part(18_334));
    // 4,000 held lose 1,000; of 12,000 may 10 % and a quarter of 20 % go, and 2,200 went.
    assert_eq!(used("gap_assumed", &scene(&[]), &monitor), Use::Part(u32::MAX));
    monitor.on_equity(ns(START + 3), amount("11600"));
    assert_eq!(used("gap_assumed", &scene(&[]), &monitor), Use::Part(7_143));
    let off = scene(&[("daily_loss_max", "1"), ("drawdown_max", "1")]);
    for limit in ["daily_loss_max", "drawdown_max", "gap_assumed"] {
        assert_eq!(used(limit, &off, &monitor), Use::Off);
    }
}

#[test]
fn what_is_full_lets_nothing_more_through_and_what_is_not_does() {
    let cases = [
        ("position_max", "0.2", "position_limit"),
        ("gross_max", "0.2", "gross_limit"),
        ("liquidation_distance_min", "1", "margin"),
        ("net_max", "0.2", "net_limit"),
        ("group_max", "0.2", "group_limit"),
    ];
    for (limit, value, reason) in cases {
        let holding = |qty: i64| {
            let mut scene = Scene::quiet().holding(qty);
            let worth = scene.account.gross;
            if limit == "liquidation_distance_min" {
                scene.account.equity = amount("2000");
            }
            let net = Group { net: worth, selling: Some(Amount::ZERO), ..Group::default() };
            (scene.all, scene.group) = (net, net);
            limited(limit, value, &scene)
        };
        let (full, less) = (holding(200_000), holding(199_999));
        let monitor = Monitor::default();
        assert_eq!(used(limit, &full, &monitor), Use::Part(FULL), "{limit}");
        assert_eq!(full.answer(buy(0.0001)), format!("no: {reason}"));
        assert!(used(limit, &less, &monitor) <= Use::Part(FULL), "{limit}");
        assert_eq!(less.answer(buy(0.0001)), "buy 0.0001", "{limit}");
        assert_eq!(full.answer(sell(1.0)), "sell 1", "{limit} holds no exit back");
    }
}

#[test]
fn the_age_of_a_measure_counts_where_a_budget_is_on() {
    let aged = |scene: Scene, budget| {
        let scene = scene.limits("research", &[("measure_age_max_s", "60"), (budget, "0.5")]);
        used("measure_age_max_s", &scene, &Monitor::default())
    };
    for budget in ["var_max", "cvar_max"] {
        assert_eq!(aged(risked(30, "0.1", "0.2"), budget), Use::Part(5_000));
        assert_eq!(aged(risked(90, "0.1", "0.2"), budget), Use::Part(15_000));
        assert_eq!(aged(Scene::quiet(), budget), Use::Unknown);
    }
}

#[test]
fn what_no_gauge_tells_of_is_off_where_its_value_cannot_bind() {
    let gauged = |name: &str| GAUGES.iter().any(|gauge| gauge.limit == name);
    let off = |name, changes: &[(&str, &str)]| {
        let profile = profile(name, changes);
        let others = LIMITS.iter().map(|limit| limit.name).filter(|name| !gauged(name));
        others.filter(|name| is_off(name, &profile)).collect::<Vec<_>>()
    };
    assert_eq!(off("default", &[]), Vec::<&str>::new());
    let shares = ["depth_share_max", "impact_max", "volume_share_max"];
    let waits = ["duplicate_window_s", "cooldown_s", "unprotected_max_s"];
    let loose = [&["drift_max", "deviation_max"][..], &shares, &waits].concat();
    assert_eq!(off("unleveraged", &[]), loose);
    let free = [&loose[..], &["shorting", "borrowing"]].concat();
    assert_eq!(off("research", &[]), free);
    assert_eq!(off("default", &[("order_max", "100")]), ["order_max"]);
}

#[test]
fn every_gauge_is_of_a_limit_and_in_their_order() {
    let places = GAUGES.map(|gauge| LIMITS.iter().position(|limit| limit.name == gauge.limit));
    assert!(places.iter().all(Option::is_some));
    assert!(places.is_sorted());
    assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), GAUGES.len());
}

/// A bot of two instruments at 100.00, of each of which a strategy wants some.
fn bot(fractions: [f64; 2]) -> Bot {
    let other = Instrument { symbol: "test:ETH".to_owned(), ..instrument() };
    let seat = |place, name: &str| Sleeve {
        strategy: name.to_owned(),
        ..sleeve(place, "0.5", Decides::Outside)
    };
    let sleeves = vec![seat(0, "first"), seat(1, "second")];
    let limits = profile("unleveraged", &[("position_max", "0.5")]);
    let mut bot = Bot::new(vec![instrument(), other], sleeves, limits, 7);
    let mut out = Output::default();
    let mut tell = |event| bot.on(&event, &mut out).unwrap();
    tell(Event::Deposit { ts: ns(START), amount: amount("10000") });
    for place in [0, 1] {
        let (open_ns, close_ns) = (ns(START), ns(START + HOUR));
        let [open, high, low, close] = [100.0; 4];
        let instrument = InstrumentId(place);
        let volume = 1e9;
        tell(Event::Bar(Bar { instrument, open_ns, close_ns, open, high, low, close, volume }));
    }
    tell(Event::Time(ns(START + HOUR)));
    for (place, fraction) in (0..).zip(fractions) {
        let want = scene::target(fraction);
        tell(Event::Intent(Intent { sleeve: SleeveId(place), want }));
    }
    bot
}

#[test]
fn of_several_the_one_that_uses_most_is_named() {
    for (fractions, most, part) in [([0.2, 0.4], "ETH", 4_000), ([0.4, 0.2], "BTC", 4_000)] {
        let bot = bot(fractions);
        let uses = bot.uses();
        let named = |limit: &str| {
            let one = uses.iter().find(|one| one.gauge.limit == limit).unwrap();
            (one.used, bot.reach_name(one.gauge.reach, one.sleeve))
        };
        // 40 % of half the equity, of a cap of a half of it: what works counts as filled.
        assert_eq!(named("position_max"), (Use::Part(part), Some(most.to_owned())));
        assert_eq!(named("gross_max"), (Use::Part(3_000), None));
        assert_eq!(named("orders_working_max"), (Use::Part(100), None));
        assert_eq!(named("messages_max"), (Use::Part(2), Some("test".to_owned())));
    }
}
