//! What the tests of a desk share: a folder that goes away, runs over seeded markets, and what is
//! compared of them. No test lives here.

#![allow(dead_code, reason = "each room uses the part it needs")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use bot4_desk::{Desk, DeskError, Header, Market, Opened, Outside, Setup};
use bot4_engine::bot::{Bot, Decides};
use bot4_engine::decision::Decision;
use bot4_engine::event::{Bar, Event, Execution, Exits, TickKind};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_from_text, rate_from_text};
use bot4_engine::market::{Recorded, RecordedColumns, SimulatedMarket};
use bot4_engine::risk::limits::Profile;
use bot4_engine::run::{Run, RunSettings};
use bot4_engine::session::KeepError;
use bot4_engine::signal::{Node, Program};
use bot4_engine::units::{Nanos, Price, Qty};
use bot4_journal::Durability;

/// The seed of every market; a failure prints it.
pub(crate) const SEED: u64 = 11;
/// 2024-01-01 00:00 UTC.
pub(crate) const START: Nanos = Nanos::new(1_704_067_200_000_000_000);
/// The clock at the first opening.
pub(crate) const CLOCK_S: u64 = 1_800_000_000;
/// As far as a market goes.
pub(crate) const END: Nanos = Nanos::new(i64::MAX);

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A folder of its own that goes away with it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("bot4-desk-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _absent = fs::remove_dir_all(&folder);
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn venue_record(&self) -> PathBuf {
        self.0.join("venue.jsonl")
    }

    /// The lines of the venue's record.
    pub(crate) fn venue_lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.venue_record()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// All of it but the journal's lock, as it is now, elsewhere.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        fs::create_dir_all(copy.path()).unwrap();
        for entry in fs::read_dir(self.path()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        copy
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// No strategy is outside.
pub(crate) struct Nobody;

impl Outside for Nobody {
    fn ask(&mut self, _: &Bot, _: &[Bar], _: &mut Vec<Event>) -> Result<(), KeepError> {
        Ok(())
    }
}

/// Long the fraction while a fast average is above a slow one, with a stop and a profit that a
/// market of seconds comes to.
pub(crate) fn cross(fast: f64, slow: f64) -> Decides {
    let node = |name, operands: &[usize], parameters: &[f64]| {
        Node::parse(name, operands, parameters).unwrap()
    };
    let nodes = [
        node("close", &[], &[]),
        node("sma", &[0], &[fast]),
        node("sma", &[0], &[slow]),
        node("gt", &[1, 2], &[]),
        node("constant", &[], &[0.9]),
        node("constant", &[], &[0.0]),
        node("where", &[3, 4, 5], &[]),
    ];
    let program = Box::new(Program::compile(&nodes, &[6]).unwrap());
    Decides::Program {
        program,
        decision: Decision::Target {
            band: None,
            execution: Execution::Cross,
            exits: Exits::new(Some(0.0005), Some(0.0008), None).unwrap(),
        },
    }
}

pub(crate) fn settings() -> RunSettings {
    RunSettings {
        faults: None,
        cash: amount_from_text("10000").unwrap(),
        slippage: rate_from_text("0.0001").unwrap(),
        latency: Nanos::new(20_000_000),
        bar_interval: Nanos::new(250_000_000),
        has_book: true,
        profile: Profile::named("unleveraged").unwrap(),
    }
}

/// Nothing yet, with fees of 10 bp.
pub(crate) fn setup() -> Setup {
    let fee = rate_from_text("0.001").unwrap();
    Setup::new(settings(), fee, fee)
}

/// A strategy on each of two instruments.
pub(crate) fn seat(setup: &mut Setup) {
    let half = rate_from_text("0.5").unwrap();
    setup.seat("cross", "sim:BTC", half, cross(2.0, 4.0)).unwrap();
    setup.seat("cross", "sim:ETH", half, cross(1.0, 3.0)).unwrap();
}

/// A run over two simulated markets, and its header.
pub(crate) fn simulated(seed: u64) -> (Run, Header) {
    let mut setup = setup();
    let rules = |name, price| Instrument::listed(name, price, "0.01", "0.0001").unwrap();
    setup.add_simulated(rules("sim:BTC", 60_000.0), 60_000.0, seed, START).unwrap();
    setup.add_simulated(rules("sim:ETH", 3_000.0), 3_000.0, seed, START).unwrap();
    seat(&mut setup);
    setup.build().unwrap()
}

/// One simulated market as a recording of so many ticks; without its book, of its trades alone.
pub(crate) fn recording(symbol: &str, price: f64, ticks: usize, has_book: bool) -> Market {
    let rules = Instrument::listed(symbol, price, "0.01", "0.0001").unwrap();
    let first = rules.price(price).unwrap();
    let mut market = SimulatedMarket::new(InstrumentId(0), &rules, first, SEED, START);
    let (mut ts, mut kind, mut prices, mut sizes) = (vec![], vec![], vec![], vec![]);
    for tick in (0..ticks).map(|_| market.next()) {
        let (code, price, qty) = match tick.kind {
            TickKind::Clear => (0, Price::ZERO, Qty::ZERO),
            TickKind::Level { side, price, qty } => (1 + side as u8, price, qty),
            TickKind::Trade { aggressor, price, qty } => (3 + aggressor as u8, price, qty),
        };
        if has_book || code > 2 {
            ts.push(tick.ts.mantissa());
            kind.push(code);
            prices.push(rules.price_as_f64(price));
            sizes.push(rules.qty_as_f64(qty));
        }
    }
    let columns = RecordedColumns { ts: &ts, kind: &kind, price: &prices, qty: &sizes, last: None };
    Market::Recorded(Recorded::new(symbol, "0.01", "0.0001", columns).unwrap())
}

/// A run over two recordings, each of so many ticks.
pub(crate) fn recorded(ticks: usize) -> (Run, Header) {
    let mut setup = setup();
    setup.add(recording("sim:BTC", 60_000.0, ticks, true)).unwrap();
    setup.add(recording("sim:ETH", 3_000.0, ticks, true)).unwrap();
    seat(&mut setup);
    setup.build().unwrap()
}

pub(crate) fn open(
    folder: &Folder,
    durability: Durability,
    seed: u64,
) -> Result<(Desk, Opened), DeskError> {
    let (run, header) = simulated(seed);
    Desk::open(run, &header, folder.path(), durability, CLOCK_S, &mut Nobody)
}

/// On to so many market events in all.
pub(crate) fn go_on_to(desk: &mut Desk, event: u64) {
    let left = event.saturating_sub(desk.run().session().event());
    assert_eq!(desk.advance(END, left, &mut Nobody).unwrap(), left);
}

/// What has to be equal of two runs: both hashes, and the venue's account.
pub(crate) fn said(run: &Run) -> [String; 3] {
    let clearing = run.session().venue().clearing();
    let venue = format!("{:?} {:?} {}", clearing.cash(), clearing.positions(), clearing.acts());
    [run.engine_hash(), run.session().bot().state().ledger_hash(), venue]
}

/// A run of so many events that nobody stopped.
pub(crate) fn unbroken(durability: Durability, seed: u64, events: u64) -> [String; 3] {
    let folder = Folder::new();
    let (mut desk, opened) = open(&folder, durability, seed).unwrap();
    assert!(!opened.resumed && opened.epoch == u32::try_from(CLOCK_S).unwrap());
    go_on_to(&mut desk, events);
    said(&desk.close().unwrap())
}
