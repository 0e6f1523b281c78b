//! Several markets are told as one, in the order of time, and a feed goes on from where it was.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod kept;
mod market;

use std::sync::Arc;

use bot4_engine::event::{Side, Tick, TickKind};
use bot4_engine::feed::{Feed, FeedMemory, Source, SourceMemory};
use bot4_engine::instrument::InstrumentId;
use bot4_engine::units::{Price, Qty};

use crate::kept::{Kind, feed};
use crate::market::{START, ns};

fn at(id: u32, ts: i64) -> Tick {
    let (price, qty) = (Price::new(100), Qty::new(1));
    let kind = TickKind::Trade { aggressor: Side::Buy, price, qty };
    Tick { instrument: InstrumentId(id), ts: ns(ts), last: true, kind }
}

fn of(columns: &[&[i64]]) -> Feed {
    let source = |(id, times): (u32, &&[i64])| {
        Source::Recorded(times.iter().map(|ts| at(id, *ts)).collect(), 0)
    };
    Feed::Ticks((0..).zip(columns).map(source).collect())
}

#[test]
fn several_markets_are_told_as_one_in_the_order_of_time() {
    let mut feed = of(&[&[1, 5, 5], &[0, 5], &[], &[9]]);
    let mut told = Vec::new();
    while let Some(next) = feed.next_ns() {
        let tick = feed.next_tick().unwrap();
        assert_eq!(tick.ts, next);
        told.push((tick.instrument.0, tick.ts.mantissa()));
    }
    assert_eq!(told, [(1, 0), (0, 1), (0, 5), (0, 5), (1, 5), (3, 9)]);
    let mut closing = Vec::new();
    feed.next_moment(&mut closing);
    assert!(feed.next_tick().is_none() && closing.is_empty());
}

/// What comes next of a feed, in words.
fn next(feed: &mut Feed) -> String {
    let mut closing = Vec::new();
    let tick = feed.next_tick();
    feed.next_moment(&mut closing);
    format!("{tick:?} {closing:?}")
}

#[test]
fn a_feed_goes_on_from_where_it_was() {
    for kind in Kind::ALL {
        let mut one = feed(kind, 3);
        (0..150).for_each(|_| drop(next(&mut one)));
        let mut other = feed(kind, 3);
        assert!(other.remember(one.memory()), "{kind:?}");
        for place in 0..150 {
            assert_eq!(next(&mut one), next(&mut other), "{kind:?} {place}");
        }
    }
}

#[test]
fn a_feed_does_not_go_on_from_another_market() {
    let simulated = feed(Kind::Simulated, 3).memory();
    let bars = feed(Kind::Bars, 3).memory();
    let told = |rows: &[usize]| {
        FeedMemory::Ticks(rows.iter().map(|row| SourceMemory::Recorded(*row)).collect())
    };
    let cases = [
        (of(&[&[1], &[2]]), told(&[1, 1]), true),
        (of(&[&[1], &[2]]), told(&[1]), false),
        (of(&[&[1], &[2]]), told(&[1, 2]), false),
        (of(&[&[1], &[2]]), simulated.clone(), false),
        (of(&[&[1], &[2]]), bars.clone(), false),
        (feed(Kind::Simulated, 4), told(&[0, 0]), false),
        (feed(Kind::Bars, 4), simulated, false),
        (feed(Kind::Bars, 4), FeedMemory::Bars(vec![0]), false),
        (feed(Kind::Bars, 4), FeedMemory::Bars(vec![0, 401]), false),
        (feed(Kind::Bars, 4), FeedMemory::Bars(vec![0, 400]), true),
        (feed(Kind::Bars, 4), bars, true),
    ];
    for (place, (mut feed, memory, wanted)) in cases.into_iter().enumerate() {
        assert_eq!(feed.remember(memory), wanted, "case {place}");
    }
}

#[test]
fn a_simulated_market_opens_at_its_start() {
    let first = feed(Kind::Simulated, 3).next_ns().unwrap();
    assert!(first >= ns(START), "{first:?}");
    let empty: Arc<[Tick]> = Arc::from([]);
    assert_eq!(Feed::Ticks(vec![Source::Recorded(empty, 0)]).next_ns(), None);
}
