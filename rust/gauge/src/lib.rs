//! How long the engine's parts take, measured where they run: in the build that is shipped.
//!
//! [`GAUGES`] is the table of all that is measured; a key has one entry there and one function in
//! the file of its room. What a room measures is public, so that its instructions can be counted.
//! The engine itself knows no clock, so the clock is read here. Nothing is decided here either: a
//! limit stands beside its figure, and whoever reads both judges.

pub mod book;
mod durable;
mod each;
pub mod flow;
pub mod frames;
pub mod gateway;
pub mod path;
pub mod risk;
pub mod session;
pub mod sign;
pub mod signal;
mod stopwatch;
mod table;
mod timing;
pub mod trade;
pub mod wire;

use std::path::Path;
use std::time::Duration;

use bot4_engine::bot::BotError;
use bot4_engine::gateway::GatewayError;
use bot4_engine::instrument::UnitError;
use bot4_engine::market::Recorded;
use bot4_engine::risk::Refusal;
use bot4_engine::risk::limits::LimitError;
use bot4_engine::signal::SignalError;
use bot4_engine::units::{Nanos, Overflow};
use bot4_engine::wire::WireError;
use bot4_engine::wire::sign::SignError;
use bot4_journal::JournalError;

pub use table::GAUGES;
pub use timing::{Stat, Timer, Timing, Unit};

/// Operations measured where nothing quicker is asked for.
const EVENTS: usize = 1_000_000;
/// Runs over all operations at least, after one that warms caches and predictors up.
const BATCHES: usize = 9;
/// How long runs are repeated: what else the machine does comes in bursts of tenths of a second.
const PATIENCE: Duration = Duration::from_secs(1);
const EVENTS_QUICK: usize = 100_000;
const BATCHES_QUICK: usize = 3;

/// What cannot be measured, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GaugeError {
    /// The part gave another answer than the one who drew its input.
    #[error("{key}: the part answered {got} where {wanted} is right; its times mean nothing")]
    Wrong {
        /// Of what.
        key: &'static str,
        /// What it answered.
        got: i64,
        /// What is right.
        wanted: i64,
    },
    /// There was nothing to run it on.
    #[error("{key} needs {what}")]
    Nothing {
        /// Of what.
        key: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// A seeded market that left the range it is drawn in.
    #[error("the seeded market left its {0} ticks; take another seed")]
    Range(usize),
    /// It is not taken here.
    #[error("{0} is measured from Python")]
    Outside(&'static str),
    /// The bot could not go on.
    #[error(transparent)]
    Bot(#[from] BotError),
    /// The gateway could not go on.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// A frame that was not understood.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A key that was not taken.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A program that was not taken.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// A price or size that is no unit.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// An amount that does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// A profile that is not there.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// A journal that cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An order that passes was refused.
    #[error("risk refused what passes every limit: {}", .0.name())]
    Refused(Refusal),
}

/// One captured frame, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When it came; zero where the capture does not say.
    pub received: Nanos,
    /// The symbol of a REST answer with a book; empty where it does not say; `None`: a message.
    pub snapshot_of: Option<String>,
    /// Its bytes.
    pub text: Vec<u8>,
}

/// What is measured on: a seed, captured markets, and how much patience there is.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// Of all that is drawn.
    pub seed: u64,
    /// A tenth of the events and few runs, for a first look and for tests.
    pub quick: bool,
    /// Captured markets, for the keys that are measured on them.
    pub recorded: &'a [Recorded],
    /// The frames that they were read from.
    pub frames: &'a [Frame],
    /// Where journals are written, for the keys that are measured on a disk. Its owner removes it.
    pub folder: Option<&'a Path>,
}

impl<'a> Setup<'a> {
    /// How many operations a seeded input has.
    #[must_use]
    pub const fn events(&self) -> usize {
        if self.quick { EVENTS_QUICK } else { EVENTS }
    }

    /// How many of something slow: a tenth where a first look is wanted.
    #[must_use]
    pub const fn few(&self, operations: usize) -> usize {
        if self.quick { operations.div_ceil(10) } else { operations }
    }

    /// The captured market with the longest book.
    #[must_use]
    pub fn longest(&self) -> Option<&'a Recorded> {
        self.recorded.iter().filter(|one| one.has_book()).max_by_key(|one| one.len())
    }

    /// How many runs are timed at least.
    #[must_use]
    pub const fn batches(&self) -> usize {
        if self.quick { BATCHES_QUICK } else { BATCHES }
    }

    /// How long runs are repeated.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        if self.quick { Duration::ZERO } else { PATIENCE }
    }
}

/// What was found of one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The figures, in the unit of the key, the timer's own share taken off.
    pub timing: Timing,
    /// What the timer itself takes, which was taken off, and how coarse its clock is.
    pub timer: Timer,
    /// The mean of each run over all operations, in order, with all that interrupted it.
    pub batches: Vec<f64>,
    /// What it was measured on.
    pub source: String,
    /// What all operations answered together, where others can be compared by it.
    pub checksum: Option<i64>,
    /// What else belongs to the figures, by name.
    pub notes: Vec<(&'static str, f64)>,
}

/// How a key is taken.
#[derive(Debug, Clone, Copy)]
pub enum Taken {
    /// Here, by this function.
    Here(fn(&Setup<'_>) -> Result<Reading, GaugeError>),
    /// From Python, which hands its samples in (see [`Reading::of_samples`]).
    Outside,
}

/// One key: what it is, what it is held against, and how it is taken.
#[derive(Debug, Clone, Copy)]
pub struct Gauge {
    /// Its name for machines: `book_update_ns`.
    pub key: &'static str,
    /// What one operation is.
    pub what: &'static str,
    /// What its figures are counted in.
    pub unit: Unit,
    /// The most that each of these figures may be; of a rate the least.
    pub limits: &'static [(Stat, f64)],
    /// Whether it is measured on captured markets only.
    pub captured: bool,
    /// How its figures come about, in words for whoever doubts them.
    pub method: &'static str,
    /// How it is taken.
    pub taken: Taken,
}

impl Gauge {
    /// The one of this key.
    #[must_use]
    pub fn named(key: &str) -> Option<&'static Self> {
        GAUGES.iter().find(|gauge| gauge.key == key)
    }

    /// Measure it.
    pub fn take(&self, setup: &Setup<'_>) -> Result<Reading, GaugeError> {
        match self.taken {
            Taken::Here(take) => take(setup),
            Taken::Outside => Err(GaugeError::Outside(self.key)),
        }
    }
}
