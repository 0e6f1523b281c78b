//! Every check below, at and above its limit, with what is answered; tests/absurd.rs has what is
//! missing or no number.
//!
//! Long because it is the whole matrix.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::too_many_lines, reason = "a table is as long as what it lists")]

mod market;
mod scene;

use std::collections::BTreeSet;

use bot4_engine::event::{
    BreakerState, Component, OrderTerms, Side, Stop, StopKind, TimeInForce, TradingState, Want,
};
use bot4_engine::exposure::{Conduct, Group, Mark, Resting, Sight};
use bot4_engine::risk::Refusal;
use bot4_engine::risk::breaker::Breakers;
use bot4_engine::risk::check::{CHECKS, limits_table, table};
use bot4_engine::risk::limits::LIMITS;
use bot4_engine::units::{Amount, Nanos, Price, Qty};

use crate::market::{SECOND, amount, measure, ns, rate};
use crate::scene::{Scene, at, buy, sell, target};

const YES: &str = "buy 1";

/// A limit, its code, and what is wanted below, at and above it, with what is answered.
struct Row {
    code: &'static str,
    limits: &'static [(&'static str, &'static str)],
    cases: Vec<(&'static str, Scene, Want, &'static str)>,
}

fn row(
    code: &'static str,
    limits: &'static [(&'static str, &'static str)],
    cases: Vec<(&'static str, Scene, Want, &'static str)>,
) -> Row {
    Row { code, limits, cases }
}

/// 10,000 in cash at 100.00, nothing that binds but what a row sets.
fn quiet() -> Scene {
    Scene::quiet()
}

fn conduct(conduct: Conduct) -> Scene {
    Scene { conduct, ..quiet() }
}

/// Bid and ask around 100.00, with so much on each side.
fn touch(bid: i64, ask: i64, qty: i64) -> Scene {
    let mark = Mark { price: Price::new(10_000), ts: ns(100 * SECOND) };
    let sight = Sight {
        mark,
        before: mark.price,
        bid: Price::new(bid),
        ask: Price::new(ask),
        bid_qty: Qty::new(qty),
        ask_qty: Qty::new(qty),
    };
    Scene { sight: Some(sight), ..quiet() }
}

fn before(price: i64) -> Scene {
    let mut scene = touch(10_000, 10_000, i64::MAX);
    scene.sight = scene.sight.map(|sight| Sight { before: Price::new(price), ..sight });
    scene
}

fn resting(resting: Resting) -> Scene {
    Scene { resting, ..quiet() }
}

fn with(change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = quiet();
    change(&mut scene);
    scene
}

fn net(net: &str) -> Group {
    Group { net: amount(net), selling: Some(Amount::ZERO), ..Group::default() }
}

fn breaker(state: BreakerState) -> Scene {
    Scene { breakers: Breakers::default().with(Component::Venue, state), ..quiet() }
}

fn waits(kind: StopKind, trigger: i64) -> Want {
    let stop = Stop { kind, trigger: Price::new(trigger), trail: Price::ZERO };
    let terms = OrderTerms { stop: Some(stop), ..OrderTerms::default() };
    Want::Trade { side: Side::Buy, qty: 1.0, limit: None, terms }
}

fn termed(limit: Option<f64>, terms: OrderTerms) -> Want {
    Want::Trade { side: Side::Buy, qty: 1.0, limit, terms }
}

/// The checks of orders, in the order of their codes.
fn of_orders() -> Vec<Row> {
    let post = OrderTerms { post_only: true, ..OrderTerms::default() };
    let at_once = OrderTerms { tif: TimeInForce::Ioc, ..post };
    let reduce = OrderTerms { reduce_only: true, ..OrderTerms::default() };
    vec![
        row(
            "R01",
            &[],
            vec![
                ("smallest", quiet(), buy(0.0001), "buy 0.0001"),
                ("below it", quiet(), buy(0.000_09), "no: not_usable"),
                ("too large", quiet(), buy(1e300), "no: too_large"),
            ],
        ),
        row(
            "R02",
            &[],
            vec![
                ("above", with(|s| s.instrument.notional_min = amount("99.99")), buy(1.0), YES),
                ("at", with(|s| s.instrument.notional_min = amount("100")), buy(1.0), YES),
                (
                    "below",
                    with(|s| s.instrument.notional_min = amount("100.01")),
                    buy(1.0),
                    "no: below_minimum",
                ),
                ("most", with(|s| s.instrument.notional_max = amount("100")), buy(1.0), YES),
                (
                    "more",
                    with(|s| s.instrument.notional_max = amount("99.99")),
                    buy(1.0),
                    "buy 0.9999, qty_limit",
                ),
            ],
        ),
        row(
            "R07",
            &[],
            vec![
                ("below", with(|s| s.instrument.qty_max = Qty::new(10_001)), buy(1.0), YES),
                ("at", with(|s| s.instrument.qty_max = Qty::new(10_000)), buy(1.0), YES),
                (
                    "above",
                    with(|s| s.instrument.qty_max = Qty::new(9_999)),
                    buy(1.0),
                    "buy 0.9999, qty_limit",
                ),
                ("nothing", with(|s| s.instrument.qty_max = Qty::ZERO), buy(1.0), "no: qty_limit"),
            ],
        ),
        row(
            "R08",
            &[("order_max", "0.01")],
            vec![
                ("below", quiet(), buy(0.9999), "buy 0.9999"),
                ("at", quiet(), buy(1.0), YES),
                ("above", quiet(), buy(1.0001), "buy 1, order_limit"),
            ],
        ),
        row(
            "R10",
            &[("position_max", "0.01")],
            vec![
                ("below", quiet(), buy(0.9999), "buy 0.9999"),
                ("at", quiet(), buy(1.0), YES),
                ("above", quiet(), buy(1.0001), "buy 1, position_limit"),
                (
                    "with what works or is in doubt",
                    with(|s| s.exposure.working_buy = amount("50")),
                    buy(1.0),
                    "buy 0.5, position_limit",
                ),
            ],
        ),
        row(
            "R11",
            &[("gross_max", "0.01")],
            vec![
                ("at", quiet(), buy(1.0), YES),
                ("above", quiet(), buy(1.0001), "buy 1, gross_limit"),
                (
                    "others",
                    with(|s| s.account.gross = amount("99")),
                    buy(1.0),
                    "buy 0.01, gross_limit",
                ),
                ("unknown", with(|s| s.account.working_short = None), buy(1.0), "no: no_price"),
            ],
        ),
        row(
            "R12",
            &[("net_max", "0.02"), ("group_max", "0.01")],
            vec![
                ("at", quiet(), buy(1.0), YES),
                ("above the group", quiet(), buy(1.0001), "buy 1, group_limit"),
                ("above all", with(|s| s.all = net("150")), buy(1.0), "buy 0.5, net_limit"),
                ("the group holds", with(|s| s.group = net("100")), buy(1.0), "no: group_limit"),
                (
                    "its sells are not known",
                    with(|s| s.group = Group::default()).holding(10_000),
                    sell(2.0),
                    "no: no_price",
                ),
            ],
        ),
        row(
            "R13",
            &[
                ("liquidation_distance_min", "0.5"),
                ("gross_max", "100"),
                ("position_max", "100"),
                ("order_max", "100"),
                ("borrowing", "true"),
            ],
            vec![
                ("at", quiet(), buy(200.0), "buy 200"),
                ("above", quiet(), buy(200.0001), "buy 200, margin"),
            ],
        ),
        row(
            "R14",
            &[],
            vec![
                ("at", with(|s| s.account.cash = amount("100.1")), buy(1.0), YES),
                (
                    "above",
                    with(|s| s.account.cash = amount("100.0999")),
                    buy(1.0),
                    "buy 0.9999, free_cash",
                ),
                ("held", quiet().holding(10_000), sell(1.0), "sell 1"),
                ("more than held", quiet().holding(10_000), sell(1.0001), "sell 1, shorting"),
            ],
        ),
        row(
            "R16",
            &[("unexecuted_max", "0.02")],
            vec![
                ("at", with(|s| s.account.reserved = amount("100")), buy(1.0), YES),
                (
                    "above",
                    with(|s| s.account.reserved = amount("100.01")),
                    buy(1.0),
                    "buy 0.9999, unexecuted",
                ),
            ],
        ),
        row(
            "R21",
            &[],
            vec![
                (
                    "above it",
                    resting(Resting { sell: Some(Price::new(10_001)), ..Resting::default() }),
                    at(100.0, buy(1.0)),
                    "buy 1 at 100",
                ),
                (
                    "at it",
                    resting(Resting { sell: Some(Price::new(10_001)), ..Resting::default() }),
                    at(100.01, buy(1.0)),
                    "no: self_trade",
                ),
                (
                    "at the touch",
                    resting(Resting { sell: Some(Price::new(10_000)), ..Resting::default() }),
                    buy(1.0),
                    "no: self_trade",
                ),
                (
                    "a sell",
                    resting(Resting { buy: Some(Price::new(10_000)), ..Resting::default() })
                        .limits("research", &[]),
                    sell(1.0),
                    "no: self_trade",
                ),
                (
                    "what closes goes",
                    resting(Resting { buy: Some(Price::new(10_000)), ..Resting::default() })
                        .holding(10_000),
                    sell(1.0),
                    "sell 1",
                ),
            ],
        ),
        row(
            "R25",
            &[],
            vec![
                ("NaN", quiet(), target(f64::NAN), "no: not_usable"),
                ("inf", quiet(), target(f64::INFINITY), "no: not_usable"),
            ],
        ),
        row(
            "R26",
            &[],
            vec![
                ("nothing held", quiet(), termed(None, reduce), "no: reduce_only"),
                ("a short", quiet().holding(-10_000), termed(None, reduce), YES),
                ("half", quiet().holding(-5_000), termed(None, reduce), "buy 0.5, reduce_only"),
            ],
        ),
        row(
            "R34",
            &[],
            vec![
                ("post only", quiet(), termed(Some(99.0), post), "buy 1 at 99"),
                ("at once", quiet(), termed(Some(99.0), at_once), "no: terms"),
                ("without a limit", quiet(), termed(None, post), "no: terms"),
                ("ahead", quiet(), waits(StopKind::Stop, 10_100), YES),
                ("passed", quiet(), waits(StopKind::Stop, 9_900), "no: terms"),
            ],
        ),
    ]
}

/// The checks of the market.
fn of_markets() -> Vec<Row> {
    let aged = |seconds: i64| with(|s| s.now = ns((100 + seconds) * SECOND));
    let traded = |turnover: &str| Scene { turnover: amount(turnover), ..quiet() };
    vec![
        row(
            "R04",
            &[("collar", "0.05")],
            vec![
                ("at", quiet(), at(105.0, buy(1.0)), "buy 1 at 105"),
                ("beyond", quiet(), at(105.01, buy(1.0)), "no: collar"),
                ("a sell", quiet().holding(10_000), at(94.99, sell(1.0)), "no: collar"),
            ],
        ),
        row(
            "R05",
            &[("drift_max", "0.1")],
            vec![
                ("at", before(9_500), at(104.5, buy(1.0)), "buy 1 at 104.5"),
                ("beyond", before(9_500), at(104.51, buy(1.0)), "no: drift"),
                ("nothing is known of before", before(0), at(1.0, buy(1.0)), "no: drift"),
            ],
        ),
        row(
            "R06",
            &[("depth_share_max", "0.5"), ("impact_max", "0.01")],
            vec![
                ("near", touch(9_900, 10_100, 20_000), buy(1.0), YES),
                ("too far", touch(9_899, 10_101, 20_000), buy(1.0), "no: depth"),
                (
                    "what rests there is no matter",
                    touch(9_899, 10_101, 1),
                    at(99.0, buy(1.0)),
                    "buy 1 at 99",
                ),
            ],
        ),
        row(
            "R09",
            &[("depth_share_max", "0.5")],
            vec![
                ("at", touch(9_999, 10_001, 20_000), buy(1.0), YES),
                ("above", touch(9_999, 10_001, 19_998), buy(1.0), "buy 0.9999, depth"),
                ("nothing there", touch(9_999, 10_001, 0), buy(1.0), "no: depth"),
                ("only bars speak", quiet(), buy(1.0), YES),
            ],
        ),
        row(
            "R09",
            &[("volume_share_max", "0.01")],
            vec![
                ("at", traded("10000"), buy(1.0), YES),
                ("above", traded("9999"), buy(1.0), "buy 0.9999, volume"),
                ("nothing was seen", traded("0"), buy(1.0), "no: volume"),
            ],
        ),
        row(
            "R22",
            &[("price_age_max_s", "60")],
            vec![
                ("at", aged(60), buy(1.0), YES),
                (
                    "older",
                    with(|s| s.now = Nanos::new(160 * SECOND + 1)),
                    buy(1.0),
                    "no: stale_price",
                ),
                ("of the future", aged(-1), buy(1.0), "no: stale_price"),
                ("none", with(|s| s.mark = None), buy(1.0), "no: no_price"),
            ],
        ),
        row(
            "R23",
            &[("spread_max", "0.02")],
            vec![
                ("at", touch(9_900, 10_100, 100_000), buy(1.0), YES),
                ("wider", touch(9_900, 10_101, 100_000), buy(1.0), "no: spread"),
            ],
        ),
        // Both fees are two thousandths of it.
        row(
            "R36",
            &[("cost_max", "0.022")],
            vec![
                ("below", touch(9_950, 10_050, 100_000), buy(1.0), YES),
                ("at", touch(9_900, 10_100, 100_000), buy(1.0), YES),
                ("wider", touch(9_900, 10_101, 100_000), buy(1.0), "no: cost"),
                ("closing", touch(9_900, 10_101, 100_000).holding(10_000), sell(1.0), "sell 1"),
            ],
        ),
        row(
            "R36",
            &[("cost_max", "0.0019")],
            vec![("fees alone are more", quiet(), buy(1.0), "no: cost")],
        ),
        row(
            "R23",
            &[("jump_max", "0.1")],
            vec![
                ("at, from below", before(9_091), buy(1.0), YES),
                ("beyond", before(9_090), buy(1.0), "no: jump"),
                ("at, from above", before(11_111), buy(1.0), YES),
                ("beyond it", before(11_112), buy(1.0), "no: jump"),
                ("nothing is known of before", before(0), buy(1.0), "no: jump"),
                ("what closes goes", before(9_000).holding(10_000), sell(1.0), "sell 1"),
            ],
        ),
        row(
            "R23",
            &[],
            vec![
                ("agree", quiet(), buy(1.0), YES),
                ("differ", with(|s| s.deviates = true), buy(1.0), "no: deviation"),
            ],
        ),
    ]
}

/// The checks that stand until a record changes them.
fn standing() -> Vec<Row> {
    let works = |working| with(|s| s.working = working);
    let lost = |lost: &str, seconds: i64| {
        let lost_at = ns((100 - seconds) * SECOND);
        conduct(Conduct { lost: amount(lost), lost_at, ..Conduct::default() })
    };
    let streak = |losses, seconds: i64| {
        conduct(Conduct { losses, lost_at: ns((100 - seconds) * SECOND), ..Conduct::default() })
    };
    let fell = |peak: &str| with(|s| s.hour_peak = amount(peak));
    let states = |state| with(|s| s.trading_state = state);
    vec![
        row(
            "R03",
            &[],
            vec![
                ("traded", quiet(), buy(1.0), YES),
                ("not traded", with(|s| s.tradable = false), buy(1.0), "no: not_tradable"),
                ("unexplained", with(|s| s.frozen = true), buy(1.0), "no: frozen"),
            ],
        ),
        row(
            "R15",
            &[("orders_working_max", "3")],
            vec![
                ("below", works(2), buy(1.0), YES),
                ("at", works(3), buy(1.0), "no: too_many_orders"),
                ("what closes goes", works(3).holding(10_000), sell(1.0), "sell 1"),
            ],
        ),
        row(
            "R15",
            &[("orders_instrument_max", "3")],
            vec![
                ("below", resting(Resting { orders: 2, ..Resting::default() }), buy(1.0), YES),
                (
                    "at",
                    resting(Resting { orders: 3, ..Resting::default() }),
                    buy(1.0),
                    "no: too_many_orders",
                ),
            ],
        ),
        row(
            "R17",
            &[("messages_max", "8")],
            vec![
                ("below", conduct(Conduct { messages: 79, ..Conduct::default() }), buy(1.0), YES),
                (
                    "at",
                    conduct(Conduct { messages: 80, ..Conduct::default() }),
                    buy(1.0),
                    "no: message_rate",
                ),
            ],
        ),
        row(
            "R18",
            &[("cancels_per_fill_max", "10")],
            vec![
                ("at", conduct(Conduct { cancels: 10, ..Conduct::default() }), buy(1.0), YES),
                (
                    "above",
                    conduct(Conduct { cancels: 11, ..Conduct::default() }),
                    buy(1.0),
                    "no: cancel_ratio",
                ),
                (
                    "more fills",
                    conduct(Conduct { cancels: 20, fills: 2, ..Conduct::default() }),
                    buy(1.0),
                    YES,
                ),
            ],
        ),
        row(
            "R29",
            &[("loss_hour_max", "0.02")],
            vec![
                ("at", fell("10204.081632653061224489"), buy(1.0), YES),
                ("above", fell("10204.09"), buy(1.0), "no: loss_velocity"),
            ],
        ),
        row(
            "R29",
            &[("loss_streak_max", "3"), ("cooldown_s", "60")],
            vec![
                ("below", streak(2, 0), buy(1.0), YES),
                ("at", streak(3, 59), buy(1.0), "no: loss_streak"),
                ("long ago", streak(3, 60), buy(1.0), YES),
            ],
        ),
        row(
            "R30",
            &[("repeats_max", "20")],
            vec![
                ("below", conduct(Conduct { takes: 19, ..Conduct::default() }), buy(1.0), YES),
                (
                    "at",
                    conduct(Conduct { takes: 20, ..Conduct::default() }),
                    buy(1.0),
                    "no: repeats",
                ),
            ],
        ),
        row(
            "R31",
            &[("loss_order_max", "0.005"), ("cooldown_s", "60")],
            vec![
                ("at", lost("50", 0), buy(1.0), YES),
                ("above", lost("50.01", 59), buy(1.0), "no: cool_down"),
                ("long ago", lost("50.01", 60), buy(1.0), YES),
                ("of the future", lost("50.01", -5), buy(1.0), "no: cool_down"),
            ],
        ),
        row(
            "R32",
            &[],
            vec![
                ("active", states(TradingState::Active), buy(1.0), YES),
                ("reducing", states(TradingState::Reducing), buy(1.0), "no: reducing_only"),
                ("closing", states(TradingState::Reducing).holding(10_000), sell(1.0), "sell 1"),
                ("halted", states(TradingState::Halted), buy(1.0), "no: halted"),
            ],
        ),
        row(
            "R33",
            &[],
            vec![
                ("closed", breaker(BreakerState::Closed), buy(1.0), YES),
                ("half open", breaker(BreakerState::HalfOpen), buy(1.0), "no: breaker_open"),
                ("open", breaker(BreakerState::Open), buy(1.0), "no: breaker_open"),
                ("latched", breaker(BreakerState::Latched), buy(1.0), "no: breaker_open"),
                ("closing", breaker(BreakerState::Latched).holding(10_000), sell(1.0), "sell 1"),
            ],
        ),
        row("R35", &[], vec![("not sound", with(|s| s.sound = false), buy(1.0), "no: limits")]),
        row(
            "R13",
            &[],
            vec![
                ("nothing", with(|s| s.account.equity = Amount::ZERO), buy(1.0), "no: no_equity"),
                ("a debt", with(|s| s.account.equity = amount("-1")), buy(1.0), "no: no_equity"),
                ("not known", with(|s| s.account.unpriced = true), buy(1.0), "no: no_price"),
            ],
        ),
        row(
            "A2",
            &[("unknown_max", "3")],
            vec![
                ("below", resting(Resting { unknown: 2, ..Resting::default() }), buy(1.0), YES),
                (
                    "at",
                    resting(Resting { unknown: 3, ..Resting::default() }),
                    buy(1.0),
                    "no: unknown_budget",
                ),
                ("here", with(|s| s.doubtful = true), buy(1.0), "no: order_unknown"),
            ],
        ),
    ]
}

/// The budgets of what the account may lose, by a measure of so many seconds ago.
fn budgets() -> Vec<Row> {
    let measured = |var: &str, cvar: &str, seconds: i64| {
        with(|s| s.measure = Some(measure(100 - seconds, var, cvar)))
    };
    let nanosecond_late = with(|s| {
        s.measure = Some(measure(40, "0.01", "0.01"));
        s.now = Nanos::new(100 * SECOND + 1);
    });
    vec![
        row(
            "R37",
            &[("var_max", "0.02"), ("measure_age_max_s", "60")],
            vec![
                ("nothing at risk", measured("0", "0", 0), buy(1.0), YES),
                ("below", measured("0.019999999999", "0.5", 0), buy(1.0), YES),
                ("at", measured("0.02", "0.5", 0), buy(1.0), YES),
                ("above", measured("0.020000000001", "0.5", 0), buy(1.0), "no: var_limit"),
                ("more than all", measured("7", "9", 0), buy(1.0), "no: var_limit"),
                ("what closes goes", measured("7", "9", 0).holding(10_000), sell(1.0), "sell 1"),
                ("missing", quiet(), buy(1.0), "no: unmeasured"),
                ("missing, closing", quiet().holding(10_000), sell(1.0), "sell 1"),
                ("as old as it may be", measured("0.01", "0.01", 60), buy(1.0), YES),
                ("older", nanosecond_late, buy(1.0), "no: unmeasured"),
                ("of the future", measured("0.01", "0.01", -1), buy(1.0), "no: unmeasured"),
            ],
        ),
        row(
            "R37",
            &[("cvar_max", "0.03")],
            vec![
                ("below", measured("0.029", "0.029999999999", 0), buy(1.0), YES),
                ("at", measured("0.02", "0.03", 0), buy(1.0), YES),
                ("above", measured("0", "0.030000000001", 0), buy(1.0), "no: cvar_limit"),
                ("missing", quiet(), buy(1.0), "no: unmeasured"),
                ("too old", measured("0", "0", 901), buy(1.0), "no: unmeasured"),
            ],
        ),
        row(
            "R37",
            &[("measure_age_max_s", "0")],
            vec![
                ("off, missing", quiet(), buy(1.0), YES),
                ("off, far beyond", measured("7", "9", 50), buy(1.0), YES),
            ],
        ),
        row(
            "R37",
            &[("var_max", "0"), ("cvar_max", "0")],
            vec![
                ("nothing may be lost, nothing would be", measured("0", "0", 0), buy(1.0), YES),
                ("the least", measured("0.000000000001", "1", 0), buy(1.0), "no: var_limit"),
            ],
        ),
    ]
}

fn matrix() -> Vec<Row> {
    of_orders().into_iter().chain(of_markets()).chain(standing()).chain(budgets()).collect()
}

#[test]
fn each_check_answers_below_at_and_above_its_limit() {
    for Row { code, limits, cases } in matrix() {
        for (name, scene, want, answer) in cases {
            let profile = scene.profile.name.clone();
            let scene =
                if profile == "research" { scene } else { scene.limits("unleveraged", limits) };
            assert_eq!(scene.answer(want), answer, "{code} {limits:?}: {name}");
        }
    }
}

/// The refusals that no single order meets: others' tests have them.
const ELSEWHERE: [Refusal; 2] = [Refusal::NotAmendable, Refusal::Duplicate];

#[test]
fn no_check_and_no_reason_is_left_out() {
    let rows = matrix();
    let met: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| &row.cases)
        .flat_map(|(.., answer)| answer.rsplit([' ', ',']).map(str::trim))
        .collect();
    for refusal in Refusal::ALL.into_iter().filter(|refusal| !ELSEWHERE.contains(refusal)) {
        assert!(
            met.contains(refusal.name()),
            "nothing is refused or clipped by {}",
            refusal.name()
        );
    }
    let codes: BTreeSet<&str> = rows.iter().map(|row| row.code).collect();
    // By construction, by a breaker (R33 has every one), an order id and its past, or what came of
    // it.
    let others = ["R19", "R20", "R24", "R27", "R28", "A5", "A7"];
    for check in CHECKS.iter().filter(|check| !others.contains(&check.code)) {
        assert!(codes.contains(check.code), "{} has no row", check.code);
    }
    let told: BTreeSet<Refusal> = CHECKS.iter().flat_map(|check| check.refusals).copied().collect();
    assert_eq!(told, Refusal::ALL.into_iter().collect(), "every reason is of a check");
    let set: BTreeSet<&str> = CHECKS.iter().flat_map(|check| check.limits).copied().collect();
    assert_eq!(set, LIMITS.iter().map(|limit| limit.name).collect(), "every limit is of a check");
}

#[test]
fn on_the_day_after_a_daily_loss_half_of_everything_is_in_force() {
    let half = |scene: Scene| Scene { scale: rate("0.5"), ..scene };
    let scene = Scene { turnover: amount("1000000"), ..quiet() }.limits("default", &[]);
    assert_eq!(scene.answer(target(0.01)), "buy 100 quote");
    assert_eq!(half(scene.clone()).answer(target(0.01)), "buy 50 quote");
    assert_eq!(scene.answer(buy(9.0)), "buy 2, position_limit");
    assert_eq!(half(scene.clone()).answer(buy(9.0)), "buy 1, position_limit");
    assert_eq!(half(scene.holding(10_000)).answer(target(0.0)), "sell 1");
}

/// What stands there is what is printed here; a table that changed is to be put there.
#[test]
fn the_tables_are_the_ones_that_are_documented() {
    let document = include_str!("../../../docs/risk.md");
    for (name, printed) in [("checks", table()), ("limits", limits_table())] {
        let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
        let (_, rest) = document.split_once(&begin).unwrap();
        let (found, _) = rest.split_once(&end).unwrap();
        let printed = format!("\n{printed}\n");
        assert!(found == printed, "docs/risk.md wants this table between its marks:\n{printed}");
    }
}
