//! The gauges measure what they say, on inputs that a seed decides.

use std::collections::BTreeMap;

use bot4_engine::event::Side;
use bot4_engine::market::{Recorded, RecordedColumns, RecordingError};
use bot4_gauge::flow::Flow;
use bot4_gauge::{GAUGES, Gauge, GaugeError, Reading, Setup, Taken};

const SEED: u64 = 42;

#[test]
fn equal_seeds_draw_equal_flows() {
    let first = Flow::new(SEED, 5_000).unwrap();
    assert_eq!(first, Flow::new(SEED, 5_000).unwrap());
    assert_ne!(first.checksum, Flow::new(SEED + 1, 5_000).unwrap().checksum);
}

#[test]
fn a_flow_keeps_its_proportions_and_is_never_crossed() {
    let flow = Flow::new(SEED, 200_000).unwrap();
    let mut sides: [BTreeMap<i64, i64>; 2] = Default::default();
    let place = |side: Side| usize::from(side == Side::Sell);
    for level in &flow.snapshot {
        sides[place(level.side)].insert(level.price.mantissa(), level.qty.mantissa());
    }
    assert!(sides.iter().all(|levels| levels.len() == 1_000));
    let (mut near, mut middle, mut deletes, mut checksum) = (0, 0, 0, 0);
    for update in &flow.updates {
        let (bid, ask) =
            (*sides[0].last_key_value().unwrap().0, *sides[1].first_key_value().unwrap().0);
        let (tick, lots) = (update.price.mantissa(), update.qty.mantissa());
        let behind = if update.side == Side::Buy { bid - tick } else { tick - ask };
        near += usize::from(behind < 5);
        middle += usize::from((5..20).contains(&behind));
        deletes += usize::from(lots == 0);
        let levels = &mut sides[place(update.side)];
        if lots == 0 {
            assert!(levels.remove(&tick).is_some(), "what is taken away stood there");
        } else {
            levels.insert(tick, lots);
        }
        let (bid, ask) =
            (*sides[0].last_key_value().unwrap().0, *sides[1].first_key_value().unwrap().0);
        assert!(bid < ask);
        checksum += bid + ask;
    }
    assert_eq!(checksum, flow.checksum);
    let share = |count: usize| count as f64 / flow.updates.len() as f64;
    assert!((0.69..0.73).contains(&share(near)), "{}", share(near));
    assert!((0.26..0.29).contains(&share(middle)), "{}", share(middle));
    assert!((0.17..0.23).contains(&share(deletes)), "{}", share(deletes));
}

fn recorded() -> Result<Recorded, RecordingError> {
    let columns = RecordedColumns {
        ts: &[1, 1, 1, 2, 3, 4, 5, 6],
        kind: &[0, 1, 2, 2, 3, 1, 0, 1],
        price: &[0.0, 99.5, 100.5, 100.0, 100.0, 99.5, 0.0, 98.0],
        qty: &[0.0, 1.0, 1.0, 2.0, 0.5, 0.0, 0.0, 1.0],
    };
    Recorded::new("binance:BTCUSDT", "0.01", "0.00001", columns)
}

fn is_a_reading(reading: &Reading, operations: u64) {
    let timing = reading.timing;
    assert!(timing.mean > 0.0 && timing.mean.is_finite());
    assert!(0.0 <= timing.p50 && timing.p50 <= timing.p99);
    assert!(timing.p99 <= timing.p999 && timing.p999 <= timing.max);
    assert!(reading.timer.mean_ns > 0.0 && reading.timer.step_ns > 0.0);
    assert_eq!(timing.n, operations);
}

#[test]
fn every_key_that_is_taken_here_gives_a_reading() {
    let recorded = [recorded().unwrap()];
    let setup = Setup { seed: SEED, quick: true, recorded: &recorded };
    for gauge in GAUGES {
        match gauge.taken {
            Taken::Here(_) => {
                let reading = gauge.take(&setup).unwrap();
                // Of the recording what comes after its snapshot, without the trade.
                is_a_reading(&reading, if gauge.captured { 4 } else { 100_000 });
                assert_eq!(reading.batches.len(), 3);
                assert!(!reading.source.is_empty());
            }
            Taken::Outside => {
                assert_eq!(gauge.take(&setup), Err(GaugeError::Outside(gauge.key)));
            }
        }
    }
}

#[test]
fn a_book_answers_what_its_seed_says() {
    let setup = Setup { seed: 7, quick: true, recorded: &[] };
    let reading = Gauge::named("book_update_ns").unwrap().take(&setup).unwrap();
    assert_eq!(reading.checksum, Some(Flow::new(7, 100_000).unwrap().checksum));
}

#[test]
fn says_what_is_missing() {
    let setup = Setup { seed: SEED, quick: true, recorded: &[] };
    let error = Gauge::named("book_update_recorded_ns").unwrap().take(&setup).unwrap_err();
    assert_eq!(error.to_string(), "book_update_recorded_ns needs a capture with a book");
    assert!(Gauge::named("nothing_ns").is_none());
}

#[test]
fn keys_are_unique_and_end_in_their_unit() {
    for (place, gauge) in GAUGES.iter().enumerate() {
        assert!(gauge.key.ends_with("_ns"), "{}", gauge.key);
        assert!(GAUGES[..place].iter().all(|before| before.key != gauge.key));
        assert!(!gauge.method().is_empty() && !gauge.what.is_empty());
    }
}

#[test]
fn samples_from_outside_are_read_like_ours() {
    let reading = Reading::of_samples(vec![30.0, 20.0, 40.0], vec![60; 1_000], vec![35; 1_000]);
    is_a_reading(&reading, 1_000);
    assert_eq!(reading.timing.mean, 30.0);
    assert!((reading.timing.p50 - 25.0).abs() < 0.51);
}
