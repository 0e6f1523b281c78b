//! Orders a second over a journal on disk: what is sent was first made durable.
//!
//! So many orders are in flight: while the disk works for some, the next are decided on.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Instant;

use bot4_journal::{Durability, Journal};

use crate::timing::Unit;
use crate::trade::{Trader, Waiting, sides};
use crate::{GaugeError, Reading, Setup, stopwatch};

pub(crate) const EACH: &str = "orders_per_s_durable";
pub(crate) const BLOCK: &str = "orders_per_s_block";

/// How a figure of this file comes about.
pub(crate) const METHOD: &str = "64 orders in flight, each sent once its durability allows; the \
    clock is read once in 64 orders, with all that interrupted them. mean: the median of the runs' \
    means (batches), the last sync counted; quantiles and max: of 64 orders in a row";

/// Orders of a run.
const ORDERS: usize = 50_000;
/// Orders between intent and answer.
const IN_FLIGHT: usize = 64;
/// Runs of it where nothing quicker is asked for: each begins a journal of its own.
const RUNS: usize = 5;

/// A trader over its journal.
struct Desk {
    trader: Trader,
    journal: Journal,
    encoded: Vec<u8>,
    event: u64,
    flying: VecDeque<(Waiting, u64)>,
}

impl Desk {
    fn open(folder: &Path, durability: Durability) -> Result<Self, GaugeError> {
        let journal = Journal::open(folder, b"gauge", durability, 1)?;
        let trader = Trader::new(journal.epoch())?;
        let flying = VecDeque::with_capacity(IN_FLIGHT);
        let mut desk = Self { trader, journal, encoded: Vec::new(), event: 0, flying };
        desk.write()?;
        Ok(desk)
    }

    /// What the last event led to is appended, one entry.
    fn write(&mut self) -> Result<(), GaugeError> {
        self.encoded.clear();
        self.trader.take_records(&mut self.encoded);
        if !self.encoded.is_empty() {
            self.event += 1;
            self.journal.append(self.event, &self.encoded)?;
        }
        Ok(())
    }

    /// The oldest in flight is sent, acknowledged and filled.
    fn land(&mut self) -> Result<(), GaugeError> {
        let Some((waiting, entry)) = self.flying.pop_front() else {
            return Ok(());
        };
        self.journal.release(entry, waiting.id.sequence())?;
        self.trader.send(waiting.id)?;
        self.write()?;
        self.trader.answer(&waiting)?;
        self.write()
    }

    /// Nanoseconds of each [`IN_FLIGHT`] orders in a row, and of an order in the mean.
    fn run(&mut self, orders: usize) -> Result<(Vec<u32>, f64), GaugeError> {
        let mut rows = Vec::with_capacity(orders.div_ceil(IN_FLIGHT));
        let began = Instant::now();
        for row in sides(orders).chunks(IN_FLIGHT) {
            let start = Instant::now();
            for side in row {
                if self.flying.len() >= IN_FLIGHT {
                    self.land()?;
                }
                let waiting = self.trader.intend(*side)?;
                self.write()?;
                self.flying.push_back((waiting, self.journal.appended()));
            }
            rows.push(u32::try_from(start.elapsed().as_nanos()).unwrap_or(u32::MAX));
        }
        while !self.flying.is_empty() {
            self.land()?;
        }
        self.journal.settle(self.journal.appended())?;
        let took_ns = began.elapsed().as_secs_f64() * 1e9;
        let rows_run = f64::from(u32::try_from(orders / IN_FLIGHT).unwrap_or(u32::MAX));
        Ok((rows, took_ns / rows_run))
    }
}

pub(crate) fn each(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    taken(setup, EACH, Durability::Each)
}

pub(crate) fn block(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    taken(setup, BLOCK, Durability::Block)
}

fn taken(
    setup: &Setup<'_>,
    key: &'static str,
    durability: Durability,
) -> Result<Reading, GaugeError> {
    let folder = setup.folder.ok_or(GaugeError::Nothing { key, what: "a folder to write to" })?;
    // Whole rows: a row is as long as another.
    let orders = setup.few(ORDERS) / IN_FLIGHT * IN_FLIGHT;
    let (mut rows, mut means) = (Vec::new(), Vec::new());
    for run in 0..if setup.quick { setup.batches() } else { RUNS } {
        let mut desk = Desk::open(&folder.join(format!("{key}-{run}")), durability)?;
        let (took, mean) = desk.run(orders)?;
        rows.extend(took);
        means.push(mean);
    }
    let empty = stopwatch::around_nothing(&rows);
    let reading = Reading::of_samples(means, rows, empty);
    let row = f64::from(u32::try_from(IN_FLIGHT).unwrap_or(u32::MAX));
    let mut reading = reading.in_unit(Unit::PerSecond, row);
    let mode = match durability {
        Durability::Each => "each: an order is sent once its own record is synced, in groups",
        Durability::Block => "block: once its id lies in a synced block of 1,024",
    };
    reading.source = format!("a journal on disk in {}, durability {mode}", folder.display());
    reading.notes = vec![("in_flight", row)];
    Ok(reading)
}
