//! The same bars come to the same ledger in a backtest and in a run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]

mod kept;
mod market;

use std::sync::Arc;

use bot4_engine::backtest::{Backtest, Settings};
use bot4_engine::bot::Sleeve;
use bot4_engine::event::Event;
use bot4_engine::feed::Feed;
use bot4_engine::history::{History, Moments, Row};
use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::run::{Run, RunSettings};
use bot4_engine::session::Driver;
use bot4_engine::units::Rate;

use crate::kept::{Keeper, programs, run_settings, with_outside};
use crate::market::{HOUR, SEED, history, profile, settings, walk};

fn assumed(histories: &[Arc<History>], fee: Rate) -> Vec<Instrument> {
    let one = |history: &Arc<History>| {
        Instrument::assumed(history.symbol(), history.rows()[0].open, fee).unwrap()
    };
    histories.iter().map(one).collect()
}

/// The bars of one instrument: how many, and from which hour.
fn bars(symbol: &str, seed: u64, from: i64, count: usize, start: f64) -> Arc<History> {
    let shift = |row: Row| Row { open_ns: row.open_ns + from * HOUR, ..row };
    let rows: Vec<_> = walk(seed, count, start).into_iter().map(shift).collect();
    history(symbol, &rows)
}

/// What a backtest and a run say of the same bars: both hashes of the ledger.
fn both(histories: &[Arc<History>], sleeves: fn() -> Vec<Sleeve>, limits: &str) -> [String; 2] {
    let slippage = Rate::new(100_000);
    let settings = Settings { slippage, journal: false, ..settings(profile(limits, &[])) };
    let mut backtest = Backtest::new(histories.to_vec(), sleeves(), &settings).unwrap();
    let mut asked = Keeper::new(true);
    while let Some(now) = backtest.advance().unwrap() {
        let closing: Vec<_> = (0..)
            .map(InstrumentId)
            .zip(histories)
            .filter_map(|(id, _)| {
                let (history, told) = backtest.told(id)?;
                history.bar(id, told.checked_sub(1)?).filter(|bar| bar.close_ns == now)
            })
            .collect();
        let mut told = Vec::new();
        asked.ask(backtest.bot(), &closing, &mut told).unwrap();
        for event in told {
            let Event::Intent(intent) = event else { panic!("nobody fails here: {event:?}") };
            backtest.ask(intent).unwrap();
        }
    }
    let Settings { cash, slippage, fee, profile, .. } = settings;
    let settings = RunSettings { cash, slippage, ..run_settings(profile) };
    let feed = Feed::Bars(Moments::new(histories.to_vec()));
    let mut run = Run::new(feed, assumed(histories, fee), sleeves(), &settings).unwrap();
    let mut keeper = Keeper::new(true);
    run.begin(1, None, [], &[], &mut keeper).unwrap();
    while run.step(&mut keeper).unwrap() {}
    assert!(run.tally().fills().iter().sum::<u64>() > 20);
    [backtest.bot(), run.session().bot()].map(|bot| bot.state().ledger_hash())
}

#[test]
fn the_same_bars_come_to_the_same_ledger_in_a_backtest_and_in_a_run() {
    let two = |seed, from, count| {
        vec![bars("file:A", seed, 0, 400, 100.0), bars("file:B", seed + 1, from, count, 7.0)]
    };
    for seed in SEED..SEED + 4 {
        for (name, histories) in [
            ("side by side", two(seed, 0, 400)),
            ("one begins later", two(seed, 150, 250)),
            ("one ends earlier", two(seed, 0, 250)),
            ("one after the other", two(seed, 410, 300)),
        ] {
            for (who, sleeves) in
                [("programs", programs as fn() -> Vec<Sleeve>), ("outside", with_outside)]
            {
                let [backtest, run] = both(&histories, sleeves, "research");
                assert_eq!(backtest, run, "{name}, {who}, seed {seed}");
            }
        }
    }
}

#[test]
fn what_rests_in_a_market_that_ended_holds_no_cash_back_in_a_run_either() {
    for seed in SEED..SEED + 40 {
        let histories =
            [bars("file:A", seed, 0, 300, 100.0), bars("file:B", seed + 1, 0, 150, 200_000.0)];
        let [backtest, run] = both(&histories, with_outside, "unleveraged");
        assert_eq!(backtest, run, "seed {seed}");
    }
}
