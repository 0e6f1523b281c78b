//! The ladder against a plain tree of prices, over any range, grid and order of changes.

use std::collections::BTreeMap;

use bot4_engine::book::Ladder;
use bot4_engine::event::Side;
use bot4_engine::units::{Price, Qty};
use proptest::prelude::*;

/// The slow, simple book.
#[derive(Default)]
struct Plain {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
}

/// What was added up of a side, and at which turn.
type Added = Option<(u64, [Option<i64>; 3])>;

impl Plain {
    fn set(&mut self, side: Side, price: i64, qty: i64) {
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        if price <= 0 {
            return;
        }
        if qty > 0 {
            levels.insert(price, qty);
        } else {
            levels.remove(&price);
        }
    }

    fn levels(&self, side: Side) -> Vec<(i64, i64)> {
        let told = |(price, qty): (&i64, &i64)| (*price, *qty);
        match side {
            Side::Buy => self.bids.iter().rev().map(told).collect(),
            Side::Sell => self.asks.iter().map(told).collect(),
        }
    }

    fn at(&self, side: Side, price: i64) -> i64 {
        let levels = match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        };
        levels.get(&price).copied().unwrap_or(0)
    }
}

fn check(ladder: &Ladder, plain: &Plain) {
    for side in Side::ALL {
        let wanted = plain.levels(side);
        let got: Vec<(i64, i64)> =
            ladder.levels(side).map(|(price, qty)| (price.mantissa(), qty.mantissa())).collect();
        assert_eq!(got, wanted, "{side:?}");
        assert_eq!(ladder.len(side), wanted.len());
        check_touch(ladder, side, wanted.first().copied());
        for count in [1, 2, 5, 10] {
            let sum: i64 = wanted.iter().take(count).map(|(_, qty)| qty).sum();
            assert_eq!(ladder.depth(side, count), Some(Qty::new(sum)), "{count}");
        }
    }
}

fn check_touch(ladder: &Ladder, side: Side, wanted: Option<(i64, i64)>) {
    let best = ladder.best_level(side).map(|(price, qty)| (price.mantissa(), qty.mantissa()));
    assert_eq!(best, wanted, "{side:?}");
    assert_eq!(ladder.best(side).map(Price::mantissa), wanted.map(|(price, _)| price));
}

/// Sums are asked for anew only where the turn says so, and are right all the same.
fn check_sums(ladder: &mut Ladder, plain: &Plain, side: Side, added: &mut Added) {
    const COUNTS: [u32; 3] = [1, 3, 8];
    let known = added.filter(|(turn, _)| *turn == ladder.turn(side));
    let sums = known.map_or_else(
        || {
            let mut sums = [None; 3];
            ladder.add_up(side, &COUNTS, &mut sums);
            *added = Some((ladder.turn(side), sums));
            sums
        },
        |(_, sums)| sums,
    );
    for (count, sum) in COUNTS.into_iter().zip(sums) {
        let wanted = plain.levels(side).iter().take(count as usize).map(|(_, qty)| qty).sum();
        assert_eq!(sum, Some(wanted), "{side:?} {count}");
    }
}

fn change() -> impl Strategy<Value = (Side, i64, i64)> {
    let price = prop_oneof![
        8 => 29_990_i64..30_010,
        4 => 29_000_i64..31_000,
        // Around both ends of what lies densely, and far beyond.
        2 => (1_i64..9, -4_i64..5).prop_map(|(n, d)| (30_000 + n * 65_536 + d).max(1)),
        1 => 1_i64..100_000_000_000,
        1 => prop_oneof![Just(1), Just(i64::MAX), Just(i64::MAX - 1), Just(0), Just(-5)],
    ];
    let qty = prop_oneof![3 => 1_i64..1_000, 2 => Just(0), 1 => Just(-1)];
    (prop_oneof![Just(Side::Buy), Just(Side::Sell)], price, qty)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn tells_what_a_plain_tree_tells(
        changes in prop::collection::vec(change(), 1..400),
        step in prop_oneof![Just(1_i64), Just(3), Just(64), Just(1_000_000), Just(2_500)],
        cleared in prop::option::of(0_usize..400),
    ) {
        let (mut ladder, mut plain) = (Ladder::default(), Plain::default());
        let (mut bids, mut asks) = (None, None);
        for (place, (side, price, qty)) in changes.into_iter().enumerate() {
            if cleared == Some(place) {
                ladder.clear();
                plain = Plain::default();
                assert!(ladder.is_empty());
            }
            let price = if price > 0 { price.saturating_mul(step) } else { price };
            ladder.set(side, Price::new(price), Qty::new(qty));
            plain.set(side, price, qty);
            check_touch(&ladder, side, plain.levels(side).first().copied());
            for (side, added) in [(Side::Buy, &mut bids), (Side::Sell, &mut asks)] {
                check_sums(&mut ladder, &plain, side, added);
            }
            prop_assert_eq!(ladder.at(side, Price::new(price)).mantissa(), plain.at(side, price));
        }
        check(&ladder, &plain);
        let copy = ladder.clone();
        prop_assert!(copy == ladder);
        let bytes = postcard::to_allocvec(&ladder).unwrap();
        let again: Ladder = postcard::from_bytes(&bytes).unwrap();
        check(&again, &plain);
    }
}

#[test]
fn follows_a_market_that_runs_away_and_comes_back() {
    let (mut ladder, mut plain) = (Ladder::default(), Plain::default());
    let mut both = |side, price, qty| {
        ladder.set(side, Price::new(price), Qty::new(qty));
        plain.set(side, price, qty);
    };
    let path =
        (0..60).map(|n| 1_000_000 + n * 40_000).chain((0..60).map(|n| 3_400_000 - n * 40_000));
    for mid in path {
        for n in 1..30 {
            both(Side::Buy, mid - n * 7, n);
            both(Side::Sell, mid + n * 7, n);
        }
        both(Side::Buy, mid - 7, 0);
        both(Side::Sell, mid + 7, 0);
    }
    check(&ladder, &plain);
}

#[test]
fn holds_a_snapshot_of_forty_thousand_levels() {
    let (mut ladder, mut plain) = (Ladder::default(), Plain::default());
    for n in 0..20_000 {
        let (bid, ask) = (8_000_000 - n * 397, 8_000_001 + n * 1_009);
        for (side, price) in [(Side::Buy, bid), (Side::Sell, ask)] {
            ladder.set(side, Price::new(price), Qty::new(n + 1));
            plain.set(side, price, n + 1);
        }
    }
    check(&ladder, &plain);
}

#[test]
fn sweeps_the_best_levels_first() {
    let mut ladder = Ladder::default();
    for (price, qty) in [(100, 5), (101, 10), (105, 1)] {
        ladder.set(Side::Sell, Price::new(price), Qty::new(qty));
    }
    for (qty, cost) in
        [(1, Some(100)), (5, Some(500)), (7, Some(702)), (16, Some(1_615)), (17, None)]
    {
        assert_eq!(ladder.sweep(Side::Sell, Qty::new(qty)), cost, "{qty}");
    }
    assert_eq!(ladder.sweep(Side::Buy, Qty::new(1)), None);
}

#[test]
fn says_when_the_sizes_of_its_levels_do_not_fit_together() {
    let mut ladder = Ladder::default();
    for price in [1, 2] {
        ladder.set(Side::Buy, Price::new(price), Qty::new(i64::MAX));
    }
    assert_eq!(ladder.depth(Side::Buy, 1), Some(Qty::new(i64::MAX)));
    assert_eq!(ladder.depth(Side::Buy, 2), None);
}
