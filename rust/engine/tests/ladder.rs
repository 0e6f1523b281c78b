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

/// Sums that are followed: of fewer levels than there mostly are, and of more.
const COUNTS: [u32; 5] = [1, 3, 8, 40, 1_000];
/// What was added up of a side, and at which turn.
type Added = Option<(u64, [Option<i64>; 5])>;

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
    }
}

fn check_touch(ladder: &Ladder, side: Side, wanted: Option<(i64, i64)>) {
    let best = ladder.best_level(side).map(|(price, qty)| (price.mantissa(), qty.mantissa()));
    assert_eq!(best, wanted, "{side:?}");
    assert_eq!(ladder.best(side).map(Price::mantissa), wanted.map(|(price, _)| price));
}

/// Sums are asked for anew only where the turn says so, and are right all the same.
fn check_sums(ladder: &mut Ladder, plain: &Plain, side: Side, added: &mut Added) {
    let known = added.filter(|(turn, _)| *turn == ladder.turn(side));
    let sums = known.map_or_else(
        || {
            let sums = COUNTS.map(|count| ladder.depth(side, count).map(Qty::mantissa));
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

/// How a walk goes on.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A level so far from the middle, in steps of the grid.
    Level(Side, i64, i64),
    /// The best level of a side is taken away.
    Take(Side),
    /// The middle moves.
    Move(i64),
    /// A price between the steps.
    Odd(Side, i64),
    Clear,
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

/// Steps that often lead beyond an end of what lies densely (258,048 ranks), on either side.
fn step() -> impl Strategy<Value = Step> {
    let far = prop_oneof![Just(258_048_i64), Just(225_792), Just(249_984), 1_i64..1_000_000_000];
    let away = prop_oneof![
        4 => -30_i64..30,
        2 => (far, -2_i64..3).prop_map(|(far, odd)| far + odd),
        2 => (-40_i64..40).prop_map(|n| n * 16_000),
        1 => (-9_i64..9).prop_map(|n| n * 1_000_000),
    ];
    let away = (away, any::<bool>()).prop_map(|(away, up)| if up { away } else { -away });
    let qty = prop_oneof![3 => 1_i64..1_000, 1 => Just(0)];
    prop_oneof![
        60 => (side(), away, qty).prop_map(|(side, away, qty)| Step::Level(side, away, qty)),
        12 => side().prop_map(Step::Take),
        4 => (-300_000_i64..300_000).prop_map(Step::Move),
        2 => (side(), 1_i64..1_000_000).prop_map(|(side, price)| Step::Odd(side, price)),
        1 => Just(Step::Clear),
    ]
}

/// What a step sets: the side, the price, what stands there then.
fn told(step: Step, middle: &mut i64, plain: &Plain) -> Option<(Side, i64, i64)> {
    match step {
        Step::Level(side, away, qty) => Some((side, *middle + away * 1_000, qty)),
        Step::Take(side) => plain.levels(side).first().map(|(price, _)| (side, *price, 0)),
        Step::Move(away) => {
            *middle += away * 1_000;
            None
        }
        Step::Odd(side, away) => Some((side, *middle + away, 7)),
        Step::Clear => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn walks_far_at_both_ends_as_a_plain_tree_does(steps in prop::collection::vec(step(), 1..900)) {
        let (mut ladder, mut plain) = (Ladder::default(), Plain::default());
        let (mut bids, mut asks) = (None, None);
        let mut middle = 10_000_000_000_000;
        for step in steps {
            if let Step::Clear = step {
                ladder.clear();
                plain = Plain::default();
            }
            if let Some((side, price, qty)) = told(step, &mut middle, &plain) {
                ladder.set(side, Price::new(price), Qty::new(qty));
                plain.set(side, price, qty);
                prop_assert_eq!(ladder.at(side, Price::new(price)).mantissa(), qty);
            }
            for (side, added) in [(Side::Buy, &mut bids), (Side::Sell, &mut asks)] {
                check_touch(&ladder, side, plain.levels(side).first().copied());
                check_sums(&mut ladder, &plain, side, added);
            }
        }
        check(&ladder, &plain);
        prop_assert!(ladder.clone() == ladder);
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

/// Bids and asks of `count` levels a side, one in so many ticks.
fn deep(count: i64, apart: i64) -> Ladder {
    let mut ladder = Ladder::default();
    for n in 0..count {
        ladder.set(Side::Buy, Price::new(9_000_000_000_000_000 - n * apart), Qty::new(n + 1));
        ladder.set(Side::Sell, Price::new(9_000_000_000_000_001 + n * apart), Qty::new(n + 1));
    }
    ladder
}

/// The most that one of the changes has allocated, in bytes: more than a few nodes of a tree is a
/// sign that all levels were laid anew.
fn allocated_max(ladder: &mut Ladder, changes: impl Iterator<Item = (Side, i64, i64)>) -> u64 {
    let set = |(side, price, qty)| {
        let set = || ladder.set(side, Price::new(price), Qty::new(qty));
        allocation_counter::measure(set).bytes_total
    };
    changes.map(set).max().unwrap_or(0)
}

#[test]
fn no_change_of_a_deep_book_lays_all_of_it_anew() {
    const TOP: i64 = 9_000_000_000_000_000;
    for apart in [1, 7, 397, 1_000_003] {
        for by in [1, 100_000, 1_000_000] {
            let mut ladder = deep(20_000, apart);
            // A first price of a finer grid lays the book anew, once.
            ladder.set(Side::Buy, Price::new(1), Qty::new(1));
            let up = (1..5_000).map(|n| (Side::Buy, TOP + n * by, n));
            let down = (1..5_000).map(|n| (Side::Sell, TOP - n * by, n));
            let back = (1..5_000).rev().map(|n| (Side::Buy, TOP + n * by, 0));
            let to_and_fro = (1..2_000).map(|n| (Side::Sell, 1 + n % 2 * TOP * 1_000, n % 3));
            let taken = (0..20_000).map(|n| (Side::Buy, TOP - n * apart, 0));
            let changes = up.chain(down).chain(back).chain(to_and_fro).chain(taken);
            let most = allocated_max(&mut ladder, changes);
            assert!(most <= 4_096, "{most} bytes, {apart} apart, by {by}");
        }
    }
}

#[test]
fn lays_a_book_anew_only_when_its_step_is_halved_or_less() {
    let mut ladder = Ladder::default();
    for n in 1..2_000 {
        ladder.set(Side::Buy, Price::new(n << 40), Qty::new(n));
    }
    // Odd multiples of each power of two, the greatest first: none can divide the step more often.
    let laid = |ladder: &mut Ladder| {
        let prices = (0..40).rev().flat_map(|twos| (0..100_i64).map(move |n| (n * 2 + 1) << twos));
        let told = |price| allocated_max(ladder, std::iter::once((Side::Buy, price, 1)));
        prices.map(told).filter(|bytes| *bytes > 4_096).count()
    };
    assert_eq!(laid(&mut ladder), 40);
    assert_eq!(laid(&mut ladder), 0, "the grid is as fine as it gets");
}

#[test]
fn finds_its_grid_anew_when_it_is_cleared() {
    let mut ladder = deep(1_000, 1_000_000);
    ladder.set(Side::Buy, Price::new(1), Qty::new(1));
    ladder.clear();
    // Dense again: on a grid of one these would lie in a tree, whose nodes are allocated.
    let levels = || (1..1_000).map(|n| (Side::Buy, n * 1_000_000, n));
    allocated_max(&mut ladder, levels());
    assert_eq!(allocated_max(&mut ladder, levels().map(|(side, price, _)| (side, price, 0))), 0);
    assert_eq!(allocated_max(&mut ladder, levels()), 0);
}

/// What a side knows is what a plain tree has above the cut, without a hole.
fn check_known(ladder: &Ladder, plain: &Plain, side: Side) {
    let cut = ladder.cut(side).map(Price::mantissa);
    let known = |price: i64| match side {
        Side::Buy => cut.is_none_or(|cut| price > cut),
        Side::Sell => cut.is_none_or(|cut| price < cut),
    };
    let wanted = plain.levels(side).into_iter().filter(|(price, _)| known(*price));
    let got = ladder.levels(side).map(|(price, qty)| (price.mantissa(), qty.mantissa()));
    assert!(got.eq(wanted), "{side:?}");
}

#[test]
fn lets_the_worst_go_of_more_far_levels_than_it_keeps() {
    for (side, sign) in [(Side::Buy, -1), (Side::Sell, 1)] {
        let (mut ladder, mut plain) = (Ladder::default(), Plain::default());
        let price = |n: i64| 4_000_000_000_000_000 + sign * n * 1_000_003;
        for n in 0..70_000 {
            // The worst levels come in no order.
            let price = price(n * 30_011 % 70_000);
            ladder.set(side, Price::new(price), Qty::new(n + 1));
            plain.set(side, price, n + 1);
            if n == 0 {
                ladder.set(side, Price::new(1), Qty::new(1));
                ladder.set(side, Price::new(1), Qty::ZERO);
            }
        }
        assert!((65_536..65_800).contains(&ladder.len(side)), "{}", ladder.len(side));
        assert!(ladder.cut(side).is_some());
        check_known(&ladder, &plain, side);
        let bytes = postcard::to_allocvec(&ladder).unwrap();
        let again: Ladder = postcard::from_bytes(&bytes).unwrap();
        assert!(again == ladder && ladder.clone() == ladder);
        // Worse than that nothing is known, whatever is told, until it is told from the start.
        ladder.set(side, Price::new(price(80_000)), Qty::new(1));
        for n in 0..70_000 {
            ladder.set(side, Price::new(price(n)), Qty::ZERO);
        }
        assert_eq!((ladder.best(side), ladder.len(side)), (None, 0));
        ladder.set(side, Price::new(price(80_000)), Qty::new(1));
        assert_eq!(ladder.best(side), None);
        ladder.clear();
        ladder.set(side, Price::new(price(80_000)), Qty::new(1));
        assert_eq!(ladder.best(side), Some(Price::new(price(80_000))));
        assert_eq!(ladder.cut(side), None);
    }
}

#[test]
fn keeps_its_best_levels_when_too_many_come_above_a_full_window() {
    let (mut ladder, mut plain) = (Ladder::default(), Plain::default());
    let mut both = |price: i64, qty: i64| {
        ladder.set(Side::Buy, Price::new(price), Qty::new(qty));
        plain.set(Side::Buy, price, qty);
    };
    for price in 1_000_000..1_240_000 {
        both(price, 1);
    }
    for n in 0..70_000 {
        both(4_000_000_000 + n * 300_000, 2);
        // As many again within the window as leave it.
        for dense in 0..6 {
            both(1_240_000 + n * 6 + dense, 3);
        }
    }
    check_known(&ladder, &plain, Side::Buy);
    assert!(ladder.len(Side::Buy) >= 65_536 && ladder.cut(Side::Buy).is_some());
}

#[test]
fn a_copy_lies_as_its_original_does_and_lets_go_of_the_same() {
    let mut ladder = Ladder::default();
    let mut set = |price: i64| ladder.set(Side::Buy, Price::new(price), Qty::new(1));
    // The window was laid for this best, which rises in it; what is below it fills up.
    let (best, lowest) = (10_000_000, 10_000_000 - 225_792);
    (0..2).for_each(|n| set(best - n));
    (0..65_536).for_each(|n| set(lowest - 1 - n));
    (0..30_000).for_each(|n| set(lowest + n));
    set(best + 32_000);
    let bytes = postcard::to_allocvec(&ladder).unwrap();
    let read: Ladder = postcard::from_bytes(&bytes).unwrap();
    for mut copy in [ladder.clone(), read] {
        assert_eq!(copy, ladder);
        assert_eq!(copy.len(Side::Buy), 95_539);
        let mut original = ladder.clone();
        for price in [lowest - 100_000, best + 60_000, best + 400_000, lowest - 200_000] {
            for ladder in [&mut copy, &mut original] {
                ladder.set(Side::Buy, Price::new(price), Qty::new(1));
            }
            assert_eq!(copy, original);
        }
    }
}
