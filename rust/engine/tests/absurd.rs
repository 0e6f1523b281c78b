//! What is missing, absurd or beyond all numbers, in whatever a check looks at: it always refuses
//! what opens, and the short way never lets through what the long way would not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod market;
mod scene;

use bot4_engine::event::{MEASURE_HORIZON, MEASURE_LEVEL, Measure, Size};
use bot4_engine::exposure::{Account, Mark};
use bot4_engine::units::{Amount, Nanos, Price, Qty, Rate};

use crate::market::{SECOND, amount, measure, rate};
use crate::scene::{Scene, at, buy, sell, target};

fn quiet() -> Scene {
    Scene::quiet()
}

fn with(change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = quiet();
    change(&mut scene);
    scene
}

/// Every number that a want can hold, and what is none.
const ABSURD: [f64; 9] =
    [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, -1.0, 1e300, -1e300, f64::MIN_POSITIVE];

#[test]
fn a_number_that_is_none_is_never_an_order() {
    for number in ABSURD {
        for (name, want) in [
            ("size", buy(number)),
            ("size of a sell", sell(number)),
            ("limit", at(number, buy(1.0))),
            ("limit of a sell", at(number, sell(1.0))),
        ] {
            let answer = Scene::quiet().holding(10_000).limits("research", &[]).answer(want);
            // Nothing is asked for a sell, however low: it fetches the market, no less than the
            // collar allows.
            assert!(answer.starts_with("no: "), "{name} {number}: {answer}");
        }
        let answer = Scene::quiet().answer(target(number));
        let flat = number == 0.0 || number == f64::MIN_POSITIVE;
        assert_eq!(answer.starts_with("no: "), !flat, "target {number}: {answer}");
        assert!(!flat || answer == "nothing" || answer.starts_with("no: "), "{answer}");
    }
}

/// What the account may lose, all of it at the edge of what a record can hold.
#[test]
fn no_absurd_measure_lets_anything_through() {
    let edges = [0, 1, i64::MAX - 1, i64::MAX];
    let times = [i64::MIN, -1, 0, 100 * SECOND, i64::MAX];
    let of = (MEASURE_LEVEL, MEASURE_HORIZON);
    let (mut bought, mut refused) = (0, 0);
    for (as_of, loss, now) in times
        .iter()
        .flat_map(|as_of| edges.iter().map(move |loss| (*as_of, *loss)))
        .flat_map(|(as_of, loss)| [100 * SECOND, i64::MAX].map(|now| (as_of, loss, now)))
    {
        let measure = Measure::new(Nanos::new(as_of), of, (Rate::new(loss), Rate::new(loss)));
        let mut scene = with(|s| {
            s.measure = Some(measure.unwrap());
            s.now = Nanos::new(now);
            s.mark = Some(Mark { price: Price::new(10_000), ts: Nanos::new(now) });
        });
        scene = scene.limits("unleveraged", &[("var_max", "0.02"), ("cvar_max", "0.02")]);
        let small = loss <= rate("0.02").mantissa();
        let fresh = as_of <= now && now.saturating_sub(as_of) <= 900 * SECOND;
        assert_eq!(scene.answer(buy(1.0)) == "buy 1", small && fresh, "{as_of} {loss} {now}");
        assert_eq!(scene.pass(0.5).is_ok(), small && fresh, "{as_of} {loss} {now}: the short way");
        *(if small && fresh { &mut bought } else { &mut refused }) += 1;
    }
    assert!(bought > 2 && refused > 10, "{bought} bought, {refused} refused: too few of one kind");
}

/// One input of risk, set to something absurd.
type Change = (&'static str, fn(&mut Scene, i128));

/// What a refusal depends on, where absurd means that nothing may be opened.
const INPUTS: [Change; 16] = [
    ("mark", |s, n| s.mark = s.mark.map(|mark| Mark { price: Price::new(small(n)), ..mark })),
    ("mark's time", |s, n| s.mark = s.mark.map(|mark| Mark { ts: Nanos::new(small(n)), ..mark })),
    ("now", |s, n| s.now = Nanos::new(small(n))),
    ("cash", |s, n| s.account.cash = Amount::new(n)),
    ("reserved", |s, n| s.account.reserved = Amount::new(n)),
    ("equity", |s, n| s.account.equity = Amount::new(n)),
    ("gross", |s, n| s.account.gross = Amount::new(n)),
    ("working short", |s, n| s.account.working_short = Some(Amount::new(n))),
    ("position", |s, n| s.exposure.position = Qty::new(small(n))),
    ("working buys", |s, n| s.exposure.working_buy = Amount::new(n)),
    ("working sells", |s, n| s.exposure.working_sell = Qty::new(small(n))),
    ("all", |s, n| s.all.net = Amount::new(n)),
    ("group", |s, n| s.group.net = Amount::new(n)),
    ("turnover", |s, n| s.turnover = Amount::new(n)),
    ("lost", |s, n| s.conduct.lost = Amount::new(n)),
    ("height", |s, n| s.hour_peak = Amount::new(n)),
];

fn small(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX })
}

/// Under the limits that hold where nobody speaks, nothing absurd leads to an order beyond them,
/// and nothing breaks; the short way says no wherever the long way does.
#[test]
fn no_absurd_input_lets_more_through_and_none_breaks() {
    let numbers = [i128::MIN, i128::MIN + 1, -1, 0, 1, i128::MAX - 1, i128::MAX];
    let mut refused = 0;
    for (name, change) in INPUTS {
        for number in numbers {
            let mut scene = Scene { turnover: amount("1000000"), ..Scene::quiet() };
            scene = scene.limits("default", &[]);
            change(&mut scene, number);
            for fraction in [0.01, 1.0, -1.0, 0.0] {
                let long = scene.assess(target(fraction));
                if let Ok(short) = scene.pass(fraction) {
                    let same = long.as_ref().ok().and_then(Option::as_ref).map(|one| &one.approved);
                    assert_eq!(same, Some(&short), "{name} {number} {fraction}");
                }
                let Ok(Some(assessed)) = long else {
                    refused += 1;
                    continue;
                };
                let order = assessed.approved.into_order();
                let cap = scene.account.equity.mantissa() / 50 + 1;
                let held = scene.exposure.position.mantissa().unsigned_abs();
                let closes = i128::from(held) * 100 * 10_i128.pow(14);
                let small = match order.size {
                    Size::Quote(budget) => budget.mantissa() <= cap + closes,
                    Size::Base(qty) => qty.mantissa().unsigned_abs() <= held,
                };
                assert!(small, "{name} {number} {fraction}: {order:?}");
            }
        }
    }
    assert!(refused > 200, "{refused} were refused: the numbers say too little");
}

#[test]
fn whatever_is_missing_refuses_what_opens() {
    let budgeted = |measure: Option<Measure>| {
        Scene { measure, ..quiet() }.limits("unleveraged", &[("cvar_max", "0.1")])
    };
    let missing: [(&str, Scene); 10] = [
        ("price", with(|s| s.mark = None)),
        ("price above nothing", with(|s| s.mark = Some(Mark { price: Price::ZERO, ts: s.now }))),
        ("what works short", with(|s| s.account.working_short = None)),
        ("a price of what is owed", with(|s| s.account.unpriced = true)),
        ("equity", with(|s| s.account = Account { equity: Amount::ZERO, ..s.account })),
        ("a share", with(|s| s.allocation = Rate::ZERO)),
        ("limits", with(|s| s.sound = false)),
        ("what is in force of them", with(|s| s.scale = Rate::ZERO)),
        ("a measure", budgeted(None)),
        ("a measure of now", budgeted(Some(measure(-801, "0", "0")))),
    ];
    for (name, scene) in missing {
        assert!(scene.answer(target(0.5)).starts_with("no: "), "{name}: a target");
        assert!(scene.pass(0.5).is_err(), "{name}: the short way");
        if name != "a share" {
            assert!(scene.answer(buy(1.0)).starts_with("no: "), "{name}: an order");
        }
    }
}
