//! What stops a run on this machine.

use bot4_engine::backtest::BacktestError;
use bot4_engine::instrument::UnitError;
use bot4_engine::session::SessionError;
use bot4_journal::JournalError;

/// What stops a desk. Each is one line: what, where, what to do.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The run cannot be set up.
    #[error(transparent)]
    Setup(#[from] BacktestError),
    /// A number that is no unit.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// An instrument that is there twice.
    #[error("instrument '{0}' is there twice; name each once")]
    Twice(String),
    /// Markets of two kinds.
    #[error(
        "'{symbol}' is a market of {kind} and '{first}' one of {first_kind}: a run has one kind"
    )]
    Mixed {
        /// The one that came later.
        symbol: String,
        /// Its kind.
        kind: &'static str,
        /// The first.
        first: String,
        /// Its kind.
        first_kind: &'static str,
    },
    /// A strategy on what is not there, or nothing to trade at all.
    #[error("there is no market for '{0}'; add one")]
    NoMarket(String),
    /// A venue that cannot misbehave.
    #[error("the venue's faults: {0}; change that, or leave the faults out")]
    Faults(&'static str),
    /// Nothing to run.
    #[error("no strategy was added; add one")]
    NoStrategy,
    /// The run cannot go on.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Something failed before.
    #[error("the run failed before: close it, and start again from its journal")]
    Failed,
    /// The journal cannot be opened, read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal's records are not ones of this version.
    #[error("journal {path}: {reason}")]
    Records {
        /// The folder.
        path: String,
        /// Why.
        reason: String,
    },
    /// The journal is of another run.
    #[error(
        "the journal in {path} is of another run: it has {what} {kept}, and here there is {given}; \
         use that configuration, or --fresh or another folder for a new run"
    )]
    OtherRun {
        /// The folder.
        path: String,
        /// Which setting.
        what: String,
        /// What the journal was begun with.
        kept: String,
        /// What was given now.
        given: String,
    },
    /// The venue's record cannot be read or written.
    #[error("the paper venue's record {path} {reason}")]
    VenueRecord {
        /// The file.
        path: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The journal's hash is not what was kept with a snapshot.
    #[error("the journal in {path} differs at entry {entry}: {what}")]
    Differs {
        /// The folder.
        path: String,
        /// Up to which entry it was compared.
        entry: u64,
        /// What differs.
        what: String,
    },
}
