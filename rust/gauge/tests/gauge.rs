//! The gauges measure what they say, on inputs that a seed decides.

use std::collections::BTreeMap;
use std::path::Path;

use bot4_engine::event::Side;
use bot4_engine::market::{Recorded, RecordedColumns, RecordingError};
use bot4_engine::signal::Stream;
use bot4_engine::units::Nanos;
use bot4_gauge::flow::Flow;
use bot4_gauge::frames::RECEIVED;
use bot4_gauge::frames::binance::{Depth, LEVELS};
use bot4_gauge::frames::coinbase::Level2;
use bot4_gauge::frames::kraken::Narrow;
use bot4_gauge::session::Session;
use bot4_gauge::sign::Signer;
use bot4_gauge::trade::{Told, replay};
use bot4_gauge::wire::{Heard40, Line};
use bot4_gauge::{Frame, GAUGES, Gauge, GaugeError, Reading, Setup, Taken, Unit, path, signal};

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

/// A recording whose prices and sizes say tick and lot of the frames.
fn fine() -> Result<Recorded, RecordingError> {
    let columns = RecordedColumns {
        ts: &[1, 1, 2],
        kind: &[1, 2, 3],
        price: &[60_000.01, 60_000.02, 60_000.01],
        qty: &[1.0, 0.00001, 1.0],
        last: None,
    };
    Recorded::new("binance:BTCUSDT", "0.00000001", "0.00000001", columns)
}

fn recorded() -> Result<Recorded, RecordingError> {
    let columns = RecordedColumns {
        ts: &[1, 1, 1, 2, 3, 4, 5, 6],
        kind: &[0, 1, 2, 2, 3, 1, 0, 1],
        price: &[0.0, 99.5, 100.5, 100.0, 100.0, 99.5, 0.0, 98.0],
        qty: &[0.0, 1.0, 1.0, 2.0, 0.5, 0.0, 0.0, 1.0],
        last: None,
    };
    Recorded::new("binance:BTCUSDT", "0.01", "0.00001", columns)
}

fn is_a_reading(reading: &Reading, unit: Unit, operations: u64) {
    let timing = reading.timing;
    assert!(timing.mean > 0.0 && timing.mean.is_finite());
    let mut rising = [timing.p50, timing.p99, timing.p999, timing.max];
    if unit == Unit::PerSecond {
        rising.reverse();
    }
    assert!(0.0 <= rising[0] && rising.is_sorted(), "{rising:?}");
    assert!(reading.timer.mean_ns > 0.0 && reading.timer.step_ns > 0.0);
    assert_eq!(timing.n, operations);
}

const NOTHING: Setup<'static> =
    Setup { seed: SEED, quick: true, recorded: &[], frames: &[], folder: None };

#[test]
fn every_key_that_is_taken_here_gives_a_reading() {
    let recorded = [recorded().unwrap()];
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gauges");
    let _ = std::fs::remove_dir_all(&folder);
    for gauge in GAUGES {
        let recorded = if gauge.captured { &recorded[..] } else { &[] };
        let setup = Setup { recorded, folder: Some(&folder), ..NOTHING };
        match gauge.taken {
            Taken::Here(_) => {
                let reading = gauge.take(&setup).unwrap();
                is_a_reading(&reading, gauge.unit, reading.timing.n);
                assert!(reading.timing.n >= 4, "{}", gauge.key);
                assert_eq!(reading.batches.len(), 3);
                assert!(!reading.source.is_empty());
            }
            Taken::Outside => {
                assert_eq!(gauge.take(&setup), Err(GaugeError::Outside(gauge.key)));
            }
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn operations_are_counted() {
    let count = |key: &str| Gauge::named(key).unwrap().take(&NOTHING).unwrap().timing.n;
    assert_eq!(count("book_update_ns"), 100_000);
    assert_eq!(count("parse_binance_depth40_ns"), 1_000);
    assert_eq!(count("sign_kraken_ns"), 5_000);
    let recorded = [recorded().unwrap()];
    let captured = Gauge::named("book_update_recorded_ns").unwrap();
    // What comes after its snapshot, without the trade.
    let reading = captured.take(&Setup { recorded: &recorded, ..NOTHING }).unwrap();
    assert_eq!(reading.timing.n, 4);
}

#[test]
fn the_program_has_twenty_operations_that_all_run_with_the_book() {
    let program = signal::program().unwrap();
    assert_eq!(program.operations(), 20);
    assert!(program.inputs().iter().all(|input| matches!(input.stream, Stream::Book(_))));
}

#[test]
fn an_intent_says_what_part_of_all_updates_it_is() {
    let reading = Gauge::named("tick_to_intent_ns").unwrap().take(&NOTHING).unwrap();
    let note = |name| reading.notes.iter().find(|(known, _)| *known == name).unwrap().1;
    assert_eq!(note("updates"), 102_000.0);
    assert!(note("intents") > 1_000.0 && note("share") == note("intents") / note("updates"));
    assert!(note("all_mean") > 0.0);
    // Three runs: each intent of each was timed.
    assert_eq!(reading.timing.n as f64, 3.0 * note("intents"));
}

#[test]
fn what_is_settled_is_what_was_intended() {
    let take = |key| Gauge::named(key).unwrap().take(&NOTHING).unwrap();
    let (intent, settle) = (take("tick_to_intent_ns"), take("settle_ns"));
    let note = |of: &Reading, name| of.notes.iter().find(|(known, _)| *known == name).unwrap().1;
    assert_eq!(note(&settle, "intents"), note(&intent, "intents"));
    assert_eq!(settle.timing.n, intent.timing.n);
    assert_eq!(settle.source, intent.source);
    is_a_reading(&settle, Unit::Nanoseconds, settle.timing.n);
}

/// Two frames a second, the first the snapshot; sizes at the touch lean in turn.
fn captured() -> Vec<Frame> {
    let depth = Depth::leaning(SEED, 60);
    let frame = |n: i64, snapshot_of, text: &Vec<u8>| Frame {
        received: Nanos::new(RECEIVED.mantissa() + n * 500_000_000),
        snapshot_of,
        text: text.clone(),
    };
    let first = frame(0, Some(String::new()), &depth.snapshot);
    let rest = (1..).zip(&depth.frames).map(|(n, text)| frame(n, None, text));
    std::iter::once(first).chain(rest).collect()
}

#[test]
fn a_captured_session_goes_through_the_decoder() {
    let (recorded, frames) = ([fine().unwrap()], captured());
    let setup = Setup { recorded: &recorded, frames: &frames, ..NOTHING };
    let session = Session::of(&setup, "a_key").unwrap();
    assert_eq!(session.messages, 61);
    assert_eq!(session.rules.price_as_text(session.rules.tick), "0.01");
    assert_eq!(session.rules.qty_as_text(session.rules.lot), "0.00001");
    assert_eq!(session.events.len(), 41 + 60 * LEVELS);
    assert_eq!(session.source, "captured session of binance:BTCUSDT: 61 messages");
    let mut desk = path::Desk::new(&session).unwrap();
    let mut approved = 0;
    for event in &session.events {
        let glance = desk.glance(event).unwrap();
        approved += usize::from(desk.settle(glance).unwrap());
    }
    // All but those before the average of the flow is warm.
    assert!((35..=60).contains(&approved), "{approved}");
    let reading = Gauge::named("tick_to_intent_ns").unwrap().take(&setup).unwrap();
    assert_eq!(reading.timing.n, 3 * approved as u64);
}

#[test]
fn frames_are_taken_by_their_decoders_and_say_what_they_should() {
    let depth = Depth::new(SEED, 50).unwrap();
    let mut heard = Heard40::new(&depth).unwrap();
    let sums: i64 = depth.frames.iter().map(|frame| heard.sum(frame).unwrap()).sum();
    assert_eq!(sums, depth.checksum);
    assert_eq!(depth, Depth::new(SEED, 50).unwrap());
    for frame in &depth.frames {
        assert_eq!(frame.windows(2).filter(|pair| *pair == b"[\"").count(), LEVELS);
    }
    let kraken = Narrow::new(SEED, 2_000).unwrap();
    let mut line = Line::kraken(&kraken).unwrap();
    assert!(kraken.frames.iter().all(|frame| line.hear(frame) > 0));
    assert_eq!(line.refused(), 0);
    let coinbase = Level2::new(SEED, 500).unwrap();
    let mut line = Line::coinbase(&coinbase).unwrap();
    assert!(coinbase.frames.iter().all(|frame| line.hear(frame) == 4));
    assert_eq!(line.refused(), 0);
}

#[test]
fn every_key_signs_something_else_each_second() {
    for signer in [
        Signer::binance_hmac,
        Signer::binance_ed25519,
        Signer::kraken,
        Signer::coinbase_es256,
        Signer::coinbase_eddsa,
    ] {
        let mut signer = signer().unwrap();
        assert!(signer.sign(1_700_000_000) >= 88);
        let first = signer.signed().to_vec();
        signer.sign(1_700_000_001);
        assert_ne!(signer.signed(), first);
    }
}

#[test]
fn a_book_answers_what_its_seed_says() {
    let setup = Setup { seed: 7, ..NOTHING };
    let reading = Gauge::named("book_update_ns").unwrap().take(&setup).unwrap();
    assert_eq!(reading.checksum, Some(Flow::new(7, 100_000).unwrap().checksum));
}

#[test]
fn says_what_is_missing() {
    let error = Gauge::named("book_update_recorded_ns").unwrap().take(&NOTHING).unwrap_err();
    assert_eq!(error.to_string(), "book_update_recorded_ns needs a capture with a book");
    let error = Gauge::named("orders_per_s_durable").unwrap().take(&NOTHING).unwrap_err();
    assert_eq!(error.to_string(), "orders_per_s_durable needs a folder to write to");
    assert!(Gauge::named("nothing_ns").is_none());
}

#[test]
fn keys_are_unique_and_name_their_unit() {
    for (place, gauge) in GAUGES.iter().enumerate() {
        assert_eq!(gauge.key.ends_with("_ns"), gauge.unit == Unit::Nanoseconds, "{}", gauge.key);
        assert_eq!(gauge.key.contains("_per_s"), gauge.unit == Unit::PerSecond, "{}", gauge.key);
        assert!(GAUGES[..place].iter().all(|before| before.key != gauge.key));
        assert!(!gauge.method.is_empty() && !gauge.what.is_empty());
    }
}

#[test]
fn what_traders_wrote_down_gives_their_ledger_back() {
    let told = Told::of(100).unwrap();
    let mut state = told.state().unwrap();
    let records: i64 = told.entries.iter().map(|entry| replay(&mut state, entry).unwrap()).sum();
    assert_eq!(usize::try_from(records), Ok(told.records));
    assert!(records >= 500, "an order leaves an intent, itself, three answers: {records}");
    assert_eq!(state.ledger_hash(), told.ledger_hash);
}

#[test]
fn samples_from_outside_are_read_like_ours() {
    let reading = Reading::of_samples(vec![30.0, 20.0, 40.0], vec![60; 1_000], vec![35; 1_000]);
    is_a_reading(&reading, Unit::Nanoseconds, 1_000);
    assert_eq!(reading.timing.mean, 30.0);
    assert!((reading.timing.p50 - 25.0).abs() < 0.51);
}
