//! Profiles, the watch on equity, and the word of breakers.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod market;

use bot4_engine::event::{BreakerState, Component};
use bot4_engine::risk::Refusal;
use bot4_engine::risk::breaker::Breakers;
use bot4_engine::risk::limits::{LIMITS, Limit, LimitError, LimitValue, Profile, Safe};
use bot4_engine::risk::monitor::Monitor;
use bot4_engine::units::{Amount, Nanos, Overflow, Rate};

use crate::market::{DAY, START, amount, ns, profile};

fn number(text: &str) -> LimitValue {
    LimitValue::Number(text.to_owned())
}

#[test]
fn the_profiles_are_the_ones_agreed_on() {
    let table = [
        (
            "default",
            "0.02 0.2 0.2 0.04 0.5 0.02 0.2 0.03 0.1 0.25 0.02 0.05 0.1 0.1 0.02 0.02 0.03 0.25 \
             0.01 0.01 60 200 100 3 8 500 1 20 10 0.005 3600 10 1 1 900 false false",
        ),
        (
            "unleveraged",
            "1 1 100 100 0 1 100 1 1 0 1 1 1 1 1 1 1 1 1 1 60 200 200 10 1000 1000000 0 1000000 \
             1000000 1 0 2592000 1 1 900 false false",
        ),
        (
            "research",
            "5 10 100 100 0 10 100 1 1 0 1 0.5 1 1 1 1 1 1 1 1 60 10000 10000 1000000 1000000 \
             1000000 0 1000000 1000000 1 0 2592000 1 1 900 true true",
        ),
    ];
    for (name, wanted) in table {
        let values = Profile::named(name).unwrap().values();
        let words: Vec<_> = values
            .iter()
            .map(|(_, value)| match value {
                LimitValue::Number(text) => text.clone(),
                LimitValue::Switch(on) => format!("{on}"),
            })
            .collect();
        assert_eq!(words.join(" "), wanted, "{name}");
    }
    assert_eq!(Profile::NAMES, table.map(|(name, _)| name));
    assert_eq!(Profile::named("yolo"), Err(LimitError::NoProfile("yolo".to_owned())));
}

#[test]
fn every_limit_goes_round() {
    for name in Profile::NAMES {
        let profile = Profile::named(name).unwrap();
        let names: Vec<_> = profile.values().iter().map(|(limit, _)| *limit).collect();
        assert_eq!(names, LIMITS.map(|limit| limit.name));
        let mut copy = Profile::named("research").unwrap();
        for (limit, value) in profile.values() {
            copy = copy.with(limit, &value).unwrap();
            let read = copy.values().into_iter().find(|(known, _)| *known == limit).unwrap();
            assert_eq!(read.1, value, "{limit}");
        }
        copy.name.clone_from(&profile.name);
        assert_eq!(copy, profile);
    }
    let changed = profile("default", &[("order_max", "0.5"), ("shorting", "true")]);
    assert_eq!(changed.name, "default+order_max+shorting");
}

#[test]
fn a_limit_has_bounds() {
    let fraction = "a fraction from 0 to 1";
    let hundred = "a fraction from 0 to 100";
    let seconds = "whole seconds from 0 to 2592000";
    let count = "a whole number from 0 to 1000000";
    let table: &[(&str, LimitValue, Option<&str>)] = &[
        ("position_max", number("100"), None),
        ("position_max", number("100.000000000001"), Some(hundred)),
        ("position_max", number("-0.000000000001"), Some(hundred)),
        ("drawdown_max", number("1"), None),
        ("drawdown_max", number("1.000000000001"), Some(fraction)),
        ("collar", number("-1"), Some(fraction)),
        ("gross_max", number("much"), Some(hundred)),
        ("gross_max", number("NaN"), Some(hundred)),
        ("gross_max", number("1e-13"), Some(hundred)),
        ("order_max", LimitValue::Switch(true), Some("a number")),
        ("price_age_max_s", number("2592000"), None),
        ("price_age_max_s", number("2592001"), Some(seconds)),
        ("repeats_max", number("1000000"), None),
        ("repeats_max", number("1000001"), Some(count)),
        ("repeats_max", number("-1"), Some(count)),
        ("repeats_max", number("0.5"), Some(count)),
        ("repeats_max", LimitValue::Switch(true), Some("a number")),
        ("price_age_max_s", number("-1"), Some(seconds)),
        ("price_age_max_s", number("1.5"), Some(seconds)),
        ("price_age_max_s", LimitValue::Switch(false), Some("a number")),
        ("shorting", number("1"), Some("true or false")),
        ("borrowing", LimitValue::Switch(false), None),
    ];
    for (limit, value, why) in table {
        let got = profile("default", &[]).with(limit, value);
        match (got, why) {
            (Ok(profile), None) => assert!(profile.name.ends_with(limit)),
            (Err(LimitError::Value { limit: named, wanted, .. }), Some(why)) => {
                assert_eq!((named, wanted.as_str()), (*limit, *why), "{value:?}");
            }
            (got, why) => assert_eq!(format!("{got:?}"), format!("{why:?}"), "{limit} {value:?}"),
        }
    }
    let unknown = profile("default", &[]).with("leverage", &number("1"));
    assert_eq!(unknown, Err(LimitError::NoLimit("leverage".to_owned())));
}

#[test]
fn what_is_looser_than_the_profile_and_than_is_safe_wants_a_reason() {
    let on = LimitValue::Switch;
    let table = [
        ("position_max", number("0.02"), number("0.1"), false),
        ("position_max", number("0.02"), number("0.100000000001"), true),
        ("position_max", number("1"), number("0.5"), false),
        ("position_max", number("1"), number("1"), false),
        ("drawdown_max", number("0.1"), number("0.05"), false),
        ("drawdown_max", number("0.1"), number("0.11"), true),
        ("cooldown_s", number("3600"), number("60"), false),
        ("cooldown_s", number("3600"), number("59"), true),
        ("cooldown_s", number("0"), number("1"), false),
        ("liquidation_distance_min", number("0.5"), number("0.9"), false),
        ("liquidation_distance_min", number("0.5"), number("0.2"), true),
        ("shorting", on(false), on(true), true),
        ("shorting", on(true), on(false), false),
        ("repeats_max", number("20"), number("61"), true),
    ];
    for (name, old, new, loose) in table {
        let limit = Limit::named(name).unwrap();
        assert_eq!(limit.is_loose(&old, &new), Ok(loose), "{name} {old:?} {new:?}");
    }
    // What holds where nobody speaks is safe, all of it.
    for limit in LIMITS {
        let value = Profile::named("default").unwrap().values();
        let value = value.into_iter().find(|(name, _)| *name == limit.name).unwrap().1;
        let shut = match limit.safe {
            Safe::AtMost(_) => number("0"),
            Safe::AtLeast(_) => number("1"),
            Safe::Off => on(false),
        };
        assert_eq!(limit.is_loose(&shut, &value), Ok(false), "{}", limit.name);
    }
}

#[test]
fn a_profile_of_values_that_cannot_be_is_not_sound() {
    let sound = Profile::named("default").unwrap();
    assert!(sound.is_sound());
    let broken = [
        Profile { position_max: Rate::new(-1), ..sound.clone() },
        Profile { drawdown_max: Rate::new(i64::MAX), ..sound.clone() },
        Profile { price_age_max: Nanos::new(-1), ..sound.clone() },
        Profile { repeats_max: u32::MAX, ..sound.clone() },
        Profile { name: String::new(), ..sound },
    ];
    for profile in broken {
        assert!(!profile.is_sound(), "{profile:?}");
    }
}

/// Equity in whole units at an hour since the start, and what must be latched then.
type Step = (i64, &'static str, Option<Component>);

fn watch(changes: &[(&str, &str)], steps: &[Step]) {
    let (profile, mut monitor) = (profile("unleveraged", changes), Monitor::default());
    monitor.on_deposit(amount("100")).unwrap();
    for (hour, equity, wanted) in steps {
        let now = ns(START + hour * DAY / 24);
        monitor.on_equity(now, amount(equity));
        let got = monitor.tripped(&profile, Amount::ZERO);
        assert_eq!(got, Ok(*wanted), "{equity} after {hour} h");
    }
}

#[test]
fn watches_the_fall_from_the_highest_equity() {
    let fallen = Some(Component::Drawdown);
    watch(
        &[("drawdown_max", "0.1")],
        &[(1, "90", None), (2, "89.999", fallen), (3, "200", None), (4, "180", None)],
    );
    watch(&[("drawdown_max", "0.1")], &[(1, "200", None), (80, "179", fallen), (81, "-5", fallen)]);
    watch(&[("drawdown_max", "0")], &[(1, "100", None), (2, "99.999999999999", fallen)]);
    // A limit of everything is no watch, until nothing is left.
    watch(&[], &[(1, "0.1", None), (2, "0", fallen), (3, "-100", fallen)]);
}

#[test]
fn watches_the_loss_of_the_day() {
    let lost = Some(Component::DailyLoss);
    let limit: &[(&str, &str)] = &[("daily_loss_max", "0.03")];
    watch(limit, &[(1, "97", None), (2, "96.99", lost)]);
    // The day begins with the last equity of the one before; midnight belongs to the day it ends.
    watch(limit, &[(23, "98", None), (24, "96.9", lost), (25, "95.5", None), (26, "93.9", lost)]);
    // Gains of the day do not move its start.
    watch(limit, &[(1, "150", None), (2, "98", None), (3, "96", lost)]);
    // Days without any equity between.
    watch(limit, &[(1, "99", None), (24 * 9 + 1, "97", None), (24 * 9 + 2, "96", lost)]);
}

#[test]
fn deposits_are_neither_gain_nor_loss() {
    let limits = profile("default", &[]);
    let mut monitor = Monitor::default();
    let mut hour = 0;
    let mut at = |monitor: &mut Monitor, equity: &str| {
        hour += 1;
        monitor.on_equity(ns(START + hour), amount(equity));
        monitor.tripped(&limits, Amount::ZERO).unwrap()
    };
    monitor.on_deposit(amount("100")).unwrap();
    assert_eq!(at(&mut monitor, "99"), None);
    monitor.on_deposit(amount("900")).unwrap();
    assert_eq!(at(&mut monitor, "999"), None);
    monitor.on_deposit(amount("-500")).unwrap();
    assert_eq!(at(&mut monitor, "499"), None);
    assert_eq!(at(&mut monitor, "484"), Some(Component::DailyLoss));
    assert_eq!(monitor.on_deposit(Amount::new(i128::MAX)), Err(Overflow));
}

#[test]
fn each_breaker_has_its_own_bits() {
    for component in Component::ALL {
        for state in BreakerState::ALL {
            let word = Breakers::default().with(component, state);
            assert_eq!(word.all_closed(), state == BreakerState::Closed);
            for other in Component::ALL {
                let wanted = if other == component { state } else { BreakerState::Closed };
                assert_eq!(word.state(other), wanted, "{component:?} {state:?} {other:?}");
            }
            let full = Component::ALL.iter().fold(Breakers::default(), |word, component| {
                word.with(*component, BreakerState::Latched)
            });
            let changed = full.with(component, state);
            for other in Component::ALL.into_iter().filter(|other| *other != component) {
                assert_eq!(changed.state(other), BreakerState::Latched);
            }
            assert_eq!(changed.with(component, BreakerState::Latched).word(), full.word());
        }
    }
}

#[test]
fn every_refusal_has_its_code_and_its_name() {
    let mut names: Vec<_> = Refusal::ALL.iter().map(|refusal| refusal.name()).collect();
    for (place, refusal) in Refusal::ALL.into_iter().enumerate() {
        assert_eq!(refusal as usize, place, "{refusal:?}");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Refusal::ALL.len());
}
